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

"""The names that a Linux gives to its disks: dasda, dasdb, and so on."""

from zvm_simulator.cp import machines


def nth(number: int) -> str:
    """Return dasda for 0, dasdb, ... dasdz, dasdaa, ..."""
    letters = ''
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(97 + letter) + letters
    return f'dasd{letters}'


def of(guest: machines.Guest) -> dict[str, machines.Disk]:
    """Return the disks of a guest's Linux by name; its root disk is first."""
    ordered = sorted(guest.disks, key=lambda disk: (
        disk.vdev != guest.ipl.zfill(4), guest.disks.index(disk)))
    return {nth(number): disk for number, disk in enumerate(ordered)}
