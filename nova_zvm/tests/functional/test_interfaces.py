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

"""Interfaces attached to and detached from servers, through nova's API."""

from concurrent import futures

from nova.network import model
from nova.tests.functional.api import client as api_client

from nova_zvm.connector import client
from nova_zvm.record import ownership
from nova_zvm.tests.support import networking

ATTACH_TRAIT = 'COMPUTE_NET_ATTACH_INTERFACE'


class InterfacesTestCase(networking.NetworkingTestCase):

    def setUp(self):
        super().setUp()
        self.before = self.snapshot()

    def assert_delete_leaves_nothing(self, server):
        self._delete_server(server)
        self.assert_nothing_left(self.before)

    def assert_attach_refused(self, server, port, words):
        """See that a port is refused for a reason, and that it is free."""
        self.zvm.simulator.wait_idle(30)
        before = self.snapshot()
        error = self.assertRaises(api_client.OpenStackApiException,
                                  self.attach, server, port)
        self.assertEqual(500, error.response.status_code)
        self.assertIn(words, self.logged())
        self.assertFalse(self.neutron._ports[port['id']]['device_id'])
        self.assert_nothing_left(before)
        self.assertIsNone(ownership.unfinished_nic_change(
            self.instance(server)))


class AttachTest(InterfacesTestCase):

    def test_several_in_a_row(self):
        """The number of one that was detached is used again."""
        first = self.make_port()
        server = self.boot_on(first)
        ports = [self.make_port(), self.make_port(vlan=networking.VLAN),
                 self.make_port(vlan=networking.VLAN)]
        self.attach(server, ports[0])
        self.assert_agree(server, hot_plugged=ports[:1])
        self.assert_configured(server)
        self.assert_cp_has_chosen_the_mac(server, ports[0])
        error = self.assertRaises(api_client.OpenStackApiException,
                                  self.attach, server, first)
        self.assertEqual(409, error.response.status_code)
        self.assert_agree(server, hot_plugged=ports[:1])

        for port in ports[1:]:
            self.attach(server, port)
        self.assert_agree(server, hot_plugged=ports)
        self.assert_configured(server)
        self.detach(server, ports[1])
        last = self.make_port()
        self.attach(server, last)
        self.assert_agree(server, hot_plugged=[ports[0], ports[2], last])
        self.assert_configured(server)
        self.assertEqual(['1000', '1003', '1006', '1009'],
                         sorted(self.nics(server)))

        self.stop(server)
        self.assert_agree(server)
        self.detach(server, ports[0])
        self.attach(server, self.make_port())
        self.assert_agree(server)
        self._start_server(server)
        self.assert_agree(server)
        self.assert_configured(server)
        self.assertEqual(['1000', '1003', '1006', '1009'],
                         sorted(self.nics(server)))
        self.assert_delete_leaves_nothing(server)

    def assert_cp_has_chosen_the_mac(self, server, port):
        chosen = self.nics(server)['1003']['mac'].lower()
        chosen = ':'.join(chosen[at:at + 2] for at in range(0, 12, 2))
        self.assertIn('the MAC address %s, not %s' % (
            chosen, port['mac_address']), self.logged())

    def test_at_once(self):
        """Of two that exclude each other one is attached at most."""
        server = self.boot_on(self.make_port())
        ports = [self.make_port(vlan=vlan) for vlan in (100, 200)]
        attached = self.attach_at_once(server, ports)
        self.assertLess(len(attached), 2)
        self.assert_agree(server, hot_plugged=attached)
        for port in attached:
            self.detach(server, port)

        ports = [self.make_port(vlan=networking.VLAN) for _ in range(4)]
        self.assertEqual(ports, self.attach_at_once(server, ports))
        self.assert_agree(server, hot_plugged=ports)
        self.assert_configured(server)
        self.assert_delete_leaves_nothing(server)

    def attach_at_once(self, server, ports):
        """Return those of the ports that are not refused."""
        with futures.ThreadPoolExecutor(len(ports)) as executor:
            done = [executor.submit(self.attach, server, port)
                    for port in ports]
        return [port for port, future in zip(ports, done)
                if not future.exception()]

    def test_first_port(self):
        server = self.boot_on()
        port = self.make_port(vlan=networking.VLAN)
        self.attach(server, port)
        self.assert_agree(server, hot_plugged=[port])
        self.assert_configured(server)
        self.detach(server, port)
        self.assert_agree(server)
        self.stop(server)
        self.attach(server, port)
        self.assert_agree(server)
        self._start_server(server)
        self.assert_configured(server)
        self.assert_delete_leaves_nothing(server)

    def test_number_that_is_something_elses(self):
        [host] = self._get_all_providers()
        self.assertIn(ATTACH_TRAIT, self._get_provider_traits(host['uuid']))
        server = self.stop(self.boot_on(
            self.make_port(), flavor_id=self.create_flavor(ephemeral=1)))
        self.add_to_entry(server, 'DEDICATE 1005 0A30')
        self.attach(server, self.make_port())
        self.assert_agree(server)
        self.assertIn('NICDEF 1006', self.entry(server))
        self.assertNotIn('NICDEF 1003', self.entry(server))

    def test_network_and_address_that_the_user_chooses(self):
        """nova makes the port, and deletes it."""
        server = self.boot_on(self.make_port())
        [port] = [self.neutron._ports[port_id] for port_id in [
            self.api.attach_interface(server['id'], {'interfaceAttachment': {
                'net_id': self.neutron.network_1['id'],
                'fixed_ips': [{'ip_address': '192.168.1.55'}]}},
            ).body['interfaceAttachment']['port_id']]]
        self.assert_agree(server, hot_plugged=[port])
        self.assert_configured(server)
        self.assertEqual('192.168.1.55', self.linux_interfaces(
            server)['1003'])
        self.detach(server, port)
        self.assert_agree(server)
        self.assertNotIn(port['id'], self.neutron._ports)

        only_ipv6 = self.make_port(subnets=[
            self.make_subnet('fdf8:f53b:82e4::/64')])
        self.attach(server, only_ipv6)
        self.assert_agree(server, hot_plugged=[only_ipv6])
        self.assert_configured(server, only_ipv6)

    def test_linux_that_takes_one_interface(self):
        """It is given the hardware; a boot or the user does the rest."""
        server = self.boot_on(self.make_port(), image_id=self.create_image(
            os_distro='ubuntu22.04'))
        port = self.make_port()
        self.attach(server, port)
        self.assert_agree(server, hot_plugged=[port])
        self.assert_configured(server, port)
        self.detach(server, port)
        self.assert_agree(server)
        self.assert_configured(server)

    def test_each_other_linux(self):
        for os_distro in ('rhel7.9', 'sles12', 'sles15.4', 'ubuntu16'):
            server = self.boot_on(
                self.make_port(),
                image_id=self.create_image(os_distro=os_distro))
            port = self.make_port()
            self.attach(server, port)
            self.assert_agree(server, hot_plugged=[port])
            self.assert_configured(server)
            self.detach(server, port)
            self.assert_agree(server)
            # The simulated Linux has no awk, with which the connector edits
            # the one file of Ubuntu.
            if os_distro != 'ubuntu16':
                self.assert_configured(server)

    def add_to_entry(self, server, statement):
        """Add a statement to a directory entry, as an operator does."""
        userid = self.userid(server)
        text = self.entry(server)
        path = self.zvm.simulator.member.file_repository / 'entry'
        path.write_text(text + '\n' + statement + '\n')
        for words in (['Image_Lock_DM'], ['Image_Replace_DM', '-f',
                                          str(path)]):
            answer = self.zvm.machine.execute(
                'ZVMSYS1', ['smcli', words[0], '-T', userid, *words[1:]])
            self.assertEqual(0, answer.status, answer.output)
        path.unlink()


class AttachRefusedTest(InterfacesTestCase):

    def setUp(self):
        super().setUp()
        self.port = self.make_port(vlan=networking.VLAN)
        self.server = self.boot_on(self.port)

        self.hot = []

    def assert_refused_for(self, port, words):
        self.assert_attach_refused(self.server, port, words)
        self.assert_agree(self.server, hot_plugged=self.hot)

    def assert_attached(self, **where):
        port = self.make_port(**where)
        self.attach(self.server, port)
        self.hot.append(port)
        self.assert_agree(self.server, hot_plugged=self.hot)

    def test_state_of_the_server(self):
        self.act(self.server, 'pause', 'PAUSED')
        self.assert_refused_for(self.make_port(), 'it is paused')
        self.act(self.server, 'unpause', 'ACTIVE')
        self.assert_attached()

        ownership.begin_capture(self.instance(self.server), 'on')
        self.assert_refused_for(self.make_port(), 'a snapshot of it may be')
        ownership.end_capture(self.instance(self.server))
        self.assert_attached()

    def test_switch_of_the_port(self):
        self.assert_refused_for(self.make_port(vlan=100, vswitch='VSW2'),
                                "'VSW2' is VLAN-unaware")
        self.assert_refused_for(self.make_port(vswitch='NOSUCH'),
                                "no virtual switch 'NOSUCH'")
        self.assert_refused_for(self.make_port(vlan=200),
                                'has another on VSW1')
        self.assert_refused_for(self.make_port(vswitch='VSW1'),
                                'has another on VSW1')
        # With the last of the one VLAN gone there is room for another.
        self.detach(self.server, self.port)
        self.assert_attached(vlan=200)

    def test_unreachable_linux(self):
        self.make_unreachable(self.server)
        port = self.make_port()
        error = self.assertRaises(api_client.OpenStackApiException,
                                  self.attach, self.server, port)
        self.assertEqual(500, error.response.status_code)
        self.assertFalse(self.neutron._ports[port['id']]['device_id'])
        self.assert_agree(self.server)

        # A boot does not tell the guest of the NIC that is gone.
        self.zvm.engine.faults.clear()
        self.stop(self.server)
        self._start_server(self.server)
        self.assert_agree(self.server)
        self.assert_configured(self.server)

        # It gets no configuration for an address that it has to find itself.
        self.make_unreachable(self.server)
        self.assert_attached(subnets=[
            self.make_subnet('fdf8:f53b:82e4::/64')])

        self.assertRaises(api_client.OpenStackApiException, self.attach,
                          self.server, self.make_port())
        self.assert_delete_leaves_nothing(self.server)


class RequiredMacPrefixTest(InterfacesTestCase):

    def configure(self):
        super().configure()
        self.flags(require_mac_prefix=True, group='zvm')

    def test_foreign_prefix(self):
        server = self.boot_on(self.make_port())
        port = self.make_port(mac_address='fa:16:3e:00:00:01')
        self.assert_attach_refused(server, port, 'base_mac = 02:00:00')
        self.assert_agree(server)


class DetachTest(InterfacesTestCase):

    def setUp(self):
        super().setUp()
        self.ports = [self.make_port(), self.make_port(),
                      self.make_port(vlan=networking.VLAN)]
        self.server = self.boot_on(*self.ports)

    def test_running_server(self):
        """The grant goes with the last NIC on a switch."""
        userid = self.userid(self.server)
        instance = self.instance(self.server)
        vif = self.cached_ports(self.server)[self.ports[0]['id']]
        added = self.make_port()
        self.attach(self.server, added)
        for port, grants in zip((added, *self.ports), (
                {'VSW1': [100], 'VSW2': []}, {'VSW1': [100], 'VSW2': []},
                {'VSW1': [100]}, {})):
            self.detach(self.server, port)
            self.assert_agree(self.server)
            self.assert_configured(self.server)
            self.assertEqual(grants, self.grants(userid))
        # What is gone may be detached again.
        for gone in (vif, model.VIF(id='none', network=vif['network'])):
            self.driver.detach_interface(self.context_of_admin(), instance,
                                         gone)
        self.assert_agree(self.server)
        self.assert_delete_leaves_nothing(self.server)

    def test_stopped_and_paused_server(self):
        self.stop(self.server)
        for port in self.ports[:2]:
            self.detach(self.server, port)
            self.assert_agree(self.server)
        self._start_server(self.server)
        self.assert_agree(self.server)
        self.assert_configured(self.server)

        self.act(self.server, 'pause', 'PAUSED')
        self.detach(self.server, self.ports[2])
        self.assert_agree(self.server)
        self.act(self.server, 'unpause', 'ACTIVE')
        self.assert_agree(self.server)

    def test_what_others_do(self):
        """Neutron removes a port, Linux hangs, an operator removes a NIC."""
        added = self.make_port()
        self.attach(self.server, added)
        self.delete_in_neutron(self.server, self.ports[1])
        # Up to nova 33 its cache forgets the port before the driver is asked,
        # and nothing that users see tells when the driver is done.
        self._wait_for_assert(lambda: self.assert_left(
            added, self.ports[0], self.ports[2]))
        self.assert_configured(self.server)

        self.make_unreachable(self.server)
        self.detach(self.server, self.ports[0])
        self.assert_left(added, self.ports[2])
        self.assertIn('have the configuration of NIC 1000',
                      self.logged())
        self.zvm.engine.faults.clear()

        client.Connector(
            self.zvm.url, token_file=self.zvm.token_file).nics.delete(
                self.userid(self.server), '1006', active=True)
        self.detach(self.server, self.ports[2])
        self.assertEqual(['1009'], list(self.nics(self.server)))

    def assert_left(self, added, *ports):
        self.assertEqual({port['id'] for port in (added, *ports)},
                         set(self.cached_ports(self.server)))
        self.assert_agree(self.server, hot_plugged=[added])


class LifeTest(InterfacesTestCase):
    """What else users do with a server whose ports have changed."""

    def setUp(self):
        super().setUp()
        gone = self.make_port()
        self.server = self.boot_on(self.make_port(), gone)
        self.hot = [self.make_port(vlan=networking.VLAN)]
        self.attach(self.server, self.hot[0])
        self.detach(self.server, gone)

    def test_reboots_shelve_and_delete_of_a_stopped_server(self):
        # A Linux that boots anew still runs on the hardware as it is.
        self.act(self.server, 'reboot', 'ACTIVE', {'type': 'SOFT'})
        self.assert_agree(self.server, hot_plugged=self.hot)
        self.assert_configured(self.server)
        self.act(self.server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.assert_agree(self.server)
        self.assert_configured(self.server)

        self.flags(shelved_offload_time=0)
        self.act(self.server, 'shelve', 'SHELVED_OFFLOADED')
        self.assert_nothing_left(self.before)
        self.act(self.server, 'unshelve', 'ACTIVE')
        self.assert_agree(self.server)
        self.assert_configured(self.server)

        self.assert_delete_leaves_nothing(self.stop(self.server))

    def test_rebuild(self):
        self.act(self.server, 'rebuild', 'ACTIVE',
                 {'imageRef': self.create_image(os_distro='sles15.4')})
        self.assert_agree(self.server)
        self.assert_configured(self.server)
        # With the Linux that it has now.
        port = self.make_port()
        self.attach(self.server, port)
        self.assert_agree(self.server, hot_plugged=[port])
        self.assert_configured(self.server)
        self.assert_delete_leaves_nothing(self.server)

    def test_rebuild_during_an_attach(self):
        """The attach, or its undoing, does not meet the new guest."""
        self.zvm.engine.faults.add({
            'match': {'command': 'iucvclnt', 'userid': self.userid(
                self.server)}, 'times': 1, 'action': {'delay': 2000}})
        image_id = self.create_image(os_distro='sles15.4')
        with futures.ThreadPoolExecutor(1) as executor:
            attach = executor.submit(self.attach, self.server,
                                     self.make_port())
            self._wait_for_assert(lambda: self.assertEqual(
                3, len(self.rows('switch'))), sleep=0.1)
            self.act(self.server, 'rebuild', 'ACTIVE', {'imageRef': image_id})
            # nova logs the guest off in the middle of it.
            self.assertIsNotNone(attach.exception())
        # Not assert_agree: nova rebuilds with the port that it then frees.
        nics = self.nics(self.server)
        rows = {row['port']: row for row in self.rows('switch')}
        for port_id, vif in self.cached_ports(self.server).items():
            switch, vlan = networking.wanted_coupling(vif, {})
            nic = nics[rows[port_id]['interface']]
            self.assertEqual(switch, rows[port_id]['switch'])
            self.assertEqual((switch, vlan), (nic['switch'], nic['vlan']))

    def test_restart_of_nova_compute_and_delete(self):
        """A start asks nothing about NICs."""
        self.zvm.engine.clear_log()
        self.restart_compute()
        self.end_sweeps()
        asked = [record['command'] for record in self.zvm.engine.log()
                 if record['kind'] == 'rest']
        self.assertTrue(asked)
        self.assertEqual([], [line for line in asked if
                              'nic' in line or 'adapters' in line or
                              'interface' in line or 'vswitches' in line])
        self.assert_agree(self.server, hot_plugged=self.hot)
        port = self.make_port()
        self.attach(self.server, port)
        self.assert_agree(self.server, hot_plugged=self.hot + [port])
        self.assert_delete_leaves_nothing(self.server)

    def test_delete_when_a_switch_is_gone(self):
        for gone, kept in (('VSW1', 'VSW2'), ('VSW2', 'VSW1')):
            self.delete_switch(gone)
            self._delete_server(self.server)
            self.assertEqual({}, self.vswitch(kept)['grants'])
            self.assert_no_guest()
            self.zvm.simulator.reset()
            self.server = self.boot_on(self.make_port())
            self.attach(self.server, self.make_port(vlan=networking.VLAN))
