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

"""The matrix of faults: every step of a boot and a delete, every way to fail.

NOVA_ZVM_CELLS in the environment is a regular expression that chooses among
the cells, which are named "step: kind of fault".
"""

import dataclasses
import itertools

from nova_zvm.tests.functional import faulting
from nova_zvm.tests.functional import faultmatrix


def boots(steps, *kinds, **options):
    """Yield a boot that fails for each step and kind, and its delete."""
    for kind, step in itertools.product(kinds, steps):
        yield faulting.Cell(
            '%s: %s' % (step.name, kind), step.faults(kind),
            'ACTIVE' if step.gets_over(kind) else 'ERROR',
            stays=step.stays.get(kind, frozenset()),
            reaped=kind in (faultmatrix.BEFORE, faultmatrix.AFTER),
            **options)


def kills(steps, **options):
    """Yield a boot for each step in which nova-compute is killed."""
    for step in steps:
        yield faulting.Cell(
            '%s: %s' % (step.name, faultmatrix.KILLED),
            kill=(step.pattern, step.nth),
            stays=step.stays.get(faultmatrix.KILLED, frozenset()), **options)


def deletes(steps, *kinds):
    """Yield a boot that succeeds and a delete that fails."""
    for kind, step in itertools.product(kinds, steps):
        yield faulting.Cell(
            'delete, %s: %s' % (step.name, kind), expected='ACTIVE',
            delete_faults=step.faults(kind),
            repeated=not step.gets_over(kind),
            stays=step.stays.get(kind, frozenset()))


class BootTest(faulting.FaultTestCase):
    """A request of a boot fails, its image being there."""

    def test_refused(self):
        self.run_cells(boots(faultmatrix.BOOT, 'refused'))

    def test_500(self):
        self.run_cells(boots(faultmatrix.BOOT, '500'))

    def test_503(self):
        self.run_cells(boots(faultmatrix.BOOT, '503'))

    def test_html(self):
        for number, step in enumerate(faultmatrix.BOOT):
            kind = ('HTML 504', 'HTML 502', 'HTML 404')[number % 3]
            self.run_cells(boots([step], kind))

    def test_reply_lost(self):
        self.run_cells(boots(faultmatrix.BOOT, 'reply lost'))

    def test_late_effect(self):
        self.run_cells(boots(faultmatrix.BOOT, 'late effect'))

    def test_connector_killed(self):
        self.run_cells(boots(faultmatrix.BOOT_WITHOUT_COMMANDS,
                             faultmatrix.BEFORE, faultmatrix.AFTER))

    def test_nova_compute_killed(self):
        self.run_cells(kills(faultmatrix.BOOT))


class FirstBootTest(faulting.FaultTestCase):
    """A request fails that a driver sends once, or once for an image."""

    def test_failed(self):
        self._run('refused', 'HTML 404')

    def test_500(self):
        self._run('500')

    def test_503(self):
        self._run('503')

    def test_reply_lost(self):
        self._run('reply lost')

    def test_late_effect(self):
        self._run('late effect')

    def test_connector_killed(self):
        self._run(faultmatrix.AFTER)

    def test_nova_compute_killed(self):
        self.run_cells(kills(faultmatrix.FIRST_BOOT, fresh=True))
        self.run_cells(kills(faultmatrix.IMPORT, image=True))

    def _run(self, *kinds):
        self.run_cells(boots(faultmatrix.FIRST_BOOT, *kinds, fresh=True))
        self.run_cells(boots(faultmatrix.IMPORT, *kinds, image=True))


class BootCommandTest(faulting.FaultTestCase):
    """A command fails that the connector gives to z/VM for a boot."""

    def test_refused(self):
        self.run_cells(boots(faultmatrix.BOOT_COMMANDS, 'refused'))

    def test_connector_killed_before(self):
        self.run_cells(boots(faultmatrix.FIRST_COMMANDS, faultmatrix.BEFORE))

    def test_connector_killed_after(self):
        self.run_cells(boots(faultmatrix.BOOT_COMMANDS, faultmatrix.AFTER))

    def test_late_in_the_middle(self):
        self.run_cells(boots(faultmatrix.LATE_COMMANDS, faultmatrix.MIDDLE))
        self.run_cells([faulting.Cell('start: guest is not reachable', [
            {'match': {'command': 'iucvclnt'},
             'action': {'status': 1, 'output': 'no answer'}}])])


class DeleteTest(faulting.FaultTestCase):

    def test_requests(self):
        self.run_cells(deletes(faultmatrix.DELETE,
                               *faultmatrix.REQUEST_FAULTS))
        self.run_cells([
            faulting.Cell('delete: nova-compute killed', expected='ACTIVE',
                          delete_kill=('^DELETE /guests', 1))])

    def test_commands(self):
        self.run_cells(deletes(faultmatrix.DELETE_COMMANDS,
                               *faultmatrix.COMMAND_FAULTS))


class UndoTest(faulting.FaultTestCase):
    """A boot fails, and so does the removal of what it has made."""

    def test_requests(self):
        self._run(boots(faultmatrix.UNDO, 'refused', 'late effect'))

    def test_killed(self):
        self._run(boots(faultmatrix.UNDO, faultmatrix.AFTER))
        self._run(kills(faultmatrix.UNDO))

    def _run(self, cells):
        failed_start = faultmatrix.START.faults('refused')
        self.run_cells(
            dataclasses.replace(cell, faults=cell.faults + failed_start)
            for cell in cells)
