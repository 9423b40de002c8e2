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
"""

from collections.abc import Iterable
import dataclasses

from nova_zvm.simulator import errors
from nova_zvm.simulator import store as stores

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
    """A minidisk that the guest has."""

    vdev: str
    devtype: str
    size: int
    volume: str
    mode: str


@dataclasses.dataclass(frozen=True)
class Linux:
    """The operating system: 'booting' until ready_at, 'up' or 'down'.

    processors are the addresses that it has online, mounts says which file
    system is at which place.
    """

    state: str = 'down'
    ready_at: float = 0.0
    hostname: str = ''
    os_version: str = ''
    processors: tuple[int, ...] = ()
    storage_mib: int = 0
    boots: int = 0
    mounts: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Guest:
    """A logged-on virtual machine."""

    userid: str
    member: str
    since: float
    storage_mib: int
    processors: tuple[int, ...]
    ipl: str = ''
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    dedicated: dict[str, str] = dataclasses.field(default_factory=dict)
    standby_mib: int = 0
    paused_at: float | None = None
    leaving_at: float | None = None
    console: tuple[str, ...] = ()
    linux: Linux = Linux()

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

    def saying(self, lines: Iterable[str]) -> 'Guest':
        """Return the guest with lines written on its console."""
        console = self.console + tuple(lines)
        return dataclasses.replace(self, console=console[-CONSOLE_LINES:])


class Guests:
    """The logged-on guests of all members."""

    def __init__(self, store: stores.Store) -> None:
        self._of_member: dict[str, dict[str, Guest]] = {}
        self._coupled: dict[str, dict[tuple[str, str], Nic]] = {}
        self._waiting: set[str] = set()
        self._guests = stores.Table(store, 'guest', Guest, self._index)

    def find(self, userid: str) -> Guest | None:
        return self._guests.get(userid)

    def get(self, userid: str) -> Guest:
        guest = self._guests.get(userid)
        if guest is None:
            raise errors.SmapiError(200, 12, 'Image not active')
        return guest

    def of_member(self, member: str) -> list[Guest]:
        return list(self._of_member.get(member, {}).values())

    def all(self) -> list[Guest]:
        return self._guests.values()

    def waiting(self) -> list[Guest]:
        """Return the guests that simulated time will change."""
        return [self.get(userid) for userid in sorted(self._waiting)]

    def coupled(self, member: str, switch: str) -> list[tuple[str, Nic]]:
        """Return userid and adapter of all that is coupled to a switch."""
        found = self._coupled.get(f'{member}.{switch}', {})
        return [(userid, nic) for (userid, _), nic in sorted(
            found.items(), key=lambda item: item[0])]

    def put(self, guest: Guest) -> Guest:
        self._guests.put(guest.userid, guest)
        return guest

    def remove(self, userid: str) -> None:
        self._guests.remove(userid)

    def _index(self, old: Guest | None, new: Guest | None) -> None:
        if old:
            self._of_member[old.member].pop(old.userid, None)
            self._waiting.discard(old.userid)
            for nic in old.nics:
                ports = self._coupled.get(f'{old.member}.{nic.switch}', {})
                ports.pop((old.userid, nic.vdev), None)
        if new:
            self._of_member.setdefault(new.member, {})[new.userid] = new
            if new.leaving_at is not None or new.linux.state == 'booting':
                self._waiting.add(new.userid)
            for nic in new.nics:
                if nic.switch:
                    self._coupled.setdefault(f'{new.member}.{nic.switch}', {})[
                        new.userid, nic.vdev] = nic
