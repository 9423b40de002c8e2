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

"""The network as the files in a guest's Linux configure it.

Understood is what the connector writes (zvmsdk/dist.py): ifcfg files of
rhel and sles, interfaces(5) and netplan of ubuntu, and the kernel's ip= of
CoreOS. What a distribution's own tools refuse brings up no interface here
either.
"""

import ipaddress
import re
import shlex
from typing import Any

import yaml

from zvm_simulator.disks import bootloader

_VDEV = re.compile(r'([0-9a-fA-F]{4})$')


def interfaces(files: dict[str, str]) -> list[dict[str, Any]]:
    """Return vdev, device, ip, prefix, gateway, dns, mtu of each adapter.

    No mtu is None: the device keeps its own.
    """
    found = []
    address = bootloader.option(files, 'ip')
    if address:
        found.append(_kernel(address, bootloader.option(files, 'mtu')))
    for path, text in sorted(files.items()):
        name = path.rpartition('/')[2]
        if name.startswith('ifcfg-'):
            found.append(_ifcfg(name, text, files))
        elif path == '/etc/network/interfaces':
            found += _stanzas(text)
    found += _netplan([text for path, text in sorted(files.items())
                       if path.startswith('/etc/netplan/')])
    return [item for item in found if item['ip']]


def _interface(device: str, address: str, mask: str, gateway: str,
               dns: list[str], mtu: str) -> dict[str, Any]:
    match = _VDEV.search(device)
    prefix = ipaddress.ip_network(f'0.0.0.0/{mask}').prefixlen if mask else 32
    return {'vdev': match[1].upper() if match else '', 'device': device,
            'ip': address, 'prefix': prefix, 'gateway': gateway, 'dns': dns,
            'mtu': int(mtu) if mtu else None}


def _kernel(address: str, mtu: str) -> dict[str, Any]:
    """Read ip=<client>:<peer>:<gateway>:<mask>:<host>:<interface>:..."""
    fields = address.split(':') + [''] * 9
    return _interface(fields[5], fields[0], fields[3], fields[2],
                      [server for server in fields[7:9] if server],
                      mtu)


def _ifcfg(name: str, text: str, files: dict[str, str]) -> dict[str, Any]:
    values = {}
    for line in text.splitlines():
        key, found, value = line.partition('=')
        if found:
            values[key.strip()] = ' '.join(shlex.split(value))
    dns = [value for key, value in values.items() if key.startswith('DNS')]
    gateway = values.get('GATEWAY', '')
    if 'IPADDR' in values and not gateway:
        route = _first(files.get('/etc/sysconfig/network/routes', ''),
                       'default')
        gateway = '' if route == '-' else route  # ifroute(5): none
    address, _, prefix = values.get('IPADDR', '').partition('/')
    return _interface(values.get('DEVICE', name.removeprefix('ifcfg-')),
                      address, values.get('NETMASK', prefix), gateway,
                      dns or _nameservers(files), values.get('MTU', ''))


def _nameservers(files: dict[str, str]) -> list[str]:
    words = [line.split() for line in
             files.get('/etc/resolv.conf', '').splitlines()]
    return [item[1] for item in words if item[:1] == ['nameserver']]


def _first(text: str, keyword: str) -> str:
    for line in text.splitlines():
        words = line.split()
        if words[:1] == [keyword] and len(words) > 1:
            return words[1]
    return ''


def _netplan(texts: list[str]) -> list[dict[str, Any]]:
    """Return the interfaces of all files, none if netplan refuses one."""
    try:
        return [_ethernet(device, item) for text in texts for device, item in
                yaml.safe_load(text)['network']['ethernets'].items()
                if 'addresses' in item]
    except (yaml.YAMLError, AttributeError, LookupError, TypeError,
            ValueError):
        return []


def _ethernet(device: str, item: dict[str, Any]) -> dict[str, Any]:
    """Raise ValueError for what netplan takes as no address."""
    address, _, prefix = item['addresses'][0].partition('/')
    ipaddress.ip_address(address)
    gateway = item.get('gateway4', '')
    if 'gateway4' in item:
        ipaddress.IPv4Address(gateway)
    dns = item.get('nameservers', {}).get('addresses', [])
    mtu = str(int(item['mtu'])) if 'mtu' in item else ''
    return _interface(device, address, str(int(prefix)), gateway, list(dns),
                      mtu)


def _stanzas(text: str) -> list[dict[str, Any]]:
    """Leave out a stanza with an empty option: ifup refuses to read it."""
    found = []
    for stanza in text.split('iface ')[1:]:
        device, *options = stanza.partition('\nauto ')[0].splitlines()
        words = [line.split() for line in options if line.strip()]
        if all(len(line) > 1 for line in words):
            values = {line[0]: line[1] for line in reversed(words)}
            found.append(_interface(
                device.split()[0], values.get('address', ''),
                values.get('netmask', ''), values.get('gateway', ''),
                [line[1] for line in words if line[0] == 'dns-nameservers'],
                values.get('mtu', '')))
    return found
