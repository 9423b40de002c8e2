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

"""The address that a simulated z/VM serves on: loopback, or a chosen one."""

import ipaddress
import socket

LOOPBACK = '127.0.0.1'


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches it."""
    address = _address(host)
    return address.is_loopback if address else host == 'localhost'


def url(host: str, port: int) -> str:
    """Return a URL that works on this machine.

    It has the host as it was named; all addresses (0.0.0.0) are none to
    connect to.
    """
    address = _address(host)
    if address and address.is_unspecified:
        host = LOOPBACK
    return f'http://{host}:{port}'


def is_called(host: str, name: str) -> bool:
    """Tell whether a server on a host may be called by a name in a request.

    Another site can have a name of its own point here, so a name has to be
    one of this machine's. An address is none that a site could own.
    """
    if name in (host.lower(), 'localhost', LOOPBACK):
        return True
    return not is_loopback(host) and (
        name == socket.gethostname().lower() or _address(name) is not None)


def _address(host: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(host)
    except ValueError:
        return None
