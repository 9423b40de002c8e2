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

"""A running simulated z/VM as other processes reach it: by its directory."""

import http.client
import json
import pathlib
from typing import Any
import urllib.error
import urllib.request


class RemoteError(Exception):
    """The system does not run, or refuses what is asked of it."""


class Remote:
    """The system that runs in a directory."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        try:
            self._ready = json.loads((directory / 'ready.json').read_text())
        except (OSError, ValueError):
            raise self._does_not_run() from None

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the control endpoint and return the answer."""
        request = urllib.request.Request(
            self._ready['control_url'] + path, method=method,
            data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except (OSError, http.client.HTTPException, ValueError):
            raise self._does_not_run() from None

    def channel(self, member: str | None = None) -> str:
        """Return the command channel of a member, by default the first."""
        members = self._ready['members']
        name = member or next(iter(members))
        if name not in members:
            raise RemoteError(f'There is no member {name}: use '
                              f'{" or ".join(members)}.')
        return str(members[name]['channel'])

    def _refusal(self, error: urllib.error.HTTPError) -> RemoteError:
        try:
            return RemoteError(json.load(error)['error'])
        except (ValueError, KeyError, TypeError):
            # The port belongs to another program since the system was killed.
            return self._does_not_run()

    def _does_not_run(self) -> RemoteError:
        return RemoteError(
            f'No simulated z/VM runs in {self._directory}: start one with '
            f'"zvm-simulator run --dir {self._directory}".')
