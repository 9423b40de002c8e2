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

"""Every rule of a consistent state finds the state that breaks it."""

from zvm_simulator.tests.support import invariants
from zvm_simulator.tests.support import simulated


class TestInvariants(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()
        self.add_disk()
        self.grant()
        self.smcli('Virtual_Network_Adapter_Create_Extended_DM', '-T',
                   'GUEST1', '-k', 'image_device_number=1000', '-k',
                   'adapter_type=QDIO')
        self.smcli('Virtual_Network_Adapter_Connect_Vswitch_DM', '-T',
                   'GUEST1', '-v', '1000', '-n', 'VSW2')
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.punch('GUEST1', 'note.txt', 'words')
        self.smcli('Name_List_Add', '-T', 'NL', '-n', 'GUEST1')
        self.state = self.machine.state()
        self.guest = self.state['guests']['GUEST1']
        self.volume = self.state['pools']['POOL1']['volumes']['VOL001']

    def assert_broken(self, text, **options):
        with self.assertRaisesRegex(invariants.Broken, text):
            invariants.check(self.state, **options)

    def test_nothing_is_wrong(self):
        invariants.check(self.state, live=())

    def test_extent_with_two_owners(self):
        self.volume['used_extents'].append(
            {**self.volume['used_extents'][0], 'vdev': '0101'})
        self.assert_broken('VOL001: GUEST1 0101 has 4370 from 1, and 4371 '
                           'is the next')

    def test_extent_of_nobody(self):
        self.volume['free_extents'][0][0] += 1
        self.assert_broken('VOL001: free has .* from 4372')

    def test_sums(self):
        self.state['pools']['POOL1']['free'] += 1
        self.assert_broken('POOL1: free is not')

    def test_statement_and_extent_differ(self):
        entry = self.state['directory']['GUEST1']
        entry['text'] = entry['text'].replace('3390 1 4370', '3390 2 4370')
        self.assert_broken('1, 4370.* is owned and not stated')

    def test_statements_overlap(self):
        self.state['directory']['GUEST1']['text'] += (
            'MDISK 0300 3390 5 10 730RL1 MR\n')
        self.assert_broken('730RL1: MAINT 0190 and GUEST1 0300 overlap')

    def test_number_defined_twice(self):
        self.state['directory']['GUEST1']['text'] += (
            'NICDEF 1002 TYPE QDIO\n')
        self.assert_broken('GUEST1: 1002 is defined 2 times')

    def test_guest_at_two_members(self):
        self.state['members']['ZVMSYS1']['guests'].append('GUEST1')
        self.assert_broken('the members tell ')

    def test_guest_without_entry(self):
        del self.state['directory']['GUEST1']
        self.assert_broken('GUEST1: logged on and not in the directory')

    def test_guest_elsewhere(self):
        self.guest['member'] = 'ZVMSYS9'
        self.assert_broken('GUEST1: logged on at ZVMSYS9')

    def test_device_there_twice(self):
        self.guest['dedicated']['1001'] = '0A00'
        self.assert_broken('GUEST1: 1001 is there 2 times')

    def test_coupled_without_grant(self):
        switch = self.state['members']['ZVMSYS1']['vswitches']['VSW2']
        switch['grants'].clear()
        self.assert_broken('coupled to VSW2 without grant')
        invariants.check(self.state, directory_authority=True)

    def test_coupled_to_nothing(self):
        del self.state['members']['ZVMSYS1']['vswitches']['VSW2']
        self.assert_broken('coupled to VSW2, which is not')

    def test_port_of_nobody(self):
        self.guest['nics'][0]['switch'] = ''
        self.assert_broken("'VSW2', 'GUEST1', '1000'.* one side only")

    def test_name_list(self):
        self.state['namelists']['NL'].append('GUEST1')
        self.assert_broken('NL: .* is no name list')

    def test_spool(self):
        self.state['spool']['GUEST1'] *= 2
        self.assert_broken('GUEST1: .* no numbers of spool files')

    def test_device_from_nowhere(self):
        self.guest['dedicated']['0200'] = '0A00'
        invariants.check(self.state)
        self.assert_broken('GUEST1: 0200 is neither', live=())
        invariants.check(self.state, live={('GUEST1', '0200')})
