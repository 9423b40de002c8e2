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
import os
import pathlib
import shutil
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
    'snapshot of a running server': 8,
    'stop': 2,
    'snapshot of a stopped server': 7,
    'power state of a stopped server': 2,
    'start': 1,
    'rebuild': 13,
    'hard stop': 2,
    'power sync of 4 servers': 6,
    'resource update': 1,
}
QUESTIONS = ('power state of a running server', 'soft reboot',
             'power state of a stopped server', 'power sync of 4 servers',
             'resource update')
FIGURES = {'operation', 'requests', 'smapi', 'cp', 'iucv', 'other', 'sent',
           'received', 'wall', 'on_zvm', 'memory'}
MIB = 2 ** 20
TRANSFERS = ('import', 'snapshot')
IMAGE_FIGURES = {'transfer', 'size', 'memory', 'files', 'written', 'moved',
                 'rate', 'curl', 'ratio', 'remains'}


class BenchTest(testtools.TestCase):

    def run_bench(self, *arguments, **environment):
        return subprocess.run(
            [sys.executable, ROOT / 'tools' / 'bench.py', *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)

    def test_figures(self):
        path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'bench.json'
        done = self.run_bench('--json', path, '--speed', '200',
                              '--servers', '4')
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

    def test_images(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = folder / 'images.json'
        done = self.run_bench(
            'images', '--size', '4', '--size', '48', '--runs', '1',
            '--json', path, PATH=self.watch_curl(folder))
        self.assertEqual(0, done.returncode, done.stdout)
        arguments = (folder / 'arguments').read_text()
        self.assertIn('--config', arguments)
        self.assertNotIn('Token', arguments)
        costs = json.loads(path.read_text())['images']
        self.assertEqual(
            [(transfer, size * MIB) for size in (4, 48)
             for transfer in TRANSFERS],
            [(cost['transfer'], cost['size']) for cost in costs])
        for cost in costs:
            self.check_image(cost)
            self.assertRegex(done.stdout, r'(?m)^%s +%d\.0 MiB ' % (
                cost['transfer'], cost['size'] // MIB))
        self.assertIn(', 512 B at most\n', done.stdout)

    def watch_curl(self, folder):
        """Have curl's arguments written down; return the PATH for that."""
        program = folder / 'bin' / 'curl'
        program.parent.mkdir()
        program.write_text('#!/bin/sh\necho "$@" >> %s/arguments\n'
                           'exec %s "$@"\n' % (folder, shutil.which('curl')))
        program.chmod(0o755)
        return '%s:%s' % (program.parent, os.environ['PATH'])

    def check_image(self, cost):
        self.assertEqual(IMAGE_FIGURES, set(cost))
        # Far less than the larger image.
        self.assertLess(cost['memory'], 16 * MIB, cost)
        self.assertEqual(0, cost['files'], cost)
        # nova's own log and databases.
        self.assertLess(cost['written'], 4 * MIB, cost)
        # The rest is all other requests.
        self.assertAlmostEqual(1, cost['moved'], delta=0.002)
        self.assertGreaterEqual(cost['moved'], 1)
        self.assertEqual({512}, set(cost['remains']), cost)
        self.assertGreater(cost['rate'], 0)
        self.assertAlmostEqual(cost['rate'] / cost['curl'], cost['ratio'])

    def test_images_need_room(self):
        done = self.run_bench('images', '--size', str(10 ** 9))
        self.assertEqual(2, done.returncode)
        self.assertRegex(done.stdout, r'need 3000000000 MiB of disk, /\S+ '
                         r'has \d+: let TMPDIR name a larger directory')

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
