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

from zvm_simulator.directory import statements
from zvm_simulator.ground import errors
from zvm_simulator.smapi import calls


def create(call: calls.Call) -> str:
    call.system.dirmaint.create(call.target, _file(call))
    return ''


def replace(call: calls.Call) -> str:
    """Replace a locked entry.

    SmapiError 408/12 if that would take a disk from the running guest.
    """
    guest = call.system.guests.find(call.target)
    used = {disk.vdev for disk in guest.disks} if guest else set()
    text = _file(call)
    before = _extents(call, used)
    call.system.dirmaint.replace(call.target, text)
    if _extents(call, used) != before:
        raise errors.SmapiError(408, 12, 'Image device is locked')
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


def _extents(call: calls.Call, vdevs: set[str]) -> list[tuple[object, ...]]:
    lines = call.system.directory.get(call.target).lines
    return sorted((disk.vdev, disk.volume, disk.start, disk.size)
                  for disk in statements.mdisks(lines) if disk.vdev in vdevs)


APIS: dict[str, calls.Api] = {
    'Image_Create_DM': create,
    'Image_Replace_DM': replace,
    'Image_Delete_DM': delete,
    'Image_Query_DM': query,
    'Image_Name_Query_DM': names,
    'Image_Lock_DM': lock,
    'Image_Unlock_DM': unlock,
    'Image_IPL_Set_DM': ipl_set,
    'Image_IPL_Delete_DM': ipl_delete,
}
# The calls whose -f names a file; that of Image_Deactivate is a time.
WITH_FILE = ('Image_Create_DM', 'Image_Replace_DM')
