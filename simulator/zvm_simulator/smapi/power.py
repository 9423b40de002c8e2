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

"""Calls that log guests on and off, pause them, and read their console."""

from zvm_simulator.ground import errors
from zvm_simulator.smapi import calls


def activate(call: calls.Call) -> str:
    system = call.system
    system.cp.logon(call.target, call.member, system.now)
    system.guestos.ipl(call.target, system.now)
    return ''


def deactivate(call: calls.Call) -> str:
    """Log off; the connector says -f IMMED or leaves the rest to CP."""
    call.system.cp.logoff(call.target, call.system.now)
    return ''


def recycle(call: calls.Call) -> str:
    deactivate(call)
    return activate(call)


def pause(call: calls.Call) -> str:
    wanted = call.key('PAUSE').upper()
    if wanted not in ('YES', 'NO'):
        raise calls.syntax(f'PAUSE={wanted}')
    change = call.system.cp.pause if wanted == 'YES' else (
        call.system.cp.unpause)
    change(call.target, call.system.now)
    return ''


def status_query(call: calls.Call) -> str:
    return f'{call.system.guests.get(call.target).userid}\n'


def console_get(call: calls.Call) -> str:
    """Bring what is on a guest's console into the caller's reader.

    CP tells the guest where its console file went, on the console: so the
    next file is never without a line.
    """
    system = call.system
    text = system.cp.take_console(call.target)
    file = system.spool.create(
        call.member.connector, call.target, 'T', 'CON', call.target,
        text.encode(), system.now)
    system.cp.say(call.target, f'CON FILE {file.spoolid:04d} SENT TO '
                  f'{file.owner} RDR AS {file.spoolid:04d} RECS '
                  f'{text.count(chr(10)):04d} CPY 001 T NOHOLD NOKEEP')
    return ''


def reader_manage(call: calls.Call) -> str:
    """Purge reader files, all or those whose numbers are given."""
    system = call.system
    if not system.directory.find(call.target):
        raise errors.SmapiError(200, 4, 'Image not found')
    wanted = call.key('spoolids').split()
    for file in system.spool.files(call.target):
        if 'all' in wanted or f'{file.spoolid:04d}' in wanted:
            system.spool.purge(file)
    return ''


APIS: dict[str, calls.Api] = {
    'Image_Activate': activate,
    'Image_Deactivate': deactivate,
    'Image_Recycle': recycle,
    'Image_Pause': pause,
    'Image_Status_Query': status_query,
    'Image_Console_Get': console_get,
    'System_RDR_File_Manage': reader_manage,
}
