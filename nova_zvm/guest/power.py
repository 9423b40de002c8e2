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

"""Power: logon, logoff, restart and pause of whole guests."""

from collections import abc
import contextlib

from nova.compute import task_states
from nova import objects
from oslo_log import log as logging

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.guest import presence
from nova_zvm.pace import waiting
from nova_zvm.record import ownership

LOG = logging.getLogger(__name__)

# Tasks in which nova asks for a guest to be off, and for its removal next:
# one that is gone is as good as off (nova/compute/manager.py
# _rebuild_default_impl, _shelve_offload_instance, soft_delete_instance, 31 to
# 34). Without that no rebuild could bring its server back.
REMOVING_TASKS = (task_states.REBUILDING, task_states.SHELVING_OFFLOADING,
                  task_states.SOFT_DELETING)


class Power:
    """The power of this host's guests."""

    def __init__(self, connector: client.Connector,
                 patience: waiting.Patience,
                 found: presence.Presence) -> None:
        self._connector = connector
        self._patience = patience
        self._presence = found

    def power_on(self, instance: 'objects.Instance') -> None:
        """Log the guest on; its Linux is not waited for."""
        with self._acting(instance) as userid:
            self._connector.guests.start(userid)
        ownership.set_paused(instance, False)

    def power_off(self, instance: 'objects.Instance', timeout: int,
                  retry_interval: int) -> None:
        """Log the guest off and see that it is off.

        With a timeout its Linux is shut down first, which the connector
        follows by a logoff whatever came of it; without, or when that
        fails, it is logged off at once.

        nova asks for it before a rescue, too, and sets the server to ERROR
        whatever comes of that (nova/compute/manager.py rescue_instance, 31
        to 34). So that is refused here, while the guest runs.

        :param timeout: seconds for the shutdown, 0 for none
        :param retry_interval: seconds between the connector's looks
        :raises Unsupported: before anything is sent
        """
        if instance.task_state == task_states.RESCUING:
            raise failures.Unsupported(
                'z/VM cannot rescue a server. The guest is unchanged; an '
                'administrator brings the server back: openstack server set '
                '--state active %s' % instance.uuid)
        try:
            with self._acting(instance) as userid:
                self._turn_off(instance, userid, timeout, retry_interval)
        except failures.NoGuest:
            if instance.task_state not in REMOVING_TASKS:
                raise
        ownership.set_paused(instance, False)

    def _turn_off(self, instance: 'objects.Instance', userid: str,
                  timeout: int, retry_interval: int) -> None:
        # Otherwise the capture watcher would start it at once.
        ownership.leave_off(instance)
        if not (timeout and self._soft_stop(instance, userid, timeout,
                                            retry_interval)):
            try:
                self._connector.guests.stop(userid)
            except (errors.NotFound, errors.Unreachable):
                raise
            except errors.ConnectorError as exc:
                LOG.warning('The connector could not log the guest off, '
                            'waiting until it is off: %s', exc,
                            instance=instance)
        self._wait_until_off(userid)

    def _soft_stop(self, instance: 'objects.Instance', userid: str,
                   timeout: int, retry_interval: int) -> bool:
        try:
            self._connector.guests.soft_stop(
                userid, timeout, retry_interval or None)
        except (errors.NotFound, errors.Unreachable):
            raise
        except errors.ConnectorError as exc:
            LOG.warning('The guest did not shut down, logging it off: %s',
                        exc, instance=instance)
            return False
        return True

    def _wait_until_off(self, userid: str) -> None:
        try:
            self._patience.wait_until(
                lambda: self._connector.guests.power_state(userid),
                'off', waiting.LOGOFF)
        except waiting.Expired as exc:
            raise failures.GuestStillOn(userid=userid, reason=exc) from exc

    def reboot(self, instance: 'objects.Instance') -> None:
        """Restart the guest's Linux, or the guest if it does not answer."""
        try:
            with self._acting(instance) as userid:
                self._connector.guests.reboot(userid)
        except failures.ConnectorFailure as exc:
            LOG.warning('Soft reboot failed, resetting the guest: %s', exc,
                        instance=instance)
            self.reset(instance)
        ownership.set_paused(instance, False)

    def reset(self, instance: 'objects.Instance') -> None:
        """Log the guest off, if it is on, and on again."""
        with self._acting(instance) as userid:
            self._connector.guests.reset(userid)
        ownership.set_paused(instance, False)

    def pause(self, instance: 'objects.Instance') -> None:
        with self._acting(instance) as userid:
            try:
                self._connector.guests.pause(userid)
            except errors.OutcomeUnknown:
                # nova goes on with the server as running, and z/VM never
                # tells that it is not.
                with contextlib.suppress(errors.ConnectorError):
                    self._connector.guests.unpause(userid)
                raise
        ownership.set_paused(instance, True)

    def unpause(self, instance: 'objects.Instance') -> None:
        with self._acting(instance) as userid:
            self._connector.guests.unpause(userid)
        ownership.set_paused(instance, False)

    @contextlib.contextmanager
    def _acting(self, instance: 'objects.Instance') -> abc.Iterator[str]:
        """Give the userid of the guest of a verb that needs a whole one.

        :raises NoGuest: if there is none; what nova would say of
            InstanceNotFound names no remedy
        """
        userid = ownership.claimed_userid(instance)
        if userid is None:
            raise _no_guest()
        if (ownership.state(instance) != ownership.BUILT and
                instance.task_state not in REMOVING_TASKS):
            raise failures.NoGuest(
                reason='its boot was cut off, and its guest may lack disks '
                       'or interfaces; rebuild it first')
        with translation.to_nova(instance):
            try:
                yield userid
            except (errors.Unreachable, errors.OutcomeUnknown):
                raise
            except errors.ConnectorError as exc:
                # Of one that is purged on z/VM the connector keeps its row.
                if self._is_gone(userid):
                    raise _no_guest() from exc
                if not isinstance(exc, errors.NotFound):
                    raise
                raise _not_registered(userid) from exc

    def _is_gone(self, userid: str) -> bool:
        try:
            return not self._presence.in_directory(userid)
        except errors.ConnectorError:
            return False


def _no_guest() -> failures.NoGuest:
    return failures.NoGuest(
        reason='it has no guest on z/VM; rebuild it first')


def _not_registered(userid: str) -> failures.NoGuest:
    return failures.NoGuest(
        reason='the z/VM Cloud Connector does not know guest %s, which z/VM '
               'has; an administrator can register it there by the action '
               'register_vm' % userid)
