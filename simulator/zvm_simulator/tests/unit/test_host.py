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

"""What the system says of itself and of its guests' use of it."""

import pathlib

from zvm_simulator.service import scenarios
from zvm_simulator.tests.support import simulated


class HostTestCase(simulated.SimulatorTestCase):

    def test_userid_and_level(self):
        self.assertEqual(['ZCCSRV', 'AT', 'ZVMSYS1'],
                         self.vmcp('query userid').split())
        self.assertTrue(self.vmcp('query cplevel').split('\n')[2].startswith(
            'IPL at '))

    def test_processors(self):
        lines = self.smcli('System_Processor_Query').splitlines()
        self.assertEqual(['STATUS', 'TYPE'], lines[0].split()[1:3])
        self.assertEqual(16, len([line for line in lines[1:]
                                  if line.split()[2] == 'IFL']))

    def test_storage(self):
        words = self.smcli('System_Information_Query', '-T', 'dummy', '-k',
                           'STORAGE=').split()
        self.assertEqual('262144M', words[0].split('=')[2])
        self.assertEqual('0M', words[4].split('=')[1])

    def pages(self):
        response = self.smcli('System_Performance_Information_Query', '-T',
                              'dummy', '-k', 'detailed_cpu=show=no')
        return int(response.split('MEMORY_IN_USE=')[1].split()[0])

    def test_guests_use_pages(self):
        self.create()
        before = self.pages()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assertEqual(2048 * 256 // 4, self.pages() - before)
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.assertEqual(before, self.pages())

    def test_performance_data_are_of_persmapi(self):
        query = ('System_Performance_Information_Query', '-T', 'dummy', '-k',
                 'detailed_cpu=show=no')
        before = self.pages()
        self.smcli('Image_Deactivate', '-T', 'PERSMAPI')
        self.assert_refused((8, 3016), *query)
        self.smcli('System_Information_Query', '-T', 'dummy', '-k',
                   'STORAGE=')
        self.smcli('Image_Activate', '-T', 'PERSMAPI')
        self.assertEqual(before, self.pages())

    def test_persmapi_may_not_be_logged_on_at_first(self):
        self.machine = self.start({'directory': {'logged_on': ['TCPIP']}},
                                  'other.sqlite')
        self.assert_refused((8, 3016), 'System_Performance_Information_Query')

    def test_no_cluster(self):
        self.assert_refused((4, 3008), 'SSI_Query')
        self.assertIn('not a member of an SSI cluster',
                      self.vmcp('query ssi'))

    def test_files_of_the_connectors_linux(self):
        text = self.machine.read_file('ZVMSYS1', '/proc/sysinfo').decode()
        line = [line for line in text.splitlines()
                if 'VM00 Control Program' in line][0]
        self.assertEqual(['z/VM', '7.3.0'], line.split()[3:5])
        self.assertEqual(b'1\n', self.machine.read_file(
            'ZVMSYS1', '/sys/bus/ccw/drivers/vmur/0.0.000c/online'))
        self.assertIsNone(self.machine.read_file('ZVMSYS1', '/etc/passwd'))

    def test_command_that_is_not_simulated(self):
        status, output = self.run_command('/sbin/frobnicate', 'now')
        self.assertNotEqual(0, status)
        self.assertIn('not simulated', output)
        self.assert_refused((24, 0), 'Frob_Query', '-T', 'GUEST1')

    def test_free_osa_devices(self):
        response = self.smcli('Virtual_Network_OSA_Query', '-T', 'ZCCSRV')
        self.assertGreaterEqual(response.count('OSA Status: FREE'), 6)


class NameListTestCase(simulated.SimulatorTestCase):

    def test_list_lives_from_first_to_last_name(self):
        self.assert_refused((28, 0), 'Name_List_Query', '-T', 'NL')
        for userid in ('GUEST1', 'GUEST2', 'GUEST1'):
            self.smcli('Name_List_Add', '-T', 'NL', '-n', userid)
        self.assertEqual('GUEST1\nGUEST2',
                         self.smcli('Name_List_Query', '-T', 'NL'))
        for userid in ('GUEST1', 'GUEST2'):
            self.smcli('Name_List_Remove', '-T', 'NL', '-n', userid)
        self.assert_refused((28, 0), 'Name_List_Query', '-T', 'NL')
        self.assert_refused((28, 0), 'Name_List_Remove', '-T', 'NL', '-n',
                            'GUEST1')

    def test_destroy(self):
        self.smcli('Name_List_Add', '-T', 'NL', '-n', 'GUEST1')
        self.smcli('Name_List_Destroy', '-T', 'NL')
        self.assert_refused((28, 0), 'Name_List_Destroy', '-T', 'NL')


class PerformanceTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create('GUEST1')
        self.create('GUEST2')
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.clock.advance(100)

    def cpu_time(self):
        response = self.smcli('Image_Performance_Query', '-T', 'ZCCSRV',
                              '-T', 'GUEST1 GUEST2', '-c', '2')
        self.assertEqual(1, response.count('Guest name: "GUEST1"'))
        self.assertNotIn('GUEST2', response)
        line = [line for line in response.splitlines()
                if line.startswith('Used CPU time:')][0]
        return int(line.split()[3].strip('"'))

    def test_time_moves_while_the_guest_runs(self):
        first = self.cpu_time()
        self.assertGreater(first, 0)
        self.clock.advance(10)
        second = self.cpu_time()
        self.assertGreater(second, first)
        self.smcli('Image_Pause', '-T', 'GUEST1', '-k', 'PAUSE=YES')
        self.clock.advance(10)
        self.assertEqual(second, self.cpu_time())
        self.smcli('Image_Pause', '-T', 'GUEST1', '-k', 'PAUSE=NO')
        self.assertEqual(second, self.cpu_time())
        self.clock.advance(10)
        self.assertEqual(second + second - first, self.cpu_time())

    def test_guests_of_a_list(self):
        for userid in ('GUEST1', 'GUEST2'):
            self.smcli('Name_List_Add', '-T', 'NL', '-n', userid)
        response = self.smcli('System_Image_Performance_Query', '-T',
                              'ZCCSRV', '-T', 'NL')
        self.assertIn('Guest CPUs: "2"', response)
        self.assertIn('Max memory: "2097152 KB"', response)
        self.assertNotIn('GUEST2', response)

    def test_unknown_list(self):
        self.assert_refused((200, 24), 'System_Image_Performance_Query',
                            '-T', 'ZCCSRV', '-T', 'NOLIST')


class ClusterTestCase(simulated.SimulatorTestCase):

    scenario = scenarios.load(pathlib.Path('ssi'))

    def test_members_share_a_directory_and_not_logons(self):
        self.create()
        self.smcli('Image_Activate', '-T', 'GUEST1', member='ZVMSYS2')
        self.assert_refused((200, 8), 'Image_Activate', '-T', 'GUEST1')
        self.assertEqual('GUEST1   - SSI\n', self.vmcp('q', 'GUEST1'))
        status, output = self.run_command('vmcp', 'q', 'GUEST1',
                                          member='ZVMSYS2')
        self.assertEqual('GUEST1   - DSC\n', output)

    def test_cluster_is_told(self):
        response = self.smcli('SSI_Query')
        self.assertIn('ssi_name = SIMSSI\n', response)
        self.assertTrue(response.endswith('\n\n'), response)
        self.assertIn('output.ssiInfoCount = 2\n', response)
        self.assertTrue(response.endswith('\n\n'), response)
        self.assertIn('member_slot = 2\nmember_system_id = ZVMSYS2\n'
                      'member_state = Joined\nmember_pdr_heartbeat = '
                      '11/14/2023_22:13:20\n', response)
        self.clock.advance(1)
        self.assertIn('member_received_heartbeat = 11/14/2023_22:13:21\n',
                      self.smcli('SSI_Query'))

    def test_cp_tells_the_same(self):
        lines = self.vmcp('query ssi').splitlines()
        self.assertEqual('SSI Name: SIMSSI', lines[0])
        self.assertIn('ssi_pdr = ' + '_'.join(lines[3].split()[-3:]),
                      self.smcli('SSI_Query'))
        self.assertEqual(
            ['2', 'ZVMSYS2', 'Joined', '11/14/23', '22:13:20', '11/14/23',
             '22:13:20'], lines[-1].split())

    def test_each_connector_has_its_name(self):
        status, output = self.run_command('vmcp', 'query userid',
                                          member='ZVMSYS2')
        self.assertEqual('ZCC2 AT ZVMSYS2\n', output)

    def test_switches_and_storage_are_the_members(self):
        self.grant()
        self.smcli('Virtual_Network_Vswitch_Delete_Extended', '-T', 'ZCC2',
                   '-k', 'switch_name=VSW1', member='ZVMSYS2')
        members = self.machine.state()['members']
        self.assertEqual((['VSW1', 'VSW2'], ['VSW2']), (
            list(members['ZVMSYS1']['vswitches']),
            list(members['ZVMSYS2']['vswitches'])))
        self.assertEqual(({'GUEST1': []}, {}), (
            members['ZVMSYS1']['vswitches']['VSW2']['grants'],
            members['ZVMSYS2']['vswitches']['VSW2']['grants']))
        self.assertEqual(8, self.smcli(
            'System_Processor_Query', member='ZVMSYS2').count(' IFL '))
        self.assertIn('STORAGE=131072M', self.smcli(
            'System_Information_Query', '-T', 'dummy', '-k', 'STORAGE=',
            member='ZVMSYS2'))

    def test_spool_files_are_the_clusters(self):
        self.create()
        self.punch('GUEST1', 'a.sh', 'echo\n')
        self.smcli('Image_Activate', '-T', 'GUEST1', member='ZVMSYS2')
        self.assertEqual(['a.sh'], self.reader())
        self.smcli('System_RDR_File_Manage', '-T', 'GUEST1', '-k',
                   'spoolids=all', member='ZVMSYS2')
        self.assertEqual([], self.reader())


class IdentityTestCase(simulated.SimulatorTestCase):
    """Service machines, which each member of a cluster has."""

    scenario = scenarios.load(pathlib.Path('ssi'))

    def query(self, userid, member):
        return self.run_command('vmcp', 'q', userid, member=member)[1]

    def test_logged_on_at_each_member(self):
        for member in ('ZVMSYS1', 'ZVMSYS2'):
            self.assertEqual('TCPIP    - DSC\n', self.query('TCPIP', member))
            state = self.machine.state()
            self.assertIn('TCPIP', state['members'][member]['guests'])
            self.assertEqual(128, state['guests'][f'TCPIP AT {member}'][
                'storage_mib'])

    def test_user_is_at_one(self):
        self.assertEqual(('DIRMAINT - DSC\n', 'DIRMAINT - SSI\n'), (
            self.query('DIRMAINT', 'ZVMSYS1'),
            self.query('DIRMAINT', 'ZVMSYS2')))

    def test_logged_off_and_on_at_one_member(self):
        self.smcli('Image_Deactivate', '-T', 'TCPIP', member='ZVMSYS2')
        self.assert_refused((200, 8), 'Image_Activate', '-T', 'TCPIP')
        self.assertEqual('TCPIP    - SSI\n', self.query('TCPIP', 'ZVMSYS2'))
        self.smcli('Image_Activate', '-T', 'TCPIP', member='ZVMSYS2')
        guests = self.machine.state()['guests']
        self.assertNotEqual(guests['TCPIP AT ZVMSYS1']['console'],
                            guests['TCPIP AT ZVMSYS2']['console'])
        self.assertEqual('TCPIP    - DSC\n', self.query('TCPIP', 'ZVMSYS2'))

    def test_one_directory_entry(self):
        for member in ('ZVMSYS1', 'ZVMSYS2'):
            self.assertIn('BUILD ON ZVMSYS2 USING SUBCONFIG TCPIP-2\n',
                          self.smcli('Image_Query_DM', '-T', 'TCPIP',
                                     member=member))

    def test_kept_over_a_restart(self):
        before = self.machine.state()
        self.machine.close()
        self.machine = self.start()
        self.assertEqual(before, self.machine.state())
