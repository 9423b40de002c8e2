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

from zvm_simulator.cp import fabrics
from zvm_simulator.cp import links
from zvm_simulator.cp import machines
from zvm_simulator.cp import members
from zvm_simulator.cp import program
from zvm_simulator.cp import realdevices
from zvm_simulator.cp import spools
from zvm_simulator.cp import vswitches
from zvm_simulator.directory import dirmaint
from zvm_simulator.directory import entries
from zvm_simulator.directory import namelist
from zvm_simulator.disks import either
from zvm_simulator.disks import minidisks
from zvm_simulator.disks import scsi
from zvm_simulator.ground import clocks
from zvm_simulator.ground import latency
from zvm_simulator.ground import stores
from zvm_simulator.linux import boot
from zvm_simulator.ssi import eligibility
from zvm_simulator.ssi import relocation


@dataclasses.dataclass
class System:
    """Everything that commands work on."""

    clock: clocks.Clock
    ssi: str
    members: dict[str, members.Member]
    directory: entries.Directory
    dasd: minidisks.Dasd
    dirmaint: dirmaint.Dirmaint
    switches: vswitches.Vswitches
    spool: spools.Spool
    namelists: namelist.NameLists
    links: links.Links
    guests: machines.Guests
    devices: realdevices.RealDevices
    storage: scsi.Storage
    fabric: fabrics.Fabric
    cp: program.Cp
    guestos: boot.GuestOs
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
    directory = entries.Directory(store)
    dasd = minidisks.Dasd(store)
    switches = vswitches.Vswitches(store)
    spool = spools.Spool(store)
    guests = machines.Guests(store)
    systems = {item['name']: members.from_scenario(item)
               for item in scenario['members']}
    devices = realdevices.RealDevices(store, systems, guests, switches)
    storage = scsi.Storage(store, scsi.targets(scenario['storage']))
    fabric = fabrics.Fabric(devices, storage)
    timing = scenario['timing']
    cp = program.Cp(directory, dasd, guests, switches, devices,
                    timing['logoff'],
                    scenario['directory']['network_authorization'])
    linux = scenario['linux']
    checks = eligibility.Eligibility(cp, directory, dasd, switches,
                                     scenario['relocation_domains'])
    return System(
        clock, scenario.get('ssi') or '', systems, directory, dasd,
        dirmaint.Dirmaint(directory, dasd, timing['directory_delete']),
        switches, spool, namelist.NameLists(store), links.Links(store),
        guests, devices, storage, fabric, cp,
        boot.GuestOs(cp, directory, either.Disks(dasd, storage), fabric,
                     spool, latencies,
                     tuple(linux['authorized_senders'])),
        relocation.Relocations(store, guests, systems, checks,
                               timing['relocation'], timing['quiesce']))
