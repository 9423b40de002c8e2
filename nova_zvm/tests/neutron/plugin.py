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

"""Neutron's own ML2 plugin on sqlite, with this driver among others.

The driver is found by its entry point, as neutron-server finds it. Beside it
is the driver of Open vSwitch, with an agent on one host.
"""

import logging
from unittest import mock

import fixtures
from neutron.tests.common import helpers
from neutron.tests.unit.plugins.ml2 import test_plugin
from neutron_lib.api.definitions import portbindings
from neutron_lib.api.definitions import provider_net
from oslo_config import cfg
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.neutron import conf
from nova_zvm.tests.support import policies

HOST = 'zvm1'
OTHER_HOST = 'zvm2'
KVM_HOST = 'kvm1'


class MechanismTestCase(test_plugin.Ml2PluginV2TestCase):
    """A Neutron whose physnet1 and physnet2 are virtual switches."""

    _mechanism_drivers = ['zvm', 'openvswitch', 'logger']

    def preSetUp(self):
        conf.register_opts(cfg.CONF)
        cfg.CONF.set_override('hosts', ['zvm*'], group=conf.GROUP)
        cfg.CONF.set_override(
            'vswitch_mappings', {'physnet1': 'vsw2', 'physnet2': 'VSW1'},
            group=conf.GROUP)
        cfg.CONF.set_override('extension_drivers', ['port_security'],
                              group='ml2')

    def setUp(self):
        self.useFixture(policies.SharedRules())
        super().setUp()
        self.register_ovs_agent(KVM_HOST)
        self.log = self.useFixture(fixtures.FakeLogger(
            name='nova_zvm', level=logging.INFO,
            format='%(levelname)s %(message)s'))
        # ML2 goes on with the next driver when one raises.
        ml2_log = self.useFixture(fixtures.FakeLogger(
            name='neutron.plugins.ml2.managers', level=logging.ERROR))
        self.addCleanup(lambda: self.assertNotIn(
            'Mechanism driver', ml2_log.output))
        self.events = []
        self.patch(self.plugin.nova_notifier.batch_notifier, 'queue_event',
                   self.events.append)

    def setup_coreplugin(self, *args, **kwargs):
        # Neutron's test base has just turned this off.
        cfg.CONF.set_override('notify_nova_on_port_status_changes', True)
        super().setup_coreplugin(*args, **kwargs)

    def register_ovs_agent(self, host):
        helpers.register_ovs_agent(
            host=host, plugin=self.plugin, bridge_mappings={
                'physnet1': 'br1', 'physnet2': 'br2', 'physnet3': 'br3'})

    def assertBinding(self, binding, port):
        self.assertEqual(binding, {key: port[key] for key in binding})

    def patch(self, owner, name, replacement):
        patcher = mock.patch.object(owner, name, replacement)
        patcher.start()
        self.addCleanup(patcher.stop)

    def sent(self):
        """Return what nova is told, as name and status of each event."""
        return [(event['name'], event['status']) for event in self.events
                if event]

    def flat(self, physical_network='physnet1'):
        return self._network(provider_net.ATTRIBUTES, {
            provider_net.NETWORK_TYPE: 'flat',
            provider_net.PHYSICAL_NETWORK: physical_network})

    def vlan(self, physical_network='physnet2', vlan=100):
        return self._network(provider_net.ATTRIBUTES, {
            provider_net.NETWORK_TYPE: 'vlan',
            provider_net.PHYSICAL_NETWORK: physical_network,
            provider_net.SEGMENTATION_ID: vlan})

    def vxlan(self):
        return self._network(provider_net.ATTRIBUTES, {
            provider_net.NETWORK_TYPE: 'vxlan',
            provider_net.SEGMENTATION_ID: 4242})

    def segments(self, *segments):
        """Make a network of several segments: (type, physnet, id)."""
        return self._network(['segments'], {'segments': [
            {provider_net.NETWORK_TYPE: network_type,
             provider_net.PHYSICAL_NETWORK: physical_network,
             provider_net.SEGMENTATION_ID: segment}
            for network_type, physical_network, segment in segments]})

    def _network(self, names, attributes):
        return self._make_network(
            self.fmt, 'net', True, as_admin=True, arg_list=tuple(names),
            **attributes)['network']['id']

    def port(self, network, host=HOST, **attributes):
        """Create a port as nova has them, of a server on a host."""
        attributes = {'device_id': uuids.server,
                      'device_owner': 'compute:nova',
                      portbindings.HOST_ID: host, **attributes}
        return self._make_port(
            self.fmt, network, as_admin=True, arg_list=tuple(attributes),
            **attributes)['port']

    def update(self, port, **attributes):
        """Update a port and return what is shown of it afterwards."""
        self._update('ports', port['id'], {'port': attributes},
                     as_admin=True)
        return self.show(port)

    def move(self, port, host):
        return self.update(port, **{portbindings.HOST_ID: host})

    def show(self, port):
        return self._show('ports', port['id'], as_admin=True)['port']
