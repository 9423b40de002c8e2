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

import pathlib
import subprocess
import threading

import fixtures
import testtools

from zvm_simulator.connector import launcher
from zvm_simulator.faults import dispatch
from zvm_simulator.ground import clocks
from zvm_simulator.ground import replies
from zvm_simulator.service import channels
from zvm_simulator.tests.support import fakes


class TestChannel(testtools.TestCase):
    """The connector's side and ours, over a real socket."""

    def setUp(self):
        super().setUp()
        self.machine = fakes.FakeMachine()
        self.clock = clocks.ManualClock()
        self.engine = dispatch.Engine(self.machine, self.clock)
        # Longer than the name of a unix socket may be.
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path,
                              'd' * 120)
        folder.mkdir()
        server = channels.Channel(folder / 'channel.sock', 'ZVMSYS1',
                                  self.engine)
        server.start()
        self.addCleanup(server.stop)
        self.client = launcher.Channel(str(folder / 'channel.sock'))
        self.subprocess = launcher.Subprocess(self.client)

    def test_output(self):
        self.machine.answers['user'] = replies.Reply(0, b'\xff\x00 raw\n')

        self.assertEqual(b'\xff\x00 raw\n', self.subprocess.check_output(
            ['sudo', 'vmcp', 'user'], stderr=subprocess.STDOUT))
        self.assertEqual([('ZVMSYS1', ['sudo', 'vmcp', 'user'])],
                         self.machine.commands)

    def test_shell_string(self):
        self.subprocess.check_output('which udevadm', shell=True)

        self.assertEqual([('ZVMSYS1', 'which udevadm')],
                         self.machine.commands)

    def test_exit_status(self):
        self.machine.answers['X'] = replies.failure(45, 'HCPCQU045E')

        error = self.assertRaises(
            subprocess.CalledProcessError, self.subprocess.check_output,
            ['sudo', 'vmcp', 'q', 'X'])
        self.assertEqual((45, b'HCPCQU045E'),
                         (error.returncode, error.output))

    def test_timeout(self):
        self.engine.faults.add({'action': {'delay': 100}})

        self.assertRaises(subprocess.TimeoutExpired,
                          self.subprocess.check_output, ['sudo', 'vmur'],
                          timeout=30)

    def test_drop(self):
        self.engine.faults.add({'action': {'drop': True}})

        self.assertRaises(ConnectionError, self.subprocess.check_output,
                          ['sudo', 'vmur'])

    def test_broken_machine_is_a_broken_channel(self):
        self.machine.answers['vmur'] = ZeroDivisionError()
        log = self.useFixture(fixtures.FakeLogger())

        self.assertRaises(ConnectionError, self.subprocess.check_output,
                          ['sudo', 'vmur'])
        self.assertIn('ZeroDivisionError', log.output)

    def test_commands_on_own_files_are_real(self):
        for args in (['du', '-b', '/dev/null'], ['/usr/bin/cp', '--help']):
            self.subprocess.check_output(args)

        self.assertEqual([], self.machine.commands)

    def test_the_rest_is_the_real_subprocess(self):
        self.assertIs(subprocess.CalledProcessError,
                      self.subprocess.CalledProcessError)

    def test_files_of_the_linux(self):
        open_ = launcher.linux_open(self.client)

        with open_('/proc/sysinfo', 'r') as stream:
            self.assertEqual('VM00 Name: ZVMSYS1\n', stream.read())
        self.assertRaises(FileNotFoundError, open_, launcher.LINUX_FILES[1])
        with open_('/dev/null', 'rb') as stream:
            self.assertEqual(b'', stream.read())

    def test_time_is_simulated(self):
        time = launcher.Time(self.client)
        begun = time.time()
        time.sleep(3600)

        self.assertEqual(3600, time.time() - begun)
        self.assertEqual(self.clock.now(), time.time())
        self.assertNotEqual(0, time.monotonic())

    def test_many_at_once(self):
        self.machine.execute = lambda member, argv: replies.success(argv[-1])
        answers = {}

        def ask(number):
            answers[number] = self.subprocess.check_output(
                ['sudo', 'vmcp', str(number)])

        threads = [threading.Thread(target=ask, args=(number,))
                   for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        self.assertEqual({number: str(number).encode()
                          for number in range(64)}, answers)
