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

"""refresh_bootmap: its options, what it finds, and what it refuses."""

from zvm_simulator.tests.support import volumes

IPCONFIG = '192.0.2.5::192.0.2.1:24:vm1:enc1000:none:192.0.2.3:;1500'


class RefreshTestCase(volumes.VolumeTestCase):

    def assert_fails(self, code, text, *more, **values):
        before = self.machine.state()['storage']
        status, output = self.refresh(*more, **values)
        self.assertEqual(code, status, output)
        line = [line for line in output.splitlines() if 'Exit MSG:' in line]
        self.assertIn(text, line[0])
        self.assertEqual(before, self.machine.state()['storage'])

    def test_paths_found(self):
        status, output = self.refresh('--wwid=', '--minfcp=2')
        self.assertEqual(0, status, output)
        self.assertIn(f'RESULT PATHS: 1a00:{volumes.PORT},'
                      f'1b00:{volumes.PORT}\n', output)

    def test_ports_of_a_device_in_one_entry(self):
        ports = f'{volumes.PORT},5005076812351234,5005076899999999'
        status, output = self.refresh(devices='1A00', ports=ports)
        self.assertEqual(0, status, output)
        self.assertIn('RESULT PATHS: 1a00:5005076812341234 '
                      '5005076812351234\n', output)

    def test_devices_are_free_afterwards(self):
        self.refresh()
        self.assertNotIn('ATTACHED', self.vmcp('query fcp'))

    def test_wwid_of_the_volume(self):
        wwid = self.lun()['wwid']
        self.assertEqual(0, self.refresh(f'--wwid={wwid}')[0])
        self.assert_fails(20, wwid, '--wwid=36005076' + '0' * 25)

    def test_refusals(self):
        for code, text, values in (
                (4, 'Please specify', {'devices': ''}),
                (4, 'Please specify', {'lun': ''}),
                (3, '1aff', {'devices': '1aff'}),
                (10, 'No valid paths', {'ports': '5005076899999999'}),
                (10, 'No valid paths', {'ports': ''}),
                (10, 'No valid paths', {'lun': '0099000000000000'}),
                (10, 'No valid paths', {'devices': '1b00',
                                        'ports': volumes.OTHER_PORT}),
                (6, 'doesn\'t exist', {'lun': volumes.DATA_LUN}),
                (12, 'greater than 8', {'devices': ','.join(
                    f'1a0{number}' for number in range(8)) + ',1b00'})):
            with self.subTest(values=values):
                self.assert_fails(code, text, **values)

    def test_unknown_option(self):
        self.assert_fails(3, 'Unknown option', '--frob=1')
        self.assert_fails(3, 'Unknown option', 'wwid')

    def test_device_offline_or_in_use(self):
        self.vmcp('vary offline 1a00')
        self.assert_fails(3, 'offline')
        self.vmcp('vary online 1a00')
        self.create()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.dedicate('1b00')
        self.assert_fails(3, 'already attached to GUEST1')

    def test_too_few_devices_with_a_path(self):
        self.assert_fails(
            19, '2 are required', '--minfcp=2',
            ports=volumes.OTHER_PORT, lun='4014400100000000')

    def test_coreos(self):
        config = self.file('config.ign', '{"ignition": {"version": "3.2.0"}}')
        options = (f'--ignitionurl={config}', '--nicid=0.0.1000,0.0.1001,'
                   '0.0.1002', f'--ipconfig={IPCONFIG}')
        status, output = self.refresh(*options)
        self.assertEqual(0, status, output)
        self.assertIn('/boot/ignition/config.ign', self.lun()['files'])

    def test_coreos_refusals(self):
        self.assert_fails(6, 'Please specify ignitionurl',
                          '--nicid=0.0.1000', f'--ipconfig={IPCONFIG}')
        self.assert_fails(17, '/nonexistent', '--ignitionurl=/nonexistent',
                          '--nicid=0.0.1000', f'--ipconfig={IPCONFIG}')
