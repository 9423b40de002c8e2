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

"""Red Hat CoreOS in a guest: Ignition sets it up, no activation engine.

It is told all that it needs when its image is deployed: the Ignition file
and, as parameters of the kernel, its address and host name. It has no IUCV
server, so nobody can command it from outside.
"""

import dataclasses
import json

from zvm_simulator.cp import machines
from zvm_simulator.disks import bootloader
from zvm_simulator.disks import either

IGNITION = '/boot/ignition/config.ign'
FIRST_BOOT = 'ignition.firstboot=1'
# Where in ip=<client>:<peer>:<gateway>:<mask>:<hostname>:... (dracut.cmdline).
_HOSTNAME = 4


def is_coreos(os_version: str) -> bool:
    return os_version.lower().startswith('rhcos')


def parameters(nics: str, address: str) -> list[str]:
    """Return what deploy tells the kernel of network and first boot.

    address may end in ;MTU (zvmsdk/dist.py create_coreos_parameter).
    """
    address, _, mtu = address.partition(';')
    servers = address.split(':')[7:9]
    words = [f'rd.znet=qeth,{nics},layer2=1,portno=0', FIRST_BOOT,
             'rd.neednet=1', f'ip={address}']
    words += [f'nameserver={server}' for server in servers if server]
    return words + ([f'mtu={mtu}'] if mtu else [])


def hostname(files: dict[str, str]) -> str:
    fields = bootloader.option(files, 'ip').split(':')
    return fields[_HOSTNAME] if len(fields) > _HOSTNAME else ''


def booted(guest: machines.Guest,
           root: either.Disk) -> tuple[machines.Guest, dict[str, str]]:
    """Return a guest and the files on its disk after CoreOS has booted.

    It does not come up when Ignition does not accept the file that it was
    given; it looks at it at the first boot only.
    """
    files = root.content.files
    first = FIRST_BOOT in bootloader.options(files)
    if first and not _is_ignited(files):
        return dataclasses.replace(guest, linux=machines.Linux(
            boots=guest.linux.boots)).saying((
                'Ignition failed: no valid config was provided',
                'Entering emergency mode.')), files
    name = hostname(files) or 'localhost'
    linux = dataclasses.replace(guest.linux, state='up', hostname=name,
                                mounts={'/': root.device})
    files = bootloader.with_options(files, [
        word for word in bootloader.options(files) if word != FIRST_BOOT])
    return dataclasses.replace(guest, linux=linux).saying((
        'Ignition: user-provided config was applied',
        f'{name} login:')), files


def _is_ignited(files: dict[str, str]) -> bool:
    try:
        return bool(json.loads(files[IGNITION])['ignition']['version'])
    except (KeyError, TypeError, ValueError):
        return False
