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

"""Disks of guests that the connector's Linux has linked and online.

The connector formats a new disk there, through a device node of its own
Linux (smtLayer/vmUtils.py installFS).
"""

import dataclasses

from zvm_simulator.cp import devicenames
from zvm_simulator.ground import stores

# Where the linked device numbers begin on the connector's Linux.
FIRST_ALIAS = 0xFF00


@dataclasses.dataclass(frozen=True)
class Link:
    """A guest's minidisk under a device name such as dasda."""

    member: str
    device: str
    userid: str
    vdev: str
    alias: str

    @property
    def key(self) -> str:
        return f'{self.member}.{self.device}'


class Links:
    """The linked disks of the connectors' Linuxes."""

    def __init__(self, store: stores.Store) -> None:
        self._links = stores.Table(store, 'link', Link)

    def all(self) -> list[Link]:
        return self._links.values()

    def find(self, member: str, device: str) -> Link | None:
        return self._links.get(f'{member}.{device}')

    def of_disk(self, member: str, userid: str, vdev: str) -> Link | None:
        for link in self._links.values():
            if (link.member, link.userid, link.vdev) == (
                    member, userid, vdev):
                return link
        return None

    def add(self, member: str, userid: str, vdev: str) -> Link:
        """Link a disk under the first device name that is free."""
        number = 0
        while self.find(member, devicenames.nth(number)):
            number += 1
        link = Link(member, devicenames.nth(number), userid, vdev,
                    f'{FIRST_ALIAS + number:04x}')
        self._links.put(link.key, link)
        return link

    def remove(self, link: Link) -> None:
        self._links.remove(link.key)
