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

"""Destroy: everything that an instance has on z/VM goes, nothing else does.

It is the driver's only undo. nova calls it after a failed spawn, after a
crash, and for servers that never came this far, so it goes by the record in
the instance alone and may be repeated at will.
"""

from nova.network import model
from nova import objects
from oslo_log import log as logging

from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.guest import configdrive
from nova_zvm.guest import lifecycle
from nova_zvm.network import switches
from nova_zvm.pace import locks
from nova_zvm.pace import progress
from nova_zvm.pace import waiting
from nova_zvm.record import ownership

LOG = logging.getLogger(__name__)


class Destroy:
    """Removal of guests, whole or half-made."""

    def __init__(self, guests: lifecycle.Guests, network: switches.Network,
                 config_drives: configdrive.ConfigDrives,
                 create_seconds: float, patience: waiting.Patience) -> None:
        self._guests = guests
        self._network = network
        self._config_drives = config_drives
        self._create_seconds = create_seconds
        self._patience = patience

    def run(self, instance: 'objects.Instance',
            network_info: model.NetworkInfo | None) -> None:
        """Remove an instance's guest; nothing is sent if it has none.

        Never raises InstanceNotFound: nova takes that for "deleted by
        another" and leaves the server as it is.
        """
        ownership.refresh(instance)
        userid = ownership.claimed_userid(instance)
        if userid is None:
            LOG.debug('There is no guest to destroy', instance=instance)
        else:
            with progress.step(instance, userid, 'deleted'):
                self._remove(instance, userid, network_info)
        self._config_drives.discard(instance)

    def _remove(self, instance: 'objects.Instance', userid: str,
                network_info: model.NetworkInfo | None) -> None:
        if ownership.state(instance) == ownership.BUILT:
            self._remove_whole(instance, userid)
        else:
            # The connector may still be at work on it: a process of ours
            # that was killed left it working.
            self._remove_unfinished(
                instance, userid, network_info,
                self._create_seconds - ownership.seconds_in_state(instance))

    def undo_spawn(self, instance: 'objects.Instance',
                   network_info: model.NetworkInfo | None,
                   settle_seconds: float) -> None:
        """Remove what a failed spawn has made.

        :param settle_seconds: how long the connector may still be at work
            on a request that was not answered; 0 if all were
        """
        userid = ownership.claimed_userid(instance)
        if userid is None:
            return
        self._patience.insist(
            lambda: self._remove_unfinished(instance, userid, network_info,
                                            settle_seconds),
            failures.ConnectorUnreachable, waiting.RESTART)
        self._config_drives.discard(instance)

    def _remove_whole(self, instance: 'objects.Instance', userid: str) -> None:
        # Nothing would remove what an attach makes of a guest that is gone.
        with locks.nics(userid), translation.to_nova():
            ownership.refresh(instance)
            # Otherwise the capture watcher might start it during the delete.
            ownership.leave_off(instance)
            self._guests.delete(userid)
            self._network.revoke_unfinished(instance, userid)
            ownership.set_state(instance, ownership.DELETED)

    def _remove_unfinished(self, instance: 'objects.Instance', userid: str,
                           network_info: model.NetworkInfo | None,
                           seconds: float) -> None:
        with translation.to_nova():
            self._guests.delete_unfinished(userid, seconds)
            self._network.revoke(userid, network_info)
        # Seen to be gone, so that a later spawn, maybe on another z/VM,
        # has nothing to wait for.
        ownership.forget(instance)
