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

"""NICs: from nova's ports to virtual switches.

A port becomes a NIC in the guest's directory entry with the port's id, a
network configuration file in the guest's reader, and a coupling to a
virtual switch. Coupling comes before the grant, because the connector's
delete revokes exactly the grants of the switches that NICs are coupled to.
"""

import contextlib
import dataclasses
import ipaddress

from nova import exception as nova_exception
from nova.network import model
from oslo_log import log as logging

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm import exception
from nova_zvm import names

LOG = logging.getLogger(__name__)

# Without an MTU the connector fails for Ubuntu 16 and writes an empty one
# into the netplan of later releases (zvmsdk/dist.py, 1.6.3).
DEFAULT_MTU = 1500


@dataclasses.dataclass(frozen=True)
class Nic:
    """A port as z/VM will have it."""

    vdev: str
    port: model.VIF
    vswitch: str
    vlan_id: int | None
    address: str
    subnet: model.Subnet

    @property
    def gateway(self):
        gateway = self.subnet['gateway']
        return gateway['address'] if gateway else None

    def guest_network(self):
        return models.GuestNetwork(
            vdev=self.vdev,
            nic_id=self.port['id'],
            mac=self.port['address'],
            ip=self.address,
            cidr=self.subnet['cidr'],
            gateway=self.gateway,
            dns=[server['address'] for server in self.subnet['dns']
                 if ipaddress.ip_address(server['address']).version == 4],
            mtu=self.port['network']['meta'].get('mtu') or DEFAULT_MTU)


class Network:
    """Virtual switches, as far as this host's guests need them."""

    def __init__(self, connector, mappings):
        self._connector = connector
        self._mappings = mappings
        self._known_switches = frozenset()

    def plan(self, network_info):
        """Return the Nic of each port.

        :raises InvalidInput: if a port cannot work here, with the reason
        """
        nics = [self._nic(position, vif)
                for position, vif in enumerate(network_info or [])]
        vlans = {}
        for nic in nics:
            if vlans.setdefault(nic.vswitch, nic.vlan_id) != nic.vlan_id:
                raise _refused(
                    nic.port, 'z/VM gives a guest one VLAN for all its NICs '
                    'on a virtual switch, and another port of this server '
                    'uses another VLAN on %s' % nic.vswitch)
        return nics

    def check_switches(self, nics):
        """See that the switches exist; z/VM couples to any name unasked.

        Asks z/VM only about switches that were not seen before.
        """
        wanted = {nic.vswitch for nic in nics}
        if wanted <= self._known_switches:
            return
        with exception.translated():
            self._known_switches = frozenset(self._connector.vswitches.list())
        for nic in nics:
            if nic.vswitch not in self._known_switches:
                raise _refused(
                    nic.port, "z/VM has no virtual switch '%s'; set [zvm] "
                    "vswitch_mappings for physical network '%s'" % (
                        nic.vswitch, _physical_network(nic.port)))

    def check_interfaces(self, os_version, nics, hostname):
        """See that the connector can configure the NICs in the guest.

        The file that it writes for Ubuntu is refused by netplan and ifup
        when it has no gateway (zvmsdk/dist.py, 1.6.3).
        """
        for nic in nics:
            if os_version.lower().startswith('ubuntu') and (
                    not nic.gateway):
                raise _refused(
                    nic.port, 'its subnet has no gateway, and the z/VM '
                    'Cloud Connector cannot configure that in Ubuntu')
        if not self._connector.guests.takes_interface(
                os_version, _networks(nics, hostname)):
            raise nova_exception.InvalidInput(
                reason='%d ports are more than the z/VM Cloud Connector '
                       'takes for one server' % len(nics))

    def create(self, userid, os_version, nics, hostname):
        """Create the NICs, configure them in the guest, couple them."""
        if not nics:
            return
        self._connector.guests.create_interface(
            userid, os_version, _networks(nics, hostname))
        for nic in nics:
            self._connector.guests.couple(
                userid, nic.vdev, nic.vswitch, nic.vlan_id)
            self._authorize(userid, nic)

    def _authorize(self, userid, nic):
        # A grant that comes late outlives the guest.
        with exception.late_effect_awaited(
                lambda: userid in self._connector.vswitches.get(
                    nic.vswitch).authorized):
            # Setting a VLAN for a user grants the switch too.
            if nic.vlan_id is None:
                self._connector.vswitches.grant(nic.vswitch, userid)
            else:
                self._connector.vswitches.set_vlan(
                    nic.vswitch, userid, nic.vlan_id)

    def revoke(self, userid, network_info):
        """Revoke what a creation cut short may have granted."""
        for vswitch in {self._vswitch(vif) for vif in network_info or []}:
            if vswitch:
                with contextlib.suppress(errors.NotFound):
                    self._connector.vswitches.revoke(vswitch, userid)

    def _nic(self, position, vif):
        vswitch = self._vswitch(vif)
        if not vswitch:
            raise _refused(vif, 'its network has no physical network, so '
                           'there is no virtual switch to couple it to')
        address, subnet = _first_ipv4(vif)
        if not address:
            raise _refused(vif, 'it has no IPv4 address')
        # '0' is what Neutron says of a flat network.
        vlan = int((vif.get('details') or {}).get(
            model.VIF_DETAILS_VLAN) or 0)
        return Nic(vdev=names.nic_vdev(position), port=vif, vswitch=vswitch,
                   vlan_id=vlan or None,
                   address=address, subnet=subnet)

    def _vswitch(self, vif):
        physical_network = _physical_network(vif)
        if not physical_network:
            return None
        return self._mappings.get(physical_network, physical_network).upper()


def _networks(nics, hostname):
    return [dataclasses.replace(nic.guest_network(), hostname=hostname)
            for nic in nics]


def _physical_network(vif):
    return vif['network']['meta'].get('physical_network')


def _first_ipv4(vif):
    for subnet in vif['network']['subnets']:
        for ip in subnet['ips']:
            if ip['version'] == 4:
                return ip['address'], subnet
    return None, None


def _refused(vif, reason):
    return nova_exception.InvalidInput(
        reason='port %s: %s' % (vif['id'], reason))
