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

"""The client on real sockets: silence, broken connections, TLS."""

import errno
import os
import socket
import ssl
import threading
import time

import fixtures
import requests
import testtools

from nova_zvm.connector import errors
from nova_zvm.tests.support import authority
from nova_zvm.tests.support import loopback

# A factor that makes every time to wait a few hundredths of a second.
SOON = 0.0005


class SocketTest(testtools.TestCase):

    def _server(self, *behaviours, **options):
        return self.useFixture(loopback.Loopback(*behaviours, **options))

    def test_answer(self):
        server = self._server(loopback.answer(['G1']))
        self.assertEqual(['G1'], server.connector().guests.list())
        self.assertEqual(['/guests'],
                         [request.path for request in server.requests])

    def test_each_request_has_a_connection_of_its_own(self):
        # Else a write could meet a connection that has just been closed.
        server = self._server(loopback.answer([]), loopback.answer([]))
        connector = server.connector()
        connector.guests.list()
        connector.guests.list()
        self.assertEqual(['close', 'close'], [
            request.headers['connection'] for request in server.requests])

    def test_each_thread_has_a_session_of_its_own(self):
        # requests does not promise that one may be shared.
        sessions = []
        send = requests.Session.send

        def remember(session, request, **options):
            sessions.append(session)
            return send(session, request, **options)

        self.useFixture(fixtures.MonkeyPatch('requests.Session.send',
                                             remember))
        server = self._server(*[loopback.answer([])] * 4)
        connector = server.connector()

        def ask():
            connector.guests.list()
            connector.guests.list()

        for thread in [threading.Thread(target=ask) for _ in range(2)]:
            thread.start()
            thread.join()
        first, again, other, other_again = sessions
        self.assertIs(first, again)
        self.assertIs(other, other_again)
        self.assertIsNot(first, other)

    def test_environment_has_no_say(self):
        directory = self.useFixture(fixtures.TempDir()).path
        netrc = os.path.join(directory, 'netrc')
        with open(netrc, 'w', encoding='ascii') as netrc_file:
            netrc_file.write('machine 127.0.0.1 login u password secret\n')
        for name, value in (('NETRC', netrc),
                            ('http_proxy', 'http://127.0.0.1:9'),
                            ('no_proxy', None)):
            self.useFixture(fixtures.EnvironmentVariable(name, value))
        server = self._server(loopback.answer([]))
        server.connector().guests.list()
        self.assertNotIn('authorization', server.requests[0].headers)

    def test_nobody_listens(self):
        with socket.create_server(('127.0.0.1', 0)) as listener:
            port = listener.getsockname()[1]
        server = loopback.Loopback()
        server.port = port
        error = self.assertRaises(errors.NotConnected,
                                  server.connector().guests.delete, 'G1')
        # The text that follows is the error's name under eventlet.
        self.assertIn('[Errno %d]' % errno.ECONNREFUSED, str(error))

    def test_unknown_host(self):
        server = loopback.Loopback()
        server.port = 80
        self.assertRaises(
            errors.NotConnected,
            server.connector(host='zcc.invalid').guests.delete, 'G1')

    def test_write_that_is_not_answered_is_sent_once(self):
        server = self._server(loopback.silence)
        error = self.assertRaises(
            errors.OutcomeUnknown,
            server.connector(timeout_scale=SOON).guests.stop, 'G1')
        self.assertEqual(300 * SOON, error.settle_seconds)
        self.assertEqual(1, len(server.requests))

    def test_read_that_is_not_answered_is_sent_again(self):
        for behaviour in (loopback.hang_up,
                          loopback.raw(loopback.head() + b'{"overall')):
            server = self._server(behaviour, loopback.answer('off'))
            self.assertEqual('off',
                             server.connector().guests.power_state('G1'))

    def test_write_on_a_connection_that_breaks(self):
        for behaviour in (
                loopback.hang_up,
                loopback.raw(b'HTTP/1.1 200 OK\r\nContent-Le'),
                loopback.raw(loopback.head(length=500) + b'{"overall'),
                loopback.raw(loopback.head() + b'{"overall'),
                loopback.raw(b'not HTTP\r\n\r\n')):
            server = self._server(behaviour)
            self.assertRaises(errors.OutcomeUnknown,
                              server.connector().guests.delete, 'G1')
            self.assertEqual(1, len(server.requests))

    def test_reset(self):
        def reset(server, connection):
            server.read(connection)
            # Closes with RST.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  b'\1\0\0\0\0\0\0\0')
        server = self._server(reset)
        self.assertRaises(errors.OutcomeUnknown,
                          server.connector().guests.delete, 'G1')


class TlsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        ca = authority.Authority(self.useFixture(fixtures.TempDir()).path)
        self.ca_file = ca.ca_file
        self.certificate = ca.issue('localhost')

    def _server(self, *behaviours):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        return self.useFixture(loopback.Loopback(
            *behaviours, wrap=lambda connection: context.wrap_socket(
                connection, server_side=True)))

    def _fails(self, connector):
        return self.assertRaises(errors.TlsError,
                                 connector.guests.delete, 'G1')

    def test_trusted(self):
        server = self._server(loopback.answer(['G1']))
        connector = server.connector('https', 'localhost',
                                     ca_file=self.ca_file)
        self.assertEqual(['G1'], connector.guests.list())

    def test_untrusted(self):
        server = self._server(loopback.answer())
        error = self._fails(server.connector('https', 'localhost'))
        self.assertIn('certificate verify failed', str(error))
        self.assertFalse(error.sent)
        self.assertEqual([], server.requests)

    def test_wrong_host(self):
        server = self._server(loopback.answer())
        error = self._fails(server.connector('https', ca_file=self.ca_file))
        self.assertIn('127.0.0.1', str(error))
        self.assertEqual([], server.requests)

    def test_missing_ca_file(self):
        server = self._server(loopback.answer())
        error = self._fails(server.connector(
            'https', 'localhost', ca_file='/nonexistent/ca.pem'))
        self.assertIn('/nonexistent/ca.pem', str(error))

    def test_ca_file_that_is_none(self):
        with open(self.ca_file + '.bad', 'w', encoding='ascii') as bad:
            bad.write('no certificate')
        server = self._server(loopback.answer())
        self._fails(server.connector('https', 'localhost',
                                     ca_file=self.ca_file + '.bad'))

    def test_expiry_of_the_certificate(self):
        server = self._server(*[lambda server, connection: None] * 2)
        ends = server.connector(
            'https', 'localhost', ca_file=self.ca_file).certificate_expiry()
        self.assertAlmostEqual(time.time() + 86400, ends, delta=60)
        error = self.assertRaises(
            errors.NotConnected,
            server.connector('https', 'localhost').certificate_expiry)
        self.assertIn('The certificate of the z/VM Cloud Connector cannot be '
                      'read: ', str(error))

    def test_no_certificate_without_tls(self):
        server = self._server()
        self.assertIsNone(server.connector().certificate_expiry())

    def test_server_speaks_no_tls(self):
        def speak(server, connection):
            connection.recv(10)
            connection.sendall(b'HTTP/1.1 400 Bad Request\r\n\r\n')
        server = self.useFixture(loopback.Loopback(speak))
        self._fails(server.connector('https', 'localhost',
                                     ca_file=self.ca_file))

    def test_write_on_a_connection_that_breaks(self):
        server = self._server(loopback.hang_up)
        connector = server.connector('https', 'localhost',
                                     ca_file=self.ca_file)
        self.assertRaises(errors.OutcomeUnknown,
                          connector.guests.delete, 'G1')
