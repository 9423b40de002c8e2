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

"""Eviction of unused images, governed by nova's [image_cache] options.

Only images that the driver made are deleted, recognised by their names. An
image goes when no instance that nova knows of uses it and when it was last
read longer ago than nova's age: nova's list covers the hosts that share an
instances path, and only its access time shows that another host on the same
connector uses an image.
"""

from collections import abc
import datetime

from nova import conf
from nova import objects
from oslo_log import log as logging

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.image import cache
from nova_zvm.pace import locks
from nova_zvm.pace import waiting
from nova_zvm.transfer import uploads
from nova_zvm.zvm import names

CONF = conf.CONF
LOG = logging.getLogger(__name__)


class ImageAgeing:
    """Removal of images that no server uses."""

    def __init__(self, connector: client.Connector,
                 images: cache.ImageCache, staging: uploads.Staging,
                 clock: waiting.Clock) -> None:
        self._connector = connector
        self._images = images
        self._staging = staging
        self._clock = clock

    def run(self, instances: abc.Iterable['objects.Instance']) -> None:
        """Delete the images that neither instances nor others need."""
        self._staging.begin_sweep()
        if not CONF.image_cache.remove_unused_base_images:
            return
        used = names_of(instances)
        try:
            for image in self._connector.images.list():
                if names.ages(image.name) and image.name not in used:
                    self._try_to_remove(image)
        except errors.ConnectorError as exc:
            LOG.warning('Could not remove unused images from the '
                        'connector: %s', exc)

    def _try_to_remove(self, image: models.Image) -> None:
        """Delete an image if it is old; one that fails stops no other."""
        try:
            self._remove_old(image)
        except locks.Held:
            # A boot is at work on it, maybe for an hour, which nova's other
            # periodic tasks would have to wait for.
            LOG.debug('Image %s is being used', image.name)
        except (errors.Unreachable, errors.OutcomeUnknown):
            raise
        except errors.ConnectorError as exc:
            LOG.warning('Could not delete unused image %s from the '
                        'connector: %s', image.name, exc)

    def _remove_old(self, image: models.Image) -> None:
        age = CONF.image_cache.remove_unused_original_minimum_age_seconds
        # The connector tells of a file that is missing as read in 1969.
        if self._clock.time() - image.last_access_time < age:
            return
        with self._images.locked(image.name, blocking=False):
            # Provided to a boot since it was last read, or since the list
            # was made.
            if self._images.provided_within(image.name, age):
                return
            self._connector.images.delete(image.name)
        LOG.info('Deleted the unused image %s from the connector: %d bytes, '
                 'last used %s', image.name, image.size_bytes, _told(image))


def names_of(instances: abc.Iterable['objects.Instance']) -> set[str]:
    """Return the names of all that instances need on the connector."""
    return {name for instance in instances for name in (
        names.image(instance.image_ref),
        names.config_drive(instance.uuid),
        names.capture(instance.uuid))}


def _told(image: models.Image) -> str:
    if image.last_access_time < 0:
        return 'at a time unknown, its file was missing'
    return datetime.datetime.fromtimestamp(
        image.last_access_time, datetime.timezone.utc).isoformat(
            timespec='seconds')
