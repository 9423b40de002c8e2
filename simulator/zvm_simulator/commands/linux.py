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

"""Tools of the connector's own Linux, used on disks that it has linked.

Formatting a new disk is a chain of them: each needs what the one before
it did (smtLayer/vmUtils.py installFS).
"""

import dataclasses
import re

from zvm_simulator.commands import request as requests
from zvm_simulator.disks import minidisks
from zvm_simulator.ground import errors
from zvm_simulator.ground import replies

_DEVICE = re.compile(r'^/dev/(dasd[a-z]+)(\d*)$')
_SETTLE = ('which', 'udevadm', 'udevsettle')
PROGRAMS = ('dasdfmt', 'fdasd', 'fdisk', 'mkfs', 'mkfs.xfs', 'mkswap',
            'blockdev') + _SETTLE


def prepare(words: list[str]) -> None:
    return None


def run(request: requests.Request) -> str:
    program = request.words[0].rpartition('/')[2]
    if program in _SETTLE:
        return ''
    disk, partition = _disk(request)
    if program == 'blockdev':
        return ''
    if program == 'dasdfmt':
        return _format(request, disk)
    if program in ('fdasd', 'fdisk'):
        return _partition(request, disk, program)
    return _make_file_system(request, disk, partition, program)


def refuse(words: list[str], error: errors.Refusal) -> replies.Reply:
    status = error.status if isinstance(error, errors.CommandError) else 1
    return replies.failure(status, f'{words[0]}: {error}\n')


def _disk(request: requests.Request) -> tuple[minidisks.Minidisk, str]:
    """Return the disk behind the device node that a command names."""
    for word in request.words[1:]:
        match = _DEVICE.match(word)
        if not match:
            continue
        link = request.system.links.find(request.member.name, match[1])
        disk = link and request.system.dasd.minidisk(link.userid, link.vdev)
        if disk:
            return disk, match[2]
        raise errors.CommandError(1, f'{word}: No such device or address')
    raise errors.CommandError(1, 'no device is named')


def _format(request: requests.Request, disk: minidisks.Minidisk) -> str:
    if disk.devtype != '3390':
        raise errors.CommandError(1, 'Unsupported disk type')
    request.system.dasd.write(disk, minidisks.Content(layout='cdl'))
    return 'Finished formatting the device.\nRereading the partition ' \
           'table... ok\n'


def _partition(request: requests.Request, disk: minidisks.Minidisk,
               program: str) -> str:
    """Run fdasd, or fdisk to empty the table (g) or to make one (n)."""
    content = disk.content
    if program == 'fdasd' and content.layout != 'cdl':
        raise errors.CommandError(1, 'disk label is not a cdl label')
    if program == 'fdisk' and disk.devtype == '3390':
        raise errors.CommandError(1, 'disk is not a fixed-block disk')
    partitions = 0 if 'g' in request.words else 1
    request.system.dasd.write(disk, dataclasses.replace(
        content, layout=content.layout or 'fba', partitions=partitions,
        filesystem='', filesystem_size=0))
    return 'The partition table has been altered.\n'


def _make_file_system(request: requests.Request, disk: minidisks.Minidisk,
                      partition: str, program: str) -> str:
    if partition != '1' or disk.content.partitions < 1:
        raise errors.CommandError(1, 'No such file or directory')
    if program == 'mkswap':
        kind = 'swap'
    elif program == 'mkfs.xfs':
        kind = 'xfs'
    else:
        kind = request.words[request.words.index('-t') + 1]
    request.system.dasd.write(disk, dataclasses.replace(
        disk.content, filesystem=kind, filesystem_size=disk.size))
    return f'Creating filesystem {kind}: done\n'
