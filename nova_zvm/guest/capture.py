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

"""Captures: an image of a guest's root disk, and the guest as it was.

The connector shuts a running guest down for a capture and starts it again
only if all went well; and it goes on with a capture after the client has given
up. So the power that the guest is to have is recorded first. If the driver did
not see the end of a capture, it watches the guest until the capture must be
over: it starts the guest whenever it is off, which does no harm as the image
is no longer wanted, and deletes the image should it still come.
"""

from collections import abc
import contextlib
import dataclasses

from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from oslo_log import log as logging

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.pace import background
from nova_zvm.pace import progress
from nova_zvm.pace import waiting
from nova_zvm.record import ownership
from nova_zvm.transfer import importing
from nova_zvm.transfer import repository
from nova_zvm.zvm import names

LOG = logging.getLogger(__name__)

# Between two looks at a guest whose capture may not be over, before the
# timeout scale.
LOOK_SECONDS = 10
# The thread of the looks after the capture of one server.
LOOK = 'zvm-capture-%s'


@dataclasses.dataclass(frozen=True)
class Captured:
    """An image that was captured.

    :ivar path: of its file on the connector's host
    """

    image: models.Image
    path: str


class Captures:
    """Captures of this host's guests."""

    def __init__(self, connector: client.Connector,
                 files: repository.Repository, of_unreachable_guests: bool,
                 patience: waiting.Patience, threads: background.Background
                ) -> None:
        """Prepare; nothing is asked yet.

        :param files: the Repository of the connector
        :param of_unreachable_guests: whether guests whose Linux does not
            respond may be captured
        :param threads: the Background
        """
        self._connector = connector
        self._repository = files
        self._of_unreachable_guests = of_unreachable_guests
        self._patience = patience
        self._capture_seconds = connector.settle_seconds('guests.capture')
        self._background = threads

    def power(self, instance: 'objects.Instance') -> str:
        """Return whether a guest that may be captured is 'on' or 'off'.

        :raises SnapshotRefused: if it may not
        """
        if ownership.is_paused(instance):
            raise _refused('it is paused, and a shutdown would lose what is '
                           'in its memory; unpause it first')
        if ownership.unfinished_capture(instance):
            self.look_after(instance)
            raise _refused('the z/VM Cloud Connector may still be at work on '
                           'an earlier snapshot; try again later')
        userid = ownership.claimed_userid(instance)
        if userid is None:
            # Of InstanceNotFound nova thinks that the server was deleted,
            # and leaves it in its task (compute/manager.py, 34).
            raise _refused('it has no guest on z/VM; rebuild it first')
        with translation.to_nova():
            power = self._connector.guests.power_state(userid)
            if (power == 'on' and
                    not self._of_unreachable_guests and
                    not self._connector.guests.info(userid).os_version):
                raise _refused(
                    'its operating system does not respond, so capturing it '
                    'would power it off without a shutdown; stop the server '
                    'first, or set [zvm] capture_unreachable_guests = true')
        return power

    @contextlib.contextmanager
    def taken(self, instance: 'objects.Instance', power: str
             ) -> abc.Iterator[Captured]:
        """Give the Captured root disk of a guest as long as the block lasts.

        Before it begins, or at once if the capture fails, the guest has its
        power again.

        :param power: what the guest is, as power() told
        """
        name = names.capture(instance.uuid)
        # One that an earlier capture left would spoil this one at its end.
        with translation.to_nova():
            self._connector.images.delete(name)
        ownership.begin_capture(instance, power)
        with translation.to_nova():
            try:
                captured = self._capture(
                    instance, ownership.required_userid(instance), name)
                # The upload may take hours, in which the guest may go down
                # by itself.
                ownership.leave_off(instance)
            except errors.OutcomeUnknown:
                self.look_after(instance)
                raise
            except errors.Conflict as exc:
                LOG.error('%s', exc, instance=instance)
                self._end(instance)
                raise failures.CaptureFailed(reason=_cause(exc)) from exc
            except Exception:
                self._end(instance)
                raise
        try:
            yield captured
        finally:
            self._end(instance)

    def _capture(self, instance: 'objects.Instance', userid: str, name: str
                ) -> Captured:
        with progress.step(instance, userid, 'captured'):
            self._connector.disks.capture(userid, name)
        image = self._connector.images.get(name)
        return Captured(image, image.path or self._path(userid, image))

    def _path(self, userid: str, image: models.Image) -> str:
        """Return where the file of a captured image is.

        It is named after the disk that was captured, mostly the first one:
        of a guest that is on the connector takes the disk with the root
        file system (zvmsdk/smtclient.py guest_capture, 1.6.3).
        """
        statements = [statement.split() for statement in
                      self._connector.guests.directory_entry(userid)]
        paths = [self._repository.path(image, words[1]) for words in statements
                 if words[:1] == ['MDISK']]
        for path in paths[:-1]:
            if self._is_file(path):
                return path
        return paths[-1]

    def _is_file(self, path: str) -> bool:
        try:
            with self._connector.files.download(path):
                return True
        except (errors.Unreachable, errors.OutcomeUnknown):
            raise
        except errors.ConnectorError:
            return False

    # The end of a capture

    def _end(self, instance: 'objects.Instance') -> None:
        try:
            self._settle(instance, over=True)
        except nova_exception.InstanceNotFound:
            # Deleted meanwhile; what was captured is as good as ever.
            LOG.debug('No record of the capture is left', instance=instance)
        except Exception as exc:
            LOG.warning('Cleanup after the capture failed; it will be '
                        'retried: %s', exc, instance=instance)
            self.look_after(instance)

    def look_after(self, instance: 'objects.Instance') -> None:
        """See in the background to the end of a capture."""
        if self._background.start(
                LOOK % instance.uuid, self._look_until_settled,
                instance.uuid, ownership.capture_since(instance)):
            LOG.warning('A capture may still be under way; the guest will '
                        'get its power state back', instance=instance)

    def _look_until_settled(self, uuid: str, since: float) -> None:
        """Look after the capture of a server that began at some time."""
        clock = self._patience.clock
        deadline = (clock.monotonic() + self._capture_seconds -
                    max(0, clock.time() - since))
        pause = self._patience.scaled(LOOK_SECONDS)
        while not self._is_settled(uuid, since,
                                   clock.monotonic() >= deadline):
            if self._background.pause(pause):
                return

    def _is_settled(self, uuid: str, since: float, over: bool) -> bool:
        try:
            instance = _instance(uuid)
            if instance and ownership.capture_since(instance) == since:
                return self._settle_or_give_up(instance, over)
            if instance and ownership.unfinished_capture(instance):
                # Of another one, which would lose its image.
                return True
            # The server was deleted or rebuilt, and the image may come yet.
            return self._is_image_gone(names.capture(uuid), over)
        except errors.ConnectorError as exc:
            LOG.debug('After a capture of server %s: %s', uuid, exc)
        except Exception as exc:
            # nova's database may be away, too.
            LOG.warning('Cleanup after the capture of server %s failed; it '
                        'will be retried: %s', uuid, exc)
        return False

    def _settle_or_give_up(self, instance: 'objects.Instance', over: bool
                          ) -> bool:
        try:
            return self._settle(instance, over)
        except errors.Unreachable:
            raise
        except errors.ConnectorError as exc:
            LOG.error('Cleanup after the capture was refused; start the '
                      'server if its guest is off: %s', exc,
                      instance=instance)
            if over:
                ownership.end_capture(instance)
            return over

    def _settle(self, instance: 'objects.Instance', over: bool) -> bool:
        """Bring back what was before a capture.

        :param over: whether the capture certainly is; otherwise it is when
            its image is there
        :returns: whether the capture is over
        """
        if ownership.starts_after_capture(instance):
            self._start_if_off(instance)
        over = self._is_image_gone(names.capture(instance.uuid), over)
        if over:
            ownership.end_capture(instance)
        return over

    def _is_image_gone(self, name: str, over: bool) -> bool:
        """Delete the image if it is there or nothing can bring it any more.

        """
        if not over and importing.find(self._connector.images,
                                       name) is None:
            return False
        self._connector.images.delete(name)
        return True

    def _start_if_off(self, instance: 'objects.Instance') -> None:
        userid = ownership.required_userid(instance)
        if self._connector.guests.power_state(userid) == 'on':
            return
        # The user may have stopped or deleted the server meanwhile.
        ownership.refresh(instance)
        if ownership.starts_after_capture(instance):
            with contextlib.suppress(errors.NotFound):
                self._connector.guests.start(userid)


def _instance(uuid: str) -> 'objects.Instance | None':
    try:
        return objects.Instance.get_by_uuid(
            nova_context.get_admin_context(), uuid,
            expected_attrs=['system_metadata'])
    except nova_exception.InstanceNotFound:
        return None


def _cause(error: errors.ConnectorError) -> str:
    """Return the end of what the connector says, which is what matters.

    It puts one sentence before the other, and nova keeps 255 characters.
    """
    return error.words.rpartition('error: ')[2].strip()[-150:]


def _refused(reason: str) -> failures.SnapshotRefused:
    return failures.SnapshotRefused(reason=reason)
