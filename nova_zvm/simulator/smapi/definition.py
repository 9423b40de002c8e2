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
from nova_zvm.simulator.smapi import call as calls

_CPU = re.compile(r'^CPUADDR=([0-9A-Fa-f]{1,2})\b')
_SHARE = re.compile(r'^(RELATIVE|ABSOLUTE)=(\S+)$', re.IGNORECASE)


def create(call: calls.Call) -> str:
    call.system.dirmaint.create(call.target, _file(call))
    return ''


def replace(call: calls.Call) -> str:
    call.system.dirmaint.replace(call.target, _file(call))
    return ''


def delete(call: calls.Call) -> str:
    """Delete an entry; SmapiError 596/6831 while the guest is logged on."""
    system = call.system
    system.directory.get(call.target)
    if system.guests.anywhere(call.target):
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
    """Set CPU and SHARE statements."""
    call.system.dirmaint.edit(call.target, lambda lines: _with_share(
        _with_cpus(lines, _addresses(call)), call.keys('SHARE')))
    return ''


def remove(call: calls.Call) -> str:
    """Remove CPU statements."""
    addresses = _addresses(call)
    lines = call.system.directory.get(call.target).lines
    if not all(_has_cpu(lines, address) for address in addresses):
        raise errors.SmapiError(8, 4, 'Directory entry to be deleted not '
                                'found')
    call.system.dirmaint.edit(call.target, lambda lines: tuple(
        line for line in lines
        if not any(_has_cpu((line,), address) for address in addresses)))
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


def _file(call: calls.Call) -> str:
    if call.file is None:
        raise calls.syntax('the file of option -f cannot be read')
    return call.file


def _addresses(call: calls.Call) -> list[str]:
    found = []
    for value in call.keys('CPU'):
        match = _CPU.match(value)
        if not match:
            raise calls.syntax(f'CPU={value}')
        found.append(match[1].upper().zfill(2))
    return found


def _has_cpu(lines: dirmaint.Lines, address: str) -> bool:
    """Tell of the CPU statement; COMMAND DEFINE CPU is another one."""
    return any(line.upper().split()[:2] == ['CPU', address]
               for line in lines)


def _with_cpus(lines: dirmaint.Lines,
               addresses: list[str]) -> dirmaint.Lines:
    return lines + tuple(f'CPU {address}' for address in addresses
                         if not _has_cpu(lines, address))


def _with_share(lines: dirmaint.Lines, shares: list[str]) -> dirmaint.Lines:
    for value in shares:
        match = _SHARE.match(value)
        if not match:
            raise calls.syntax(f'SHARE={value}')
        share = f'SHARE {match[1].upper()} {match[2]}'
        lines = tuple(line for line in lines
                      if not line.startswith('SHARE ')) + (share,)
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
}
