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

An error keeps what the connector said (HTTP status, overallRC, rc, rs, modID,
errmsg). str() is one sentence that says what was asked and what came back.
"""

import dataclasses
import typing

from nova_zvm.connector import operation as op


@dataclasses.dataclass(frozen=True)
class Envelope:
    """The members that every answer of the connector has."""

    overall_rc: int
    rc: int | None = None
    rs: int | None = None
    mod_id: int | str | None = None
    errmsg: str = ''
    output: typing.Any = ''


class ConnectorError(Exception):
    """The connector did not do what was asked.

    :ivar status: HTTP status, None if there was no answer
    :ivar sent: False if the request has certainly not reached the connector
    """

    sent = True

    def __init__(self, operation: op.Operation, reason: str, *,
                 status: int | None = None,
                 envelope: Envelope | None = None) -> None:
        super().__init__('%s: %s' % (operation, reason))
        self.operation = operation
        self.status = status
        self.overall_rc = envelope.overall_rc if envelope else None
        self.rc = envelope.rc if envelope else None
        self.rs = envelope.rs if envelope else None
        self.mod_id = envelope.mod_id if envelope else None
        self.errmsg = envelope.errmsg if envelope else ''


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
        super().__init__(operation, reason + '; it may still take effect',
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
