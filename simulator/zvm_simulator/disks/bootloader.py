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

"""The boot loader on a disk, and what it tells the kernel.

zipl writes the parameters of its configuration into the boot map. A Linux
on a LUN finds its root only by the paths that are named there, whatever its
guest was IPLed from.
"""

import dataclasses
import re

CONFIG = '/etc/zipl.conf'
# What CP and the machine loader tell of an IPL from a SCSI disk, and a
# Linux of a root that it does not find.
MACHINE_LOADER = (
    'HCPLDI2816I Acquiring the machine loader from the processor '
    'controller.',
    'HCPLDI2817I Load completed from the processor controller.',
    'MLOEVL012I: Machine loader up and running.')
NO_ROOT = (
    'dracut-initqueue: Warning: dracut-initqueue timeout - starting timeout '
    'scripts',
    'dracut-initqueue: Warning: Could not boot.', 'Entering emergency mode.')
_PARAMETERS = re.compile(r'(?m)^\s*parameters\s*=\s*"?([^"\n]*)')
_PATH = re.compile(r'^rd\.zfcp=0\.0\.([0-9a-f]{4}),0x([0-9a-f]{16}),'
                   r'0x([0-9a-f]{16})$')


@dataclasses.dataclass(frozen=True)
class Path:
    """A way to a LUN: FCP device in the guest, target port, LUN."""

    vdev: str
    port: str
    lun: str

    def parameter(self) -> str:
        return (f'rd.zfcp=0.0.{self.vdev.lower()},0x{self.port.lower()},'
                f'0x{self.lun.lower()}')


def options(files: dict[str, str]) -> list[str]:
    """Return the kernel's parameters."""
    match = _PARAMETERS.search(files.get(CONFIG, ''))
    return match[1].split() if match else []


def with_options(files: dict[str, str], words: list[str]) -> dict[str, str]:
    """Return the files of a disk with other parameters for the kernel."""
    return {**files, CONFIG: f'[linux]\nparameters="{" ".join(words)}"\n'}


def paths(files: dict[str, str]) -> list[Path]:
    """Return the paths that the kernel brings online to find its root."""
    matches = [_PATH.match(word) for word in options(files)]
    return [Path(*(text.upper() for text in match.groups()))
            for match in matches if match]


def option(files: dict[str, str], name: str) -> str:
    """Return the value of name=value, or nothing."""
    for word in options(files):
        key, _, value = word.partition('=')
        if key == name:
            return value
    return ''
