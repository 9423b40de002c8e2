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

"""The statements of a directory entry that the simulation understands.

Grammar: z/VM CP Planning and Administration, "Creating and Updating a User
Directory". Statements that nothing here reads stay text, as they were given.
"""

from collections.abc import Iterable
import dataclasses
import re

_UNITS = {'K': 1 / 1024, 'M': 1, 'G': 1024, 'T': 1024 * 1024}
_STORAGE = re.compile(r'^(\d+)([KMGT]?)$', re.IGNORECASE)
_VDEV = re.compile(r'^[0-9A-Fa-f]{1,4}$')
_PORT = re.compile(r'^[0-9A-Fa-f]{1,16}$')
# Operands of NICDEF and how many words each has, in the order of writing.
_NICDEF = {'TYPE': 1, 'DEVICES': 1, 'CHPID': 1, 'MACID': 1, 'LAN': 2,
           'VLAN': 1, 'PORTTYPE': 1, 'PORTNUMBER': 1, 'DEVID': 1}
_PROCESSORS = 64
_DEVICES = ('CONSOLE', 'CTCA', 'DEDICATE', 'LINK', 'MDISK', 'NICDEF',
            'SPECIAL', 'SPOOL')
COUPLING = ('LAN', 'VLAN', 'PORTTYPE', 'PORTNUMBER')


def vdev(text: str) -> str:
    """Return a device number as the directory writes it: four digits."""
    if not _VDEV.match(text):
        raise ValueError(f'{text} is no device number')
    return text.upper().zfill(4)


def storage_mib(text: str) -> int:
    """Return a storage size such as 2048m or 8G in MiB."""
    match = _STORAGE.match(text)
    if not match:
        raise ValueError(f'{text} is no storage size')
    return int(int(match[1]) * _UNITS[match[2].upper() or 'K'])


@dataclasses.dataclass(frozen=True)
class Mdisk:
    """A MDISK statement; start is 0 for a virtual disk in storage."""

    vdev: str
    devtype: str
    start: int
    size: int
    volume: str
    mode: str

    def line(self) -> str:
        place = f'{self.start} {self.size} {self.volume}'
        if not self.volume:
            place = f'V-DISK {self.size}'
        return f'MDISK {self.vdev} {self.devtype} {place} {self.mode}'


@dataclasses.dataclass(frozen=True)
class Nicdef:
    """All NICDEF statements of one device number, merged."""

    vdev: str
    operands: dict[str, str]

    @property
    def switch(self) -> str:
        """The virtual switch of LAN SYSTEM name, or nothing."""
        words = self.operands.get('LAN', '').split()
        return words[1] if len(words) == 2 else ''

    @property
    def vlan(self) -> int | None:
        value = self.operands.get('VLAN', '')
        return int(value) if value.isdigit() else None

    @property
    def vdevs(self) -> list[str]:
        """The device numbers of the adapter: by default three."""
        first, count = int(self.vdev, 16), self.operands.get('DEVICES', '3')
        return [f'{first + item:04X}' for item in range(int(count))]

    def line(self) -> str:
        words = [f'NICDEF {self.vdev}']
        words += [f'{name} {self.operands[name]}'
                  for name in _NICDEF if name in self.operands]
        return ' '.join(words)


@dataclasses.dataclass(frozen=True)
class Loaddev:
    """What the LOADDEV statements say: where a SCSI disk to IPL from is."""

    device: str = ''
    portname: str = ''
    lun: str = ''


def words_of(lines: Iterable[str], *start: str) -> list[list[str]]:
    """Return the words of the statements that begin with start."""
    count = len(start)
    split = (line.split() for line in lines)
    return [words for words in split
            if [word.upper() for word in words[:count]] == list(start)]


def check(lines: Iterable[str]) -> None:
    """Raise ValueError for a statement that no guest can be made of."""
    lines = tuple(lines)
    for words in words_of(lines, 'SHARE'):
        if len(words) < 3 or words[1].upper() not in ('RELATIVE',
                                                      'ABSOLUTE'):
            raise ValueError(' '.join(words))
    for words in words_of(lines, 'MACHINE'):
        if len(words) > 2 and not 0 < int(words[2]) <= _PROCESSORS:
            raise ValueError(' '.join(words))
    for words in words_of(lines, 'CPU'):
        if len(words) < 2 or int(words[1], 16) >= _PROCESSORS:
            raise ValueError(' '.join(words))
    mdisks(lines)


def mdisks(lines: Iterable[str]) -> list[Mdisk]:
    """Return the minidisks in the order of the entry; ValueError if bad."""
    return [_mdisk(words) for words in words_of(lines, 'MDISK')]


def _mdisk(words: list[str]) -> Mdisk:
    if len(words) > 4 and words[3].upper() == 'V-DISK':
        mode = words[5] if len(words) > 5 else 'W'
        return Mdisk(vdev(words[1]), words[2], 0, int(words[4]), '', mode)
    if len(words) < 6:
        raise ValueError(' '.join(words))
    mode = words[6] if len(words) > 6 else 'W'
    return Mdisk(vdev(words[1]), words[2], int(words[3]), int(words[4]),
                 words[5].upper(), mode)


def nicdefs(lines: Iterable[str]) -> list[Nicdef]:
    """Return the adapters by device number; ValueError if one is bad."""
    merged: dict[str, dict[str, str]] = {}
    for words in words_of(lines, 'NICDEF'):
        operands = merged.setdefault(vdev(words[1]), {})
        operands.update(_nic_operands(words[2:]))
    return [Nicdef(number, operands) for number, operands in merged.items()]


def _nic_operands(words: list[str]) -> dict[str, str]:
    operands = {}
    while words:
        count = _NICDEF.get(words[0].upper())
        if count is None or len(words) <= count:
            raise ValueError(f'NICDEF operand {words[0]}')
        operands[words[0].upper()] = ' '.join(words[1:count + 1]).upper()
        words = words[count + 1:]
    return operands


def merge_nicdefs(lines: Iterable[str]) -> tuple[str, ...]:
    """Write one NICDEF statement a device, where its first one stood."""
    lines = tuple(lines)
    merged = {nic.vdev: nic.line() for nic in nicdefs(lines)}
    result = []
    for line in lines:
        words = line.split()
        if words and words[0].upper() == 'NICDEF':
            line = merged.pop(vdev(words[1]), '')
        if line:
            result.append(line)
    return tuple(result)


def vdevs(lines: Iterable[str]) -> list[str]:
    """Return the device numbers that an entry defines, each as often."""
    lines = tuple(lines)
    numbers = [disk.vdev for disk in mdisks(lines)]
    for nic in nicdefs(lines):
        numbers += nic.vdevs
    return numbers + [number for number, _ in dedications(lines)]


def dedications(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Return virtual and real device numbers; ValueError if one is bad."""
    found = []
    for words in words_of(lines, 'DEDICATE'):
        if len(words) < 3:
            raise ValueError(' '.join(words))
        found.append((vdev(words[1]), vdev(words[2])))
    return found


def loaddev(lines: Iterable[str]) -> Loaddev:
    """Return the SCSI disk to IPL from; ValueError if a number is none."""
    found = {}
    for words in words_of(lines, 'LOADDEV'):
        keyword = words[1].upper() if len(words) > 2 else ''
        if keyword.startswith('PORT'):
            found['portname'] = _port(words[2])
        elif keyword == 'LUN':
            found['lun'] = _port(words[2])
        elif keyword.startswith('DEV'):
            found['device'] = vdev(words[2])
    return Loaddev(**found)


def _port(text: str) -> str:
    if not _PORT.match(text):
        raise ValueError(f'LOADDEV {text}')
    return text.upper().zfill(16)


def relocation(lines: Iterable[str]) -> tuple[bool, str]:
    """Return whether relocation is allowed, and the domain it is bound to.

    VMRELOCATE [ON | OFF] [DOMAIN name], or SET VMRELOCATE * with the same
    at logon. SSI is the domain of all members.
    """
    lines = tuple(lines)
    allowed, domain = True, 'SSI'
    found = [words[1:] for words in words_of(lines, 'VMRELOCATE')]
    found += [words[4:] for words in words_of(lines, 'COMMAND', 'SET',
                                              'VMRELOCATE')]
    for operands in found:
        words = [word.upper() for word in operands]
        allowed = 'OFF' not in words[:1]
        if 'DOMAIN' in words[:-1]:
            domain = words[words.index('DOMAIN') + 1]
    return allowed, domain


def has_one_chpid(lines: Iterable[str]) -> bool:
    """Tell whether OPTION CHPIDV ONE is given."""
    return any('CHPIDV ONE' in ' '.join(words).upper()
               for words in words_of(lines, 'OPTION'))


def base_processors(lines: Iterable[str]) -> tuple[int, ...]:
    """Return the virtual processors of CPU statements; one at least."""
    found = {int(item[1], 16) for item in words_of(lines, 'CPU')
             if len(item) > 1}
    return tuple(sorted(found)) or (0,)


def defined_processors(lines: Iterable[str]) -> set[int]:
    """Return the processors of CPU and of COMMAND DEFINE CPU statements."""
    lines = tuple(lines)
    words = words_of(lines, 'COMMAND', 'DEFINE', 'CPU')
    return set(base_processors(lines)) | {
        int(item[3], 16) for item in words if len(item) > 3}


def before_devices(lines: Iterable[str], line: str) -> tuple[str, ...]:
    """Add a statement that must stand before those of devices."""
    lines = tuple(lines)
    position = next((number for number, item in enumerate(lines)
                     if item.split()[:1] and
                     item.split()[0].upper() in _DEVICES), len(lines))
    return lines[:position] + (line,) + lines[position:]
