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

"""scp: copies from other hosts and to them.

No other host can be reached from the connector's Linux, so each copy ends
as it does where nothing listens on the port of sshd.
"""

import re

from zvm_simulator.commands import request as requests
from zvm_simulator.ground import errors
from zvm_simulator.ground import replies

PROGRAMS = ('scp',)
# Exit status of scp when its ssh has no connection.
NOT_CONNECTED = 255
_REMOTE = re.compile(r'^(?:[^@/]+@)?([^:/]+):')


def prepare(words: list[str]) -> None:
    return None


def run(request: requests.Request) -> str:
    hosts = [match[1] for match in map(_REMOTE.match, request.words[1:])
             if match]
    if not hosts:
        raise errors.CommandError(1, f'{request.words[0]}: no remote host')
    raise errors.CommandError(
        NOT_CONNECTED, f'ssh: connect to host {hosts[0]} port '
        f'{_port(request.words)}: Connection refused\r\n'
        f'{request.words[0]}: Connection closed\r\n')


def refuse(words: list[str], error: errors.Refusal) -> replies.Reply:
    status = error.status if isinstance(error, errors.CommandError) else 1
    return replies.failure(status, f'{error}\n')


def _port(words: list[str]) -> str:
    return words[words.index('-P') + 1] if '-P' in words[:-1] else '22'
