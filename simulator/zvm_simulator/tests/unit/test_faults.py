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

from zvm_simulator.faults import dispatch
from zvm_simulator.faults import inforce
from zvm_simulator.ground import clocks
from zvm_simulator.ground import invocation
from zvm_simulator.tests.support import fakes

SMCLI = ['smcli', 'Image_Create_DM', '-T', 'INST0001']
REFUSE = {'rc': 400, 'rs': 8, 'text': 'Image definition already defined'}


class TestFaults(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = clocks.ManualClock()
        self.faults = inforce.Faults(self.clock)

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

    def test_seconds_are_simulated(self):
        self.faults.add({'seconds': 60, 'action': REFUSE})
        self.clock.advance(59)
        self.assertEqual([True], self._hits(SMCLI))
        self.assertEqual(1, len(self.faults.as_list()))
        self.clock.advance(1)

        self.assertEqual([False], self._hits(SMCLI))
        self.assertEqual([], self.faults.as_list())

    def test_userid_in_any_case(self):
        self.faults.add({'match': {'userid': 'inst0001'}, 'action': REFUSE})

        self.assertEqual([True], self._hits(SMCLI))

    def test_first_that_hits_is_taken(self):
        self.faults.add({'nth': 2, 'action': {'drop': True}})
        self.faults.add({'action': REFUSE})
        call = invocation.parse('ZVMSYS1', SMCLI)
        actions = [self.faults.for_call(call) for _ in range(3)]

        self.assertEqual([False, True, False],
                         [action.drop for action in actions])

    def test_wrong_faults_are_refused_in_one_sentence(self):
        command = {'command': 'Image_Create_DM'}
        rest = {'kind': 'rest'}
        for fault, sentence in (
                ([], 'expected a JSON object.'),
                ({}, 'action: expected at least one of delay, status, output,'
                     ' rc, rs, text, outage, drop, lose_answer, '
                     'kill_connector, kill_simulator, late.'),
                ({'action': {}}, 'action: expected at least one of delay'),
                ({'action': REFUSE, 'when': 1}, 'when: expected one of id, '
                 'match, nth, times, probability, seed, seconds, action.'),
                ({'action': 'drop'}, 'action: expected a mapping of delay'),
                ({'action': {'explode': True}}, 'action.explode: expected '
                                                'one of delay'),
                ({'action': {'rc': '596'}}, 'action.rc: expected a whole '
                                            'number.'),
                ({'action': {'rc': True}}, 'action.rc: expected a whole'),
                ({'action': {'delay': -1}}, 'action.delay: expected a number '
                                            'that is not negative.'),
                ({'action': {'drop': 1}}, 'action.drop: expected true or'),
                ({'action': {'output': 'x'}}, 'action.output: expected '
                                              'nothing without status.'),
                ({'action': {'rs': 1}}, 'action.rs: expected nothing without '
                                        'rc.'),
                ({'action': {'rc': 1, 'status': 1}}, 'action: expected only '
                 'one of rc, status, outage, drop.'),
                ({'action': {'outage': 'fire'}}, 'action.outage: expected '
                 'one of smapi_down, smapi_silent, directory_locked, '
                 'persmapi_off.'),
                ({'action': {'kill_connector': 'now'}},
                 'action.kill_connector: expected one of before, after.'),
                ({'action': {'kill_simulator': True}},
                 'action.kill_simulator: expected one of before, after.'),
                ({'match': {'command': '('}, 'action': REFUSE},
                 'match.command: expected a regular expression.'),
                ({'match': {'user': 'A'}, 'action': REFUSE},
                 'match.user: expected one of command, userid, member, '
                 'kind.'),
                ({'match': {'userid': 'ABCDEFGHI'}, 'action': REFUSE},
                 'match.userid: expected a name of 1 to 8 letters'),
                ({'match': {'kind': 'disk'}, 'action': REFUSE},
                 'match.kind: expected one of smapi, dirm, cp, iucv, image, '
                 'vmur, linux, rest.'),
                ({'match': command, 'action': {'late': True}},
                 'action.late: expected nothing but with match.kind rest.'),
                ({'match': rest, 'action': REFUSE}, 'action.rc: expected '
                 'nothing with match.kind rest; status and output instead.'),
                ({'match': rest, 'action': {'status': 4}},
                 'action.status: expected a status of HTTP, 100 to 599.'),
                ({'nth': 0, 'action': REFUSE}, 'nth: expected a whole number '
                                               'above 0.'),
                ({'times': True, 'action': REFUSE}, 'times: expected a whole '
                                                    'number above 0.'),
                ({'probability': 1.5, 'action': REFUSE},
                 'probability: expected a number above 0 and up to 1.'),
                ({'seed': 'x', 'action': REFUSE}, 'seed: expected a whole'),
                ({'seconds': -5, 'action': REFUSE}, 'seconds: expected a '
                 'number that is not negative.')):
            error = self.assertRaises(inforce.FaultError, self.faults.add,
                                      fault)
            self.assertIn('the fault: ' + sentence, str(error))
        self.assertEqual([], self.faults.as_list())


class TestOutages(testtools.TestCase):

    def _answer(self, outage, command, **fault):
        found = inforce.Faults(clocks.ManualClock())
        found.add({'action': {'outage': outage}, **fault})
        action = found.for_call(invocation.parse('ZVMSYS1', command))
        return action and action.reply.output.decode().splitlines()[0]

    def test_smapi_down(self):
        for command in ('smcli Image_Activate -T A', ' '.join(SMCLI)):
            self.assertEqual('25 -110 111 (details) Connection refused '
                             'ULGSMC6009E Socket processing error',
                             self._answer('smapi_down', command))
        for command in ('vmcp q names', 'vmur list', 'iucvclnt A pwd',
                        'unpackdiskimage A 0100 f'):
            self.assertIsNone(self._answer('smapi_down', command))

    def test_smapi_silent(self):
        self.assertEqual('25 -108 0 (details) ULGSMC6006E Socket timeout '
                         'error', self._answer('smapi_silent', SMCLI))

    def test_directory_locked(self):
        for name in ('Image_Create_DM', 'Image_Delete_DM', 'Image_Lock_DM',
                     'Image_Replace_DM', 'Image_Disk_Create_DM',
                     'Virtual_Network_Adapter_Create_Extended_DM'):
            self.assertIn('8 400 12 (details)', self._answer(
                'directory_locked', f'smcli {name} -T INST0001'))
        for name in ('Image_Query_DM', 'Image_Name_Query_DM', 'Image_Activate',
                     'Image_Volume_Space_Query_DM', 'Image_Disk_Create'):
            self.assertIsNone(self._answer(
                'directory_locked', f'smcli {name} -T INST0001'))

    def test_entry_locked(self):
        match = {'userid': 'INST0002'}

        self.assertIsNone(self._answer('directory_locked', SMCLI,
                                       match=match))
        self.assertIn('8 400 12 ', self._answer(
            'directory_locked', SMCLI[:3] + ['INST0002'], match=match))

    def test_lock_ends_while_the_connector_waits(self):
        engine = dispatch.Engine(fakes.FakeMachine(), clocks.ManualClock())
        engine.faults.add({'seconds': 4, 'action': {
            'outage': 'directory_locked'}})
        refused = []
        for seconds in (1, 3, 5):
            refused.append(engine.execute('ZVMSYS1', SMCLI).status != 0)
            engine.sleep('ZVMSYS1', seconds)

        self.assertEqual([True, True, False], refused)

    def test_persmapi_off(self):
        self.assertIn(
            '8 8 3016 (details) ULGSMC5008E SMAPIOUT segment empty',
            self._answer('persmapi_off',
                         'smcli System_Performance_Information_Query'))
        self.assertIsNone(self._answer(
            'persmapi_off', 'smcli System_Information_Query'))

    def test_effect_may_have_taken_place(self):
        machine = fakes.FakeMachine()
        engine = dispatch.Engine(machine, clocks.ManualClock())
        engine.faults.add({'action': {'outage': 'smapi_silent',
                                      'lose_answer': True}})

        self.assertIn(b'25 -108 0', engine.execute('ZVMSYS1', SMCLI).output)
        self.assertEqual(1, len(machine.commands))
