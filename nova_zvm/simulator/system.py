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

"""The parts of the simulated machine, put together once."""

import dataclasses
from typing import Any

from nova_zvm.simulator import clock as clocks
from nova_zvm.simulator import cp as cps
from nova_zvm.simulator import dasd as dasds
from nova_zvm.simulator import directory as directories
from nova_zvm.simulator import dirmaint as managers
from nova_zvm.simulator import disks
from nova_zvm.simulator import eligibility
from nova_zvm.simulator import fabric as fabrics
from nova_zvm.simulator import guestos
from nova_zvm.simulator import guests as logons
from nova_zvm.simulator import latency
from nova_zvm.simulator import links
from nova_zvm.simulator import members
from nova_zvm.simulator import namelist
from nova_zvm.simulator import realdevices
from nova_zvm.simulator import relocation
from nova_zvm.simulator import spool as spools
from nova_zvm.simulator import storage as storages
from nova_zvm.simulator import store as stores
from nova_zvm.simulator import vswitch as vswitches


@dataclasses.dataclass
class System:
    """Everything that commands work on."""

    clock: clocks.Clock
    ssi: str
    members: dict[str, members.Member]
    directory: directories.Directory
    dasd: dasds.Dasd
    dirmaint: managers.Dirmaint
    switches: vswitches.Vswitches
    spool: spools.Spool
    namelists: namelist.NameLists
    links: links.Links
    guests: logons.Guests
    devices: realdevices.RealDevices
    storage: storages.Storage
    fabric: fabrics.Fabric
    cp: cps.Cp
    guestos: guestos.GuestOs
    relocations: relocation.Relocations

    @property
    def now(self) -> float:
        return self.clock.now()

    def at(self, member: str) -> 'System':
        """Return the system as a member's CP has it: its guests are there."""
        cp = self.cp.at(member)
        return dataclasses.replace(self, guests=cp.guests, cp=cp,
                                   devices=cp.devices,
                                   guestos=self.guestos.under(cp))

    def pass_time(self) -> None:
        """Do what has become due."""
        now = self.now
        self.dirmaint.finish_deletions(now)
        self.cp.finish_logoffs(now)
        self.guestos.finish_boots(now)
        self.relocations.finish(now)

    def is_due(self) -> bool:
        """Tell whether time may have anything to change."""
        return bool(self.guests.waiting() or self.directory.due(self.now) or
                    self.relocations.due(self.now))


def build(scenario: dict[str, Any], store: stores.Store,
          clock: clocks.Clock, latencies: latency.Latency) -> System:
    """Put a system together on what the store holds."""
    directory = directories.Directory(store)
    dasd = dasds.Dasd(store)
    switches = vswitches.Vswitches(store)
    spool = spools.Spool(store)
    guests = logons.Guests(store)
    systems = {item['name']: members.from_scenario(item)
               for item in scenario['members']}
    devices = realdevices.RealDevices(store, systems, guests, switches)
    storage = storages.Storage(store, storages.targets(scenario['storage']))
    fabric = fabrics.Fabric(devices, storage)
    timing = scenario['timing']
    cp = cps.Cp(directory, dasd, guests, switches, devices, timing['logoff'],
                scenario['directory']['network_authorization'])
    linux = scenario['linux']
    checks = eligibility.Eligibility(cp, directory, dasd, switches,
                                     scenario['relocation_domains'])
    return System(
        clock, scenario.get('ssi') or '', systems, directory, dasd,
        managers.Dirmaint(directory, dasd, timing['directory_delete']),
        switches, spool, namelist.NameLists(store), links.Links(store),
        guests, devices, storage, fabric, cp,
        guestos.GuestOs(cp, directory, disks.Disks(dasd, storage), fabric,
                        spool, latencies,
                        tuple(linux['authorized_senders'])),
        relocation.Relocations(store, guests, systems, checks,
                               timing['relocation'], timing['quiesce']))
