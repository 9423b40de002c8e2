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
import sys

import fixtures
import testtools

from zvm_simulator.connector import child

ECHO = 'import sys\nfor line in sys.stdin: print(line, end="", flush=True)'
DEAF = 'import time\nprint("up", flush=True)\nwhile 1: time.sleep(60)'


class TestChild(testtools.TestCase):

    def _start(self, script):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        started = child.Child([sys.executable, '-c', script], {},
                              folder / 'errors')
        self.addCleanup(started.kill)
        return started

    def test_line_to_it_and_back(self):
        started = self._start(ECHO)

        self.assertTrue(started.tell('hello'))
        self.assertEqual('hello', started.read_line(30))

    def test_ends_when_its_line_does(self):
        started = self._start(ECHO)
        self.assertIsNotNone(started.pid)
        started.stop(30)

        self.assertIsNone(started.pid)
        self.assertFalse(started.tell('hello'))

    def test_one_that_does_not_end_is_killed(self):
        started = self._start(DEAF)
        started.read_line(30)
        started.stop(0)

        self.assertIsNone(started.pid)

    def test_silence(self):
        started = self._start(ECHO)

        self.assertEqual('', started.read_line(0))

    def test_last_words(self):
        started = self._start('raise ValueError("no configuration")')

        self.assertEqual('', started.read_line(30))
        self.assertEqual('ValueError: no configuration',
                         started.last_words())
