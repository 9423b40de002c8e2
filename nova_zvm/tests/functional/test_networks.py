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
from nova_zvm.errors import failures
from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import networking

NO_GATEWAY = {'gateway_ip': None}
FLAT = '10.1.0.0/16'
OTHER = '10.2.0.0/20'
SIX = 'fdf8:f53b:82e4::/64'


class BootTest(networking.NetworkingTestCase):

    def test_one_port_and_ports_on_several_switches_and_subnets(self):
        before = self.snapshot()
        one = self.boot_on(self.make_port(), name='web-1')
        self.assert_agree(one)
        [interface] = self.guest(one)['linux']['networks']
        self.assertEqual(
            ('1000', '192.168.1.101', 24, '192.168.1.1', [], 1450),
            tuple(interface[key] for key in ('vdev', 'ip', 'prefix',
                                             'gateway', 'dns', 'mtu')))
        self.assertEqual('web-1', self.guest(one)['linux']['hostname'])

        several = self.boot_on(
            self.make_port(vlan=networking.VLAN),
            self.make_port(subnets=[self.make_subnet(FLAT)]),
            self.make_port(subnets=[self.make_subnet(OTHER,
                                                     gateway_ip=None)]),
            self.make_port(vlan=networking.VLAN))
        self.assert_agree(several)
        self.assert_configured(several)
        self.assertEqual(
            [('VSW1', 100), ('VSW2', None), ('VSW2', None), ('VSW1', 100)],
            [(nic['switch'], nic['vlan'])
             for _, nic in sorted(self.nics(several).items())])
        self.assertEqual(
            {'1003': (16, '10.1.0.1'), '1006': (20, '')},
            {interface['vdev']: (interface['prefix'], interface['gateway'])
             for interface in self.guest(several)['linux']['networks']
             if interface['ip'].startswith('10.')})

        self._delete_server(several)
        self.assert_agree(one)
        self._delete_server(one)
        self.assert_nothing_left(before)

    def test_address_that_the_user_chooses_and_two_vlans(self):
        self.define_switch('VSW3')
        server = self.boot(networks=[
            {'uuid': self.neutron.network_1['id'],
             'fixed_ip': '192.168.1.55'},
            {'port': self.make_port(vlan=100)['id']},
            {'port': self.make_port(vlan=200, vswitch='VSW3')['id']}])
        self.assert_agree(server)
        self.assert_configured(server)
        self.assertEqual('192.168.1.55',
                         self.linux_interfaces(server)['1000'])

        without = self.boot_on()
        self.assert_agree(without)
        self.assertEqual([], self.guest(without)['nics'])

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

    def test_name_servers_and_mtu_with_one_port_and_two(self):
        for os_distro, more in (
                ('rhel7.9', 0), ('rhel9', 1), ('sles12', 0), ('sles15.4', 1),
                ('ubuntu16', 1), ('ubuntu22.04', 0)):
            server = self.boot_of(
                os_distro, self.make_port(subnets=[self.subnet]),
                *[self.make_port(vlan=networking.VLAN)
                  for _ in range(more)])
            self.assert_agree(server)
            self.assert_configured(server)
            interface, *others = self.guest(server)['linux']['networks']
            self.assertEqual(
                (os_distro, '1000', ['10.1.0.2', '10.1.0.3', '10.1.0.4'],
                 1450, more),
                (os_distro, interface['vdev'], interface['dns'],
                 interface['mtu'], len(others)))

    def test_without_gateway(self):
        self.subnet['gateway_ip'] = None
        for os_distro in ('rhel7.9', 'rhel9', 'sles12', 'sles15.4'):
            server = self.boot_of(
                os_distro, self.make_port(subnets=[self.subnet]))
            self.assert_configured(server)
            [interface] = self.guest(server)['linux']['networks']
            self.assertEqual('', interface['gateway'], os_distro)
        # Where one is needed.
        for os_distro in ('ubuntu16', 'ubuntu22.04'):
            port = self.make_port(subnets=[self.subnet])
            self.assert_refused(
                'no gateway', port['id'], ports=[port],
                image_id=self.create_image(os_distro=os_distro))

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

    def test_ipv6_beside_ipv4_and_alone(self):
        port = self.make_port(subnets=[
            self.make_subnet(SIX, dns_nameservers=['fdf8:f53b:82e4::2']),
            self.subnet])
        server = self.boot_of('rhel8.6', port, config_drive=True)
        self.assert_agree(server)
        self.assert_configured(server)
        self.assert_cloud_init_knows(server, port)

        alone = self.make_port(subnets=[self.make_subnet(SIX)])
        self.assert_refused('no IPv4 address', 'boot with a config drive',
                            alone['id'], ports=[alone])
        other = self.make_port(vlan=networking.VLAN, subnets=[self.subnet])
        server = self.boot_on(alone, other, config_drive=True)
        self.assert_agree(server)
        self.assert_configured(server, alone)
        self.assert_cloud_init_knows(server, alone, other)

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

    def test_addresses_and_numbers_of_ports(self):
        port = self.make_port(fixed_ips=[], ip_allocation='none')
        self.assert_refused('no IP address', port['id'], ports=[port])

        ports = [self.make_port() for _ in range(25)]
        self.assert_refused('25 ports are more', ports=ports)

    def test_switches_and_vlans(self):
        # The connector has another answer for a name that cannot be one.
        for name in ('NOSUCH', 'TOOLONGNAME'):
            port = self.make_port(vswitch=name)
            self.assert_refused(
                "no virtual switch '%s'" % name, '[zvm] vswitch_mappings',
                '[ml2_zvm] vswitch_mappings', "'vsw2'", ports=[port])

        port = self.make_port(vlan=100, vswitch='VSW2')
        self.assert_refused('VLAN 100', "'VSW2' is VLAN-unaware",
                            port['id'], ports=[port])

        flat_and_vlan = [self.make_port(vswitch='VSW1'),
                         self.make_port(vlan=100)]
        self.assert_refused('one VLAN for all its NICs', 'VSW1',
                            ports=flat_and_vlan)

        ports = [self.make_port(vlan=100), self.make_port(),
                 self.make_port(vlan=200)]
        self.assert_refused('one VLAN for all its NICs', 'VSW1',
                            ports[2]['id'], ports=ports)


class DetailsTest(networking.NetworkingTestCase):
    """Who tells the switch: Neutron, the option, or the network's name."""

    def configure(self):
        super().configure()
        self.flags(vswitch_mappings={'physnet2': 'vsw1'}, group='zvm')

    def test_the_mechanism_driver_the_option_and_the_name(self):
        """In this order."""
        self.define_switch('VSW3')
        switches = {'physnet2': 'VSW1', cloud.PHYSICAL_NETWORK: 'VSW2'}
        server = self.boot_on(self.make_undetailed_port(),
                              self.make_undetailed_port(vlan=24),
                              self.make_port(vlan=100, vswitch='vsw3'))
        self.assert_agree(server, switches=switches)
        self.assert_configured(server)
        self.assertEqual('VSW3', self.nics(server)['1006']['switch'])
        self.assertEqual({'VSW1': [24], 'VSW2': [], 'VSW3': [100]},
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
        self.flags(vif_plugging_timeout=cloud.PATIENCE)
        self.flags(max_attempts=1, group='scheduler')
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
        raise failures.EventTimeout()

    def meanwhile(self, instance):
        raise AssertionError('Nothing was to be waited for.')

    def assert_awaited(self):
        self.assertEqual([([('network-vif-plugged', self.port['id'])],
                           cloud.PATIENCE)], self.awaited)

    def assert_boots(self):
        server = self.boot_on(self.make_port(vlan=100), self.port)
        self.assert_agree(server)
        self.assert_configured(server)

    def assert_boot_fails(self):
        before = self.snapshot()
        server = self.boot_on(self.port, expected_state='ERROR')
        self.assert_awaited()
        self.assertIn('network', server['fault']['message'])
        self.assert_nothing_left(before)

    def failures(self):
        """Yield once for each way in which an agent fails, with a new port.

        """
        self.meanwhile = self.post_event(self.port, 'failed')
        yield
        self.awaited.clear()
        self.port = self.make_port(status='DOWN')
        self.meanwhile = self.time_out
        yield

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
        for _ in self.failures():
            self.assert_boot_fails()

    def test_the_agent_fails_which_is_not_fatal(self):
        self.flags(vif_plugging_is_fatal=False)
        for _ in self.failures():
            self.assert_boots()
            self.assert_awaited()

    def test_nothing_to_wait_for(self):
        """No wait is wanted, or the ports are up."""
        self.flags(vif_plugging_timeout=0)
        self.assert_boots()
        self.flags(vif_plugging_timeout=cloud.PATIENCE)
        self.port = self.make_port(status='ACTIVE')
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
                            'recreate the port', ports=[port])
        self.boot_on(self.make_port())

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

    def make_coupled_guest(self):
        """Start a guest of which nova knows nothing, with a NIC on VSW2."""
        connector = self.foreign_guest('OTHER1')
        connector.nics.create('OTHER1', '1000', 'nic', '02:00:00:aa:bb:cc')
        client.Connector(
            self.zvm.url, token_file=self.zvm.token_file).vswitches.grant(
                'VSW2', 'OTHER1')
        connector.nics.couple('OTHER1', '1000', 'VSW2')
        connector.guests.start('OTHER1')
