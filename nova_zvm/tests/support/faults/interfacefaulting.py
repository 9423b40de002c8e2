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
"""Attaches and detaches with one fault each.

Either nova and z/VM agree at once, or they do after whatever the user does
next.
"""

import contextlib
import threading

from nova import objects
from nova.tests.functional.api import client as api_client

from nova_zvm.tests.support.faults import faulting
from nova_zvm.tests.support.faults import interfacecells
from nova_zvm.tests.support.faults import killer
from nova_zvm.tests.support import networking


class InterfaceFaultTestCase(faulting.FaultTestCase,
                             networking.NetworkingTestCase):

    def setUp(self):
        super().setUp()
        self._boot_servers()

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
            self.zvm.simulator.wait_idle(self.patience)
        if cell.late:
            self._check_late()
        if cell.way == interfacecells.DELETE or cell.stays:
            self._replace_server(cell)
        else:
            self._restore(cell, before)

    def _begin(self, cell):
        if cell.detaches:
            self.assertTrue(self._attach(self.port))
        self._inject(cell.faults)
        if cell.kill:
            self._kill(cell)
        else:
            self.assertEqual(cell.done, self._do(cell))
        self._heal()

    def _restore(self, cell, before):
        for port in self._attached():
            self.assertTrue(self._detach(port))
        self._check()
        # A first port that was attached again has another MAC address.
        if cell.done or cell.way != interfacecells.DETACH:
            self._check_as(before)

    def _do(self, cell):
        """Attach or detach the port; return whether nova could."""
        return (self._detach if cell.detaches else self._attach)(self.port)

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
        if cell.detaches:
            self.api.detach_interface(self.server['id'], self.port['id'])
        else:
            # nova's API waits for an answer.
            thread = threading.Thread(target=self._attach_and_die)
            thread.start()
            self.addCleanup(thread.join)
        self.assertTrue(self.killer.killed.wait(self.patience),
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
        self.assertTrue(self._do(cell))
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
        if cell.on and cell.way != interfacecells.DELETE:
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
