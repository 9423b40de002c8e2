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

import contextlib
import io
import threading

from oslo_log import log as logging
from oslo_utils import excutils

from nova_zvm.connector import errors
from nova_zvm import diskimage
from nova_zvm import exception
from nova_zvm import imageimport
from nova_zvm import journal
from nova_zvm import names
from nova_zvm import ownership

LOG = logging.getLogger(__name__)

# The import wants an os_version; for a disk of one cylinder any will do.
BLANK_OS_VERSION = 'rhel8'


class Staging:
    """Uploads that leave nothing behind."""

    def __init__(self, connector):
        self._connector = connector
        self._journal = journal.Journal()
        self._lock = threading.Lock()

    def upload(self, instance, stream, length):
        """Give the connector a file and record where it lies.

        Without the record nobody would find it again.
        """
        upload = self._sent(stream, length)
        try:
            ownership.set_upload(instance, upload.url)
        except Exception:
            with excutils.save_and_reraise_exception():
                self.overwrite(upload.url)
        return upload

    @contextlib.contextmanager
    def uploaded(self, stream, length):
        """Give the connector an image as long as the block lasts.

        :raises InvalidInput: if it cannot be recorded where that lies
        """
        self._journal.prepare()
        upload = self._sent(stream, length)
        with self._recorded(upload.url):
            yield upload

    def sweep(self):
        """Overwrite the images that a killed nova-compute has left.

        A connector that is not there is asked once: nova-compute starts
        with this.
        """
        for url in self._journal.left():
            if not self._discard(url):
                break

    def blank(self, instance):
        """Overwrite what is left of an instance's upload, if possible."""
        url = ownership.upload(instance)
        if url and self.overwrite(url):
            ownership.set_upload(instance, None)

    def overwrite(self, url):
        """Put the blank image in the place of an upload.

        Returns whether that was possible; the connector may be down.
        """
        try:
            try:
                self._connector.images.export(names.BLANK_IMAGE, url)
            except errors.ConnectorError as exc:
                if not self._lacks_blank(exc):
                    raise
                self._provide_blank()
                self._connector.images.export(names.BLANK_IMAGE, url)
        except (errors.ConnectorError, exception.ConnectorFailure) as exc:
            LOG.warning('The upload %s stays on the connector: %s', url, exc)
            return False
        return True

    # An upload

    def _sent(self, stream, length):
        """Send a file; of one that fails nothing stays, if possible.

        :raises Exception: what the stream raises, if it does
        """
        try:
            return self._connector.files.upload(stream, length)
        except errors.TransferError as exc:
            if exc.url:
                with self._recorded(exc.url):
                    pass
            if exc.source:
                raise exc.source
            raise

    @contextlib.contextmanager
    def _recorded(self, url):
        """Have an upload on record until it has been overwritten."""
        try:
            self._journal.add(url)
            yield
        finally:
            self._discard(url)
            self._journal.close(url)

    def _discard(self, url):
        if not self.overwrite(url):
            return False
        self._journal.remove(url)
        return True

    # The blank image

    def _lacks_blank(self, exc):
        """Tell whether an export failed for want of the blank image.

        Its record may be there without its file (imageimport).
        """
        if isinstance(exc, (errors.Unreachable, errors.OutcomeUnknown)):
            return False
        if isinstance(exc, errors.NotFound):
            return True
        blank = imageimport.find(self._connector.images, names.BLANK_IMAGE)
        return blank is None or not blank.holds()

    def _provide_blank(self):
        blank = diskimage.Header(1, 'CYL').pack()
        with self._lock:
            upload = self._connector.files.upload(
                io.BytesIO(blank), len(blank))
            imageimport.run(self._connector.images, names.BLANK_IMAGE,
                            upload, BLANK_OS_VERSION)
