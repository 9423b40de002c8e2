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

"""vmur: punch files, list the reader, receive from it."""

import pathlib

from zvm_simulator.commands import request as requests
from zvm_simulator.ground import errors
from zvm_simulator.ground import replies

PROGRAMS = ('vmur',)
_HEADER = ('ORIGINID FILE CLASS RECORDS  CPY HOLD DATE  TIME     NAME      '
           'TYPE     DIST\n')


def prepare(words: list[str]) -> bytes | None:
    """Return the content of the file to punch."""
    if words[1:2] not in (['punch'], ['pun']):
        return None
    try:
        return pathlib.Path(words[-1]).read_bytes()
    except OSError:
        return None


def run(request: requests.Request) -> str:
    verb = request.word(1)
    if verb in ('punch', 'pun'):
        return _punch(request)
    if verb in ('list', 'li'):
        return _list(request)
    if verb in ('receive', 're'):
        return _receive(request)
    raise errors.CommandError(1, f'vmur: Unknown command {verb}\n')


def refuse(words: list[str], error: errors.Refusal) -> replies.Reply:
    if isinstance(error, errors.CommandError):
        return replies.failure(error.status, error.text)
    text = error.message() if isinstance(error, errors.CpError) else error
    return replies.failure(1, f'vmur: {text}\n')


def _punch(request: requests.Request) -> str:
    """Punch a file into the own reader; its first number is read back."""
    path = request.words[-1]
    if request.read is None:
        raise errors.CommandError(
            1, f'vmur: Unable to get information for input file: {path}\n')
    owner = request.member.connector
    file = request.system.spool.create(
        owner, owner, 'A', 'PUN', path.rpartition('/')[2], request.read,
        request.system.now)
    return f'Reader file with spoolid {file.spoolid:04d} created.\n'


def _list(request: requests.Request) -> str:
    files = request.system.spool.files(request.member.connector)
    return _HEADER + ''.join(f'{file.line()}\n' for file in files)


def _receive(request: requests.Request) -> str:
    """Write a file to standard output (-O); without -H it is purged."""
    spool = request.system.spool
    spoolid = next((word for word in request.words[2:]
                    if not word.startswith('-')), '')
    file = spool.get(request.member.connector, spoolid)
    text = spool.content(file).decode(errors='replace')
    if '-H' not in request.words:
        spool.purge(file)
    return text
