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

import threading

import testtools

from zvm_simulator.faults import commandlog
from zvm_simulator.faults import dispatch
from zvm_simulator.ground import clocks
from zvm_simulator.ground import replies
from zvm_simulator.tests.support import fakes

CREATE = ['sudo', '/opt/zthin/bin/smcli', 'Image_Create_DM', '--addRCheader',
          '-T', 'INST0001']


class TestEngine(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.machine = fakes.FakeMachine()
        self.clock = clocks.ManualClock()
        self.engine = dispatch.Engine(self.machine, self.clock)
        self.killed = []
        self.engine.kill_connector = self.killed.append

    def _execute(self, argv=CREATE, **options):
        return self.engine.execute('ZVMSYS1', argv, **options)

    def _fault(self, **action):
        return self.engine.faults.add({'action': action})

    def test_command_reaches_the_machine(self):
        self.assertEqual(replies.Reply(0, b'done\n'), self._execute())
        self.assertEqual([('ZVMSYS1', CREATE)], self.machine.commands)

    def test_log(self):
        self.machine.answers['bad'] = replies.failure(45, 'not logged on')
        self._execute()
        self._execute(['sudo', 'vmcp', 'query', 'user', 'bad'])

        first, second = self.engine.log()
        self.assertEqual(
            (1, 'ZVMSYS1', 'dirm', 'Image_Create_DM', 'INST0001', 0, 'done\n',
             'done'),
            (first['seq'], first['member'], first['kind'], first['name'],
             first['userid'], first['status'], first['output'],
             first['outcome']))
        self.assertEqual((45, 'not logged on'),
                         (second['status'], second['output']))
        self.assertEqual([second], self.engine.log(since=1))

    def test_numbers_go_on_after_the_log_is_cleared(self):
        self._execute()
        self.engine.clear_log()
        self._execute()

        self.assertEqual([2], [one['seq'] for one in self.engine.log()])

    def test_long_output_is_cut_in_the_log_only(self):
        self.machine.answers['INST0001'] = replies.success('x' * 5000)

        self.assertEqual(5000, len(self._execute().output))
        self.assertEqual(commandlog.OUTPUT_LENGTH,
                         len(self.engine.log()[0]['output']))

    def test_latency_passes_before_the_effect(self):
        self.engine.latency.set_profile('typical')
        begun = self.clock.now()
        self._execute()

        record = self.engine.log()[0]
        self.assertEqual((begun, begun + 1.0, 1.0),
                         (record['started'], record['ended'],
                          record['latency']))

    def test_delay_adds_to_latency(self):
        self.engine.latency.set_profile('typical')
        self._fault(delay=5)
        self._execute()

        self.assertEqual(6.0, self.engine.log()[0]['latency'])
        self.assertEqual(1, len(self.machine.commands))

    def test_refusal_has_no_effect(self):
        self._fault(rc=596, rs=1234, text='no')

        self.assertTrue(self._execute().output.startswith(b'8 596 1234 '))
        self.assertEqual([], self.machine.commands)

    def test_output_replaced(self):
        self._fault(status=8, output='strange')

        self.assertEqual(replies.Reply(8, b'strange'), self._execute())
        self.assertEqual([], self.machine.commands)

    def test_drop_has_no_effect(self):
        self._fault(drop=True)

        self.assertRaises(dispatch.Dropped, self._execute)
        self.assertEqual([], self.machine.commands)
        self.assertEqual('dropped', self.engine.log()[0]['outcome'])

    def test_lost_answer_has_the_effect(self):
        self._fault(lose_answer=True)

        self.assertTrue(self._execute().output.startswith(b'25 -108 '))
        self.assertEqual(1, len(self.machine.commands))

    def test_lost_answer_of_another_program_breaks_the_channel(self):
        self._fault(lose_answer=True)

        self.assertRaises(dispatch.Dropped, self._execute, ['vmur', 'list'])
        self.assertEqual(1, len(self.machine.commands))

    def test_lost_answer_may_be_stated(self):
        self._fault(lose_answer=True, rc=592, rs=4, text='late')

        self.assertTrue(self._execute().output.startswith(b'8 592 4 '))
        self.assertEqual(1, len(self.machine.commands))

    def test_connector_killed_before(self):
        self._fault(kill_connector='before')

        self.assertRaises(dispatch.Dropped, self._execute)
        self.assertEqual((['ZVMSYS1'], []),
                         (self.killed, self.machine.commands))

    def test_connector_killed_after(self):
        self._fault(kill_connector='after')

        self.assertRaises(dispatch.Dropped, self._execute)
        self.assertEqual((['ZVMSYS1'], 1),
                         (self.killed, len(self.machine.commands)))

    def test_simulator_killed(self):
        for moment, effects in (('before', 0), ('after', 1)):
            self.engine.faults.clear()
            self.machine.commands.clear()
            self._fault(kill_simulator=moment)
            self.engine.kill_simulator = lambda: self.killed.append(
                len(self.machine.commands))
            self._execute()

            self.assertEqual(effects, self.killed.pop())
        self.assertEqual([], self.killed)

    def test_given_up_command_has_no_effect(self):
        self._fault(delay=1200)
        begun = self.clock.now()

        self.assertRaises(dispatch.Expired, self._execute, timeout=60)
        self.assertEqual(60, self.clock.now() - begun)
        self.assertEqual([], self.machine.commands)

    def test_wait_of_the_connector_is_in_the_log(self):
        begun = self.clock.now()
        self.engine.sleep('ZVMSYS1', 15)

        self.assertEqual(15, self.clock.now() - begun)
        self.assertEqual(('wait', 'sleep 15', 15), tuple(
            self.engine.log()[0][field]
            for field in ('kind', 'command', 'latency')))

    def test_broken_machine_is_not_running_for_ever(self):
        self.machine.answers['INST0001'] = ZeroDivisionError()

        self.assertRaises(ZeroDivisionError, self._execute)
        self.assertTrue(self.engine.wait_idle(0))
        self.assertEqual('broken', self.engine.log()[0]['outcome'])

    def test_commands_overlap(self):
        both = threading.Barrier(2, timeout=10)
        self.machine.execute = lambda member, argv: (
            both.wait(), replies.success())[1]
        other = threading.Thread(target=self._execute)
        other.start()
        self._execute()
        other.join()

        self.assertEqual(2, len(self.engine.log()))

    def test_wait_idle(self):
        release = threading.Event()
        running = threading.Event()

        def execute(member, argv):
            running.set()
            release.wait(10)
            return replies.success()

        self.machine.execute = execute
        other = threading.Thread(target=self._execute)
        other.start()
        running.wait(10)
        self.assertFalse(self.engine.wait_idle(0))
        release.set()
        self.assertTrue(self.engine.wait_idle(10))
        other.join()
