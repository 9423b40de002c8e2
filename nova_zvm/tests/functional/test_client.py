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

"""What the unit tests' fake says of the connector, asked of the real one."""

import testtools

from nova_zvm.connector import client
from nova_zvm.tests.support import behaviour
from zvm_simulator.tests.support import fixtures as zvm_fixtures


class RealConnector(testtools.TestCase):
    """The real client and connector on a simulated z/VM."""

    def setUp(self):
        super().setUp()
        # All cases share it, each from its first start on.
        self.zvm = self.useFixture(zvm_fixtures.SimulatedZVM())
        self.connector = client.Connector(
            self.zvm.url, token_file=self.zvm.token_file)

    def lock(self, userid):
        reply = self.zvm.machine.execute(
            'ZVMSYS1', 'smcli Image_Lock_DM -T %s' % userid)
        self.assertEqual(0, reply.status, reply.output)


class DirectoryTest(behaviour.Directory, RealConnector):
    pass


class PowerTest(behaviour.Power, RealConnector):
    pass


class NicsTest(behaviour.Nics, RealConnector):
    pass


class SwitchesTest(behaviour.Switches, RealConnector):
    pass


class ImagesTest(behaviour.Images, RealConnector):
    pass


class HostTest(behaviour.Host, RealConnector):
    pass
