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

"""The bench measures every operation, and says so to people and machines."""

import json
import pathlib
import subprocess
import sys

import fixtures
import testtools

ROOT = pathlib.Path(__file__).resolve().parents[3]

# With the most requests that each may take.
OPERATIONS = {
    'boot, first use of its image': 14,
    'boot': 8,
    'delete': 1,
    'boot with config drive': 13,
    'boot with ephemeral disk': 9,
    'power state of a running server': 2,
    'console log': 1,
    'pause': 1,
    'unpause': 1,
    'soft reboot': 1,
    'hard reboot': 1,
    'stop': 2,
    'power state of a stopped server': 2,
    'start': 1,
    'rebuild': 13,
    'hard stop': 2,
    'power sync of 50 servers': 52,
    'resource update': 1,
}
QUESTIONS = ('power state of a running server', 'soft reboot',
             'power state of a stopped server', 'power sync of 50 servers',
             'resource update')
FIGURES = {'operation', 'requests', 'smapi', 'cp', 'iucv', 'other', 'sent',
           'received', 'wall', 'on_zvm', 'memory'}


class BenchTest(testtools.TestCase):

    def run_bench(self, *arguments):
        return subprocess.run(
            [sys.executable, ROOT / 'tools' / 'bench.py', *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)

    def test_figures(self):
        path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'bench.json'
        done = self.run_bench('--json', path, '--speed', '200')
        self.assertEqual(0, done.returncode, done.stdout)
        found = json.loads(path.read_text())
        self.assertEqual(['instant', 'typical'], list(found['runs']))
        for costs in found['runs'].values():
            self.assertEqual(list(OPERATIONS),
                             [cost['operation'] for cost in costs])
            for cost in costs:
                self.check(cost)
                self.assertIn('\n%-32s' % cost['operation'], done.stdout)
            # The deploy alone takes that long.
            self.assertGreater(costs[1]['on_zvm'], 30)
        # The image's size, in the unit that suits it.
        self.assertIn(' 32.0 MiB ', done.stdout)

    def test_scale(self):
        path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'scale.json'
        done = self.run_bench('scale', '--guests', '40', '--json', path)
        self.assertEqual(0, done.returncode, done.stdout)
        found = json.loads(path.read_text())
        self.assertEqual((40, 16), (found['guests'], found['clients']))
        self.assertEqual([360, 120, 36, 20, 20],
                         [cost['commands'] for cost in found['costs']])
        self.assertIn('\nmemory, at most ', done.stdout)
        self.assertGreater(found['memory'], 0)

    def check(self, cost):
        self.assertEqual(FIGURES, set(cost))
        self.assertTrue(
            0 < cost['requests'] <= OPERATIONS[cost['operation']], cost)
        for figure in ('wall', 'cp', 'received', 'memory', 'on_zvm'):
            self.assertGreater(cost[figure], 0, cost)
        # What changes something asks SMAPI, by a request with a body.
        if cost['operation'] not in QUESTIONS:
            self.assertGreater(cost['smapi'], 0, cost)
        if cost['operation'] not in QUESTIONS and (
                cost['operation'] != 'delete'):
            self.assertGreater(cost['sent'], 0, cost)
        if cost['operation'].startswith(('boot', 'soft')):
            self.assertGreater(cost['iucv'], 0, cost)
        # Less than the image that is sent through.
        self.assertLess(cost['memory'], 32 * 2 ** 20, cost)
