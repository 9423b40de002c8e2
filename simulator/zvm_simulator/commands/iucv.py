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

"""iucvclnt: commands for the Linux in a guest, over IUCV.

It answers when Linux is up, has an IUCV server, and lets the connector's
userid command it.
Exit status and text tell why not (smtLayer/vmUtils.py execCmdThruIUCV): 1
not authorised, 2 wrong operands, 4 no connection, 8 the command failed.
"""

from zvm_simulator.commands import request as requests
from zvm_simulator.ground import errors
from zvm_simulator.ground import replies
from zvm_simulator.linux import coreos
from zvm_simulator.linux import shell as linux_shell

PROGRAMS = ('iucvclnt',)
NOT_AUTHORISED = 1
WRONG_OPERANDS = 2
NOT_REACHABLE = 4
COMMAND_FAILED = 8
# errno of a connection that is refused, and of one that cannot be made.
_REFUSED = 111
_UNREACHABLE = 101


def prepare(words: list[str]) -> None:
    return None


def run(request: requests.Request) -> str:
    userid = request.word(1).upper()
    if not userid or not ''.join(request.words[2:]).strip():
        raise _error(WRONG_OPERANDS, 0, 'ERROR: a userid and a command are '
                     'required.')
    guest = request.system.guests.find(userid)
    if guest is None:
        raise _error(NOT_REACHABLE, _UNREACHABLE,
                     f'ERROR connecting to socket of {userid}:')
    if guest.linux.state != 'up' or guest.paused_at is not None or (
            guest.leaving_at is not None or
            coreos.is_coreos(guest.linux.os_version)):
        raise _error(NOT_REACHABLE, _REFUSED,
                     f'ERROR connecting to socket of {userid}:')
    if request.system.guestos.authorised(userid) != request.member.connector:
        raise _error(NOT_AUTHORISED, 64, 'UNAUTHORIZED_ERROR: '
                     f'{request.member.connector} is not authorized.')
    shell = linux_shell.Shell(request.system.guestos, request.system.cp,
                              request.system.dasd, userid, request.system.now)
    return shell.run(' '.join(request.words[2:]))


def refuse(words: list[str], error: errors.Refusal) -> replies.Reply:
    if isinstance(error, errors.CommandError):
        if 'Return code' in error.text:
            return replies.failure(error.status, error.text)
        error = _error(COMMAND_FAILED, error.status, error.text.strip())
        return replies.failure(error.status, error.text)
    return replies.failure(COMMAND_FAILED, _error(
        COMMAND_FAILED, 1, str(error)).text)


def _error(rc: int, rs: int, text: str) -> errors.CommandError:
    return errors.CommandError(
        rc, f'{text}\nReturn code {rc}, Reason code {rs}.\n')
