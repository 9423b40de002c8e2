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

"""Calls that ask for and change single attributes of directory entries.

An attribute is a key and a value: CPU=CPUADDR=02, SHARE=RELATIVE=300,
COMMAND_DEFINE_CPU=CPUADDR=02 TYPE=IFL, which is the form that newer
connectors use of a processor.
"""

from collections.abc import Callable
import re

from zvm_simulator.cp import guestcp
from zvm_simulator.directory import dirmaint
from zvm_simulator.directory import statements
from zvm_simulator.ground import errors
from zvm_simulator.smapi import calls

_CPU = re.compile(r'^CPUADDR=([0-9A-Fa-f]{1,2})\b(?: TYPE=(\w+))?')
_SHARE = re.compile(r'^(RELATIVE|ABSOLUTE)=(\S+)$', re.IGNORECASE)


def query(call: calls.Call) -> str:
    """Return the attributes that the keys name, one a line."""
    lines = call.system.directory.get(call.target).lines
    output = []
    for item in call.options.get('k', []):
        key = item.partition('=')[0].strip().upper()
        values = _VALUES.get(key)
        if values is None:
            raise calls.syntax(f'{key} is no attribute')
        output += [f'{key}={value}\n' for value in values(lines)]
    return ''.join(output)


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


def _processors(*start: str) -> Callable[[dirmaint.Lines], list[str]]:
    def values(lines: dirmaint.Lines) -> list[str]:
        found = [words[len(start):] for words in
                 statements.words_of(lines, *start)]
        return [f'CPUADDR={words[0]}' + (
            f' TYPE={words[2]}' if words[1:2] == ['TYPE'] else '')
            for words in found]
    return values


def _operands(keyword: str, first: int, form: str = '{}'
              ) -> Callable[[dirmaint.Lines], list[str]]:
    """Return what reads the operand at a position of a statement."""
    def values(lines: dirmaint.Lines) -> list[str]:
        return [form.format(words[first]) for words in
                statements.words_of(lines, keyword) if len(words) > first]
    return values


def _shares(lines: dirmaint.Lines) -> list[str]:
    return ['='.join(words[1:3])
            for words in statements.words_of(lines, 'SHARE')]


_VALUES: dict[str, Callable[[dirmaint.Lines], list[str]]] = {
    'CPU': _processors('CPU'),
    'COMMAND_DEFINE_CPU': _processors('COMMAND', 'DEFINE', 'CPU'),
    'CPU_MAXIMUM': _operands('MACHINE', 2, 'COUNT={}'),
    'IPL': _operands('IPL', 1, 'VDEV={}'),
    'PRIVILEGE_CLASSES': _operands('USER', 5),
    'SHARE': _shares,
    'STORAGE_INITIAL': _operands('USER', 3),
    'STORAGE_MAXIMUM': _operands('USER', 4),
}

APIS: dict[str, calls.Api] = {
    'Image_Definition_Create_DM': update,
    'Image_Definition_Delete_DM': remove,
    'Image_Definition_Query_DM': query,
    'Image_Definition_Update_DM': update,
}
