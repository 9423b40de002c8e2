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

"""The system as a whole, without connectors: what it starts with."""

import pathlib
import sqlite3
import tempfile
import unittest

from zvm_simulator.ground import latency
from zvm_simulator.service import scenarios
from zvm_simulator.service import server

FAULT = {'id': 'down', 'seconds': 60, 'action': {'outage': 'smapi_down'}}
NAMES = ['smcli', 'Image_Name_Query_DM', '-T', 'ZCCSRV']


class StoreTestCase(unittest.TestCase):

    def test_state_of_another_version(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / 'zvm.sqlite'
        database = sqlite3.connect(path)
        database.execute('CREATE TABLE thing (kind, name, body)')
        database.close()
        with self.assertRaisesRegex(
                server.SimulatorError, f'{path} is of another version of the '
                'simulated z/VM: choose another directory.'):
            server.Simulator(folder.name, None)


class ConditionsTestCase(unittest.TestCase):

    def start(self, **options):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        simulator = server.Simulator(
            folder.name, None, scenarios.complete({
                'faults': [FAULT], 'latency': {
                    'profile': 'typical', 'classes': {'cp': 7}}}, 'test'),
            **options)
        self.addCleanup(simulator.stop)
        return simulator

    def refuses(self, simulator):
        return simulator.engine.execute('ZVMSYS1', NAMES).output.startswith(
            b'25 -110 111 (details) Connection refused')

    def test_faults_of_the_scenario(self):
        simulator = self.start(profile='instant')
        self.assertTrue(self.refuses(simulator))
        simulator.clock.advance(61)
        self.assertFalse(self.refuses(simulator))

    def test_reset_brings_them_back(self):
        simulator = self.start(profile='instant')
        simulator.engine.faults.clear()
        simulator.engine.faults.add({'action': {'drop': True}})
        simulator.engine.latency.set_profile('slow')
        simulator.reset()
        self.assertEqual(['down'], [fault['id'] for fault in
                                    simulator.engine.faults.as_list()])
        self.assertEqual('instant',
                         simulator.engine.latency.as_dict()['profile'])

    def test_latency_of_the_scenario(self):
        times = self.start().engine.latency
        self.assertEqual((7, latency.PROFILES['typical']['smapi']),
                         (times.seconds('cp'), times.seconds('smapi')))

    def test_profile_that_is_asked_for_wins(self):
        times = self.start(profile='slow').engine.latency
        self.assertEqual(latency.PROFILES['slow'],
                         times.as_dict()['classes'])
