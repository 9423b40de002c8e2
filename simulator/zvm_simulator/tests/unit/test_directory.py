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

"""Directory entries: what the directory manager takes and refuses."""

from zvm_simulator.tests.support import simulated


class CreateTestCase(simulated.SimulatorTestCase):

    def test_entry_is_kept_as_given(self):
        self.create()
        self.assertEqual(simulated.ENTRY.format(userid='GUEST1'),
                         self.machine.directory_text('GUEST1'))

    def test_query_ends_with_the_directory_managers_own_line(self):
        self.create()
        response = self.smcli('Image_Query_DM', '-T', 'GUEST1')
        self.assertTrue(response.startswith('USER GUEST1 LBYONLY'))
        self.assertTrue(response.splitlines()[-1].startswith('*DVHOPT'))

    def test_defined_name(self):
        self.create()
        path = self.file('entry', simulated.ENTRY.format(userid='GUEST1'))
        self.assert_refused((400, 8), 'Image_Create_DM', '-T', 'GUEST1',
                            '-f', path)

    def test_unknown_profile(self):
        path = self.file('entry', simulated.ENTRY.format(
            userid='GUEST1').replace('OSDFLT', 'NOPROF'))
        self.assert_refused((436, 4), 'Image_Create_DM', '-T', 'GUEST1',
                            '-f', path)
        self.assert_refused((400, 4), 'Image_Query_DM', '-T', 'GUEST1')

    def test_text_without_user_statement(self):
        path = self.file('entry', 'INCLUDE OSDFLT\n')
        self.assert_refused((596, 3212), 'Image_Create_DM', '-T', 'GUEST1',
                            '-f', path)

    def test_text_of_another_userid(self):
        path = self.file('entry', simulated.ENTRY.format(userid='OTHER'))
        self.assert_refused((596, 3213), 'Image_Create_DM', '-T', 'GUEST1',
                            '-f', path)

    def test_bad_storage_size(self):
        path = self.file('entry', simulated.ENTRY.format(
            userid='GUEST1').replace('2048m', 'much'))
        self.assert_refused((596, 3214), 'Image_Create_DM', '-T', 'GUEST1',
                            '-f', path)

    def test_device_number_that_is_defined_twice(self):
        for line in ('MDISK 0100 3390 1 5 VOL001\nMDISK 100 3390 9 5 VOL001',
                     'NICDEF 1000 TYPE QDIO\nNICDEF 1002 TYPE QDIO',
                     'NICDEF 1000 TYPE QDIO\nDEDICATE 1001 0A00'):
            path = self.file('entry', 'USER GUEST1 LBYONLY 1G 1G G\n' + line)
            self.assert_refused((596, 3214), 'Image_Create_DM', '-T',
                                'GUEST1', '-f', path)

    def test_statements_that_no_guest_can_be_made_of(self):
        for line in ('SHARE 300', 'SHARE MUCH 3', 'MACHINE ESA 65',
                     'MACHINE ESA 0', 'CPU 40', 'CPU', 'MDISK 0100 3390'):
            path = self.file('entry', f'{simulated.ENTRY}{line}\n'.format(
                userid='GUEST1'))
            self.assert_refused((596, 3214), 'Image_Create_DM', '-T',
                                'GUEST1', '-f', path)

    def test_file_that_is_not_there(self):
        self.assert_refused((24, 0), 'Image_Create_DM', '-T', 'GUEST1',
                            '-f', str(self.folder / 'none'))

    def test_option_that_is_missing(self):
        self.assert_refused((24, 0), 'Image_Query_DM')
        self.assert_refused((24, 0), 'Image_Query_DM', '-T')
        self.assert_refused((24, 0), 'Image_Query_DM', 'GUEST1')

    def test_extent_on_a_volume(self):
        text = simulated.ENTRY + 'MDISK 0200 3390 1000 10 VOL002 MR\n'
        self.create(text=text)
        self.create('GUEST2', text.replace('1000 10', '1010 10'))
        path = self.file('entry', text.format(userid='GUEST3').replace(
            '1000 10', '1005 10'))
        self.assert_refused((596, 3526), 'Image_Create_DM', '-T', 'GUEST3',
                            '-f', path)

    def test_virtual_disk_takes_no_extent(self):
        self.create(text=simulated.ENTRY +
                    'MDISK 0100 FB-512 V-DISK 4194296 MWV\n')
        pools = self.machine.state()['pools']
        self.assertEqual({0}, {pool['used'] for pool in pools.values()})

    def test_names_are_those_of_users(self):
        self.create()
        names = self.smcli('Image_Name_Query_DM').split('\n')
        self.assertIn('GUEST1', names)
        self.assertIn('MAINT', names)
        self.assertNotIn('OSDFLT', names)


class ReplaceTestCase(simulated.SimulatorTestCase):

    def replace(self, text):
        path = self.file('entry', text.format(userid='GUEST1'))
        return ('Image_Replace_DM', '-T', 'GUEST1', '-f', path)

    def test_needs_a_lock_and_takes_it_away(self):
        self.create()
        self.assert_refused((400, 24), *self.replace(simulated.ENTRY))
        self.smcli('Image_Lock_DM', '-T', 'GUEST1')
        self.smcli(*self.replace(simulated.ENTRY.replace('2048m', '1024m')))
        self.assertIn(' 1024m ', self.machine.directory_text('GUEST1'))
        self.assert_refused((400, 24), 'Image_Unlock_DM', '-T', 'GUEST1')

    def test_statements_of_one_adapter_become_one(self):
        self.create()
        self.smcli('Virtual_Network_Adapter_Create_Extended_DM', '-T',
                   'GUEST1', '-k', 'image_device_number=1000', '-k',
                   'adapter_type=QDIO', '-k', 'mac_id=aabbcc')
        self.smcli('Image_Lock_DM', '-T', 'GUEST1')
        text = self.machine.directory_text('GUEST1')
        self.smcli(*self.replace(
            text + 'NICDEF 1000 LAN SYSTEM VSW1 VLAN 100 PORTTYPE ACCESS\n'))
        self.assertEqual(
            'NICDEF 1000 TYPE QDIO DEVICES 3 MACID AABBCC LAN SYSTEM VSW1 '
            'VLAN 100 PORTTYPE ACCESS',
            self.machine.directory_text('GUEST1').splitlines()[-1])

    def test_disks_that_are_left_out_are_given_back(self):
        self.create()
        self.add_disk()
        self.smcli('Image_Lock_DM', '-T', 'GUEST1')
        self.smcli(*self.replace(simulated.ENTRY))
        self.assertEqual(0, self.machine.state()['pools']['POOL1']['used'])

    def test_unknown_userid(self):
        self.assert_refused((400, 4), *self.replace(simulated.ENTRY))

    def test_bad_text_changes_nothing(self):
        self.create()
        self.smcli('Image_Lock_DM', '-T', 'GUEST1')
        before = self.machine.state()
        self.assert_refused((596, 3214), *self.replace(
            simulated.ENTRY + 'NICDEF 1000 FROB\n'))
        self.assertEqual(before, self.machine.state())


class LockTestCase(simulated.SimulatorTestCase):

    def test_locked_entry_is_not_changed(self):
        self.create()
        self.smcli('Image_Lock_DM', '-T', 'GUEST1')
        for call in (
                ('Image_Lock_DM',), ('Image_Delete_DM', '-e', '0'),
                ('Virtual_Network_Adapter_Create_Extended_DM', '-k',
                 'image_device_number=1000', '-k', 'adapter_type=QDIO'),
                ('Image_Disk_Create_DM',) + simulated.disk_options()[2:]):
            self.assert_refused((400, 12), *call, '-T', 'GUEST1')
        self.smcli('Image_Unlock_DM', '-T', 'GUEST1')
        self.smcli('Image_Delete_DM', '-T', 'GUEST1', '-e', '0')


class DeleteTestCase(simulated.SimulatorTestCase):

    scenario = {'timing': {'directory_delete': 60}}

    def test_entry_goes_after_a_while(self):
        self.create()
        self.add_disk()
        self.smcli('Image_Delete_DM', '-T', 'GUEST1', '-e', '0')
        self.assertIn('MDISK 0100', self.smcli('Image_Query_DM', '-T',
                                               'GUEST1'))
        self.assert_refused((400, 12), 'Image_Delete_DM', '-T', 'GUEST1')
        self.assert_refused((200, 4), 'Image_Activate', '-T', 'GUEST1')
        path = self.file('entry', simulated.ENTRY.format(userid='GUEST1'))
        self.assert_refused((400, 8), 'Image_Create_DM', '-T', 'GUEST1',
                            '-f', path)
        self.clock.advance(60)
        self.assert_refused((400, 4), 'Image_Query_DM', '-T', 'GUEST1')
        self.assertEqual(0, self.machine.state()['pools']['POOL1']['used'])
        self.create()

    def test_deletion_goes_on_after_a_restart(self):
        self.create()
        self.smcli('Image_Delete_DM', '-T', 'GUEST1', '-e', '0')
        self.machine = self.start()
        self.assertTrue(
            self.machine.state()['directory']['GUEST1']['going_away'])
        self.clock.advance(60)
        self.assertNotIn('GUEST1', self.machine.state()['directory'])

    def test_unknown_userid(self):
        self.assert_refused((400, 4), 'Image_Delete_DM', '-T', 'NOSUCH',
                            '-e', '0')

    def test_logged_on_guest(self):
        self.create()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assert_refused((596, 6831), 'Image_Delete_DM', '-T', 'GUEST1')


class DefinitionTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()

    def test_processors_and_share(self):
        self.smcli('Image_Definition_Update_DM', '-T', 'GUEST1', '-k',
                   'CPU=CPUADDR=02', '-k', 'CPU=CPUADDR=03', '-k',
                   'SHARE=RELATIVE=400')
        lines = self.machine.directory_text('GUEST1').splitlines()
        self.assertEqual(['CPU 02', 'CPU 03'], lines[-2:])
        self.assertIn('SHARE RELATIVE 400', lines)
        self.assertNotIn('SHARE RELATIVE 200', lines)
        self.smcli('Image_Definition_Delete_DM', '-T', 'GUEST1', '-k',
                   'CPU=CPUADDR=03')
        lines = self.machine.directory_text('GUEST1').splitlines()
        self.assertNotIn('CPU 03', lines)

    def test_processor_that_is_not_defined(self):
        self.assert_refused((8, 4), 'Image_Definition_Delete_DM', '-T',
                            'GUEST1', '-k', 'CPU=CPUADDR=03')

    def test_ipl_statement(self):
        self.smcli('Image_IPL_Set_DM', '-T', 'GUEST1', '-s', '0200')
        self.assertIn('IPL 0200\n', self.machine.directory_text('GUEST1'))
        self.smcli('Image_IPL_Delete_DM', '-T', 'GUEST1')
        self.assert_refused((460, 4), 'Image_IPL_Delete_DM', '-T', 'GUEST1')

    def test_dedicated_device(self):
        self.smcli('Image_Device_Dedicate_DM', '-T', 'GUEST1', '-v', '1a00',
                   '-r', '1a00', '-R', '0')
        self.assertIn('DEDICATE 1A00 1A00\n',
                      self.machine.directory_text('GUEST1'))
        self.assert_refused((404, 4), 'Image_Device_Dedicate_DM', '-T',
                            'GUEST1', '-v', '1a00', '-r', '1a01', '-R', '0')
        self.smcli('Image_Device_Undedicate_DM', '-T', 'GUEST1', '-v',
                   '1a00')
        self.assert_refused((404, 8), 'Image_Device_Undedicate_DM', '-T',
                            'GUEST1', '-v', '1a00')
