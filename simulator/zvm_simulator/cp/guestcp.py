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

"""CP commands of a guest for its own virtual machine.

They come from the COMMAND statements of its directory entry at logon, and
from its Linux (vmcp) while it runs. Each makes of a guest another one, and
a response, or is refused. Grammar: z/VM CP Commands and Utilities
Reference. The numbers of the messages of DEFINE are assumed.
"""

from collections.abc import Callable
import dataclasses

from zvm_simulator.cp import machines
from zvm_simulator.directory import statements
from zvm_simulator.ground import errors

# The highest address of a virtual processor.
LAST_PROCESSOR = 0x3F
_INCREMENT_MIB = 256

Outcome = tuple[machines.Guest, str]


def execute(guest: machines.Guest, command: str,
            directory: bool = False) -> Outcome:
    """Run one command; CpError when it is refused.

    What the directory commands needs no privilege class; a guest itself has
    no others than those of every user.
    """
    words = command.upper().split()
    commands = _COMMANDS + (_PRIVILEGED if directory else ())
    if words:
        for name, shortest, handler in commands:
            if _is(words[0], name, shortest):
                return handler(guest, words[1:])
    raise errors.CpError('CMD', 1, 'Unknown CP command: '
                         f'{words[0] if words else ""}')


def _define(guest: machines.Guest, words: list[str]) -> Outcome:
    what = words[0] if words else ''
    if what == 'CPU' and len(words) > 1:
        return _define_processors(guest, words[1:])
    if _is(what, 'STORAGE', 2) and len(words) > 1:
        return _define_storage(guest, words[1:])
    raise _invalid('DEF', what)


def _define_processors(guest: machines.Guest, words: list[str]) -> Outcome:
    """DEFINE CPU address... [TYPE type].

    One that exists may be given a type, and no more.
    """
    typed = 'TYPE' in words
    if typed:
        words = words[:words.index('TYPE')]
    wanted = sorted({address for word in words
                     for address in _addresses(word)})
    present = set(guest.processors)
    for address in wanted:
        if address in present and not typed:
            raise errors.CpError('DFI', 1459, f'Virtual CPU {address:02X} '
                                 'already exists')
    if len(present | set(wanted)) > guest.maximum_processors:
        raise errors.CpError(
            'DFI', 1457, 'The maximum number of virtual CPUs, '
            f'{guest.maximum_processors}, would be exceeded')
    changed = dataclasses.replace(
        guest, processors=tuple(sorted(present | set(wanted))))
    return changed, ''.join(f'CPU {address:02X} defined\n'
                            for address in wanted)


def _addresses(word: str) -> range:
    first, _, last = word.partition('-')
    try:
        found = range(int(first, 16), int(last or first, 16) + 1)
    except ValueError:
        raise _invalid('DFI', word)
    if not found or found[-1] > LAST_PROCESSOR:
        raise _invalid('DFI', word)
    return found


def _define_storage(guest: machines.Guest, words: list[str]) -> Outcome:
    """DEFINE STORAGE [AS size | INITIAL] [STANDBY ...] [RESERVED size].

    Without RESERVED, storage becomes standby out of what is reserved: all
    three together are what the operating system was told at its IPL.
    """
    sizes = _sizes(words, guest)
    storage = sizes.get('AS', guest.storage_mib)
    whole = storage + guest.standby_mib + guest.reserved_mib
    standby = sizes.get('STANDBY', guest.standby_mib)
    if 'REMAINDER' in sizes:
        standby = guest.maximum_mib - storage - sizes.get('RESERVED', 0)
        whole = guest.maximum_mib
    reserved = sizes.get('RESERVED', whole - storage - standby)
    if (storage <= 0 or min(standby, reserved) < 0 or
            storage + standby + reserved > guest.maximum_mib):
        raise errors.CpError('DST', 94, 'Storage exceeds allowed maximum')
    changed = dataclasses.replace(guest, storage_mib=storage,
                                  standby_mib=standby, reserved_mib=reserved)
    return changed, _storage(changed)


def _sizes(words: list[str], guest: machines.Guest) -> dict[str, int]:
    sizes: dict[str, int] = {}
    rest = iter(words)
    for word in rest:
        if _is(word, 'INITIAL', 3):
            sizes['AS'] = guest.storage_mib
        elif word in ('AS', 'STANDBY', 'RESERVED'):
            value = next(rest, '')
            if word == 'STANDBY' and _is(value, 'REMAINDER', 3):
                sizes['REMAINDER'] = 0
            else:
                sizes[word] = _size(value)
        else:
            sizes['AS'] = _size(word)
    return sizes


def _size(word: str) -> int:
    try:
        return statements.storage_mib(word)
    except ValueError:
        raise _invalid('DST', word)


def _query(guest: machines.Guest, words: list[str]) -> Outcome:
    if words and _is(words[0], 'VIRTUAL', 1) and len(words) > 1:
        words = words[1:]
    what = words[0] if words else ''
    if what == 'USERID':
        return guest, f'{guest.userid:<8} AT {guest.member}\n'
    if _is(what, 'STORAGE', 4):
        return guest, _storage(guest)
    if _is(what, 'CPUS', 3):
        return guest, _processors(guest)
    if what in ('DASD', 'DA'):
        return guest, ''.join(f'{_dasd(guest, disk)}\n'
                              for disk in guest.disks)
    return guest, _device(guest, what)


def _storage(guest: machines.Guest) -> str:
    return (f'STORAGE = {_mib(guest.storage_mib)} MAX = '
            f'{_mib(guest.maximum_mib)} INC = {_INCREMENT_MIB}M STANDBY = '
            f'{_mib(guest.standby_mib)}  RESERVED = '
            f'{_mib(guest.reserved_mib)}\n')


def _mib(size: int) -> str:
    if not size:
        return '0'
    return f'{size}M' if size % 1024 else f'{size // 1024}G'


def _processors(guest: machines.Guest) -> str:
    lines = []
    for number, address in enumerate(guest.processors):
        state = '' if address in guest.linux.processors else 'STOPPED'
        lines.append(f'CPU {address:02X}  ID  FF00000000000000 '
                     f'{state if number else "(BASE)"} '
                     f'{guest.settings.processor_type} CPUAFF ON\n')
    return ''.join(lines)


def _device(guest: machines.Guest, word: str) -> str:
    vdev = _vdev('QVD', word)
    disk, nic = guest.disk(vdev), guest.nic(vdev)
    if disk:
        return f'{_dasd(guest, disk)}\n'
    if nic is None:
        raise errors.CpError('QVD', 40, f'Device {vdev} does not exist')
    where = f'VSWITCH: SYSTEM {nic.switch}' if nic.switch else 'UNCOUPLED'
    return f'OSA  {vdev} ON NIC  {vdev}  UNIT  000 SUBCHANNEL {where}\n'


def _dasd(guest: machines.Guest, disk: machines.Disk) -> str:
    units = 'CYL' if disk.devtype == '3390' else 'BLK'
    return (f'DASD {disk.vdev} {disk.model} {disk.label} {disk.access} '
            f'{disk.size:>10} {units} ON DASD  {disk.rdev} SUBCHANNEL = '
            f'{guest.disks.index(disk):04X}')


def _detach(guest: machines.Guest, words: list[str]) -> Outcome:
    vdev = _vdev('DTV', words[0] if words else '')
    if guest.disk(vdev) is None:
        raise errors.CpError('DTV', 40, f'Device {vdev} does not exist')
    return guest.without_disk(vdev), f'DASD {vdev} DETACHED\n'


def _set(guest: machines.Guest, words: list[str]) -> Outcome:
    if words[:2] == ['VCONFIG', 'MODE'] and len(words) > 2:
        return _with(guest, mode=words[2])
    if words[:3] == ['VMRELOCATE', '*', 'DOMAIN'] and len(words) > 3:
        return _with(guest, domain=words[3])
    raise _invalid('CFS', words[0] if words else '')


def _schedule(guest: machines.Guest, words: list[str]) -> Outcome:
    """SCHEDULE * WITHIN POOL name."""
    if words[:3] != ['*', 'WITHIN', 'POOL'] or len(words) < 4:
        raise _invalid('SCH', words[0] if words else '')
    return _with(guest, cpu_pool=words[3])


def _attach(guest: machines.Guest, words: list[str]) -> Outcome:
    """ATTACH PCIF rpfid * AS vpfid."""
    if (words[:1] != ['PCIF'] or len(words) < 5 or
            words[2:4] != ['*', 'AS']):
        raise _invalid('ATR', words[0] if words else '')
    return _with(guest, pci_functions={
        **guest.settings.pci_functions, words[4]: words[1]})


def _with(guest: machines.Guest, **values: object) -> Outcome:
    settings = dataclasses.replace(guest.settings,
                                   **values)  # type: ignore[arg-type]
    return dataclasses.replace(guest, settings=settings), ''


def _vdev(module: str, word: str) -> str:
    try:
        return statements.vdev(word)
    except ValueError:
        raise _invalid(module, word)


def _is(word: str, name: str, shortest: int) -> bool:
    """Tell whether a word is a command or operand, abbreviated or not."""
    return len(word) >= shortest and name.startswith(word)


def _invalid(module: str, word: str) -> errors.CpError:
    if not word:
        return errors.CpError(module, 26, 'Operand missing or invalid')
    return errors.CpError(module, 2, f'Invalid operand - {word}')


_Handler = Callable[[machines.Guest, list[str]], Outcome]
# Each with the length of its shortest abbreviation.
_COMMANDS: tuple[tuple[str, int, _Handler], ...] = (
    ('DEFINE', 3, _define), ('QUERY', 1, _query), ('DETACH', 3, _detach),
    ('SET', 3, _set))
_PRIVILEGED: tuple[tuple[str, int, _Handler], ...] = (
    ('SCHEDULE', 3, _schedule), ('ATTACH', 3, _attach))
