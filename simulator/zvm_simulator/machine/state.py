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

"""The whole state as plain data, for people and for tests that compare."""

from typing import Any

from zvm_simulator.cp import machines
from zvm_simulator.cp import members
from zvm_simulator.cp import metering
from zvm_simulator.disks import minidisks
from zvm_simulator.ground import codec
from zvm_simulator.linux import netconfig
from zvm_simulator import system as systems


def of(system: systems.System) -> dict[str, Any]:
    """Return the state of all members as JSON data."""
    return {
        'time': system.now,
        'ssi': system.ssi,
        'members': {name: _member(system, name) for name in system.members},
        'directory': {entry.userid: _entry(entry)
                      for entry in system.directory.entries()},
        'pools': {pool: _pool(system, pool) for pool in system.dasd.pools()},
        'storage': _storage(system),
        'guests': {guest.key: _guest(system, guest)
                   for guest in system.guests.all()},
        'spool': _spool(system),
        'namelists': {found.name: list(found.userids)
                      for found in system.namelists.all()},
        'links': codec.encode(system.links.all()),
        'relocations': codec.encode(system.relocations.all()),
    }


def _member(system: systems.System, name: str) -> dict[str, Any]:
    member = system.members[name]
    guests = system.guests.of_member(name)
    return {
        'connector': member.connector,
        'release': member.release,
        'processors': member.processors,
        'storage_mib': member.storage_mib,
        'guests': sorted(guest.userid for guest in guests),
        'promised_mib': sum(guest.storage_mib for guest in guests),
        'pages_in_use': metering.used_pages(member, guests),
        'vswitches': {switch.name: _switch(system, name, switch.name)
                      for switch in system.switches.of_member(name)},
        'fcp_devices': _devices(system, member, 'FCP'),
        'osa_devices': _devices(system, member, 'OSA'),
        'eqids': member.eqids,
    }


def _devices(system: systems.System, member: members.Member,
             kind: str) -> list[dict[str, Any]]:
    found = []
    for device in member.of_kind(kind):
        holder = system.devices.holder(member.name, device.address)
        offline = system.devices.is_offline(member.name, device.address)
        status = 'attached' if holder else 'free'
        found.append({
            **codec.encode(device), 'status': 'offline' if offline else status,
            'owner': holder.userid if holder else '',
            'vdev': holder.vdev if holder else ''})
    return found


def _storage(system: systems.System) -> dict[str, Any]:
    data = {target.name: {**codec.encode(target), 'luns': {}}
            for target in system.storage.targets()}
    for lun in system.storage.luns():
        data[lun.target]['luns'][lun.lun] = {
            'wwid': lun.wwid, 'blocks': lun.size,
            'image': codec.encode(lun.content.image),
            'files': sorted(lun.content.files)}
    return data


def _switch(system: systems.System, member: str,
            name: str) -> dict[str, Any]:
    switch = system.switches.get(member, name)
    return {
        'vlan': switch.vlan,
        'port_type': switch.port_type,
        'real_devices': list(switch.real_devices),
        'grants': {grant.userid: list(grant.vlans)
                   for grant in system.switches.grants(switch)},
        'ports': [{'userid': userid, **codec.encode(nic)}
                  for userid, nic in system.guests.coupled(member, name)],
    }


def _entry(entry: Any) -> dict[str, Any]:
    return {'text': entry.text, 'profile': entry.profile,
            'locked_by': entry.locked_by,
            'going_away': entry.gone_at is not None}


def _pool(system: systems.System, pool: str) -> dict[str, Any]:
    volumes = {volume.name: _volume(system, volume)
               for volume in system.dasd.volumes(pool)}
    return {
        'volumes': volumes,
        'free': sum(volume['free'] for volume in volumes.values()),
        'used': sum(volume['used'] for volume in volumes.values()),
    }


def _volume(system: systems.System, volume: minidisks.Volume) -> dict[str,
                                                                      Any]:
    used = system.dasd.used(volume)
    free = system.dasd.free(volume)
    return {
        'model': volume.model,
        'rdev': volume.rdev,
        'size': volume.size,
        'free': sum(size for _, size in free),
        'used': sum(disk.size for disk in used),
        'free_extents': [list(extent) for extent in free],
        'used_extents': [_disk(disk) for disk in used],
    }


def _disk(disk: minidisks.Minidisk) -> dict[str, Any]:
    content = disk.content
    return {
        'userid': disk.userid, 'vdev': disk.vdev, 'start': disk.start,
        'size': disk.size, 'layout': content.layout,
        'filesystem': content.filesystem,
        'filesystem_size': content.filesystem_size,
        'partition_size': content.partition_size,
        'image': codec.encode(content.image),
    }


def _guest(system: systems.System, guest: machines.Guest) -> dict[str, Any]:
    data: dict[str, Any] = codec.encode(guest)
    root = system.guestos.root(guest.userid)
    files = root.content.files if root else {}
    data['status'] = _status(guest)
    data['linux']['networks'] = netconfig.interfaces(files)
    data['linux']['volumes'] = system.guestos.volumes(guest.userid)
    data['linux']['authorized'] = system.guestos.authorised(guest.userid)
    data['linux']['files'] = sorted(files)
    data['linux']['config_drive'] = system.guestos.drive_names(guest.userid)
    return data


def _status(guest: machines.Guest) -> str:
    if guest.leaving_at is not None:
        return 'logoff pending'
    return 'paused' if guest.paused_at is not None else 'running'


def _spool(system: systems.System) -> dict[str, list[dict[str, Any]]]:
    readers: dict[str, list[dict[str, Any]]] = {}
    for file in system.spool.all_files():
        data = codec.encode(file)
        del data['blob']
        readers.setdefault(file.owner, []).append(data)
    return {owner: sorted(files, key=lambda file: file['spoolid'])
            for owner, files in sorted(readers.items())}
