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

"""Processors and storage as a guest's Linux sees and changes them.

lscpu, chcpu, lsmem and chmem: CP gives a virtual machine processors and
standby storage, Linux brings them online. Output: util-linux, or for older
distributions s390-tools.
"""

from collections.abc import Iterable
import dataclasses

from zvm_simulator.cp import machines
from zvm_simulator.directory import statements
from zvm_simulator.ground import errors
from zvm_simulator.linux import distribution

BLOCK_MIB = 256
_FAILED = 1
# Some of what was wanted was done (util-linux CHCPU_EXIT_SOMEOK).
_PARTLY = 64
_COMMENT = (
    '# The following is the parsable format, which can be fed to other\n'
    '# programs. Each different item in every column has an unique ID\n'
    '# starting {}from zero.\n# Address\n')

Outcome = tuple[machines.Guest, str]


def lscpu(guest: machines.Guest, offline: bool) -> str:
    """Return lscpu --parse=ADDRESS of what is online, or offline."""
    start = '' if not _distribution(guest).old_tools else 'usually '
    found = guest.linux.offline if offline else guest.linux.processors
    return _COMMENT.format(start) + _lines(found)


def rescan(guest: machines.Guest) -> Outcome:
    """chcpu -r: look for processors that CP has defined since."""
    linux = guest.linux
    known = set(linux.processors) | set(linux.offline)
    new = tuple(item for item in guest.processors if item not in known)
    if _distribution(guest).plugs_processors:
        linux = dataclasses.replace(linux, processors=tuple(
            sorted(linux.processors + new)))
    else:
        linux = dataclasses.replace(linux, offline=tuple(
            sorted(linux.offline + new)))
    return (dataclasses.replace(guest, linux=linux),
            'Triggered system-wide rescan of CPUs\n')


def set_online(guest: machines.Guest, text: str, online: bool) -> Outcome:
    """chcpu -e or -d with a list of processors."""
    linux = guest.linux
    up, down = set(linux.processors), set(linux.offline)
    output, failed = '', 0
    wanted = _processor_list(text)
    for number in wanted:
        if number not in up | down:
            output += f'chcpu: CPU {number} does not exist\n'
            failed += 1
        elif (number in up) == online:
            state = 'enabled' if online else 'disabled'
            output += f'CPU {number} is already {state}\n'
        elif not online and len(up) == 1:
            output += (f'chcpu: CPU {number} disable failed (last enabled '
                       'CPU)\n')
            failed += 1
        else:
            (up if online else down).add(number)
            (down if online else up).discard(number)
            output += f'CPU {number} {"enabled" if online else "disabled"}\n'
    if failed:
        raise errors.CommandError(
            _FAILED if failed == len(wanted) else _PARTLY, output)
    return dataclasses.replace(guest, linux=dataclasses.replace(
        linux, processors=tuple(sorted(up)),
        offline=tuple(sorted(down)))), output


def lsmem(guest: machines.Guest, in_bytes: bool) -> str:
    online, standby = guest.linux.storage_mib, guest.standby_mib
    if _distribution(guest).old_tools:
        return ('Address Range                          Size (MB)  State    '
                'Removable  Device\n' + '=' * 79 + '\n' +
                f'0x0000000000000000-0x{_end(online):016x} {online:10}  '
                f'online   yes        0-{_blocks(online) - 1}\n\n'
                'Memory device size  : 256 MB\nMemory block size   : 256 MB\n'
                f'Total online memory : {online} MB\n'
                f'Total offline memory: {standby} MB\n')
    size = _bytes if in_bytes else _human
    text = ('RANGE                                  SIZE  STATE REMOVABLE '
            ' BLOCK\n'
            f'0x0000000000000000-0x{_end(online):016x} {size(online):>5} '
            f'online       yes   0-{_blocks(online) - 1}\n')
    if standby:
        text += (f'0x{online << 20:016x}-0x{_end(online + standby):016x} '
                 f'{size(standby):>5} offline            '
                 f'{_blocks(online)}-{_blocks(online + standby) - 1}\n')
    return text + (f'\nMemory block size:       {size(BLOCK_MIB):>5}\n'
                   f'Total online memory:     {size(online):>5}\n'
                   f'Total offline memory:    {size(standby):>5}\n')


def enable_storage(guest: machines.Guest, text: str) -> Outcome:
    """chmem -e size: bring that much of the standby storage online."""
    wanted = _block_size(text)
    size = min(wanted, guest.standby_mib - guest.standby_mib % BLOCK_MIB)
    if size < wanted:
        raise errors.CommandError(
            _FAILED, f'chmem: Could only enable {_human(size)} of memory\n')
    return dataclasses.replace(
        guest, storage_mib=guest.storage_mib + size,
        standby_mib=guest.standby_mib - size,
        linux=dataclasses.replace(
            guest.linux, storage_mib=guest.linux.storage_mib + size)), ''


def disable_storage(guest: machines.Guest, text: str) -> Outcome:
    """chmem -d size: give storage back to CP as standby storage."""
    size = _block_size(text)
    if size >= guest.linux.storage_mib:
        raise errors.CommandError(
            _FAILED, 'chmem: Could only disable 0B of memory\n')
    return dataclasses.replace(
        guest, storage_mib=guest.storage_mib - size,
        standby_mib=guest.standby_mib + size,
        linux=dataclasses.replace(
            guest.linux, storage_mib=guest.linux.storage_mib - size)), ''


def _distribution(guest: machines.Guest) -> distribution.Distribution:
    return distribution.of(guest.linux.os_version)


def _lines(numbers: Iterable[int]) -> str:
    return ''.join(f'{number}\n' for number in numbers)


def _processor_list(text: str) -> list[int]:
    """Return the numbers of a list such as 1,3-5; they are decimal."""
    found: list[int] = []
    for item in text.split(','):
        first, _, last = item.partition('-')
        if not first.isdecimal() or not (last or first).isdecimal():
            raise errors.CommandError(
                _FAILED, f'chcpu: failed to parse CPU list: {text}\n')
        found += range(int(first), int(last or first) + 1)
    return found


def _block_size(text: str) -> int:
    try:
        size = statements.storage_mib(text)
    except ValueError:
        raise errors.CommandError(_FAILED,
                                  f'chmem: Invalid parameter: {text}\n')
    if size <= 0 or size % BLOCK_MIB:
        raise errors.CommandError(
            _FAILED, f'chmem: Invalid parameter: {text} (must be aligned '
            'with memory block size 256M)\n')
    return size


def _blocks(mib: int) -> int:
    return -(-mib // BLOCK_MIB)


def _end(mib: int) -> int:
    return (mib << 20) - 1


def _bytes(mib: int) -> str:
    return str(mib << 20)


def _human(mib: int) -> str:
    if not mib:
        return '0B'
    if mib < 1024:
        return f'{mib}M'
    return f'{mib / 1024:.1f}'.removesuffix('.0') + 'G'
