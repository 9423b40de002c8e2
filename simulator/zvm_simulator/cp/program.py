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

"""CP: logon, logoff, and the devices of logged-on guests."""

import copy
import dataclasses
import zlib

from zvm_simulator.cp import logon
from zvm_simulator.cp import machines
from zvm_simulator.cp import members
from zvm_simulator.cp import metering
from zvm_simulator.cp import realdevices
from zvm_simulator.cp import vswitches
from zvm_simulator.directory import entries
from zvm_simulator.directory import statements
from zvm_simulator.disks import minidisks
from zvm_simulator.ground import errors


class Cp:
    """The control program of every member; at() returns that of one.

    directory_authority: an adapter's NICDEF statement is itself the
    authority to couple (directory network authorization); else a grant is.
    """

    def __init__(self, directory: entries.Directory, dasd: minidisks.Dasd,
                 guests: machines.Guests, switches: vswitches.Vswitches,
                 devices: realdevices.RealDevices, logoff_time: float,
                 directory_authority: bool) -> None:
        self.guests = guests
        self._directory = directory
        self._dasd = dasd
        self._switches = switches
        self.devices = devices
        self._logoff_time = logoff_time
        self._directory_authority = directory_authority

    def at(self, member: str) -> 'Cp':
        """Return the CP of one member, which acts on guests there alone."""
        here = copy.copy(self)
        here.guests = self.guests.at(member)
        here.devices = self.devices.of(here.guests)
        return here

    def logon(self, userid: str, member: members.Member,
              now: float) -> machines.Guest:
        """Log a guest on from its directory entry.

        CpError 092 when the system has not the storage for it.
        """
        entry = self._directory.find(userid)
        if entry is None or entry.profile or entry.gone_at is not None:
            raise errors.SmapiError(200, 4, 'Image not found')
        here = self.guests.at(member.name)
        present = here.find(userid)
        if present and present.leaving_at is not None:
            raise errors.SmapiError(200, 16, 'Image being deactivated')
        if present or (here.anywhere(userid) and
                       not entry.multiconfiguration):
            raise errors.SmapiError(200, 8, 'Image already active')
        logon.check(entry.storage_mib, entry.maximum_storage_mib, member,
                    sum(guest.storage_mib for guest in
                        self.guests.of_member(member.name)))
        lines = self._directory.statements(entry)
        guest = logon.configured(machines.Guest(
            userid, member.name, now, entry.storage_mib, (),
            loaddev=statements.loaddev(lines),
            multiconfiguration=entry.multiconfiguration), lines)
        for vdev, real in statements.dedications(lines):
            guest = self.devices.dedicate(guest, vdev, real)
        for disk in statements.mdisks(lines):
            guest = self._with_disk(guest, disk)
        for nicdef in statements.nicdefs(lines):
            guest = self._with_nicdef(guest, nicdef, member)
        return self.guests.put(guest)

    def logoff(self, userid: str, now: float) -> None:
        """Log a guest off, at once or after the time that this takes."""
        if not self._directory.find(userid):
            raise errors.SmapiError(200, 4, 'Image not found')
        guest = self.guests.get(userid)
        if guest.leaving_at is not None:
            raise errors.SmapiError(200, 16, 'Image being deactivated')
        self.guests.put(dataclasses.replace(
            metering.settled(guest, now), leaving_at=now + self._logoff_time,
            linux=machines.Linux(boots=guest.linux.boots)))
        self.finish_logoffs(now)

    def finish_logoffs(self, now: float) -> None:
        """Take away the guests whose logoff is done."""
        for guest in self.guests.waiting():
            if guest.leaving_at is not None and guest.leaving_at <= now:
                self.guests.remove(guest)
                self._dasd.clear_virtual(
                    guest.userid, [disk.vdev for disk in guest.disks])

    def pause(self, userid: str, now: float) -> None:
        """Stop the guest's processors; nothing in it goes on."""
        guest = self.guests.get(userid)
        if guest.paused_at is None:
            self.guests.put(dataclasses.replace(
                metering.settled(guest, now), paused_at=now))

    def unpause(self, userid: str, now: float) -> None:
        guest = self.guests.get(userid)
        if guest.paused_at is None:
            return
        late = guest.linux.ready_at + now - guest.paused_at
        usage = dataclasses.replace(guest.usage, at=now)
        self.guests.put(dataclasses.replace(
            guest, paused_at=None, usage=usage,
            linux=dataclasses.replace(guest.linux, ready_at=late)))

    def take_console(self, userid: str) -> str:
        """Close the console's spool file and return what was in it.

        SmapiError 8/8 when there is none: not logged on, or nothing
        written.
        """
        guest = self.guests.find(userid)
        if guest is None or not guest.console:
            raise errors.SmapiError(
                8, 8, 'Userid not logged on or not spooling console')
        self.guests.put(dataclasses.replace(guest, console=()))
        return ''.join(f'{line}\n' for line in guest.console)

    def say(self, userid: str, *lines: str) -> None:
        """Write lines on the console of a guest that is logged on."""
        guest = self.guests.find(userid)
        if guest:
            self.guests.put(guest.saying(lines))

    def add_disk(self, userid: str, vdev: str, mode: str) -> None:
        """Give a running guest a minidisk of its directory entry."""
        guest = self.guests.get(userid)
        entry = self._directory.find(userid)
        disk = entry.mdisk(vdev) if entry else None
        if disk is None:
            raise errors.SmapiError(208, 36, 'Image disk does not exist')
        if not self._reaches(guest.member, disk):
            raise errors.SmapiError(208, 12, 'Image disk not available')
        self._check_free(guest, vdev)
        added = dataclasses.replace(self._disk(disk), mode=mode)
        self.guests.put(dataclasses.replace(guest,
                                            disks=guest.disks + (added,)))

    def remove_disk(self, userid: str, vdev: str) -> None:
        guest = self.guests.get(userid)
        if guest.disk(vdev) is None:
            raise errors.SmapiError(208, 8, 'Image disk not in use')
        self.guests.put(guest.without_disk(vdev))

    def add_nic(self, userid: str, vdev: str, mac_prefix: str) -> None:
        """Define an adapter; its address is of the system's choice."""
        guest = self.guests.get(userid)
        nic = machines.Nic(vdev, mac_prefix + _chosen_mac(userid, vdev))
        for number in nic.vdevs:
            self._check_free(guest, number)
        self.guests.put(guest.with_nic(nic))

    def remove_nic(self, userid: str, vdev: str) -> None:
        guest = self.guests.get(userid)
        self._nic(guest, vdev)
        self.guests.put(dataclasses.replace(guest, nics=tuple(
            nic for nic in guest.nics if nic.vdev != vdev)))

    def couple(self, userid: str, vdev: str, switch: str) -> None:
        """Couple an adapter to a switch of the guest's member."""
        guest = self.guests.get(userid)
        nic = self._nic(guest, vdev)
        if nic.switch:
            raise errors.SmapiError(204, 20, 'Image device already connected')
        vlan = self.authority(guest, vdev, switch)
        self.guests.put(guest.with_nic(dataclasses.replace(
            nic, switch=switch, vlan=vlan)))

    def authority(self, guest: machines.Guest, vdev: str,
                  switch: str) -> int | None:
        """Return the VLAN with which an adapter may couple to a switch.

        SmapiError 212/40 if the guest's member has no such switch, 212/8 if
        nothing lets the guest couple to it.
        """
        entry = self._directory.find(guest.userid)
        nicdef = entry.nicdef(vdev) if entry else None
        if nicdef and nicdef.switch != switch:
            nicdef = None
        return self._authorise(guest, switch, nicdef)

    def uncouple(self, userid: str, vdev: str) -> None:
        guest = self.guests.get(userid)
        nic = self._nic(guest, vdev)
        if not nic.switch:
            raise errors.SmapiError(
                204, 48, 'Virtual network adapter is already disconnected')
        self.guests.put(guest.with_nic(dataclasses.replace(
            nic, switch='', vlan=None)))

    def sever(self, member: str, switch: str) -> None:
        """Uncouple all that is coupled to a switch."""
        for userid, nic in self.guests.coupled(member, switch):
            self.uncouple(userid, nic.vdev)

    def sever_guest(self, member: str, switch: str, userid: str) -> None:
        """Uncouple one guest's adapters from a switch of its member."""
        guest = self.guests.find(userid)
        if guest is None or guest.member != member:
            return
        for nic in guest.nics:
            if nic.switch == switch:
                self.uncouple(userid, nic.vdev)

    def _with_disk(self, guest: machines.Guest,
                   disk: statements.Mdisk) -> machines.Guest:
        if not self._reaches(guest.member, disk):
            return guest.saying([f'HCPLNM108E {guest.userid} {disk.vdev} not '
                                 f'linked; volid {disk.volume} not mounted'])
        return dataclasses.replace(guest,
                                   disks=guest.disks + (self._disk(disk),))

    def _reaches(self, member: str, disk: statements.Mdisk) -> bool:
        volume = self._dasd.volume(disk.volume)
        return volume is None or volume.is_at(member)

    def _with_nicdef(self, guest: machines.Guest, nicdef: statements.Nicdef,
                     member: members.Member) -> machines.Guest:
        macid = nicdef.operands.get('MACID') or _chosen_mac(guest.userid,
                                                            nicdef.vdev)
        nic = machines.Nic(nicdef.vdev, member.mac_prefix + macid)
        messages = [f'NIC {nic.vdev} is created; devices {nic.vdev}-'
                    f'{int(nic.vdev, 16) + 2:04X} defined']
        if nicdef.switch:
            try:
                vlan = self._authorise(guest, nicdef.switch, nicdef)
                nic = dataclasses.replace(nic, switch=nicdef.switch,
                                          vlan=vlan)
                messages.append(f'NIC {nic.vdev} is connected to VSWITCH '
                                f'SYSTEM {nic.switch}')
            except errors.SmapiError as error:
                messages.append(_couple_refusal(nicdef, error))
        return guest.with_nic(nic).saying(messages)

    def _authorise(self, guest: machines.Guest, name: str,
                   nicdef: statements.Nicdef | None) -> int | None:
        """Return the VLAN with which the guest may couple to a switch."""
        switch = self._switches.get(guest.member, name)
        grant = self._switches.grant_of(switch, guest.userid)
        if grant is None and not (nicdef and self._directory_authority):
            raise errors.SmapiError(212, 8,
                                    'Image not authorized to connect')
        if not switch.vlan_aware:
            return None
        if grant and grant.vlans:
            return grant.vlans[0]
        if nicdef and nicdef.vlan:
            return nicdef.vlan
        return int(switch.vlan) if switch.vlan.isdigit() else None

    def _disk(self, disk: statements.Mdisk) -> machines.Disk:
        volume = self._dasd.volume(disk.volume)
        return machines.Disk(
            disk.vdev, disk.devtype, disk.size, disk.volume or 'V-DISK',
            disk.mode, volume.rdev if volume else 'VDSK')

    def _check_free(self, guest: machines.Guest, vdev: str) -> None:
        if vdev in guest.vdevs():
            raise errors.SmapiError(204, 4, 'Image device already exists')

    def _nic(self, guest: machines.Guest, vdev: str) -> machines.Nic:
        nic = guest.nic(vdev)
        if nic is None:
            raise errors.SmapiError(204, 8, 'Image device does not exist')
        return nic


def _chosen_mac(userid: str, vdev: str) -> str:
    return f'{zlib.crc32(f"{userid} {vdev}".encode()) & 0xFFFFFF:06X}'


def _couple_refusal(nicdef: statements.Nicdef,
                    error: errors.SmapiError) -> str:
    if (error.rc, error.rs) == (212, 40):
        return (f'HCPNDF2788E LAN SYSTEM {nicdef.switch} does not exist; '
                f'NIC {nicdef.vdev} is not connected')
    return ('HCPNDF6011E You are not authorized to COUPLE to SYSTEM '
            f'{nicdef.switch}; NIC {nicdef.vdev} is not connected')
