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
"""The cells of the matrix of snapshots: WHOLE has those of each test."""

import dataclasses
import itertools

from nova_zvm.tests.support.faults import matrix
from nova_zvm.tests.support.faults.matrix import AFTER
from nova_zvm.tests.support.faults.matrix import BEFORE
from nova_zvm.tests.support.faults.matrix import Command
from nova_zvm.tests.support.faults.matrix import KILLED
from nova_zvm.tests.support.faults.matrix import Request

# nova itself asks for the power state first.
STEPS = (
    Request('power state', '^GET /guests/.*/power_state_real', nth=2,
            recovers=matrix.QUERY),
    Request('info', '^GET /guests/.*/info', recovers=matrix.QUERY),
    Request('removal of an earlier image', '^DELETE /images'),
    Request('capture', '^POST /guests/.*/action'),
    Request('image query', '^GET /images', recovers=matrix.QUERY),
    Request('directory entry', '^GET /guests/.*/user_direct',
            recovers=matrix.QUERY),
    Request('download', '^POST /files'),
    Request('removal of the image', '^DELETE /images', nth=2,
            recovers=matrix.ANY | {BEFORE, AFTER, KILLED}),
)
# Those before the capture do not touch the guest.
AT_WORK = STEPS[3:]

# A connector that dies at its work leaves what it has captured so far.
STAGED = frozenset(['staged'])
# A guest whose Linux is shut down, and that is not logged off: for nova it
# runs, until its user reboots it.
HALTED = frozenset(['halted'])

CAPTURE = Command('creatediskimage', 'creatediskimage',
                  during=AT_WORK[0], stays={AFTER: STAGED})
COMMANDS = (
    Command('shutdown', 'iucvclnt .*shutdown',
            recovers=frozenset(['refused']), stays={AFTER: HALTED}),
    Command('Image_Deactivate', 'smcli Image_Deactivate',
            stays={'refused': HALTED, BEFORE: HALTED}),
    CAPTURE,
    Command('Image_Activate', 'smcli Image_Activate'),
)

# What Glance does in the upload: it breaks off after so many pieces, or takes
# the first one for the whole, or the image is deleted meanwhile.
IN_PART = 'in part'
DELETED = 'image deleted'


@dataclasses.dataclass
class Cell(matrix.Cell):
    """A snapshot with a fault on the way.

    :ivar taken: whether Glance has it at the end
    :ivar uploads: how the first uploads to Glance fail, one after the other
    """

    taken: bool = False
    uploads: tuple = ()


def cells(verb, steps, *kinds):
    for kind, step in itertools.product(kinds, steps):
        yield Cell(verb, step.name, kind, step.faults(kind),
                   taken=step.gets_over(kind),
                   stays=step.stays.get(kind, frozenset()))


def pages():
    for step, kind in zip(STEPS, itertools.cycle(matrix.PAGES)):
        yield from cells('snapshot', [step], kind)


def kills():
    for step in STEPS:
        yield Cell('snapshot', step.name, KILLED,
                   taken=step.gets_over(KILLED),
                   kill=(step.pattern, step.nth))


WHOLE = {
    'snapshot_answered': [
        *cells('snapshot', STEPS, 'refused', '500', '503'), *pages()],
    'snapshot_not_answered': [
        *cells('snapshot', STEPS, 'reply lost', 'late effect'),
        *cells('snapshot', AT_WORK, BEFORE, AFTER), *kills()],
    'snapshot_commands': [
        *cells('snapshot command', COMMANDS, *matrix.COMMAND_FAULTS),
        # The capture goes on alone.
        Cell('snapshot command', CAPTURE.name, matrix.MIDDLE, [
            AT_WORK[0].fault({'late': True}),
            CAPTURE.fault({'delay': matrix.LATE})]),
        # The guest cannot be started at once.
        Cell('snapshot', 'start', '500', [
            *CAPTURE.faults('refused'),
            Request('start', '^POST /guests/.*/action', nth=2).fault(
                matrix.REQUEST_FAULTS['500'])]),
        # nova tries again, from the first byte.
        Cell('snapshot', 'upload', 'broken off three times',
             uploads=(0, 1, 2), taken=True),
        Cell('snapshot', 'upload', 'broken off', uploads=(1, 1, 1, 1)),
        # Glance's client authenticates again and sends only the rest.
        Cell('snapshot', 'upload', IN_PART, uploads=(IN_PART,)),
        Cell('snapshot', 'upload', DELETED, uploads=(DELETED,))],
}
