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

"""Calls about real devices: FCP and OSA, dedicated to guests or free."""

from zvm_simulator.cp import members
from zvm_simulator.ground import errors
from zvm_simulator.smapi import calls

# What CP's messages on ATTACH become: reason code and text.
_ATTACH_REASONS = {
    40: (8, 'Image device does not exist'),
    46: (16, 'Image device is not available'),
    122: (16, 'Image device is not available'),
}


def dedicate_dm(call: calls.Call) -> str:
    call.system.dirmaint.dedicate(call.target, _vdev(call), _real(call))
    return ''


def undedicate_dm(call: calls.Call) -> str:
    call.system.dirmaint.undedicate(call.target, _vdev(call))
    return ''


def dedicate(call: calls.Call) -> str:
    """Attach a device; SmapiError 204/8 or 204/16 when it is not free."""
    try:
        call.system.devices.attach(call.target, _vdev(call), _real(call))
    except errors.CpError as error:
        reason, text = _ATTACH_REASONS[error.number]
        raise errors.SmapiError(204, reason, text)
    return ''


def undedicate(call: calls.Call) -> str:
    call.system.devices.detach(call.target, _vdev(call))
    return ''


def wwpns(call: calls.Call) -> str:
    """List the FCP devices, each in five lines, or six with its owner.

    Read by smtLayer/getVM.py extract_fcp_data.
    """
    with_owner = call.key('OWNER', 'NO').upper() == 'YES'
    lines = []
    for device in call.member.of_kind('FCP'):
        owner = _owner(call, device)
        lines += [f'FCP device number: {device.address}',
                  f'  Status: {_status(call, device, owner)}',
                  f'  NPIV world wide port number: {device.wwpn}',
                  f'  Channel path ID: {device.chpid}',
                  '  Physical world wide port number: '
                  f'{device.physical_wwpn}']
        if with_owner:
            lines.append(f'  Owner: {owner or "NONE"}')
    return '\n'.join(lines) + '\n'


def osas(call: calls.Call) -> str:
    """List the OSA devices; SmapiError 4/4 if the system has none.

    Read by zvmsdk/smtclient.py _query_OSA.
    """
    devices = call.member.of_kind('OSA')
    if not devices:
        raise errors.SmapiError(4, 4, 'OSA not found')
    lines = []
    for device in devices:
        owner = _owner(call, device)
        status = (f'ATT {owner}' if owner else
                  _status(call, device, owner).upper())
        lines += [f'OSA Address: {device.address}', f'OSA Status: {status}',
                  'OSA Type: OSA', f'CHPID Address: {device.chpid}',
                  'Agent Status: NO']
    return '\n'.join(lines) + '\n'


def _owner(call: calls.Call, device: members.RealDevice) -> str:
    holder = call.system.devices.holder(call.member.name, device.address)
    return holder.userid if holder else ''


def _status(call: calls.Call, device: members.RealDevice, owner: str) -> str:
    if call.system.devices.is_offline(call.member.name, device.address):
        return 'Offline'
    return 'Active' if owner else 'Free'


def _vdev(call: calls.Call) -> str:
    return call.vdev(call.option('v'))


def _real(call: calls.Call) -> str:
    return call.vdev(call.option('r'))


APIS: dict[str, calls.Api] = {
    'Image_Device_Dedicate_DM': dedicate_dm,
    'Image_Device_Undedicate_DM': undedicate_dm,
    'Image_Device_Dedicate': dedicate,
    'Image_Device_Undedicate': undedicate,
    'System_WWPN_Query': wwpns,
    'Virtual_Network_OSA_Query': osas,
}
