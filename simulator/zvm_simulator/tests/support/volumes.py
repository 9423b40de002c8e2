#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""Guests with SCSI volumes: what tests of them share."""

from zvm_simulator.tests.support import simulated

PORT = '5005076812341234'
OTHER_PORT = '500507630A123456'
ROOT_LUN = '0001000000000000'
DATA_LUN = '0002000000000000'
START = 'systemctl start zvmguestconfigure.service'
STATUS = 'systemctl status zvmguestconfigure.service'


def script(devices='1a00 1b00', ports=f'0x{PORT}', lun=f'0x{DATA_LUN}',
           link='vdb', more=''):
    """Return the beginning of a script of zvmsdk/volumeops."""
    return (f'#!/bin/bash\nfcp_list="{devices}"\ninput_wwpns="{ports}"\n'
            f'lun="{lun}"\ntarget_filename="{link}"\n{more}\n'
            'for fcp in ${fcp_list[@]}\ndo\n    echo $fcp\ndone\n')


class VolumeTestCase(simulated.SimulatorTestCase):

    def dedicate(self, *devices, userid='GUEST1'):
        for device in devices:
            options = ('-T', userid, '-v', device, '-r', device, '-R', '0')
            self.smcli('Image_Device_Dedicate_DM', *options)
            if userid in self.machine.state()['guests']:
                self.smcli('Image_Device_Dedicate', *options)

    def volumes(self, userid='GUEST1'):
        return self.guest(userid)['linux']['volumes']

    def refresh(self, *more, devices='1a00,1b00', ports=PORT, lun=ROOT_LUN):
        return self.run_command(
            '/opt/zthin/bin/refresh_bootmap', f'--fcpchannel={devices}',
            f'--wwpn={ports}', f'--lun={lun}', *more)

    def lun(self, lun=ROOT_LUN, target='V7K1'):
        return self.machine.state()['storage'][target]['luns'][lun]

    def console(self, userid='GUEST1'):
        return '\n'.join(self.guest(userid)['console'])
