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

"""A web server on loopback that behaves as a test says."""

import contextlib
import json
import socket
import threading

import fixtures

from nova_zvm.connector import client


class Request:
    """One request as it came over the socket."""

    def __init__(self, method, path, headers, body):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body


class Loopback(fixtures.Fixture):
    """Serves connections one after the other, each with the next behaviour.

    A behaviour is called with the connected socket.
    """

    def __init__(self, *behaviours, wrap=None):
        super().__init__()
        self._behaviours = behaviours
        self._wrap = wrap or (lambda connection: connection)
        self.requests = []

    def _setUp(self):
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self.addCleanup(self._stop)

    def _stop(self):
        self._over.set()
        # Wakes a server that waits for a connection that will not come.
        with contextlib.suppress(OSError):
            socket.create_connection(('127.0.0.1', self.port), 1).close()
        self._thread.join()
        self._listener.close()

    def _serve(self):
        for behaviour in self._behaviours:
            connection, _address = self._listener.accept()
            if self._over.is_set():
                connection.close()
                return
            with contextlib.suppress(OSError):
                with self._wrap(connection) as wrapped:
                    behaviour(self, wrapped)

    def wait(self):
        """Return when the test is over."""
        self._over.wait()

    def connector(self, scheme='http', host='127.0.0.1', **options):
        return client.Connector(
            '%s://%s:%d' % (scheme, host, self.port),
            sleep=lambda seconds: None, **options)

    def read(self, connection):
        """Read one request and remember it."""
        with connection.makefile('rb') as stream:
            method, path, _version = stream.readline().split()
            headers = {}
            while line := stream.readline().strip():
                name, value = line.split(b':', 1)
                headers[name.decode().lower()] = value.strip().decode()
            body = stream.read(int(headers.get('content-length', 0)))
        self.requests.append(
            Request(method.decode(), path.decode(), headers, body))


def head(status=200, length=None, content_type='application/json'):
    lines = ['HTTP/1.1 %d X' % status, 'Content-Type: ' + content_type,
             'Connection: close']
    if length is not None:
        lines.append('Content-Length: %d' % length)
    return ('\r\n'.join(lines) + '\r\n\r\n').encode()


def answer(output='', status=200, **members):
    """Return a behaviour that answers as the connector does."""
    body = {'overallRC': 0, 'rc': 0, 'rs': 0, 'modID': None, 'errmsg': '',
            'output': output}
    body.update(members)
    return raw(head(status) + json.dumps(body).encode())


def raw(data):
    """Return a behaviour that answers these bytes and hangs up."""
    def behaviour(server, connection):
        server.read(connection)
        connection.sendall(data)
    return behaviour


def silence(server, connection):
    """Read a request and never answer."""
    server.read(connection)
    server.wait()


def hang_up(server, connection):
    """Read a request and close the connection."""
    server.read(connection)
