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

from nova_zvm.pace import waiting
from nova_zvm.tests.support import inmemory


class WaitUntilTestCase(inmemory.ZVMTestCase):

    def test_the_first_look_comes_at_once(self):
        self.assertEqual('off', waiting.wait_until(
            lambda: 'off', 'off', timeout=0))
        self.assertEqual(1000.0, self.clock.now)

    def test_looks_again_after_each_interval(self):
        answers = ['on', 'on', 'off']
        self.assertEqual('off', waiting.wait_until(
            lambda: answers.pop(0), 'off', timeout=60, interval=5))
        self.assertEqual(1010.0, self.clock.now)

    def test_looks_every_second_if_not_told_otherwise(self):
        answers = ['on', 'on', 'off']
        waiting.wait_until(lambda: answers.pop(0), 'off', timeout=60)
        self.assertEqual(1002.0, self.clock.now)

    def test_the_last_look_is_at_the_deadline(self):
        looks = []

        def probe():
            looks.append(self.clock.now)
            return 'on'

        exc = self.assertRaises(waiting.Expired, waiting.wait_until, probe,
                                'off', timeout=11, interval=5)
        self.assertEqual([1000, 1005, 1010, 1011], looks)
        self.assertEqual('still on, not off, after 11 seconds', str(exc))

    def test_an_answer_at_the_deadline_is_in_time(self):
        self.clock.at(10, lambda: answers.append('off'))
        answers = ['on']
        self.assertEqual('off', waiting.wait_until(
            lambda: answers[-1], 'off', timeout=10, interval=5))
