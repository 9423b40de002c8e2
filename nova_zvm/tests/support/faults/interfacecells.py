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
"""The cells of the matrices of attach and detach.

WHOLE has the cells of each test. Guests that run and ports in a VLAN change
from cell to cell, and so does what the user does next.
"""

import dataclasses
import itertools

from nova_zvm.tests.support.faults import matrix
from nova_zvm.tests.support.faults.matrix import AFTER
from nova_zvm.tests.support.faults.matrix import ANY
from nova_zvm.tests.support.faults.matrix import BEFORE
from nova_zvm.tests.support.faults.matrix import Command
from nova_zvm.tests.support.faults.matrix import QUERY
from nova_zvm.tests.support.faults.matrix import Request

KINDS = ('refused', '500', '503', 'reply lost', 'late effect', BEFORE, AFTER)
READ_KINDS = ('refused', AFTER)
NOVA_KILLED = ('nova-compute killed before', 'nova-compute killed after')

GRANT = Request('grant', '^PUT /vswitches')
INTERFACE = Request('interface', '^POST /guests/.*/interface')
COUPLE = Request('couple', '^PUT /guests/.*/nic/')
ATTACH_READS = (
    Request('power state', '^GET /guests/.*/power_state', recovers=QUERY),
    Request('NIC of the port', '^GET /guests/nics', recovers=QUERY),
    Request('directory entry', '^GET /guests/.*/user_direct',
            recovers=QUERY),
)
ATTACH_WRITES = (GRANT, INTERFACE, COUPLE)
# Only a guest that is on has them.
ATTACH_ADAPTERS = Request('adapters', '^GET /guests/.*/adapters',
                          recovers=ANY | {BEFORE, AFTER})

# What undoes an attach whose couple was refused.
UNDO = (
    Request('power state', '^GET /guests/.*/power_state', nth=2),
    Request('NICs', '^GET /guests/nics', nth=2),
    Request('removal', '^DELETE /guests/.*/interface'),
    Request('NICs on the switch', '^GET /guests/nics', nth=4),
    Request('revoke', '^PUT /vswitches', nth=2),
)
UNDO_ALONE = Request('removal alone', '^DELETE /guests/.*/nic/')

DETACH_READS = (
    Request('power state', '^GET /guests/.*/power_state', recovers=QUERY),
    Request('NIC of the port', '^GET /guests/nics', recovers=QUERY),
    Request('power state again', '^GET /guests/.*/power_state', nth=2,
            recovers=QUERY),
    Request('NICs', '^GET /guests/nics', nth=2, recovers=QUERY),
    Request('NICs on the switch', '^GET /guests/nics', nth=3,
            recovers=QUERY),
)
DETACH_WRITES = (
    Request('removal', '^DELETE /guests/.*/interface', recovers=ANY),
    Request('revoke', '^PUT /vswitches'),
)
DETACH_ADAPTERS = Request('adapters', '^GET /guests/.*/adapters',
                          recovers=QUERY)

REFUSED = frozenset(['refused'])

# The connector writes a statement before its own row, and has no call to
# remove one without a row (zvmsdk/smtclient.py _create_nic, delete_nic,
# 1.6.3). If it dies in between, the guest keeps a NIC that nobody uses.
STATEMENT = frozenset(['statement'])

ATTACH_COMMANDS = (
    Command('NIC', 'smcli Virtual_Network_Adapter_Create_Extended_DM',
            stays={AFTER: STATEMENT}),
    Command('punch', 'vmur punch'),
    Command('transfer', 'vmcp transfer'),
    Command('Image_Query_DM', 'smcli Image_Query_DM', nth=2),
    Command('Image_Lock_DM', 'smcli Image_Lock_DM'),
    Command('Image_Replace_DM', 'smcli Image_Replace_DM'),
    Command('grant', 'smcli Virtual_Network_Vswitch_Set_Extended'),
)
ATTACH_COMMANDS_ON = (
    Command('live NIC', 'smcli Virtual_Network_Adapter_Create_Extended ',
            stays={BEFORE: STATEMENT, AFTER: STATEMENT}),
    Command('activation', 'iucvclnt'),
    Command('live couple', 'smcli Virtual_Network_Adapter_Connect_Vswitch'),
    Command('adapters', 'smcli Virtual_Network_Adapter_Query_Extended',
            recovers=frozenset(['refused', BEFORE, AFTER])),
)
DETACH_COMMANDS = (
    Command('NIC', 'smcli Virtual_Network_Adapter_Delete_DM',
            recovers=REFUSED),
    Command('punch', 'vmur punch', recovers=REFUSED),
    Command('transfer', 'vmcp transfer', recovers=REFUSED),
    Command('revoke', 'smcli Virtual_Network_Vswitch_Set_Extended'),
)
DETACH_COMMANDS_ON = (
    Command('live NIC', 'smcli Virtual_Network_Adapter_Delete ',
            recovers=REFUSED),
    Command('activation', 'iucvclnt', recovers=REFUSED),
    Command('adapters', 'smcli Virtual_Network_Adapter_Query_Extended'),
)

# Later than the next attach takes.
VERY_LATE = {'late': True, 'delay': 5 * matrix.LATE}

UNDOING = ' undone'

# What the user does next.
RETRY = 'retry'
OTHER = 'attach_another'
DETACH = 'detach_one'
DELETE = 'delete_server'
WAYS = (RETRY, OTHER, DETACH)


@dataclasses.dataclass
class Cell(matrix.Cell):
    """An attach or a detach with a fault on the way.

    :ivar on: whether the guest runs
    :ivar vlan: of the port
    :ivar way: what the user does when it has failed
    :ivar done: whether it succeeds
    :ivar at_once: whether nova and z/VM agree before that
    :ivar stays: what only a delete removes
    :ivar late: whether the user goes on while the connector is at work
    """

    on: bool = True
    vlan: int | None = None
    way: str = RETRY
    done: bool = False
    at_once: bool = False
    late: bool = False

    @property
    def detaches(self):
        return self.verb.startswith('detach')

    @property
    def name(self):
        return ', '.join((super().name, 'on' if self.on else 'off',
                          'VLAN' if self.vlan else 'flat', self.way))


# Of the servers' first ports each is in the other network, and the third
# case shares the switch and its grant with it.
STATES = ((True, 100), (False, None), (True, None), (False, 100))
ON = STATES[::2]


def cells(verb, steps, kinds, states=STATES, ways=WAYS, faults=(), of=''):
    """Yield a cell for each step and kind, in one of the states and ways.

    :param of: what the steps belong to, if not to the verb itself
    """
    for (row, kind), (column, step) in itertools.product(
            enumerate(kinds), enumerate(steps)):
        on, vlan = states[(row + column) % len(states)]
        killed = kind in NOVA_KILLED
        done = step.gets_over(kind)
        yield Cell(
            verb + of, step.name, kind,
            [*faults, *([] if killed else step.faults(kind))],
            kill=((step.pattern, step.nth, kind == NOVA_KILLED[0])
                  if killed else None),
            stays=step.stays.get(kind, frozenset()), on=on, vlan=vlan,
            way=ways[(row + column) % len(ways)], done=done,
            at_once=done or verb == 'attach' and not (
                faults or killed or kind in (BEFORE, AFTER)))


def pages(verb, steps, **options):
    """Yield a cell for each step, with an answer that is no connector's."""
    for step, kind in zip(steps, itertools.cycle(matrix.PAGES)):
        yield from cells(verb, [step], [kind], **options)


def commands(verb, steps, states):
    return cells(verb, steps, matrix.COMMAND_FAULTS, states,
                 of=' command')


def kills(verb, steps, ways, states=STATES):
    """Yield cells for each step and each of the ways."""
    for way in ways:
        yield from cells(verb, steps, NOVA_KILLED, states, (way,))


def very_late():
    """Yield those in which the next attach comes before the effect."""
    refused = COUPLE.faults('refused')
    states = itertools.cycle(STATES[:2])
    for verb, step, faults in (
            ('attach', GRANT, []),
            ('attach', INTERFACE, []),
            ('attach', COUPLE, []),
            ('attach' + UNDOING, UNDO[2], refused),
            ('attach' + UNDOING, UNDO[4], refused),
            ('detach', DETACH_WRITES[0], []),
            ('detach', DETACH_WRITES[1], [])):
        on, vlan = next(states)
        yield Cell(verb, step.name, 'very late',
                   [step.fault(VERY_LATE), *faults], on=on, vlan=vlan,
                   way=OTHER, late=True, done=step.gets_over('late effect'))


WHOLE = {
    'attach': [
        *cells('attach', ATTACH_READS, READ_KINDS),
        *cells('attach', ATTACH_WRITES, KINDS),
        *pages('attach', ATTACH_WRITES),
        *cells('attach', [ATTACH_ADAPTERS],
               ('refused', 'late effect', AFTER), ON),
        # The couple is refused, and what is to undo the attach fails.
        *cells('attach', UNDO, READ_KINDS, STATES[:2],
               faults=COUPLE.faults('refused'), of=UNDOING),
        *cells('attach', [UNDO_ALONE], READ_KINDS, STATES[:2],
               faults=[*COUPLE.faults('refused'), *UNDO[2].faults('refused')],
               of=UNDOING)],
    'attach_commands': [
        *commands('attach', ATTACH_COMMANDS, STATES),
        *commands('attach', ATTACH_COMMANDS_ON, ON)],
    'detach': [
        *cells('detach', DETACH_READS, READ_KINDS),
        *cells('detach', DETACH_WRITES, KINDS, STATES[:2]),
        *pages('detach', DETACH_WRITES, states=STATES[:2]),
        *cells('detach', [DETACH_ADAPTERS], READ_KINDS, ON),
        *commands('detach', DETACH_COMMANDS, STATES[:2]),
        *commands('detach', DETACH_COMMANDS_ON, ON)],
    'interfaces_nova_compute_killed': [
        *cells('attach', ATTACH_READS[:1], NOVA_KILLED, ways=(OTHER, DETACH)),
        *cells('attach', [ATTACH_ADAPTERS], NOVA_KILLED, ON,
               (OTHER, DETACH)),
        *kills('attach', ATTACH_WRITES, (OTHER, DETACH)),
        *cells('detach', DETACH_READS[::4], NOVA_KILLED),
        *kills('detach', DETACH_WRITES, (RETRY, OTHER), STATES[:2])],
    'interfaces_late': [*very_late()],
    # The server is deleted after all that leaves something.
    'interfaces_server_deleted': [
        *cells('attach', ATTACH_WRITES, (AFTER, NOVA_KILLED[1]),
               ways=(DELETE,)),
        *cells('attach', ATTACH_COMMANDS_ON[::2], (AFTER,), ON, (DELETE,),
               of=' command'),
        *cells('detach', DETACH_WRITES, (BEFORE, AFTER), STATES[:2],
               (DELETE,))],
}
