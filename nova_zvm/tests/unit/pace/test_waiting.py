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

import ast
import pathlib

import nova_zvm
from nova_zvm.pace import waiting
from nova_zvm.tests.support import inmemory

# The client has clocks of its own.
OTHERS = {'connector', 'tests'}


class WaitingTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.patience = waiting.Patience(self.clock, 2.0)


class WaitUntilTestCase(WaitingTestCase):

    def wait(self, probe, seconds, **options):
        return self.patience.wait_at_most(seconds, probe, 'off', **options)

    def test_the_first_look_comes_at_once(self):
        self.assertEqual('off', self.wait(lambda: 'off', 0))
        self.assertEqual(1000.0, self.clock.now)

    def test_looks_again_after_each_pause(self):
        answers = ['on', 'on', 'off']
        self.assertEqual('off', self.wait(lambda: answers.pop(0), 60,
                                          pause=5))
        self.assertEqual(1010.0, self.clock.now)

    def test_looks_sixty_times_if_nothing_else_is_said(self):
        answers = ['on', 'on', 'off']
        self.wait(lambda: answers.pop(0), 120)
        self.assertEqual(1004.0, self.clock.now)

    def test_the_last_look_is_at_the_deadline(self):
        looks = []

        def probe():
            looks.append(self.clock.now)
            return 'on'

        exc = self.assertRaises(waiting.Expired, self.wait, probe, 11,
                                pause=5)
        self.assertEqual([1000, 1005, 1010, 1011], looks)
        self.assertEqual('still on, not off, after 11 seconds', str(exc))

    def test_an_answer_at_the_deadline_is_in_time(self):
        self.clock.at(10, lambda: answers.append('off'))
        answers = ['on']
        self.assertEqual('off', self.wait(lambda: answers[-1], 10, pause=5))

    def test_a_limit_is_scaled(self):
        looks = []

        def probe():
            looks.append(self.clock.now)

        exc = self.assertRaises(
            waiting.Expired, self.patience.wait_until, probe, True,
            waiting.Limit(10, 5))
        self.assertEqual([1000, 1010, 1020], looks)
        self.assertIn('after 20 seconds', str(exc))


class InsistTestCase(WaitingTestCase):

    def insist(self, call):
        return self.patience.insist(call, KeyError, waiting.Limit(10, 5))

    def fail(self):
        self.calls.append(self.clock.now)
        raise self.error

    def setUp(self):
        super().setUp()
        self.calls = []
        self.error = KeyError()

    def test_until_it_succeeds(self):
        self.assertEqual(1, self.insist(lambda: 1))
        self.assertEqual(1000, self.clock.now)
        answers = {}
        self.clock.at(10, lambda: answers.update(key=2))
        self.assertEqual(2, self.insist(lambda: answers['key']))

    def test_until_the_limit_is_over(self):
        self.assertRaises(KeyError, self.insist, self.fail)
        self.assertEqual([1000, 1010, 1020], self.calls)

    def test_another_error_is_the_end(self):
        self.error = ValueError()
        self.assertRaises(ValueError, self.insist, self.fail)
        self.assertEqual([1000], self.calls)


class ClocksTestCase(inmemory.ZVMTestCase):

    def test_are_read_in_one_place(self):
        package = pathlib.Path(nova_zvm.__file__).parent
        self.assertEqual(['pace/waiting.py'], [
            str(path.relative_to(package))
            for path in sorted(package.rglob('*.py'))
            if not OTHERS & set(path.relative_to(package).parts) and any(
                isinstance(node, ast.Import) and
                'time' in [alias.name for alias in node.names]
                for node in ast.walk(ast.parse(path.read_text())))])
