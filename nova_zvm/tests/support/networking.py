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

Many know a NIC: Neutron, nova's info cache and API, the connector's table, the
directory entry, the running guest with its Linux, and the switch. After each
scenario they are compared.
"""

import copy
import ipaddress

from nova import context as nova_context
from nova import objects
from oslo_utils import uuidutils

from nova_zvm.record import ownership
from nova_zvm.tests.support import bindings
from nova_zvm.tests.support import cloud
from zvm_simulator.directory import statements
from zvm_simulator.tests.support import invariants

# The flat network is on VSW2, the VLAN is on VSW1.
VLAN = 100


class NetworkingTestCase(cloud.ZVMTestCase):
    """Neutron has a flat network and one in a VLAN, with many ports."""

    def setUp(self):
        self._ports_made = 0
        super().setUp()
        self.provide_vlan_network('physnet2')
        # nova's fake gives every port the same address, and tells of all
        # subnets, whichever are asked for.
        self.neutron.create_port = self._create_port
        self.neutron.list_subnets = self._list_subnets

    def make_subnet(self, cidr, **fields):
        """Return a subnet without DHCP."""
        network = ipaddress.ip_network(cidr)
        subnet = dict(
            self.neutron.subnet_1, id=uuidutils.generate_uuid(), cidr=cidr,
            ip_version=network.version, gateway_ip=str(network[1]),
            dns_nameservers=[], enable_dhcp=False)
        subnet.update(fields)
        self.neutron._subnets[subnet['id']] = subnet
        return subnet

    def make_port(self, vlan=None, vswitch=None, subnets=(), **fields):
        """Return a port that the mechanism driver zvm has bound.

        :param vlan: then it is on the other network
        :param subnets: in which it has an address each
        """
        self._ports_made += 1
        number = self._ports_made
        network, subnet = (
            (self.neutron.network_2, self.neutron.subnet_2) if vlan else
            (self.neutron.network_1, self.neutron.subnet_1))
        fixed_ips = [
            {'ip_address': str(ipaddress.ip_network(
                one['cidr'], strict=False)[100 + number]),
             'subnet_id': one['id']} for one in subnets or [subnet]]
        binding = copy.deepcopy(bindings.VLAN if vlan else bindings.FLAT)
        details = binding['binding:vif_details']
        if vswitch:
            details['vswitch'] = vswitch
        if vlan:
            details['vlan'] = vlan
        port = dict(
            copy.deepcopy(self.neutron.port_1),
            id=uuidutils.generate_uuid(), network_id=network['id'],
            mac_address='02:00:00:12:34:%02x' % number,
            fixed_ips=fixed_ips,
            **binding)
        port.update(fields)
        self.neutron._ports[port['id']] = port
        return port

    def _list_subnets(self, id=None, **_):
        return {'subnets': [
            copy.deepcopy(subnet) for subnet in self.neutron._subnets.values()
            if id is None or subnet['id'] in id]}

    def _create_port(self, body):
        """Make a port as nova wants it, with the address that it asks for.

        """
        wanted = body['port']
        other = wanted['network_id'] == self.neutron.network_2['id']
        port = self.make_port(vlan=VLAN if other else None)
        addresses = wanted.pop('fixed_ips', [])
        port.update(wanted)
        for fixed_ip, address in zip(port['fixed_ips'], addresses):
            fixed_ip.update(address)
        return {'port': copy.deepcopy(port)}

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

    def delete_in_neutron(self, server, port):
        """Let Neutron delete a port and tell nova of it."""
        del self.neutron._ports[port['id']]
        self.api.create_server_external_events([
            {'name': 'network-vif-deleted', 'tag': port['id'],
             'server_uuid': server['id'], 'status': 'completed'}])

    def stop(self, server):
        return self._stop_server(server)

    def act(self, server, action, status, body=None):
        """Ask for an action, and wait for the server to be so."""
        self.api.post_server_action(server['id'], {action: body})
        return self._wait_for_server_parameter(
            server, {'status': status, 'OS-EXT-STS:task_state': None})

    def instance(self, server):
        return objects.Instance.get_by_uuid(
            nova_context.get_admin_context(), server['id'],
            expected_attrs=['system_metadata', 'info_cache', 'flavor'])

    def make_unreachable(self, server):
        """Let a guest's Linux not answer the connector."""
        self.zvm.engine.faults.add({
            'match': {'command': 'iucvclnt', 'userid': self.userid(server)},
            'action': {'status': 4, 'output':
                       'Return code 4, Reason code 421. '
                       'ERROR connecting socket'}})

    def define_switch(self, name):
        """Define a virtual switch that knows VLANs."""
        self._on_zvm('Virtual_Network_Vswitch_Create_Extended', name,
                     '-k', 'vlan_id=AWARE')

    def delete_switch(self, name):
        self._on_zvm('Virtual_Network_Vswitch_Delete_Extended', name)

    def _on_zvm(self, api, switch, *options):
        answer = self.zvm.machine.execute('ZVMSYS1', [
            'smcli', api, '-T', 'ZCCSRV', '-k', 'switch_name=' + switch,
            *options])
        self.assertEqual(0, answer.status, answer.output)

    def logged(self):
        """Return all that was logged from INFO on, as text."""
        return self.stdlog.logger.output

    # What z/VM, and others, say

    def nics(self, server):
        """Return the NICs of a guest that is on, by device number."""
        return {nic['vdev']: nic for nic in self.guest(server)['nics']}

    def linux_interfaces(self, server):
        """Return the addresses of the guest's Linux by device number."""
        return {interface['vdev']: interface['ip'] for interface
                in self.guest(server)['linux']['networks']}

    def cached_ports(self, server):
        """Return the VIFs that nova's info cache has, by id."""
        cache = objects.InstanceInfoCache.get_by_instance_uuid(
            nova_context.get_admin_context(), server['id'])
        return {vif['id']: vif for vif in cache.network_info}

    def assert_agree(self, server, hot_plugged=(), switches=None):
        """See that all who know of a server's NICs say the same.

        Not whether its Linux has their addresses: see assert_configured.

        :param hot_plugged: ports whose MAC address CP has chosen
        :param switches: of physical networks without a mechanism driver
            that tells them
        """
        invariants.check(self.zvm.machine.state(), live=())
        self.assertIsNone(ownership.unfinished_nic_change(
            self.instance(server)))
        userid = self.userid(server)
        cached = self.cached_ports(server)
        self.assertEqual(sorted(cached), sorted(
            port_id for port_id, port in self.neutron._ports.items()
            if port.get('device_id') == server['id']))
        self.assertEqual(
            sorted((port_id, vif['address'])
                   for port_id, vif in cached.items()),
            sorted((port['port_id'], port['mac_addr']) for port
                   in self.api.get_port_interfaces(server['id'])))
        rows = {row['port']: row for row in self.rows('switch')
                if row['userid'] == userid}
        self.assertEqual(sorted(cached), sorted(rows))
        nicdefs = {nic.vdev: nic for nic in statements.nicdefs(
            self.entry(server).splitlines())}
        self.assertEqual(sorted(row['interface'] for row in rows.values()),
                         sorted(nicdefs))
        wanted = {
            port_id: wanted_coupling(vif, switches or {})
            for port_id, vif in cached.items()}
        grants = {}
        for port_id, vif in cached.items():
            switch, vlan = wanted[port_id]
            nicdef = nicdefs[rows[port_id]['interface']]
            self.assertEqual(switch, rows[port_id]['switch'])
            self.assertEqual((switch, vlan), (nicdef.switch, nicdef.vlan))
            self.assertEqual(vif['address'][9:].replace(':', '').upper(),
                             ''.join(nicdef.operands['MACID']).upper())
            grants[switch] = [vlan] if vlan else []
        self.assertEqual(grants, self.grants(userid))
        if self.guest(server):
            self._assert_running_agrees(server, cached, rows, wanted,
                                        hot_plugged)
        else:
            self.assertEqual({}, self.switch_ports(userid))

    def _assert_running_agrees(self, server, cached, rows, wanted,
                               hot_plugged):
        hot = {port['id'] for port in hot_plugged}
        nics = self.nics(server)
        self.assertEqual(sorted(row['interface'] for row in rows.values()),
                         sorted(nics))
        ports = self.switch_ports(self.userid(server))
        for port_id, vif in cached.items():
            nic = nics[rows[port_id]['interface']]
            self.assertEqual(wanted[port_id], (nic['switch'], nic['vlan']))
            self.assertEqual(nic['switch'], ports.pop(nic['vdev']))
            # Of a NIC that is added to a running guest CP chooses the MAC.
            self.assertEqual(port_id not in hot,
                             vif['address'][9:].replace(':', '') ==
                             nic['mac'][6:].lower())
        self.assertEqual({}, ports)

    def assert_no_guest(self):
        """See that nothing is left of any server."""
        self.assertEqual([], self.rows('guests'))
        self.assertEqual([], self.rows('switch'))
        self.assertNotIn(self.next_userid()[:3],
                         ' '.join(self.zvm.machine.state()['directory']))

    def assert_configured(self, server, *but):
        """See that a guest's Linux has the IPv4 address of each port.

        :param but: ports that only cloud-init or the user configures
        """
        ids = {port['id'] for port in but}
        vdevs = {row['port']: row['interface'] for row in self.rows('switch')}
        self.assertEqual(
            {vdevs[port_id]: next(ip['address'] for ip in vif.fixed_ips()
                                  if ip['version'] == 4)
             for port_id, vif in self.cached_ports(server).items()
             if port_id not in ids}, self.linux_interfaces(server))

    def assert_refused(self, *words, **server):
        """See that a boot is refused with all words; nothing is changed.

        """
        self.zvm.simulator.wait_idle(30)
        before = self.snapshot()
        images = self.rows('image')
        networks = [{'port': port['id']} for port in server.pop('ports', ())]
        if networks:
            server['networks'] = networks
        self.zvm.engine.clear_log()
        server = self.boot(expected_state='ERROR', **server)
        for word in words:
            self.assertIn(word, server['fault']['message'])
        self.assertNotIn('Image_Create_DM', [
            record['name'] for record in self.zvm.engine.log()])
        self.assert_nothing_left(before)
        self.assertEqual(images, self.rows('image'))
        self._delete_server(server)
        self.assert_nothing_left(before)

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


def wanted_coupling(vif, switches):
    """Return switch and VLAN that a port must have."""
    details = vif['details']
    physical_network = vif['network']['meta'].get('physical_network')
    switch = details.get('vswitch') or switches[physical_network]
    return switch.upper(), int(details.get('vlan') or 0) or None
