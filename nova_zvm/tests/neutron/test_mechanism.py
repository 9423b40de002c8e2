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

"""Ports of z/VM hosts in Neutron, as its API shows them."""

from unittest import mock

from neutron_lib.api.definitions import portbindings
from neutron_lib import context as neutron_context

from nova_zvm.neutron import mechanism
from nova_zvm.tests.neutron import plugin
from nova_zvm.tests.support import bindings

UNBOUND = {'binding:vif_type': 'unbound', 'binding:vif_details': {}}
FAILED = {'binding:vif_type': 'binding_failed', 'binding:vif_details': {}}


def bind_without_details(driver, context, segment):
    context.set_binding(segment['id'], 'zvm', {}, status='ACTIVE')


class BindingTestCase(plugin.MechanismTestCase):

    def assertLeftToOthers(self, port):
        self.assertNotEqual('zvm', port[portbindings.VIF_TYPE])
        self.assertEqual('', self.log.output)

    def test_flat(self):
        port = self.port(self.flat())
        for port in (port, self.show(port)):
            self.assertBinding(bindings.FLAT, port)
            self.assertEqual('ACTIVE', port['status'])

    def test_vlan(self):
        port = self.port(self.vlan())
        self.assertBinding(bindings.VLAN, port)
        self.assertBinding(bindings.VLAN, self.show(port))
        self.assertEqual('ACTIVE', self.show(port)['status'])

    def test_port_created_beforehand(self):
        """nova says the host of a port that exists."""
        port = self.port(self.flat(), host='', device_id='', device_owner='')
        self.assertBinding(UNBOUND, port)
        self.assertEqual('DOWN', port['status'])
        port = self.update(port, device_id='server',
                           device_owner='compute:nova',
                           **{portbindings.HOST_ID: plugin.HOST})
        self.assertBinding(bindings.FLAT, port)
        self.assertEqual('ACTIVE', port['status'])

    def test_host_without_server(self):
        port = self.port(self.flat(), device_id='', device_owner='')
        self.assertBinding(bindings.FLAT, port)

    def test_without_address(self):
        """Only a driver with connectivity l2 binds such a port."""
        port = self.port(self.flat(), fixed_ips=[])
        self.assertEqual([], port['fixed_ips'])
        self.assertBinding(bindings.FLAT, port)

    def test_unbind(self):
        port = self.move(self.port(self.flat()), '')
        self.assertBinding(UNBOUND, port)
        self.assertEqual('DOWN', port['status'])

    def test_rebind_on_another_host(self):
        port = self.move(self.port(self.vlan()), plugin.OTHER_HOST)
        self.assertEqual(plugin.OTHER_HOST, port[portbindings.HOST_ID])
        self.assertBinding(bindings.VLAN, port)
        self.assertEqual('ACTIVE', port['status'])

    def test_bound_anew_on_its_host(self):
        """As of a port that was bound before this driver was there."""
        with mock.patch.object(mechanism.ZVMMechanismDriver, '_bind',
                               bind_without_details):
            port = self.port(self.vlan())
        port = self.move(port, plugin.HOST)
        self.assertNotIn('vswitch', port[portbindings.VIF_DETAILS])
        port = self.move(self.move(port, ''), plugin.HOST)
        self.assertBinding(bindings.VLAN, port)
        self.assertEqual('ACTIVE', port['status'])

    def test_to_and_from_a_host_of_another_driver(self):
        port = self.move(self.port(self.flat()), plugin.KVM_HOST)
        self.assertEqual('ovs', port[portbindings.VIF_TYPE])
        self.assertNotIn('vswitch', port[portbindings.VIF_DETAILS])
        self.assertEqual('DOWN', port['status'])
        port = self.move(port, plugin.HOST)
        self.assertBinding(bindings.FLAT, port)
        self.assertEqual('ACTIVE', port['status'])

    def test_one_of_several_segments(self):
        port = self.port(self.segments(
            ('vxlan', None, 4242), ('flat', 'physnet3', None),
            ('vlan', 'physnet2', 100)))
        self.assertBinding(bindings.VLAN, port)
        self.assertNotIn('WARNING', self.log.output)

    def test_first_of_two_mapped_segments(self):
        port = self.port(self.segments(
            ('flat', 'physnet1', None), ('vlan', 'physnet2', 100)))
        self.assertBinding(bindings.FLAT, port)

    def test_unmapped_physical_networks(self):
        port = self.port(self.segments(
            ('flat', 'physnet4', None), ('vlan', 'physnet3', 442)))
        self.assertBinding(FAILED, port)
        self.assertIn(
            'WARNING Port %s on host zvm1 is not bound to a virtual switch: '
            '[ml2_zvm] vswitch_mappings has none for physical network '
            'physnet3, physnet4\n' % port['id'], self.log.output)

    def test_tunnel(self):
        port = self.port(self.vxlan())
        self.assertBinding(FAILED, port)
        self.assertLeftToOthers(port)

    def test_host_of_another_driver(self):
        port = self.port(self.flat(), host=plugin.KVM_HOST)
        self.assertEqual('ovs', port[portbindings.VIF_TYPE])
        self.assertLeftToOthers(port)

    def test_unknown_host(self):
        network = self.vlan()
        for host in ('kvm2', 'xzvm1', 'ZVM1'):
            port = self.port(network, host=host)
            self.assertBinding(FAILED, port)
            self.assertLeftToOthers(port)

    def test_other_vnic_types(self):
        network = self.flat()
        for vnic_type in ('direct', 'macvtap', 'baremetal',
                          'virtio-forwarder'):
            port = self.port(network, **{portbindings.VNIC_TYPE: vnic_type})
            self.assertBinding(FAILED, port)
            self.assertLeftToOthers(port)


class LastInTheListTestCase(plugin.MechanismTestCase):
    """Another driver is asked first."""

    _mechanism_drivers = ['openvswitch', 'zvm']

    def test_binding(self):
        port = self.port(self.flat())
        self.assertBinding(bindings.FLAT, port)

    def test_host_of_another_driver(self):
        port = self.port(self.flat(), host=plugin.KVM_HOST)
        self.assertEqual('ovs', port[portbindings.VIF_TYPE])


class StatusTestCase(plugin.MechanismTestCase):

    PLUGGED = ('network-vif-plugged', 'completed')
    UNPLUGGED = ('network-vif-unplugged', 'completed')

    def test_nova_is_told_of_a_bound_port(self):
        port = self.port(self.flat())
        self.assertEqual([self.PLUGGED], self.sent())
        event, = filter(None, self.events)
        self.assertEqual(port['id'], event['tag'])
        self.assertEqual(port['device_id'], event['server_uuid'])

    def test_nova_is_told_of_a_port_that_it_binds(self):
        port = self.port(self.flat(), host='')
        self.assertEqual([], self.sent())
        self.move(port, plugin.HOST)
        self.assertEqual([self.PLUGGED], self.sent())

    def test_nova_is_not_told_of_a_failure_as_success(self):
        port = self.port(self.flat('physnet3'))
        self.assertEqual('DOWN', port['status'])
        self.assertEqual([], self.sent())

    def test_administratively_down(self):
        port = self.port(self.flat(), admin_state_up=False)
        self.assertEqual('zvm', port[portbindings.VIF_TYPE])
        self.assertEqual('DOWN', self.show(port)['status'])
        self.assertEqual([], self.sent())

    def test_follows_admin_state(self):
        port = self.port(self.flat())
        port = self.update(port, admin_state_up=False)
        self.assertEqual('DOWN', port['status'])
        self.assertEqual([self.PLUGGED, self.UNPLUGGED], self.sent())
        port = self.update(port, admin_state_up=True)
        self.assertEqual('ACTIVE', port['status'])
        self.assertEqual([self.PLUGGED, self.UNPLUGGED, self.PLUGGED],
                         self.sent())
        self.assertBinding(bindings.FLAT, port)

    def test_host_and_admin_state_at_once(self):
        port = self.port(self.flat(), admin_state_up=False)
        port = self.update(port, admin_state_up=True,
                           **{portbindings.HOST_ID: plugin.OTHER_HOST})
        self.assertEqual('ACTIVE', port['status'])
        self.assertEqual('zvm', port[portbindings.VIF_TYPE])
        port = self.update(port, admin_state_up=False,
                           **{portbindings.HOST_ID: plugin.HOST})
        self.assertEqual('DOWN', port['status'])
        self.assertEqual('zvm', port[portbindings.VIF_TYPE])

    def test_second_binding(self):
        """What a migration does: bind on another host, then activate it."""
        port = self.port(self.flat())
        self.bind(port, plugin.OTHER_HOST)
        self.assertEqual(plugin.HOST, self.show(port)[portbindings.HOST_ID])
        self.assertEqual('ACTIVE', self.show(port)['status'])
        self.assertEqual([self.PLUGGED], self.sent())
        self.plugin.activate(self.context, plugin.OTHER_HOST, port['id'])
        port = self.show(port)
        self.assertEqual(plugin.OTHER_HOST, port[portbindings.HOST_ID])
        self.assertBinding(bindings.FLAT, port)
        self.assertEqual('ACTIVE', port['status'])
        self.plugin.delete_port_binding(self.context, plugin.HOST, port['id'])
        self.assertEqual('ACTIVE', self.show(port)['status'])

    def test_second_binding_of_a_port_that_is_down(self):
        port = self.port(self.flat(), admin_state_up=False)
        self.bind(port, plugin.OTHER_HOST)
        self.plugin.activate(self.context, plugin.OTHER_HOST, port['id'])
        port = self.show(port)
        self.assertBinding(bindings.FLAT, port)
        self.assertEqual('DOWN', port['status'])
        self.assertEqual([], self.sent())

    def test_second_binding_of_another_driver(self):
        port = self.port(self.flat())
        self.bind(port, plugin.KVM_HOST)
        self.plugin.activate(self.context, plugin.KVM_HOST, port['id'])
        port = self.show(port)
        self.assertEqual('ovs', port[portbindings.VIF_TYPE])
        self.assertEqual('DOWN', port['status'])

    def bind(self, port, host):
        self.plugin.create_port_binding(
            self.context, port['id'], {'binding': {
                'host': host, 'vnic_type': 'normal', 'profile': {}}})

    def test_unbind_and_admin_state_at_once(self):
        port = self.port(self.flat(), admin_state_up=False)
        port = self.update(port, admin_state_up=True,
                           **{portbindings.HOST_ID: ''})
        self.assertBinding(UNBOUND, port)
        self.assertEqual('DOWN', port['status'])

    def test_admin_state_by_the_user(self):
        port = self.port(self.flat())
        for up, status in ((False, 'DOWN'), (True, 'ACTIVE')):
            self._update('ports', port['id'],
                         {'port': {'admin_state_up': up}})
            self.assertEqual(status, self.show(port)['status'])

    def test_another_driver_sets_it_down(self):
        """As OVN's does with each port that no host of OVN's has."""
        port = self.port(self.flat())
        self.plugin.update_port_status(
            neutron_context.get_admin_context(), port['id'], 'DOWN')
        self.assertEqual('ACTIVE', self.show(port)['status'])

    def test_other_updates_leave_the_status(self):
        port = self.port(self.flat(), admin_state_up=False)
        port = self.update(port, name='other')
        self.assertEqual('DOWN', port['status'])
        self.assertEqual([], self.sent())

    def test_ports_of_other_drivers_do_not_follow(self):
        """Their agents report what they see."""
        port = self.port(self.flat(), host=plugin.KVM_HOST,
                         admin_state_up=False)
        port = self.update(port, admin_state_up=True)
        self.assertEqual('DOWN', port['status'])
        self.assertEqual([], self.sent())

    def test_unbound_ports_do_not_follow(self):
        port = self.port(self.flat(), host='', admin_state_up=False)
        port = self.update(port, admin_state_up=True)
        self.assertEqual('DOWN', port['status'])


class SecurityGroupsTestCase(plugin.MechanismTestCase):

    def notices(self):
        return self.log.output.count('Security groups are not enforced')

    def test_said_once_in_a_binding(self):
        port = self.port(self.flat())
        self.assertNotEqual([], port['security_groups'])
        self.assertEqual(
            'INFO Security groups are not enforced on port %s: a virtual '
            'switch of z/VM filters nothing\n' % port['id'],
            self.log.output)
        self.update(port, name='other')
        self.assertEqual(1, self.notices())
        self.move(port, plugin.OTHER_HOST)
        self.assertEqual(2, self.notices())

    def test_none(self):
        self.port(self.flat(), security_groups=[])
        self.assertEqual(0, self.notices())

    def test_port_security_disabled(self):
        port = self.port(self.flat(), port_security_enabled=False)
        self.assertIs(False, port['port_security_enabled'])
        self.assertEqual(0, self.notices())


class AgentOnOurHostTestCase(plugin.MechanismTestCase):
    """A host of nova-compute for z/VM that runs agents of Neutron's, too."""

    PORTS = ('network:dhcp', 'network:router_interface',
             'network:router_gateway')

    def test_their_ports(self):
        self.register_ovs_agent(plugin.HOST)
        network = self.flat()
        for owner in self.PORTS:
            port = self.port(network, device_owner=owner)
            self.assertEqual('ovs', port[portbindings.VIF_TYPE], owner)
        self.assertBinding(bindings.FLAT, self.port(network))

    def test_without_the_agent(self):
        network = self.flat()
        for owner in self.PORTS:
            port = self.port(network, device_owner=owner)
            self.assertBinding(FAILED, port)

    def test_hosts_for_dhcp(self):
        """A switch of z/VM makes no host one where a DHCP agent reaches it."""
        hosts = [plugin.HOST, plugin.OTHER_HOST, plugin.KVM_HOST]
        network = self.flat()
        for agent, reaching in ((None, {plugin.KVM_HOST}),
                                (plugin.HOST, {plugin.HOST, plugin.KVM_HOST})):
            if agent:
                self.register_ovs_agent(agent)
            self.assertEqual(
                reaching, self.plugin.filter_hosts_with_network_access(
                    self.context, network, hosts))
