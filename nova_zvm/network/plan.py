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

"""Neutron's ports as the NICs that z/VM will have for them.

Nothing is asked here. What nova tells of a port decides: the details that a
mechanism driver put into the binding, or else its physical network and the
option.
"""

from collections import abc
import dataclasses
import ipaddress

from nova import exception as nova_exception
from nova.network import model

from nova_zvm.connector import models
from nova_zvm.zvm import names
from nova_zvm.zvm import vifdetails

# Without an MTU the connector fails for Ubuntu 16 and writes an empty one
# into the netplan of later releases (zvmsdk/dist.py, 1.6.3).
DEFAULT_MTU = 1500


@dataclasses.dataclass(frozen=True)
class Nic:
    """A port as z/VM will have it.

    :ivar vlan_id: None on a network without VLANs
    :ivar address: IPv4; None if the port has only addresses that the
        connector cannot configure
    """

    vdev: str
    port: model.VIF
    vswitch: str
    vlan_id: int | None
    address: str | None
    subnet: model.Subnet | None

    @property
    def port_id(self) -> str:
        return self.port['id']

    @property
    def mac(self) -> str:
        return self.port['address'].lower()

    @property
    def gateway(self) -> str | None:
        gateway = self.subnet['gateway'] if self.subnet else None
        return gateway['address'] if gateway else None

    def guest_network(self,
                      hostname: str | None = None) -> models.GuestNetwork:
        """Return what the connector configures of it; it has an address."""
        assert self.address is not None and self.subnet is not None
        return models.GuestNetwork(
            vdev=self.vdev,
            nic_id=self.port_id,
            mac=self.mac,
            ip=self.address,
            cidr=self.subnet['cidr'],
            gateway=self.gateway,
            dns=[server['address'] for server in self.subnet['dns']
                 if ipaddress.ip_address(server['address']).version == 4],
            hostname=hostname,
            mtu=self.port['network']['meta'].get('mtu') or DEFAULT_MTU)


def planned(network_info: model.NetworkInfo | None,
            mappings: abc.Mapping[str, str]) -> list[Nic]:
    """Return the Nic of each port of a guest that has none yet.

    :param mappings: virtual switch by physical network
    :raises InvalidInput: if a port cannot work here, with the reason
    """
    nics = [_nic(vif, names.nic_vdev(position), mappings)
            for position, vif in enumerate(network_info or [])]
    vlans: dict[str, int | None] = {}
    for nic in nics:
        if vlans.setdefault(nic.vswitch, nic.vlan_id) != nic.vlan_id:
            raise _one_vlan(nic)
    return nics


def added(vif: model.VIF, others: abc.Iterable[model.VIF],
          used_vdevs: abc.Set[int],
          mappings: abc.Mapping[str, str]) -> Nic:
    """Return the Nic of a port that a guest gets beside others.

    :param others: the guest's other ports
    :param used_vdevs: device numbers that it has
    :raises InvalidInput: if the port cannot work here, with the reason
    """
    nic = _nic(vif, names.free_nic_vdev(used_vdevs), mappings)
    for other in others:
        if (vswitch_of(other, mappings) == nic.vswitch and
                vlan_id_of(other) != nic.vlan_id):
            raise _one_vlan(nic)
    return nic


def vswitch_of(vif: model.VIF,
               mappings: abc.Mapping[str, str]) -> str | None:
    """Return the virtual switch of a port, None if nothing names it."""
    told = (vif.get('details') or {}).get(vifdetails.VSWITCH)
    physical_network = physical_network_of(vif)
    if told:
        return told.upper()
    if physical_network:
        return mappings.get(physical_network, physical_network).upper()
    return None


def vlan_id_of(vif: model.VIF) -> int | None:
    """Return the VLAN of a port, None if it is in none."""
    # '0' is what Neutron says of a flat network.
    return int((vif.get('details') or {}).get(vifdetails.VLAN) or 0) or None


def physical_network_of(vif: model.VIF) -> str | None:
    return vif['network']['meta'].get('physical_network')


def refused(vif: model.VIF, reason: str) -> nova_exception.InvalidInput:
    """Return the exception that rejects a port.

    Of a boot's error nova keeps 255 characters, half of them before the
    reason (nova/compute/utils.py exception_to_dict, 34.0.0).
    """
    return nova_exception.InvalidInput(
        reason='port %s: %s' % (vif['id'], reason))


def _nic(vif: model.VIF, vdev: str, mappings: abc.Mapping[str, str]) -> Nic:
    vswitch = vswitch_of(vif, mappings)
    if not vswitch:
        raise refused(vif, 'its network has no physical network, so there '
                      'is no virtual switch to couple it to')
    address, subnet = _first_ipv4(vif)
    if not address and not any(subnet['ips'] for subnet
                               in vif['network']['subnets']):
        raise refused(vif, 'it has no IP address')
    return Nic(vdev=vdev, port=vif, vswitch=vswitch, vlan_id=vlan_id_of(vif),
               address=address, subnet=subnet)


def _first_ipv4(
        vif: model.VIF) -> tuple[str, model.Subnet] | tuple[None, None]:
    for subnet in vif['network']['subnets']:
        for ip in subnet['ips']:
            if ip['version'] == 4:
                return ip['address'], subnet
    return None, None


def _one_vlan(nic: Nic) -> nova_exception.InvalidInput:
    return refused(
        nic.port, 'a guest has one VLAN for all its NICs on a virtual switch, '
        'and another port of this server has another on %s' % nic.vswitch)
