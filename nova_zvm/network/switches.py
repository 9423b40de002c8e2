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

"""Networks: which virtual switch a guest's NICs are coupled to.

Neutron's ports are planned first and refused while nothing has been changed.
A guest's NICs are configured in one request, which can be made once: the next
replaces what the one before said to the guest. To revoke is no step of a
delete, since deleting a guest revokes exactly the grants of the switches that
its NICs are coupled to.
"""

from collections import abc

from nova import exception as nova_exception
from nova.network import model
from nova import objects

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import effects
from nova_zvm.errors import translation
from nova_zvm.network import grants
from nova_zvm.network import macprefix
from nova_zvm.network import plan as planning
from nova_zvm.pace import waiting
from nova_zvm.record import ownership
from nova_zvm.zvm import linux


class Network:
    """Virtual switches, as far as this host's guests need them."""

    def __init__(self, connector: client.Connector,
                 mappings: abc.Mapping[str, str],
                 mac_prefix: macprefix.MacPrefix,
                 patience: waiting.Patience) -> None:
        self._connector = connector
        self._mappings = mappings
        self._patience = patience
        self._mac_prefix = mac_prefix
        # By name, whether a switch knows VLANs.
        self._switches: dict[str, bool] = {}

    # What is refused

    def plan(self, network_info: model.NetworkInfo | None
             ) -> list[planning.Nic]:
        """Return the Nic of each port of a new guest.

        :raises InvalidInput: if a port cannot work here, with the reason
        """
        return planning.planned(network_info, self._mappings)

    def plan_added(self, vif: model.VIF, others: abc.Iterable[model.VIF],
                   used_vdevs: abc.Set[int]) -> planning.Nic:
        """Return the Nic of a port that is added to a guest.

        :raises InvalidInput: as plan
        """
        return planning.added(vif, others, used_vdevs, self._mappings)

    def check_switches(self, nics: abc.Iterable[planning.Nic]) -> None:
        """See that the switches can take the NICs; z/VM couples unasked.

        Asks z/VM only about switches that were not seen before.

        :raises InvalidInput: if one does not exist or knows no VLANs, or,
            where that is wanted, if a MAC address is not z/VM's
        """
        with translation.to_nova():
            for nic in nics:
                knows_vlans = self._switches.get(nic.vswitch)
                if knows_vlans is None:
                    knows_vlans = self._look_at_switch(nic)
                if nic.vlan_id and not knows_vlans:
                    # It may be redefined before the next boot.
                    self._switches.pop(nic.vswitch, None)
                    raise planning.refused(
                        nic.port, "it is in VLAN %d, and the virtual switch "
                        "'%s' is VLAN-unaware" % (nic.vlan_id, nic.vswitch))
        self._mac_prefix.check(nics)

    def _look_at_switch(self, nic: planning.Nic) -> bool:
        try:
            vswitch = self._connector.vswitches.get(nic.vswitch)
        except (errors.NotFound, errors.BadRequest):
            raise planning.refused(
                nic.port, "z/VM has no virtual switch '%s'; set [zvm] "
                "vswitch_mappings, or Neutron's [ml2_zvm] vswitch_mappings, "
                "for '%s'" % (nic.vswitch,
                              planning.physical_network_of(nic.port)))
        self._mac_prefix.learn_from_switch(vswitch)
        self._switches[nic.vswitch] = vswitch.vlan_aware
        return vswitch.vlan_aware

    def check_interfaces(self, os_version: str,
                         nics: abc.Sequence[planning.Nic],
                         hostname: str | None, config_drive: bool) -> None:
        """See that the NICs of a new guest will be configured in it.

        :param config_drive: whether there is one, with which cloud-init
            configures what the connector cannot
        :raises InvalidInput: if nothing would
        """
        for nic in nics:
            if not nic.address and not config_drive:
                raise planning.refused(
                    nic.port, 'it has no IPv4 address, and only cloud-init '
                    'configures others: boot with a config drive')
            if nic.address and not nic.gateway and (
                    linux.needs_gateway(os_version)):
                raise planning.refused(
                    nic.port, 'its subnet has no gateway, and the z/VM '
                    'Cloud Connector cannot configure that in Ubuntu')
        networks = _networks(nics, hostname)
        if len(networks) > 1 and not config_drive and (
                linux.takes_one_interface(os_version)):
            raise nova_exception.InvalidInput(
                reason='the z/VM Cloud Connector configures only one port '
                       'in %s, and cloud-init the others: boot with a '
                       'config drive' % os_version)
        if not self._connector.nics.takes_interface(os_version, networks):
            raise nova_exception.InvalidInput(
                reason='%d ports are more than the z/VM Cloud Connector '
                       'takes for one server' % len(nics))

    # What is done

    def create(self, userid: str, os_version: str,
               nics: abc.Sequence[planning.Nic], hostname: str | None) -> None:
        """Create a new guest's NICs, configure them in it, couple them."""
        networks = _networks(nics, hostname)
        if networks:
            self._connector.nics.create_interface(
                userid, os_version, networks)
        for nic in nics:
            if not nic.address:
                self._connector.nics.create(userid, nic.vdev,
                                            nic.port_id, nic.mac)
            self._connector.nics.couple(
                userid, nic.vdev, nic.vswitch, nic.vlan_id)
            self.authorize(userid, nic)

    def check_macs(self, userid: str,
                   nics: abc.Sequence[planning.Nic]) -> None:
        """Compare the MAC addresses of a guest that has just been started.

        :raises InvalidInput: if they are not as required
        """
        self._mac_prefix.learn_from_guest(userid, nics)

    def authorize(self, userid: str, nic: planning.Nic) -> None:
        """Let a guest couple to a NIC's switch, in its VLAN."""
        # A grant that comes late outlives the guest.
        with effects.awaited(
                self._patience,
                lambda: grants.is_authorized(self._connector, userid,
                                             nic.vswitch)):
            # Setting a VLAN for a user grants the switch too.
            if nic.vlan_id is None:
                self._connector.vswitches.grant(nic.vswitch, userid)
            else:
                self._connector.vswitches.set_vlan(
                    nic.vswitch, userid, nic.vlan_id)

    def revoke(self, userid: str,
               network_info: model.NetworkInfo | None) -> None:
        """Revoke what a creation cut short may have granted."""
        for vswitch in {planning.vswitch_of(vif, self._mappings)
                        for vif in network_info or []}:
            if vswitch:
                grants.revoke(self._connector, userid, vswitch,
                              self._patience)

    def revoke_unfinished(self, instance: 'objects.Instance',
                          userid: str) -> None:
        """Revoke what an interrupted attach may have granted.

        Deleting a guest does not, while the NIC is not coupled.
        """
        change = ownership.unfinished_nic_change(instance)
        if change and change.vswitch:
            grants.revoke(self._connector, userid, change.vswitch,
                          self._patience)


def _networks(nics: abc.Iterable[planning.Nic],
              hostname: str | None) -> list[models.GuestNetwork]:
    return [nic.guest_network(hostname) for nic in nics if nic.address]
