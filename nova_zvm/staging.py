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
from nova_zvm import names
from nova_zvm import ownership

LOG = logging.getLogger(__name__)

# The import wants an os_version; for a disk of one cylinder any will do.
BLANK_OS_VERSION = 'rhel8'


class Staging:
    """Uploads that leave nothing behind."""

    def __init__(self, connector):
        self._connector = connector
        self._lock = threading.Lock()

    def upload(self, instance, stream, length, slot):
        """Give the connector a file and record where it lies.

        Without the record nobody would find it again.
        """
        upload = self._connector.files.upload(stream, length)
        try:
            ownership.set_upload(instance, upload.url, slot)
        except Exception:
            with excutils.save_and_reraise_exception():
                self.overwrite(upload.url)
        return upload

    @contextlib.contextmanager
    def uploaded(self, instance, stream, length):
        """Give the connector an instance's image as long as the block lasts.

        """
        upload = self.upload(instance, stream, length,
                             ownership.IMAGE_UPLOAD)
        try:
            yield upload
        finally:
            self.blank(instance)

    def blank(self, instance):
        """Overwrite what is left of an instance's uploads, if possible."""
        for slot, url in ownership.uploads(instance).items():
            if self.overwrite(url):
                ownership.set_upload(instance, None, slot)

    def overwrite(self, url):
        """Put the blank image in the place of an upload.

        Returns whether that was possible; the connector may be down.
        """
        try:
            try:
                self._connector.images.export(names.BLANK_IMAGE, url)
            except errors.NotFound:
                self._provide_blank()
                self._connector.images.export(names.BLANK_IMAGE, url)
        except errors.ConnectorError as exc:
            LOG.warning('The upload %s stays on the connector: %s', url, exc)
            return False
        return True

    def _provide_blank(self):
        blank = diskimage.Header(1, 'CYL').pack()
        with self._lock:
            upload = self._connector.files.upload(
                io.BytesIO(blank), len(blank))
            try:
                self._connector.images.create(
                    names.BLANK_IMAGE, upload.url, BLANK_OS_VERSION)
            except errors.Conflict:
                pass    # another thread or another nova-compute was first
