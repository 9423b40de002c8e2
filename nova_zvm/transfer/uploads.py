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

"""Files on their way through the connector.

The connector stores an upload under a name of its own choice and has no
call to delete it, but it exports an image onto any path. So each upload is
overwritten, once it has served, with the blank image that the driver keeps
on the connector: 512 bytes and no secret.
"""

from collections import abc
import contextlib
import io
import threading

from nova import objects
from oslo_log import log as logging
from oslo_utils import excutils

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.connector.resources import files
from nova_zvm.errors import effects
from nova_zvm.errors import failures
from nova_zvm.pace import background
from nova_zvm.pace import waiting
from nova_zvm.record import ownership
from nova_zvm.transfer import importing
from nova_zvm.transfer import journal
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names

LOG = logging.getLogger(__name__)

# The import wants an os_version; for a disk of one cylinder any will do.
BLANK_OS_VERSION = 'rhel8'

# How often the blank image is imported for one upload.
PROVISIONS = 2

# Of an export of the blank image, or of its own import.
FAILURES = (errors.ConnectorError, failures.ConnectorFailure)

# The thread of a sweep.
SWEEP = 'zvm-uploads'


class Staging:
    """Uploads that leave nothing behind."""

    def __init__(self, connector: client.Connector, records: journal.Journal,
                 patience: waiting.Patience, threads: background.Background
                ) -> None:
        """Prepare; nothing is asked yet.

        :param records: the Journal of images that are uploaded
        :param threads: the Background
        """
        self._connector = connector
        self._folder_seen = False
        self._journal = records
        self._patience = patience
        self._background = threads
        self._lock = threading.Lock()

    def upload(self, instance: 'objects.Instance', stream: files.Readable,
               length: int) -> models.File:
        """Give the connector a file and record where it lies.

        Without the record nothing would find it again.
        """
        upload = self._sent(stream, length)
        try:
            ownership.set_upload(instance, upload.url)
        except Exception:
            with excutils.save_and_reraise_exception():
                self.overwrite(upload.url)
        return upload

    @contextlib.contextmanager
    def uploaded(self, stream: files.Readable, length: int
                ) -> abc.Iterator[models.File]:
        """Give the connector an image as long as the block lasts.

        :raises InvalidInput: if it cannot be recorded where that lies
        """
        self._journal.prepare()
        upload = self._sent(stream, length)
        with self._recorded(upload.url):
            yield upload

    def begin_sweep(self) -> None:
        """Sweep in the background: the start of nova-compute cannot wait.

        A connector that takes the request and does not answer costs as long
        as an export may take.
        """
        if self._journal.left():
            self._background.start(SWEEP, self.sweep)

    def sweep(self) -> None:
        """Overwrite the images that a killed nova-compute has left.

        A connector that does not answer is asked once.
        """
        for url in self._journal.left():
            if self._background.is_ending():
                return
            try:
                self._blank(url)
            except (errors.Unreachable, errors.OutcomeUnknown) as exc:
                _warn(url, exc)
                break
            except FAILURES as exc:
                _warn(url, exc)
            else:
                self._journal.remove(url)

    def blank(self, instance: 'objects.Instance') -> None:
        """Overwrite what is left of an instance's upload, if possible."""
        url = ownership.upload_url(instance)
        if url and self.overwrite(url):
            ownership.set_upload(instance, None)

    def overwrite(self, url: str) -> bool:
        """Put the blank image in the place of an upload.

        Returns whether that was possible; the connector may be down.
        """
        try:
            self._blank(url)
        except FAILURES as exc:
            _warn(url, exc)
            return False
        return True

    def imported(self, name: str, upload: models.File, os_version: str
                ) -> None:
        """Import an upload in the place of what an earlier try left."""
        images = self._connector.images
        # One that comes late would stay.
        with effects.awaited(
                self._patience,
                lambda: importing.find(images, name) is not None):
            try:
                images.create(name, upload.url, os_version)
            except errors.Conflict:
                images.delete(name)
                images.create(name, upload.url, os_version)

    # An upload

    def _sent(self, stream: files.Readable, length: int) -> models.File:
        """Send a file; of one that fails nothing stays, if possible.

        :raises FirstUploadRefused: if another attempt may succeed
        :raises Exception: what the stream raises, if it does
        """
        folder_seen = self._folder_seen
        try:
            upload = self._connector.files.upload(stream, length)
        except errors.TransferError as exc:
            if exc.url:
                with self._recorded(exc.url):
                    pass
            if exc.source:
                raise exc.source
            raise
        except errors.ConnectorError as exc:
            if folder_seen or (exc.status, exc.overall_rc) != (500, 300):
                raise
            raise failures.FirstUploadRefused(reason=exc, error=exc) from exc
        self._folder_seen = True
        return upload

    @contextlib.contextmanager
    def _recorded(self, url: str) -> abc.Iterator[None]:
        """Have an upload on record until it has been overwritten."""
        try:
            self._journal.add(url)
            yield
        finally:
            if self.overwrite(url):
                self._journal.remove(url)
            self._journal.close(url)

    # The blank image

    def _blank(self, url: str) -> None:
        """Overwrite an upload.

        The blank image is another nova-compute's too, whose import can
        remove it right after ours (importing).
        """
        for _ in range(PROVISIONS):
            try:
                self._connector.images.export(names.BLANK_IMAGE, url)
                return
            except errors.ConnectorError as exc:
                if not self._lacks_blank(exc):
                    raise
            self._provide_blank()
        self._connector.images.export(names.BLANK_IMAGE, url)

    def _lacks_blank(self, exc: errors.ConnectorError) -> bool:
        """Tell whether an export failed for want of the blank image.

        Its record may be there without its file (importing).
        """
        if isinstance(exc, (errors.Unreachable, errors.OutcomeUnknown)):
            return False
        if isinstance(exc, errors.NotFound):
            return True
        blank = importing.find(self._connector.images, names.BLANK_IMAGE)
        return blank is None or not blank.holds()

    def _provide_blank(self) -> None:
        blank = imageheader.Header(1, 'CYL').pack()
        with self._lock:
            upload = self._connector.files.upload(
                io.BytesIO(blank), len(blank))
            importing.run(self._connector.images, names.BLANK_IMAGE,
                          upload, BLANK_OS_VERSION, self._patience)


def _warn(url: str, exc: Exception) -> None:
    LOG.warning('Could not erase upload %s from the connector: %s', url, exc)
