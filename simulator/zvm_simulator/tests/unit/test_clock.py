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

"""Simulated time: its speed, and that it never goes back."""

import json
import pathlib
import tempfile
import unittest
from unittest import mock

from zvm_simulator.ground import clocks


class LastingClockTestCase(unittest.TestCase):

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / 'time.json'
        self.real = 1_000_000.0
        for name in ('time', 'monotonic'):
            patch = mock.patch.object(clocks.time, name,
                                      lambda: self.real)
            patch.start()
            self.addCleanup(patch.stop)

    def start(self, speed=1.0):
        return clocks.LastingClock(self.path, speed)

    def test_first_start_is_now(self):
        self.assertEqual(self.real, self.start(1000).now())

    def test_time_goes_on_over_a_restart(self):
        before = self.start(1000)
        self.real += 60
        self.assertEqual(1_060_000, before.now())
        self.real += 1
        after = self.start(2)
        self.assertEqual(1_061_000, after.now())
        self.real += 10
        self.assertEqual(1_061_020, after.now())

    def test_last_speed_and_advance_count(self):
        before = self.start()
        before.advance(500)
        before.set_speed(10)
        self.real += 5
        self.assertEqual(1_000_550, before.now())
        self.assertEqual(1_000_550, self.start().now())

    def test_real_time_that_goes_back_does_not(self):
        before = self.start().now()
        self.real -= 3600
        self.assertEqual(before, self.start().now())

    def test_file(self):
        self.start(5).advance(1)
        self.assertEqual({'real': 1e6, 'simulated': 1e6 + 1, 'speed': 5},
                         json.loads(self.path.read_text()))
