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

"""vmcp: CP commands of the guest in which the connector runs."""

from collections.abc import Callable
import datetime

from zvm_simulator.commands import realdevice
from zvm_simulator.commands import request as requests
from zvm_simulator.cp import members
from zvm_simulator.ground import errors
from zvm_simulator.ground import replies

# Exit status of vmcp when CP's response is an error (s390-tools).
PROGRAMS = ('vmcp',)
CP_ERROR = 1

Command = Callable[[requests.Request, list[str]], str]


def prepare(words: list[str]) -> None:
    return None


def run(request: requests.Request) -> str:
    words = ' '.join(request.words[1:]).upper().split()
    for names, command in _COMMANDS:
        if words[:1] and words[0] in names:
            return command(request, words)
    raise errors.CpError('CMD', 1, f'Unknown CP command: '
                         f'{words[0] if words else ""}')


def refuse(words: list[str], error: errors.Refusal) -> replies.Reply:
    if isinstance(error, errors.SmapiError):
        error = errors.CpError('CMD', error.rs, error.text)
    number = error.number if isinstance(error, errors.CpError) else 1
    text = error.message() if isinstance(error, errors.CpError) else error
    command = ' '.join(words[1:]).upper()
    return replies.failure(CP_ERROR, (
        f"{text}\nError: non-zero CP response for command '{command}': "
        f'#{number}\n'))


def _query(request: requests.Request, words: list[str]) -> str:
    what = words[1] if len(words) > 1 else ''
    if what == 'USERID':
        return f'{request.member.connector} AT {request.member.name}\n'
    if what == 'CPLEVEL':
        return _cplevel(request)
    if what == 'NAMES':
        return _names(request)
    if what == 'SSI':
        return _ssi(request)
    if what in ('RDR', 'READER'):
        return _reader(request)
    if what in realdevice.QUERIES:
        return realdevice.QUERIES[what](request, words)
    if what == 'USER' and len(words) > 2:
        return _user(request, words[2])
    return _userid(request, what)


def _cplevel(request: requests.Request) -> str:
    member = request.member
    version, release, _ = member.release.split('.')
    return (f'z/VM Version {version} Release {release}.0, service level '
            f'{member.service_level} (64-bit)\n'
            f'Generated at {member.ipl_time}\nIPL at {member.ipl_time}\n')


def _names(request: requests.Request) -> str:
    guests = sorted(guest.userid for guest in
                    request.system.guests.of_member(request.member.name))
    return ', '.join(f'{userid:<8} - DSC' for userid in guests) + '\n'


def _ssi(request: requests.Request) -> str:
    system = request.system
    if not system.ssi:
        return 'This system is not a member of an SSI cluster.\n'
    moment = datetime.datetime.fromtimestamp(system.now,
                                             datetime.timezone.utc)
    heartbeat = f'{moment:%m/%d/%y %H:%M:%S}'
    lines = [f'SSI Name: {system.ssi}', 'SSI Mode: Stable',
             'Cross-System Timeouts: Enabled',
             f'SSI Persistent Data Record (PDR) device: {members.PDR}',
             'SLOT SYSTEMID STATE      PDR HEARTBEAT       RECEIVED HEARTBEAT']
    lines += [f'{slot:>4} {name:<8} Joined     {heartbeat}   {heartbeat}'
              for slot, name in enumerate(system.members, 1)]
    return ''.join(f'{line}\n' for line in lines)


def _reader(request: requests.Request) -> str:
    files = request.system.spool.files(request.member.connector)
    return ''.join(f'{file.line()}\n' for file in files) or 'NO RDR FILES\n'


def _userid(request: requests.Request, userid: str) -> str:
    """QUERY userid: a word that names no userid is no operand."""
    entry = request.system.directory.find(userid)
    if entry is None or entry.profile:
        raise errors.CpError('CQV', 3, f'Invalid option - {userid}')
    return _user(request, userid)


def _user(request: requests.Request, userid: str) -> str:
    """QUERY USER; zvmsdk/utils.py check_userid_exist reads the answers."""
    known = request.system.guests.at(request.member.name)
    guest = known.find(userid) or known.anywhere(userid)
    if userid == request.member.connector:
        return f'{userid:<8} - DSC\n'
    if guest is None:
        raise errors.CpError('CQU', 45, f'{userid} not logged on')
    if guest.leaving_at is not None:
        raise errors.CpError('CQU', 361, f'LOGOFF/FORCE pending for user '
                             f'{userid}')
    here = guest.member == request.member.name
    return f'{userid:<8} - {"DSC" if here else "SSI"}\n'


def _change(request: requests.Request, words: list[str]) -> str:
    """CHANGE RDR spoolid CLASS class."""
    if len(words) != 5 or words[3] != 'CLASS' or len(words[4]) != 1:
        raise errors.CpError('CFC', 26, 'Operand missing or invalid')
    spool = request.system.spool
    spool.change_class(spool.get(request.member.connector, words[2]),
                       words[4])
    return '0000001 FILE  CHANGED\n'


def _transfer(request: requests.Request, words: list[str]) -> str:
    """TRANSFER * RDR spoolid TO userid RDR."""
    if len(words) < 6 or words[4] != 'TO':
        raise errors.CpError('CFC', 26, 'Operand missing or invalid')
    entry = request.system.directory.find(words[5])
    if entry is None or entry.profile:
        raise errors.CpError('CST', 53, f'{words[5]} not in CP directory')
    spool = request.system.spool
    spool.transfer(spool.get(request.member.connector, words[3]), words[5])
    return '0000001 FILE  TRANSFERRED\n'


def _purge(request: requests.Request, words: list[str]) -> str:
    """PURGE RDR spoolid | ALL."""
    spool = request.system.spool
    owner = request.member.connector
    if len(words) < 3:
        raise errors.CpError('CFC', 26, 'Operand missing or invalid')
    files = (spool.files(owner) if words[2] == 'ALL' else
             [spool.get(owner, words[2])])
    for file in files:
        spool.purge(file)
    return f'{len(files):07d} FILE  PURGED\n'


def _spool(request: requests.Request, words: list[str]) -> str:
    return ''


_COMMANDS: tuple[tuple[tuple[str, ...], Command], ...] = (
    (('Q', 'QUERY'), _query),
    (('CH', 'CHANGE'), _change),
    (('TRAN', 'TRANSFER'), _transfer),
    (('PUR', 'PURGE'), _purge),
    (('SP', 'SPOOL'), _spool),
    (('ATT', 'ATTACH'), realdevice.attach),
    (('DET', 'DETACH'), realdevice.detach),
    (('VARY',), realdevice.vary),
)
