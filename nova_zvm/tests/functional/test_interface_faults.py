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

"""Attach and detach with one fault each, and what must be: all or nothing.

Each step of an attach and a detach fails in each way. Either nova and z/VM
agree at once, or they do after whatever the user does next.
"""

import contextlib
import dataclasses
import itertools
import threading

from nova import objects
from nova.tests.functional.api import client as api_client

from nova_zvm.tests.functional import faulting
from nova_zvm.tests.functional import faultmatrix
from nova_zvm.tests.functional.faultmatrix import AFTER
from nova_zvm.tests.functional.faultmatrix import ANY
from nova_zvm.tests.functional.faultmatrix import BEFORE
from nova_zvm.tests.functional.faultmatrix import Command
from nova_zvm.tests.functional.faultmatrix import QUERY
from nova_zvm.tests.functional.faultmatrix import Request
from nova_zvm.tests.functional import killer
from nova_zvm.tests.functional import networking

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
VERY_LATE = {'late': True, 'delay': 5 * faultmatrix.LATE}

# What the user does next.
RETRY = 'retry'
OTHER = 'attach_another'
DETACH = 'detach_one'
DELETE = 'delete_server'
WAYS = (RETRY, OTHER, DETACH)


@dataclasses.dataclass
class Cell:
    """An attach or a detach with a fault on the way.

    :ivar verb: 'attach' or 'detach'
    :ivar on: whether the guest runs
    :ivar vlan: of the port
    :ivar way: what the user does when it has failed
    :ivar done: whether it succeeds
    :ivar at_once: whether nova and z/VM agree before that
    :ivar stays: what only a delete removes
    :ivar late: whether the user goes on while the connector is at work
    :ivar kill: request, its number and whether nova-compute is killed before
    """

    name: str
    verb: str
    on: bool
    vlan: int | None
    way: str
    faults: list = dataclasses.field(default_factory=list)
    done: bool = False
    at_once: bool = False
    stays: frozenset = frozenset()
    late: bool = False
    kill: tuple | None = None


# Of the servers' first ports each is in the other network, and the third
# case shares the switch and its grant with it.
STATES = ((True, 100), (False, None), (True, None), (False, 100))
ON = STATES[::2]


def cells(verb, steps, kinds, states=STATES, ways=WAYS, faults=()):
    """Yield a cell for each step and kind, in one of the states and ways."""
    for (row, kind), (column, step) in itertools.product(
            enumerate(kinds), enumerate(steps)):
        on, vlan = states[(row + column) % len(states)]
        way = ways[(row + column) % len(ways)]
        killed = kind in NOVA_KILLED
        done = step.gets_over(kind)
        yield Cell(
            ', '.join((verb, 'on' if on else 'off',
                       'VLAN' if vlan else 'flat', step.name, kind, way)),
            verb, on, vlan, way,
            faults=[*faults, *([] if killed else step.faults(kind))],
            done=done,
            at_once=done or verb == 'attach' and not (
                faults or killed or kind in (BEFORE, AFTER)),
            stays=step.stays.get(kind, frozenset()),
            kill=((step.pattern, step.nth, kind == NOVA_KILLED[0])
                  if killed else None))


def html(verb, steps, **options):
    """Yield a cell for each step, with answers that are no connector's."""
    for number, step in enumerate(steps):
        kind = ('HTML 504', 'HTML 502', 'HTML 404')[number % 3]
        yield from cells(verb, [step], [kind], **options)


class InterfaceFaultTest(faulting.FaultTestCase,
                         networking.NetworkingTestCase):

    def setUp(self):
        super().setUp()
        self._boot_servers()

    def test_attach(self):
        self.run_cells(cells('attach', ATTACH_READS, READ_KINDS))
        self.run_cells(cells('attach', ATTACH_WRITES, KINDS))
        self.run_cells(html('attach', ATTACH_WRITES))
        self.run_cells(cells('attach', [ATTACH_ADAPTERS],
                             ('refused', 'late effect', AFTER), ON))
        # The couple is refused, and what is to undo the attach fails.
        self.run_cells(cells('attach', UNDO, READ_KINDS, STATES[:2],
                             faults=COUPLE.faults('refused')))
        self.run_cells(cells('attach', [UNDO_ALONE], READ_KINDS, STATES[:2],
                             faults=[*COUPLE.faults('refused'),
                                     *UNDO[2].faults('refused')]))

    def test_attach_commands(self):
        self.run_cells(cells('attach', ATTACH_COMMANDS,
                             faultmatrix.COMMAND_FAULTS))
        self.run_cells(cells('attach', ATTACH_COMMANDS_ON,
                             faultmatrix.COMMAND_FAULTS, ON))

    def test_detach(self):
        self.run_cells(cells('detach', DETACH_READS, READ_KINDS))
        self.run_cells(cells('detach', DETACH_WRITES, KINDS, STATES[:2]))
        self.run_cells(html('detach', DETACH_WRITES, states=STATES[:2]))
        self.run_cells(cells('detach', [DETACH_ADAPTERS], READ_KINDS, ON))

    def test_detach_commands(self):
        self.run_cells(cells('detach', DETACH_COMMANDS,
                             faultmatrix.COMMAND_FAULTS, STATES[:2]))
        self.run_cells(cells('detach', DETACH_COMMANDS_ON,
                             faultmatrix.COMMAND_FAULTS, ON))

    def test_nova_compute_killed(self):
        self.run_cells(cells('attach', ATTACH_READS[:1], NOVA_KILLED,
                             ways=(OTHER, DETACH)))
        self.run_cells(cells('attach', [ATTACH_ADAPTERS], NOVA_KILLED, ON,
                             ways=(OTHER, DETACH)))
        for way in (OTHER, DETACH):
            self.run_cells(cells('attach', ATTACH_WRITES, NOVA_KILLED,
                                 ways=(way,)))
        self.run_cells(cells('detach', DETACH_READS[::4], NOVA_KILLED))
        for way in (RETRY, OTHER):
            self.run_cells(cells('detach', DETACH_WRITES, NOVA_KILLED,
                                 STATES[:2], (way,)))

    def test_delete(self):
        """The server is deleted after all that leaves something."""
        self.run_cells(cells('attach', ATTACH_WRITES, (AFTER, NOVA_KILLED[1]),
                             ways=(DELETE,)))
        self.run_cells(cells('attach', ATTACH_COMMANDS_ON[::2], (AFTER,), ON,
                             (DELETE,)))
        self.run_cells(cells('detach', DETACH_WRITES, (BEFORE, AFTER),
                             STATES[:2], (DELETE,)))

    def test_late_effects(self):
        """What comes late does not meet the NIC of the next attach."""
        refused = COUPLE.faults('refused')
        states = itertools.cycle(STATES[:2])
        for verb, step, faults in (
                ('attach', GRANT, []),
                ('attach', INTERFACE, []),
                ('attach', COUPLE, []),
                ('attach', UNDO[2], refused),
                ('attach', UNDO[4], refused),
                ('detach', DETACH_WRITES[0], []),
                ('detach', DETACH_WRITES[1], [])):
            on, vlan = next(states)
            self.run_cells([Cell(
                '%s, %s: very late' % (verb, step.name), verb, on, vlan,
                OTHER, [step.fault(VERY_LATE), *faults], late=True,
                done=step.gets_over('late effect'))])

    # Servers

    def _boot_servers(self):
        self.servers, self.first, self.hot = {}, {}, {}
        for on in (True, False):
            self._boot_server(on)

    def _boot_server(self, on):
        """Boot a server with its first port, and maybe stop it."""
        port = self.make_port(vlan=None if on else networking.VLAN)
        server = self.boot_on(port)
        self.servers[on] = server if on else self.stop(server)
        self.first[server['id']] = port
        self.hot[server['id']] = []

    def _start_over(self):
        super()._start_over()
        self._boot_servers()

    def _foreign_guests(self):
        state = self.zvm.machine.state()
        return [super()._foreign_guests(), {
            userid: (state['directory'][userid], self.grants(userid),
                     [row for row in self.rows('switch')
                      if row['userid'] == userid])
            for userid in faulting.FOREIGN}]

    # Cells

    def _run_cell(self, cell):
        self.server = self.servers[cell.on]
        self.port = self.make_port(vlan=cell.vlan)
        before = self._snapshot()
        self._begin(cell)
        if cell.at_once:
            self._check()
        if not cell.done or cell.late:
            getattr(self, '_' + cell.way)(cell)
            self.zvm.simulator.wait_idle(faulting.PATIENCE)
        if cell.late:
            self._check_late()
        if cell.way == DELETE or cell.stays:
            self._replace_server(cell)
        else:
            self._restore(cell, before)

    def _begin(self, cell):
        if cell.verb == 'detach':
            self.assertTrue(self._attach(self.port))
        self._inject(cell.faults)
        if cell.kill:
            self._kill(cell)
        else:
            self.assertEqual(cell.done, self._do(cell.verb))
        self._heal()

    def _restore(self, cell, before):
        for port in self._attached():
            self.assertTrue(self._detach(port))
        self._check()
        # A first port that was attached anew has another MAC address.
        if cell.done or cell.way != DETACH:
            self._check_as(before)

    def _do(self, verb):
        """Attach or detach the port; return whether nova could."""
        return getattr(self, '_' + verb)(self.port)

    def _attach(self, port):
        try:
            self.attach(self.server, port)
        except api_client.OpenStackApiException:
            self.assertFalse(self._has(port))
            return False
        if self.guest(self.server):
            self.hot[self.server['id']].append(port)
        return True

    def _detach(self, port):
        self.notifier.reset()
        self.api.detach_interface(self.server['id'], port['id'])
        self._wait_for_notification(
            'instance.interface_detach.end', 'compute.exception')
        return not self._has(port)

    def _kill(self, cell):
        """Kill nova-compute at work, and start another."""
        self.killer.arm(*cell.kill)
        if cell.verb == 'detach':
            self.api.detach_interface(self.server['id'], self.port['id'])
        else:
            # nova's API waits for an answer.
            thread = threading.Thread(target=self._attach_and_die)
            thread.start()
            self.addCleanup(thread.join)
        self.assertTrue(self.killer.killed.wait(faulting.PATIENCE),
                        'not killed')
        self.replace_compute()
        self.assertTrue(self._has(self.port))

    def _attach_and_die(self):
        instance = objects.Instance.get_by_uuid(
            self.context_of_admin(), self.server['id'],
            expected_attrs=['system_metadata', 'info_cache', 'flavor',
                            'pci_requests', 'pci_devices', 'metadata'])
        with contextlib.suppress(killer.Killed):
            self.compute.manager.attach_interface(
                self.context_of_admin(), instance, None, self.port['id'],
                None, None)

    # What the user does next

    def _retry(self, cell):
        self.assertTrue(self._do(cell.verb))
        if not cell.stays:
            self._check()

    def _attach_another(self, cell):
        whole = self._whole_nics()
        self.assertTrue(self._attach(self.make_port(vlan=cell.vlan)))
        # Nothing half is left, nothing whole is touched.
        self.assertEqual(len(whole) + 1, len(self._rows()))
        for nic in whole:
            self.assertIn(nic, self._whole_nics())

    def _detach_one(self, cell):
        """Detach the port, or if nova does not have it, the other one."""
        if self._has(self.port):
            self.assertTrue(self._detach(self.port))
            return
        first = self.first[self.server['id']]
        self.assertTrue(self._detach(first))
        if not cell.stays:
            self._check()
        self.assertTrue(self._attach(first))

    def _delete_server(self, cell):
        """Leave it to what comes at the end."""

    def _replace_server(self, cell):
        userid = self.userid(self.server)
        if cell.on and cell.way != DELETE:
            self.assertEqual(self._rows(), sorted(self.nics(self.server)))
        self.assertTrue(self.delete(self.server))
        self.assertNotIn(userid, str(self.snapshot()))
        self._boot_server(cell.on)

    # What must be

    def _has(self, port):
        return port['id'] in self.cached_ports(self.server)

    def _attached(self):
        """Return the ports that the server has beside its first one."""
        return [self.neutron._ports[port_id]
                for port_id in self.cached_ports(self.server)
                if port_id != self.first[self.server['id']]['id']]

    def _rows(self):
        """Return the numbers of the NICs that the connector knows."""
        return sorted(row['interface'] for row in self.rows('switch')
                      if row['userid'] == self.userid(self.server))

    def _check(self):
        self.assert_agree(self.server, self.hot[self.server['id']])

    def _check_late(self):
        """See that the NIC that came meanwhile is whole."""
        if self._has(self.port):
            self.assertTrue(self._detach(self.port))
        self._check()

    def _check_as(self, before):
        after = self._snapshot()
        for part in before:
            self.assertEqual(before[part], after[part], part)

    def _snapshot(self):
        """Return all but the configuration that waits in a reader."""
        snapshot = self.snapshot()
        del snapshot['reader files']
        return snapshot

    def _whole_nics(self):
        """Return what is known of the NICs that nova has and that work."""
        entry, cached = self.entry(self.server), self.cached_ports(self.server)
        guest = self.guest(self.server)
        nics = self.nics(self.server) if guest else {}
        return [(row, nics.get(row['interface'])) for row
                in self.rows('switch') if row['switch'] and
                row['port'] in cached and
                row['userid'] == self.userid(self.server) and
                'NICDEF %s ' % row['interface'] in entry]
