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

"""Reading config drives: ISO 9660 files as a Linux would mount them.

Of ISO 9660 (ECMA-119), Joliet and Rock Ridge (SUSP and RRIP 1.12) there is
what names files and finds their contents. Folders deeper than eight, which
Rock Ridge moves elsewhere, and files of several extents are not read: no
config drive has them.
"""

from collections.abc import Iterator
import struct

SECTOR = 2048
# Volume descriptors begin there, one a sector; the last is of the type END.
_FIRST_DESCRIPTOR = 16
_PRIMARY, _SUPPLEMENTARY, _END = 1, 2, 255
_MAGIC = b'CD001'
_LABEL = slice(40, 72)
_ROOT = 156
# What says in a supplementary descriptor that the names in its tree are
# UCS-2, of Joliet's three levels.
_ESCAPES = slice(88, 120)
_JOLIET = (b'%/@', b'%/C', b'%/E')
_RECORD_HEAD = struct.Struct('<BxI4xI4x7xB6xB')
_FOLDER = 2
_CONTINUED = 1


class _Record:
    """One entry of a folder: a file, or another folder."""

    def __init__(self, data: bytes, start: int) -> None:
        (self.length, self.extent, self.size, flags,
         name_length) = _RECORD_HEAD.unpack_from(data, start)
        name = start + _RECORD_HEAD.size
        self.name = data[name:name + name_length]
        # After a name of even length comes a byte that fills.
        self.system_use = data[name + name_length + (not name_length % 2):
                               start + self.length]
        self.is_folder = bool(flags & _FOLDER)

    @property
    def is_self_or_parent(self) -> bool:
        return self.name in (b'\0', b'\1')


class Drive:
    """The files of an ISO image by the path that Linux shows."""

    def __init__(self, data: bytes) -> None:
        """ValueError if data is no ISO 9660 file system."""
        self._data = data
        self._primary = b''
        self._joliet = b''
        # How many bytes the system use of each record begins with that are
        # not Rock Ridge's; None where there is no Rock Ridge.
        self._skipped: int | None = None
        self._files: dict[str, _Record] = {}
        try:
            self._read_descriptors()
            self._read_tree()
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise ValueError(f'no ISO 9660 file system: {error}') from None

    @property
    def label(self) -> str:
        """The volume identifier, which cloud-init looks for."""
        return self._primary[_LABEL].decode(errors='replace').strip()

    def names(self) -> list[str]:
        """Return the paths of all files, without a leading slash."""
        return sorted(self._files)

    def read(self, path: str) -> bytes:
        """Return a file's content; KeyError if there is no such file."""
        record = self._files[path.strip('/')]
        start = record.extent * SECTOR
        return self._data[start:start + record.size]

    def _read_descriptors(self) -> None:
        for start in range(_FIRST_DESCRIPTOR * SECTOR, len(self._data),
                           SECTOR):
            descriptor = self._data[start:start + SECTOR]
            if descriptor[1:6] != _MAGIC or descriptor[0] == _END:
                break
            if descriptor[0] == _PRIMARY and not self._primary:
                self._primary = descriptor
            elif descriptor[0] == _SUPPLEMENTARY and (
                    descriptor[_ESCAPES].startswith(_JOLIET)):
                self._joliet = descriptor
        if not self._primary:
            raise ValueError('no ISO 9660 file system')

    def _read_tree(self) -> None:
        root = _Record(self._primary, _ROOT)
        first = next(self._records(root), None)
        if first and first.system_use[:2] == b'SP':
            self._skipped = first.system_use[6]
        elif self._joliet:
            root = _Record(self._joliet, _ROOT)
        self._read_folder(root, '', {root.extent})

    def _read_folder(self, folder: _Record, path: str,
                     seen: set[int]) -> None:
        for record in self._records(folder):
            if record.is_self_or_parent:
                continue
            name = path + self._name(record)
            if not record.is_folder:
                self._files[name] = record
            elif record.extent not in seen:
                self._read_folder(record, name + '/',
                                  seen | {record.extent})

    def _records(self, folder: _Record) -> Iterator[_Record]:
        start = folder.extent * SECTOR
        end = min(start + folder.size, len(self._data))
        while start < end:
            if not self._data[start]:
                # No record goes beyond a sector.
                start += SECTOR - start % SECTOR
                continue
            record = _Record(self._data, start)
            yield record
            start += record.length

    def _name(self, record: _Record) -> str:
        """Return what Linux calls it, of the best names that it has."""
        if self._skipped is not None:
            return self._rock_ridge_name(record) or _plain(record.name)
        if self._joliet:
            return record.name.decode('utf-16-be').partition(';')[0]
        return _plain(record.name)

    def _rock_ridge_name(self, record: _Record) -> str:
        name = b''
        for entry in self._system_use(record):
            if entry[:2] == b'NM':
                name += entry[5:]
                if not entry[4] & _CONTINUED:
                    break
        return name.decode()

    def _system_use(self, record: _Record) -> Iterator[bytes]:
        """Yield the entries of a record, those that are elsewhere too."""
        area = record.system_use[self._skipped:]
        while area:
            elsewhere = b''
            while len(area) >= 4 and area[2] >= 4:
                entry, area = area[:area[2]], area[area[2]:]
                yield entry
                if entry[:2] == b'CE':
                    elsewhere = self._continuation(entry)
            area = elsewhere

    def _continuation(self, entry: bytes) -> bytes:
        block, offset, length = struct.unpack('<I4xI4xI4x', entry[4:28])
        start = block * SECTOR + offset
        return self._data[start:start + length]


def _plain(name: bytes) -> str:
    """Return a plain name as Linux shows it: in lower case, unversioned."""
    return name.decode('latin-1').partition(';')[0].rstrip('.').lower()
