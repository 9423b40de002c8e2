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

"""The logged-on guests: what CP holds of each while it runs.

A logged-on guest is made from its directory entry once, at logon; what is
changed in the directory afterwards takes effect at the next one, and what
is changed here is gone by then.

In an SSI cluster a userid is logged on at one member at a time, but that a
multiconfiguration virtual machine (IDENTITY) may be at each.
"""

from collections.abc import Iterable
import copy
import dataclasses

from zvm_simulator.directory import statements
from zvm_simulator.ground import errors
from zvm_simulator.ground import stores

CONSOLE_LINES = 2000


@dataclasses.dataclass(frozen=True)
class Nic:
    """A network adapter; switch is what it is coupled to now."""

    vdev: str
    mac: str
    switch: str = ''
    vlan: int | None = None

    @property
    def vdevs(self) -> list[str]:
        """The three device numbers of the adapter."""
        first = int(self.vdev, 16)
        return [f'{first + item:04X}' for item in range(3)]


@dataclasses.dataclass(frozen=True)
class Disk:
    """A minidisk that the guest has; rdev is the volume's device number."""

    vdev: str
    devtype: str
    size: int
    volume: str
    mode: str
    rdev: str = ''

    @property
    def model(self) -> str:
        """The device type that a virtual machine sees."""
        return '3390' if self.devtype == '3390' else '9336'

    @property
    def label(self) -> str:
        return '(VDSK)' if self.volume == 'V-DISK' else self.volume

    @property
    def access(self) -> str:
        return 'R/O' if self.mode.startswith('R') else 'R/W'


@dataclasses.dataclass(frozen=True)
class Linux:
    """The operating system: 'booting' until ready_at, 'up' or 'down'.

    processors are the addresses that it has online, offline those that it
    knows and does not use; mounts says which file system is at which place,
    activation_status is that of the activation engine's last run.
    """

    state: str = 'down'
    ready_at: float = 0.0
    hostname: str = ''
    os_version: str = ''
    processors: tuple[int, ...] = ()
    offline: tuple[int, ...] = ()
    storage_mib: int = 0
    boots: int = 0
    activation_status: int = 0
    mounts: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a guest had used at a moment: at is that moment."""

    at: float = 0.0
    cpu_us: int = 0
    nic_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class Settings:
    """What CP was told of a virtual machine beside its devices.

    mode is that of SET VCONFIG, domain the relocation domain,
    pci_functions the real ones by virtual number.
    """

    privileges: str = 'G'
    account: str = ''
    share: str = 'RELATIVE 100'
    ipl_operands: str = ''
    mode: str = 'ESA390'
    cpu_pool: str = ''
    domain: str = ''
    pci_functions: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def processor_type(self) -> str:
        return 'IFL' if self.mode == 'LINUX' else 'CP'


@dataclasses.dataclass(frozen=True)
class Guest:
    """A logged-on virtual machine.

    Storage is online (storage_mib), standby, or reserved: what the
    operating system may bring online, and what CP may make standby.
    """

    userid: str
    member: str
    since: float
    storage_mib: int
    processors: tuple[int, ...]
    ipl: str = ''
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    dedicated: dict[str, str] = dataclasses.field(default_factory=dict)
    loaddev: statements.Loaddev = statements.Loaddev()
    standby_mib: int = 0
    reserved_mib: int = 0
    maximum_mib: int = 0
    maximum_processors: int = 64
    settings: Settings = Settings()
    usage: Usage = Usage()
    paused_at: float | None = None
    leaving_at: float | None = None
    console: tuple[str, ...] = ()
    linux: Linux = Linux()
    multiconfiguration: bool = False

    @property
    def key(self) -> str:
        """What no other logged-on guest of the cluster is called."""
        return f'{self.userid} AT {self.member}' if (
            self.multiconfiguration) else self.userid

    def nic(self, vdev: str) -> Nic | None:
        return next((nic for nic in self.nics if nic.vdev == vdev), None)

    def disk(self, vdev: str) -> Disk | None:
        return next((disk for disk in self.disks if disk.vdev == vdev), None)

    def vdevs(self) -> set[str]:
        """Return the device numbers in use, three for each adapter."""
        found = {disk.vdev for disk in self.disks} | set(self.dedicated)
        return found.union(*(nic.vdevs for nic in self.nics))

    def with_nic(self, nic: Nic) -> 'Guest':
        """Return the guest with an adapter added or replaced."""
        others = tuple(item for item in self.nics if item.vdev != nic.vdev)
        return dataclasses.replace(self, nics=tuple(sorted(
            others + (nic,), key=lambda item: item.vdev)))

    def without_disk(self, vdev: str) -> 'Guest':
        """Return the guest without a disk and what was mounted of it."""
        mounts = {place: used for place, used in self.linux.mounts.items()
                  if used != vdev}
        return dataclasses.replace(
            self, linux=dataclasses.replace(self.linux, mounts=mounts),
            disks=tuple(disk for disk in self.disks if disk.vdev != vdev))

    def saying(self, lines: Iterable[str]) -> 'Guest':
        """Return the guest with lines written on its console."""
        console = self.console + tuple(lines)
        return dataclasses.replace(self, console=console[-CONSOLE_LINES:])


class Guests:
    """The logged-on guests of all members, or as one member knows them."""

    def __init__(self, store: stores.Store) -> None:
        self._member = ''
        self._of_member: dict[str, dict[str, Guest]] = {}
        self._coupled: dict[str, dict[tuple[str, str], Nic]] = {}
        self._waiting: set[str] = set()
        self._attached: dict[str, tuple[str, str]] = {}
        self._guests = stores.Table(store, 'guest', Guest, self._index)

    def at(self, member: str) -> 'Guests':
        """Return the guests as a member's own CP finds them."""
        view = copy.copy(self)
        view._member = member
        return view

    def find(self, userid: str) -> Guest | None:
        """Return a guest that is logged on here."""
        if self._member:
            return self._of_member.get(self._member, {}).get(userid)
        return self.anywhere(userid)

    def anywhere(self, userid: str) -> Guest | None:
        """Return a guest that is logged on at any member."""
        return self._guests.get(userid) or next(
            (guests[userid] for guests in self._of_member.values()
             if userid in guests), None)

    def get(self, userid: str) -> Guest:
        guest = self.find(userid)
        if guest is None:
            raise errors.SmapiError(200, 12, 'Image not active')
        return guest

    def of_member(self, member: str) -> list[Guest]:
        return list(self._of_member.get(member, {}).values())

    def all(self) -> list[Guest]:
        return self._guests.values()

    def waiting(self) -> list[Guest]:
        """Return the guests that simulated time will change."""
        found = [self._guests.get(key) for key in sorted(self._waiting)]
        return [guest for guest in found if guest]

    def coupled(self, member: str, switch: str) -> list[tuple[str, Nic]]:
        """Return userid and adapter of all that is coupled to a switch."""
        found = self._coupled.get(f'{member}.{switch}', {})
        return [(userid, nic) for (userid, _), nic in sorted(
            found.items(), key=lambda item: item[0])]

    def attached(self, member: str, real: str) -> tuple[str, str] | None:
        """Return userid and device number that have a real device."""
        return self._attached.get(f'{member}.{real}')

    def put(self, guest: Guest) -> Guest:
        self._guests.put(guest.key, guest)
        return guest

    def remove(self, guest: Guest) -> None:
        self._guests.remove(guest.key)

    def _index(self, old: Guest | None, new: Guest | None) -> None:
        if old:
            self._of_member[old.member].pop(old.userid, None)
            self._waiting.discard(old.key)
            for real in old.dedicated.values():
                self._attached.pop(f'{old.member}.{real}', None)
            for nic in old.nics:
                ports = self._coupled.get(f'{old.member}.{nic.switch}', {})
                ports.pop((old.userid, nic.vdev), None)
        if new:
            self._of_member.setdefault(new.member, {})[new.userid] = new
            if new.leaving_at is not None or new.linux.state == 'booting':
                self._waiting.add(new.key)
            for vdev, real in new.dedicated.items():
                self._attached[f'{new.member}.{real}'] = (new.userid, vdev)
            for nic in new.nics:
                if nic.switch:
                    self._coupled.setdefault(f'{new.member}.{nic.switch}', {})[
                        new.userid, nic.vdev] = nic
