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

"""How what the sandbox has seen is put into lines."""

import itertools
import json
import textwrap

from tools.sandbox import zvm


def services(found):
    return 'up: ' + ', '.join(sorted(service['binary'] for service in found))


def system(state):
    """Tell of the one member of a simulated system what it is."""
    member, = state['members'].values()
    return (f'z/VM {member["release"]}, {member["processors"]} processors, '
            f'{member["storage_mib"] // 1024} GiB, '
            f'{len(state["directory"])} directory entries')


def hypervisor(found, inventories):
    return [f'{found["hypervisor_hostname"]}: {found["hypervisor_type"]} '
            f'{found["hypervisor_version"]}, {found["uptime"]}'] + [
        f'{name:10} total {values["total"]:7}   '
        f'for one server {values["max_unit"]:7}   '
        f'ratio {values["allocation_ratio"]}'
        for name, values in sorted(inventories.items())]


def progress(record):
    """Tell what a command of a boot is for; None if it is a lesser one."""
    meaning = zvm.meaning(record['command'])
    return meaning and f'{meaning:37} {record["name"]}'


def server(found, directory_entry):
    """Show a server, and its user's directory entry beside it."""
    flavor = found['flavor']
    left = [
        f'server    {found["name"]}',
        f'status    {found["status"]}',
        f'host      {found["OS-EXT-SRV-ATTR:hypervisor_hostname"]}',
        f'instance  {found["OS-EXT-SRV-ATTR:instance_name"]}',
        f'flavor    {flavor["original_name"]}',
        f'vcpus     {flavor["vcpus"]}',
        f'ram       {flavor["ram"]} MiB',
        f'disk      {flavor["disk"]} GiB + {flavor["ephemeral"]} GiB',
    ] + [f'address   {address["addr"]}'
         for addresses in found['addresses'].values()
         for address in addresses]
    right = [part for line in directory_entry for part in textwrap.wrap(
        line, 64, subsequent_indent='    ')]
    return [f'{one:24} | {other}' for one, other
            in itertools.zip_longest(left, right, fillvalue='')]


def cloud_init(metadata, user_data):
    key, = metadata['public_keys'].values()
    return [f'in openstack/latest/meta_data.json: hostname '
            f'{metadata["hostname"]},',
            f'uuid {metadata["uuid"]}, public key {key[:28]}...',
            f'in openstack/latest/user_data: '
            f'{json.dumps(user_data)}']


def network(userid, switches, interfaces):
    """Show a guest's NICs on the virtual switches, then in its Linux."""
    return [
        f'{name}, {_awareness(switch)}: {_ports(userid, switch)}'
        for name, switch in switches.items()] + [
        f'in the guest {interface["device"]} with {interface["ip"]}/'
        f'{interface["prefix"]}, gateway {interface["gateway"]}'
        for interface in interfaces]


def _awareness(switch):
    return 'VLAN-unaware' if switch['vlan'] == 'UNAWARE' else 'VLAN-aware'


def _ports(userid, switch):
    """Tell which NICs of a guest a switch has, and what it allows."""
    vlans = ', '.join(map(str, switch['grants'].get(userid, [])))
    ports = [f'NIC {port["vdev"]}, MAC address {port["mac"]}'
             for port in switch['ports'] if port['userid'] == userid]
    granted = f'; {userid} may use VLAN {vlans}' if vlans else ''
    return ('; '.join(ports) or f'no NIC of {userid}') + granted


def as_before(state):
    return [f'{len(state["directory"])} directory entries, '
            f'{len(state["guests"])} guests logged on, and minidisks, '
            f'grants, reader files as before',
            'what was deployed stays with the connector for the next boot']
