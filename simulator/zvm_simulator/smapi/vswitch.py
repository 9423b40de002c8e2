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

"""Calls about virtual switches."""

from zvm_simulator.cp import metering
from zvm_simulator.cp import vswitches
from zvm_simulator.smapi import calls

# Status of a switch and of its real device: zvmsdk/constants.py.
_READY = '8'
_DEFINED = '1'
_NIC_COUNTERS = """\
nic_id: {0} {1}
nic_fr_rx: {2}
nic_fr_rx_dsc: 0
nic_fr_rx_err: 0
nic_fr_tx: {4}
nic_fr_tx_dsc: 0
nic_fr_tx_err: 0
nic_rx: {3}
nic_tx: {5}"""
_UPLINK_LINES = ('uplink_conn', 'uplink_fr_rx', 'uplink_fr_rx_dsc',
                 'uplink_fr_rx_err', 'uplink_fr_tx', 'uplink_fr_tx_dsc',
                 'uplink_fr_tx_err', 'uplink_rx', 'uplink_tx')
_BRIDGE_LINES = ('bridge_fr_rx', 'bridge_fr_rx_dsc', 'bridge_fr_rx_err',
                 'bridge_fr_tx', 'bridge_fr_tx_dsc', 'bridge_fr_tx_err',
                 'bridge_rx', 'bridge_tx')


def query(call: calls.Call) -> str:
    return ''.join(f'VSWITCH:  Name: {switch.name}\n'
                   for switch in _named(call, call.option('s')))


def query_extended(call: calls.Call) -> str:
    lines: list[str] = []
    for switch in _named(call, call.key('switch_name')):
        lines += _basics(switch) + _devices(switch)
        lines += _authorised(call, switch) + _connected(call, switch)
    return '\n'.join(lines) + '\n'


def create(call: calls.Call) -> str:
    """Define a switch; only one that forwards by IP address routes."""
    vlan = call.key('vlan_id', 'UNAWARE').upper()
    aware = vlan != 'UNAWARE'
    transport = call.key('transport_type', 'ETHERNET').upper()
    routing = call.key('routing_value', 'NONROUTER').upper()
    call.system.switches.create(vswitches.Vswitch(
        call.member.name, call.key('switch_name').upper(), vlan=vlan,
        native_vlan=call.key('native_vlanid', '1') if aware else '1',
        port_type=call.key('port_type', 'ACCESS').upper(),
        transport=transport, routing=routing if transport == 'IP' else 'NA',
        gvrp=call.key('gvrp_value', 'NOGVRP').upper() if aware else 'NOGVRP',
        queue_memory=int(call.key('queue_memory_limit', '8')),
        connected=call.key('connection_value', 'CONNECT') == 'CONNECT',
        real_devices=_real_devices(call.key('real_device_address', '')),
        controller=call.key('controller_name', '*')))
    return ''


def delete(call: calls.Call) -> str:
    name = call.key('switch_name').upper()
    call.system.switches.get(call.member.name, name)
    call.system.cp.sever(call.member.name, name)
    call.system.switches.delete(call.member.name, name)
    return ''


def set_extended(call: calls.Call) -> str:
    """Grant, revoke, set a user's VLAN, or change the uplink."""
    member, name = call.member.name, call.key('switch_name').upper()
    switches = call.system.switches
    switches.get(member, name)
    vlan = call.key('user_vlan_id', '')
    if call.keys('grant_userid'):
        switches.grant(member, name, call.key('grant_userid').upper(),
                       _vlan_number(vlan))
    elif call.keys('revoke_userid'):
        userid = call.key('revoke_userid').upper()
        switches.revoke(member, name, userid)
        call.system.cp.sever_guest(member, name, userid)
    else:
        _set_uplink(call, name)
    return ''


def byte_stats(call: calls.Call) -> str:
    """Count what went through; the lines are read by their number.

    Read by zvmsdk/smtclient.py _parse_vswitch_inspect_data.
    """
    switches = call.system.switches.of_member(call.member.name)
    lines = [f'vswitch count: {len(switches)}', '']
    for number, switch in enumerate(switches, 1):
        uplinks = switch.real_devices[:1]
        lines += [f'vswitch number: {number}',
                  f'vswitch name: {switch.name}',
                  f'uplink count: {len(uplinks)}']
        for device in uplinks:
            lines += [f'uplink_conn: {device}'] + [
                f'{name}: 0' for name in _UPLINK_LINES[1:]]
        lines += [f'{name}: 0' for name in _BRIDGE_LINES]
        lines += _nic_counters(call, switch) + ['vlan count: 0', '']
    return '\n'.join(lines) + '\n'


def _named(call: calls.Call, name: str) -> list[vswitches.Vswitch]:
    if name == '*':
        return call.system.switches.of_member(call.member.name)
    return [call.system.switches.get(call.member.name, name.upper())]


def _basics(switch: vswitches.Vswitch) -> list[str]:
    aware = switch.vlan_aware
    return [
        f'switch_name: {switch.name}',
        f'transport_type: {switch.transport}',
        f'port_type: {switch.port_type}',
        f'queue_memory_limit: {switch.queue_memory}',
        f'routing_value: {switch.routing}',
        f'vlan_awareness: {"AWARE" if aware else "UNAWARE"}',
        f'vlan_id: {switch.vlan}',
        f'native_vlan_id: {switch.native_vlan}',
        f'mac_address: {switch.mac}',
        f'gvrp_request_attribute: {switch.gvrp}',
        f'gvrp_enabled_attribute: {switch.gvrp}',
        f'switch_status: {_READY if switch.connected else _DEFINED}',
        'link_ag: NOGROUP', 'lag_interval: 0', 'lag_group: (NOGROUP)',
        'IP_timeout: 5', 'switch_type: QDIO',
        'isolation_status: NOISOLATION', 'MAC_protect: NOMACPROTECT',
        'user_port_based: USERBASED', 'VLAN_counters: VLANCOUNTERSOFF',
        'vepa_status: OFF']


def _devices(switch: vswitches.Vswitch) -> list[str]:
    lines = []
    for number, address in enumerate(switch.real_devices):
        controller, vdev = switch.uplink(number)
        lines += [f'real_device_address: {address}',
                  f'virtual_device_address: {vdev}',
                  f'controller_name: {controller}',
                  'port_name: UNASSIGNED',
                  f'device_status: {1 if number == 0 else 2}',
                  'device_error_status 0']
    return lines


def _authorised(call: calls.Call, switch: vswitches.Vswitch) -> list[str]:
    lines = []
    for grant in call.system.switches.grants(switch):
        vlans = grant.vlans or ((1,) if switch.vlan_aware else ())
        lines += ['port_num: 0000', f'grant_userid: {grant.userid}',
                  'promiscuous_mode: NOPROM', 'osd_sim: NOOSDSIM',
                  f'vlan_count: {len(vlans)}']
        lines += [f'user_vlan_id: {vlan}' for vlan in vlans]
    return lines


def _connected(call: calls.Call, switch: vswitches.Vswitch) -> list[str]:
    lines = []
    for userid, nic in call.system.guests.coupled(switch.member,
                                                  switch.name):
        mac = '-'.join(nic.mac[place:place + 2] for place in range(0, 12, 2))
        lines += [f'adapter_owner: {userid}', f'adapter_vdev: {nic.vdev}',
                  f'adapter_macaddr: {mac}', 'adapter_type: QDIO']
    return lines


def _nic_counters(call: calls.Call, switch: vswitches.Vswitch) -> list[str]:
    now = call.system.now
    coupled = call.system.guests.coupled(switch.member, switch.name)
    lines = [f'nic count: {len(coupled)}']
    for userid, nic in coupled:
        received = metering.nic_bytes(call.system.guests.get(userid), now)
        sent = metering.answered(received)
        lines.append(_NIC_COUNTERS.format(
            userid, nic.vdev, metering.frames(received), received,
            metering.frames(sent), sent))
    return lines


def _set_uplink(call: calls.Call, name: str) -> None:
    connected, devices = None, None
    if call.keys('connection_value'):
        connected = call.key('connection_value').upper() == 'CONNECT'
    if call.keys('real_device_address'):
        devices = _real_devices(call.key('real_device_address'))
    call.system.switches.set_options(call.member.name, name, connected,
                                     devices)


def _real_devices(text: str) -> tuple[str, ...]:
    return tuple(word.upper().zfill(4) for word in text.split()
                 if word.upper() != 'NONE')


def _vlan_number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdigit():
        raise calls.syntax(f'user_vlan_id={text}')
    return int(text)


APIS: dict[str, calls.Api] = {
    'Virtual_Network_Vswitch_Query': query,
    'Virtual_Network_Vswitch_Query_Extended': query_extended,
    'Virtual_Network_Vswitch_Create_Extended': create,
    'Virtual_Network_Vswitch_Delete_Extended': delete,
    'Virtual_Network_Vswitch_Set_Extended': set_extended,
    'Virtual_Network_Vswitch_Query_Byte_Stats': byte_stats,
}
