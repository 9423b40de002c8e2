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

"""SCSI volumes of a guest's Linux, attached, detached and booted from."""

from zvm_simulator.tests.support import simulated
from zvm_simulator.tests.support import volumes

SCSI_ENTRY = simulated.ENTRY.replace('IPL 0100', 'IPL {ipl}') + (
    'LOADDEV PORTname {port}\nLOADDEV LUN {lun}\n'
    'DEDICATE 1A00 1A00\nDEDICATE 1B00 1B00\n')


class AttachTestCase(volumes.VolumeTestCase):

    def setUp(self):
        super().setUp()
        self.bootable()
        self.boot()
        self.dedicate('1a00', '1b00')

    def run_script(self, name='atvol.sh', **values):
        self.punch('GUEST1', name, volumes.script(**values))
        status, output = self.iucv('GUEST1', volumes.START)
        return status

    def exit_code(self):
        _, output = self.iucv('GUEST1', volumes.STATUS)
        line = [line for line in output.splitlines() if 'Main PID' in line]
        return int(line[0].partition('status=')[2].partition('/')[0])

    def test_volume_has_a_path_through_each_device(self):
        self.assertEqual(0, self.run_script())
        volume, = self.volumes()
        self.assertEqual(('V7K1', volumes.DATA_LUN, ['/dev/vdb']),
                         (volume['target'], volume['lun'], volume['links']))
        self.assertEqual([{'vdev': '1A00', 'port': volumes.PORT},
                          {'vdev': '1B00', 'port': volumes.PORT}],
                         volume['paths'])
        self.assertEqual(0, self.exit_code())
        self.assertIn(f'0.0.1a00/0x{volumes.PORT}/0x{volumes.DATA_LUN} ',
                      self.iucv('GUEST1', 'lszfcp -D')[1])

    def test_one_port_of_two_is_enough(self):
        ports = f'0x{volumes.PORT} 0x5005076899999999'
        self.assertEqual(0, self.run_script(ports=ports))
        self.assertEqual(2, len(self.volumes()[0]['paths']))

    def test_repeated_attach_changes_nothing(self):
        self.run_script()
        before = self.volumes()
        self.assertEqual(0, self.run_script())
        self.assertEqual(before, self.volumes())

    def test_two_volumes(self):
        self.run_script()
        self.run_script(lun='0x0003000000000000', link='vdc')
        self.assertEqual(['/dev/vdb', '/dev/vdc'], sorted(
            volume['links'][0] for volume in self.volumes()))
        self.assertEqual(0, self.run_script('devol.sh'))
        self.assertEqual([['/dev/vdc']],
                         [volume['links'] for volume in self.volumes()])

    def test_exit_codes(self):
        for code, values in (
                (2, {'devices': ''}),
                (3, {'ports': '0x5005076899999999'}),
                (3, {'devices': '1a05'}),
                (3, {'devices': '1b00', 'ports':
                     f'0x{volumes.OTHER_PORT.lower()}'}),
                (4, {'lun': '0x0099000000000000'})):
            with self.subTest(values=values):
                self.assertNotEqual(0, self.run_script(**values))
                self.assertEqual(code, self.exit_code())
                self.assertEqual([], self.volumes())

    def test_port_that_only_one_device_may_use(self):
        self.assertEqual(0, self.run_script(
            ports=f'0x{volumes.OTHER_PORT.lower()}',
            lun='0x4014400100000000'))
        self.assertEqual(['1A00'], [path['vdev'] for path in
                                    self.volumes()[0]['paths']])

    def test_success_after_a_failure(self):
        self.run_script(ports='0x5005076899999999')
        self.assertEqual(0, self.run_script())
        self.assertEqual(0, self.exit_code())

    def test_detach(self):
        self.run_script()
        self.assertEqual(0, self.run_script(
            'devol.sh', more='is_last_volume="1"'))
        self.assertEqual([], self.volumes())
        self.assertNotEqual(0, self.run_script('devol.sh'))
        self.assertEqual(4, self.exit_code())

    def test_volume_goes_with_its_devices(self):
        self.run_script()
        self.smcli('Image_Device_Undedicate', '-T', 'GUEST1', '-v', '1a00')
        self.assertEqual(1, len(self.volumes()[0]['paths']))
        self.smcli('Image_Device_Undedicate', '-T', 'GUEST1', '-v', '1b00')
        self.assertEqual([], self.volumes())

    def test_volume_is_there_after_a_reboot(self):
        self.run_script()
        before = self.volumes()
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.boot()
        self.assertEqual(before, self.volumes())


class StoppedTestCase(volumes.VolumeTestCase):

    def setUp(self):
        super().setUp()
        self.bootable()
        self.dedicate('1a00', '1b00')

    def test_attached_at_the_next_boot(self):
        self.punch('GUEST1', 'atvol.sh', volumes.script())
        self.boot()
        self.assertEqual(['/dev/vdb'], self.volumes()[0]['links'])
        self.assertEqual([], self.reader())

    def test_device_that_another_guest_took(self):
        self.create('OTHER')
        self.smcli('Image_Activate', '-T', 'OTHER')
        self.dedicate('1a00', userid='OTHER')
        self.punch('GUEST1', 'atvol.sh', volumes.script())
        self.boot()
        self.assertEqual(['1B00'], [path['vdev'] for path in
                                    self.volumes()[0]['paths']])


class BootTestCase(volumes.VolumeTestCase):

    def entry(self, ipl='1A00', port=volumes.PORT, lun=volumes.ROOT_LUN):
        self.create(text=SCSI_ENTRY.format(userid='{userid}', ipl=ipl,
                                           port=port, lun=lun))

    def linux(self):
        return self.guest()['linux']['state']

    def test_boots_from_the_fcp_device(self):
        self.entry()
        self.assertEqual(0, self.refresh()[0])
        self.authorise()
        self.boot()
        self.assertEqual('up', self.linux())
        self.assertIn('MLOEVL012I', self.console())
        volume, = self.volumes()
        self.assertEqual(f'mapper/{volume["wwid"]}',
                         self.guest()['linux']['mounts']['/'])
        self.assertEqual(2, len(volume['paths']))
        self.assertEqual((0, '/\n'), self.iucv('GUEST1', 'pwd'))
        self.assertIn('8.6', self.iucv('GUEST1', 'cat /etc/os-release')[1])

    def test_boots_from_loaddev(self):
        self.entry('LOADDEV')
        self.refresh()
        self.boot()
        self.assertEqual('up', self.linux())

    def test_what_it_writes_stays_on_the_volume(self):
        self.entry()
        self.refresh()
        self.authorise()
        self.boot()
        self.assertIn('/etc/iucv_authorized_userid', self.lun()['files'])
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.boot()
        self.assertEqual(0, self.iucv('GUEST1', 'pwd')[0])

    def test_minidisk_is_the_root_whatever_loaddev_says(self):
        self.entry('0100')
        self.add_disk()
        self.deploy()
        self.refresh()
        self.boot()
        self.assertEqual({'/': '0100'}, self.guest()['linux']['mounts'])
        self.assertEqual(['/etc/zipl.conf'], self.lun()['files'])

    def test_linux_stays_up_on_its_other_path(self):
        self.entry()
        self.refresh()
        self.authorise()
        self.boot()
        self.smcli('Image_Device_Undedicate', '-T', 'GUEST1', '-v', '1a00')
        self.assertEqual(0, self.iucv('GUEST1', 'pwd')[0])

    def test_what_it_writes_outlives_the_machine(self):
        self.entry()
        self.refresh()
        self.authorise()
        self.boot()
        before = self.lun()
        self.machine.close()
        self.machine = self.start()
        self.assertEqual(before, self.lun())
        self.assertEqual(0, self.iucv('GUEST1', 'pwd')[0])

    def test_no_boot_map(self):
        self.entry()
        self.boot()
        self.assertEqual('down', self.linux())
        self.assertIn('Entering emergency mode', self.console())

    def test_boot_map_of_other_devices(self):
        self.entry()
        self.refresh(devices='1a03')
        self.boot()
        self.assertEqual('down', self.linux())

    def test_one_device_of_two_is_enough(self):
        self.entry()
        self.refresh()
        self.vmcp('vary offline 1b00')
        self.boot()
        self.assertEqual('up', self.linux())

    def test_disabled_wait(self):
        for values in (
                {'port': '5005076899999999'}, {'lun': '00FF000000000000'},
                {'lun': volumes.DATA_LUN}, {'ipl': '1A05'}):
            with self.subTest(values=values):
                self.entry(**values)
                self.boot()
                self.assertEqual('down', self.linux())
                self.assertIn('HCPGIR450W', self.console())
                self.smcli('Image_Deactivate', '-T', 'GUEST1')
                self.smcli('Image_Delete_DM', '-T', 'GUEST1', '-e', '0')
