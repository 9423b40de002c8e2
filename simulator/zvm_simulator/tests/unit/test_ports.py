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

import pathlib
import socket

import fixtures
import testtools

from zvm_simulator.service import tcpports


class TestPorts(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'ports.json')

    def _hold(self, *args):
        held = tcpports.Ports(self.path)
        self.addCleanup(held.release)
        return held, held.hold(*args)

    def test_refuses_connections_until_someone_listens(self):
        _, port = self._hold('rest')
        self.assertRaises(ConnectionRefusedError, socket.create_connection,
                          ('127.0.0.1', port))

        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('127.0.0.1', port))
        listener.listen()
        socket.create_connection(('127.0.0.1', port)).close()

    def test_same_port_at_the_next_start(self):
        held, port = self._hold('rest')
        held.release()

        self.assertEqual(port, self._hold('rest')[1])

    def test_wanted_port_wins(self):
        held, port = self._hold('rest')
        held.release()
        other = socket.socket()
        self.addCleanup(other.close)
        other.bind(('127.0.0.1', 0))
        wanted = other.getsockname()[1]
        other.close()

        self.assertEqual(wanted, self._hold('rest', wanted)[1])

    def test_port_in_use(self):
        other = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(other.close)
        port = other.getsockname()[1]

        error = self.assertRaises(tcpports.PortError, self._hold, 'rest', port)
        self.assertIn(str(port), str(error))
