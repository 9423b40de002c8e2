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

"""What an answer of the connector means.

An error's class is chosen from the HTTP status, overallRC and what was asked,
never from message text or rc/rs: the connector answers from error tables that
its threads share and overwrite (zvmsdk/returncode.py, 1.6.3).
"""

from collections import abc
import json
import typing

from nova_zvm.connector import errors
from nova_zvm.connector import operation as op
from nova_zvm.connector import reasons

T = typing.TypeVar('T')

BROKEN_OFF = "The connector's answer broke off"

# overallRC of the connector's web side when its sdkserver does not answer
# (zvmconnector/socketclient.py, 1.6.3).
_SDKSERVER_DOWN = 101
# rs with it: the socket could not be made, or not be connected.
_NOT_SENT = (1, 2)

_BY_CODE: dict[int, type[errors.ConnectorError]] = {
    100: errors.BadRequest,
    400: errors.BadRequest,
    401: errors.Unauthorized,
    404: errors.NotFound,
    409: errors.Conflict,
    501: errors.NotSupported,
    503: errors.Busy,
}

_LOST: dict[op.Effect, type[errors.ConnectorError]] = {
    op.Effect.READ: errors.Unreachable,
    op.Effect.WRITE: errors.OutcomeUnknown,
    op.Effect.UPLOAD: errors.TransferError,
}


def lost(operation: op.Operation, reason: str, *, status: int | None = None,
         envelope: errors.Envelope | None = None) -> errors.ConnectorError:
    """Return the error for a request that was sent and not answered."""
    return _LOST[operation.effect](
        operation, reason, status=status, envelope=envelope)


def error(operation: op.Operation, status: int,
          content: bytes) -> errors.ConnectorError:
    """Return the error that an answer stands for."""
    envelope = parsed_envelope(content)
    if envelope is None and status == 200 and _cut_off(content):
        return lost(operation, BROKEN_OFF)
    if envelope is None:
        return _from_foreign(operation, status)
    return _from_envelope(operation, status, envelope)


def output(operation: op.Operation, status: int, content: bytes,
           parse: abc.Callable[[typing.Any], T]) -> T:
    """Return what a good answer gives; raise what another stands for."""
    envelope = parsed_envelope(content)
    if envelope is None or envelope.overall_rc != 0 or status != 200:
        raise error(operation, status, content)
    try:
        return parse(envelope.output)
    except (AttributeError, LookupError, TypeError, ValueError) as exc:
        raise errors.ConnectorError(
            operation, "The connector's answer has an unexpected shape: "
            '%r' % exc, status=status) from exc


def parsed_envelope(content: bytes) -> errors.Envelope | None:
    """Return the members of a connector answer, None if it is not one."""
    try:
        body = json.loads(content)
        return errors.Envelope(
            overall_rc=int(body['overallRC']), rc=body['rc'], rs=body['rs'],
            mod_id=body['modID'], errmsg=str(body['errmsg']),
            output=body['output'])
    except (LookupError, TypeError, ValueError):
        return None


def _from_envelope(operation: op.Operation, status: int,
                   envelope: errors.Envelope) -> errors.ConnectorError:
    """Return the error that an answer of the connector stands for.

    GET /guests answers 200 whatever overallRC says, so with a 200 overallRC
    decides.
    """
    if envelope.overall_rc == _SDKSERVER_DOWN:
        # rs is looked at here alone: it tells a sdkserver that was not there
        # from one that went away with the request.
        cls = (errors.Unreachable if envelope.rs in _NOT_SENT
               else _LOST[operation.effect])
    else:
        code = envelope.overall_rc if status == 200 else status
        cls = _BY_CODE.get(code, errors.ConnectorError)
    return cls(operation, reasons.sentence(operation, status, envelope),
               status=status, envelope=envelope)


def _from_foreign(operation: op.Operation,
                  status: int) -> errors.ConnectorError:
    """Return the error for an answer that is not the connector's own.

    A web server in front of it, or another service at that address.
    """
    reason = ('HTTP %s came back without the members of a connector answer'
              % status)
    if status in (502, 504):
        return lost(operation, reason + ': the web server in front of the '
                    'connector gave up', status=status)
    if status == 503:
        return errors.Unreachable(
            operation, reason + ': the web server has no connector behind it',
            status=status)
    if status == 401:
        return errors.Unauthorized(operation, reason, status=status)
    if status in (200, 404, 405) or 300 <= status < 400:
        reason += (': there is no connector at this URL; check its scheme, '
                   'port and path')
    return errors.ConnectorError(operation, reason, status=status)


def _cut_off(content: bytes) -> bool:
    """Return whether this is only the start of a JSON object.

    An answer that ends with its connection does not tell its length.
    """
    try:
        json.loads(content)
    except ValueError:
        return content[:1] in (b'', b'{')
    return False
