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

"""What a directory entry makes of a guest, and logons that are refused."""

from zvm_simulator.ground import errors
from zvm_simulator.tests.support import simulated

FULL = """USER {userid} LBYONLY 2048m 8G BG
INCLUDE OSDFLT
MACHINE ESA 4
ACCOUNT DEPT42
COMMAND SET VCONFIG MODE LINUX
COMMAND DEFINE CPU 00 TYPE IFL
COMMAND DEFINE CPU 01 TYPE IFL
COMMAND SCHEDULE * WITHIN POOL POOLA
SHARE ABSOLUTE 10%
COMMAND SET VMRELOCATE * DOMAIN DMNA
COMMAND ATTACH PCIF 100 * AS 200
IPL 0100 PARM quiet LOADPARM 1
COMMAND DEF STOR RESERVED 6144M
LOADDEV PORTname 5005076801401234
DEDICATE 1A00 1A00
* WEB SERVER
"""


class EntryTestCase(simulated.SimulatorTestCase):

    def logged_on(self, text):
        self.create(text=text)
        self.smcli('Image_Activate', '-T', 'GUEST1')
        return self.guest()

    def console(self):
        return '\n'.join(self.guest()['console'])

    def test_every_statement_counts(self):
        guest = self.logged_on(FULL)
        self.assertEqual({
            'privileges': 'BG', 'account': 'DEPT42',
            'share': 'ABSOLUTE 10%', 'ipl_operands': 'PARM quiet LOADPARM 1',
            'mode': 'LINUX', 'cpu_pool': 'POOLA', 'domain': 'DMNA',
            'pci_functions': {'200': '100'}}, guest['settings'])
        self.assertEqual((4, [0, 1]), (guest['maximum_processors'],
                                       guest['processors']))
        self.assertEqual((2048, 0, 6144, 8192), (
            guest['storage_mib'], guest['standby_mib'],
            guest['reserved_mib'], guest['maximum_mib']))

    def test_what_is_left_out(self):
        guest = self.logged_on('USER {userid} LBYONLY 1G 2G G\n')
        settings = guest['settings']
        self.assertEqual(('GUEST1', 'RELATIVE 100', ''), (
            settings['account'], settings['share'], settings['cpu_pool']))
        self.assertEqual(([0], 64, ''), (
            guest['processors'], guest['maximum_processors'], guest['ipl']))

    def test_profile_fills_in(self):
        guest = self.logged_on('USER {userid} LBYONLY 1G 2G G\n'
                               'INCLUDE OSDFLT\nCPU 01\n')
        self.assertEqual(('CMS', [0, 1]), (guest['ipl'],
                                           guest['processors']))
        self.assertIn('CMS is loaded', self.console())

    def test_load_device_that_has_no_system(self):
        self.logged_on(FULL.replace('IPL 0100', 'IPL LOADDEV'))
        self.assertIn('HCPGIR450W', self.console())

    def test_standby_storage_of_the_newer_connector(self):
        guest = self.logged_on(FULL.replace(
            'RESERVED 6144M', 'INITIAL STANDBY REMAINDER'))
        self.assertEqual((2048, 6144, 0), (
            guest['storage_mib'], guest['standby_mib'],
            guest['reserved_mib']))

    def test_command_that_is_refused_does_not_keep_the_guest_off(self):
        guest = self.logged_on(FULL.replace('RESERVED 6144M',
                                            'RESERVED 7G'))
        self.assertEqual((2048, 0), (guest['storage_mib'],
                                     guest['reserved_mib']))
        self.assertIn('HCPDST094E', self.console())

    def test_processors_above_the_maximum(self):
        guest = self.logged_on(FULL.replace('MACHINE ESA 4',
                                            'MACHINE ESA 1'))
        self.assertEqual([0], guest['processors'])
        self.assertIn('HCPDFI1457E', self.console())

    def test_commands_that_are_none(self):
        self.logged_on(FULL + 'COMMAND FROBNICATE\nCOMMAND SET X Y\n'
                       'COMMAND SCHEDULE X\nCOMMAND ATTACH 1A00 *\n'
                       'COMMAND DEFINE CPU 40\nCOMMAND DEFINE\n')
        for message in ('HCPCMD001E', 'HCPCFS002E Invalid operand - X',
                        'HCPSCH002E', 'HCPATR002E', 'HCPDFI002E',
                        'HCPDEF026E'):
            self.assertIn(message, self.console())

    def test_later_changes_wait_for_the_next_logon(self):
        self.logged_on(FULL)
        self.smcli('Image_Definition_Update_DM', '-T', 'GUEST1', '-k',
                   'SHARE=RELATIVE=400', '-k', 'CPU=CPUADDR=02')
        self.assertEqual(('ABSOLUTE 10%', [0, 1]), (
            self.guest()['settings']['share'], self.guest()['processors']))
        self.smcli('Image_Recycle', '-T', 'GUEST1')
        self.assertEqual(('RELATIVE 400', [0, 1, 2]), (
            self.guest()['settings']['share'], self.guest()['processors']))


class StorageTestCase(simulated.SimulatorTestCase):

    scenario = {'members': [{
        'name': 'ZVMSYS1', 'connector': 'ZCCSRV', 'storage_mib': 8192,
        'guest_storage_mib': 16384, 'overcommitment': 2}],
        'directory': {'logged_on': []}}

    def entry(self, storage='2G', maximum='8G'):
        return f'USER {{userid}} LBYONLY {storage} {maximum} G\n'

    def test_as_much_as_the_scenario_lets(self):
        for number in range(4):
            self.create(f'GUEST{number}', self.entry())
            self.smcli('Image_Activate', '-T', f'GUEST{number}')
        self.assertEqual(16384, self.machine.state()['members']['ZVMSYS1'][
            'promised_mib'])
        self.create('GUEST4', self.entry('1M'))
        self.assert_refused((396, 92), 'Image_Activate', '-T', 'GUEST4')
        self.assertNotIn('GUEST4', self.machine.state()['guests'])
        self.smcli('Image_Deactivate', '-T', 'GUEST0', '-f IMMED')
        self.smcli('Image_Activate', '-T', 'GUEST4')

    def test_system_without_storage_for_its_own_machines(self):
        for key, value in (('overcommitment', 0.5),
                           ('guest_storage_mib', 4096)):
            with self.assertRaisesRegex(errors.ScenarioError,
                                        'ZCCSRV cannot be logged on'):
                self.start({'members': [{**self.scenario['members'][0],
                                         key: value}]}, f'{key}.sqlite')

    def test_guest_that_is_too_large(self):
        self.create('GUEST1', self.entry(maximum='17G'))
        self.assert_refused((396, 92), 'Image_Activate', '-T', 'GUEST1')
        self.create('GUEST2', self.entry(maximum='16G'))
        self.smcli('Image_Activate', '-T', 'GUEST2')
