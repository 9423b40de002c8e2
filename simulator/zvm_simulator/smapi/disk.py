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

"""Calls about minidisks and the space that they are made of."""

from collections.abc import Callable

from zvm_simulator.disks import minidisks
from zvm_simulator.ground import errors
from zvm_simulator.smapi import calls

_DEVTYPES = ('3390', '9336')


def create_dm(call: calls.Call) -> str:
    """Add a minidisk of a group (-a AUTOG), -z cylinders or blocks."""
    vdev = call.vdev(call.option('v'))
    devtype = call.option('t').upper()
    kind = call.option('a').upper()
    size = call.number('z')
    mode = call.option('m', 'W').upper()
    if kind == 'V-DISK':
        call.system.dirmaint.add_virtual_disk(call.target, vdev, size, mode)
    elif kind != 'AUTOG' or devtype not in _DEVTYPES:
        raise calls.syntax(f'-a {kind} -t {devtype} is not simulated')
    else:
        call.system.dirmaint.add_disk(
            call.target, vdev, devtype, call.option('r').upper(), size, mode)
    return ''


def delete_dm(call: calls.Call) -> str:
    """Remove a minidisk that its owner, if logged on, does not use."""
    vdev = call.vdev(call.option('v'))
    guest = call.system.guests.find(call.target)
    if guest and guest.disk(vdev):
        raise errors.SmapiError(408, 12, 'Image device is locked')
    call.system.dirmaint.remove_disk(call.target, vdev)
    return ''


def create(call: calls.Call) -> str:
    """Give a running guest a disk of its directory entry."""
    call.system.cp.add_disk(call.target, call.vdev(call.option('v')),
                            call.option('m', 'W').upper())
    return ''


def delete(call: calls.Call) -> str:
    call.system.cp.remove_disk(call.target, call.vdev(call.option('v')))
    return ''


def query(call: calls.Call) -> str:
    """Return the disks of a running guest."""
    guest = call.system.guests.get(call.target)
    wanted = call.key('vdasd_id', 'all')
    lines = []
    for disk in guest.disks:
        if wanted.upper() in ('ALL', disk.vdev):
            units = 'CYL' if disk.devtype == '3390' else 'BLK'
            lines += [f'DASD VDEV: {disk.vdev}', f'  RDEV: {disk.rdev}',
                      f'  Access type: {disk.access}',
                      f'  Device type: {disk.model}',
                      f'  Device size: {disk.size}',
                      f'  Device units: {units}',
                      f'  Device volume label: {disk.label}', '']
    return '\n'.join(lines)


def volume_space_query(call: calls.Call) -> str:
    """Tell of volumes (-e 1) or groups (-e 3), by name or all (*).

    -q 1 asks for the definition, 2 for free and 3 for used space.
    smtLayer/getHost.py getDiskPoolSpace takes the group from word 5, or
    from word 8 of lines of nine, type and size from words 2 and 4.
    """
    report = _REPORTS.get((call.option('q'), call.option('e')))
    if report is None:
        raise calls.syntax('-q or -e')
    lines: list[str] = []
    for name in call.option('n').upper().split():
        lines += report(call.system.dasd, name)
    return ''.join(f'{line}\n' for line in lines)


def _pool_volumes(dasd: minidisks.Dasd, name: str) -> list[minidisks.Volume]:
    return [volume for volume in dasd.volumes()
            if volume.pool and name in ('*', volume.pool)]


def _volumes(dasd: minidisks.Dasd, name: str) -> list[minidisks.Volume]:
    return [volume for volume in dasd.volumes()
            if name in ('*', volume.name)]


def _defined_volumes(dasd: minidisks.Dasd, name: str) -> list[str]:
    return [f'{volume.name} {volume.model} {volume.size}'
            for volume in _volumes(dasd, name)]


def _defined_pools(dasd: minidisks.Dasd, name: str) -> list[str]:
    return [' '.join([pool] + [volume.name for volume in dasd.volumes(pool)])
            for pool in dasd.pools() if name in ('*', pool)]


def _free(dasd: minidisks.Dasd, volumes: list[minidisks.Volume]) -> list[str]:
    return [f'{volume.name} {volume.model} {start} {size} {volume.pool} '
            f'{volume.name}'.replace('  ', ' ')
            for volume in volumes for start, size in dasd.free(volume)]


def _used(dasd: minidisks.Dasd, volumes: list[minidisks.Volume]) -> list[str]:
    return [f'{volume.name} {volume.model} {disk.start} {disk.size} '
            f'{disk.end} {disk.userid} {disk.vdev} {volume.pool} '
            f'{volume.name}'.replace('  ', ' ')
            for volume in volumes for disk in dasd.used(volume)]


_REPORTS: dict[tuple[str, str],
               Callable[[minidisks.Dasd, str], list[str]]] = {
    ('1', '1'): _defined_volumes, ('1', '3'): _defined_pools,
    ('2', '1'): lambda dasd, name: _free(dasd, _volumes(dasd, name)),
    ('3', '1'): lambda dasd, name: _used(dasd, _volumes(dasd, name)),
    ('2', '3'): lambda dasd, name: _free(dasd, _pool_volumes(dasd, name)),
    ('3', '3'): lambda dasd, name: _used(dasd, _pool_volumes(dasd, name))}

APIS: dict[str, calls.Api] = {
    'Image_Disk_Create_DM': create_dm,
    'Image_Disk_Delete_DM': delete_dm,
    'Image_Disk_Create': create,
    'Image_Disk_Delete': delete,
    'Image_Disk_Query': query,
    'Image_Volume_Space_Query_DM': volume_space_query,
}
