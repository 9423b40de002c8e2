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

"""Calls that relocate guests to another member of the SSI cluster.

What CP has against it comes as message numbers in the error buffer, which
smcli writes after Details: (read by smtLayer/migrateVM.py).
"""

from collections.abc import Callable

from zvm_simulator.ground import errors
from zvm_simulator.ground import pending
from zvm_simulator.smapi import calls
from zvm_simulator.ssi import relocation

_KEYS = ('destination', 'action', 'force', 'immediate', 'max_total',
         'max_quiesce')
_FORCE = ('ARCHITECTURE', 'DOMAIN', 'STORAGE')
_LAST_SECOND = 99999999


def relocate(call: calls.Call) -> str:
    """Test, move or cancel; testing is the default."""
    action = call.key('action', 'TEST').upper()
    if len(call.options.get('k', [])) < 2 or (
            action != 'CANCEL' and not call.keys('destination')):
        raise calls.syntax('missing required options')
    _check(call, _KEYS)
    if action not in _ACTIONS:
        raise _bad_operand('action')
    _ACTIONS[action](call)
    return ''


def modify(call: calls.Call) -> str:
    """Change the time limits of a relocation in progress."""
    _check(call, ('max_total', 'max_quiesce'))
    changes = {name.removeprefix('max_'): _seconds(call, name, None)
               for name in ('max_total', 'max_quiesce') if call.keys(name)}
    try:
        call.system.relocations.change_limits(call.target, changes)
    except relocation.NotRelocated as refusal:
        raise errors.SmapiError(8, 3010, 'VMRELOCATE modify error',
                                details=str(refusal))
    return ''


def status(call: calls.Call) -> str:
    """Tell the relocations in progress that concern this member."""
    _check(call, ('status_target',))
    concerns = _concerns(call)
    found = [item for item in call.system.relocations.all()
             if concerns(item)]
    if not found:
        raise errors.SmapiError(4, 3001, 'No active relocations found')
    return ''.join(_status(item, call.system.now) for item in found)


def _test(call: calls.Call) -> None:
    try:
        call.system.relocations.test(call.target, call.member.name,
                                     call.key('destination').upper())
    except relocation.NotRelocated as refusal:
        raise errors.SmapiError(4, 3000, 'VMRELOCATE TEST error',
                                details=str(refusal))


def _move(call: calls.Call) -> None:
    """Begin; the call ends with the relocation."""
    relocations, userid = call.system.relocations, call.target
    wanted = relocation.Relocation(
        userid, call.member.name, call.key('destination').upper(),
        call.member.connector, call.system.now, _force(call),
        relocation.Limits(
            _seconds(call, 'max_total', None),
            _seconds(call, 'max_quiesce', None if _immediate(call) else
                     relocation.MAX_QUIESCE)))
    try:
        relocations.begin(wanted)
    except relocation.NotRelocated as refusal:
        raise _move_error(refusal)
    call.later.append(pending.Pending(
        lambda: relocations.find(userid) is None, lambda: _end(call)))


def _end(call: calls.Call) -> None:
    try:
        call.system.relocations.check_ended(call.target)
    except relocation.NotRelocated as refusal:
        raise _move_error(refusal)


def _cancel(call: calls.Call) -> None:
    try:
        call.system.relocations.cancel(call.target)
    except relocation.NotRelocated as refusal:
        raise _move_error(refusal)


def _check(call: calls.Call, known: tuple[str, ...]) -> None:
    if not call.system.ssi:
        raise errors.SmapiError(8, 3008, 'System is not a member of an SSI '
                                'cluster')
    for item in call.options.get('k', []):
        if item.strip().partition('=')[0].lower() not in known:
            raise errors.SmapiError(8, 3002, 'Invalid parameter name')


def _seconds(call: calls.Call, name: str,
             default: float | None) -> float | None:
    value = call.key(name, '').upper()
    if not value:
        return default
    if value == 'NOLIMIT':
        return None
    if not value.isdigit() or not 1 <= int(value) <= _LAST_SECOND:
        raise _bad_operand(name)
    return float(value)


def _immediate(call: calls.Call) -> bool:
    value = call.key('immediate', 'NO').upper()
    if value not in ('YES', 'NO'):
        raise _bad_operand('immediate')
    return value == 'YES'


def _force(call: calls.Call) -> tuple[str, ...]:
    words = tuple(call.key('force', '').upper().split())
    if not set(words) <= set(_FORCE):
        raise _bad_operand('force')
    return words


def _concerns(call: calls.Call) -> Callable[[relocation.Relocation], bool]:
    """Return what tells whether a relocation is asked for."""
    member = call.member.name
    wanted = call.key('status_target', 'ALL').upper().split()
    if wanted == ['ALL']:
        return lambda item: member in (item.source, item.destination)
    if wanted == ['INCOMING']:
        return lambda item: member == item.destination
    if wanted == ['OUTGOING']:
        return lambda item: member == item.source
    if wanted[:1] == ['USER'] and len(wanted) == 2:
        return lambda item: item.userid == wanted[1] and (
            member in (item.source, item.destination))
    raise _bad_operand('status_target')


def _status(item: relocation.Relocation, now: float) -> str:
    minutes, seconds = divmod(int(now - item.began), 60)
    hours, minutes = divmod(minutes, 60)
    return (f'VMRELOCATE image: {item.userid}\n'
            f'VMRELOCATE source system: {item.source}\n'
            f'VMRELOCATE destination system: {item.destination}\n'
            f'VMRELOCATE by: {item.by}\n'
            f'VMRELOCATE elapsed: {hours:02}:{minutes:02}:{seconds:02}\n'
            'VMRELOCATE status: Moving Storage\n\n')


def _move_error(refusal: relocation.NotRelocated) -> errors.SmapiError:
    return errors.SmapiError(8, 3000, 'VMRELOCATE MOVE error',
                             details=str(refusal))


def _bad_operand(name: str) -> errors.SmapiError:
    return errors.SmapiError(8, 3003, f'Invalid parameter operand: {name}')


_ACTIONS = {'TEST': _test, 'MOVE': _move, 'CANCEL': _cancel}

APIS: dict[str, calls.Api] = {
    'VMRELOCATE': relocate,
    'VMRELOCATE_Modify': modify,
    'VMRELOCATE_Status': status,
}
