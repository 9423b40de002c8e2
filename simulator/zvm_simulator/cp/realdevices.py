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

"""The real devices of all members: which are free, and who has which.

A device is with one user at most. A guest has what it was given at logon
or since; the controller of a virtual switch has the OSA devices through
which the switch reaches the network, three for each that is named.
"""

from collections.abc import Iterator
import copy
import dataclasses

from zvm_simulator.cp import machines
from zvm_simulator.cp import members
from zvm_simulator.cp import vswitches
from zvm_simulator.ground import errors
from zvm_simulator.ground import stores

# Device numbers that a QDIO connection takes, one after the other.
OSA_DEVICES = 3


@dataclasses.dataclass(frozen=True)
class Offline:
    """The mark of a device that was varied offline."""

    member: str
    address: str


@dataclasses.dataclass(frozen=True)
class Holder:
    """Who has a device, and under which number."""

    userid: str
    vdev: str


class RealDevices:
    """Real devices by member and device number."""

    def __init__(self, store: stores.Store, systems: dict[str, members.Member],
                 guests: machines.Guests,
                 switches: vswitches.Vswitches) -> None:
        self._offline = stores.Table(store, 'offline', Offline)
        self._guests = guests
        self._switches = switches
        self._members = systems
        self._devices = {
            name: {device.address: device for device in member.real_devices}
            for name, member in systems.items()}

    def of(self, guests: machines.Guests) -> 'RealDevices':
        """Return the devices as those guests alone can have them."""
        view = copy.copy(self)
        view._guests = guests
        return view

    def find(self, member: str, address: str) -> members.RealDevice | None:
        return self._devices[member].get(address)

    def get(self, member: str, address: str,
            module: str) -> members.RealDevice:
        """Return a device; CpError 040 if the system has none such."""
        device = self.find(member, address)
        if device is None:
            raise errors.CpError(module, 40,
                                 f'Device {address} does not exist')
        return device

    def holder(self, member: str, address: str) -> Holder | None:
        """Return who has a device, or None while it is free or offline."""
        found = self._guests.attached(member, address)
        if found:
            return Holder(*found)
        device = self.find(member, address)
        if device is None or device.kind != 'OSA':
            return None
        for number, switch in self._uplinks(member):
            first = int(switch.real_devices[number], 16)
            if first <= int(address, 16) < first + OSA_DEVICES:
                return Holder(*switch.uplink(number,
                                             int(address, 16) - first))
        return None

    def is_offline(self, member: str, address: str) -> bool:
        return self._offline.get(f'{member}.{address}') is not None

    def is_free(self, member: str, address: str) -> bool:
        return not (self.is_offline(member, address) or
                    self.holder(member, address))

    def check_free(self, member: str, address: str, module: str) -> None:
        """Raise the CpError with which CP refuses to attach a device."""
        device = self.get(member, address, module)
        if self.is_offline(member, address):
            raise errors.CpError(module, 46,
                                 f'{device.kind} {address} offline')
        holder = self.holder(member, address)
        if holder:
            raise _attached(device, module, holder.userid)

    def dedicate(self, guest: machines.Guest, vdev: str,
                 real: str) -> machines.Guest:
        """Return a guest at logon with a device that its entry dedicates.

        What it cannot have is told on its console, and the logon goes on.
        """
        try:
            if real in guest.dedicated.values():
                raise _attached(self.get(guest.member, real, 'LGN'), 'LGN',
                                guest.userid)
            self.check_free(guest.member, real, 'LGN')
        except errors.CpError as error:
            return guest.saying([error.message()])
        return dataclasses.replace(
            guest, dedicated={**guest.dedicated, vdev: real})

    def attach(self, userid: str, vdev: str, real: str) -> None:
        """Attach a device to a running guest.

        SmapiError when the guest has no place for it, CpError when the
        device is not to be had.
        """
        guest = self._guests.get(userid)
        if vdev in guest.vdevs():
            raise errors.SmapiError(204, 4, 'Image device already exists')
        self.check_free(guest.member, real, 'ATR')
        self._guests.put(dataclasses.replace(
            guest, dedicated={**guest.dedicated, vdev: real}))

    def detach(self, userid: str, vdev: str) -> None:
        """Take a real device from a running guest."""
        guest = self._guests.get(userid)
        if vdev not in guest.dedicated:
            raise errors.SmapiError(204, 8, 'Image device does not exist')
        self._guests.put(dataclasses.replace(guest, dedicated={
            key: real for key, real in guest.dedicated.items()
            if key != vdev}))

    def vary(self, member: str, address: str, online: bool) -> None:
        """Bring a device online or, when nobody has it, offline."""
        key = f'{member}.{address}'
        if online:
            self.get(member, address, 'CPV')
            self._offline.remove(key)
        elif not self.is_offline(member, address):
            self.check_free(member, address, 'CPV')
            self._offline.put(key, Offline(member, address))

    def equivalent(self, member: str, eqid: str) -> members.RealDevice:
        """Return a free device with an EQID; CpError 040 if none is."""
        for device in self._devices[member].values():
            address = device.address
            if (self._members[member].eqid(address) == eqid and
                    self.is_free(member, address)):
                return device
        raise errors.CpError('ATR', 40, f'Device {eqid} does not exist')

    def _uplinks(self, member: str
                 ) -> Iterator[tuple[int, vswitches.Vswitch]]:
        for switch in self._switches.of_member(member):
            for number in range(len(switch.real_devices)):
                if switch.connected:
                    yield number, switch


def _attached(device: members.RealDevice, module: str,
              userid: str) -> errors.CpError:
    return errors.CpError(module, 122, f'{device.kind} {device.address} '
                          f'already attached to {userid}')
