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
"""When a cell of the fault matrices is tried again, and time limits."""

import pathlib
from unittest import mock

import fixtures
import testtools

from nova_zvm.connector import timeouts
from nova_zvm.tests.support.faults import bootcells
from nova_zvm.tests.support.faults import faulting
from nova_zvm.tests.support.faults import interfacecells
from nova_zvm.tests.support.faults import matrix
from nova_zvm.tests.support.faults import pace

QUIET = 1
BUSY = 4


class CellsTest(testtools.TestCase):
    """Cells are run by a test whose machine and whose results are given."""

    def setUp(self):
        super().setUp()
        folder = self.useFixture(fixtures.TempDir()).path
        self.file = pathlib.Path(folder, 'retries')
        self.useFixture(fixtures.EnvironmentVariable(
            faulting.RETRIES, str(self.file)))
        self.cells = [bootcells.Cell('boot', step.name, 'refused')
                      for step in matrix.BOOT]

    def run_cells(self, factor, failures):
        """Run cells that fail so often; return the test, and what it says."""
        left = dict(failures)

        def result(cell):
            left[cell.step] = left.get(cell.step, 0) - 1
            return 'too late' if left[cell.step] >= 0 else None
        case = faulting.FaultTestCase('run_cells')
        case.pace = factor
        case.foreign = None
        case._retried = []
        with mock.patch.multiple(
                case, _result=result, _start_over=mock.DEFAULT,
                _foreign_guests=lambda: None):
            try:
                case.run_cells(self.cells)
            except AssertionError as failure:
                return case, str(failure)
            return case, ''

    def told(self):
        """Return the names of cells that the file says were tried again."""
        if not self.file.exists():
            return []
        return [line.partition(', tried again')[0]
                for line in self.file.read_text().splitlines()]

    def test_nothing_fails(self):
        self.assertEqual('', self.run_cells(BUSY, {})[1])
        self.assertEqual([], self.told())

    def test_quiet_machine(self):
        """What fails is wrong."""
        failure = self.run_cells(QUIET, {'create': 1})[1]
        self.assertEqual('boot, create: refused: too late', failure)
        self.assertEqual([], self.told())

    def test_busy_machine(self):
        """A cell that succeeds at the second try is reported, and passes."""
        case, failure = self.run_cells(BUSY, {'create': 1, 'grant': 1})
        self.assertEqual('', failure)
        told = ['boot, create: refused', 'boot, grant: refused']
        self.assertEqual(told, self.told())
        detail = case.getDetails()['cells tried again'].as_text()
        for name in told:
            self.assertIn(name, detail)
        self.assertIn('too late', detail)

    def test_twice(self):
        failure = self.run_cells(BUSY, {'create': 2})[1]
        self.assertIn('boot, create: refused: too late', failure)
        self.assertEqual(['boot, create: refused'], self.told())

    def test_limit(self):
        """A test with more retries fails and tells them."""
        failure = self.run_cells(
            BUSY, {'create': 1, 'deploy': 1, 'grant': 1})[1]
        self.assertIn('boot, grant: refused: too late', failure)
        self.assertIn('boot, create: refused, tried again', failure)
        self.assertIn('boot, deploy: refused, tried again', failure)
        self.assertEqual(2, len(self.told()))


class PaceTest(testtools.TestCase):

    def test_bounds(self):
        self.assertEqual([1, 1, 2, 8], [
            pace.factor(seconds, 0.5) for seconds in (0.1, 0.5, 1, 99)])

    def test_delays_stay_between_limits(self):
        """However slow the machine is, what is late comes in time."""
        for factor in (1, pace.MOST):
            case = faulting.FaultTestCase('run_cells')
            case.zvm = mock.Mock()
            case.flags = mock.Mock()
            case.keep_pace(factor)
            [speed] = case.zvm.engine.clock.set_speed.call_args.args
            limits = timeouts.Timeouts(
                scale=case.flags.call_args.kwargs['timeout_scale'])
            self.assertEqual(0.3 * factor, matrix.LATE / speed)
            for delay, operation in (
                    (matrix.SLOW_LOOK['action'], 'guests.list'),
                    (matrix.REQUEST_FAULTS['late effect'],
                     'guests.create'),
                    (interfacecells.VERY_LATE, 'guests.couple')):
                self.assertLess(delay['delay'] / speed,
                                limits.read(operation))
