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
"""The cells of the matrices of boots and deletes.

WHOLE has the cells of each test. A boot is followed by a delete, and a delete
by a second one if the first fails: after that nothing may be left.
"""

import dataclasses
import itertools

from nova_zvm.tests.support.faults import matrix
from nova_zvm.tests.support.faults.matrix import AFTER
from nova_zvm.tests.support.faults.matrix import BEFORE
from nova_zvm.tests.support.faults.matrix import KILLED
from nova_zvm.tests.support.faults.matrix import MIDDLE


@dataclasses.dataclass
class Cell(matrix.Cell):
    """One boot and delete with a fault on the way.

    :ivar expected: the server's state after the boot
    :ivar delete_faults: of the simulated z/VM, for the user's delete
    :ivar delete_kill: request, and its number, with which nova-compute is
        killed at the delete
    :ivar repeated: whether the user has to delete a second time
    :ivar image: whether the boot imports its image
    :ivar fresh: whether nova-compute is restarted before it
    :ivar reaped: whether nova's periodic task has to come after the delete,
        as the connector was down when the boot failed
    """

    expected: str = 'ERROR'
    delete_faults: list = dataclasses.field(default_factory=list)
    delete_kill: tuple | None = None
    repeated: bool = False
    image: bool = False
    fresh: bool = False
    reaped: bool = False


def boots(verb, steps, *kinds, **options):
    """Yield a boot that fails for each step and kind, and its delete."""
    for kind, step in itertools.product(kinds, steps):
        yield Cell(
            verb, step.name, kind, step.faults(kind),
            expected='ACTIVE' if step.gets_over(kind) else 'ERROR',
            stays=step.stays.get(kind, frozenset()),
            reaped=kind in (BEFORE, AFTER), **options)


def pages(verb, steps):
    """Yield a boot for each step, with an answer that is no connector's."""
    for step, kind in zip(steps, itertools.cycle(matrix.PAGES)):
        yield from boots(verb, [step], kind)


def kills(verb, steps, **options):
    """Yield a boot for each step in which nova-compute is killed."""
    for step in steps:
        yield Cell(verb, step.name, KILLED, kill=(step.pattern, step.nth),
                   stays=step.stays.get(KILLED, frozenset()), **options)


def deletes(verb, steps, *kinds):
    """Yield a boot that succeeds and a delete that fails."""
    for kind, step in itertools.product(kinds, steps):
        yield Cell(
            verb, step.name, kind, expected='ACTIVE',
            delete_faults=step.faults(kind),
            repeated=not step.gets_over(kind),
            stays=step.stays.get(kind, frozenset()))


def first_boots(*kinds):
    """Yield those in which a request fails that most boots do not send."""
    yield from boots('first boot', matrix.FIRST_BOOT, *kinds, fresh=True)
    yield from boots('import', matrix.IMPORT, *kinds, image=True)


def undos(*cells):
    """Yield boots that fail, and so does the removal of what they made."""
    failed_start = matrix.START.faults('refused')
    for cell in cells:
        yield dataclasses.replace(cell, faults=cell.faults + failed_start)


WHOLE = {
    'boot_answered': [
        *boots('boot', matrix.BOOT, 'refused', '500', '503')],
    'boot_not_answered': [
        *pages('boot', matrix.BOOT),
        *boots('boot', matrix.BOOT, 'reply lost', 'late effect')],
    'boot_killed': [
        *boots('boot', matrix.BOOT_WITHOUT_COMMANDS, BEFORE, AFTER),
        *kills('boot', matrix.BOOT)],
    'first_boot_answered': [
        *first_boots('refused', 'HTML 404', '500', '503')],
    'first_boot_not_answered': [
        *first_boots('reply lost', 'late effect', AFTER),
        *kills('first boot', matrix.FIRST_BOOT, fresh=True),
        *kills('import', matrix.IMPORT, image=True)],
    'boot_commands': [
        *boots('boot command', matrix.BOOT_COMMANDS, 'refused'),
        *boots('boot command', matrix.FIRST_COMMANDS, BEFORE)],
    'boot_commands_cut_off': [
        *boots('boot command', matrix.BOOT_COMMANDS, AFTER),
        *boots('boot command', matrix.LATE_COMMANDS, MIDDLE),
        Cell('boot command', 'start', 'guest is not reachable', [
            {'match': {'command': 'iucvclnt'},
             'action': {'status': 1, 'output': 'no answer'}}])],
    'delete': [
        *deletes('delete', matrix.DELETE, *matrix.REQUEST_FAULTS),
        Cell('delete', 'delete', KILLED, expected='ACTIVE',
             delete_kill=('^DELETE /guests', 1)),
        *deletes('delete command', matrix.DELETE_COMMANDS,
                 *matrix.COMMAND_FAULTS)],
    'undo': [
        *undos(*boots('undo', matrix.UNDO, 'refused', 'late effect',
                      AFTER),
               *kills('undo', matrix.UNDO))],
}
