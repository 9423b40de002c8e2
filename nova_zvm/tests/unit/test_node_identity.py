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

"""nova's identity of the host, which a second start requires."""

from unittest import mock

import fixtures
from nova import exception as nova_exception
from nova.virt import node

from nova_zvm.connector import errors
from nova_zvm import driver
from nova_zvm.record import instances
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory


class NodeIdentityTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.flags(cloud_connector_url='http://zvm.example.org/',
                   group='zvm')
        # No server has a disk in the pool yet.
        self.patch(instances.Instances, 'disk_gb', lambda _: 0)
        with mock.patch('nova_zvm.connector.client.Connector',
                        return_value=self.connector):
            self.driver = driver.ZVMDriver(None)
        # nova's test case keeps nova from the disk.
        self.identities = []
        self.patch(node, 'LOCAL_NODE_UUID', None)
        self.useFixture(fixtures.MonkeyPatch(
            'nova.virt.node.write_local_node_uuid', self.identities.append))

    def test_made_although_zvm_does_not_answer(self):
        for error in (fakes.unreachable(),
                      fakes.error(operation='host.info', rc=(500, -110, 0)),
                      fakes.error(errors.Busy, status=503)):
            node.LOCAL_NODE_UUID = None
            self.identities.clear()
            self.connector.faults['host.info'] = [error]
            self.assertRaises(nova_exception.VirtDriverNotReady,
                              self.driver.get_nodenames_by_uuid)
            self.assertEqual(1, len(self.identities))
        self.assertEqual({self.identities[0]: 'ZVMSYS1'},
                         self.driver.get_nodenames_by_uuid())
