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

"""What a directory entry makes of a virtual machine beside its devices.

The statements of the entry and of the profile that it includes count, those
of the entry first; then its COMMAND statements run, one after the other. A
command that is refused leaves its message on the console, and the logon
goes on without it.
"""

import dataclasses

from zvm_simulator.cp import guestcp
from zvm_simulator.cp import machines
from zvm_simulator.cp import members
from zvm_simulator.directory import statements
from zvm_simulator.ground import errors

Lines = tuple[str, ...]


def configured(guest: machines.Guest, lines: Lines) -> machines.Guest:
    """Return a guest with all that its statements say of it."""
    user = _first(lines, 'USER')
    ipl = _first(lines, 'IPL')
    machine = _first(lines, 'MACHINE')
    share = _first(lines, 'SHARE')
    guest = dataclasses.replace(
        guest,
        processors=statements.base_processors(lines),
        maximum_processors=(int(machine[2]) if len(machine) > 2 else
                            guestcp.LAST_PROCESSOR + 1),
        maximum_mib=(statements.storage_mib(user[4]) if len(user) > 4 else
                     guest.storage_mib),
        ipl=ipl[1].upper() if len(ipl) > 1 else '',
        settings=machines.Settings(
            privileges=user[5] if len(user) > 5 else 'G',
            account=''.join(_first(lines, 'ACCOUNT')[1:2]) or guest.userid,
            share=' '.join(share[1:]).upper() or 'RELATIVE 100',
            ipl_operands=' '.join(ipl[2:])))
    return _commanded(guest, lines)


def check(storage_mib: int, maximum_mib: int, member: members.Member,
          promised_mib: int) -> None:
    """Refuse a logon for which the system has no storage.

    CpError 092 when the virtual machine is larger than the system lets one
    be, or when it and those that are logged on (promised_mib) are more than
    the system may be asked to page for.
    """
    if max(storage_mib, maximum_mib) > member.guest_storage_mib:
        raise errors.CpError(
            'LGA', 92, f'Storage size {maximum_mib}M exceeds the maximum of '
            f'{member.guest_storage_mib}M')
    allowed = member.storage_mib * member.overcommitment
    if promised_mib + storage_mib > allowed:
        raise errors.CpError(
            'LGA', 92, f'Storage size {storage_mib}M exceeds what is '
            'available')


def _commanded(guest: machines.Guest, lines: Lines) -> machines.Guest:
    for words in statements.words_of(lines, 'COMMAND'):
        try:
            guest, _ = guestcp.execute(guest, ' '.join(words[1:]),
                                       directory=True)
        except errors.CpError as error:
            guest = guest.saying((error.message(),))
    return guest


def _first(lines: Lines, keyword: str) -> list[str]:
    found = statements.words_of(lines, keyword)
    return found[0] if found else []
