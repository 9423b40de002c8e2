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

"""The directory manager: the user directory and the disk space together.

Everything that changes an entry goes through here, and keeps two rules: an
entry's minidisks are exactly the extents that it owns, and an entry that is
locked, or that is going away, is not changed. A deletion takes effect a
while after it was accepted, as DIRMAINT's does.
"""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses

from zvm_simulator.directory import entries
from zvm_simulator.directory import statements
from zvm_simulator.disks import minidisks
from zvm_simulator.ground import errors

Lines = tuple[str, ...]


class Dirmaint:
    """Changes of directory entries."""

    def __init__(self, directory: entries.Directory, dasd: minidisks.Dasd,
                 delete_delay: float) -> None:
        self.directory = directory
        self._dasd = dasd
        self._delete_delay = delete_delay

    def create(self, userid: str, text: str) -> None:
        """Define a userid; the text is that of the file that was given."""
        lines = self._parse(userid, text)
        if self.directory.find(userid):
            raise errors.SmapiError(400, 8, 'Image name already defined')
        self._check_profile(lines)
        for disk in statements.mdisks(lines):
            self._claim(userid, disk)
        self.directory.put(entries.Entry(userid, lines))

    def replace(self, userid: str, text: str) -> None:
        """Give a locked entry another text, and unlock it."""
        entry = self._present(userid)
        if not entry.locked_by:
            raise errors.SmapiError(400, 24, 'Image definition is not locked')
        lines = self._parse(userid, text)
        self._check_profile(lines)
        self._exchange_mdisks(userid, entry.lines, lines)
        self.directory.put(dataclasses.replace(entry, lines=lines,
                                               locked_by=''))

    def delete(self, userid: str, now: float) -> None:
        """Begin to delete an entry with its minidisks."""
        entry = self._changeable(userid)
        self.directory.put(dataclasses.replace(
            entry, gone_at=now + self._delete_delay))
        self.finish_deletions(now)

    def finish_deletions(self, now: float) -> None:
        """Remove what has been going away for long enough."""
        for userid in self.directory.due(now):
            for disk in statements.mdisks(self.directory.get(userid).lines):
                self._dasd.release(userid, disk.vdev)
            self.directory.remove(userid)

    def lock(self, userid: str, locker: str) -> None:
        entry = self._changeable(userid)
        self.directory.put(dataclasses.replace(entry, locked_by=locker))

    def unlock(self, userid: str) -> None:
        entry = self._present(userid)
        if not entry.locked_by:
            raise errors.SmapiError(400, 24, 'Image definition is not locked')
        self.directory.put(dataclasses.replace(entry, locked_by=''))

    def edit(self, userid: str, change: Callable[[Lines], Lines]) -> None:
        """Write the lines that change makes of the entry's own."""
        self.directory.change(self._changeable(userid), change)

    def add_disk(self, userid: str, vdev: str, devtype: str, pool: str,
                 size: int, mode: str) -> None:
        """Add a minidisk from a pool."""
        entry = self._changeable(userid)
        if vdev in entry.vdevs():
            raise errors.SmapiError(408, 4, 'Image disk already defined')
        disk = self._dasd.allocate(userid, vdev, devtype, pool, size)
        self._add_line(entry, statements.Mdisk(
            vdev, devtype, disk.start, size, disk.volume, mode))

    def add_virtual_disk(self, userid: str, vdev: str, blocks: int,
                         mode: str) -> None:
        """Add a virtual disk in storage."""
        entry = self._changeable(userid)
        if vdev in entry.vdevs():
            raise errors.SmapiError(408, 4, 'Image disk already defined')
        disk = statements.Mdisk(vdev, 'FB-512', 0, blocks, '', mode)
        self._claim(userid, disk)
        self._add_line(entry, disk)

    def remove_disk(self, userid: str, vdev: str) -> None:
        entry = self._changeable(userid)
        if entry.mdisk(vdev) is None:
            raise errors.SmapiError(208, 36, 'Image disk does not exist')
        self._dasd.release(userid, vdev)
        self.directory.change(entry, lambda lines: without(
            lines, 'MDISK', vdev))

    def add_nic(self, userid: str, nic: statements.Nicdef) -> None:
        entry = self._changeable(userid)
        if not entry.vdevs().isdisjoint(nic.vdevs):
            raise errors.SmapiError(404, 4, 'Image device already defined')
        self._add_line(entry, nic)

    def remove_nic(self, userid: str, vdev: str) -> None:
        entry = self._changeable(userid)
        self._nic(entry, vdev)
        self.directory.change(entry, lambda lines: without(
            lines, 'NICDEF', vdev))

    def connect_nic(self, userid: str, vdev: str, switch: str) -> None:
        """Couple a defined adapter to a switch at the next logon."""
        entry = self._changeable(userid)
        self._nic(entry, vdev)
        line = f'NICDEF {vdev} LAN SYSTEM {switch}'
        self.directory.change(entry, lambda lines: statements.merge_nicdefs(
            lines + (line,)))

    def disconnect_nic(self, userid: str, vdev: str) -> None:
        entry = self._changeable(userid)
        nic = self._nic(entry, vdev)
        if not nic.switch:
            raise errors.SmapiError(212, 32,
                                    'Image device not connected to LAN')
        kept = {name: value for name, value in nic.operands.items()
                if name not in statements.COUPLING}
        line = statements.Nicdef(vdev, kept).line()
        self.directory.change(entry, lambda lines: tuple(
            line if _is(item, 'NICDEF', vdev) else item for item in lines))

    def dedicate(self, userid: str, vdev: str, real: str) -> None:
        entry = self._changeable(userid)
        if vdev in entry.vdevs():
            raise errors.SmapiError(404, 4, 'Image device already defined')
        self.directory.change(entry, lambda lines: lines + (
            f'DEDICATE {vdev} {real}',))

    def undedicate(self, userid: str, vdev: str) -> None:
        entry = self._changeable(userid)
        if not any(_is(line, 'DEDICATE', vdev) for line in entry.lines):
            raise errors.SmapiError(404, 8, 'Image device not defined')
        self.directory.change(entry, lambda lines: without(
            lines, 'DEDICATE', vdev))

    def _present(self, userid: str) -> entries.Entry:
        entry = self.directory.get(userid)
        if entry.gone_at is not None:
            raise errors.SmapiError(400, 12, 'Image definition is locked')
        return entry

    def _changeable(self, userid: str) -> entries.Entry:
        entry = self._present(userid)
        if entry.locked_by:
            raise errors.SmapiError(400, 12, 'Image definition is locked')
        return entry

    def _nic(self, entry: entries.Entry,
             vdev: str) -> statements.Nicdef:
        nic = entry.nicdef(vdev)
        if nic is None:
            raise errors.SmapiError(404, 8, 'Image device not defined')
        return nic

    def _add_line(self, entry: entries.Entry,
                  statement: statements.Mdisk | statements.Nicdef) -> None:
        line = statement.line()
        self.directory.change(entry, lambda lines: lines + (line,))

    def _parse(self, userid: str, text: str) -> Lines:
        lines = tuple(line.rstrip() for line in text.splitlines()
                      if line.strip() and not line.startswith('*DVHOPT'))
        words = lines[0].split() if lines else []
        if len(words) < 6 or words[0].upper() != 'USER':
            raise errors.SmapiError(
                596, 3212, 'Directory manager error: no USER statement')
        if words[1].upper() != userid:
            raise errors.SmapiError(
                596, 3213, 'Directory manager error: USER statement of '
                'another userid')
        try:
            statements.check(lines)
            statements.loaddev(lines)
            _check_vdevs(lines)
            statements.storage_mib(words[3])
            statements.storage_mib(words[4])
            return statements.merge_nicdefs(lines)
        except ValueError as error:
            raise errors.SmapiError(
                596, 3214, f'Directory manager error: {error}')

    def _check_profile(self, lines: Iterable[str]) -> None:
        for words in statements.words_of(lines, 'INCLUDE'):
            if not self.directory.profile(words[1].upper()):
                raise errors.SmapiError(436, 4, 'Profile included not found')

    def _exchange_mdisks(self, userid: str, old: Lines, new: Lines) -> None:
        before = {disk.vdev: disk for disk in statements.mdisks(old)}
        after = {disk.vdev: disk for disk in statements.mdisks(new)}
        for vdev, disk in before.items():
            if not _same_extent(disk, after.get(vdev)):
                self._dasd.release(userid, vdev)
        for vdev, disk in after.items():
            if not _same_extent(disk, before.get(vdev)):
                self._claim(userid, disk)

    def _claim(self, userid: str, disk: statements.Mdisk) -> None:
        self._dasd.claim(minidisks.Minidisk(
            userid, disk.vdev, disk.devtype, disk.volume, disk.start,
            disk.size))


def without(lines: Lines, keyword: str, vdev: str) -> Lines:
    """Return the lines but for the statements of one device."""
    return tuple(line for line in lines if not _is(line, keyword, vdev))


def _check_vdevs(lines: Lines) -> None:
    """Raise ValueError if two devices have a number in common."""
    numbers = statements.vdevs(lines)
    twice = {number for number in numbers if numbers.count(number) > 1}
    if twice:
        raise ValueError(f'device {min(twice)} is defined twice')


def _is(line: str, keyword: str, vdev: str) -> bool:
    words = line.split()
    return (len(words) > 1 and words[0].upper() == keyword and
            words[1].upper().zfill(4) == vdev)


def _same_extent(disk: statements.Mdisk,
                 other: statements.Mdisk | None) -> bool:
    return other is not None and (
        disk.volume, disk.start, disk.size) == (
        other.volume, other.start, other.size)
