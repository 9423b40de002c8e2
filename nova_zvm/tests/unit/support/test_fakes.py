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

import inspect

from oslotest import base

from nova_zvm.connector import client
from nova_zvm.tests.support import fakes


class FakeConnectorTestCase(base.BaseTestCase):
    """What the other tests believe of the client must be true."""

    def test_takes_what_the_client_takes(self):
        real = client.Connector('http://localhost/')
        fake = fakes.FakeConnector()
        for noun in ('guests', 'host', 'images', 'vswitches', 'files'):
            for verb, method in inspect.getmembers(
                    getattr(fake, noun), inspect.ismethod):
                if verb.startswith('_'):
                    continue
                wanted = inspect.signature(
                    getattr(getattr(real, noun), verb)).parameters
                taken = inspect.signature(method).parameters
                if 'definition' not in taken:
                    self.assertEqual(list(wanted), list(taken),
                                     '%s.%s' % (noun, verb))
