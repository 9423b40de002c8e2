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

from nova import exception as nova_exception
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.network import plan
from nova_zvm.tests.support import inmemory

MAPPINGS = {'physnet2': 'vswitch2'}
SIX = inmemory.subnet('2001:db8::/64', '2001:db8::10', 6, '2001:db8::1',
                      ('2001:db8::2',))


class PortsTestCase(inmemory.ZVMTestCase):

    def plan(self, *vifs):
        return plan.planned(vifs, MAPPINGS)

    def add(self, vif, *others, used=()):
        return plan.added(vif, others, set(used), MAPPINGS)

    def assert_refused(self, words, function, *args):
        exc = self.assertRaises(nova_exception.InvalidInput, function, *args)
        for word in words:
            self.assertIn(word, str(exc))


class PlannedTestCase(PortsTestCase):

    def test_no_ports(self):
        self.assertEqual([], plan.planned([], MAPPINGS))
        self.assertEqual([], plan.planned(None, MAPPINGS))

    def test_each_port_has_its_devices(self):
        self.assertEqual(
            ['1000', '1003', '1006'],
            [nic.vdev for nic in self.plan(*[inmemory.vif()] * 3)])

    def test_a_physical_network_names_its_switch(self):
        nic, = self.plan(inmemory.vif(physical_network='vswitch1'))
        self.assertEqual('VSWITCH1', nic.vswitch)

    def test_a_mapping_names_another(self):
        nic, = self.plan(inmemory.vif(physical_network='physnet2'))
        self.assertEqual('VSWITCH2', nic.vswitch)

    def test_the_binding_names_the_switch(self):
        for physical_network in ('physnet2', None):
            nic, = self.plan(inmemory.vif(
                physical_network=physical_network, vswitch='vswitch3'))
            self.assertEqual('VSWITCH3', nic.vswitch)

    def test_no_physical_network(self):
        port = inmemory.vif(physical_network=None)
        self.assert_refused((port['id'], 'no physical network'), self.plan,
                            port)
        self.assertIsNone(plan.vswitch_of(port, MAPPINGS))

    def test_no_address(self):
        for subnets in ([], [inmemory.subnet(address=None)]):
            self.assert_refused((uuids.port, 'no IP address'), self.plan,
                                inmemory.vif(subnets=subnets))

    def test_vlans(self):
        for told, vlan_id in ((100, 100), ('100', 100), ('0', None),
                              (0, None), (None, None), ('', None)):
            nic, = self.plan(inmemory.vif(vlan=told))
            self.assertEqual(vlan_id, nic.vlan_id)
        nic, = self.plan(inmemory.vif())
        self.assertIsNone(nic.vlan_id)

    def test_one_vlan_for_a_switch(self):
        self.plan(inmemory.vif(vlan=1), inmemory.vif(vlan=1),
                  inmemory.vif(physical_network='physnet2', vlan=2))
        for vlans in ((1, 2), (1, None), (None, 2)):
            self.assert_refused(
                (uuids.second, 'VSWITCH1'), self.plan,
                inmemory.vif(vlan=vlans[0]),
                inmemory.vif(port_id=uuids.second, vlan=vlans[1]))

    def test_no_details(self):
        port = inmemory.vif()
        port['details'] = None
        nic, = self.plan(port)
        self.assertEqual(('VSWITCH1', None), (nic.vswitch, nic.vlan_id))


class AddedTestCase(PortsTestCase):

    def test_number_that_is_free(self):
        self.assertEqual('1000', self.add(inmemory.vif(), used=[0x100]).vdev)
        self.assertEqual('1006', self.add(
            inmemory.vif(), used=[0x1000, 0x1001, 0x1002, 0x1005]).vdev)

    def test_one_vlan_for_a_switch(self):
        for mine, theirs in ((1, 2), (None, 2), (1, None)):
            self.assert_refused(
                (uuids.added, 'VSWITCH2'), self.add,
                inmemory.vif(port_id=uuids.added, physical_network='physnet2',
                             vlan=mine),
                inmemory.vif(),
                inmemory.vif(vswitch='VSWITCH2', vlan=theirs))

    def test_the_same_vlan_or_another_switch(self):
        for other in (inmemory.vif(vlan='7'),
                      inmemory.vif(physical_network='physnet2', vlan=8),
                      inmemory.vif(physical_network=None)):
            nic = self.add(inmemory.vif(vlan=7), other)
            self.assertEqual(7, nic.vlan_id)

    def test_what_is_refused_of_a_new_guest_too(self):
        self.assert_refused(('no IP address',), self.add,
                            inmemory.vif(subnets=[]))
        self.assert_refused(('no physical network',), self.add,
                            inmemory.vif(physical_network=None))


class GuestNetworkTestCase(PortsTestCase):

    def described(self, **port):
        nic, = self.plan(inmemory.vif(**port))
        return nic.guest_network('web')

    def test_a_port(self):
        described = self.described(mac='02:00:00:AB:CD:EF')
        self.assertEqual(
            ('1000', uuids.port, '02:00:00:ab:cd:ef', '192.0.2.10',
             '192.0.2.0/24', '192.0.2.1', ['192.0.2.2'], 'web'),
            (described.vdev, described.nic_id, described.mac, described.ip,
             described.cidr, described.gateway, described.dns,
             described.hostname))

    def test_dual_stack(self):
        for subnets in ([SIX, inmemory.subnet()], [inmemory.subnet(), SIX]):
            described = self.described(subnets=subnets)
            self.assertEqual(
                ('192.0.2.10', '192.0.2.0/24', '192.0.2.1', ['192.0.2.2']),
                (described.ip, described.cidr, described.gateway,
                 described.dns))

    def test_several_addresses(self):
        described = self.described(subnets=[
            inmemory.subnet(address=None),
            inmemory.subnet(address='192.0.2.11'),
            inmemory.subnet(address='192.0.2.12')])
        self.assertEqual('192.0.2.11', described.ip)

    def test_ipv6_alone(self):
        nic, = self.plan(inmemory.vif(subnets=[SIX]))
        self.assertIsNone(nic.address)
        self.assertIsNone(nic.gateway)

    def test_no_gateway(self):
        described = self.described(subnets=[inmemory.subnet(gateway=None)])
        self.assertIsNone(described.gateway)
        self.assertNotIn('gateway_addr', described.body())

    def test_name_servers_of_ipv6_are_left_out(self):
        described = self.described(subnets=[inmemory.subnet(
            dns=('192.0.2.2', '2001:db8::2', '192.0.2.3'))])
        self.assertEqual(['192.0.2.2', '192.0.2.3'], described.dns)

    def test_mtu(self):
        port = inmemory.vif()
        nic, = self.plan(port)
        self.assertEqual(1500, nic.guest_network().mtu)
        port['network']['meta']['mtu'] = 8992
        self.assertEqual(8992, nic.guest_network().mtu)
