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

"""Where it serves, and by which names it is called there."""

import testtools

from zvm_simulator.ground import addresses


class TestAddresses(testtools.TestCase):

    def test_loopback(self):
        for host, wanted in (('127.0.0.1', True), ('127.0.0.9', True),
                             ('localhost', True), ('0.0.0.0', False),
                             ('192.0.2.1', False),
                             ('zvm.example.org', False)):
            self.assertEqual(wanted, addresses.is_loopback(host), host)

    def test_url(self):
        for host, wanted in (('127.0.0.1', 'http://127.0.0.1:80'),
                             ('0.0.0.0', 'http://127.0.0.1:80'),
                             ('192.0.2.1', 'http://192.0.2.1:80'),
                             ('zvm.example.org', 'http://zvm.example.org:80')):
            self.assertEqual(wanted, addresses.url(host, 80))

    def test_names(self):
        for host, name, wanted in (
                ('127.0.0.1', 'localhost', True),
                ('127.0.0.1', '192.0.2.1', False),
                ('127.0.0.1', 'zvm.example.org', False),
                ('zvm.example.org', 'zvm.example.org', True),
                ('Zvm.Example.org', 'zvm.example.org', True),
                ('zvm.example.org', 'evil.example.org', False),
                ('0.0.0.0', '192.0.2.1', True),
                ('0.0.0.0', 'evil.example.org', False),
                ('0.0.0.0', '', False)):
            self.assertEqual(wanted, addresses.is_called(host, name),
                             (host, name))
