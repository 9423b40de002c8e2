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
"""What a sample of the cells of the fault matrices covers."""

import collections

import testtools

from nova_zvm.tests.support.faults import bootcells
from nova_zvm.tests.support.faults import interfacecells
from nova_zvm.tests.support.faults import matrix as faultmatrix
from nova_zvm.tests.support.faults import sample
from nova_zvm.tests.support.faults import snapshotcells

CELLS = [cell for cells in sample.WHOLE.values() for cell in cells]
SAMPLE = [cell for cell in CELLS if cell.name in sample.NAMES]

# What each request and each command meets somewhere.
KINDS = {*faultmatrix.REQUEST_FAULTS, *faultmatrix.COMMAND_FAULTS,
         *interfacecells.NOVA_KILLED, faultmatrix.KILLED, faultmatrix.MIDDLE,
         'very late'}


def counted(cells):
    return collections.Counter(cell.kind for cell in cells)


def steps(cells):
    return {(cell.verb, cell.step) for cell in cells}


class TestWhole(testtools.TestCase):

    def test_names(self):
        names = collections.Counter(cell.name for cell in CELLS)
        self.assertEqual([], [name for name in names if names[name] > 1])

    def test_not_fewer_than_there_were(self):
        self.assertGreaterEqual(len(CELLS), 614)

    def test_requests_and_commands(self):
        """Each that a boot or a delete makes has a cell."""
        for verb, of_verb in (
                ('boot', faultmatrix.BOOT), ('import', faultmatrix.IMPORT),
                ('first boot', faultmatrix.FIRST_BOOT),
                ('boot command', faultmatrix.BOOT_COMMANDS),
                ('boot command', faultmatrix.LATE_COMMANDS),
                ('delete', faultmatrix.DELETE),
                ('delete command', faultmatrix.DELETE_COMMANDS),
                ('undo', faultmatrix.UNDO),
                ('snapshot', snapshotcells.STEPS),
                ('snapshot command', snapshotcells.COMMANDS)):
            for step in of_verb:
                self.assertIn((verb, step.name), steps(CELLS))


class TestSample(testtools.TestCase):

    def test_each_step(self):
        self.assertEqual(steps(CELLS), steps(SAMPLE))

    def test_each_kind(self):
        least = {kind: min(sample.LEAST, number)
                 for kind, number in counted(CELLS).items()}
        found = counted(SAMPLE)
        self.assertEqual({}, {kind: found[kind] for kind in least
                              if found[kind] < least[kind]})

    def test_kinds_that_must_come_three_times(self):
        found = counted(SAMPLE)
        self.assertEqual([], sorted(
            kind for kind in KINDS if found[kind] < 3))

    def test_states_of_guests_and_ways_of_users(self):
        """The guest runs or not, and the user does each thing next."""
        found = [cell for cell in SAMPLE
                 if isinstance(cell, interfacecells.Cell)]
        self.assertEqual(set(interfacecells.STATES),
                         {(cell.on, cell.vlan) for cell in found})
        self.assertLessEqual(set(interfacecells.WAYS),
                             {cell.way for cell in found})

    def test_what_nothing_else_notices(self):
        self.assertLessEqual(sample.ALWAYS, sample.NAMES)
        self.assertLessEqual(sample.ALWAYS,
                             {cell.name for cell in CELLS})

    def test_small(self):
        self.assertLess(len(SAMPLE), len(CELLS) / 4)

    def test_dealt_to_tests(self):
        """Each cell of the sample is run once."""
        dealt = [cell.name
                 for matrix in (bootcells, snapshotcells, interfacecells)
                 for cells in sample.of(matrix.WHOLE, 2).values()
                 for cell in cells]
        self.assertEqual(sorted(sample.NAMES), sorted(dealt))

    def test_new_step(self):
        """A cell of a step that is new is in the sample."""
        new = faultmatrix.Cell('boot', 'something new', 'refused')
        self.assertIn(new.name, sample.Sample([*CELLS, new]).names())

    def test_new_kind(self):
        """A kind that is new comes three times."""
        new = [faultmatrix.Cell('boot', step.name, 'something new')
               for step in faultmatrix.BOOT]
        names = sample.Sample([*CELLS, *new]).names()
        self.assertGreaterEqual(
            len([cell for cell in new if cell.name in names]), 3)
