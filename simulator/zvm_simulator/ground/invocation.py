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

"""One run of a command, told by kind and by the guest it is about.

Faults, latencies and the command log all speak of these words; the model
parses the commands for itself.
"""

import dataclasses
import re
import shlex

# What a kind of command costs a z/VM system differs by orders of magnitude.
KINDS = ('smapi', 'dirm', 'cp', 'iucv', 'image', 'vmur', 'linux')

_PROGRAMS = {
    'vmcp': 'cp',
    'iucvclnt': 'iucv',
    'unpackdiskimage': 'image',
    'creatediskimage': 'image',
    'refresh_bootmap': 'image',
    'vmur': 'vmur',
}
_WITH_USERID_FIRST = frozenset([
    'iucvclnt', 'unpackdiskimage', 'creatediskimage',
    'linkdiskandbringonline', 'offlinediskanddetach'])
# Options of smcli that name the guest when -T names the connector.
_GUEST_KEYS = re.compile(r'(?:grant_|revoke_|image_)?userid=(\S+)')
_GUEST_IN_CP = (
    re.compile(r'(?i)^q(?:uery)? (?:user )?(\S+)$'),
    re.compile(r'(?i) to (\S+)'),
)
_NOT_USERIDS = frozenset(['USERID', 'CPLEVEL', 'CHPIDV', 'FCP', 'OSA'])
# How many arguments unpackdiskimage has when it writes on a LUN.
_LUN_ARGUMENTS = (6, 8)


@dataclasses.dataclass(frozen=True)
class Invocation:
    """A command line; name is the shortest text that tells what it does."""

    member: str
    line: str
    kind: str
    name: str
    userid: str | None


def parse(member: str, argv: list[str] | str) -> Invocation:
    """Describe a command as the connector runs it, `sudo` or not."""
    words = argv.split() if isinstance(argv, str) else list(argv)
    line = argv if isinstance(argv, str) else shlex.join(argv)
    if words[:1] == ['sudo']:
        words = words[1:]
        line = line.removeprefix('sudo ')
    program = words[0].rpartition('/')[2] if words else ''
    kind = _PROGRAMS.get(program, 'linux')
    name = program
    if program == 'smcli':
        name = words[1] if len(words) > 1 else program
        kind = 'dirm' if name.endswith('_DM') else 'smapi'
    elif program == 'vmcp':
        name = _cp_name(' '.join(words[1:]).lower().split())
    return Invocation(member, line, kind, name, _userid(program, words[1:]))


def _cp_name(words: list[str]) -> str:
    return ' '.join(words[:2] if words[:1] == ['query'] else words[:1])


def _userid(program: str, words: list[str]) -> str | None:
    if program == 'smcli':
        found = _smcli_userid(words)
    elif program == 'vmcp':
        found = _cp_userid(' '.join(words))
    elif program == 'unpackdiskimage' and len(words) in _LUN_ARGUMENTS:
        found = None
    elif program in _WITH_USERID_FIRST and words:
        found = words[0]
    else:
        found = None
    return found.upper() if found else None


def _smcli_userid(words: list[str]) -> str | None:
    for word in words:
        match = _GUEST_KEYS.search(word)
        if match:
            return match[1]
    named = dict(zip(words, words[1:]))
    if words and words[0].startswith('Name_List_'):
        return named.get('-n')
    return named.get('-T')


def _cp_userid(command: str) -> str | None:
    for pattern in _GUEST_IN_CP:
        match = pattern.search(command)
        if match and match[1].upper() not in _NOT_USERIDS:
            return match[1]
    return None
