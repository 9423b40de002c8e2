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

"""What guests use of their system, as its monitors would measure it.

The figures follow from the state and from simulated time alone, so that
they move and never fall while a guest runs. Whoever changes how fast a guest
uses something (pause, boot, processors) settles what it has used up to then.
"""

import dataclasses

from zvm_simulator.cp import machines
from zvm_simulator.cp import members

PAGE_BYTES = 4096
_PAGES_OF_MIB = 1024 * 1024 // PAGE_BYTES
# A Linux with little to do: this part of each processor, of its storage, and
# this many bytes a second that come to each coupled adapter, which sends that
# part of it. CP alone does less.
_BUSY = 0.02
_IDLE = 0.0005
_RESIDENT = 0.25
_BYTES_A_SECOND = 120
_ANSWERED = 0.75
_FRAME_BYTES = 80
# The monitor looks at a virtual machine every two seconds; every so many
# times that one is about to run, it waits for a processor.
_SAMPLE_US = 2_000_000
_DELAYED = 50


def elapsed_us(guest: machines.Guest, now: float) -> int:
    """Return how long a guest has been logged on."""
    return int(max(0.0, now - guest.since) * 1_000_000)


def settled(guest: machines.Guest, now: float) -> machines.Guest:
    """Return a guest with what it has used written down."""
    return dataclasses.replace(guest, usage=machines.Usage(
        now, used_cpu_us(guest, now), nic_bytes(guest, now)))


def resettled(before: machines.Guest, after: machines.Guest,
              now: float) -> machines.Guest:
    """Return a changed guest with what it used before the change."""
    return dataclasses.replace(after, usage=settled(before, now).usage)


def used_cpu_us(guest: machines.Guest, now: float) -> int:
    running = guest.linux.state != 'down'
    rate = (_BUSY * len(guest.linux.processors) if running else
            _IDLE * len(guest.processors))
    return guest.usage.cpu_us + int(_seconds(guest, now) * rate * 1_000_000)


def samples(used_us: int) -> tuple[int, int]:
    """Return how often a guest was seen to run, and to wait for that."""
    running = used_us // _SAMPLE_US
    return running, 1 + running // _DELAYED


def used_storage_kib(guest: machines.Guest) -> int:
    return int(guest.storage_mib * 1024 * _RESIDENT)


def used_pages(member: members.Member, guests: list[machines.Guest]) -> int:
    """Return how many pages of a system's storage are in use."""
    used_mib = member.base_storage_mib + sum(
        guest.storage_mib for guest in guests) * _RESIDENT
    return int(min(used_mib, member.storage_mib) * _PAGES_OF_MIB)


def free_mib(member: members.Member, guests: list[machines.Guest]) -> int:
    """Return how much of a system's storage is not in use."""
    return member.storage_mib - used_pages(member, guests) // _PAGES_OF_MIB


def nic_bytes(guest: machines.Guest, now: float) -> int:
    """Return bytes that one adapter received."""
    if guest.linux.state == 'down':
        return guest.usage.nic_bytes
    return guest.usage.nic_bytes + int(
        _seconds(guest, now) * _BYTES_A_SECOND)


def answered(received: int) -> int:
    """Return bytes that an adapter sent which received so many."""
    return int(received * _ANSWERED)


def frames(size: int) -> int:
    """Return how many frames so many bytes are."""
    return size // _FRAME_BYTES


def _seconds(guest: machines.Guest, now: float) -> float:
    """Return how long a guest has run since its usage was settled."""
    until = guest.paused_at if guest.paused_at is not None else now
    return max(0.0, until - max(guest.usage.at, guest.since))
