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

"""Logon, logoff, pause, console."""

from zvm_simulator.tests.support import simulated


class LogonTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()

    def test_guest_is_made_of_its_entry(self):
        self.add_disk()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        guest = self.guest()
        self.assertEqual((2048, [0, 1], '0100'), (
            guest['storage_mib'], guest['processors'], guest['ipl']))
        self.assertEqual([('0100', 4370)], [
            (disk['vdev'], disk['size']) for disk in guest['disks']])

    def test_later_changes_wait_for_the_next_logon(self):
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.add_disk()
        self.assertEqual([], self.guest()['disks'])
        self.smcli('Image_Recycle', '-T', 'GUEST1')
        self.assertEqual(1, len(self.guest()['disks']))

    def test_unknown_userid(self):
        self.assert_refused((200, 4), 'Image_Activate', '-T', 'NOSUCH')
        self.assert_refused((200, 4), 'Image_Deactivate', '-T', 'NOSUCH')

    def test_profile_is_no_userid(self):
        self.assert_refused((200, 4), 'Image_Activate', '-T', 'OSDFLT')

    def test_twice(self):
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assert_refused((200, 8), 'Image_Activate', '-T', 'GUEST1')
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f', 'IMMED')
        self.assert_refused((200, 12), 'Image_Deactivate', '-T', 'GUEST1',
                            '-f IMMED')

    def test_query_user(self):
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assertEqual('GUEST1   - DSC\n',
                         self.vmcp('query', 'user', 'GUEST1'))
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
        for words in (('query', 'user', 'GUEST1'), ('q', 'GUEST1'),
                      ('query', 'user', 'NOSUCH')):
            status, output = self.run_command('/sbin/vmcp', *words)
            self.assertNotEqual(0, status)
            self.assertRegex(output, r'^HCP\w\w\w045E')
        status, output = self.run_command('vmcp', 'q', 'NOSUCH')
        self.assertRegex(output, r'^HCP\w\w\w003E')


class LogoffTimeTestCase(simulated.SimulatorTestCase):

    scenario = {'timing': {'logoff': 30}}

    def test_logoff_takes_its_time(self):
        self.create()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        for call in ('Image_Deactivate', 'Image_Activate'):
            self.assert_refused((200, 16), call, '-T', 'GUEST1')
        status, output = self.run_command('vmcp', 'q', 'GUEST1')
        self.assertRegex(output, r'^HCP\w\w\w361E')
        self.clock.advance(30)
        self.assert_refused((200, 12), 'Image_Deactivate', '-T', 'GUEST1')


class PauseTestCase(simulated.SimulatorTestCase):

    def test_guest_stands_still(self):
        self.bootable()
        self.boot()
        self.assertEqual(0, self.iucv('GUEST1', 'echo ping')[0])
        self.smcli('Image_Pause', '-T', 'GUEST1', '-k', 'PAUSE=YES')
        self.assertEqual('paused', self.guest()['status'])
        self.assertNotEqual(0, self.iucv('GUEST1', 'echo ping')[0])
        self.assertEqual('GUEST1   - DSC\n', self.vmcp('q', 'GUEST1'))
        self.smcli('Image_Pause', '-T', 'GUEST1', '-k', 'PAUSE=NO')
        self.assertEqual(0, self.iucv('GUEST1', 'echo ping')[0])

    def test_boot_goes_on_where_it_was(self):
        self.bootable()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.clock.advance(simulated.BOOT_TIME - 1)
        self.smcli('Image_Pause', '-T', 'GUEST1', '-k', 'PAUSE=YES')
        self.clock.advance(1000)
        self.assertEqual('booting', self.guest()['linux']['state'])
        self.smcli('Image_Pause', '-T', 'GUEST1', '-k', 'PAUSE=NO')
        self.assertEqual('booting', self.guest()['linux']['state'])
        self.clock.advance(1)
        self.assertEqual('up', self.guest()['linux']['state'])

    def test_refusals(self):
        self.create()
        self.assert_refused((200, 12), 'Image_Pause', '-T', 'GUEST1', '-k',
                            'PAUSE=YES')
        self.assert_refused((24, 0), 'Image_Pause', '-T', 'GUEST1', '-k',
                            'PAUSE=MAYBE')


class ConsoleTestCase(simulated.SimulatorTestCase):

    def console(self):
        self.smcli('Image_Console_Get', '-T', 'GUEST1')
        self.vmcp('spool reader class *')
        listed = self.run_command('/usr/sbin/vmur', 'list')[1].splitlines()
        words = listed[-1].split()
        self.assertEqual(['GUEST1', 'T', 'CON'],
                         [words[0], words[2], words[3]])
        status, text = self.run_command('/usr/sbin/vmur', 're', '-t', '-O',
                                        words[1])
        self.assertEqual(0, status)
        return text

    def test_what_was_written_since(self):
        self.bootable()
        self.boot()
        first = self.console()
        self.assertIn('Linux version', first)
        self.assertTrue(first.endswith(' login:\n'), first)
        second = self.console()
        self.assertIn('CON FILE', second)
        self.assertNotIn('Linux version', second)

    def test_received_file_is_gone(self):
        self.bootable()
        self.boot()
        self.console()
        self.assertEqual([], self.reader(simulated.CONNECTOR))

    def test_guest_that_is_off(self):
        self.create()
        self.assert_refused((8, 8), 'Image_Console_Get', '-T', 'GUEST1')
