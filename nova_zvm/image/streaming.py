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

"""An image on its way from Glance, checked while it passes.

Whether a signature is good is known only when nova's download() returns,
and what it writes is all that a verified download gives. So download() runs
in a thread of its own and writes into a pipe of a few chunks. What is read
from the pipe stays behind by a chunk, and the last one is given once
download() has returned: an image that is not good is never complete.
"""

from collections import abc
import contextlib
import hashlib
import queue
import threading
from typing import Self

from cryptography import exceptions as cryptography_exceptions
from cursive import exception as cursive_exception
from nova import exception as nova_exception
from nova import objects

from nova_zvm.errors import failures
from nova_zvm.zvm import imageheader

# Two at least: a closed pipe must take the chunk on its way, and the end.
QUEUED_CHUNKS = 2
PIECE_BYTES = 1024 * 1024

_END = None


class ImageStream:
    """The file that an upload reads an image from.

    A context manager: the download lasts as long as the block at most.
    """

    def __init__(self, image_meta: 'objects.ImageMeta',
                 download: abc.Callable[['_Pipe'], None]) -> None:
        """Prepare a download.

        :param download: called in another thread with the file to write to
        """
        self._image_meta = image_meta
        self._pipe = _Pipe()
        self._thread = threading.Thread(
            target=self._pipe.fill, args=(download,), daemon=True)
        self._chunks = self._pipe.chunks()
        self._buffer = b''
        self._left = image_meta.size

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._pipe.close()
        self._thread.join()

    def head(self) -> bytes:
        """Return the bytes that tell of what disk the image is."""
        self._fill(imageheader.LENGTH)
        return self._buffer[:imageheader.LENGTH]

    def read(self, size: int = -1) -> bytes:
        """Return at most size bytes, b'' at the end.

        :raises ImageUnacceptable: if Glance sends less or more than it
            said, or something else than was signed
        """
        self._fill(1)
        size = len(self._buffer) if size < 0 else size
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        self._left -= len(data)
        if self._left < 0 or (self._left and not data and size):
            raise failures.unacceptable(
                self._image_meta, 'Glance did not send the %d bytes that it '
                'announced' % self._image_meta.size)
        return data

    def md5(self) -> str:
        """Read all of it and return its checksum."""
        # Not for security: what Glance and the connector report.
        digest = hashlib.md5(usedforsecurity=False)
        while data := self.read(PIECE_BYTES):
            digest.update(data)
        return digest.hexdigest()

    def _fill(self, size: int) -> None:
        while len(self._buffer) < size:
            try:
                chunk = next(self._chunks, b'')
            except Exception as exc:
                raise self._meaning(exc) from exc
            if not chunk:
                break
            self._buffer += chunk

    def _meaning(self, exc: Exception) -> Exception:
        """Return what nova gets to know of a failed download.

        Whatever else Glance's client raises must not look like an error of
        the connector, which is being sent to.
        """
        if isinstance(exc, (nova_exception.NovaException,
                            cursive_exception.CursiveException)):
            return exc
        if isinstance(exc, cryptography_exceptions.InvalidSignature):
            return failures.unacceptable(
                self._image_meta, 'its data do not have the signature that '
                'its property img_signature holds')
        return failures.ImageDownloadFailed(
            image_id=self._image_meta.id, reason=exc)


class _Abandoned(BaseException):
    """Ends a download that is no longer wanted.

    No Exception: nova would log it as an error of the image.
    """


class _Pipe:
    """A file for nova's download() to write to, read by another thread."""

    def __init__(self) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(QUEUED_CHUNKS)
        self._closed = False
        self._error: Exception | None = EOFError(
            'the download has ended early')

    def fill(self, download: abc.Callable[['_Pipe'], None]) -> None:
        try:
            download(self)
            self._error = None
        except _Abandoned:
            pass
        except Exception as exc:
            self._error = exc
        finally:
            self._queue.put(_END)

    def write(self, chunk: bytes) -> None:
        if self._closed:
            raise _Abandoned()
        if chunk:
            self._queue.put(chunk)

    def truncate(self, size: int) -> None:
        """Called by nova on a bad signature, which its exception tells."""

    def chunks(self) -> abc.Iterator[bytes]:
        """Yield what was written, the last once nothing is wrong with it.

        """
        held = b''
        while (chunk := self._queue.get()) is not _END:
            if held:
                yield held
            held = chunk
        if self._error:
            raise self._error
        yield held

    def close(self) -> None:
        """Let the writer end: what follows has room after this."""
        self._closed = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
