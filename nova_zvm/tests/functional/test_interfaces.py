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

"""Interfaces attached to and detached from servers, through nova's API."""

from nova_zvm.tests.functional import networking


class AttachTest(networking.NetworkingTestCase):

    def test_running_server(self):
        server = self.boot_on(self.make_port())
        port = self.make_port()
        self.attach(server, port)
        self.assert_agree(server, hot_plugged=[port])
        self.assertEqual({'1000': '192.168.1.101', '1003': '192.168.1.102'},
                         self.linux_interfaces(server))

    def test_stopped_server(self):
        server = self.stop(self.boot_on(self.make_port()))
        self.attach(server, self.make_port())
        self.assert_agree(server)
        self._start_server(server)
        self.assert_agree(server)
        self.assertEqual({'1000': '192.168.1.101', '1003': '192.168.1.102'},
                         self.linux_interfaces(server))

    def test_detach_from_a_running_server(self):
        first, second = self.make_port(), self.make_port(vlan=100)
        server = self.boot_on(first, second)
        self.detach(server, second)
        self.assert_agree(server)
        self.detach(server, first)
        self.assert_agree(server)
        self.assertEqual({}, self.linux_interfaces(server))

    def test_detach_from_a_stopped_server(self):
        first, second = self.make_port(), self.make_port(vlan=100)
        server = self.stop(self.boot_on(first, second))
        self.detach(server, second)
        self.assert_agree(server)
        self._start_server(server)
        self.assert_agree(server)
        self.assertEqual({'1000': '192.168.1.101'},
                         self.linux_interfaces(server))
