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

"""What nova-api can tell of the driver's errors."""

from nova import exception as nova_exception
from nova import rpc
import oslo_messaging

from nova_zvm import driver
from nova_zvm.tests.support import inmemory


class RPCTestCase(inmemory.ZVMTestCase):
    """nova-api and nova-compute on a transport that makes text of errors.

    That of nova's own tests hands the object over, of whatever class it is.
    """

    URL = 'kombu+memory:////'

    def setUp(self):
        super().setUp()
        transport = oslo_messaging.get_rpc_transport(
            inmemory.CONF, self.URL, rpc.get_allowed_exmods())
        self.addCleanup(transport.cleanup)
        target = oslo_messaging.Target(topic='compute', server='host')
        server = oslo_messaging.get_rpc_server(
            transport, target, [self], executor='threading')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        self.client = oslo_messaging.get_rpc_client(
            transport, target, timeout=60)

    def set_admin_password(self, context):
        zvm = driver.ZVMDriver.__new__(driver.ZVMDriver)
        zvm.set_admin_password(None, 'secret')

    def test_nova_api_can_tell_why_no_password_is_set(self):
        exc = self.assertRaises(nova_exception.SetAdminPasswdNotSupported,
                                self.client.call, {}, 'set_admin_password')
        self.assertEqual(
            'The z/VM Cloud Connector has no request for a password: set it '
            'inside the server', exc.format_message())
