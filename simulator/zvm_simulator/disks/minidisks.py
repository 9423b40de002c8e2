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

"""Volumes, disk pools, and the extents that minidisks have on them.

The rule kept here: no cylinder or block belongs to two minidisks, and what
is free and what is used make up a volume. The first cylinder or block of a
volume is never given away: the volume label is there.
"""

from collections.abc import Iterable
import dataclasses

from zvm_simulator.disks import extents
from zvm_simulator.ground import errors
from zvm_simulator.ground import stores

# Bytes of a cylinder of a 3390 (15 tracks of 12 4096-byte blocks) and of a
# block of a 9336: smtLayer/getHost.py _getDiskSize.
UNIT_BYTES = {'3390': 737280, '9336': 512}
_FIRST_RDEV = 0x0D00


@dataclasses.dataclass(frozen=True)
class Volume:
    """A real disk; size in cylinders or blocks, the first one included.

    rdev is its device number; one that has none yet is given the next.
    members are those of an SSI cluster that it is attached to; none: all.
    """

    name: str
    model: str
    size: int
    pool: str
    members: tuple[str, ...] = ()
    rdev: str = ''

    @property
    def devtype(self) -> str:
        return self.model[:4]

    def is_at(self, member: str) -> bool:
        return not self.members or member in self.members


@dataclasses.dataclass(frozen=True)
class Image:
    """What deploy wrote on a minidisk; size in units of the disk.

    vdev is the device number that its Linux looks for its root at, nothing
    for one that finds it anywhere.
    """

    name: str
    os_version: str
    sha256: str
    bytes: int
    size: int
    vdev: str = ''


@dataclasses.dataclass(frozen=True)
class Content:
    """What is on a minidisk.

    files holds the text of files by path, blobs the name under which the
    store keeps the content of a larger one. partition_size is that of a
    partition that a file system may still grow in.
    """

    layout: str = ''
    partitions: int = 0
    filesystem: str = ''
    filesystem_size: int = 0
    image: Image | None = None
    partition_size: int = 0
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    blobs: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Minidisk:
    """An extent with its owner; volume '' is a virtual disk in storage."""

    userid: str
    vdev: str
    devtype: str
    volume: str
    start: int
    size: int
    content: Content = Content()

    @property
    def name(self) -> str:
        return f'{self.userid}.{self.vdev}'

    @property
    def device(self) -> str:
        return self.vdev

    @property
    def end(self) -> int:
        return self.start + self.size - 1


class Dasd:
    """All volumes and minidisks of the system."""

    def __init__(self, store: stores.Store) -> None:
        self._store = store
        self._extents: dict[str, extents.Extents] = {}
        self._volumes = stores.Table(store, 'volume', Volume,
                                     self._index_volume)
        self._minidisks = stores.Table(store, 'minidisk', Minidisk,
                                       self._index)

    def add_volume(self, volume: Volume) -> None:
        rdev = volume.rdev or f'{_FIRST_RDEV + len(self._volumes):04X}'
        self._volumes.put(volume.name, dataclasses.replace(volume, rdev=rdev))

    def volumes(self, pool: str | None = None) -> list[Volume]:
        """Return the volumes, of one pool or all, in order of definition."""
        return [volume for volume in self._volumes.values()
                if pool is None or volume.pool == pool]

    def pools(self) -> list[str]:
        """Return the names of the pools in order of definition."""
        return list(dict.fromkeys(volume.pool
                                  for volume in self._volumes.values()
                                  if volume.pool))

    def volume(self, name: str) -> Volume | None:
        return self._volumes.get(name)

    def minidisk(self, userid: str, vdev: str) -> Minidisk | None:
        return self._minidisks.get(f'{userid}.{vdev}')

    def used(self, volume: Volume) -> list[Minidisk]:
        """Return the minidisks of a volume by start."""
        found = [self._minidisks.get(name)
                 for name in self._extents[volume.name].used()]
        return [disk for disk in found if disk]

    def free(self, volume: Volume) -> list[tuple[int, int]]:
        """Return the free extents of a volume as start and size."""
        return self._extents[volume.name].free()

    def allocate(self, userid: str, vdev: str, devtype: str, pool: str,
                 size: int) -> Minidisk:
        """Take the first free extent of a pool that is large enough.

        SmapiError 596/3533 when the pool is not defined for such disks,
        596/3541 when no volume of it has size units in one piece.
        """
        volumes = [volume for volume in self.volumes(pool)
                   if volume.devtype == devtype]
        if not volumes:
            raise errors.SmapiError(
                596, 3533, 'Directory manager error: group not defined')
        for volume in volumes:
            for start, length in self.free(volume):
                if length >= size:
                    return self._put(Minidisk(userid, vdev, devtype,
                                              volume.name, start, size))
        raise errors.SmapiError(
            596, 3541, 'Directory manager error: not enough space in group')

    def claim(self, disk: Minidisk) -> Minidisk:
        """Take an extent that was named; SmapiError if it is not free."""
        if disk.volume:
            self._check_free(disk)
        return self._put(disk)

    def release(self, userid: str, vdev: str) -> None:
        """Give an extent back with all that is on it."""
        disk = self.minidisk(userid, vdev)
        if disk:
            for blob in disk.content.blobs.values():
                self._store.remove_blob(blob)
            self._minidisks.remove(disk.name)

    def clear_virtual(self, userid: str, vdevs: Iterable[str]) -> None:
        """Empty those that are virtual disks: they end with a logoff."""
        for vdev in vdevs:
            disk = self.minidisk(userid, vdev)
            if disk and not disk.volume:
                self.write(disk, Content())

    def write(self, disk: Minidisk, content: Content) -> Minidisk:
        """Put other content on a minidisk."""
        for blob in set(disk.content.blobs.values()) - set(
                content.blobs.values()):
            self._store.remove_blob(blob)
        return self._put(dataclasses.replace(disk, content=content))

    def put_blob(self, disk_name: str, path: str, data: bytes) -> str:
        """Keep the content of a file of a disk; return its blob name."""
        name = f'disk:{disk_name}:{path}'
        self._store.put_blob(name, data)
        return name

    def blob(self, name: str) -> bytes:
        return self._store.blob(name)

    def _check_free(self, disk: Minidisk) -> None:
        volume = self._volumes.get(disk.volume)
        if volume is None:
            return
        if not self._extents[volume.name].is_free(disk.start, disk.end):
            raise errors.SmapiError(
                596, 3526, 'Directory manager error: extent overlaps or is '
                'not on the volume')

    def _put(self, disk: Minidisk) -> Minidisk:
        self._minidisks.put(disk.name, disk)
        return disk

    def _index(self, old: Minidisk | None, new: Minidisk | None) -> None:
        if old and new and (old.volume, old.start, old.size) == (
                new.volume, new.start, new.size):
            return
        if old and old.volume:
            self._extents[old.volume].give_back(old.start, old.end, old.name)
        if new and new.volume:
            self._extents.setdefault(new.volume, extents.Extents()).take(
                new.start, new.end, new.name)

    def _index_volume(self, old: Volume | None, new: Volume | None) -> None:
        if new and old is None:
            self._extents[new.name] = extents.Extents(new.size)
        elif old and new is None:
            del self._extents[old.name]
