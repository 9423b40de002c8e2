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

"""HTTP to the connector: the only module that knows the requests library.

It keeps the rules that hold for every call: what is retried, how long is
waited, who we are, what an answer means, and what is logged.

========================  ==============================================
connection fails          any method is tried again, nothing was sent
no answer in time, 503    GET is tried again
TLS failure, 4xx          never
========================  ==============================================

Once all attempts have failed, later requests are tried once until one is
answered.
"""

from collections import abc
import contextlib
from email import utils as email_utils
import ssl
import threading
import time
import typing

from oslo_log import log as logging
import requests
from urllib3 import exceptions as urllib3_errors

from nova_zvm.connector import answers
from nova_zvm.connector import auth
from nova_zvm.connector import certificate
from nova_zvm.connector import errors
from nova_zvm.connector import operation as op
from nova_zvm.connector import timeouts
from nova_zvm.connector import url as connector_url

LOG = logging.getLogger(__name__)

Observer = abc.Callable[[str, str, str, int, int, float], object]

# Seconds between the tries.
PAUSES = (0.5, 1.0)

# Of a file on its way to or from the connector.
CHUNK_BYTES = 1024 * 1024


class Upload(typing.Protocol):
    """A body that is sent piece by piece; len is its Content-Length.

    Without a read() of its own: of what has one, urllib3 takes 16 KiB at a
    time.
    """

    len: int

    @property
    def repeatable(self) -> bool:
        """Whether it can be rewound."""

    def __iter__(self) -> abc.Iterator[bytes]:
        """Yield the pieces."""

    def rewind(self) -> None:
        """Go back to the start, to be sent again."""


class Session:
    """Requests to one connector, from any number of threads."""

    def __init__(self, url: str, limits: timeouts.Timeouts, *,
                 token_file: str | None, ca_file: str | None,
                 sleep: abc.Callable[[float], object]) -> None:
        self._url = connector_url.checked(url)
        self._timeouts = limits
        self._verify = ca_file or _system_cas()
        self._sleep = sleep
        self._local = threading.local()
        self._tokens = auth.Tokens(token_file, self._fetch_token)
        self._absent_at: float | None = None
        self._clock_offset: float | None = None
        self.on_request: Observer | None = None

    def request(self, name: str, method: str, parts: abc.Sequence[str], *,
                parse: abc.Callable[[typing.Any], answers.T],
                query: abc.Mapping[str, str] | None = None,
                body: object = None,
                about: abc.Mapping[str, str] | None = None) -> answers.T:
        """Return what an operation answers, parsed.

        :param body: to be sent as JSON
        :raises ConnectorError: the subclasses say what the caller can do
        """
        return self.send(
            self.operation(name, method, parts, query, about=about), body,
            parse)

    def send(self, operation: op.Operation, body: object,
             parse: abc.Callable[[typing.Any], answers.T]) -> answers.T:
        """Return what an operation answers, parsed; as request."""
        data = None if body is None else _encoded(operation, body)
        return self._tried(operation,
                           lambda: self._output(operation, data, parse))

    def upload(self, operation: op.Operation, body: Upload,
               parse: abc.Callable[[typing.Any], answers.T]) -> answers.T:
        """Send a file and return what is answered, parsed."""
        return self._tried(operation,
                           lambda: self._output(operation, body, parse))

    @contextlib.contextmanager
    def download(self, operation: op.Operation,
                 body: object) -> abc.Iterator[abc.Iterator[bytes]]:
        """Give the pieces of a file that is the answer."""
        started = time.monotonic()
        data = _encoded(operation, body)
        pieces = _Pieces(operation)
        try:
            with self._tried(
                    operation, lambda: self._file(operation, data)) as answer:
                yield pieces.of(answer)
        finally:
            self._observe(operation, data, pieces.received, started)

    def operation(self, name: str, method: str, parts: abc.Sequence[str],
                  query: abc.Mapping[str, str] | None = None,
                  wait: float = 0, effect: op.Effect | None = None,
                  about: abc.Mapping[str, str] | None = None
                  ) -> op.Operation:
        """Return what errors and logs will say of a request.

        :param name: of the operation, such as 'guests.start'
        :param parts: of the path; they are quoted here
        :param wait: seconds that the connector itself was told to wait
        :param effect: what the operation does; by default a GET reads and
            the others write
        :param about: names besides that in the path, for errors
        """
        if effect is None:
            effect = (op.Effect.READ if method == 'GET'
                      else op.Effect.WRITE)
        return op.Operation(name, method, op.path(parts, query), effect,
                            self._timeouts.read(name, wait),
                            {**op.about(parts), **(about or {})})

    def found_absent(self, max_age: float) -> bool:
        """Tell whether the connector was not there when last asked.

        :param max_age: seconds for which that is worth something
        """
        absent_at = self._absent_at
        return (absent_at is not None and
                time.monotonic() - absent_at < max_age)

    @property
    def clock_offset(self) -> float | None:
        """Seconds that the connector's clock was ahead of ours.

        By its last answer, in whole seconds; None if it told no time, as
        some web servers do not.
        """
        return self._clock_offset

    def token_expiry(self) -> float | None:
        """Return when our token ends, in seconds since the epoch."""
        return self._tokens.expiry()

    def certificate_expiry(self) -> float | None:
        """Return when the connector's certificate expires.

        In seconds since the epoch; None for a URL without TLS.

        :raises NotConnected: if no connection can be made
        """
        try:
            return certificate.expiry(self._url, self._verify,
                                      self._timeouts.connect)
        except OSError as exc:
            raise errors.NotConnected(
                self.operation('certificate', 'GET', ()),
                'The certificate of the z/VM Cloud Connector cannot be '
                'read: %s' % exc) from exc

    # What is tried again

    def _tried(self, operation: op.Operation,
               attempt: abc.Callable[[], answers.T]) -> answers.T:
        for pause in () if self._absent_at else PAUSES:
            try:
                return attempt()
            except errors.ConnectorError as exc:
                if not _worth_another_try(operation, exc):
                    raise
                LOG.debug('%s; trying again in %s s', exc, pause)
            self._sleep(pause)
        try:
            return attempt()
        except errors.Unreachable:
            self._absent_at = time.monotonic()
            raise

    def _output(self, operation: op.Operation, data: bytes | Upload | None,
                parse: abc.Callable[[typing.Any], answers.T]) -> answers.T:
        answer = self._authorized(operation, data, False)
        return answers.output(operation, answer.status_code, answer.content,
                              parse)

    def _file(self, operation: op.Operation,
              data: bytes) -> requests.Response:
        answer = self._authorized(operation, data, True)
        if answer.status_code != 200:
            with answer:
                raise _error(operation, answer)
        return answer

    def _authorized(self, operation: op.Operation,
                    data: bytes | Upload | None,
                    stream: bool) -> requests.Response:
        token = self._tokens.get(operation)
        answer = self._send(operation, data, stream, token)
        if answer.status_code == 401 and token and _repeatable(data):
            answer.close()
            token = self._tokens.renew(operation, token)
            _rewind(data)
            answer = self._send(operation, data, stream, token)
        if answer.status_code == 401 and not token:
            raise errors.Unauthorized(
                operation, 'The z/VM Cloud Connector asks for a token and '
                'no token file is configured', status=401)
        return answer

    def _fetch_token(self, admin_token: str) -> str:
        operation = self.operation('token', 'POST', ('token',),
                                    effect=op.Effect.READ)
        answer = self._send(operation, b'', False, None,
                            {'X-Admin-Token': admin_token})
        token = answer.headers.get('X-Auth-Token')
        if answer.status_code != 200 or not token:
            raise _error(operation, answer)
        return token

    # One HTTP request

    def _send(self, operation: op.Operation,
              data: bytes | Upload | None, stream: bool, token: str | None,
              extra: abc.Mapping[str, str] | None = None
              ) -> requests.Response:
        headers = dict(extra or ())
        if data is not None:
            headers['Content-Type'] = (
                'application/json' if isinstance(data, bytes)
                else 'application/octet-stream')
        if token:
            headers['X-Auth-Token'] = token
        started = time.monotonic()
        received = 0
        outcome = 'no answer'
        try:
            with _mapped(operation):
                answer = self._http().request(
                    operation.method, self._url + operation.path,
                    # requests takes what has pieces and a len
                    data=typing.cast(typing.Any, data), headers=headers,
                    timeout=self._socket_timeouts(operation, data),
                    stream=stream, allow_redirects=False)
            self._absent_at = None
            self._clock_offset = _offset(answer.headers.get('Date'))
            if stream:
                outcome = 'HTTP %d' % answer.status_code
            else:
                outcome = _outcome(answer)
                received = len(answer.content)
        finally:
            LOG.debug('%s %s: %s, %d ms', operation.method, operation.path,
                      outcome, (time.monotonic() - started) * 1000)
            if not stream:
                self._observe(operation, data, received, started)
        return answer

    def _socket_timeouts(self, operation: op.Operation,
                         data: bytes | Upload | None
                         ) -> tuple[float, float]:
        """Return requests' connect and read timeouts.

        urllib3 sends under the connect timeout. A body that can be sent
        only once is sent after another request found the connector, so it
        can have the longer one.
        """
        read = operation.settle_seconds
        if not _repeatable(data):
            return read, read
        return self._timeouts.connect, read

    def _http(self) -> requests.Session:
        """Return this thread's own session: requests shares none safely."""
        if not hasattr(self._local, 'http'):
            http = requests.Session()
            # The environment has no say: neither a .netrc, which would send
            # a password along, nor a proxy.
            http.trust_env = False
            http.verify = self._verify
            # The connector's own web server configuration closes each
            # connection. So do we: a connection that breaks then always
            # broke under this request, never before it.
            http.headers['Connection'] = 'close'
            http.headers['Accept-Encoding'] = 'identity'
            self._local.http = http
        return self._local.http

    def _observe(self, operation: op.Operation,
                 data: bytes | Upload | None, received: int,
                 started: float) -> None:
        if self.on_request:
            self.on_request(operation.name, operation.method, operation.path,
                            _length(data), received,
                            time.monotonic() - started)


class _Pieces:
    """The pieces of an answer, counted."""

    def __init__(self, operation: op.Operation) -> None:
        self._operation = operation
        self.received = 0

    def of(self, answer: requests.Response) -> abc.Iterator[bytes]:
        with _mapped(self._operation):
            for piece in answer.iter_content(CHUNK_BYTES):
                self.received += len(piece)
                yield piece


def _system_cas() -> str | bool:
    """Return where the system's CAs are; requests would take certifi's."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True


def _encoded(operation: op.Operation, body: object) -> bytes:
    data = op.encoded(body)
    if len(data) > op.BODY_LIMIT:
        raise errors.RequestTooLarge(
            operation, 'The request has %d bytes and the z/VM Cloud '
            'Connector reads only %d, so it was not sent'
            % (len(data), op.BODY_LIMIT))
    return data


def _error(operation: op.Operation,
           answer: requests.Response) -> errors.ConnectorError:
    with _mapped(operation):
        content = answer.content
    return answers.error(operation, answer.status_code, content)


def _offset(date: str | None) -> float | None:
    """Return the seconds that a Date header is ahead of our clock."""
    try:
        return (email_utils.parsedate_to_datetime(date or '').timestamp() -
                time.time())
    except ValueError:
        return None


def _outcome(answer: requests.Response) -> str:
    """Return what the log says of an answer; no content of it."""
    envelope = answers.parsed_envelope(answer.content)
    return 'HTTP %d, overallRC %s' % (
        answer.status_code, envelope.overall_rc if envelope else '-')


def _length(data: bytes | Upload | None) -> int:
    if data is None:
        return 0
    return len(data) if isinstance(data, bytes) else data.len


def _repeatable(data: bytes | Upload | None) -> bool:
    return data is None or isinstance(data, bytes) or data.repeatable


def _rewind(data: bytes | Upload | None) -> None:
    if data is not None and not isinstance(data, bytes):
        data.rewind()


def _worth_another_try(operation: op.Operation,
                       error: errors.ConnectorError) -> bool:
    if isinstance(error, errors.TlsError):
        return False
    if isinstance(error, errors.NotConnected):
        return True
    return (operation.method == 'GET' and
            isinstance(error, (errors.Busy, errors.Unreachable)) and
            error.status in (None, 503))


# What requests' exceptions mean

@contextlib.contextmanager
def _mapped(operation: op.Operation) -> abc.Iterator[None]:
    try:
        yield
    except requests.ConnectTimeout as exc:
        raise errors.NotConnected(
            operation, 'The connector did not accept the connection in '
            'time') from exc
    except requests.Timeout as exc:
        raise answers.lost(
            operation, 'The connector did not answer within %g seconds'
            % operation.settle_seconds) from exc
    except requests.exceptions.SSLError as exc:
        raise _tls_error(operation, exc) from exc
    except requests.ConnectionError as exc:
        raise _connection_error(operation, exc) from exc
    except requests.exceptions.InvalidURL as exc:
        raise errors.NotConnected(operation, str(exc)) from exc
    except requests.RequestException as exc:
        raise answers.lost(operation, answers.BROKEN_OFF) from exc
    except OSError as exc:
        # Raised by requests for a CA file that is not there.
        raise errors.TlsError(
            operation, 'The CA file cannot be used: %s' % exc) from exc


def _connection_error(operation: op.Operation,
                      exc: Exception) -> errors.ConnectorError:
    for cause in _causes(exc):
        # Only a connect is refused, by any library: nova's tests and the
        # sandbox have a connection class without urllib3's own error.
        if isinstance(cause, (urllib3_errors.NewConnectionError,
                              ConnectionRefusedError)):
            return errors.NotConnected(
                operation, 'No connection can be made: %s'
                % str(cause).rpartition(': ')[2])
    return answers.lost(operation, 'The connection to the connector broke '
                        'before the answer')


def _tls_error(operation: op.Operation,
               exc: Exception) -> errors.ConnectorError:
    """Return TlsError, unless the connection had worked and ended."""
    for cause in _causes(exc):
        if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return answers.lost(operation, 'The TLS connection to the '
                                'connector ended before the answer')
    innermost = list(_causes(exc))[-1]
    return errors.TlsError(
        operation, 'No TLS connection can be made: %s' % innermost)


def _causes(exc: BaseException) -> abc.Iterator[BaseException]:
    """Yield an exception and those it was made from."""
    cause: BaseException | None = exc
    while cause is not None:
        yield cause
        inner = getattr(cause, 'reason', None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in cause.args
                          if isinstance(arg, BaseException)), None)
        cause = inner
