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

Of two imports of one name at the same time the connector fails one, whose
clean-up removes the folder of both (zvmsdk/smtclient.py image_import,
1.6.3). So the answer to an import says little: what the connector has of
the image afterwards is what counts. Whose import failed repairs the image;
whose import succeeded waits for that, so that they do not go on removing
each other's.
"""

import contextlib
import time

from oslo_log import log as logging

from nova_zvm.connector import errors
from nova_zvm import exception
from nova_zvm import waiting

LOG = logging.getLogger(__name__)

TRIES = 3
# How long a repair by another may take: seconds, and how often the time
# that the import itself took.
LEAST_PATIENCE = 10
PATIENCE = 3


def run(images, name, upload, os_version):
    """Import an upload; return the connector's record of the image.

    An image that another import has made of the same data is as good. One
    that is broken, of other data or for another Linux is deleted and
    imported again.

    :raises ConnectorError: if there is no image
    """
    for _ in range(TRIES):
        image = _imported(images, name, upload, os_version)
        if _is_copy(image, upload, os_version):
            return image
        LOG.warning('The connector has image %s not as it was sent, it is '
                    'deleted', name)
        images.delete(name)
    raise exception.ConnectorFailure(
        reason='it does not keep image %s as it was sent' % name)


def find(images, name):
    """Return the connector's record of an image, None if it has none."""
    try:
        return images.get(name)
    except errors.NotFound:
        return None


def _imported(images, name, upload, os_version):
    """Return what the connector has after an import, None for nothing."""
    started = time.monotonic()
    try:
        with exception.late_effect_awaited(
                lambda: find(images, name) is not None):
            images.create(name, upload.url, os_version, md5=upload.md5)
    except errors.ConnectorError as exc:
        with contextlib.suppress(errors.ConnectorError):
            image = images.get(name)
            LOG.info('Image %s is there, though its import failed: %s',
                     name, exc)
            return image
        raise
    return _repaired(images, name, upload, os_version, max(
        LEAST_PATIENCE, PATIENCE * (time.monotonic() - started)))


def _repaired(images, name, upload, os_version, seconds):
    """Return an image, waiting for another to repair it if it is broken."""
    found = None

    def is_whole():
        nonlocal found
        found = find(images, name)
        return _is_copy(found, upload, os_version)

    with contextlib.suppress(waiting.Expired):
        waiting.wait_until(is_whole, True, seconds,
                           seconds / exception.LOOKS)
    return found


def _is_copy(image, upload, os_version):
    return (image is not None and image.holds(upload.size, upload.md5) and
            image.is_for(os_version))
