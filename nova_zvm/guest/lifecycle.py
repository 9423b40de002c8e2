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

"""Lifecycle: guests are claimed, created and removed."""

import contextlib
import typing

from nova import exception as nova_exception
from nova import objects

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.guest import entrylock
from nova_zvm.guest import presence
from nova_zvm.network import grants
from nova_zvm.pace import waiting
from nova_zvm.record import ownership

# SMAPI: the image is locked by another directory operation.
LOCKED = (8, 400, 12)


class Guests:
    """The guests of this host's connector."""

    def __init__(self, connector: client.Connector,
                 patience: waiting.Patience,
                 found: presence.Presence) -> None:
        self._connector = connector
        self._patience = patience
        self._presence = found

    def check_free(self, instance: 'objects.Instance', userid: str) -> None:
        """See that a userid is free.

        An entry that is the instance's own and still going away (a rebuild
        right after a delete) is waited for.

        :raises InvalidInput: if the userid is taken
        """
        with translation.to_nova():
            if ownership.state(instance) == ownership.DELETED:
                self.wait_until_gone(userid)
            elif self._presence.in_directory(userid):
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
            lambda exc: exc.codes == LOCKED)
        self._presence.forget(userid)

    def delete_unfinished(self, userid: str, seconds: float) -> None:
        """Remove a guest whose creation may still be under way.

        A delete that overtakes a slow create answers "done" and leaves the
        guest that the create then makes, so it is repeated until the guest
        has been seen and removed, or the time is over that the server may
        still work on the create.

        :param seconds: how long that can be
        """
        def is_seen() -> bool:
            seen = self._presence.in_directory(userid)
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
            self._patience.wait_until(
                lambda: self._presence.in_directory(userid), False,
                waiting.DIRECTORY_MANAGER)
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
        elif self._presence.in_directory(userid):
            # Registering a guest without NICs fails after it is known.
            with contextlib.suppress(errors.ConnectorError):
                self._connector.guests.register(userid)
            self._connector.guests.delete(userid)

    def _revoke(self, userid: str) -> None:
        for vswitch in {nic.vswitch for nic in
                        self._connector.nics.list(userid) if nic.vswitch}:
            grants.revoke(self._connector, userid, vswitch, self._patience)


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
