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

import re

from nova_zvm import names

# Statements that define a device, and where its number stands.
_DEVICES = re.compile(
    r'(?:(?:CONSOLE|DEDICATE|MDISK|NICDEF|SPECIAL|SPOOL)|LINK\s+\S+\s+\S+)'
    r'\s+([0-9A-F]{1,4})\b', re.IGNORECASE)


def device_numbers(entry):
    """Return the numbers of all devices that an entry defines, as integers.

    Not those of its profile.
    """
    numbers = set()
    for line in entry:
        match = _DEVICES.match(line.strip())
        if match:
            numbers.update(names.nic_numbers(match[1])
                           if line.strip().upper().startswith('NICDEF')
                           else [int(match[1], 16)])
    return numbers


def macid(entry, vdev):
    """Return the MACID of a NIC, six digits, lower case; None without."""
    for line in entry:
        words = line.upper().split()
        if (words[:1] == ['NICDEF'] and 'MACID' in words[:-1] and
                int(words[1], 16) == int(vdev, 16)):
            return words[words.index('MACID') + 1].lower()
    return None
