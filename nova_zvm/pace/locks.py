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

"""The locks between the threads of one nova-compute, and their order.

A thread that holds one of them takes only those that stand after it here, and
of each kind one at a time:

=============== ==============================================================
image           an image on the connector, while it is imported, made sure of
                or removed
config drive    the config drive of a server, while it is on the connector
NICs            the NICs of a guest, while they are changed, and its directory
                entry, while it is deleted
record          what the driver has recorded of a server, while it is changed
=============== ==============================================================

There is one for each image, server and guest. The locks within one class are
not among them: nothing here is taken while one of those is held.
"""

import contextlib
from typing import Any

from oslo_concurrency import lockutils

_Lock = contextlib.AbstractContextManager[Any]

IMAGE = 'zvm-image-'
CONFIG_DRIVE = 'zvm-config-drive-'
NICS = 'zvm-nics-'
RECORD = 'zvm-record-'

ORDER = (IMAGE, CONFIG_DRIVE, NICS, RECORD)

# What one that is not waited for raises if another thread holds it.
Held = lockutils.AcquireLockFailedException


def image(name: str, blocking: bool = True) -> _Lock:
    """Keep others from an image of this name on the connector.

    :raises Held: if not blocking, at once
    """
    return lockutils.lock(IMAGE + name, blocking=blocking)


def config_drive(uuid: str) -> _Lock:
    """Keep others from the config drive of a server."""
    return lockutils.lock(CONFIG_DRIVE + uuid)


def nics(userid: str) -> _Lock:
    """Keep others from a guest's NICs, and from deleting it."""
    return lockutils.lock(NICS + userid)


def record(uuid: str) -> _Lock:
    """Keep others from changing the record of a server."""
    return lockutils.lock(RECORD + uuid)
