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

"""Snapshot: capture the guest's root disk, stream the image into Glance.

Nothing of the image is kept on the compute host, and no more than a piece of
it in memory. It is compared with what the connector knows of it on the way
and with what Glance has in the end.
"""

from collections import abc
import contextlib
import hashlib
import typing

from nova.compute import task_states
from nova.compute import utils as compute_utils
from nova import conf
from nova import context as nova_context
from nova import exception as nova_exception
from nova.image import glance
from nova import objects
from nova.objects import fields
from nova import utils as nova_utils
from oslo_log import log as logging
from oslo_utils import excutils

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.guest import capture
from nova_zvm.image import properties
from nova_zvm.pace import progress
from nova_zvm.record import ownership
from nova_zvm.zvm import units

CONF = conf.CONF
LOG = logging.getLogger(__name__)

# Of the server's action, beside nova's own event, which ends before the
# snapshot is taken.
EVENT = 'zvm_snapshot'


class Snapshot:
    """Snapshots of instances on this host."""

    def __init__(self, captures: capture.Captures, connector: client.Connector
                ) -> None:
        self._captures = captures
        self._connector = connector
        self._glance = glance.API()

    def run(self, context: nova_context.RequestContext,
            instance: 'objects.Instance', image_id: str,
            update_task_state: abc.Callable[..., object]) -> None:
        """Fill an image in Glance; on the connector nothing of it stays."""
        with compute_utils.EventReporter(
                context, EVENT, CONF.host,
                instance.uuid), self._discarded(context, image_id):
            power = self._captures.power(instance)
            userid = ownership.required_userid(instance)
            # As nova-api has copied them into the image.
            keys = ownership.keys_of(instance)
            update_task_state(task_states.IMAGE_PENDING_UPLOAD)
            with (progress.step(instance, userid, 'snapshot taken'),
                  self._captures.taken(instance, power) as captured):
                update_task_state(
                    task_states.IMAGE_UPLOADING,
                    expected_state=task_states.IMAGE_PENDING_UPLOAD)
                with translation.to_nova(), progress.step(
                        instance, userid, 'snapshot %s of %d bytes uploaded'
                        % (image_id, captured.image.size_bytes)):
                    self._upload(context, instance, image_id, captured, keys)

    @contextlib.contextmanager
    def _discarded(self, context: nova_context.RequestContext, image_id: str
                  ) -> abc.Iterator[None]:
        """Delete the image in Glance if the snapshot fails.

        nova does that itself, but not when it shelves a server.
        """
        try:
            yield
        except Exception:
            with excutils.save_and_reraise_exception():
                try:
                    self._glance.delete(context, image_id)
                except nova_exception.ImageNotFound:
                    pass
                except Exception as exc:
                    LOG.warning('Could not delete image %s from Glance: %s',
                                image_id, exc)

    def _upload(self, context: nova_context.RequestContext,
                instance: 'objects.Instance', image_id: str,
                captured: capture.Captured, keys: frozenset[str]) -> None:
        metadata = self._metadata(instance, captured.image, keys)
        body = _Body(self._connector, captured, image_id)
        with contextlib.closing(body):
            self._glance.update(context, image_id, metadata, body,
                                purge_props=False)
        self._compare(context, image_id, captured.image)

    def _metadata(self, instance: 'objects.Instance', image: models.Image,
                  keys: frozenset[str]) -> dict[str, typing.Any]:
        """Return what Glance gets to know of a captured image.

        :param keys: of the record before the capture
        """
        return {
            'disk_format': 'raw',
            'container_format': 'bare',
            'min_disk': units.least_gib(image.disk_size, image.disk_units),
            'properties': {
                'os_distro': self._os_distro(instance, image),
                'hw_architecture': fields.Architecture.S390X,
                'img_hv_type': fields.HVType.ZVM,
                properties.DISK_TYPE: units.DISK_TYPES[image.disk_units],
                'image_location': 'snapshot',
                'image_state': 'available',
                'owner_id': instance.project_id,
            },
            # nova-api has copied the instance's system metadata into the
            # image (nova/utils.py get_image_from_system_metadata, 31 to 34).
            # nova's image service hands this on to glanceclient, which
            # removes these and nothing else; with purge_props it would
            # remove what a user has set since nova read the image.
            'remove_props': sorted(keys | ownership.keys_of(instance)),
        }

    def _os_distro(self, instance: 'objects.Instance', image: models.Image
                  ) -> str:
        """Return the image's operating system as a boot will take it.

        What the guest's Linux tells may be newer than what the connector's
        import knows; then it is what the server was made of.
        """
        version = self._connector.version()
        captured = image.os_version.lower()
        deployed = instance.system_metadata.get(
            nova_utils.SM_IMAGE_PROP_PREFIX + 'os_distro')
        if deployed and not version.takes_os_version(captured):
            return deployed
        return captured

    def _compare(self, context: nova_context.RequestContext, image_id: str,
                 image: models.Image) -> None:
        stored = self._glance.get(context, image_id)
        checksum = stored.get('checksum') or image.md5
        if (stored['size'], checksum) == (image.size_bytes, image.md5):
            return
        raise failures.SnapshotDamaged(
            image_id=image_id, reason='Glance has %s bytes with checksum %s '
            'of an image of %d bytes with checksum %s'
            % (stored['size'], checksum, image.size_bytes, image.md5))


class _Body:
    """A captured image as the file that Glance's client reads.

    nova tries an upload that broke off again with the same file, and the
    client does not rewind it. But each time it begins, it asks whether there
    is a body at all (glanceclient/common/http.py _chunk_body), and from there
    on it gets the image from its start.
    """

    def __init__(self, connector: client.Connector, captured: capture.Captured,
                 image_id: str) -> None:
        self._connector = connector
        self._captured = captured
        self._image_id = image_id
        self._opened = contextlib.ExitStack()
        self._begin()

    def _begin(self) -> None:
        self.close()
        self._pieces: abc.Iterator[bytes] | None = None
        self._buffer = memoryview(b'')
        self._length = 0
        # Not for security: what the connector and Glance report.
        self._md5 = hashlib.md5(usedforsecurity=False)

    def close(self) -> None:
        self._opened.close()

    def __bool__(self) -> bool:
        self._begin()
        return True

    def read(self, size: int) -> bytes:
        """Return at most size bytes, b'' at the end.

        :raises SnapshotDamaged: instead of the end, if what was read is not
            the whole image; so Glance does not get an end either
        """
        if not self._buffer:
            self._buffer = memoryview(self._next_piece())
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return bytes(data)

    def _next_piece(self) -> bytes:
        if self._pieces is None:
            self._pieces = self._open()
        piece = next(self._pieces, b'')
        if not piece:
            self._check_end()
        self._length += len(piece)
        self._md5.update(piece)
        return piece

    def _open(self) -> abc.Iterator[bytes]:
        path = self._captured.path
        try:
            return self._opened.enter_context(
                self._connector.files.download(path))
        except (errors.Unreachable, errors.OutcomeUnknown):
            raise
        except errors.ConnectorError as exc:
            raise failures.wrong_repository('read', path) from exc

    def _check_end(self) -> None:
        image = self._captured.image
        if (self._length, self._md5.hexdigest()) != (image.size_bytes,
                                                     image.md5):
            raise failures.SnapshotDamaged(
                image_id=self._image_id, reason='%d bytes with checksum %s '
                'came of an image of %d bytes with checksum %s'
                % (self._length, self._md5.hexdigest(), image.size_bytes,
                   image.md5))
