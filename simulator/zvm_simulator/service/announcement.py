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

"""What a started system tells the one who started it."""

import importlib.metadata
import json
import shlex
from typing import Any

_READY = """\
READY: a simulated z/VM. Ctrl-C ends it.

{members}Files of all:    {directory}
More, as JSON:   {directory}/ready.json"""
_MEMBER = """\
{name}
  REST:          {rest_url}
  token:         curl -si -X POST {rest_url}/token \\
                     -H "X-Admin-Token: $(cat {token_file})"
  status page:   {status_page}

"""


def version() -> str:
    """Return that of this distribution."""
    try:
        return importlib.metadata.version('zvm-simulator')
    except importlib.metadata.PackageNotFoundError:
        return 'of a source tree that is not installed'


def for_programs(ready: dict[str, Any]) -> str:
    """Return READY and all that there is, on one line."""
    return 'READY ' + json.dumps(ready)


def for_people(ready: dict[str, Any]) -> str:
    """Return what one needs first who sits at a terminal."""
    return _READY.format(directory=ready['directory'], members=''.join(
        _MEMBER.format(**{
            **member, 'name': name,
            'token_file': shlex.quote(member['token_file'])})
        for name, member in ready['members'].items()))
