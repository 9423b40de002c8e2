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

"""The control endpoint: state, log, faults, time, for people and tests.

JSON over HTTP, and a page for people. Errors are {"error": "one sentence"}.
"""

from collections.abc import Callable
import http.server
import json
import logging
import math
import threading
from typing import Any
from typing import Protocol
import urllib.parse

from zvm_simulator.connector import process
from zvm_simulator.faults import dispatch
from zvm_simulator.faults import inforce
from zvm_simulator.ground import addresses
from zvm_simulator.ground import latency
from zvm_simulator.service.page import documents

LOG = logging.getLogger(__name__)

# Nothing but the page's own parts is loaded, no script in it is run, and no
# other site can frame it.
_PAGE_HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': (
        "default-src 'none'; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"),
    'X-Content-Type-Options': 'nosniff',
}


class BadRequest(Exception):
    """The request cannot be understood."""


class NotServing(Exception):
    """A connector does not serve, by a fault or not yet."""


class System(documents.System, Protocol):
    """What the endpoint shows and steers."""

    members: dict[str, process.Connector]

    def reset(self) -> None:
        """Bring all back to the first start."""

    def silent_members(self) -> list[str]:
        """Return the members whose connector does not serve."""


class Request:
    """One request: the variable parts of its path, its query, its body."""

    def __init__(self, path: list[str], query: dict[str, str],
                 body: Any) -> None:
        self.path = path
        self.query = query
        self.body = body

    def field(self, name: str) -> Any:
        if not isinstance(self.body, dict) or name not in self.body:
            raise BadRequest(f'The request needs a JSON object with '
                             f'{name!r}.')
        return self.body[name]


class Resources:
    """What each method and path does."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._engine = system.engine
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ('GET', ''): lambda request: self._page('status', request),
            ('GET', 'status'): lambda request: self._page('status', request),
            ('GET', 'status/*'): lambda request: self._page(
                request.path[0], request),
            ('GET', 'healthz'): lambda request: self._health(),
            ('GET', 'ready'): lambda request: system.describe(),
            ('GET', 'state'): lambda request: system.machine.state(),
            ('GET', 'log'): self._log,
            ('POST', 'log/clear'): lambda request: self._engine.clear_log(),
            ('GET', 'faults'): lambda request: self._engine.faults.as_list(),
            ('POST', 'faults'): self._add_fault,
            ('DELETE', 'faults'): lambda request: self._engine.faults.clear(),
            ('DELETE', 'faults/*'): self._remove_fault,
            ('GET', 'time'): lambda request: self._time(),
            ('PUT', 'time'): self._set_time,
            ('GET', 'latency'): lambda request:
                self._engine.latency.as_dict(),
            ('PUT', 'latency'): self._set_latency,
            ('POST', 'connector/*/*'): self._steer_connector,
            ('POST', 'command/*'): self._run_command,
            ('POST', 'reset'): lambda request: system.reset(),
            ('GET', 'guests/*/directory'): self._directory,
            ('GET', 'guests/*/files'): self._guest_file,
        }

    def serve(self, method: str, target: str, body: Any) -> Any:
        """Do a request and return its answer; KeyError when not found."""
        url = urllib.parse.urlsplit(target)
        parts = [urllib.parse.unquote(part)
                 for part in url.path.strip('/').split('/')]
        query = dict(urllib.parse.parse_qsl(url.query))
        for (known, pattern), action in self._routes.items():
            words = pattern.split('/')
            if known == method and len(words) == len(parts) and all(
                    word in ('*', part) for word, part in zip(words, parts)):
                variable = [part for word, part in zip(words, parts)
                            if word == '*']
                return action(Request(variable, query, body))
        raise KeyError(f'{method} {url.path}')

    def _page(self, name: str, request: Request) -> documents.Document:
        return documents.document(self._system, name, request.query)

    def _health(self) -> Any:
        silent = self._system.silent_members()
        if silent:
            raise NotServing('The connector does not serve on '
                             f'{", ".join(silent)}.')
        return {'status': 'ok'}

    def _log(self, request: Request) -> Any:
        since = request.query.get('since', '0')
        if not since.isdigit():
            raise BadRequest('since must be a whole number.')
        return self._engine.log(int(since))

    def _add_fault(self, request: Request) -> Any:
        return {'id': self._engine.faults.add(request.body)}

    def _remove_fault(self, request: Request) -> None:
        self._engine.faults.remove(request.path[0])

    def _time(self) -> Any:
        clock = self._system.clock
        return {'now': clock.now(), 'speed': clock.speed}

    def _set_time(self, request: Request) -> Any:
        """Let time pass at another speed, or some of it at once."""
        name = 'speed'
        if isinstance(request.body, dict) and 'advance' in request.body:
            name = 'advance'
        value = request.field(name)
        if type(value) not in (int, float) or not 0 < value < math.inf:
            raise BadRequest(f'{name} must be a number above 0.')
        clock = self._system.clock
        (clock.advance if name == 'advance' else clock.set_speed)(value)
        return self._time()

    def _set_latency(self, request: Request) -> Any:
        if isinstance(request.body, dict) and 'profile' in request.body:
            profile = request.body['profile']
            if not isinstance(profile, str):
                raise BadRequest('profile must be the name of one.')
            self._engine.latency.set_profile(profile)
        else:
            classes = request.field('classes')
            if not isinstance(classes, dict):
                raise BadRequest('classes must be a JSON object.')
            self._engine.latency.set_classes(classes)
        return self._engine.latency.as_dict()

    def _steer_connector(self, request: Request) -> Any:
        member, verb = request.path
        if verb not in ('start', 'stop', 'kill', 'restart'):
            raise KeyError(verb)
        connector = self._system.members[member]
        getattr(connector, verb)()
        if verb != 'start':
            self._engine.drop_requests(member)
        return connector.describe()

    def _run_command(self, request: Request) -> Any:
        member = self._system.members[request.path[0]].member
        argv = request.field('argv')
        if not argv or not (isinstance(argv, str) or isinstance(argv, list)
                            and all(isinstance(word, str) for word in argv)):
            raise BadRequest('argv must be a list of words, or text for a '
                             'shell.')
        try:
            reply = self._engine.execute(member, argv)
        except dispatch.Dropped:
            raise BadRequest('A fault cut the command off.') from None
        return {'status': reply.status,
                'output': reply.output.decode(errors='replace')}

    def _directory(self, request: Request) -> Any:
        userid = request.path[0].upper()
        return {'userid': userid,
                'text': self._system.machine.directory_text(userid)}

    def _guest_file(self, request: Request) -> Any:
        path = request.query.get('path')
        if not path:
            raise BadRequest('The query needs the path of the file.')
        userid = request.path[0].upper()
        self._system.machine.directory_text(userid)
        return self._system.machine.guest_file(userid, path)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: 'ControlServer'

    def do_GET(self) -> None:
        status, answer = self._serve()
        self.send_response(status)
        if isinstance(answer, bytes):
            content, kind = answer, 'application/octet-stream'
        elif isinstance(answer, documents.Document):
            content = answer.text.encode()
            kind = f'{answer.media_type}; charset=utf-8'
            for name, value in _PAGE_HEADERS.items():
                self.send_header(name, value)
        else:
            content = json.dumps(answer).encode()
            kind = 'application/json'
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        LOG.debug('control: ' + format, *args)

    def _serve(self) -> tuple[int, Any]:
        if self._comes_from_another_site():
            return 403, {'error': 'Another site may not use this endpoint.'}
        try:
            return 200, self.server.resources.serve(
                self.command, self.path, self._body())
        except KeyError as error:
            return 404, {'error': f'Not found: {error.args[0]}.'}
        except (BadRequest, inforce.FaultError,
                latency.LatencyError) as error:
            return 400, {'error': str(error)}
        except process.ConnectorError as error:
            return 500, {'error': str(error)}
        except NotServing as error:
            return 503, {'error': str(error)}

    def _comes_from_another_site(self) -> bool:
        """Tell what a page elsewhere makes a browser send.

        Commands read and write files, so it must not reach them: neither as
        itself (Origin) nor by a name of its own for this machine (Host).
        """
        host = self.headers.get('Host', 'localhost')
        origin = self.headers.get('Origin', f'http://{host}')
        try:
            name = urllib.parse.urlsplit(f'//{host}').hostname or ''
        except ValueError:
            return True
        return (not addresses.is_called(self.server.host, name)
                or origin != f'http://{host}')

    def _body(self) -> Any:
        length = int(self.headers.get('Content-Length') or 0)
        if not length:
            return None
        try:
            return json.loads(self.rfile.read(length))
        except ValueError:
            raise BadRequest('The body is not JSON.') from None


class ControlServer(http.server.ThreadingHTTPServer):
    """Serves the control endpoint from threads of its own."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, system: System,
                 host: str = addresses.LOOPBACK) -> None:
        self.resources = Resources(system)
        self.host = host
        super().__init__((host, port), _Handler)
        self.url = addresses.url(host, port)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,),
                         name='control', daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
