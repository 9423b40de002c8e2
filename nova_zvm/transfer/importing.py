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

"""One import into the connector's repository, which others import into too.

Imports of one name at the same time collide in the connector, which answers
(lines of 1.6.3; the code of 1.6.7 is the same):

* HTTP 500, overallRC 300, if both find no folder and the other makes it
  first: there is no image yet (zvmsdk/utils.py:179, smtclient.py:2536)
* HTTP 500, overallRC 500, if the other adds its record first; the clean-up
  then removes the folder of both (database.py:1667, smtclient.py:2607)
* HTTP 500 with either, if such a clean-up removes the folder meanwhile
* HTTP 409, if the record was there before (smtclient.py:2522); it may have
  been deleted since, to repair the image

So the answer to an import says little: what the connector has of the image
afterwards is what counts. The import that failed repairs the image; the one
that succeeded waits for that, so that they do not go on removing each
other's. If there is no image, the import that failed waits for the other's,
and is then repeated.

An import that fails for want of space is answered HTTP 500, overallRC 300,
too (smtclient.py:4231). So that wait is short, and there is one repetition.
"""

from collections import abc
import contextlib
from typing import TypeGuard

from oslo_log import log as logging

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.connector.resources import images as resource
from nova_zvm.errors import effects
from nova_zvm.errors import failures
from nova_zvm.pace import waiting

LOG = logging.getLogger(__name__)

TRIES = 3
# How long a repair by another may take: seconds, before the timeout scale,
# and how often the time that the import itself took.
LEAST_PATIENCE = 10
PATIENCE = 3
# How long the image of another import is waited for after a collision, as a
# share of the time limit of an import: 15 seconds, before the timeout scale.
SHARE = 1 / 60

# HTTP status and overallRC of a collision; other failures can have them too.
COLLISIONS = ((500, 300), (500, 500), (409, 300))


def run(images: resource.Images, name: str, upload: models.File,
        os_version: str, patience: waiting.Patience) -> models.Image:
    """Import an upload; return the connector's record of the image.

    An image that another import has made of the same data is as good. One
    that is broken, of other data or for another Linux is deleted and
    imported again. An import that may have collided with another and left no
    image is repeated once.

    :raises ConnectorError: if there is no image
    """
    failed = False
    for _ in range(TRIES):
        try:
            image = _imported(images, name, upload, os_version, patience)
        except errors.ConnectorError as exc:
            if failed or not _can_be_collision(exc):
                raise
            failed = True
            LOG.info('The import of image %s failed, repeating it: %s', name,
                     exc)
            continue
        if _is_copy(image, upload, os_version):
            return image
        LOG.warning('Image %s on the connector differs from what was sent; '
                    'deleting it', name)
        images.delete(name)
    raise failures.ConnectorFailure(
        reason='The z/VM Cloud Connector does not keep image %s as it was '
               'sent' % name)


def find(images: resource.Images, name: str) -> models.Image | None:
    """Return the connector's record of an image, None if it has none."""
    try:
        return images.get(name)
    except errors.NotFound:
        return None


def _imported(images: resource.Images, name: str, upload: models.File,
              os_version: str, patience: waiting.Patience
             ) -> models.Image | None:
    """Return what the connector has after an import, None for nothing."""
    started = patience.clock.monotonic()
    try:
        with effects.awaited(
                patience, lambda: find(images, name) is not None):
            images.create(name, upload.url, os_version, md5=upload.md5)
    except errors.ConnectorError as exc:
        image = _made_by_another(images, name, exc, patience)
        if image is None:
            raise
        LOG.info('The connector has image %s although its import failed: %s',
                 name, exc)
        return image
    seconds = patience.clock.monotonic() - started
    return _awaited(
        images, name, max(patience.scaled(LEAST_PATIENCE),
                          PATIENCE * seconds),
        lambda image: _is_copy(image, upload, os_version), patience)


def _made_by_another(images: resource.Images, name: str,
                     exc: errors.ConnectorError, patience: waiting.Patience
                    ) -> models.Image | None:
    """Return the image that is there after an import failed, or None."""
    seconds = 0.0
    if _can_be_collision(exc):
        seconds = SHARE * exc.operation.settle_seconds
    with contextlib.suppress(errors.ConnectorError):
        return _awaited(images, name, seconds,
                        lambda image: image is not None, patience)
    return None


def _can_be_collision(exc: errors.ConnectorError) -> bool:
    return (exc.status, exc.overall_rc) in COLLISIONS


def _awaited(images: resource.Images, name: str, seconds: float,
             is_wanted: abc.Callable[[models.Image | None], bool],
             patience: waiting.Patience) -> models.Image | None:
    """Return an image, waiting for another to make or repair it."""
    found = None

    def probe() -> bool:
        nonlocal found
        found = find(images, name)
        return is_wanted(found)

    with contextlib.suppress(waiting.Expired):
        patience.wait_at_most(seconds, probe, True)
    return found


def _is_copy(image: models.Image | None, upload: models.File,
             os_version: str) -> TypeGuard[models.Image]:
    return (image is not None and image.holds(upload.size, upload.md5) and
            image.is_for(os_version))
