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

"""A client of nova's API, as short as the sandbox needs it."""

import json
import time
import urllib.error
import urllib.request

from tools.sandbox import report

WAIT_SECONDS = 300.0
POLL_SECONDS = 0.1


class NotFound(report.StepFailed):
    """nova knows no such thing."""


class Api:
    """nova's API at an address on this host."""

    def __init__(self, url):
        self.url = url
        # No proxy that the environment may name.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}))

    def get(self, path):
        return self._request('GET', path)

    def post(self, path, body):
        return self._request('POST', path, body)

    def delete(self, path):
        self._request('DELETE', path)

    def server(self, server_id):
        return self.get(f'/servers/{server_id}')['server']

    def act(self, server_id, name, arguments=None):
        """Ask for an action on a server; return what nova answers."""
        return self.post(f'/servers/{server_id}/action', {name: arguments})

    def wait_for_task(self, server_id, watch=lambda: None):
        """Return the server once nova does nothing with it."""
        return self._wait(
            lambda: self._idle(server_id), watch, 'nova is still at work')

    def wait_for(self, server_id, status, watch=lambda: None):
        """Return the server once it has a status and no task goes on."""
        def has_status():
            server = self._idle(server_id)
            return server if server and server['status'] == status else None

        return self._wait(has_status, watch, f'the server is not {status}')

    def wait_for_port(self, server_id, port_id, attached, watch=lambda: None):
        """Return once a server has a port, or has it no more."""
        self._wait(
            lambda: attached == (port_id in [
                port['port_id'] for port in self.get(
                    f'/servers/{server_id}/os-interface')[
                        'interfaceAttachments']]),
            watch, f'port {port_id} is not '
            f'{"attached" if attached else "detached"}')

    def wait_until_gone(self, server_id, watch=lambda: None):
        def is_gone():
            try:
                self._idle(server_id)
            except NotFound:
                return True

        self._wait(is_gone, watch, 'the server is still there')

    def _idle(self, server_id):
        """Return a server that nova does nothing with, else None.

        :raises report.StepFailed: if it is in error, with nova's reason
        """
        server = self.server(server_id)
        if server['OS-EXT-STS:task_state'] is not None:
            return None
        if server['status'] == 'ERROR':
            fault = server.get('fault', {}).get('message', 'no reason given')
            raise report.StepFailed(f'the server is in ERROR: {fault}')
        return server

    def _wait(self, probe, watch, complaint):
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            watch()
            result = probe()
            if result:
                return result
            if time.monotonic() > deadline:
                raise report.StepFailed(
                    f'after {WAIT_SECONDS:.0f} seconds {complaint}')
            time.sleep(POLL_SECONDS)

    def _request(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Content-Type': 'application/json',
                     'OpenStack-API-Version': 'compute latest'})
        try:
            with self._opener.open(request) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        return json.loads(content) if content else None


def _refusal(error):
    try:
        message = next(iter(json.load(error).values()))['message']
    except (ValueError, KeyError, TypeError, StopIteration):
        message = error.reason
    kind = NotFound if error.code == 404 else report.StepFailed
    return kind(f'nova answers {error.code}: {message}')
