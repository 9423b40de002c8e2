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

"""CP commands about real devices, channel paths and who has them."""

from collections.abc import Callable

from zvm_simulator.commands import request as requests
from zvm_simulator.cp import members
from zvm_simulator.directory import statements
from zvm_simulator.ground import errors

_NO_PATH = 'Path {} is not associated with a physical channel\n'
_STATES = ('FREE', 'ATTACHED', 'OFFLINE')


def attach(request: requests.Request, words: list[str]) -> str:
    """ATTACH rdev|EQID eqid [TO] userid|* [[AS] vdev]."""
    operands = [word for word in words[1:] if word not in ('TO', 'AS')]
    devices, member = request.system.devices, request.member.name
    if operands[:1] == ['EQID'] and len(operands) > 1:
        operands[:2] = [devices.equivalent(member, operands[1]).address]
    if len(operands) not in (2, 3):
        raise errors.CpError('ATR', 26, 'Operand missing or invalid')
    real = _number(operands[0], 'ATR')
    vdev = _number(operands[2], 'ATR') if len(operands) == 3 else real
    userid = _logged_on(request, operands[1], 'ATR')
    if vdev in request.system.guests.get(userid).vdevs():
        raise errors.CpError('ATR', 129, f'{userid} {vdev} already defined')
    devices.attach(userid, vdev, real)
    kind = devices.get(member, real, 'ATR').kind
    return f'{kind} {real} ATTACHED TO {userid} {vdev}\n'


def detach(request: requests.Request, words: list[str]) -> str:
    """DETACH rdev [FROM] userid, or DETACH vdev of the own ones."""
    operands = [word for word in words[1:] if word != 'FROM']
    if len(operands) not in (1, 2):
        raise errors.CpError('DTR', 26, 'Operand missing or invalid')
    number = _number(operands[0], 'DTR')
    devices, member = request.system.devices, request.member.name
    userid = _logged_on(request, (operands + ['*'])[1], 'DTR')
    if len(operands) == 1:
        number = _own_device(request, number)
    kind = devices.get(member, number, 'DTR').kind
    holder = devices.holder(member, number)
    if holder is None or holder.userid != userid:
        raise errors.CpError('DTR', 121, f'{kind} {number} not attached to '
                             f'{userid}')
    devices.detach(userid, holder.vdev)
    return f'{kind} {number} DETACHED {userid} {holder.vdev}\n'


def vary(request: requests.Request, words: list[str]) -> str:
    """VARY ONLINE|OFFLINE rdev."""
    state = words[1] if len(words) == 3 else ''
    if state not in ('ONLINE', 'OFFLINE', 'ON', 'OFF'):
        raise errors.CpError('CPV', 26, 'Operand missing or invalid')
    online = state in ('ONLINE', 'ON')
    real = _number(words[2], 'CPV')
    request.system.devices.vary(request.member.name, real, online)
    return (f'{real} varied {"online" if online else "offline"}\n'
            '1 device(s) specified; 1 device(s) successfully varied '
            f'{"online" if online else "offline"}\n')


def _query_kind(request: requests.Request, words: list[str]) -> str:
    """QUERY FCP|OSA [FREE|ATTACHED|OFFLINE|rdev]."""
    kind = words[1]
    wanted = words[2] if len(words) > 2 else ''
    devices = request.member.of_kind(kind)
    if wanted and wanted not in _STATES:
        real = _number(wanted, 'QRD')
        device = request.system.devices.get(request.member.name, real, 'QRD')
        devices = [device] if device.kind == kind else []
    lines = [_line(request, device) for device in devices
             if wanted not in _STATES or wanted in _line(request, device)]
    return ''.join(lines) or f'No {kind} devices {wanted.lower()}\n'


def _query_eqid(request: requests.Request, words: list[str]) -> str:
    """QUERY EQID [FOR] rdev."""
    operands = [word for word in words[2:] if word != 'FOR']
    if len(operands) != 1:
        raise errors.CpError('QEQ', 26, 'Operand missing or invalid')
    device = request.system.devices.get(
        request.member.name, _number(operands[0], 'QEQ'), 'QEQ')
    eqid = request.member.eqid(device.address)
    return f'{device.address}: EQID = {eqid or "NONE"}\n'


def _query_chpid(request: requests.Request, words: list[str]) -> str:
    """QUERY CHPID nn PCHID."""
    if len(words) != 4 or words[3] != 'PCHID':
        raise errors.CpError('QPA', 26, 'Operand missing or invalid')
    chpid = words[2]
    if len(chpid) != 2 or not set(chpid) <= set('0123456789ABCDEF'):
        raise errors.CpError('QPA', 846, 'Invalid channel path identifier')
    for device in request.member.real_devices:
        if device.chpid == chpid:
            return (f'Path {chpid} is associated with physical channel '
                    f'{device.pchid}\n')
    return _NO_PATH.format(chpid)


def _query_chpidv(request: requests.Request, words: list[str]) -> str:
    """QUERY CHPIDV: whether the own channel paths are virtual ones."""
    entry = request.system.directory.get(request.member.connector)
    options = [word.upper() for line in statements.words_of(
        entry.lines, 'OPTION') for word in line]
    return f'CHPIDV {"ONE" if "CHPIDV" in options else "OFF"}\n'


def _own_device(request: requests.Request, vdev: str) -> str:
    guest = request.system.guests.get(request.member.connector)
    if vdev not in guest.dedicated:
        raise errors.CpError('DTV', 40, f'Device {vdev} does not exist')
    return guest.dedicated[vdev]


def _line(request: requests.Request, device: members.RealDevice) -> str:
    devices, member = request.system.devices, request.member.name
    holder = devices.holder(member, device.address)
    state = 'FREE'
    if holder:
        state = f'ATTACHED TO {holder.userid:<8} {holder.vdev}'
    if devices.is_offline(member, device.address):
        state = 'OFFLINE'
    line = f'{device.kind}  {device.address} {state} CHPID {device.chpid}\n'
    return line + (f'     WWPN {device.wwpn}\n' if device.wwpn else '')


def _number(text: str, module: str) -> str:
    try:
        return statements.vdev(text)
    except ValueError:
        raise errors.CpError(module, 21, f'Device number {text} invalid')


def _logged_on(request: requests.Request, userid: str, module: str) -> str:
    """Return a userid that is logged on here; * is the own one."""
    userid = request.member.connector if userid == '*' else userid
    guest = request.system.guests.find(userid)
    if guest is None or guest.member != request.member.name:
        raise errors.CpError(module, 45, f'{userid} not logged on')
    return userid


QUERIES: dict[str, Callable[[requests.Request, list[str]], str]] = {
    'FCP': _query_kind,
    'OSA': _query_kind,
    'EQID': _query_eqid,
    'CHPID': _query_chpid,
    'CHPIDV': _query_chpidv,
}
