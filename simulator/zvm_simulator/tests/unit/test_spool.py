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

"""Spool files: punched, changed, transferred, purged."""

from zvm_simulator.tests.support import simulated


class SpoolTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()

    def files(self, userid):
        return self.machine.state()['spool'].get(userid, [])

    def test_punched_file_reaches_the_guest(self):
        self.punch('GUEST1', 'cfgdrive.iso', 'x' * 100)
        self.assertEqual([], self.files(simulated.CONNECTOR))
        [file] = self.files('GUEST1')
        self.assertEqual(
            ('cfgdrive', 'iso', 'X', 'PUN', simulated.CONNECTOR, 100),
            (file['name'], file['type'], file['spool_class'],
             file['device'], file['origin'], file['size']))

    def test_name_and_type_have_eight_characters(self):
        self.punch('GUEST1', '2b2409da-e670-11f1-9ca1-02fc00000001', 'x')
        [file] = self.files('GUEST1')
        self.assertEqual(('2b2409da', ''), (file['name'], file['type']))

    def test_numbers_are_of_the_owner(self):
        for name in ('one.sh', 'two.sh'):
            self.punch('GUEST1', name, 'x')
        self.assertEqual([1, 2], [file['spoolid']
                                  for file in self.files('GUEST1')])

    def test_number_follows_the_last_one_that_was_given(self):
        def number():
            return self.run_command('vmur', 'punch', '-r',
                                    self.file('note.txt', ''))[1].split()[4]
        self.assertEqual(['0001', '0002'], [number(), number()])
        self.vmcp('purge', 'rdr', 'all')
        self.machine.close()
        self.machine = self.start()
        self.assertEqual('0003', number())

    def test_list(self):
        self.run_command('/usr/sbin/vmur', 'punch', '-r',
                         self.file('note.txt', 'x'))
        lines = self.run_command('/usr/sbin/vmur', 'list')[1].splitlines()
        words = lines[1].split()
        self.assertEqual([simulated.CONNECTOR, '0001', 'A', 'PUN'],
                         words[:4])
        self.assertEqual(['note', 'txt'], words[9:11])

    def test_receive_may_keep_the_file(self):
        path = self.file('note.txt', 'words')
        self.run_command('/usr/sbin/vmur', 'punch', '-r', path)
        self.assertEqual((0, 'words'), self.run_command(
            '/usr/sbin/vmur', 're', '-H', '-t', '-O', '0001'))
        self.assertEqual((0, 'words'), self.run_command(
            '/usr/sbin/vmur', 're', '-t', '-O', '0001'))
        self.assertNotEqual(0, self.run_command(
            '/usr/sbin/vmur', 're', '-t', '-O', '0001')[0])

    def test_file_that_is_not_there(self):
        status, output = self.run_command(
            '/usr/sbin/vmur', 'punch', '-r', str(self.folder / 'none'))
        self.assertNotEqual(0, status)
        self.assertIn('none', output)

    def test_purge(self):
        path = self.file('note.txt', 'x')
        for _ in range(3):
            self.run_command('/usr/sbin/vmur', 'punch', '-r', path)
        self.vmcp('purge', 'rdr', '0002')
        self.assertEqual(2, len(self.files(simulated.CONNECTOR)))
        self.vmcp('purge', 'rdr', 'all')
        self.assertEqual([], self.files(simulated.CONNECTOR))

    def test_cp_refuses(self):
        self.run_command('/usr/sbin/vmur', 'punch', '-r',
                         self.file('note.txt', 'x'))
        for words, message in (
                (('change', 'rdr', '0009', 'class', 'X'), '042E'),
                (('change', 'rdr', '0001', 'class'), '026E'),
                (('transfer', '*', 'rdr', '0001', 'to', 'NOSUCH', 'rdr'),
                 '053E'),
                (('transfer', '*', 'rdr', '0009', 'to', 'GUEST1', 'rdr'),
                 '042E'),
                (('purge', 'rdr', '0009'), '042E'),
                (('purge', 'rdr'), '026E'),
                (('frobnicate',), '001E')):
            status, output = self.run_command('vmcp', *words)
            self.assertNotEqual(0, status)
            self.assertRegex(output, rf'^HCP\w\w\w{message}')
        self.assertEqual(1, len(self.files(simulated.CONNECTOR)))

    def test_reader_is_emptied(self):
        self.punch('GUEST1', 'one.sh', 'x')
        self.punch('GUEST1', 'two.sh', 'x', 'A')
        self.smcli('System_RDR_File_Manage', '-T', 'GUEST1', '-k',
                   'spoolids=all')
        self.assertEqual([], self.files('GUEST1'))
        self.assert_refused((200, 4), 'System_RDR_File_Manage', '-T',
                            'NOSUCH', '-k', 'spoolids=all')

    def test_some_of_a_reader(self):
        for name in ('one', 'two', 'three'):
            self.punch('GUEST1', name, 'x')
        self.smcli('System_RDR_File_Manage', '-T', 'GUEST1', '-k',
                   'spoolids=0001 0003')
        self.assertEqual(['two'], [file['name']
                                   for file in self.files('GUEST1')])

    def test_unknown_verb(self):
        self.assertNotEqual(0, self.run_command('/usr/sbin/vmur', 'frob')[0])
