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

"""Base of the tests of networking: ports as Neutron's driver binds them.

Five places know a NIC: nova's info cache, the connector's table, the
directory entry, the running guest and the switch. After each scenario they
are compared.
"""

import copy

from nova import context as nova_context
from nova import objects
from oslo_utils import uuidutils

from nova_zvm.simulator import statements
from nova_zvm.tests.functional import base

# The flat network is on VSW2, the VLAN is on VSW1.
VLAN = 100


class NetworkingTestCase(base.ZVMTestCase):
    """Neutron has a flat network and one in a VLAN, with many ports."""

    def setUp(self):
        self._ports_made = 0
        super().setUp()
        self.provide_vlan_network('physnet2')

    def make_port(self, vlan=None, vswitch=None, **fields):
        """Return a port that the mechanism driver zvm has bound.

        :param vlan: then it is on the other network
        """
        self._ports_made += 1
        number = self._ports_made
        network, subnet = (
            (self.neutron.network_2, self.neutron.subnet_2) if vlan else
            (self.neutron.network_1, self.neutron.subnet_1))
        details = {'port_filter': False, 'connectivity': 'l2',
                   'bound_drivers': {'0': 'zvm'},
                   'vswitch': vswitch or ('VSW1' if vlan else 'VSW2')}
        if vlan:
            details['vlan'] = vlan
        port = dict(
            copy.deepcopy(self.neutron.port_1),
            id=uuidutils.generate_uuid(), network_id=network['id'],
            mac_address='02:00:00:12:34:%02x' % number,
            fixed_ips=[{'ip_address': '192.168.1.%d' % (100 + number),
                        'subnet_id': subnet['id']}],
            **{'binding:vif_type': 'zvm', 'binding:vif_details': details})
        port.update(fields)
        self.neutron._ports[port['id']] = port
        return port

    def boot_on(self, *ports, **server):
        return self.boot(networks=[{'port': port['id']} for port in ports]
                         or 'none', **server)

    def attach(self, server, port):
        self.api.attach_interface(server['id'], {
            'interfaceAttachment': {'port_id': port['id']}})

    def detach(self, server, port):
        """Detach a port and wait for it; nova does it in the background."""
        self.notifier.reset()
        self._detach_interface(server, port['id'])

    def stop(self, server):
        return self._stop_server(server)

    def nics(self, server):
        """Return the NICs of a guest that is on, by device number."""
        return {nic['vdev']: nic for nic in self.guest(server)['nics']}

    def linux_interfaces(self, server):
        """Return the addresses of the guest's Linux by device number."""
        return {interface['vdev']: interface['ip'] for interface
                in self.guest(server)['linux']['networks']}

    def cached_ports(self, server):
        """Return the VIFs that nova's info cache has, by id."""
        instance = objects.Instance.get_by_uuid(
            nova_context.get_admin_context(), server['id'],
            expected_attrs=['info_cache'])
        return {vif['id']: vif for vif in instance.get_network_info()}

    def assert_agree(self, server, hot_plugged=()):
        """See that all who know of a server's NICs say the same.

        :param hot_plugged: ports whose MAC address CP has chosen
        """
        userid = self.userid(server)
        cached = self.cached_ports(server)
        rows = {row['port']: row for row in self.rows('switch')
                if row['userid'] == userid}
        self.assertEqual(sorted(cached), sorted(rows))
        nicdefs = {nic.vdev: nic for nic in statements.nicdefs(
            self.entry(server).splitlines())}
        self.assertEqual(sorted(row['interface'] for row in rows.values()),
                         sorted(nicdefs))
        wanted = {}
        for port_id, vif in cached.items():
            details = vif['details']
            vlan = details.get('vlan')
            nicdef = nicdefs[rows[port_id]['interface']]
            self.assertEqual(details['vswitch'], rows[port_id]['switch'])
            self.assertEqual((details['vswitch'], vlan),
                             (nicdef.switch, nicdef.vlan))
            self.assertEqual(vif['address'][9:].replace(':', '').upper(),
                             ''.join(nicdef.operands['MACID']).upper())
            wanted[details['vswitch']] = [vlan] if vlan else []
        self.assertEqual(wanted, self.grants(userid))
        if self.guest(server):
            self._assert_running_agrees(server, cached, rows, hot_plugged)
        else:
            self.assertEqual({}, self.switch_ports(userid))

    def _assert_running_agrees(self, server, cached, rows, hot_plugged):
        hot = {port['id'] for port in hot_plugged}
        nics = self.nics(server)
        self.assertEqual(sorted(row['interface'] for row in rows.values()),
                         sorted(nics))
        ports = self.switch_ports(self.userid(server))
        for port_id, vif in cached.items():
            nic = nics[rows[port_id]['interface']]
            self.assertEqual(vif['details']['vswitch'], nic['switch'])
            self.assertEqual(nic['switch'], ports.pop(nic['vdev']))
            if port_id not in hot:
                self.assertEqual(vif['address'][9:].replace(':', ''),
                                 nic['mac'][6:].lower())
                self.assertEqual(vif['details'].get('vlan'), nic['vlan'])
        self.assertEqual({}, ports)

    def grants(self, userid):
        """Return the VLANs of each switch that a guest may couple to."""
        return {name: switch['grants'][userid]
                for name, switch in self._switches().items()
                if userid in switch['grants']}

    def switch_ports(self, userid):
        """Return the switch of each of a guest's coupled NICs."""
        return {port['vdev']: name
                for name, switch in self._switches().items()
                for port in switch['ports'] if port['userid'] == userid}

    def _switches(self):
        members = self.zvm.machine.state()['members']
        return next(iter(members.values()))['vswitches']
