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
"""A sample of the cells of all matrices, for each change.

Every step fails once, and every kind of fault comes LEAST times. Which cells
these are follows from the cells alone, so that a new step or a new kind is in
the sample at once.
"""

import collections

from nova_zvm.tests.support.faults import bootcells
from nova_zvm.tests.support.faults import interfacecells
from nova_zvm.tests.support.faults import snapshotcells

WHOLE = {**bootcells.WHOLE, **snapshotcells.WHOLE, **interfacecells.WHOLE}

LEAST = 3

# No other test notices what breaks these: that a failed boot waits for a
# create that is still under way, and that a new nova-compute looks after the
# snapshots of one that was killed.
ALWAYS = frozenset([
    'boot, create: late effect',
    'snapshot, capture: nova-compute killed',
    'snapshot, download: nova-compute killed',
])


class Sample:
    """Cells that are chosen one by one."""

    def __init__(self, cells):
        self._cells = cells
        self._chosen = {}
        self._kinds = collections.Counter()
        self._kinds_of_verbs = collections.Counter()
        # The steps with the most kinds are those that change something.
        self._kinds_of_steps = collections.Counter(
            (cell.verb, cell.step) for cell in cells)

    def names(self):
        """Return the names of a sample of cells."""
        for cell in self._cells:
            if cell.name in ALWAYS:
                self._choose(cell)
        steps = self._by(lambda cell: (cell.verb, cell.step))
        for cells in sorted(steps, key=len, reverse=True):
            if not any(cell.name in self._chosen for cell in cells):
                self._choose(min(cells, key=self._use))
        for cells in self._by(lambda cell: cell.kind):
            while self._kinds[cells[0].kind] < min(LEAST, len(cells)):
                self._choose(min((cell for cell in cells
                                  if cell.name not in self._chosen),
                                 key=self._use))
        return frozenset(self._chosen)

    def _by(self, key):
        groups = collections.defaultdict(list)
        for cell in self._cells:
            groups[key(cell)].append(cell)
        return groups.values()

    def _use(self, cell):
        """Return what is least of the cell to choose next."""
        return (self._kinds_of_verbs[cell.verb, cell.kind],
                self._kinds[cell.kind],
                -self._kinds_of_steps[cell.verb, cell.step])

    def _choose(self, cell):
        self._chosen[cell.name] = cell
        self._kinds[cell.kind] += 1
        self._kinds_of_verbs[cell.verb, cell.kind] += 1


NAMES = Sample([
    cell for cells in WHOLE.values() for cell in cells]).names()


def of(whole, number):
    """Deal what is of a matrix to so many tests; return cells by name."""
    cells = [cell for cells in whole.values() for cell in cells
             if cell.name in NAMES]
    return {'sample_%d' % (first + 1): cells[first::number]
            for first in range(number)}
