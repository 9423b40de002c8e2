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

"""The user directory: what every userid and profile is defined to be.

One directory serves all members of an SSI cluster. An entry is kept as the
text that it was given, a directory manager's way; what a statement means is
read from it when it matters.
"""

from collections.abc import Callable
import dataclasses

from zvm_simulator.directory import statements
from zvm_simulator.ground import errors
from zvm_simulator.ground import stores


@dataclasses.dataclass(frozen=True)
class Entry:
    """A USER or PROFILE entry.

    locked_by names who locked it; gone_at is the time at which a deletion
    that the directory manager has begun will be done.
    """

    userid: str
    lines: tuple[str, ...]
    profile: bool = False
    locked_by: str = ''
    gone_at: float | None = None

    @property
    def text(self) -> str:
        return ''.join(f'{line}\n' for line in self.lines)

    @property
    def storage_mib(self) -> int:
        return self._storage(3)

    @property
    def maximum_storage_mib(self) -> int:
        return self._storage(4)

    @property
    def ipl(self) -> str:
        """The device or named system of the IPL statement, or nothing."""
        found = statements.words_of(self.lines, 'IPL')
        return found[0][1].upper() if found and len(found[0]) > 1 else ''

    @property
    def multiconfiguration(self) -> bool:
        """Whether it is an IDENTITY, which is logged on at each member."""
        return bool(statements.words_of(self.lines[:1], 'IDENTITY'))

    def mdisk(self, vdev: str) -> statements.Mdisk | None:
        for disk in statements.mdisks(self.lines):
            if disk.vdev == vdev:
                return disk
        return None

    def nicdef(self, vdev: str) -> statements.Nicdef | None:
        for nic in statements.nicdefs(self.lines):
            if nic.vdev == vdev:
                return nic
        return None

    def vdevs(self) -> set[str]:
        """Return all device numbers that the entry defines."""
        return set(statements.vdevs(self.lines))

    def _storage(self, position: int) -> int:
        words = self.lines[0].split() if self.lines else []
        if not self.profile and len(words) > position:
            return statements.storage_mib(words[position])
        return 0


class Directory:
    """Entries by userid."""

    def __init__(self, store: stores.Store) -> None:
        self._going: dict[str, float] = {}
        self._entries = stores.Table(store, 'entry', Entry, self._index)

    def find(self, userid: str) -> Entry | None:
        return self._entries.get(userid)

    def get(self, userid: str) -> Entry:
        """Return an entry, one that is going away included."""
        entry = self._entries.get(userid)
        if entry is None or entry.profile:
            raise errors.SmapiError(400, 4, 'Image definition not found')
        return entry

    def entries(self) -> list[Entry]:
        return self._entries.values()

    def userids(self) -> list[str]:
        return sorted(entry.userid for entry in self._entries.values()
                      if not entry.profile)

    def profile(self, name: str) -> Entry | None:
        entry = self._entries.get(name)
        return entry if entry and entry.profile else None

    def statements(self, entry: Entry) -> tuple[str, ...]:
        """Return an entry's lines, and those of the profile it includes."""
        lines = entry.lines
        for words in statements.words_of(entry.lines, 'INCLUDE'):
            profile = self.profile(words[1].upper())
            lines += profile.lines if profile else ()
        return lines

    def put(self, entry: Entry) -> None:
        self._entries.put(entry.userid, entry)

    def remove(self, userid: str) -> None:
        self._entries.remove(userid)

    def change(self, entry: Entry,
               edit: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        """Write the lines that edit makes of the entry's own."""
        self.put(dataclasses.replace(entry, lines=edit(entry.lines)))

    def due(self, now: float) -> list[str]:
        """Return the userids whose deletion is done."""
        if not self._going:
            return []
        return [userid for userid, time in self._going.items()
                if time <= now]

    def _index(self, old: Entry | None, new: Entry | None) -> None:
        entry = new or old
        if entry is None:
            return
        if new and new.gone_at is not None:
            self._going[new.userid] = new.gone_at
        else:
            self._going.pop(entry.userid, None)
