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

"""Whether a guest can be relocated to another member, and what it is there.

CP tells all that is in the way at once, each thing by a message. The
connector shows their numbers and itself knows 0045 and 1926 alone
(smtLayer/migrateVM.py).
"""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses

from zvm_simulator.cp import machines
from zvm_simulator.cp import members
from zvm_simulator.cp import metering
from zvm_simulator.cp import program
from zvm_simulator.cp import vswitches
from zvm_simulator.directory import entries
from zvm_simulator.directory import statements
from zvm_simulator.disks import minidisks
from zvm_simulator.ground import errors

NOT_RELOCATABLE = 'HCP1940E'
MULTICONFIGURATION = 'HCP1823E'
STORAGE = 'HCP1813E'
DOMAIN = 'HCP1944E'
LOCAL_MINIDISK = 'HCP1996E'
NO_EQID = 'HCP1982E'
# With these CP says the same of other commands.
NO_SUCH_SWITCH = 'HCP2788E'
NOT_AUTHORIZED = 'HCP6011E'
# Not CP's numbers, as far as known: it has others for this.
NOT_ENABLED = 'HCP1941E'
NO_CHPIDV_ONE = 'HCP1963E'
OTHER_SWITCH = 'HCP1983E'
NO_EQUIVALENT = 'HCP1984E'


@dataclasses.dataclass(frozen=True)
class Route:
    """A guest on its way between members; force lifts some checks."""

    guest: machines.Guest
    source: members.Member
    destination: members.Member
    force: Collection[str] = ()

    @property
    def guest_there(self) -> machines.Guest:
        return dataclasses.replace(self.guest, member=self.destination.name)


class Eligibility:
    """The checks before a relocation; domains are members by name."""

    def __init__(self, cp: program.Cp, directory: entries.Directory,
                 dasd: minidisks.Dasd, switches: vswitches.Vswitches,
                 domains: Mapping[str, Collection[str]]) -> None:
        self._cp = cp
        self._directory = directory
        self._dasd = dasd
        self._switches = switches
        self._domains = domains

    def reasons(self, route: Route) -> list[str]:
        """Return the messages of all that is in the way, each once."""
        found = [*self._of_definition(route), *self._of_storage(route),
                 *self._of_disks(route), *self._of_adapters(route),
                 *self._of_devices(route)]
        return list(dict.fromkeys(found))

    def moved(self, route: Route) -> machines.Guest:
        """Return an eligible guest as it is at its destination."""
        guest = route.guest_there
        for nic in guest.nics:
            if nic.switch:
                guest = guest.with_nic(dataclasses.replace(
                    nic, vlan=self._cp.authority(guest, nic.vdev,
                                                 nic.switch)))
        dedicated = dict(guest.dedicated)
        for vdev, device, equivalents in self._equivalents(route):
            dedicated[vdev] = equivalents[0]
        return dataclasses.replace(guest, dedicated=dedicated)

    def _of_definition(self, route: Route) -> Iterator[str]:
        entry = self._directory.get(route.guest.userid)
        lines = self._directory.statements(entry)
        allowed, domain = statements.relocation(lines)
        if entry.multiconfiguration:
            yield MULTICONFIGURATION
        if not allowed:
            yield NOT_ENABLED
        if not statements.has_one_chpid(lines):
            yield NO_CHPIDV_ONE
        if not self._in_domain(route, domain):
            yield DOMAIN

    def _in_domain(self, route: Route, domain: str) -> bool:
        """Each member is a domain, too; SSI is all of them.

        Out of it, a system of an earlier release lacks what the guest may
        use, and needs to be forced upon it as well.
        """
        there = route.destination.name
        if domain == 'SSI' or there in self._domains.get(domain, (domain,)):
            return True
        earlier = _level(route.destination) < _level(route.source)
        return 'DOMAIN' in route.force and (
            not earlier or 'ARCHITECTURE' in route.force)

    def _of_storage(self, route: Route) -> Iterator[str]:
        there = self._cp.guests.of_member(route.destination.name)
        needed = route.guest.storage_mib + route.guest.standby_mib
        if 'STORAGE' not in route.force and needed > metering.free_mib(
                route.destination, there):
            yield STORAGE

    def _of_disks(self, route: Route) -> Iterator[str]:
        entry = self._directory.get(route.guest.userid)
        volumes = [disk.volume for disk in route.guest.disks]
        links = statements.words_of(self._directory.statements(entry), 'LINK')
        for words in links:
            disk = self._dasd.minidisk(' '.join(words[1:2]).upper(),
                                       ' '.join(words[2:3]).upper().zfill(4))
            volumes += [disk.volume] if disk else []
        for name in volumes:
            volume = self._dasd.volume(name)
            if volume and not volume.is_at(route.destination.name):
                yield LOCAL_MINIDISK

    def _of_adapters(self, route: Route) -> Iterator[str]:
        for nic in route.guest.nics:
            if not nic.switch:
                continue
            try:
                self._cp.authority(route.guest_there, nic.vdev, nic.switch)
            except errors.SmapiError as error:
                missing = (error.rc, error.rs) == (212, 40)
                yield NO_SUCH_SWITCH if missing else NOT_AUTHORIZED
                continue
            yield from self._of_switch(route, nic.switch)

    def _of_switch(self, route: Route, name: str) -> Iterator[str]:
        """Switches are equivalent if they reach the same network."""
        here = self._switches.get(route.source.name, name)
        there = self._switches.get(route.destination.name, name)
        eqids = {route.source.eqid(device) for device in here.uplinks}
        if '' in eqids:
            yield NO_EQID
        elif (eqids and not eqids & {route.destination.eqid(device)
                                     for device in there.uplinks}) or (
                here.transport, here.vlan_aware) != (
                there.transport, there.vlan_aware):
            yield OTHER_SWITCH

    def _of_devices(self, route: Route) -> Iterator[str]:
        for vdev, device, equivalents in self._equivalents(route):
            if not route.source.eqid(device):
                yield NO_EQID
            elif not equivalents:
                yield NO_EQUIVALENT

    def _equivalents(self, route: Route) -> Iterator[
            tuple[str, str, list[str]]]:
        """Yield each dedicated device with what could stand for it there.

        The device of the same number comes first; none is offered twice.
        """
        taken: set[str] = set()
        for vdev, device in sorted(route.guest.dedicated.items()):
            found = [item for item in self._alike(route, device)
                     if item not in taken]
            found.sort(key=lambda item: item != device)
            taken.update(found[:1])
            yield vdev, device, found

    def _alike(self, route: Route, device: str) -> Iterator[str]:
        """Yield the free devices there that have a device's EQID."""
        eqid = route.source.eqid(device)
        there = route.destination
        here = self._cp.devices.find(route.source.name, device)
        for item in there.of_kind(here.kind) if here else ():
            if eqid and there.eqid(item.address) == eqid and (
                    self._cp.devices.is_free(there.name, item.address)):
                yield item.address


def _level(member: members.Member) -> list[int]:
    return [int(number) for number in member.release.split('.')]
