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

"""Files in and out over the connector's own HTTP file API.

An upload must announce its length: without Content-Length the connector
stores no byte and answers 200 (zvmsdk/sdkwsgi/handlers/file.py, 1.6.3). So
its size and checksum are compared with what was sent.
"""

from collections import abc
import contextlib
import hashlib
import io
import typing

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.connector import operation as op
from nova_zvm.connector import session


class Readable(typing.Protocol):
    """Anything that a file can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most size bytes, b'' at the end."""


class Files:
    """The connector's file repository, which has no delete."""

    def __init__(self, http: session.Session) -> None:
        self._http = http

    def upload(self, stream: Readable, length: int) -> models.File:
        """Send a file, in constant memory, and return what was stored.

        A file that breaks off is completed with zeros, since only the
        answer to a whole one tells where it lies.

        :raises TransferError: if the stream fails or does not have that
            length, the connection breaks, or another size or checksum was
            stored
        """
        operation = self._http.operation('files.upload', 'PUT', ('files',),
                                         effect=op.Effect.UPLOAD)
        body = _Counted(operation, stream, length)
        if not body.repeatable:
            # Find out first whether the connector is there and takes our
            # token.
            self._http.request('files.probe', 'GET', (),
                               parse=models.Version.parse)
        try:
            stored = self._http.upload(operation, body, models.File.parse)
        except errors.ConnectorError:
            body.check(None)
            raise
        body.check(stored.url)
        body.compare(stored)
        return stored

    @contextlib.contextmanager
    def download(self, path: str) -> abc.Iterator[abc.Iterator[bytes]]:
        """Give the pieces of a file on the connector's host.

        Nothing tells its length: compare the size and checksum with what is
        known of the file.

        :raises ConnectorError: if the connector cannot read it
        """
        operation = self._http.operation('files.download', 'POST',
                                         ('files',),
                                         effect=op.Effect.READ)
        with self._http.download(operation,
                                 {'source_file': path}) as pieces:
            yield pieces


class _Counted:
    """A stream of known length, counted and hashed as it is sent.

    One that can seek can be sent again from where it was.
    """

    def __init__(self, operation: op.Operation, stream: Readable,
                 length: int) -> None:
        if length <= 0:
            raise ValueError('a file of %d bytes cannot be sent' % length)
        self.len = length
        self._operation = operation
        self._stream = stream
        self._file = (stream if isinstance(stream, io.IOBase) and
                      stream.seekable() else None)
        self._start = self._file.tell() if self._file else 0
        self._begin()

    def _begin(self) -> None:
        self._left = self.len
        self._failure: Exception | None = None
        # Not for security: what the connector itself reports.
        self._md5 = hashlib.md5(usedforsecurity=False)

    @property
    def repeatable(self) -> bool:
        return self._file is not None

    def rewind(self) -> None:
        if self._file:
            self._file.seek(self._start)
        self._begin()

    def _read(self, size: int) -> bytes:
        if self._left == 0:
            return b''
        size = min(size, self._left)
        data = self._data(size) or bytes(size)
        self._left -= len(data)
        self._md5.update(data)
        return data

    def __iter__(self) -> abc.Iterator[bytes]:
        while data := self._read(session.CHUNK_BYTES):
            yield data

    def _data(self, size: int) -> bytes:
        """Return what can be read, b'' once anything is wrong."""
        if self._failure:
            return b''
        try:
            data = self._stream.read(size)
            if not data:
                raise self._wrong_length('less')
            if len(data) == self._left and self._stream.read(1):
                raise self._wrong_length('more')
            return data
        except Exception as exc:
            self._failure = exc
            return b''

    def check(self, url: str | None) -> None:
        """See that all was read; what was sent otherwise lies at url."""
        if self._failure:
            raise self._error('The file cannot be read: %s' % self._failure,
                              url, self._failure) from self._failure

    def compare(self, stored: models.File) -> None:
        if stored.size != self.len or stored.md5 != self._md5.hexdigest():
            raise self._error(
                '%d bytes with md5 %s were sent, %d bytes with md5 %s were '
                'stored' % (self.len, self._md5.hexdigest(), stored.size,
                            stored.md5), stored.url)

    def _error(self, reason: str, url: str | None = None,
               source: Exception | None = None) -> errors.TransferError:
        error = errors.TransferError(self._operation, reason)
        error.url, error.source = url, source
        return error

    def _wrong_length(self, word: str) -> errors.TransferError:
        return self._error('The file has %s than the %d bytes that were '
                           'announced' % (word, self.len))
