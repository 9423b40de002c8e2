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

"""The command channel: a unix socket for each member's connector.

A request is one line of JSON and so is its answer; a connection serves one
request. A connection that ends without an answer is a command cut off.
"""

import json
import logging
import os
import pathlib
import socketserver
import sys
import threading
from typing import Any

from zvm_simulator.faults import dispatch
from zvm_simulator.ground import replies

LOG = logging.getLogger(__name__)


class _Handler(socketserver.StreamRequestHandler):
    server: 'Channel'

    def handle(self) -> None:
        line = self.rfile.readline()
        if not line:
            return
        try:
            answer = self.server.answer(json.loads(line))
        except dispatch.Dropped:
            return
        self.wfile.write(json.dumps(answer).encode() + b'\n')


class Channel(socketserver.ThreadingUnixStreamServer):
    """Serves the commands of one member's connector."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: pathlib.Path, member: str,
                 engine: dispatch.Engine) -> None:
        self.path = path
        self._member = member
        self._engine = engine
        path.unlink(missing_ok=True)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            # The name of a unix socket has at most 108 bytes; the path of
            # the data directory may be longer.
            super().__init__(f'/proc/self/fd/{directory}/{path.name}',
                             _Handler)
        finally:
            os.close(directory)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,),
                         name=f'channel-{self._member}', daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.path.unlink(missing_ok=True)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what the connector asks; raises dispatch.Dropped."""
        match request['op']:
            case 'execute':
                return self._execute(request['argv'], request.get('timeout'))
            case 'read':
                content = self._engine.machine.read_file(
                    self._member, request['path'])
                return {'content':
                        None if content is None else content.decode()}
            case 'sleep':
                self._engine.sleep(self._member, request['seconds'])
                return {}
            case 'now':
                return {'now': self._engine.clock.now()}
            case 'request':
                return self._begin_request(request['line'], request['size'])
            case 'answer':
                self._engine.end_request(
                    request['number'], request['status'], request['size'])
                return {}
            case other:
                raise ValueError(f'Unknown request {other!r}')

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A connector that was killed does not wait for its answer.
        if not isinstance(sys.exception(), ConnectionError):
            LOG.exception('%s: a command broke the simulated z/VM',
                          self._member)

    def _execute(self, argv: list[str] | str,
                 timeout: float | None) -> dict[str, Any]:
        try:
            reply = self._engine.execute(self._member, argv, timeout)
        except dispatch.Expired:
            return {'expired': True, 'status': 0, 'output': ''}
        return {'expired': False, 'status': reply.status,
                'output': reply.output.decode('latin-1')}

    def _begin_request(self, line: str, size: int) -> dict[str, Any]:
        number, action = self._engine.begin_request(self._member, line, size)
        cut = (action.drop or action.kill_connector or action.lose_answer
               or action.late)
        if not cut and not action.reply:
            return {'number': number, 'fault': None}
        reply = action.reply or replies.Reply(0, b'')
        return {'number': number, 'fault': {
            'effect': bool(action.lose_answer or action.kill_connector),
            'late': action.delay if action.late else None,
            'status': reply.status, 'output': reply.output.decode()}}
