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

from nova_zvm.simulator import errors
from nova_zvm.simulator import store as stores


@dataclasses.dataclass(frozen=True)
class NameList:
    """A named list of userids."""

    name: str
    userids: tuple[str, ...]


class NameLists:
    """Name lists by name."""

    def __init__(self, store: stores.Store) -> None:
        self._lists = stores.Table(store, 'namelist', NameList)

    def get(self, name: str) -> NameList:
        found = self._lists.get(name)
        if found is None:
            raise errors.SmapiError(28, 0, 'Namelist file not found')
        return found

    def find(self, name: str) -> NameList | None:
        return self._lists.get(name)

    def all(self) -> list[NameList]:
        return self._lists.values()

    def add(self, name: str, userid: str) -> None:
        """Add a userid; the list comes into being with its first one."""
        found = self._lists.get(name) or NameList(name, ())
        if userid not in found.userids:
            self._lists.put(name, dataclasses.replace(
                found, userids=found.userids + (userid,)))

    def remove(self, name: str, userid: str) -> None:
        """Remove a userid; the list goes with its last one."""
        found = self.get(name)
        userids = tuple(item for item in found.userids if item != userid)
        if userids:
            self._lists.put(name, dataclasses.replace(found,
                                                      userids=userids))
        else:
            self._lists.remove(name)

    def destroy(self, name: str) -> None:
        self._lists.remove(self.get(name).name)
