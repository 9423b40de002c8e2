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

"""NICs of a new server, and how each family of Linux gets its addresses."""

import contextlib
import json

from nova.compute import manager

from nova_zvm.connector import client
from nova_zvm import exception
from nova_zvm.tests.functional import base
from nova_zvm.tests.functional import networking

NO_GATEWAY = {'gateway_ip': None}
FLAT = '10.1.0.0/16'
OTHER = '10.2.0.0/20'
SIX = 'fdf8:f53b:82e4::/64'


class BootTest(networking.NetworkingTestCase):

    def test_one_port(self):
        before = self.snapshot()
        port = self.make_port()
        server = self.boot_on(port, name='web-1')
        self.assert_agree(server)
        [interface] = self.guest(server)['linux']['networks']
        self.assertEqual(
            ('1000', '192.168.1.101', 24, '192.168.1.1', [], 1450),
            tuple(interface[key] for key in ('vdev', 'ip', 'prefix',
                                             'gateway', 'dns', 'mtu')))
        self.assertEqual('web-1', self.guest(server)['linux']['hostname'])
        self._delete_server(server)
        self.assert_nothing_left(before)

    def test_ports_on_several_switches_and_subnets(self):
        before = self.snapshot()
        ports = [
            self.make_port(vlan=networking.VLAN),
            self.make_port(subnets=[self.make_subnet(FLAT)]),
            self.make_port(subnets=[self.make_subnet(OTHER,
                                                     gateway_ip=None)]),
            self.make_port(vlan=networking.VLAN)]
        server = self.boot_on(*ports)
        self.assert_agree(server)
        self.assert_configured(server)
        self.assertEqual(
            [('VSW1', 100), ('VSW2', None), ('VSW2', None), ('VSW1', 100)],
            [(nic['switch'], nic['vlan'])
             for _, nic in sorted(self.nics(server).items())])
        self.assertEqual(
            {'1003': (16, '10.1.0.1'), '1006': (20, '')},
            {interface['vdev']: (interface['prefix'], interface['gateway'])
             for interface in self.guest(server)['linux']['networks']
             if interface['ip'].startswith('10.')})
        self._delete_server(server)
        self.assert_nothing_left(before)

    def test_address_that_the_user_chooses(self):
        server = self.boot(networks=[
            {'uuid': self.neutron.network_1['id'],
             'fixed_ip': '192.168.1.55'}])
        self.assert_agree(server)
        self.assertEqual({'1000': '192.168.1.55'},
                         self.linux_interfaces(server))

    def test_server_without_network(self):
        server = self.boot_on()
        self.assert_agree(server)
        self.assertEqual([], self.guest(server)['nics'])

    def test_two_vlans_on_two_switches(self):
        self.define_switch('VSW3')
        server = self.boot_on(self.make_port(vlan=100),
                              self.make_port(vlan=200, vswitch='VSW3'))
        self.assert_agree(server)
        self.assert_configured(server)

    def test_delete_when_a_switch_is_gone(self):
        for gone, kept in (('VSW1', 'VSW2'), ('VSW2', 'VSW1')):
            server = self.boot_on(self.make_port(),
                                  self.make_port(vlan=networking.VLAN))
            self.assert_agree(server)
            self.delete_switch(gone)
            self._delete_server(server)
            self.assertEqual({}, self.vswitch(kept)['grants'])
            self.assert_no_guest()
            self.zvm.simulator.reset()


class LinuxTest(networking.NetworkingTestCase):
    """What reaches the network files of each family of Linux."""

    def setUp(self):
        super().setUp()
        self.subnet = self.make_subnet(FLAT, dns_nameservers=[
            '10.1.0.2', '10.1.0.3', '10.1.0.4'])

    def boot_of(self, os_distro, *ports, **server):
        return self.boot_on(*ports, image_id=self.create_image(
            os_distro=os_distro), **server)

    def test_name_servers_and_mtu(self):
        for os_distro in ('rhel7.9', 'rhel9', 'sles12', 'sles15.4',
                          'ubuntu16', 'ubuntu22.04'):
            server = self.boot_of(
                os_distro, self.make_port(subnets=[self.subnet]))
            self.assert_agree(server)
            self.assert_configured(server)
            [interface] = self.guest(server)['linux']['networks']
            self.assertEqual(
                (os_distro, ['10.1.0.2', '10.1.0.3', '10.1.0.4'], 1450),
                (os_distro, interface['dns'], interface['mtu']))
            self._delete_server(server)

    def test_without_gateway(self):
        self.subnet['gateway_ip'] = None
        for os_distro in ('rhel7.9', 'rhel9', 'sles12', 'sles15.4'):
            server = self.boot_of(
                os_distro, self.make_port(subnets=[self.subnet]))
            self.assert_configured(server)
            [interface] = self.guest(server)['linux']['networks']
            self.assertEqual('', interface['gateway'])
            self._delete_server(server)

    def test_without_gateway_where_one_is_needed(self):
        self.subnet['gateway_ip'] = None
        for os_distro in ('ubuntu16', 'ubuntu22.04'):
            port = self.make_port(subnets=[self.subnet])
            self.assert_refused(
                'no gateway', port['id'], ports=[port],
                image_id=self.create_image(os_distro=os_distro))

    def test_two_ports_in_each(self):
        for os_distro in ('rhel9', 'sles15.4', 'ubuntu16'):
            server = self.boot_of(
                os_distro, self.make_port(),
                self.make_port(vlan=networking.VLAN))
            self.assert_agree(server)
            self.assert_configured(server)
            self._delete_server(server)

    def test_two_ports_where_the_connector_configures_one(self):
        ports = [self.make_port(subnets=[self.subnet]), self.make_port(
            vlan=networking.VLAN, subnets=[self.make_subnet(OTHER)])]
        server = self.boot_of('ubuntu22.04', *ports, config_drive=True)
        self.assert_agree(server)
        self.assert_cloud_init_knows(server, *ports)
        self.assert_refused(
            'configures only one port in ubuntu22.04', 'config drive',
            ports=[self.make_port(), self.make_port()],
            image_id=self.create_image(os_distro='ubuntu22.04'))

    def test_dual_stack(self):
        port = self.make_port(subnets=[
            self.make_subnet(SIX, dns_nameservers=['fdf8:f53b:82e4::2']),
            self.subnet])
        server = self.boot_of('rhel8.6', port, config_drive=True)
        self.assert_agree(server)
        self.assert_configured(server)
        self.assert_cloud_init_knows(server, port)

    def test_ipv6_alone(self):
        port = self.make_port(subnets=[self.make_subnet(SIX)])
        self.assert_refused('no IPv4 address', 'boot with a config drive',
                            port['id'], ports=[port])
        other = self.make_port(vlan=networking.VLAN, subnets=[self.subnet])
        server = self.boot_on(port, other, config_drive=True)
        self.assert_agree(server)
        self.assert_configured(server, port)
        self.assert_cloud_init_knows(server, port, other)

    def assert_cloud_init_knows(self, server, *ports):
        """See that the config drive has the addresses of all ports."""
        network = json.loads(self.guest_file(
            server, 'openstack/latest/network_data.json'))
        self.assertEqual(
            sorted(fixed_ip['ip_address'] for port in ports
                   for fixed_ip in port['fixed_ips']),
            sorted(item['ip_address'].partition('/')[0]
                   for item in network['networks']))
        self.assertEqual([port['mac_address'] for port in ports],
                         [link['ethernet_mac_address']
                          for link in network['links']])


class RefusalTest(networking.NetworkingTestCase):

    def test_port_without_address(self):
        port = self.make_port(fixed_ips=[], ip_allocation='none')
        self.assert_refused('no IP address', port['id'], ports=[port])

    def test_two_vlans_on_one_switch(self):
        ports = [self.make_port(vlan=100), self.make_port(),
                 self.make_port(vlan=200)]
        self.assert_refused('one VLAN for all its NICs', 'VSW1',
                            ports[2]['id'], ports=ports)

    def test_flat_and_vlan_on_one_switch(self):
        ports = [self.make_port(vswitch='VSW1'), self.make_port(vlan=100)]
        self.assert_refused('one VLAN for all its NICs', 'VSW1',
                            ports=ports)

    def test_vlan_on_a_switch_that_knows_none(self):
        port = self.make_port(vlan=100, vswitch='VSW2')
        self.assert_refused('VLAN 100', "'VSW2' is VLAN-unaware",
                            port['id'], ports=[port])

    def test_switch_that_does_not_exist(self):
        # The connector has another answer for a name that cannot be one.
        for name in ('NOSUCH', 'TOOLONGNAME'):
            port = self.make_port(vswitch=name)
            self.assert_refused(
                "no virtual switch '%s'" % name, '[zvm] vswitch_mappings',
                '[ml2_zvm] vswitch_mappings', "'vsw2'", ports=[port])

    def test_more_ports_than_a_request_takes(self):
        ports = [self.make_port() for _ in range(25)]
        self.assert_refused('25 ports are more', ports=ports)


class DetailsTest(networking.NetworkingTestCase):
    """Who tells the switch: Neutron, the option, or the network's name."""

    def configure(self):
        super().configure()
        self.flags(vswitch_mappings={'physnet2': 'vsw1'}, group='zvm')

    def test_the_mechanism_driver_before_the_option(self):
        self.define_switch('VSW3')
        port = self.make_port(vlan=100, vswitch='vsw3')
        server = self.boot_on(port)
        self.assert_agree(server)
        self.assertEqual('VSW3', self.nics(server)['1000']['switch'])

    def test_the_option_and_the_name(self):
        switches = {'physnet2': 'VSW1', base.PHYSICAL_NETWORK: 'VSW2'}
        server = self.boot_on(self.make_undetailed_port(),
                              self.make_undetailed_port(vlan=24))
        self.assert_agree(server, switches=switches)
        self.assert_configured(server)
        self.assertEqual({'VSW1': [24], 'VSW2': []},
                         self.grants(self.userid(server)))

    def test_numbers_as_strings(self):
        details = {'vswitch': 'VSW1', 'vlan': '100'}
        server = self.boot_on(
            self.make_port(vlan=100, **{'binding:vif_details': details}))
        self.attach(server, self.make_port(
            vswitch='VSW2', **{'binding:vif_details': {
                'vswitch': 'VSW2', 'vlan': '0'}}))
        self.assertEqual({'VSW1': [100], 'VSW2': []},
                         self.grants(self.userid(server)))

    def make_undetailed_port(self, vlan=None):
        details = {'port_filter': True, 'connectivity': 'l2'}
        if vlan:
            details['vlan'] = vlan
        return self.make_port(vlan=vlan, **{
            'binding:vif_details': details, 'binding:vif_type': 'other'})


class PluggingTest(networking.NetworkingTestCase):
    """Ports that an agent brings up while nova waits."""

    def setUp(self):
        super().setUp()
        self.flags(vif_plugging_timeout=base.PATIENCE)
        self.flags(max_attempts=1, group='scheduler')
        self.before = self.snapshot()
        self.awaited = []
        self.port = self.make_port(status='DOWN')
        wait = manager.ComputeVirtAPI.wait_for_instance_event

        @contextlib.contextmanager
        def waited(virtapi, instance, events, timeout, **options):
            with wait(virtapi, instance, events, timeout, **options):
                yield
                if events:
                    self.awaited.append((events, timeout))
                    self.meanwhile(instance)

        self.stub_out(
            'nova.compute.manager.ComputeVirtAPI.wait_for_instance_event',
            waited)

    def post_event(self, port, status):
        """Return what makes Neutron tell nova's API of a port."""
        def post(instance):
            self.api.create_server_external_events([
                {'name': 'network-vif-plugged', 'tag': port['id'],
                 'server_uuid': instance.uuid, 'status': status}])
        return post

    def time_out(self, instance):
        raise exception.EventTimeout()

    def meanwhile(self, instance):
        raise AssertionError('Nothing was to be waited for.')

    def assert_awaited(self):
        self.assertEqual([([('network-vif-plugged', self.port['id'])],
                           base.PATIENCE)], self.awaited)

    def assert_boots(self):
        server = self.boot_on(self.make_port(vlan=100), self.port)
        self.assert_agree(server)
        self.assert_configured(server)

    def assert_boot_fails(self):
        server = self.boot_on(self.port, expected_state='ERROR')
        self.assert_awaited()
        self.assertIn('network', server['fault']['message'])
        self.assert_nothing_left(self.before)

    def test_the_agent_succeeds(self):
        """The guest is not started before."""
        post = self.post_event(self.port, 'completed')

        def meanwhile(instance):
            self.assertIsNone(
                self.zvm.machine.state()['guests'].get(instance.name.upper()))
            self.assertIn(instance.name.upper(),
                          self.vswitch('VSW2')['grants'])
            post(instance)

        self.meanwhile = meanwhile
        self.assert_boots()
        self.assert_awaited()

    def test_the_agent_fails(self):
        self.meanwhile = self.post_event(self.port, 'failed')
        self.assert_boot_fails()

    def test_the_agent_fails_which_is_not_fatal(self):
        self.flags(vif_plugging_is_fatal=False)
        self.meanwhile = self.post_event(self.port, 'failed')
        self.assert_boots()
        self.assert_awaited()

    def test_timeout(self):
        self.meanwhile = self.time_out
        self.assert_boot_fails()

    def test_timeout_which_is_not_fatal(self):
        self.flags(vif_plugging_is_fatal=False)
        self.meanwhile = self.time_out
        self.assert_boots()
        self.assert_awaited()

    def test_no_wait_is_wanted(self):
        self.flags(vif_plugging_timeout=0)
        self.assert_boots()

    def test_ports_that_are_up(self):
        self.port['status'] = 'ACTIVE'
        self.assert_boots()


class MacPrefixTest(networking.NetworkingTestCase):

    def make_foreign_port(self):
        return self.make_port(mac_address='fa:16:3e:00:00:01')

    def test_foreign_prefix(self):
        """The first boot knows it at its end, the second before."""
        for _ in range(2):
            server = self.boot_on(self.make_foreign_port())
            self.assert_agree(server)
            self.assertIn('base_mac = 02:00:00:00:00:00', self.logged())
            self._delete_server(server)
            self.stdlog.delete_stored_logs()

    def test_own_prefix(self):
        for _ in range(2):
            self.boot_on(self.make_port())
        self.assertNotIn('base_mac', self.logged())


class RequiredMacPrefixTest(MacPrefixTest):

    def configure(self):
        super().configure()
        self.flags(require_mac_prefix=True, group='zvm')

    def test_foreign_prefix(self):
        """It is known from the NIC of somebody else's guest."""
        self.make_coupled_guest()
        port = self.make_foreign_port()
        self.assert_refused(port['id'], 'base_mac = 02:00:00:00:00:00',
                            'make the port anew', ports=[port])

    def test_foreign_prefix_of_the_first_nic(self):
        self.flags(max_attempts=1, group='scheduler')
        before = self.snapshot()
        server = self.boot_on(self.make_foreign_port(),
                              expected_state='ERROR')
        self.assertIn('base_mac = 02:00:00:00:00:00',
                      server['fault']['message'])
        self.assert_nothing_left(before)
        # From now on it is known.
        self.assert_refused('base_mac', ports=[self.make_foreign_port()])

    def test_own_prefix_is_known(self):
        self.make_coupled_guest()
        self.boot_on(self.make_port())

    def make_coupled_guest(self):
        """Start a guest of which nova knows nothing, with a NIC on VSW2."""
        guests = self.foreign_guest('OTHER1').guests
        guests.create_nic('OTHER1', '1000', 'nic', '02:00:00:aa:bb:cc')
        client.Connector(
            self.zvm.url, token_file=self.zvm.token_file).vswitches.grant(
                'VSW2', 'OTHER1')
        guests.couple('OTHER1', '1000', 'VSW2')
        guests.start('OTHER1')
