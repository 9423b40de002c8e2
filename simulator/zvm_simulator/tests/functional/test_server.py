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

"""What a scenario says of connectors, faults and latencies is done."""

import configparser
from typing import Any

import fixtures
import testtools

from zvm_simulator.service import scenarios
from zvm_simulator.service import server

FAULT = {'match': {'command': 'query userid'}, 'action': {'drop': True}}


class TestScenarioApplied(testtools.TestCase):

    def start(self, scenario: dict[str, Any],
              **options: Any) -> server.Simulator:
        """Start a system without connectors."""
        folder = self.useFixture(fixtures.TempDir()).path
        simulator = server.Simulator(
            folder, None, scenarios.complete(scenario, 'the test'), **options)
        simulator.start()
        self.addCleanup(simulator.stop)
        return simulator

    def config(self, simulator: server.Simulator, option: str) -> str:
        config = configparser.ConfigParser(interpolation=None)
        config.read(simulator.member.config_file)
        return config.get(*option.split('.'))

    def test_options_that_follow_from_the_machine(self) -> None:
        simulator = self.start({'pools': {'MINE': {'volumes': [
            {'name': 'V1', 'model': '9336-ET', 'size': 5000}]}}})

        self.assertEqual('FBA:MINE', self.config(simulator, 'zvm.disk_pool'))
        self.assertEqual('OSDFLT', self.config(simulator, 'zvm.user_profile'))

    def test_options_that_are_stated(self) -> None:
        """Those of the one who starts it win over the scenario's."""
        simulator = self.start(
            {'connector': {'zvm': {'disk_pool': 'FBA:FBAPOOL'},
                           'monitor': {'cache_interval': 7}}},
            connector_options={'monitor': {'cache_interval': 9}})

        self.assertEqual('FBA:FBAPOOL',
                         self.config(simulator, 'zvm.disk_pool'))
        self.assertEqual('OSDFLT', self.config(simulator, 'zvm.user_profile'))
        self.assertEqual('9', self.config(simulator,
                                          'monitor.cache_interval'))

    def test_faults(self) -> None:
        """In force at the start, and again when all is as it was then."""
        simulator = self.start({'faults': [FAULT]})
        engine = simulator.engine

        for change in (lambda: None, simulator.reset):
            change()
            self.assertEqual([FAULT['action']], [
                fault['action'] for fault in engine.faults.as_list()])
            engine.faults.add({'action': {'delay': 5}})

    def test_latencies(self) -> None:
        stated = {'latency': {'profile': 'slow', 'classes': {'cp': 0.5}}}
        simulator = self.start(stated)
        latency = simulator.engine.latency
        self.assertEqual((0.5, 5.0), (latency.seconds('cp'),
                                      latency.seconds('smapi')))
        latency.set_profile('instant')
        simulator.reset()
        self.assertEqual((0.5, 5.0), (latency.seconds('cp'),
                                      latency.seconds('smapi')))

        latency = self.start(stated, profile='typical').engine.latency
        self.assertEqual((0.01, 1.0), (latency.seconds('cp'),
                                       latency.seconds('smapi')))
