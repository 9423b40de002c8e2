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

"""Disks as a guest's Linux tells of them.

df, readlink, /proc/dasd/devices and lszdev, for the disks that the guest has
at this moment.
"""

import re

from zvm_simulator.cp import devicenames
from zvm_simulator.cp import machines
from zvm_simulator.disks import minidisks

_BY_PATH = re.compile(r'^/dev/disk/by-path/ccw-0\.0\.([0-9a-f]{4})(-part1)?$')


def df(guest: machines.Guest, dasd: minidisks.Dasd) -> str:
    """Tell the mounted file systems that have a place."""
    lines = ['Filesystem     1K-blocks    Used Available Use% Mounted on']
    nodes = {disk.vdev: f'/dev/{name}1' for name, disk in
             devicenames.of(guest).items()}
    for place, vdev in guest.linux.mounts.items():
        disk = dasd.minidisk(guest.userid, vdev)
        if disk and place.startswith('/'):
            size = (disk.content.filesystem_size *
                    minidisks.UNIT_BYTES.get(disk.devtype, 512) // 1024)
            used = size // 4
            lines.append(f'{nodes[vdev]:<14} {size:9} {used:7} '
                         f'{size - used:9} {used * 100 // size:3}% {place}')
    return _text(lines)


def read_link(guest: machines.Guest, path: str) -> str:
    """readlink -f: the names below by-path lead to those of the kernel."""
    found = _BY_PATH.match(path)
    if found:
        for name, disk in devicenames.of(guest).items():
            if disk.vdev == found[1].upper():
                return f'/dev/{name}{"1" if found[2] else ""}\n'
    return f'{path}\n'


def dasd_devices(guest: machines.Guest, wanted: str) -> str:
    """Return the lines of /proc/dasd/devices with a text in them."""
    lines = []
    for number, (name, disk) in enumerate(devicenames.of(guest).items()):
        eckd = disk.devtype == '3390'
        size = 4096 if eckd else 512
        blocks = disk.size * minidisks.UNIT_BYTES[disk.model] // size
        lines.append(
            f'0.0.{disk.vdev.lower()}({"ECKD" if eckd else "FBA "}) at ( 94:'
            f'{number * 4:6}) is {name:<7}: active at blocksize: {size}, '
            f'{blocks} blocks, {blocks * size >> 20} MB')
    return _text([line for line in lines if wanted.lower() in line.lower()])


def channel_devices(guest: machines.Guest) -> str:
    """lszdev: disks and adapters, all of them online."""
    lines = ['TYPE         ID                          ON   PERS  NAMES']
    for name, disk in devicenames.of(guest).items():
        kind = 'dasd-eckd' if disk.devtype == '3390' else 'dasd-fba'
        lines.append(f'{kind:<12} 0.0.{disk.vdev.lower():<24}yes  yes   '
                     f'{name}')
    for nic in guest.nics:
        first = int(nic.vdev, 16)
        group = ':'.join(f'0.0.{first + item:04x}' for item in range(3))
        lines.append(f'qeth         {group:<28}yes  yes   '
                     f'enc{nic.vdev.lower()}')
    return _text(lines)


def _text(lines: list[str]) -> str:
    return ''.join(f'{line}\n' for line in lines)
