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

"""SCSI volumes in a guest's Linux: what its zfcp driver has configured.

The scripts atvol.sh and devol.sh, which the connector makes from its
templates (zvmsdk/volumeops), say in assignments at their beginning what is
to be attached or detached. The configuration is kept where RHEL keeps it,
whatever the distribution. A volume is there while its device and the way to
it are: nothing else says so.
"""

from collections.abc import Iterator
import dataclasses
import re
import shlex
from typing import Any

from zvm_simulator.cp import fabrics
from zvm_simulator.cp import machines
from zvm_simulator.disks import bootloader
from zvm_simulator.disks import scsi

ATTACH, DETACH = 'atvol', 'devol'
CONFIG = '/etc/zfcp.conf'
RULES = '/etc/udev/rules.d/56-zfcp.rules'
# Exit status of the scripts.
INVALID_PARAMETERS = 2
INVALID_WWPNS = 3
NO_DISK = 4
_ASSIGNMENT = re.compile(r'^(\w+)=(".*")$')
_CONFIGURED = re.compile(r'^0\.0\.([0-9a-f]{4}) 0x([0-9a-f]{16}) '
                         r'0x([0-9a-f]{16})$')
_LINK = re.compile(r'mpath-(\w+)", SYMLINK\+="(.+)"$')


@dataclasses.dataclass(frozen=True)
class Request:
    """What a script is to attach or detach, and the name of its link."""

    vdevs: tuple[str, ...]
    ports: tuple[str, ...]
    lun: str
    link: str

    def paths(self) -> list[bootloader.Path]:
        return [bootloader.Path(vdev, port, self.lun)
                for vdev in self.vdevs for port in self.ports]


class Zfcp:
    """The driver in one guest's Linux; files is changed in place."""

    def __init__(self, fabric: fabrics.Fabric, guest: machines.Guest,
                 files: dict[str, str]) -> None:
        self._fabric = fabric
        self._guest = guest
        self._files = files

    def run(self, script: str, text: str) -> int:
        """Run a volume script; return its exit status."""
        request = _request(text)
        if not request.vdevs:
            return INVALID_PARAMETERS
        paths = [path for path in request.paths() if self._sees(path)]
        if not paths:
            return INVALID_WWPNS
        if script == ATTACH:
            return self._attach(request, paths)
        return self._detach(request, paths)

    def volumes(self) -> list[dict[str, Any]]:
        """Return the volumes that Linux has, each with its paths."""
        found: dict[str, dict[str, Any]] = {}
        configured = set(self._configured())
        configured.update(bootloader.paths(self._files))
        for path in sorted(configured, key=lambda item: item.parameter()):
            lun = self._lun(path)
            if lun is None:
                continue
            volume = found.setdefault(lun.wwid, {
                'wwid': lun.wwid, 'target': lun.target, 'lun': lun.lun,
                'blocks': lun.size, 'links': self._links(lun), 'paths': []})
            volume['paths'].append({'vdev': path.vdev, 'port': path.port})
        return list(found.values())

    def _attach(self, request: Request, paths: list[bootloader.Path]) -> int:
        """Configure the ports that are there, then look for the volume."""
        config = self._files.get(CONFIG, '')
        for path in paths:
            if _line(path) not in config:
                config += _line(path)
        self._files[CONFIG] = config
        lun = self._first(paths)
        if lun is None:
            return NO_DISK
        rule = (f'KERNEL=="dm-*", ENV{{DM_UUID}}=="mpath-{lun.wwid}", '
                f'SYMLINK+="{request.link}"\n')
        rules = self._files.get(RULES, '')
        if rule not in rules:
            self._files[RULES] = rules + rule
        return 0

    def _detach(self, request: Request, paths: list[bootloader.Path]) -> int:
        there = set(self._configured()) & set(paths)
        if self._first(sorted(there, key=_line)) is None:
            return NO_DISK
        self._files[CONFIG] = ''.join(
            f'{line}\n' for line in self._files.get(CONFIG, '').splitlines()
            if f'{line}\n' not in map(_line, paths))
        self._files[RULES] = ''.join(
            f'{line}\n' for line in self._files.get(RULES, '').splitlines()
            if f'SYMLINK+="{request.link}"' not in line)
        return 0

    def _configured(self) -> Iterator[bootloader.Path]:
        for line in self._files.get(CONFIG, '').splitlines():
            match = _CONFIGURED.match(line)
            if match:
                yield bootloader.Path(*(text.upper()
                                        for text in match.groups()))

    def _links(self, lun: scsi.Lun) -> list[str]:
        matches = [_LINK.search(line) for line in
                   self._files.get(RULES, '').splitlines()]
        return [f'/dev/{match[2]}' for match in matches
                if match and match[1] == lun.wwid]

    def _sees(self, path: bootloader.Path) -> bool:
        return self._fabric.sees(self._guest.member, self._real(path),
                                 path.port)

    def _lun(self, path: bootloader.Path) -> scsi.Lun | None:
        return self._fabric.lun(self._guest.member, self._real(path),
                                path.port, path.lun)

    def _first(self, paths: list[bootloader.Path]) -> scsi.Lun | None:
        return next((lun for lun in map(self._lun, paths) if lun), None)

    def _real(self, path: bootloader.Path) -> str:
        return self._guest.dedicated.get(path.vdev, '')


def _request(text: str) -> Request:
    values = {}
    for line in text.splitlines():
        match = _ASSIGNMENT.match(line)
        if match:
            values[match[1]] = ' '.join(shlex.split(match[2]))
    return Request(
        tuple(word.upper() for word in values.get('fcp_list', '').split()),
        tuple(_number(word) for word in
              values.get('input_wwpns', '').split()),
        _number(values.get('lun', '')), values.get('target_filename', ''))


def _number(text: str) -> str:
    return text.lower().removeprefix('0x').upper()


def _line(path: bootloader.Path) -> str:
    return (f'0.0.{path.vdev.lower()} 0x{path.port.lower()} '
            f'0x{path.lun.lower()}\n')
