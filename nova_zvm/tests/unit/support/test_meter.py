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

"""The sums that the bench and the tests of costs rest on."""

import testtools

from nova_zvm.tests.support import meter


def record(kind, latency=0.0, received=0, sent=0):
    return {'kind': kind, 'name': kind, 'command': kind, 'latency': latency,
            'received': received, 'sent': sent}


class UsageTest(testtools.TestCase):

    USAGE = meter.Usage([
        record('rest', received=10, sent=200), record('smapi'),
        record('dirm'), record('cp'), record('iucv'), record('image'),
        record('vmur'), record('wait', latency=5.0),
        record('rest', sent=50), record('linux')])

    def test_kinds(self):
        self.assertEqual(
            (2, 7, 2, 1, 1, 3),
            (len(self.USAGE.requests), len(self.USAGE.commands),
             self.USAGE.count(meter.SMAPI), self.USAGE.count(meter.CP),
             self.USAGE.count(meter.IUCV), self.USAGE.count(meter.OTHER)))

    def test_bytes(self):
        self.assertEqual((10, 250), (self.USAGE.sent, self.USAGE.received))

    def test_time_on_zvm_is_that_of_commands_and_sleeps(self):
        # Whatever they took on a simulated z/VM without latencies.
        self.assertAlmostEqual(
            1 + 1 + 0.01 + 0.1 + 30 + 0.05 + 5 + 0.5, self.USAGE.on_zvm())

    def test_time_of_several_workers_is_that_of_the_slowest(self):
        usage = meter.Usage([record('smapi')] * 7)
        self.assertEqual(2, usage.on_zvm(workers=5))

    def test_nothing_takes_no_time(self):
        self.assertEqual(0, meter.Usage().on_zvm())


class CallsTest(testtools.TestCase):

    class Driver:
        def __init__(self, log):
            self._log = log

        def pause(self, instance):
            self._log.append({'seq': len(self._log) + 1, 'name': instance,
                              **record('cp')})
            return 'paused'

    def setUp(self):
        super().setUp()
        self.log = []
        self.driver = self.Driver(self.log)
        self.meter = meter.Meter(
            lambda since: [each for each in self.log if each['seq'] > since])

    def test_only_what_the_call_has_cost(self):
        self.driver.pause('before')
        with self.meter.calls_of(self.driver, 'pause') as calls:
            self.assertEqual('paused', self.driver.pause('one'))
            usage = calls.total()
        self.driver.pause('after')
        self.assertEqual(1, len(usage.commands))

    def test_calls_that_are_too_many(self):
        with self.meter.calls_of(self.driver, 'pause') as calls:
            self.driver.pause('one')
            self.driver.pause('two')
            self.assertRaises(AssertionError, calls.total)

    def test_memory(self):
        kept = []
        measured = meter.Meter(lambda since: [], memory=True)
        with measured.running() as usage:
            kept.append(bytes(10 ** 6))
        self.assertTrue(10 ** 6 <= usage.peak < 2 * 10 ** 6, usage.peak)
