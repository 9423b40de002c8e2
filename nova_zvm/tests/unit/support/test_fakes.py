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

"""What the other tests believe of the client must be true."""

import inspect

from oslotest import base

from nova_zvm.connector import client
from nova_zvm.tests.support import behaviour
from nova_zvm.tests.support import fakes

NOUNS = ('guests', 'disks', 'nics', 'telemetry', 'host', 'images',
         'vswitches', 'volumes', 'files')


class InterfaceTestCase(base.BaseTestCase):

    def test_takes_what_the_client_takes(self):
        real = client.Connector('http://localhost/')
        fake = fakes.FakeConnector()
        for owner, pretender in [(real, fake)] + [
                (getattr(real, noun), getattr(fake, noun))
                for noun in NOUNS]:
            for verb, method in inspect.getmembers(owner, inspect.ismethod):
                if not verb.startswith('_'):
                    self.assertEqual(
                        [(taken.name, taken.kind, taken.default)
                         for taken in parameters(method)],
                        [(taken.name, taken.kind, taken.default)
                         for taken in parameters(getattr(pretender, verb))],
                        '%s of %s' % (verb, type(owner).__name__))


def parameters(method):
    return inspect.signature(method).parameters.values()


class FakeConnector(base.BaseTestCase):
    """The cases that test_client of the functional tests runs as well."""

    def setUp(self):
        super().setUp()
        self.connector = fakes.FakeConnector()
        self.connector.grants = {'VSW1': {}, 'VSW2': {}}
        self.connector.vlan_unaware = {'VSW2'}

    def lock(self, userid):
        self.connector.zvm[userid].locked = True


class DirectoryTestCase(behaviour.Directory, FakeConnector):
    pass


class PowerTestCase(behaviour.Power, FakeConnector):
    pass


class NicsTestCase(behaviour.Nics, FakeConnector):
    pass


class SwitchesTestCase(behaviour.Switches, FakeConnector):
    pass


class ImagesTestCase(behaviour.Images, FakeConnector):
    pass


class HostTestCase(behaviour.Host, FakeConnector):
    pass
