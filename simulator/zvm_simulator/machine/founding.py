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

"""The first start: what a new machine has, written from its scenario."""

import dataclasses
from typing import Any

from zvm_simulator.cp import members
from zvm_simulator.cp import vswitches
from zvm_simulator.directory import entries
from zvm_simulator.directory import statements
from zvm_simulator.disks import minidisks
from zvm_simulator.disks import scsi
from zvm_simulator.ground import errors
from zvm_simulator.ground import stores
from zvm_simulator import system as systems


@dataclasses.dataclass(frozen=True)
class Founded:
    """The mark of a machine that has started before."""

    at: float


def found(scenario: dict[str, Any], store: stores.Store,
          system: systems.System) -> None:
    """Fill an empty store; one that was filled stays as it is."""
    marks = stores.Table(store, 'founded', Founded)
    if len(marks):
        return
    with store.transaction():
        marks.put('machine', Founded(system.now))
        _add_volumes(scenario, system)
        for lun in scsi.luns(scenario['storage']):
            system.storage.add(lun)
        _add_directory(scenario, system)
        _add_switches(scenario, system)
        _log_on(scenario, system)


def _add_volumes(scenario: dict[str, Any], system: systems.System) -> None:
    for pool, item in scenario['pools'].items():
        for volume in item['volumes']:
            system.dasd.add_volume(minidisks.Volume(
                volume['name'], volume['model'], volume['size'], pool,
                tuple(volume['members'])))
    for volume in scenario['volumes']:
        system.dasd.add_volume(minidisks.Volume(
            volume['name'], volume['model'], volume['size'], '',
            tuple(volume['members'])))


def _add_directory(scenario: dict[str, Any], system: systems.System) -> None:
    for name, text in scenario['directory']['profiles'].items():
        system.directory.put(entries.Entry(
            name, tuple(text.splitlines()), profile=True))
    for name, text in scenario['directory']['users'].items():
        lines = tuple(text.splitlines())
        system.directory.put(entries.Entry(name, lines))
        for disk in statements.mdisks(lines):
            system.dasd.claim(minidisks.Minidisk(
                name, disk.vdev, disk.devtype, disk.volume, disk.start,
                disk.size))


def _add_switches(scenario: dict[str, Any], system: systems.System) -> None:
    for member in scenario['members']:
        for name, item in scenario['vswitches'].items():
            system.switches.create(vswitches.Vswitch(
                member['name'], name, vlan=str(item['vlan']),
                port_type=item['port_type'],
                real_devices=tuple(statements.vdev(device) for device in
                                   item['real_devices'])))


def _log_on(scenario: dict[str, Any], system: systems.System) -> None:
    """Log on the connectors, each at home, and the service machines.

    Those are at the first member, and at each if they are made for that.
    """
    for member in system.members.values():
        _log_on_at(member.connector, member, system)
    for member in system.members.values():
        for userid in scenario['directory']['logged_on']:
            entry = system.directory.find(userid)
            if not system.guests.anywhere(userid) or (
                    entry and entry.multiconfiguration):
                _log_on_at(userid, member, system)


def _log_on_at(userid: str, member: members.Member,
               system: systems.System) -> None:
    try:
        system.cp.logon(userid, member, system.now)
    except errors.CpError as error:
        raise errors.ScenarioError(
            f'members.{member.name}: {userid} cannot be logged on: {error}; '
            'give the member more of storage_mib, guest_storage_mib or '
            'overcommitment.')
