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

"""Spool files: reader files of every guest, with class, type and name.

A spool file has a number that is its own among those of its owner, a class
of one letter, and a name and type of up to eight characters. What the
connector punches ends in the reader of a guest; what a guest writes on its
spooled console ends in the reader of the one who asks for it.
"""

import dataclasses
import datetime

from zvm_simulator.ground import errors
from zvm_simulator.ground import stores

LAST_SPOOLID = 9999
RECORD_LENGTH = 80


@dataclasses.dataclass(frozen=True)
class SpoolFile:
    """A file in the reader of owner; device is PUN or CON."""

    owner: str
    spoolid: int
    origin: str
    spool_class: str
    device: str
    name: str
    type: str
    size: int
    created: float
    blob: str

    @property
    def key(self) -> str:
        return f'{self.owner}.{self.spoolid:04d}'

    def line(self) -> str:
        """Return the line of vmur list; getVM.py reads its words 1 to 4."""
        moment = datetime.datetime.fromtimestamp(
            self.created, datetime.timezone.utc)
        records = -(-self.size // RECORD_LENGTH)
        return (f'{self.origin:<8} {self.spoolid:04d} {self.spool_class} '
                f'{self.device} {records:08d} 001 NONE '
                f'{moment:%m/%d %H:%M:%S} {self.name:<8}  {self.type:<8} '
                f'{self.origin}')


@dataclasses.dataclass(frozen=True)
class Reader:
    """What is kept of a reader beside its files: the last number given."""

    last: int


class Spool:
    """Reader files by owner and number."""

    def __init__(self, store: stores.Store) -> None:
        self._store = store
        self._readers: dict[str, dict[int, SpoolFile]] = {}
        self._serial = 0
        self._lasts = stores.Table(store, 'reader', Reader)
        self._files = stores.Table(store, 'spool', SpoolFile, self._index)

    def files(self, owner: str) -> list[SpoolFile]:
        """Return the files in a reader by number."""
        return [file for _, file in sorted(
            self._readers.get(owner, {}).items())]

    def all_files(self) -> list[SpoolFile]:
        return self._files.values()

    def content(self, file: SpoolFile) -> bytes:
        return self._store.blob(file.blob)

    def get(self, owner: str, spoolid: str) -> SpoolFile:
        """Return a file of a reader; CpError 042 if there is none."""
        number = int(spoolid) if spoolid.isdigit() else 0
        file = self._readers.get(owner, {}).get(number)
        if file is None:
            raise errors.CpError('CSU', 42, f'Spool file {spoolid} does not '
                                 'exist')
        return file

    def create(self, owner: str, origin: str, spool_class: str, device: str,
               file_name: str, data: bytes, now: float) -> SpoolFile:
        """Put a file into a reader under the name and type of file_name."""
        name, _, kind = file_name.partition('.')
        blob = f'spool:{self._next_serial()}'
        self._store.put_blob(blob, data)
        return self._put(SpoolFile(
            owner, self._take_id(owner), origin, spool_class.upper(), device,
            name[:8], kind[:8], len(data), now, blob))

    def change_class(self, file: SpoolFile, spool_class: str) -> SpoolFile:
        return self._put(dataclasses.replace(
            file, spool_class=spool_class.upper()))

    def transfer(self, file: SpoolFile, owner: str) -> SpoolFile:
        """Move a file to another reader, where it gets another number."""
        self._files.remove(file.key)
        return self._put(dataclasses.replace(
            file, owner=owner, spoolid=self._take_id(owner)))

    def purge(self, file: SpoolFile) -> None:
        self._files.remove(file.key)
        self._store.remove_blob(file.blob)

    def _put(self, file: SpoolFile) -> SpoolFile:
        self._files.put(file.key, file)
        return file

    def _take_id(self, owner: str) -> int:
        taken = self._readers.get(owner, {})
        if len(taken) >= LAST_SPOOLID:
            raise errors.CpError('SPL', 439, f'Maximum number of spool files '
                                 f'exists for {owner}')
        reader = self._lasts.get(owner) or Reader(0)
        number = reader.last % LAST_SPOOLID + 1
        while number in taken:
            number = number % LAST_SPOOLID + 1
        self._lasts.put(owner, Reader(number))
        return number

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def _index(self, old: SpoolFile | None, new: SpoolFile | None) -> None:
        if old:
            self._readers[old.owner].pop(old.spoolid, None)
        if new:
            self._readers.setdefault(new.owner, {})[new.spoolid] = new
            serial = int(new.blob.partition(':')[2])
            self._serial = max(self._serial, serial)
