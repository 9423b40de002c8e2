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

"""A guest of a server, in the memory of the fake connector."""

from nova_zvm.guest import console
from nova_zvm.guest import lifecycle
from nova_zvm.guest import power
from nova_zvm.guest import presence
from nova_zvm.record import ownership
from nova_zvm.tests.support import inmemory


class GuestTestCase(inmemory.ZVMTestCase):
    """What the driver does with a guest that is whole and on."""

    def setUp(self):
        super().setUp()
        self.presence = presence.Presence(self.connector, self.clock)
        self.power = power.Power(self.connector, self.patience, self.presence)
        self.console = console.Console(self.connector)
        self.guests = lifecycle.Guests(self.connector, self.patience,
                                       self.presence)
        self.built = self.instance(ownership.BUILT)
        self.vm = self.connector.put_guest('ABC00001', power='on')
