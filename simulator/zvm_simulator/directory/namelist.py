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

"""Name lists of the systems management API.

The connector keeps its guests in one and asks for the statistics of all of
them by its name.
"""

import dataclasses

from zvm_simulator.ground import errors
from zvm_simulator.ground import stores


@dataclasses.dataclass(frozen=True)
class NameList:
    """A named list of userids."""

    name: str
    userids: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Item:
    """A userid in a list; each is kept for itself, a list can be long."""

    name: str
    userid: str

    @property
    def key(self) -> str:
        return f'{self.name} {self.userid}'


class NameLists:
    """Name lists by name."""

    def __init__(self, store: stores.Store) -> None:
        self._lists: dict[str, dict[str, None]] = {}
        self._items = stores.Table(store, 'listed', Item, self._index)

    def get(self, name: str) -> NameList:
        found = self.find(name)
        if found is None:
            raise errors.SmapiError(28, 0, 'Namelist file not found')
        return found

    def find(self, name: str) -> NameList | None:
        userids = self._lists.get(name)
        return NameList(name, tuple(userids)) if userids else None

    def all(self) -> list[NameList]:
        return [NameList(name, tuple(userids))
                for name, userids in self._lists.items()]

    def add(self, name: str, userid: str) -> None:
        """Add a userid; the list comes into being with its first one."""
        item = Item(name, userid)
        self._items.put(item.key, item)

    def remove(self, name: str, userid: str) -> None:
        """Remove a userid; the list goes with its last one."""
        if name not in self._lists:
            raise errors.SmapiError(28, 0, 'Namelist file not found')
        self._items.remove(Item(name, userid).key)

    def destroy(self, name: str) -> None:
        for userid in self.get(name).userids:
            self._items.remove(Item(name, userid).key)

    def _index(self, old: Item | None, new: Item | None) -> None:
        if new:
            self._lists.setdefault(new.name, {})[new.userid] = None
        elif old:
            del self._lists[old.name][old.userid]
            if not self._lists[old.name]:
                del self._lists[old.name]
