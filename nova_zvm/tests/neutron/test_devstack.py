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

"""Neutron takes the configuration that the DevStack plugin writes."""

from neutron_lib.api.definitions import portbindings
from neutron_lib.api.definitions import provider_net
from oslo_config import cfg

from nova_zvm.tests.neutron import plugin
from nova_zvm.tests.support import bindings
from nova_zvm.tests.support.devstack import stack

# What neutron's test base sets, and the files are to set.
OVERRIDES = (('mechanism_drivers', 'ml2'),
             ('network_vlan_ranges', 'ml2_type_vlan'))


class DevStackTestCase(plugin.MechanismTestCase):
    """A Neutron with nothing but neutron.conf and ml2_conf.ini."""

    localrc = ''

    def preSetUp(self):
        self.stack = self.useFixture(
            stack.DevStack('ZVM_HOSTS=%s\n%s' % (plugin.HOST, self.localrc)))
        self.stack.checked('stack')

    def setUp(self):
        super().setUp()
        # neutron's test base sets it after all others.
        cfg.CONF.clear_override('base_mac')

    def config_parse(self, conf=None, args=None):
        super().config_parse(conf, [
            *args, '--config-file', str(self.stack.neutron_conf),
            '--config-file', str(self.stack.ml2_conf)])

    def setup_coreplugin(self, *args, **kwargs):
        for name, group in OVERRIDES:
            cfg.CONF.clear_override(name, group=group)
        super().setup_coreplugin(*args, **kwargs)

    def network_of_an_ordinary_user(self):
        network = self._make_network(self.fmt, 'net', True)['network']
        return self._show(
            'networks', network['id'], as_admin=True)['network']


class SimulatedTest(DevStackTestCase):

    def test_drivers(self):
        self.assertEqual(
            ['zvm', 'openvswitch'],
            [driver.name for driver in
             self.plugin.mechanism_manager.ordered_mech_drivers])

    def test_flat_network(self):
        port = self.port(self.flat('physnet2'))
        self.assertBinding(bindings.FLAT, port)
        self.assertEqual('ACTIVE', port['status'])
        self.assertEqual('02:00:00', port['mac_address'][:8])

    def test_vlan_network(self):
        port = self.port(self.vlan('physnet1', 100))
        self.assertBinding(bindings.VLAN, port)

    def test_network_of_an_ordinary_user(self):
        """It is a VLAN on the switch that knows VLANs."""
        network = self.network_of_an_ordinary_user()
        self.assertEqual(
            ('vlan', 'physnet1'), (network[provider_net.NETWORK_TYPE],
                                   network[provider_net.PHYSICAL_NETWORK]))
        vlan = network[provider_net.SEGMENTATION_ID]
        self.assertIn(vlan, range(100, 200))
        details = self.port(network['id'])[portbindings.VIF_DETAILS]
        self.assertEqual(('VSW1', vlan),
                         (details['vswitch'], details['vlan']))

    def test_another_host(self):
        port = self.port(self.flat('physnet2'), host=plugin.KVM_HOST)
        self.assertEqual('ovs', port[portbindings.VIF_TYPE])


class LiveTest(DevStackTestCase):
    """With the least that a z/VM needs."""

    localrc = ('ZVM_CONNECTOR_URL=https://zvm.example.org/\n'
               'ZVM_VSWITCH_MAPPINGS=lan:VSW2')

    def test_flat_network(self):
        port = self.port(self.flat('lan'))
        self.assertEqual('VSW2', port[portbindings.VIF_DETAILS]['vswitch'])

    def test_network_of_an_ordinary_user(self):
        """It is what DevStack makes of it."""
        network = self.network_of_an_ordinary_user()
        self.assertEqual('geneve', network[provider_net.NETWORK_TYPE])
