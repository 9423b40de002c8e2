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

"""smcli: calls of the systems management API from a command line.

With --addRCheader the first line of the output is a header that the
connector reads (smtLayer/vmUtils.py invokeSMCLI): the overall return code,
the return code and the reason code before (details), a text after it.
"""

import pathlib

from zvm_simulator.commands import request as requests
from zvm_simulator.ground import errors
from zvm_simulator.ground import registry
from zvm_simulator.ground import replies
from zvm_simulator import smapi
from zvm_simulator.smapi import calls

PROGRAMS = ('smcli',)
HEADER = '--addRCheader'
SUCCESS = '0 0 0 (details) None\n'
APIS: dict[str, calls.Api] = registry.table(
    item for _, apis in registry.offers(smapi, 'APIS')
    for item in apis.items())
_WITH_FILE = {name for _, names in registry.offers(smapi, 'WITH_FILE')
              for name in names}


def prepare(words: list[str]) -> str | None:
    """Return the text of the file that a directory entry comes from."""
    if len(words) < 2 or words[1] not in _WITH_FILE:
        return None
    try:
        path = _options(words[2:]).get('f', [''])[-1]
        return pathlib.Path(path).read_text()
    except (errors.SmapiError, OSError, UnicodeDecodeError):
        return None


def run(request: requests.Request) -> str:
    name = request.word(1)
    api = APIS.get(name)
    if api is None:
        raise errors.SmapiError(
            24, 0, f'{name} is not simulated', orc=24)
    call = calls.Call(request.system.at(request.member.name), request.member,
                      _options(request.words[2:]), request.read,
                      request.later)
    return (SUCCESS if HEADER in request.words else '') + api(call)


def refuse(words: list[str], error: errors.Refusal) -> replies.Reply:
    answer = _refusal(error)
    if HEADER in words:
        return answer
    return replies.Reply(answer.status, answer.output.partition(b'\n')[2])


def _refusal(error: errors.Refusal) -> replies.Reply:
    if isinstance(error, errors.CpError):
        error = errors.SmapiError(
            396, error.number, 'Internal error found. - product-specific '
            f'return code : {error.number}')
    assert isinstance(error, errors.SmapiError)
    return failure(error.orc, error.rc, error.rs, error.text, error.details)


def failure(orc: int, rc: int, rs: int, text: str,
            details: str = '') -> replies.Reply:
    """Return what smcli writes when a call was refused."""
    text = f'ULGSMC5{rc:03d}E {text}'
    return replies.failure(1, (
        f'{orc} {rc} {rs} (details) {text}\nFailed\n  Return Code: {rc}\n'
        f'  Reason Code: {rs}\n  Description: {text}\n'
        + (f'Details: {details}\n' if details else '')))


def unreachable(rc: int, errno: int, text: str) -> replies.Reply:
    """Return what smcli writes when it has no answer to its call."""
    return replies.failure(1, f'25 {rc} {errno} (details) {text}\nfailed\n')


def _options(words: list[str]) -> dict[str, list[str]]:
    """Collect options by letter; `-f IMMED` may be one word or two."""
    options: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        if word == HEADER:
            continue
        if word == '--timeout':
            next(rest, None)
        elif len(word) > 1 and word[0] == '-':
            value = word[2:].lstrip() or next(rest, None)
            if value is None:
                raise calls.syntax(f'option {word} has no value')
            options.setdefault(word[1], []).append(value)
        else:
            raise calls.syntax(f'{word} is not an option')
    return options
