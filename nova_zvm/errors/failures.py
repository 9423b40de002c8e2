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

"""Errors of the driver, and the one map from client errors to nova's.

nova decides by class what becomes of a request: InstanceNotFound means
gone, VirtDriverNotReady means come back later, InvalidInput aborts a build
with the reason shown to the user, anything else reschedules it.
"""

import contextlib

from nova import exception
from nova.i18n import _
from nova import utils

from nova_zvm.connector import errors
from nova_zvm.pace import waiting


# What nova raises of an event that does not come in time. nova 31 lets the
# Timeout of eventlet through (wait_for_instance_event in
# nova/compute/manager.py), which is no Exception; its nova.utils has eventlet.
EventTimeout = (getattr(exception, 'InstanceEventTimeout', None) or
                utils.eventlet.Timeout)


class ConnectorUnreachable(exception.VirtDriverNotReady):
    msg_fmt = _('The z/VM Cloud Connector cannot be reached: %(reason)s')


class ZVMNotReady(exception.VirtDriverNotReady):
    msg_fmt = _('The connector cannot read the host inventory from z/VM: '
                '%(reason)s')


class ConnectorFailure(exception.NovaException):
    """The connector did not do what was asked.

    :ivar error: the client's error, None if it is not one that tells why
    """

    # What the reason says comes first: users see 255 characters.
    msg_fmt = '%(reason)s'

    def __init__(self, message=None, error=None, **kwargs):
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


class ImageDownloadFailed(exception.NovaException):
    msg_fmt = _('The download of image %(image_id)s from Glance failed: '
                '%(reason)s')


class SnapshotRefused(exception.NovaException):
    msg_fmt = _('Cannot take a snapshot of the server: %(reason)s')


class CaptureFailed(exception.NovaException):
    msg_fmt = _('The z/VM Cloud Connector could not capture the server: '
                '%(reason)s')


class SnapshotDamaged(exception.NovaException):
    msg_fmt = _('Snapshot %(image_id)s was damaged on its way to Glance: '
                '%(reason)s')


class InterfaceRefused(exception.NovaException):
    msg_fmt = _('Cannot change the interfaces of the server: %(reason)s')


class Unsupported(exception.NovaException, NotImplementedError):
    """What z/VM, or the connector, cannot do.

    nova shows the sentence of a NovaException only, and only after a
    NotImplementedError it brings a server back to the state before
    (nova/compute/manager.py _error_out_instance_on_exception, 31 to 34).
    """


class NoGuest(exception.NovaException):
    """Not InstanceNotFound, whose text nova shows and no more."""

    msg_fmt = _('The server cannot be used: %(reason)s')


class GuestStillThere(exception.NovaException):
    msg_fmt = _('The z/VM directory still has %(userid)s %(seconds)d seconds '
                'after it was deleted: check that the directory manager '
                'works.')


class GuestStillOn(exception.InstancePowerOffFailure):
    msg_fmt = _('Failed to power off instance: guest %(userid)s is '
                '%(reason)s.')


def wrong_repository(verb, path):
    """Return the error for a path in the image repository that is wrong."""
    return exception.InvalidInput(
        reason="[zvm] image_repository must name the z/VM Cloud Connector's "
               "sdk_image_repository: it cannot %s %s" % (verb, path))


def unacceptable(image_meta, reason):
    """Return what aborts a build because of its image."""
    return exception.ImageUnacceptable(image_id=image_meta.id, reason=reason)


@contextlib.contextmanager
def translated(instance=None):
    """Raise nova's exception for what the connector client raises inside.

    With an instance, "not found" is about that instance.
    """
    try:
        yield
    except errors.Unreachable as exc:
        raise ConnectorUnreachable(reason=exc) from exc
    except errors.NotFound as exc:
        if instance is None:
            raise ConnectorFailure(reason=exc, error=exc) from exc
        raise exception.InstanceNotFound(instance_id=instance.uuid) from exc
    except errors.ConnectorError as exc:
        raise ConnectorFailure(reason=exc, error=exc) from exc


@contextlib.contextmanager
def answered_as(cls):
    """Raise nova's class for a read that fails at the connector or z/VM.

    nova-api answers one that it expects of the call with its sentence, and
    any other, each of ours too, with HTTP 500.
    """
    try:
        yield
    except (exception.VirtDriverNotReady, ConnectorFailure) as exc:
        raise cls(str(exc)) from exc


@contextlib.contextmanager
def late_effect_awaited(patience, seen):
    """Hold the error of an unanswered request back until that is over.

    Its effect may come late, after the clean-up, which then misses it.

    :param seen: tells whether the effect is there
    """
    try:
        yield
    except errors.OutcomeUnknown as exc:
        with contextlib.suppress(waiting.Expired, errors.NotConnected):
            patience.wait_at_most(exc.settle_seconds,
                                  lambda: _is_seen(seen), True)
        raise


def _is_seen(seen):
    try:
        return bool(seen())
    except errors.NotConnected:
        # What the connector was at work on has ended with it.
        raise
    except errors.ConnectorError:
        return False
