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

"""Guests: power, console, creation and removal of virtual machines.

Every method asks z/VM by the cheapest call there is. The part keeps one
thing between calls, the connector's list of guests of a moment ago, so that
a power sync does not ask for it once per server that is off.
"""

from collections import abc
import contextlib
import threading
import typing

from nova.compute import power_state
from nova.compute import task_states
from nova import exception as nova_exception
from nova import objects
from oslo_log import log as logging

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.guest import entrylock
from nova_zvm.network import grants
from nova_zvm.pace import waiting
from nova_zvm.record import ownership

LOG = logging.getLogger(__name__)

# How old the list of guests may be when nova allows a cached answer.
LISTING_SECONDS = 30

# How long a connector that was not there is not asked for power states:
# nova-compute asks for one server after the other when it starts.
ABSENT_SECONDS = 30

# Tasks in which nova asks for a guest to be off, and for its removal next:
# one that is gone is as good as off (nova/compute/manager.py
# _rebuild_default_impl, _shelve_offload_instance, soft_delete_instance, 31 to
# 34). Without that no rebuild could bring its server back.
REMOVING_TASKS = (task_states.REBUILDING, task_states.SHELVING_OFFLOADING,
                  task_states.SOFT_DELETING)

# SMAPI: the image is locked by another directory operation.
LOCKED = (8, 400, 12)
# SMAPI: the guest has not produced a console file yet.
NO_CONSOLE_FILE = (4, 4, 410)


class Guests:
    """The guests of this host's connector."""

    def __init__(self, connector: client.Connector, patience: waiting.Patience
                ) -> None:
        self._connector = connector
        self._patience = patience
        self._lock = threading.Lock()
        self._listing: frozenset[str] = frozenset()
        self._listed_at: float | None = None

    # Looking

    def userids(self, max_age: float = 0) -> frozenset[str]:
        """Return the userids that the connector knows, running or not."""
        with self._lock:
            now = self._patience.clock.monotonic()
            age = None if self._listed_at is None else now - self._listed_at
            if age is None or age >= max_age:
                with translation.to_nova():
                    self._listing = frozenset(self._connector.guests.list())
                self._listed_at = self._patience.clock.monotonic()
            return self._listing

    def state(self, instance: 'objects.Instance', use_cache: bool) -> int:
        """Return nova's power state of an instance.

        One z/VM command. CP does not tell a missing guest from one that is
        off, so for these the connector's list is asked too. When the
        connector cannot tell, the state that nova has recorded is the best
        there is: any error here keeps nova-compute from starting.

        :raises InstanceNotFound: if there is no guest
        """
        userid = ownership.required_userid(instance)
        if (ownership.starts_after_capture(instance) and
                not ownership.is_paused(instance)):
            # Off for the time of a capture, and soon on again.
            return power_state.RUNNING
        if self._connector.found_absent(ABSENT_SECONDS):
            return instance.power_state or power_state.NOSTATE
        try:
            with translation.to_nova(instance):
                answer = self._connector.guests.power_state(userid)
            if answer == 'on':
                return (power_state.PAUSED if ownership.is_paused(instance)
                        else power_state.RUNNING)
            known = self.userids(LISTING_SECONDS if use_cache else 0)
            if userid not in known:
                known = self.userids()
        except failures.ConnectorUnreachable:
            return instance.power_state or power_state.NOSTATE
        except failures.ConnectorFailure as exc:
            LOG.warning('Cannot determine the power state, keeping the last '
                        'known one: %s', exc, instance=instance)
            return instance.power_state or power_state.NOSTATE
        if userid not in known:
            raise nova_exception.InstanceNotFound(instance_id=instance.uuid)
        return power_state.SHUTDOWN

    def exists(self, instance: 'objects.Instance') -> bool:
        userid = ownership.claimed_userid(instance)
        return userid is not None and userid in self.userids()

    def in_directory(self, userid: str) -> bool:
        """Tell whether the z/VM directory has an entry of this name.

        The connector logs a "no" as an error. No other request proves it:
        CP's QUERY USER says the same of a guest that is off and of one that
        does not exist, and from its list of all guests the connector leaves
        out those that are on at another member, with two CP commands for
        each guest (zvmsdk/hostops.py guest_list, 1.6.3).
        """
        try:
            self._connector.guests.directory_entry(userid)
        except errors.NotFound:
            return False
        return True

    def console_output(self, instance: 'objects.Instance') -> bytes:
        """Return the console log, the last 100 KB by default, as bytes.

        nova encodes text to Latin-1, which has not all characters.

        :raises ConsoleNotAvailable: if the connector or z/VM fails
        """
        with translation.raised_as(nova_exception.ConsoleNotAvailable):
            return self._console_output(instance).encode()

    def _console_output(self, instance: 'objects.Instance') -> str:
        userid = ownership.required_userid(instance)
        try:
            with translation.to_nova(instance):
                return self._connector.guests.console_output(userid)
        except failures.ConnectorFailure as exc:
            if exc.error and _codes(exc.error) == NO_CONSOLE_FILE:
                return ''
            with translation.to_nova(instance):
                answer = self._connector.guests.power_state(userid)
            if answer == 'off':
                raise nova_exception.InstanceNotReady(
                    instance_id=instance.uuid) from exc
            raise

    # Power

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
            return not self.in_directory(userid)
        except errors.ConnectorError:
            return False

    # Creation and removal

    def check_free(self, instance: 'objects.Instance', userid: str) -> None:
        """See that a userid is free.

        An entry that is the instance's own and still going away (a rebuild
        right after a delete) is waited for.

        :raises InvalidInput: if the userid is taken
        """
        with translation.to_nova():
            if ownership.state(instance) == ownership.DELETED:
                self.wait_until_gone(userid)
            elif self.in_directory(userid):
                raise _taken(userid)

    def claim(self, instance: 'objects.Instance', userid: str) -> None:
        """Prove that a userid is free and record it as the instance's.

        :raises InvalidInput: if the userid is taken
        """
        self.check_free(instance, userid)
        ownership.claim(instance, userid)

    def create(self, instance: 'objects.Instance', userid: str,
               **definition: typing.Any) -> list[models.Disk]:
        """Create the directory entry with its minidisks.

        :param definition: as the connector client's guests.create
        :raises InvalidInput: if the userid or the profile is refused; then
            nothing was created
        """
        try:
            return self._connector.guests.create(userid, **definition)
        except errors.Conflict as exc:
            ownership.forget(instance)
            raise _taken(userid) from exc
        except errors.NotFound as exc:
            # What else it may not know was looked up before.
            raise nova_exception.InvalidInput(
                reason=_missing_profile(definition.get('profile'))) from exc

    def delete(self, userid: str) -> None:
        """Remove a guest and all that belongs to it; fine if it is gone.

        One request when all goes well. Logs the guest off, purges its
        reader, deletes minidisks, entry, grants and the connector's rows.
        """
        entrylock.overcome(
            self._connector, self._patience, userid,
            lambda: self._delete_once(userid),
            lambda exc: _codes(exc) == LOCKED)
        with self._lock:
            self._listing -= {userid}

    def delete_unfinished(self, userid: str, seconds: float) -> None:
        """Remove a guest whose creation may still be under way.

        A delete that overtakes a slow create answers "done" and leaves the
        guest that the create then makes, so it is repeated until the guest
        has been seen and removed, or the time is over that the server may
        still work on the create.

        :param seconds: how long that can be
        """
        def is_seen() -> bool:
            seen = self.in_directory(userid)
            self.delete(userid)
            return seen

        with contextlib.suppress(waiting.Expired):
            self._patience.wait_at_most(
                seconds, is_seen, True,
                self._patience.scaled(waiting.DIRECTORY_MANAGER.pause))
        # A create that was cut down writes its row and finishes its disks
        # after the entry has gone.
        self.wait_until_gone(userid)
        if userid in self._connector.guests.list():
            self.delete(userid)

    def wait_until_gone(self, userid: str) -> None:
        try:
            self._patience.wait_until(lambda: self.in_directory(userid),
                                      False, waiting.DIRECTORY_MANAGER)
        except waiting.Expired as exc:
            raise failures.GuestStillThere(
                userid=userid, seconds=self._patience.scaled(
                    waiting.DIRECTORY_MANAGER.seconds)) from exc

    def _delete_once(self, userid: str) -> None:
        try:
            try:
                self._connector.guests.delete(userid)
            except errors.OutcomeUnknown:
                self._connector.guests.delete(userid)
        except errors.NotFound:
            self._delete_remains(userid)

    def _delete_remains(self, userid: str) -> None:
        """Finish a delete that was answered with 404, which is not "gone".

        Either a virtual switch has gone: the connector has deleted the
        entry and stumbles over its grant, for ever, so that grants of other
        switches can be left. Or a create was cut off between the directory
        and the connector's database: the connector does not delete what it
        does not know, so the guest is registered first.
        (zvmsdk/smtclient.py delete_vm, zvmsdk/api.py guest_delete, 1.6.3)
        """
        if userid in self._connector.guests.list():
            self._revoke(userid)
            self._connector.guests.deregister(userid)
            self.wait_until_gone(userid)
        elif self.in_directory(userid):
            # Registering a guest without NICs fails after it is known.
            with contextlib.suppress(errors.ConnectorError):
                self._connector.guests.register(userid)
            self._connector.guests.delete(userid)

    def _revoke(self, userid: str) -> None:
        for vswitch in {nic.vswitch for nic in
                        self._connector.nics.list(userid) if nic.vswitch}:
            grants.revoke(self._connector, userid, vswitch,
                              self._patience)


def _codes(error: errors.ConnectorError) -> tuple[int | None, ...]:
    return (error.overall_rc, error.rc, error.rs)


def _no_guest() -> failures.NoGuest:
    return failures.NoGuest(
        reason='it has no guest on z/VM; rebuild it first')


def _not_registered(userid: str) -> failures.NoGuest:
    return failures.NoGuest(
        reason='the z/VM Cloud Connector does not know guest %s, which z/VM '
               'has; an administrator can register it there by the action '
               'register_vm' % userid)


def _missing_profile(profile: str | None) -> str:
    if profile is None:
        return ('the z/VM directory does not have the profile that [zvm] '
                'user_profile in zvmsdk.conf names; name another there, or '
                'in [zvm] user_profile of nova.conf')
    return ("[zvm] user_profile: the z/VM directory has no profile '%s'; "
            "name one that it has" % profile)


def _taken(userid: str) -> Exception:
    return nova_exception.InvalidInput(
        reason="z/VM already has a guest %s that is not this server's: let "
               "instance_name_template make names that nothing else on this "
               "z/VM uses" % userid)
