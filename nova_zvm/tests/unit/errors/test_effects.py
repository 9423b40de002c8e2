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

"""When the error of a lost answer goes on."""

from nova_zvm.connector import errors
from nova_zvm.errors import effects
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory


class LateEffectTestCase(inmemory.ZVMTestCase):

    def lose(self, seen, error=None):
        with effects.awaited(self.patience, seen):
            raise error or fakes.outcome_unknown('vswitches.grant', 300)

    def test_the_error_waits_for_the_effect(self):
        looks = iter([False, False, True])
        self.assertRaises(errors.OutcomeUnknown, self.lose,
                          lambda: next(looks))
        self.assertEqual([], list(looks))

    def test_no_longer_than_the_connector_may_be_at_work(self):
        started = self.clock.now
        self.assertRaises(errors.OutcomeUnknown, self.lose, lambda: False)
        self.assertAlmostEqual(300, self.clock.now - started)

    def test_a_look_that_fails_is_repeated(self):
        looks = iter([fakes.error(errors.Unreachable, status=503),
                      fakes.error(), True])

        def seen():
            look = next(looks)
            if look is not True:
                raise look
            return look

        self.assertRaises(errors.OutcomeUnknown, self.lose, seen)
        self.assertEqual([], list(looks))

    def test_a_connector_that_is_gone_does_nothing_more(self):
        def gone():
            raise fakes.unreachable()
        started = self.clock.now
        self.assertRaises(errors.OutcomeUnknown, self.lose, gone)
        self.assertEqual(started, self.clock.now)

    def test_an_answered_request_is_not_waited_for(self):
        self.assertRaises(errors.Conflict, self.lose, None,
                          fakes.error(errors.Conflict))
