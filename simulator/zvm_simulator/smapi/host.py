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

"""Calls about the system itself, and about what its guests use of it."""

import datetime

from zvm_simulator.cp import machines
from zvm_simulator.cp import members
from zvm_simulator.cp import metering
from zvm_simulator.ground import errors
from zvm_simulator.smapi import calls
from zvm_simulator import system as systems


def processors(call: calls.Call) -> str:
    """List the real processors (smtLayer/getHost.py getCPUCount)."""
    kind = call.member.processor_type
    lines = ['ADDRESS STATUS TYPE CORE_ID THREAD_ID']
    for number in range(call.member.processors):
        status = 'MASTER' if number == 0 else 'ALTERNATE'
        lines.append(f'{number:02X} {status} {kind} {number:02X} 00')
    return '\n'.join(lines) + '\n'


def information(call: calls.Call) -> str:
    """Tell the real storage; the connector reads words 1 and 5."""
    size = f'{call.member.storage_mib}M'
    return (f'STORAGE=STORAGE={size} CONFIGURED={size} INC=256M '
            'RESERVED=0M STANDBY=0M\n')


def performance(call: calls.Call) -> str:
    """Tell the storage in use; SmapiError 8/3016 without PERSMAPI.

    PERSMAPI fills the segment SMAPIOUT with what its monitor tells.
    """
    if not call.system.guests.find('PERSMAPI'):
        raise errors.SmapiError(8, 3016, 'SMAPIOUT segment empty')
    guests = call.system.guests.of_member(call.member.name)
    pages = metering.used_pages(call.member, guests)
    total = call.member.storage_mib * 1024 * 1024 // metering.PAGE_BYTES
    return (f'MEMORY_TOTAL={total}\nMEMORY_IN_USE={pages}\n'
            f'MEMORY_UTILIZATION={pages * 100 // total}\n')


def image_performance(call: calls.Call) -> str:
    """Tell what the guests named use; one logged off is left out."""
    guests = [call.system.guests.find(userid)
              for userid in call.target.split()]
    return _figures(call.system, call.member.name, guests)


def list_performance(call: calls.Call) -> str:
    """Tell what the guests of a name list use."""
    found = call.system.namelists.find(call.target)
    if found is None:
        raise errors.SmapiError(200, 24, 'List not found')
    return _figures(call.system, call.member.name, [
        call.system.guests.find(userid) for userid in found.userids])


def ssi(call: calls.Call) -> str:
    """Tell the cluster; SmapiError 4/3008 for a system that is in none."""
    if not call.system.ssi:
        raise errors.SmapiError(4, 3008, 'System is not a member of an SSI '
                                'cluster')
    moment = datetime.datetime.fromtimestamp(
        call.system.now, datetime.timezone.utc)
    heartbeat = f'{moment:%m/%d/%Y_%H:%M:%S}'
    lines = [f'ssi_name = {call.system.ssi}', 'ssi_mode = Stable',
             f'ssi_pdr = {members.PDR.replace(" ", "_")}',
             'cross_system_timeouts = Enabled',
             f'output.ssiInfoCount = {len(call.system.members)}', '']
    for slot, name in enumerate(call.system.members, 1):
        lines += [f'member_slot = {slot}', f'member_system_id = {name}',
                  'member_state = Joined',
                  f'member_pdr_heartbeat = {heartbeat}',
                  f'member_received_heartbeat = {heartbeat}', '']
    return '\n'.join(lines) + '\n'


def list_add(call: calls.Call) -> str:
    call.system.namelists.add(call.target, call.option('n').upper())
    return ''


def list_remove(call: calls.Call) -> str:
    call.system.namelists.remove(call.target, call.option('n').upper())
    return ''


def list_query(call: calls.Call) -> str:
    return '\n'.join(call.system.namelists.get(call.target).userids)


def list_destroy(call: calls.Call) -> str:
    call.system.namelists.destroy(call.target)
    return ''


def _figures(system: systems.System, member: str,
             guests: list[machines.Guest | None]) -> str:
    here = [guest for guest in guests if guest and guest.member == member]
    records = [f'Number of virtual server IDs: {len(here)}\n']
    now = system.now
    records += [_record(guest, now) for guest in here]
    return '\n'.join(records)


def _record(guest: machines.Guest, now: float) -> str:
    used = metering.used_cpu_us(guest, now)
    in_use, delayed = metering.samples(used)
    # One text for each of maybe a thousand guests.
    return f'''Guest name: "{guest.userid}"
Record version: "1"
Used CPU time: "{used} uS"
Elapsed time: "{metering.elapsed_us(guest, now)} uS"
Minimum memory: "0 KB"
Max memory: "{guest.storage_mib * 1024} KB"
Shared memory: "1024 KB"
Used memory: "{metering.used_storage_kib(guest)} KB"
Guest CPUs: "{len(guest.processors)}"
Minimum CPU count: "{len(guest.processors)}"
Max CPU limit: "10000"
Samples CPU in use: "{in_use}"
Samples CPU delay: "{delayed}"
'''


APIS: dict[str, calls.Api] = {
    'System_Processor_Query': processors,
    'System_Information_Query': information,
    'System_Performance_Information_Query': performance,
    'SSI_Query': ssi,
    'Image_Performance_Query': image_performance,
    'System_Image_Performance_Query': list_performance,
    'Name_List_Add': list_add,
    'Name_List_Remove': list_remove,
    'Name_List_Query': list_query,
    'Name_List_Destroy': list_destroy,
}
