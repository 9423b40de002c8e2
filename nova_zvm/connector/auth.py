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

"""The connector's tokens.

The admin token, from a file, buys a token that is good for an hour or so and
for every request. It is fetched once, shared by all threads, and renewed once
when it is refused; the file is read again then, so it can be replaced at any
time. Neither token appears in a message.
"""

import base64
from collections import abc
import json
import threading

from nova_zvm.connector import errors
from nova_zvm.connector import operation as op


class Tokens:
    """The token that requests carry, if the connector asks for one."""

    def __init__(self, token_file: str | None,
                 fetch: abc.Callable[[str], str]) -> None:
        """Remember the file.

        :param fetch: asks the connector for a token, given the admin token
        """
        self._file = token_file
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token: str | None = None

    def get(self, operation: op.Operation) -> str | None:
        if self._file is None:
            return None
        with self._lock:
            if self._token is None:
                self._token = self._fetched(operation)
            return self._token

    def expiry(self) -> float | None:
        """Return when the token ends, in seconds since the epoch.

        None if there is no token or it does not tell. It is a JWT whose
        signature only the connector can verify (zvmsdk/sdkwsgi/handlers/
        tokens.py, 1.6.3).
        """
        with self._lock:
            parts = (self._token or '').split('.')
        try:
            claims = base64.urlsafe_b64decode(parts[1] + '==')
            return float(json.loads(claims)['exp'])
        except (LookupError, TypeError, ValueError):
            return None

    def renew(self, operation: op.Operation,
              refused: str) -> str | None:
        """Return another token than the one that was refused.

        The first of several threads fetches it, the others get the same.
        """
        with self._lock:
            if self._token == refused:
                self._token = None
        return self.get(operation)

    def _fetched(self, operation: op.Operation) -> str:
        admin_token = self._admin_token(operation)
        try:
            return self._fetch(admin_token)
        except errors.Unauthorized as exc:
            raise errors.Unauthorized(
                exc.operation, 'The z/VM Cloud Connector refuses the admin '
                'token in token file %s; it must be the same as in its own '
                'token file' % self._file, status=exc.status) from exc

    def _admin_token(self, operation: op.Operation) -> str:
        assert self._file is not None
        try:
            with open(self._file, encoding='ascii') as token_file:
                token = token_file.read().strip()
        except OSError as exc:
            raise errors.Unauthorized(
                operation, 'Token file %s cannot be read: %s'
                % (self._file, exc.strerror)) from exc
        except UnicodeDecodeError:
            token = ''
        if not token or not token.isprintable() or ' ' in token:
            raise errors.Unauthorized(
                operation, 'Token file %s does not hold a token: one word of '
                'printable ASCII characters is expected' % self._file)
        return token
