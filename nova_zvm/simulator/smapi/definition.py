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

"""Calls that read and change directory entries."""

import re

from nova_zvm.simulator import dirmaint
from nova_zvm.simulator import errors
from nova_zvm.simulator import guestcp
from nova_zvm.simulator.smapi import call as calls
from nova_zvm.simulator import statements

_CPU = re.compile(r'^CPUADDR=([0-9A-Fa-f]{1,2})\b(?: TYPE=(\w+))?')
_SHARE = re.compile(r'^(RELATIVE|ABSOLUTE)=(\S+)$', re.IGNORECASE)


def create(call: calls.Call) -> str:
    call.system.dirmaint.create(call.target, _file(call))
    return ''


def replace(call: calls.Call) -> str:
    """Replace a locked entry; disks of a running guest stay defined."""
    guest = call.system.guests.find(call.target)
    used = [disk.vdev for disk in guest.disks] if guest else []
    text = _file(call)
    call.system.dirmaint.replace(call.target, text)
    entry = call.system.directory.get(call.target)
    if any(entry.mdisk(vdev) is None for vdev in used):
        raise errors.SmapiError(408, 12, 'Image device is locked')
    return ''


def delete(call: calls.Call) -> str:
    """Delete an entry; SmapiError 596/6831 while the guest is logged on."""
    system = call.system
    system.directory.get(call.target)
    if system.guests.find(call.target):
        raise errors.SmapiError(596, 6831, 'Directory manager error: the '
                                'deletion is not finished yet')
    system.dirmaint.delete(call.target, system.now)
    return ''


def query(call: calls.Call) -> str:
    """Return the entry; the last line is the directory manager's own."""
    entry = call.system.directory.get(call.target)
    return f'{entry.text}*DVHOPT LNK0 LOG1 RCM1 SMS0 NPW1 LNGAMENG PWC\n'


def names(call: calls.Call) -> str:
    return '\n'.join(call.system.directory.userids())


def lock(call: calls.Call) -> str:
    call.system.dirmaint.lock(call.target, call.member.connector)
    return ''


def unlock(call: calls.Call) -> str:
    call.system.dirmaint.unlock(call.target)
    return ''


def update(call: calls.Call) -> str:
    """Set CPU and SHARE statements, and COMMAND DEFINE CPU statements."""
    call.system.dirmaint.edit(call.target, lambda lines: _with_share(
        _with_cpus(lines, _cpu_statements(call)), call.keys('SHARE')))
    return ''


def remove(call: calls.Call) -> str:
    """Remove CPU statements, and COMMAND DEFINE CPU statements."""
    wanted = _cpu_statements(call)
    lines = call.system.directory.get(call.target).lines
    if not all(_has(lines, statement) for statement in wanted):
        raise errors.SmapiError(8, 4, 'Directory entry to be deleted not '
                                'found')
    call.system.dirmaint.edit(call.target, lambda lines: tuple(
        line for line in lines
        if not any(_has((line,), statement) for statement in wanted)))
    return ''


def ipl_set(call: calls.Call) -> str:
    line = f'IPL {call.option("s").upper()}'
    call.system.dirmaint.edit(call.target, lambda lines: tuple(
        item for item in lines if item.split()[0] != 'IPL') + (line,))
    return ''


def ipl_delete(call: calls.Call) -> str:
    entry = call.system.directory.get(call.target)
    if not entry.ipl:
        raise errors.SmapiError(460, 4, 'Image does not have an IPL '
                                'statement')
    call.system.dirmaint.edit(call.target, lambda lines: tuple(
        item for item in lines if item.split()[0] != 'IPL'))
    return ''


def dedicate(call: calls.Call) -> str:
    call.system.dirmaint.dedicate(
        call.target, call.vdev(call.option('v')),
        call.vdev(call.option('r')))
    return ''


def undedicate(call: calls.Call) -> str:
    call.system.dirmaint.undedicate(call.target,
                                    call.vdev(call.option('v')))
    return ''


def _file(call: calls.Call) -> str:
    if call.file is None:
        raise calls.syntax('the file of option -f cannot be read')
    return call.file


def _cpu_statements(call: calls.Call) -> list[str]:
    """Return the statements that the keys name, without a type if none."""
    found = []
    for key, start in (('CPU', 'CPU'),
                       ('COMMAND_DEFINE_CPU', 'COMMAND DEFINE CPU')):
        for value in call.keys(key):
            match = _CPU.match(value)
            if not match or int(match[1], 16) > guestcp.LAST_PROCESSOR:
                raise calls.syntax(f'{key}={value}')
            kind = f' TYPE {match[2].upper()}' if match[2] else ''
            found.append(f'{start} {match[1].upper().zfill(2)}{kind}')
    return found


def _has(lines: dirmaint.Lines, statement: str) -> bool:
    """Tell of a statement with this beginning, whatever its type."""
    words = statement.partition(' TYPE ')[0].split()
    return any(line.upper().split()[:len(words)] == words for line in lines)


def _with_cpus(lines: dirmaint.Lines, wanted: list[str]) -> dirmaint.Lines:
    """Add what is missing; SmapiError 520/32 above the MACHINE statement."""
    for statement in wanted:
        if not _has(lines, statement):
            lines = statements.before_devices(lines, statement)
    machine = statements.words_of(lines, 'MACHINE')
    count = len(statements.defined_processors(lines))
    if wanted and machine and len(machine[0]) > 2 and (
            count > int(machine[0][2])):
        raise errors.SmapiError(520, 32, 'Maximum allowable number of '
                                'virtual CPUs is exceeded')
    return lines


def _with_share(lines: dirmaint.Lines, shares: list[str]) -> dirmaint.Lines:
    """Replace the SHARE statement where it stands, or add one."""
    for value in shares:
        match = _SHARE.match(value)
        if not match:
            raise calls.syntax(f'SHARE={value}')
        share = f'SHARE {match[1].upper()} {match[2]}'
        if statements.words_of(lines, 'SHARE'):
            lines = tuple(share if line.split()[:1] == ['SHARE'] else line
                          for line in lines)
        else:
            lines = statements.before_devices(lines, share)
    return lines


APIS: dict[str, calls.Api] = {
    'Image_Create_DM': create,
    'Image_Replace_DM': replace,
    'Image_Delete_DM': delete,
    'Image_Query_DM': query,
    'Image_Name_Query_DM': names,
    'Image_Lock_DM': lock,
    'Image_Unlock_DM': unlock,
    'Image_Definition_Create_DM': update,
    'Image_Definition_Update_DM': update,
    'Image_Definition_Delete_DM': remove,
    'Image_IPL_Set_DM': ipl_set,
    'Image_IPL_Delete_DM': ipl_delete,
    'Image_Device_Dedicate_DM': dedicate,
    'Image_Device_Undedicate_DM': undedicate,
}
