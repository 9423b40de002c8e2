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

from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory


SIX = inmemory.subnet('2001:db8::/64', '2001:db8::10', 6, '2001:db8::1',
                      ('2001:db8::2',))


class NetworkTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.connector.grants = {'VSWITCH1': {}, 'VSWITCH2': {}}
        self.vm = self.connector.put_guest('ABC00001')
        self.network = self.make_network({'physnet2': 'vswitch2'})

    def create(self, *vifs):
        nics = self.network.plan(vifs)
        self.network.create('ABC00001', 'rhel8.6', nics, 'web')


class InterfacesTestCase(NetworkTestCase):
    """What the connector or cloud-init can configure in a new guest."""

    def check(self, os_version, *vifs, config_drive=False):
        self.network.check_interfaces(os_version, self.network.plan(vifs),
                                      'web', config_drive)

    def assert_refused(self, words, os_version, *vifs):
        exc = self.assertRaises(nova_exception.InvalidInput, self.check,
                                os_version, *vifs)
        for word in words:
            self.assertIn(word, str(exc))
        self.assertEqual([], self.connector.writes)

    def test_no_ports(self):
        self.assertEqual([], self.network.plan(None))
        self.check('rhel8.6')

    def test_ipv6_only_is_for_cloud_init(self):
        port = inmemory.vif(subnets=[SIX])
        self.check('rhel8.6', port, config_drive=True)
        self.assert_refused((port['id'], 'no IPv4 address', 'config drive'),
                            'rhel8.6', port)

    def test_several_ports_where_the_connector_configures_one(self):
        ports = [inmemory.vif(), inmemory.vif()]
        for os_version in ('rhel8.6', 'ubuntu16'):
            self.check(os_version, *ports)
        for os_version in ('ubuntu20', 'Ubuntu22.04'):
            self.check(os_version, *ports, config_drive=True)
            self.check(os_version, ports[0])
            self.assert_refused((os_version, 'config drive'), os_version,
                                *ports)

    def test_no_gateway_in_a_linux_that_needs_one(self):
        port = inmemory.vif(subnets=[inmemory.subnet(gateway=None)])
        for os_version in ('rhel8.6', 'sles15.4'):
            self.check(os_version, port)
        for os_version in ('ubuntu16', 'Ubuntu22.04'):
            self.check(os_version, inmemory.vif())
            self.assert_refused((port['id'], 'no gateway'), os_version, port)

    def test_more_ports_than_a_request_takes(self):
        self.check('rhel8.6', *[inmemory.vif()] * 15)
        self.assert_refused(('16 ports',), 'rhel8.6', *[inmemory.vif()] * 16)


class SwitchesTestCase(NetworkTestCase):

    def check(self, *vifs):
        self.network.check_switches(self.network.plan(vifs))

    def test_no_ports_ask_nobody(self):
        self.check()
        self.assertEqual([], self.connector.calls)

    def test_known_ones_are_asked_for_once(self):
        self.check(inmemory.vif())
        self.check(inmemory.vif())
        self.assertEqual(1, len(self.connector.calls))

    def test_one_that_does_not_exist(self):
        vif = inmemory.vif(physical_network='physnet9')
        exc = self.assertRaises(nova_exception.InvalidInput, self.check,
                                inmemory.vif(), vif)
        for word in (vif['id'], "'PHYSNET9'", '[zvm] vswitch_mappings',
                     "'physnet9'"):
            self.assertIn(word, str(exc))

    def test_one_that_was_made_since(self):
        vif = inmemory.vif(physical_network='physnet9')
        self.assertRaises(nova_exception.InvalidInput, self.check, vif)
        self.connector.grants['PHYSNET9'] = {}
        self.check(vif)

    def test_a_vlan_on_a_switch_that_knows_none(self):
        self.connector.vlan_unaware.add('VSWITCH1')
        self.check(inmemory.vif())
        exc = self.assertRaises(nova_exception.InvalidInput, self.check,
                                inmemory.vif(vlan='100'))
        for word in (uuids.port, 'VLAN 100', "'VSWITCH1'"):
            self.assertIn(word, str(exc))
        # the operator mends it
        self.connector.vlan_unaware.clear()
        self.check(inmemory.vif(vlan='100'))

    def test_connector_down(self):
        self.connector.faults['vswitches.get'] = [fakes.unreachable()]
        self.assertRaises(failures.ConnectorUnreachable, self.check,
                          inmemory.vif())


class CreateTestCase(NetworkTestCase):

    def test_no_ports_send_nothing(self):
        self.create()
        self.assertEqual([], self.connector.calls)

    def test_a_port_becomes_a_nic(self):
        self.create(inmemory.vif())
        nic = self.vm.nics['1000']
        self.assertEqual(
            (uuids.port, '02:00:00:12:34:56', '192.0.2.10', 'web'),
            (nic.nic_id, nic.mac, nic.ip, nic.hostname))
        self.assertEqual({'1000': 'VSWITCH1'}, self.vm.couplings)
        self.assertEqual({'ABC00001': None},
                         self.connector.grants['VSWITCH1'])

    def test_a_port_that_only_cloud_init_configures(self):
        self.create(inmemory.vif(subnets=[SIX]))
        self.assertEqual({'1000': None}, self.vm.nics)
        self.assertEqual({'1000': uuids.port}, self.vm.nic_ids)
        self.assertEqual({'1000': 'VSWITCH1'}, self.vm.couplings)
        self.assertEqual({'ABC00001': None},
                         self.connector.grants['VSWITCH1'])
        self.assertEqual(3, len(self.connector.calls))

    def test_several_ports(self):
        self.create(inmemory.vif(), inmemory.vif(physical_network='physnet2'))
        self.assertEqual({'1000': 'VSWITCH1', '1003': 'VSWITCH2'},
                         self.vm.couplings)
        self.assertIn('ABC00001', self.connector.grants['VSWITCH1'])
        self.assertIn('ABC00001', self.connector.grants['VSWITCH2'])
        self.assertEqual(1,
                         self.connector.count('guests.create_interface'))

    def test_a_vlan_is_granted_with_the_switch_at_once(self):
        self.create(inmemory.vif(vlan='100'))
        self.assertEqual({'ABC00001': 100},
                         self.connector.grants['VSWITCH1'])
        self.assertEqual(0, self.connector.count('vswitches.grant'))

    def test_vlan_0_is_none(self):
        self.create(inmemory.vif(vlan='0'))
        self.assertEqual(1, self.connector.count('vswitches.grant'))
        self.assertEqual(0, self.connector.count('vswitches.set_vlan'))

    def test_a_nic_is_coupled_before_the_switch_is_granted(self):
        # the connector's delete revokes what is coupled
        self.connector.faults['guests.couple'] = [fakes.error()]
        self.assertRaises(errors.ConnectorError, self.create, inmemory.vif())
        self.assertEqual({}, self.connector.grants['VSWITCH1'])


class RevokeTestCase(NetworkTestCase):

    def test_takes_back_each_switch_once(self):
        self.connector.grants['VSWITCH1'] = {'ABC00001': None, 'OTHER': 5}
        self.network.revoke('ABC00001', [inmemory.vif(), inmemory.vif()])
        self.assertEqual({'OTHER': 5}, self.connector.grants['VSWITCH1'])
        self.assertEqual(1, self.connector.count('vswitches.revoke'))

    def test_without_ports_or_switches_sends_nothing(self):
        for vifs in (None, [], [inmemory.vif(physical_network=None)]):
            self.network.revoke('ABC00001', vifs)
        self.assertEqual([], self.connector.calls)

    def test_a_switch_that_is_gone(self):
        self.connector.grants['VSWITCH2'] = {'ABC00001': None}
        self.network.revoke('ABC00001', [
            inmemory.vif(physical_network='gone'),
            inmemory.vif(physical_network='physnet2')])
        self.assertEqual({}, self.connector.grants['VSWITCH2'])


class AuthorizeTestCase(NetworkTestCase):
    """A grant that comes after the guest was deleted stays for ever."""

    def setUp(self):
        super().setUp()
        self.nic, = self.network.plan([inmemory.vif()])

    def lose_answer(self, seconds):
        """Let the grant be there only so long after the answer was lost."""
        def lose(*args):
            self.clock.at(seconds, lambda: self.connector.grants[
                'VSWITCH1'].update(ABC00001=None))
            raise fakes.outcome_unknown('vswitches.grant', 60)

        self.connector.faults['vswitches.grant'] = [lose]

    def test_one_whose_answer_is_lost_is_waited_for(self):
        self.lose_answer(20)
        self.assertRaises(errors.OutcomeUnknown, self.network.authorize,
                          'ABC00001', self.nic)
        self.assertIn('ABC00001', self.connector.grants['VSWITCH1'])
        self.assertEqual(1020, self.clock.now)

    def test_one_that_does_not_come_is_not_waited_for_longer(self):
        self.lose_answer(1000)
        self.assertRaises(errors.OutcomeUnknown, self.network.authorize,
                          'ABC00001', self.nic)
        self.assertEqual(1060, self.clock.now)

    def test_one_that_is_refused_is_not_waited_for(self):
        self.connector.faults['vswitches.grant'] = [fakes.error()]
        self.assertRaises(errors.ConnectorError, self.network.authorize,
                          'ABC00001', self.nic)
        self.assertEqual(1000, self.clock.now)
