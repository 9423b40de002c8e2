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

import testtools

from nova_zvm.simulator import faults
from nova_zvm.simulator import invocation

SMCLI = ['smcli', 'Image_Create_DM', '-T', 'INST0001']
REFUSE = {'rc': 400, 'rs': 8, 'text': 'Image definition already defined'}


class TestFaults(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.faults = faults.Faults()

    def _hits(self, argv, times=1):
        call = invocation.parse('ZVMSYS1', argv)
        return [self.faults.for_call(call) is not None for _ in range(times)]

    def test_stays_in_force_until_removed(self):
        ident = self.faults.add({'match': {'command': 'Image_Create_DM'},
                                 'action': REFUSE})

        self.assertEqual([True] * 3, self._hits(SMCLI, 3))
        self.faults.remove(ident)
        self.assertEqual([False], self._hits(SMCLI))

    def test_every_field_of_match_counts(self):
        self.faults.add({'match': {'command': 'Create', 'kind': 'dirm',
                                   'userid': 'INST0001',
                                   'member': 'ZVMSYS1'}, 'action': REFUSE})

        self.assertEqual([True], self._hits(SMCLI))
        self.assertEqual([False], self._hits(SMCLI[:3] + ['INST0002']))
        self.assertEqual([False], self._hits(
            ['smcli', 'Image_Query_DM', '-T', 'INST0001']))

    def test_nth(self):
        self.faults.add({'nth': 3, 'action': REFUSE})

        self.assertEqual([False, False, True, False], self._hits(SMCLI, 4))

    def test_times(self):
        self.faults.add({'times': 2, 'action': REFUSE})

        self.assertEqual([True, True, False], self._hits(SMCLI, 3))

    def test_nth_and_times(self):
        self.faults.add({'nth': 2, 'times': 2, 'action': REFUSE})

        self.assertEqual([False, True, True, False], self._hits(SMCLI, 4))

    def test_probability_is_repeatable(self):
        self.faults.add({'id': 'a', 'probability': 0.5, 'seed': 7,
                         'action': REFUSE})
        first = self._hits(SMCLI, 40)
        self.faults.add({'id': 'a', 'probability': 0.5, 'seed': 7,
                         'action': REFUSE})

        self.assertEqual(first, self._hits(SMCLI, 40))
        self.assertIn(True, first)
        self.assertIn(False, first)

    def test_counts_are_shown(self):
        self.faults.add({'id': 'full', 'nth': 2, 'action': REFUSE})
        self._hits(SMCLI, 3)

        self.assertEqual([{'id': 'full', 'nth': 2, 'action': REFUSE,
                           'matched': 3, 'hit': 1}], self.faults.as_list())

    def test_refusal_reads_as_smcli_writes_it(self):
        self.faults.add({'action': REFUSE})

        reply = self.faults.for_call(
            invocation.parse('ZVMSYS1', SMCLI)).reply
        self.assertNotEqual(0, reply.status)
        lines = reply.output.decode().splitlines()
        self.assertEqual(
            '8 400 8 (details) ULGSMC5400E Image definition already defined',
            lines[0])
        self.assertEqual(['Failed', '  Return Code: 400',
                          '  Reason Code: 8'], lines[1:4])

    def test_clear(self):
        self.faults.add({'action': REFUSE})
        self.faults.clear()

        self.assertEqual([], self.faults.as_list())
        self.assertEqual([False], self._hits(SMCLI))

    def test_wrong_faults_are_refused_in_one_sentence(self):
        for fault, text in (
                ([], 'a fault must be a JSON object'),
                ({}, 'action must have at least one of'),
                ({'action': {'rc': '596'}}, 'rc of action'),
                ({'action': {'explode': True}}, "cannot have 'explode'"),
                ({'action': {'kill_connector': 'now'}}, '"before" or'),
                ({'match': {'command': '('}, 'action': REFUSE},
                 'regular expression'),
                ({'match': {'user': 'A'}, 'action': REFUSE}, "'user'"),
                ({'action': {'late': True}}, 'late needs kind "rest"'),
                ({'nth': 0, 'action': REFUSE}, 'nth must be 1 or more')):
            error = self.assertRaises(faults.FaultError, self.faults.add,
                                      fault)
            self.assertIn(text, str(error))
        self.assertEqual([], self.faults.as_list())
