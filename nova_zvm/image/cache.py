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

from collections import abc
import contextlib
import functools
from typing import Any

from nova import conf
from nova import context as nova_context
from nova.image import glance
from nova import objects
from oslo_log import log as logging
from oslo_utils import timeutils

from nova_zvm.connector import client
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.image import properties as image_properties
from nova_zvm.image import streaming
from nova_zvm.pace import locks
from nova_zvm.pace import waiting
from nova_zvm.transfer import importing
from nova_zvm.transfer import uploads
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names

CONF = conf.CONF
LOG = logging.getLogger(__name__)

# What a boot says to an image by its header; it raises.
_Accept = abc.Callable[[imageheader.Header], object]
# Name, MD5 and ids of certificates.
_Seal = tuple[str, str, tuple[str, ...]]


class ImageCache:
    """Images on the connector."""

    def __init__(self, connector: client.Connector, staging: uploads.Staging,
                 patience: waiting.Patience) -> None:
        self._connector = connector
        self._images = connector.images
        self._staging = staging
        self._patience = patience
        self._glance = glance.API()
        self._verified: set[_Seal] = set()
        self._provided: dict[str, float] = {}

    def os_version(self, image_meta: 'objects.ImageMeta',
                   properties: abc.Mapping[str, Any]) -> str:
        """Return an image's operating system as the connector names it.

        :param properties: as Glance has them
        :raises ImageUnacceptable: as image.properties.os_version
        """
        with translation.to_nova():
            version = self._connector.version()
        return image_properties.os_version(image_meta, properties, version)

    def provide(self, context: nova_context.RequestContext,
                image_meta: 'objects.ImageMeta', os_version: str,
                accept: _Accept, before_import: abc.Callable[[], object],
                certs: 'objects.TrustedCerts | None' = None) -> models.Image:
        """Return the connector's record of an image, importing it if needed.

        Boots of one image wait for one import, boots of others do not.

        :param accept: called with the imageheader.Header before anything is
            sent; raises what makes the image unfit for this boot
        :param before_import: called before an import; raises what else is
            in the way of this boot
        :param certs: the TrustedCerts that its user asks for
        """
        name = names.image(image_meta.id)
        with self.locked(name):
            image = self._cached(context, image_meta, name, os_version,
                                 certs)
            if image is None:
                before_import()
                image = self._import(context, image_meta, name, os_version,
                                     accept, certs)
            self._provided[name] = self._patience.clock.monotonic()
        accept(imageheader.Header(image.disk_size, image.disk_units))
        return image

    @staticmethod
    def locked(name: str, blocking: bool = True
               ) -> contextlib.AbstractContextManager[object]:
        """Keep other threads from an image as long as the block lasts.

        :raises locks.Held: if not blocking, at once, if
            another thread is at work on it
        """
        return locks.image(name, blocking)

    def provided_within(self, name: str, seconds: float) -> bool:
        """Tell whether this process has lately wanted an image."""
        provided = self._provided.get(name)
        return (provided is not None and
                self._patience.clock.monotonic() - provided < seconds)

    # What is there

    def _cached(self, context: nova_context.RequestContext,
                image_meta: 'objects.ImageMeta', name: str, os_version: str,
                certs: 'objects.TrustedCerts | None') -> models.Image | None:
        """Return the record of an image if it is there as Glance has it.

        Its Linux too: the connector keeps what the import told, and a
        property in Glance may have been corrected since.
        """
        with translation.to_nova():
            image = importing.find(self._images, name)
        if image is None:
            return None
        if (image.holds(_known(image_meta, 'size'),
                        _known(image_meta, 'checksum')) and
                image.is_for(os_version) and
                self._is_signed(context, image_meta, image, certs)):
            return image
        LOG.warning('Image %s on the connector differs from Glance; importing '
                    'it again', name)
        return None

    def _is_signed(self, context: nova_context.RequestContext,
                   image_meta: 'objects.ImageMeta', image: models.Image,
                   certs: 'objects.TrustedCerts | None') -> bool:
        """Tell whether an image is what was signed, if that is asked for.

        Glance's data are verified, without being sent anywhere, and the
        connector's compared with them.

        :raises SignatureVerificationError: and others, if the signature or
            its certificate is not good
        """
        if not _signature_wanted(certs):
            return True
        if _seal(image, certs) not in self._verified:
            with self._stream(context, image_meta, certs) as stream:
                if stream.md5() != image.md5:
                    return False
            self._verified.add(_seal(image, certs))
        return True

    # What is not

    def _import(self, context: nova_context.RequestContext,
                image_meta: 'objects.ImageMeta', name: str, os_version: str,
                accept: _Accept,
                certs: 'objects.TrustedCerts | None') -> models.Image:
        import_once = functools.partial(
            self._import_once, context, image_meta, name, os_version, accept,
            certs)
        try:
            return import_once()
        except failures.FirstUploadRefused as exc:
            LOG.info('The first upload failed and is repeated: %s', exc)
            return import_once()

    def _import_once(self, context: nova_context.RequestContext,
                     image_meta: 'objects.ImageMeta', name: str,
                     os_version: str, accept: _Accept,
                     certs: 'objects.TrustedCerts | None') -> models.Image:
        with self._stream(context, image_meta, certs) as stream:
            try:
                accept(imageheader.parse(stream.head()))
            except ValueError:
                raise failures.unacceptable(
                    image_meta, 'it does not start with the disk image '
                    'header of the z/VM Cloud Connector: it must have been '
                    'captured on z/VM')
            watch = timeutils.StopWatch().start()
            with translation.to_nova(), self._staging.uploaded(
                    stream, image_meta.size) as upload:
                _check_sum(image_meta, upload.md5)
                image = importing.run(self._images, name, upload,
                                      os_version, self._patience)
        LOG.info('Image %s of %d bytes imported in %.1f seconds', name,
                 image_meta.size, watch.elapsed())
        if _signature_wanted(certs):
            self._verified.add(_seal(image, certs))
        return image

    def _stream(self, context: nova_context.RequestContext,
                image_meta: 'objects.ImageMeta',
                certs: 'objects.TrustedCerts | None'
                ) -> streaming.ImageStream:
        status = _known(image_meta, 'status')
        if status not in (None, 'active'):
            raise failures.unacceptable(
                image_meta, "its status in Glance is '%s', only an active "
                "image has data" % status)
        if not _known(image_meta, 'size'):
            raise failures.unacceptable(
                image_meta, 'Glance does not tell its size; upload it again')

        def download(file: object) -> None:
            # The logs of this thread name the user's request too.
            context.update_store()
            self._glance.download(context, image_meta.id, data=file,
                                  trusted_certs=certs)

        return streaming.ImageStream(image_meta, download)


def _known(image_meta: 'objects.ImageMeta', field: str) -> Any:
    """Return what Glance says of an image, None if it says nothing."""
    if image_meta.obj_attr_is_set(field):
        return getattr(image_meta, field) or None
    return None


def _check_sum(image_meta: 'objects.ImageMeta', md5: str) -> None:
    if _known(image_meta, 'checksum') not in (None, md5):
        raise failures.unacceptable(
            image_meta, 'its data do not have the checksum that Glance names')


def _signature_wanted(certs: 'objects.TrustedCerts | None') -> bool:
    """Tell whether nova verifies the signature of what it downloads.

    As its image service decides (nova/image/glance.py _get_verifier, 34).
    """
    return bool(certs or CONF.glance.verify_glance_signatures or (
        CONF.glance.enable_certificate_validation and
        CONF.glance.default_trusted_certificate_ids))


def _seal(image: models.Image,
          certs: 'objects.TrustedCerts | None') -> _Seal:
    """Return what a verified signature is remembered by."""
    return image.name, image.md5, tuple(certs.ids) if certs else ()
