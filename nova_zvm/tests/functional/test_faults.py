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

"""

import dataclasses
import itertools
import os

from nova_zvm.tests.functional import faulting
from nova_zvm.tests.functional import faultmatrix


def cells(steps, kind, **options):
    for step in steps:
        name = '%s: %s' % (step.name, kind)
        if os.environ.get('ONLY', '') not in name:
            continue
        yield faulting.Cell(
            name, step.faults(kind),
            'ACTIVE' if step.gets_over(kind) else 'ERROR',
            stays=step.stays.get(kind, frozenset()),
            reaped=kind in (faultmatrix.BEFORE, faultmatrix.AFTER),
            **options)


def kills(steps, **options):
    for step in steps:
        name = '%s: %s' % (step.name, faultmatrix.KILLED)
        if os.environ.get('ONLY', '') not in name:
            continue
        yield faulting.Cell(
            name, kill=(step.pattern, step.nth),
            stays=step.stays.get(faultmatrix.KILLED, frozenset()), **options)


def delete_cells(steps, kind):
    for step in steps:
        name = 'delete, %s: %s' % (step.name, kind)
        if os.environ.get('ONLY', '') not in name:
            continue
        yield faulting.Cell(
            name, expected='ACTIVE', delete_faults=step.faults(kind),
            repeated=not step.gets_over(kind),
            stays=step.stays.get(kind, frozenset()))


class BootTest(faulting.FaultTestCase):
    """A request of a boot with a cached image fails."""

    def test_refused(self):
        self.run_cells(cells(faultmatrix.BOOT, 'refused'))

    def test_500(self):
        self.run_cells(cells(faultmatrix.BOOT, '500'))

    def test_503(self):
        self.run_cells(cells(faultmatrix.BOOT, '503'))

    def test_html(self):
        self.run_cells(cells(faultmatrix.BOOT, 'HTML 504'))

    def test_reply_lost(self):
        self.run_cells(cells(faultmatrix.BOOT, 'reply lost'))

    def test_late_effect(self):
        self.run_cells(cells(faultmatrix.BOOT, 'late effect'))

    def test_connector_killed_before(self):
        self.run_cells(cells(faultmatrix.BOOT, faultmatrix.BEFORE))

    def test_nova_compute_killed(self):
        self.run_cells(kills(faultmatrix.BOOT))


class FirstBootTest(faulting.FaultTestCase):
    """A request fails that only the first boot sends, or that of an image.

    """

    def test_refused(self):
        self._run('refused')

    def test_html(self):
        self._run('HTML 404')

    def test_late_effect(self):
        self._run('late effect')

    def test_connector_killed_after(self):
        self._run(faultmatrix.AFTER)

    def test_nova_compute_killed(self):
        self.run_cells(kills(faultmatrix.IMPORT, image=True))

    def _run(self, kind):
        self.run_cells(itertools.chain(
            cells(faultmatrix.FIRST_BOOT, kind, fresh=True),
            cells(faultmatrix.IMPORT, kind, image=True)))


class BootCommandTest(faulting.FaultTestCase):

    def test_refused(self):
        self.run_cells(cells(faultmatrix.BOOT_COMMANDS, 'refused'))

    def test_connector_killed_before(self):
        self.run_cells(cells(faultmatrix.BOOT_COMMANDS,
                             faultmatrix.BEFORE))

    def test_connector_killed_after(self):
        self.run_cells(cells(faultmatrix.BOOT_COMMANDS,
                             faultmatrix.AFTER))

    def test_late_in_the_middle(self):
        self.run_cells(cells(faultmatrix.LATE_COMMANDS, faultmatrix.MIDDLE))

    def test_guest_is_not_reachable(self):
        self.run_cells([faulting.Cell('unreachable guest', [
            {'match': {'command': 'iucvclnt'},
             'action': {'status': 1, 'output': 'no answer'}}])])


class DeleteTest(faulting.FaultTestCase):

    def test_requests(self):
        self.run_cells(itertools.chain(*(
            delete_cells(faultmatrix.DELETE, kind)
            for kind in faultmatrix.REQUEST_FAULTS if kind != 'gives up')))

    def test_commands(self):
        self.run_cells(itertools.chain(*(
            delete_cells(faultmatrix.DELETE_COMMANDS, kind)
            for kind in faultmatrix.COMMAND_FAULTS)))

    def test_nova_compute_killed(self):
        self.run_cells([
            faulting.Cell('delete: nova-compute killed', expected='ACTIVE',
                          delete_kill=('^DELETE /guests', 1))])


class UndoTest(faulting.FaultTestCase):
    """A boot fails, and so does the removal of what it has made."""

    def test_refused(self):
        self._run('refused')

    def test_500(self):
        self._run('500')

    def test_late_effect(self):
        self._run('late effect')

    def test_connector_killed_after(self):
        self._run(faultmatrix.AFTER)

    def test_nova_compute_killed(self):
        self.run_cells(
            dataclasses.replace(
                cell, faults=faultmatrix.START.faults('refused'))
            for cell in kills(faultmatrix.UNDO))

    def _run(self, kind):
        self.run_cells(
            dataclasses.replace(
                cell, faults=(cell.faults +
                              faultmatrix.START.faults('refused')))
            for cell in cells(faultmatrix.UNDO, kind))
