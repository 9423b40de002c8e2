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

"""Directory entries, as far as the driver reads them."""

from collections import abc
import re

from nova_zvm.zvm import names
from nova_zvm.zvm import units

# Statements that define a device, and where its number stands.
_DEVICES = re.compile(
    r'(?:(?:CONSOLE|DEDICATE|MDISK|NICDEF|SPECIAL|SPOOL)|LINK\s+\S+\s+\S+)'
    r'\s+([0-9A-F]{1,4})\b', re.IGNORECASE)

# As the connector writes them (smtLayer/makeVM.py, changeVM.py, 1.6.3).
_PROCESSOR = re.compile(r'(?:COMMAND\s+DEFINE\s+)?CPU\s+([0-9A-F]{1,2})\b',
                        re.IGNORECASE)
_STORAGE = re.compile(r'USER\s+\S+\s+\S+\s+([0-9]+)([MG])\b', re.IGNORECASE)
_IPL = re.compile(r'IPL\s+([0-9A-F]{1,4})\b', re.IGNORECASE)
_MINIDISK = re.compile(
    r'MDISK\s+([0-9A-F]{1,4})\s+(3390|9336|FB-512)\s+[0-9]+\s+([0-9]+)\b',
    re.IGNORECASE)


def device_numbers(entry: abc.Iterable[str]) -> set[int]:
    """Return the numbers of all devices that an entry defines, as integers.

    Not those of its profile.
    """
    numbers: set[int] = set()
    for line in entry:
        match = _DEVICES.match(line.strip())
        if match:
            numbers.update(names.nic_numbers(match[1])
                           if line.strip().upper().startswith('NICDEF')
                           else [int(match[1], 16)])
    return numbers


def macid(entry: abc.Iterable[str], vdev: str) -> str | None:
    """Return the MACID of a NIC, six digits, lower case; None without."""
    for line in entry:
        words = line.upper().split()
        if (words[:1] == ['NICDEF'] and 'MACID' in words[:-1] and
                int(words[1], 16) == int(vdev, 16)):
            return words[words.index('MACID') + 1].lower()
    return None


def processors(entry: abc.Iterable[str]) -> int:
    """Return how many processors an entry defines."""
    return len({int(match[1], 16) for match in _matches(_PROCESSOR, entry)})


def storage_mib(entry: abc.Iterable[str]) -> int | None:
    """Return the storage that a guest starts with, in MiB; None if unclear.

    """
    for match in _matches(_STORAGE, entry):
        return int(match[1]) * (1024 if match[2].upper() == 'G' else 1)
    return None


def boot_disk(entry: abc.Collection[str]) -> tuple[int, str] | None:
    """Return size and units of the minidisk of the IPL statement, or None."""
    numbers = {int(match[1], 16) for match in _matches(_IPL, entry)}
    for match in _matches(_MINIDISK, entry):
        if int(match[1], 16) in numbers:
            return int(match[3]), units.DISK_UNITS[
                'ECKD' if match[2] == '3390' else 'FBA']
    return None


def _matches(pattern: re.Pattern[str],
             entry: abc.Iterable[str]) -> abc.Iterator[re.Match[str]]:
    return filter(None, (pattern.match(line.strip()) for line in entry))
