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

"""Storage that FCP devices reach: target ports and the LUNs behind them.

A FCP device sees a port when the zoning lets its port name log in there,
and then all LUNs of that storage. What is on a LUN stays there, whichever
guest has it; nothing here knows of guests.
"""

import dataclasses
import fnmatch
from typing import Any
import zlib

from zvm_simulator.disks import minidisks
from zvm_simulator.ground import stores

BLOCK_BYTES = 512
_GIB = 1024 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Target:
    """A storage system; initiators are patterns of port names."""

    name: str
    ports: tuple[str, ...]
    initiators: tuple[str, ...]

    def admits(self, initiator: str) -> bool:
        return any(fnmatch.fnmatchcase(initiator, pattern)
                   for pattern in self.initiators)


@dataclasses.dataclass(frozen=True)
class Lun:
    """A volume of a storage system; size in blocks of 512 bytes."""

    target: str
    lun: str
    size: int
    content: minidisks.Content = minidisks.Content()

    @property
    def name(self) -> str:
        return f'{self.target}.{self.lun}'

    @property
    def wwid(self) -> str:
        """The identifier that multipath knows the volume by."""
        return (f'36005076{zlib.crc32(self.target.encode()):09x}'
                f'{self.lun.lower()}')

    @property
    def device(self) -> str:
        return f'mapper/{self.wwid}'


class Storage:
    """Target ports and LUNs."""

    def __init__(self, store: stores.Store,
                 targets: list[Target]) -> None:
        self._store = store
        self._targets = {target.name: target for target in targets}
        self._ports = {port: target for target in targets
                       for port in target.ports}
        self._luns = stores.Table(store, 'lun', Lun)

    def targets(self) -> list[Target]:
        return list(self._targets.values())

    def luns(self) -> list[Lun]:
        """Return the LUNs of the targets that there are now."""
        return [lun for lun in self._luns.values()
                if lun.target in self._targets]

    def add(self, lun: Lun) -> None:
        self._luns.put(lun.name, lun)

    def admits(self, initiator: str, port: str) -> bool:
        """Tell whether a port name can log in at a target port."""
        target = self._ports.get(port)
        return target is not None and target.admits(initiator)

    def find(self, initiator: str, port: str, lun: str) -> Lun | None:
        """Return the LUN that a port name has through a target port."""
        if not self.admits(initiator, port):
            return None
        return self._luns.get(f'{self._ports[port].name}.{lun}')

    def write(self, lun: Lun, content: minidisks.Content) -> Lun:
        """Put other content on a LUN."""
        for blob in set(lun.content.blobs.values()) - set(
                content.blobs.values()):
            self._store.remove_blob(blob)
        written = dataclasses.replace(lun, content=content)
        self._luns.put(written.name, written)
        return written


def targets(data: dict[str, Any]) -> list[Target]:
    """Return the targets that a scenario's storage tells."""
    return [Target(name, tuple(port.upper() for port in item['ports']),
                   tuple(text.upper() for text in item['initiators']))
            for name, item in data.items()]


def luns(data: dict[str, Any]) -> list[Lun]:
    """Return the LUNs of a scenario as they are at first.

    One with an os_version has a Linux in its one partition.
    """
    found = []
    for name, target in data.items():
        for item in target['luns']:
            size = item['size_gib'] * _GIB // BLOCK_BYTES
            content = minidisks.Content()
            if item['os_version']:
                content = minidisks.Content(
                    'gpt', 1, 'ext4', size,
                    minidisks.Image(item['os_version'], item['os_version'], '',
                                    0, size))
            found.append(Lun(name, item['lun'].upper(), size, content))
    return found
