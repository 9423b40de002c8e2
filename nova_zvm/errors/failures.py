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

"""Errors of the driver.

nova decides by class what becomes of a request: InstanceNotFound means
gone, VirtDriverNotReady means come back later, InvalidInput aborts a build
with the reason shown to the user, anything else reschedules it.
"""

import typing

from nova import exception as nova_exception
from nova.i18n import _
from nova import utils

from nova_zvm.connector import errors


# What nova raises of an event that does not come in time. nova 31 lets the
# Timeout of eventlet through (wait_for_instance_event in
# nova/compute/manager.py), which is no Exception; its nova.utils has eventlet.
EventTimeout = (getattr(nova_exception, 'InstanceEventTimeout', None) or
                utils.eventlet.Timeout)


class ConnectorUnreachable(nova_exception.VirtDriverNotReady):
    msg_fmt = _('The z/VM Cloud Connector cannot be reached: %(reason)s')


class ZVMNotReady(nova_exception.VirtDriverNotReady):
    msg_fmt = _('The connector cannot read the host inventory from z/VM: '
                '%(reason)s')


class ConnectorFailure(nova_exception.NovaException):
    """The connector did not do what was asked.

    :ivar error: the client's error, None if it is not one that tells why
    """

    # What the reason says comes first: users see 255 characters.
    msg_fmt = '%(reason)s'

    def __init__(self, message: str | None = None,
                 error: errors.ConnectorError | None = None,
                 **kwargs: typing.Any) -> None:
        super().__init__(message, **kwargs)
        self.error = error


class FirstUploadRefused(ConnectorFailure):
    """The connector refused an upload, maybe for another that came with it.

    It makes the folder for uploads with the first one that it ever gets. Of
    several at once all find none, one makes it, and each of the others gets
    HTTP 500 with overallRC 300 for the folder that is there already
    (zvmsdk/utils.py create_file_repository, 1.6.3). A disk that is full is
    answered in the same way.
    """


class ImageDownloadFailed(nova_exception.NovaException):
    msg_fmt = _('The download of image %(image_id)s from Glance failed: '
                '%(reason)s')


class SnapshotRefused(nova_exception.NovaException):
    msg_fmt = _('Cannot take a snapshot of the server: %(reason)s')


class CaptureFailed(nova_exception.NovaException):
    msg_fmt = _('The z/VM Cloud Connector could not capture the server: '
                '%(reason)s')


class SnapshotDamaged(nova_exception.NovaException):
    msg_fmt = _('Snapshot %(image_id)s was damaged on its way to Glance: '
                '%(reason)s')


class InterfaceRefused(nova_exception.NovaException):
    msg_fmt = _('Cannot change the interfaces of the server: %(reason)s')


class Unsupported(nova_exception.NovaException, NotImplementedError):
    """What z/VM, or the connector, cannot do.

    nova shows the sentence of a NovaException only, and only after a
    NotImplementedError it brings a server back to the state before
    (nova/compute/manager.py _error_out_instance_on_exception, 31 to 34).
    """


class NoGuest(nova_exception.NovaException):
    """Not InstanceNotFound, whose text nova shows and no more."""

    msg_fmt = _('The server cannot be used: %(reason)s')


class GuestStillThere(nova_exception.NovaException):
    msg_fmt = _('The z/VM directory still has %(userid)s %(seconds)d seconds '
                'after it was deleted: check that the directory manager '
                'works.')


class GuestStillOn(nova_exception.InstancePowerOffFailure):
    msg_fmt = _('Failed to power off instance: guest %(userid)s is '
                '%(reason)s.')


def wrong_repository(verb: str, path: str) -> Exception:
    """Return the error for a path in the image repository that is wrong."""
    return nova_exception.InvalidInput(
        reason="[zvm] image_repository must name the z/VM Cloud Connector's "
               "sdk_image_repository: it cannot %s %s" % (verb, path))


def unacceptable(image_meta: typing.Any, reason: str) -> Exception:
    """Return what aborts a build because of its image."""
    return nova_exception.ImageUnacceptable(
        image_id=image_meta.id, reason=reason)
