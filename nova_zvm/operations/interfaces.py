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

"""Interfaces: NICs that are added to and removed from whole guests.

A NIC is in many places: the directory entry, the running guest, its Linux,
the grants of the switch, the connector's table. What is under way is recorded
in the instance before anything is sent, so that the next attach or detach
removes what an interrupted one has left; a delete of the guest does so too.
"""

from collections import abc
import contextlib
import dataclasses

from nova import exception as nova_exception
from nova.network import model
from nova import objects
from oslo_log import log as logging
from oslo_utils import excutils

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import effects
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.guest import entrylock
from nova_zvm.image import properties
from nova_zvm.network import grants
from nova_zvm.network import plan
from nova_zvm.network import switches
from nova_zvm.pace import locks
from nova_zvm.pace import progress
from nova_zvm.pace import waiting
from nova_zvm.record import ownership
from nova_zvm.record import pending
from nova_zvm.zvm import directory
from nova_zvm.zvm import linux
from nova_zvm.zvm import names

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class _Guest:
    """A guest while its NICs are changed."""

    instance: 'objects.Instance'
    userid: str
    on: bool


class Interfaces:
    """NICs of the guests on this host."""

    def __init__(self, network: switches.Network, connector: client.Connector,
                 patience: waiting.Patience) -> None:
        self._network = network
        self._connector = connector
        self._patience = patience

    def attach(self, instance: 'objects.Instance',
               image_meta: 'objects.ImageMeta', vif: model.VIF) -> None:
        """Give a guest, on or off, a NIC for a port.

        :raises InvalidInput: if the port cannot work; nothing was changed
        :raises InterfaceRefused: if the guest's state does not allow it
        """
        with self._guest_of(instance) as guest, progress.step(
                instance, guest.userid, 'port %s attached' % vif['id']):
            self._refuse_unless_quiet(guest)
            self._finish(guest)
            nic = self._plan(guest, vif, self._detach(guest, vif))
            self._add(guest, nic, self._os_version(instance, image_meta))
            if guest.on:
                self._compare_mac(guest, nic)

    def detach(self, instance: 'objects.Instance', vif: model.VIF) -> None:
        """Take a port's NIC from a guest, on or off; fine if it is gone."""
        with self._guest_of(instance) as guest, progress.step(
                instance, guest.userid, 'port %s detached' % vif['id']):
            self._finish(guest)
            self._detach(guest, vif)

    @contextlib.contextmanager
    def _guest_of(self, instance: 'objects.Instance') -> abc.Iterator[_Guest]:
        userid = ownership.required_userid(instance)
        with locks.nics(userid), translation.to_nova():
            ownership.refresh(instance)
            # A rebuild may have begun since nova looked, and Neutron tells
            # of deleted ports at any time.
            ownership.required_userid(instance)
            if ownership.state(instance) != ownership.BUILT:
                raise failures.InterfaceRefused(
                    reason='it is being built; try again when that is over')
            yield _Guest(instance, userid, self._is_on(userid))

    # What is refused

    @staticmethod
    def _refuse_unless_quiet(guest: _Guest) -> None:
        if ownership.unfinished_capture(guest.instance):
            raise failures.InterfaceRefused(
                reason='a snapshot of it may be under way; try again when '
                       'it is over')
        if ownership.is_paused(guest.instance):
            raise failures.InterfaceRefused(
                reason='its operating system must respond, and it is paused; '
                       'unpause or stop it')

    def _plan(self, guest: _Guest, vif: model.VIF, rows: list[models.Nic]
             ) -> plan.Nic:
        others = [other for other in guest.instance.get_network_info()
                  if other['id'] != vif['id']]
        used = directory.device_numbers(
            self._connector.guests.directory_entry(guest.userid))
        for row in rows:
            used.update(names.nic_numbers(row.vdev))
        nic = self._network.plan_added(vif, others, used)
        self._network.check_switches([nic])
        return nic

    def _os_version(self, instance: 'objects.Instance',
                    image_meta: 'objects.ImageMeta') -> str:
        return properties.os_version(
            image_meta, properties.of_instance(instance),
            self._connector.version())

    # What is done

    def _add(self, guest: _Guest, nic: plan.Nic, os_version: str) -> None:
        change = pending.NicChange(nic.vdev, nic.vswitch)
        ownership.begin_nic_change(guest.instance, change)
        try:
            # CP couples a guest that is on only if it may.
            self._network.authorize(guest.userid, nic)
            with effects.awaited(
                    self._patience, lambda: self._row(guest, nic.vdev)):
                self._create(guest, nic, os_version)
            with effects.awaited(
                    self._patience, lambda: self._is_coupled(guest, nic.vdev)):
                self._connector.nics.couple(
                    guest.userid, nic.vdev, nic.vswitch, nic.vlan_id,
                    guest.on)
        except Exception:
            with excutils.save_and_reraise_exception():
                self._undo(guest, change)
        ownership.end_nic_change(guest.instance)

    def _create(self, guest: _Guest, nic: plan.Nic, os_version: str) -> None:
        if self._is_configured(guest, nic, os_version):
            self._connector.nics.create_interface(
                guest.userid, os_version, [nic.guest_network()], guest.on)
        else:
            LOG.info('NIC %s (port %s) must be configured inside the guest',
                     nic.vdev, nic.port_id, instance=guest.instance)
            self._connector.nics.create(
                guest.userid, nic.vdev, nic.port_id, nic.mac, guest.on)

    @staticmethod
    def _is_configured(guest: _Guest, nic: plan.Nic, os_version: str) -> bool:
        """Tell whether the connector can configure a NIC in the guest.

        The first that it configures it makes the only one: it removes the
        files of all others, which then nothing configures (zvmsdk/dist.py
        _get_clean_command, 1.6.3).
        """
        others = [vif for vif in guest.instance.get_network_info()
                  if vif['id'] != nic.port_id]
        has_ipv4 = any(ip['version'] == 4 for vif in others
                       for ip in vif.fixed_ips())
        return bool(nic.address and
                    (has_ipv4 or not others) and
                    not linux.takes_one_interface(os_version) and
                    (nic.gateway or
                     not linux.needs_gateway(os_version)))

    def _undo(self, guest: _Guest, change: pending.NicChange) -> None:
        try:
            self._discard(guest, change)
            ownership.end_nic_change(guest.instance)
        except Exception as exc:
            LOG.error('Could not remove NIC %s; the next attach, detach or '
                      'delete tries again: %s', change.vdev, exc,
                      instance=guest.instance)

    def _compare_mac(self, guest: _Guest, nic: plan.Nic) -> None:
        with contextlib.suppress(errors.ConnectorError):
            for adapter in self._connector.nics.adapters(guest.userid):
                if adapter.vdev == nic.vdev and adapter.mac != nic.mac:
                    LOG.warning(
                        'NIC %s (port %s) has the MAC address %s, not %s: '
                        'z/VM chose it because the guest is on. Stop and '
                        'start the server to give it its own', nic.vdev,
                        nic.port_id, adapter.mac, nic.mac,
                        instance=guest.instance)

    def _detach(self, guest: _Guest, vif: model.VIF) -> list[models.Nic]:
        """Remove a port's NIC; return the connector's rows of all others."""
        rows = self._rows(guest)
        for row in rows:
            if row.nic_id == vif['id']:
                change = pending.NicChange(row.vdev, row.vswitch or '')
                ownership.begin_nic_change(guest.instance, change)
                self._unconfigure(guest, row.vdev)
                self._remove(guest, change)
                ownership.end_nic_change(guest.instance)
        return [row for row in rows if row.nic_id != vif['id']]

    def _unconfigure(self, guest: _Guest, vdev: str) -> None:
        """Delete a NIC with its configuration, if the guest lets us."""
        if ownership.is_paused(guest.instance):
            return
        image_meta = objects.ImageMeta.from_instance(guest.instance)
        try:
            with effects.awaited(
                    self._patience,
                    lambda: not self._exists(guest, vdev, guest.on)):
                self._connector.nics.delete_interface(
                    guest.userid,
                    self._os_version(guest.instance, image_meta), vdev,
                    guest.on)
        except (errors.ConnectorError,
                nova_exception.ImageUnacceptable) as exc:
            LOG.warning('The guest may still have the configuration of NIC '
                        '%s: %s', vdev, exc, instance=guest.instance)

    def _finish(self, guest: _Guest) -> None:
        """End what an interrupted attach or detach has begun.

        A NIC that works and whose port is nova's stays: the attach had come
        to its end, or the detach not to its first step.
        """
        change = ownership.unfinished_nic_change(guest.instance)
        if change is None:
            return
        row = self._row(guest, change.vdev)
        if not (row and self._is_whole(guest, row) and row.nic_id in [
                vif['id'] for vif in guest.instance.get_network_info()]):
            self._discard(guest, change)
        ownership.end_nic_change(guest.instance)

    def _discard(self, guest: _Guest, change: pending.NicChange) -> None:
        """Remove what there is of a NIC that is not whole.

        Otherwise the guest, which reads what was punched to it when it boots,
        would give an address that is free again to another NIC.
        """
        if self._row(guest, change.vdev):
            self._unconfigure(guest, change.vdev)
        self._remove(guest, change)

    def _remove(self, guest: _Guest, change: pending.NicChange) -> None:
        """Remove what there is of a NIC, and the grant if it was the last."""
        # A conflict is that, or the guest was logged on or off meanwhile.
        entrylock.overcome(
            self._connector, self._patience, guest.userid,
            lambda: self._delete(guest, change.vdev),
            lambda exc: isinstance(exc, errors.Conflict))
        if change.vswitch and change.vswitch not in [
                row.vswitch for row in self._rows(guest)]:
            grants.revoke(self._connector, guest.userid, change.vswitch,
                          self._patience)

    def _delete(self, guest: _Guest, vdev: str) -> None:
        """Delete a NIC of the directory, or of the running guest alone."""
        on = self._is_on(guest.userid)
        if self._exists(guest, vdev, on):
            # The next attach may use the number again.
            with effects.awaited(
                    self._patience, lambda: not self._exists(guest, vdev, on)):
                self._connector.nics.delete(guest.userid, vdev, on)

    # Looking

    def _is_on(self, userid: str) -> bool:
        return self._connector.guests.power_state(userid) == 'on'

    def _rows(self, guest: _Guest) -> list[models.Nic]:
        return self._connector.nics.list(guest.userid)

    def _row(self, guest: _Guest, vdev: str) -> models.Nic | None:
        return next((row for row in self._rows(guest) if row.vdev == vdev),
                    None)

    def _exists(self, guest: _Guest, vdev: str, on: bool) -> bool:
        return bool(self._row(guest, vdev) or
                    on and self._is_live(guest, vdev))

    def _is_whole(self, guest: _Guest, row: models.Nic) -> bool:
        """Tell whether a NIC is coupled and defined.

        To couple it is the last step of an attach, to delete its statement
        the first of a detach.
        """
        return bool(row.vswitch) and (
            int(row.vdev, 16) in directory.device_numbers(
                self._connector.guests.directory_entry(guest.userid)))

    def _is_coupled(self, guest: _Guest, vdev: str) -> bool:
        row = self._row(guest, vdev)
        return bool(row and row.vswitch)

    def _is_live(self, guest: _Guest, vdev: str) -> bool:
        return vdev in [adapter.vdev for adapter in
                        self._connector.nics.adapters(guest.userid)]
