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

"""What of a command line anybody may see.

The log of commands keeps them as they ran. On a page that is looked at, shown
around and photographed there is no password, no token and nothing that a user
gave to a guest.
"""

import re
import shlex

MASK = '***'
# The name of a secret, alone as an option and before its value.
_NAME = (r'[\w-]*(?:pass(?:w|phrase|\b)|secret|token|credential|'
         r'user_?-?data|pw\b)[\w-]*')
_OPTION = re.compile(f'(?i)^-+{_NAME}$')
_ASSIGNMENT = re.compile(f'(?i)(\\b{_NAME}=).*')
# Options of smcli that are passwords: of minidisks (Image_Disk_Create_DM,
# Image_Disk_Share_DM ...) and of users (Image_Password_Set_DM).
_SMCLI_SECRETS = re.compile(r'^-[RWMp]')
_SMCLI_WITH_SECRETS = re.compile(r'Disk|Password|Authenticat')
# CP commands that end with a password, and how many words come before.
_CP_OPEN_WORDS = {'link': 5, 'logon': 2, 'autolog': 2, 'xautolog': 2}
_URL = re.compile(r'(?i)\b([a-z][a-z0-9+.-]*://)(?:[^/@\s]*@)?([^\s?]*)'
                  r'(\?\S*)?')


def line(command: str, kind: str) -> str:
    """Return a command, or a request to a connector, fit to be shown."""
    if kind == 'rest':
        return _ASSIGNMENT.sub(r'\1' + MASK, command)
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    program = words[0].rpartition('/')[2] if words else ''
    if program == 'iucvclnt':
        words = _iucv(words)
    elif program == 'vmcp':
        words = _cp(words)
    elif program == 'smcli':
        words = _smcli(words)
    return ' '.join(_values(words))


def _iucv(words: list[str]) -> list[str]:
    """Leave of a command for a guest's Linux no more than its name."""
    command = ' '.join(words[2:]).split()
    return words[:2] + command[:1] + [MASK] * (len(command) > 1)


def _cp(words: list[str]) -> list[str]:
    command = ' '.join(words[1:]).split()
    name = command[0].lower() if command else ''
    count = _CP_OPEN_WORDS.get(name, len(command))
    return words[:1] + command[:count] + [MASK] * (len(command) > count)


def _smcli(words: list[str]) -> list[str]:
    if len(words) < 2 or not _SMCLI_WITH_SECRETS.search(words[1]):
        return words
    shown: list[str] = []
    secret = False
    for word in words:
        found = _SMCLI_SECRETS.match(word)
        if secret:
            shown.append(MASK)
        elif found and word != found[0]:
            shown.append(found[0] + MASK)
        else:
            shown.append(word)
        secret = bool(found and word == found[0]) and not secret
    return shown


def _values(words: list[str]) -> list[str]:
    """Mask what has the name of a secret, and parts of URLs."""
    shown: list[str] = []
    secret = False
    for word in words:
        masked = MASK if secret else _ASSIGNMENT.sub(r'\1' + MASK, word)
        secret = _OPTION.match(word) is not None
        shown.append(_URL.sub(_url, masked))
    return shown


def _url(match: re.Match[str]) -> str:
    return match[1] + match[2] + (f'?{MASK}' if match[3] else '')
