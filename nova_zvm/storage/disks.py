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

"""The disks of a new guest: what they are, and in which order.

The connector numbers minidisks in the order in which it gets them, so the
order decides by which number Linux, a user's tag and a mount find a disk.
Nothing else in the driver decides about it.
"""

from collections import abc
import dataclasses
import typing

from nova import conf
from nova import exception as nova_exception
from nova import objects
from nova.virt import driver as virt_driver

from nova_zvm.connector import models
from nova_zvm.zvm import names

CONF = conf.CONF

FORMATS = ('ext2', 'ext3', 'ext4', 'xfs')
DEFAULT_FORMAT = 'ext4'

# As nova has it: its disks are in 'ephemerals' and 'swap'.
BlockDeviceInfo: typing.TypeAlias = abc.Mapping[str, typing.Any] | None


@dataclasses.dataclass(frozen=True)
class Disk:
    """A minidisk of a guest that is to be made.

    :ivar tag: what a user calls it, None if nothing
    :ivar vdev: its number, if the connector numbers disks as it does unless
        it is set up otherwise
    :ivar mount: where its Linux mounts it, or 'swap'; None of the root
    """

    spec: models.DiskSpec
    tag: str | None
    vdev: str
    mount: str | None


def check_formats(block_device_info: BlockDeviceInfo) -> None:
    """See that the ephemeral disks can have the formats that are wanted.

    :raises InvalidInput: if one cannot
    """
    for ephemeral in _ephemerals(block_device_info):
        _format(ephemeral)


def ordered(root_size: str, block_device_info: BlockDeviceInfo,
            mappings: 'objects.BlockDeviceMappingList',
            pool: str | None) -> tuple[Disk, ...]:
    """Return the disks of a new guest: root, ephemeral disks, swap.

    :param root_size: as the connector takes one, such as '10g' or '3338'
    :param mappings: nova's of the instance, which have the tags
    :param pool: such as 'ECKD:POOL1'; None is the connector's own
    :raises InvalidInput: as check_formats
    """
    tags = {mapping.device_name: mapping.tag for mapping in mappings}
    root_tag = next((mapping.tag for mapping in mappings if mapping.is_root),
                    None)
    wanted: list[tuple[models.DiskSpec, str | None, str | None]] = [
        (models.DiskSpec(root_size, boot=True, pool=pool), root_tag, None)]
    for number, ephemeral in enumerate(_ephemerals(block_device_info)):
        wanted.append((
            models.DiskSpec('%dg' % ephemeral['size'],
                            format=_format(ephemeral), pool=pool),
            tags.get(ephemeral.get('device_name')),
            '/mnt/ephemeral%d' % number))
    swap = virt_driver.block_device_info_get_swap(block_device_info)
    if virt_driver.swap_is_usable(swap):
        wanted.append((
            models.DiskSpec('%dm' % swap['swap_size'], format='swap',
                            pool=pool),
            tags.get(swap.get('device_name')), 'swap'))
    return tuple(Disk(spec, tag, names.disk_vdev(position), mount)
                 for position, (spec, tag, mount) in enumerate(wanted))


def mounts(planned: abc.Iterable[Disk],
           made: abc.Iterable[models.Disk]) -> list[models.DiskMount]:
    """Return how the guest is to use the disks that it has been given.

    :param made: in the order of those that were planned
    """
    return [models.DiskMount(vdev=minidisk.vdev, format=disk.spec.format,
                             mount_point=disk.mount)
            for disk, minidisk in zip(planned, made)
            if disk.mount and disk.spec.format]


def _ephemerals(block_device_info: BlockDeviceInfo
                ) -> list[dict[str, typing.Any]]:
    ephemerals: list[dict[str, typing.Any]] = (
        virt_driver.block_device_info_get_ephemerals(block_device_info))
    return ephemerals


def _format(ephemeral: abc.Mapping[str, typing.Any]) -> str:
    wanted: str = (ephemeral.get('guest_format') or
                   CONF.default_ephemeral_format or DEFAULT_FORMAT)
    if wanted not in FORMATS:
        raise nova_exception.InvalidInput(
            reason="an ephemeral disk cannot have the format '%s', only %s"
            % (wanted, ', '.join(FORMATS)))
    return wanted
