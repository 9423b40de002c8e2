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

from zvm_simulator.ground import invocation
from zvm_simulator.ground import latency


class TestLatency(testtools.TestCase):

    def test_instant_is_the_default(self):
        times = latency.Latency()

        self.assertEqual({0.0},
                         {times.seconds(kind) for kind in invocation.KINDS})

    def test_every_profile_knows_every_kind(self):
        for profile, seconds in latency.PROFILES.items():
            self.assertEqual(set(latency.CLASSES), set(seconds), profile)

    def test_no_boot_is_instant(self):
        for profile, seconds in latency.PROFILES.items():
            self.assertGreater(seconds[latency.BOOT], 0, profile)

    def test_typical(self):
        times = latency.Latency('typical')

        self.assertEqual((1.0, 0.01, 30.0),
                         (times.seconds('smapi'), times.seconds('cp'),
                          times.seconds('image')))

    def test_one_kind_changed(self):
        times = latency.Latency('typical')
        times.set_classes({'cp': 2})

        self.assertEqual(2, times.seconds('cp'))
        self.assertEqual(1.0, times.seconds('smapi'))
        self.assertEqual('custom', times.as_dict()['profile'])

    def test_refusals_say_what_is_allowed(self):
        times = latency.Latency('typical')
        before = times.as_dict()

        self.assertIn('instant, typical, slow', str(self.assertRaises(
            latency.LatencyError, times.set_profile, 'fast')))
        self.assertIn('smapi', str(self.assertRaises(
            latency.LatencyError, times.set_classes, {'disk': 1})))
        self.assertRaises(latency.LatencyError, times.set_classes, {'cp': -1})
        self.assertRaises(latency.LatencyError, times.set_classes,
                          {'cp': '1'})
        self.assertEqual(before, times.as_dict())
