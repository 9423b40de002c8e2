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

"""Sizes of nova (GiB, MiB) in the units of z/VM and back.

z/VM measures an ECKD disk in cylinders and an FBA disk in blocks of 512
bytes. Sizes that are asked for are rounded up, capacities down, so that
no guest gets less than was promised.
"""

import re

GIB = 1024 ** 3
MIB = 1024 ** 2

# A 3390 cylinder holds 15 tracks of 12 blocks of 4096 bytes.
CYLINDER_BYTES = 15 * 12 * 4096
BLOCK_BYTES = 512

UNIT_BYTES = {'CYL': CYLINDER_BYTES, 'BLK': BLOCK_BYTES}
DISK_UNITS = {'ECKD': 'CYL', 'FBA': 'BLK'}
DISK_TYPES = {units: kind for kind, units in DISK_UNITS.items()}


def disk_units(gib: int, units: str) -> int:
    """Return how many cylinders ('CYL') or blocks ('BLK') hold gib GiB."""
    return -(-gib * GIB // UNIT_BYTES[units])


def gib(amount: int, units: str) -> int:
    """Return how many whole GiB so many cylinders or blocks are."""
    return amount * UNIT_BYTES[units] // GIB


def least_gib(amount: int, units: str) -> int:
    """Return for how many GiB a disk has at least so many units.

    As disk_units() counts: its cylinders may be a little more than that.
    """
    return (amount - 1) * UNIT_BYTES[units] // GIB + 1


def storage_mib(text: str) -> int:
    """Return the MiB of a z/VM storage size such as '8192M' or '64G'.

    The connector takes one to four digits and M or G (its parameter type
    max_mem); anything else is a ValueError.
    """
    match = re.fullmatch(r'([1-9][0-9]{0,3})([MG])', text.strip().upper())
    if not match:
        raise ValueError(text)
    number, unit = match.groups()
    return int(number) * (1024 if unit == 'G' else 1)


def mib(kibibytes: int) -> int:
    return kibibytes * 1024 // MIB


def kib(mebibytes: int) -> int:
    return mebibytes * MIB // 1024
