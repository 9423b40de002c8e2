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

"""Images: from Glance into the connector's image repository, once each.

The repository is the cache. An image is streamed from Glance into the
connector's file API with nothing kept on the compute host, after its first
512 bytes have told that it is a disk image of the right kind and size.
"""

from nova.image import glance
from oslo_concurrency import lockutils
from oslo_log import log as logging

from nova_zvm.connector import errors
from nova_zvm import diskimage
from nova_zvm import exception
from nova_zvm import names

LOG = logging.getLogger(__name__)


class ImageCache:
    """Images on the connector."""

    def __init__(self, connector, staging):
        self._connector = connector
        self._staging = staging
        self._glance = glance.API()

    def provide(self, context, instance, image_meta, os_version, accept,
                before_import):
        """Return the connector's record of an image, importing it if needed.

        Boots of one image wait for one import, boots of others do not.

        :param accept: called with the diskimage.Header before anything is
            sent; raises what makes the image unfit for this boot
        :param before_import: called before an import; raises what else is
            in the way of this boot
        """
        name = names.image(image_meta.id)
        with lockutils.lock('zvm-image-%s' % image_meta.id):
            image = self._find(name)
            if image is None:
                before_import()
                self._import(context, instance, image_meta, name,
                             os_version, accept)
                image = self._find(name)
        if image is None:
            raise exception.unacceptable(
                image_meta, 'the connector lost it again')
        accept(diskimage.Header(image.disk_size, image.disk_units))
        return image

    def _find(self, name):
        try:
            with exception.translated():
                return self._connector.images.get(name)
        except exception.ConnectorFailure as exc:
            if not isinstance(exc.__cause__, errors.NotFound):
                raise
            return None

    def _import(self, context, instance, image_meta, name, os_version,
                accept):
        chunks = self._glance.download(context, image_meta.id)
        stream = _ImageStream(image_meta, chunks)
        try:
            accept(diskimage.parse(stream.head()))
        except ValueError:
            raise exception.unacceptable(
                image_meta, 'it does not start with the disk image header '
                'of the z/VM Cloud Connector: it must have been captured '
                'on z/VM')
        LOG.info('Importing image %s, %d bytes', name, image_meta.size)
        with exception.translated():
            with self._staging.uploaded(
                    instance, stream, image_meta.size) as upload:
                stream.verify(upload.md5)
                self._create(name, upload, os_version)

    def _create(self, name, upload, os_version):
        try:
            self._connector.images.create(
                name, upload.url, os_version, md5=upload.md5)
        except errors.Conflict:
            # Another nova-compute on the same connector was faster.
            found = self._connector.images.get(name)
            if found.md5 != upload.md5:
                raise


class _ImageStream:
    """Glance's chunks as the file that an upload reads."""

    def __init__(self, image_meta, chunks):
        self._image_meta = image_meta
        self._chunks = iter(chunks)
        self._buffer = b''
        self._left = image_meta.size

    def head(self):
        self._fill(diskimage.LENGTH)
        return self._buffer[:diskimage.LENGTH]

    def read(self, size=-1):
        """Return at most size bytes, b'' at the end.

        :raises ImageUnacceptable: if Glance sends less or more than it said
        """
        self._fill(1 if size < 0 else size)
        size = len(self._buffer) if size < 0 else size
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        self._left -= len(data)
        if self._left < 0 or (self._left and not data and size):
            raise exception.unacceptable(
                self._image_meta, 'Glance did not send the %d bytes that it '
                'announced' % self._image_meta.size)
        return data

    def verify(self, md5):
        checksum = self._image_meta.obj_attr_is_set(
            'checksum') and self._image_meta.checksum
        if checksum and checksum != md5:
            raise exception.unacceptable(
                self._image_meta, 'its data do not have the checksum that '
                'Glance names')

    def _fill(self, size):
        while len(self._buffer) < size:
            try:
                chunk = next(self._chunks, b'')
            except Exception as exc:
                # Whatever Glance's client raises must not look like an
                # error of the connector, which is being sent to.
                raise exception.ImageDownloadFailed(
                    image_id=self._image_meta.id, reason=exc) from exc
            if not chunk:
                break
            self._buffer += chunk
