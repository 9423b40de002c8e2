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

"""Errors of the z/VM Cloud Connector's REST API.

An error keeps what the connector said: HTTP status, overallRC, rc, rs, modID
and the words of errmsg. str() begins with the reason, since nova shows users
255 characters; what was asked, the codes and the connector's own words follow.
"""

import dataclasses
import re
import typing

from nova_zvm.connector import operation as op

# The connector's own words, of which there can be many.
WORDS_LENGTH = 300

# The errmsg of an error from below the connector repeats the request and, as
# Python writes a dict, the result (zvmsdk/smtclient.py _request, 1.6.3).
_API = re.compile(r'SMAPI API failed: (\w+)')
_RESULT = re.compile(r"'rc': (-?\d+), 'rs': (-?\d+)")
_TEXT = re.compile(r"""'strError': (?:'([^']+)'|"([^"]+)")""")
_MESSAGE = re.compile(r"""'\(Error\) ([^']+)|"\(Error\) ([^"]+)""")
_DETAILS = re.compile(r"""['"]Details: ([^'"]+)""")


@dataclasses.dataclass(frozen=True)
class Envelope:
    """The members that every answer of the connector has."""

    overall_rc: int
    rc: int | None = None
    rs: int | None = None
    mod_id: int | str | None = None
    errmsg: str = ''
    output: typing.Any = ''

    @property
    def codes(self) -> str:
        return 'overallRC %s, rc %s, rs %s' % (self.overall_rc, self.rc,
                                               self.rs)

    @property
    def result(self) -> tuple[int, int] | None:
        """Return rc and rs as errmsg repeats them, None if it does not.

        Unlike the members rc and rs those are always this error's own.
        """
        match = _RESULT.search(self.errmsg)
        return (int(match[1]), int(match[2])) if match else None

    @property
    def words(self) -> str:
        """Return what errmsg says, in one line.

        Of an error from below the connector only what z/VM said, and which
        call it was.
        """
        errmsg = ' '.join(self.errmsg.split())
        text = _TEXT.search(errmsg) or _MESSAGE.search(errmsg)
        if text is None:
            return errmsg
        parts = (_API.search(errmsg), text, _DETAILS.search(errmsg))
        return ': '.join(next(filter(None, part.groups()))
                         for part in parts if part)


class ConnectorError(Exception):
    """The connector did not do what was asked.

    :ivar status: HTTP status, None if there was no answer
    :ivar sent: False if the request has certainly not reached the connector
    """

    sent = True

    def __init__(self, operation: op.Operation, reason: str, *,
                 status: int | None = None,
                 envelope: Envelope | None = None) -> None:
        super().__init__(_sentence(operation, reason, status, envelope))
        self.operation = operation
        self.status = status
        self.overall_rc = envelope.overall_rc if envelope else None
        self.rc = envelope.rc if envelope else None
        self.rs = envelope.rs if envelope else None
        self.mod_id = envelope.mod_id if envelope else None
        self.words = envelope.words if envelope else ''

    @property
    def codes(self) -> tuple[int | None, int | None, int | None]:
        """overallRC, rc and rs"""
        return (self.overall_rc, self.rc, self.rs)


class BadRequest(ConnectorError):
    """The connector's REST schema or API refuses the request."""


class Unauthorized(ConnectorError):
    """No token, or one that is refused although it is new."""


class NotFound(ConnectorError):
    """The connector or z/VM does not know what was asked for."""


class Conflict(ConnectorError):
    """It exists already, or is in a state that does not allow this."""


class NotSupported(ConnectorError):
    """The connector does not implement this."""


class Busy(ConnectorError):
    """The connector has too many deploys and captures under way."""


class RequestTooLarge(ConnectorError):
    """The request is more than the connector can read; it was not sent."""

    sent = False


class Unreachable(ConnectorError):
    """The connector is not there, or not able to answer; nothing changed."""


class NotConnected(Unreachable):
    """No connection could be made, so nothing was sent."""

    sent = False


class TlsError(NotConnected):
    """The TLS connection was refused by either side."""


class OutcomeUnknown(ConnectorError):
    """A change was sent and its answer did not come: it may still happen.

    :ivar settle_seconds: how long the connector may still be at work on it
    """

    def __init__(self, operation: op.Operation, reason: str, *,
                 status: int | None = None,
                 envelope: Envelope | None = None) -> None:
        super().__init__(
            operation, reason + '; the request may still take effect',
            status=status, envelope=envelope)
        self.settle_seconds = operation.settle_seconds


class TransferError(ConnectorError):
    """A file did not arrive as it was sent.

    :ivar url: where lies what did arrive, None if the answer was lost
    :ivar source: why the file itself could not be read, None if it could
    """

    url: str | None = None
    source: Exception | None = None


class InvalidUrl(ValueError):
    """The connector's URL cannot be used."""


def _sentence(operation: op.Operation, reason: str, status: int | None,
              envelope: Envelope | None) -> str:
    if envelope is None:
        return '%s (%s)' % (reason, operation)
    words = envelope.words
    if len(words) > WORDS_LENGTH:
        words = words[:WORDS_LENGTH] + '...'
    return '%s (%s, HTTP %s, %s)%s' % (
        reason, operation.name, status, envelope.codes,
        ': ' + words if words else '')
