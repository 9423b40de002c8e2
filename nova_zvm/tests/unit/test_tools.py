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

"""How tests are dealt to workers, and what the totals of a run say."""

import importlib
import os
import pathlib
import re
import subprocess
import sys

import fixtures
import testtools

TOOLS = pathlib.Path(__file__).parents[3] / 'tools'
UNIT = 'nova_zvm/tests/unit'
STESTR_TOTALS = """\
 - Passed: 12
 - Skipped: 1
 - Failed: %d
"""


class ToolsTestCase(testtools.TestCase):

    def tool(self, name):
        self.useFixture(fixtures.MonkeyPatch('sys.path',
                                             [str(TOOLS), *sys.path]))
        return importlib.import_module(name)


class DealTestCase(ToolsTestCase):

    def setUp(self):
        super().setUp()
        self.deal = self.tool('deal')

    def test_each_class_is_dealt_once(self):
        weights = self.deal.weights(UNIT)
        self.assertIn(self.id().rpartition('.')[0], weights)
        hands = self.deal.dealt(weights, 3)
        self.assertEqual(sorted(weights),
                         sorted(name for hand in hands for name in hand))

    def test_hands_are_alike(self):
        hands = self.deal.dealt({'a': 5, 'b': 3, 'c': 3, 'd': 2, 'e': 1}, 2)
        self.assertEqual([['a', 'd'], ['b', 'c', 'e']], hands)

    def test_class_whose_weight_is_not_known(self):
        path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).join('weights.json'))
        path.write_text('{}')
        self.useFixture(fixtures.MonkeyPatch('deal.WEIGHTS', path))
        weight = self.deal.weights(UNIT)[self.id().rpartition('.')[0]]
        self.assertGreater(weight, 0)

    def test_what_is_not_run_is_not_dealt(self):
        weights = {'a.Test': 2, 'a.TestOther': 1, 'b.Test': 3}
        for exclude, filters, names in (
                ('', [], ['a.Test', 'a.TestOther', 'b.Test']),
                ('a.Test[.]', [], ['a.TestOther', 'b.Test']),
                ('b', ['Other'], ['a.TestOther']),
                ('', ['test_method'], ['a.Test', 'a.TestOther', 'b.Test'])):
            self.assertEqual(names, sorted(
                self.deal.chosen(weights, exclude, filters)))

    def test_each_test_is_one_worker_s(self):
        workers = self.deal.workers({'a.Test': 2, 'a.TestOther': 1}, 2)
        for test in ('a.Test.test_b', 'a.TestOther.test_b(scenario)',
                     'a.TestNew.test_b', 'unittest.loader._FailedTest.a'):
            self.assertEqual(1, sum(
                any(re.search(pattern, test) for pattern in patterns)
                for patterns in workers), test)


class SandboxTestCase(testtools.TestCase):
    """What tools/sandbox.sh needs, and says before there is a sandbox."""

    def test_debian_packages(self):
        rows = re.findall(r'(?m)^(\S+) \[platform:dpkg (.*)\]$',
                          (TOOLS.parent / 'bindep.txt').read_text())
        needed = [name for name, profiles in rows
                  if 'sandbox' in profiles.split()]
        # A Python of Debian's own needs python3-venv besides.
        self.assertEqual(['bsdextrautils'], needed)

    def run_copy(self, **environment):
        done = subprocess.run(
            ['bash', self.folder / 'tools' / 'sandbox.sh'],
            cwd='/', stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, **environment})
        self.assertEqual(1, done.returncode)
        self.assertEqual('sandbox: 0 steps, 1 failed',
                         done.stdout.splitlines()[-1])
        self.assertEqual('', done.stderr)
        return done.stdout

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('sandbox.sh', 'prepare.sh', 'install.py'):
            path = self.folder / 'tools' / name
            path.parent.mkdir(exist_ok=True)
            path.symlink_to(TOOLS / name)

    def test_log_that_cannot_be_written(self):
        """And the one of an earlier run is not shown for this one."""
        log = self.folder / '.tox' / 'log' / 'sandbox.log'
        log.mkdir(parents=True)
        self.assertIn(f'{log} cannot be written', self.run_copy())

    def test_python_that_is_too_old(self):
        self.assertIn('set PYTHON to its path',
                      self.run_copy(PYTHON='/bin/false'))


class PartsTestCase(ToolsTestCase):

    def setUp(self):
        super().setUp()
        self.parts = self.tool('parts')
        self.log = self.useFixture(fixtures.TempDir()).join('log')

    def result(self, status=0, output='', name='unit'):
        result = self.parts.Result(self.parts.PARTS[name])
        self.parts.Run._count(result, status, output)
        return result

    def test_tests_are_counted(self):
        result = self.result(1, STESTR_TOTALS % 2)
        self.assertEqual('12 passed, 2 failed, 1 skipped',
                         self.parts.totals([result]))

    def test_last_totals_count(self):
        result = self.result(0, ' - Passed: 3\n' + STESTR_TOTALS % 0)
        self.assertEqual((12, 0), (result.passed, result.failed))

    def test_run_that_ends_badly_has_failed(self):
        self.assertEqual(1, self.result(1, STESTR_TOTALS % 0).failed)

    def test_run_without_a_test_has_failed(self):
        self.assertEqual(1, self.result(0, '').failed)

    def test_check(self):
        self.assertEqual('1 passed, 1 failed', self.parts.totals(
            [self.result(name='pep8'), self.result(1, name='docs')]))

    def test_processor_time_has_a_limit(self):
        result = self.result(0, STESTR_TOTALS % 0)
        result.processor = 2 * result.part.processor
        self.assertFalse(result.too_dear)
        result.processor += 1
        self.assertTrue(result.too_dear)
        self.assertIn('TOO MANY', str(result))

    def test_processor_time_is_that_of_all_processes(self):
        busy = 'import time\nwhile time.process_time() < 0.2: pass'
        status, seconds = self.parts.Commands().run(
            ['sh', '-c', '"$0" -c "$1"; echo said; exit 3', sys.executable,
             busy], self.log, False)
        self.assertEqual(3, status)
        self.assertGreater(seconds, 0.2)
        self.assertEqual('said\n', pathlib.Path(self.log).read_text())

    def test_part_that_is_none(self):
        done = subprocess.run(
            [sys.executable, TOOLS / 'parts.py', 'unit', 'units'],
            stdout=subprocess.PIPE, text=True)
        self.assertEqual(2, done.returncode)
        self.assertIn('There is no part units.', done.stdout)
