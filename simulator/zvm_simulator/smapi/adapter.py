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

"""Calls about network adapters of guests, defined and running."""

from zvm_simulator.cp import machines
from zvm_simulator.directory import statements
from zvm_simulator.linux import netconfig
from zvm_simulator.smapi import calls


def create_dm(call: calls.Call) -> str:
    operands = {'TYPE': call.key('adapter_type').upper(),
                'DEVICES': call.key('devices', '3')}
    if call.keys('mac_id'):
        operands['MACID'] = call.key('mac_id').upper()
    call.system.dirmaint.add_nic(call.target, statements.Nicdef(
        call.vdev(call.key('image_device_number')), operands))
    return ''


def create(call: calls.Call) -> str:
    call.system.cp.add_nic(
        call.target, call.vdev(call.key('image_device_number')),
        call.member.mac_prefix)
    return ''


def delete_dm(call: calls.Call) -> str:
    call.system.dirmaint.remove_nic(call.target, _vdev(call))
    return ''


def delete(call: calls.Call) -> str:
    call.system.cp.remove_nic(call.target, _vdev(call))
    return ''


def connect_dm(call: calls.Call) -> str:
    call.system.dirmaint.connect_nic(call.target, _vdev(call),
                                     call.option('n').upper())
    return ''


def connect(call: calls.Call) -> str:
    call.system.cp.couple(call.target, _vdev(call),
                          call.option('n').upper())
    return ''


def disconnect_dm(call: calls.Call) -> str:
    call.system.dirmaint.disconnect_nic(call.target, _vdev(call))
    return ''


def disconnect(call: calls.Call) -> str:
    call.system.cp.uncouple(call.target, _vdev(call))
    return ''


def query(call: calls.Call) -> str:
    """Tell of the running adapters, one or all.

    Read by zvmsdk/smtclient.py get_adapters_info.
    """
    guest = call.system.guests.find(call.target)
    wanted = call.key('image_device_number')
    nics = [nic for nic in (guest.nics if guest else ())
            if wanted == '*' or call.vdev(wanted) == nic.vdev]
    lines = [f'adapter_count={len(nics)}']
    addresses = _addresses(call) if guest else {}
    for nic in nics:
        lines += _adapter(nic, _status(guest, nic), addresses.get(nic.vdev))
    return '\n'.join(lines) + '\n'


def _vdev(call: calls.Call) -> str:
    return call.vdev(call.option('v'))


def _addresses(call: calls.Call) -> dict[str, str]:
    """Return the addresses that the guest's Linux has, if it is up."""
    guest = call.system.guests.get(call.target)
    root = call.system.guestos.root(call.target)
    if guest.linux.state != 'up' or root is None:
        return {}
    return {item['vdev']: item['ip']
            for item in netconfig.interfaces(root.content.files)}


def _status(guest: machines.Guest | None, nic: machines.Nic) -> str:
    """Tell whether it is coupled, and whether the Linux uses it.

    0 not coupled, 1 coupled but not active, 2 coupled and active (smcli).
    """
    if not nic.switch:
        return '00'
    return '02' if guest and guest.linux.state == 'up' else '01'


def _adapter(nic: machines.Nic, status: str,
             address: str | None) -> list[str]:
    lines = [f'adapter_address={nic.vdev}', 'port_type=NONE',
             f'adapter_status={status}',
             'lan_owner=SYSTEM', f'lan_name={nic.switch}', 'mac_count=1',
             f'mac_address={nic.mac}']
    if address:
        lines += ['mac_ip_version=4', f'mac_ip_address={address}']
    return lines + ['mac_info_end', 'adapter_info_end']


APIS: dict[str, calls.Api] = {
    'Virtual_Network_Adapter_Create_Extended_DM': create_dm,
    'Virtual_Network_Adapter_Create_Extended': create,
    'Virtual_Network_Adapter_Delete_DM': delete_dm,
    'Virtual_Network_Adapter_Delete': delete,
    'Virtual_Network_Adapter_Connect_Vswitch_DM': connect_dm,
    'Virtual_Network_Adapter_Connect_Vswitch': connect,
    'Virtual_Network_Adapter_Disconnect_DM': disconnect_dm,
    'Virtual_Network_Adapter_Disconnect': disconnect,
    'Virtual_Network_Adapter_Query_Extended': query,
}
