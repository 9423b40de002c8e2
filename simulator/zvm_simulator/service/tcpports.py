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

"""Ports that stay a connector's own while it is down.

A socket that is bound but does not listen keeps a port from being given to
anyone else, refuses connections, and lets another socket with SO_REUSEADDR
listen there (ip(7)). So a connector that is killed and started again has the
URL that it had, and no other program in between.
"""

import errno
import json
import pathlib
import socket

from zvm_simulator.ground import addresses
from zvm_simulator.ground import wholefile


class PortError(Exception):
    """A port that is needed is in use."""


class Reservation:
    """One port of an address, held until it is released."""

    def __init__(self, port: int = 0,
                 host: str = addresses.LOOPBACK) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            if isinstance(error, socket.gaierror) or (
                    error.errno == errno.EADDRNOTAVAIL):
                raise PortError(f'{host} is no address of this machine '
                                f'({error.strerror}).') from None
            raise PortError(f'Port {port} of {host} is not free '
                            f'({error.strerror}): end what uses it.') from None
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> None:
        self._socket.close()


class Ports:
    """The ports of one data directory, by name, the same at every start."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._known: dict[str, int] = (
            json.loads(path.read_text()) if path.exists() else {})
        self._held: dict[str, Reservation] = {}

    def hold(self, name: str, wanted: int = 0,
             host: str = addresses.LOOPBACK) -> int:
        """Reserve the port of that name; a wanted one wins over a known."""
        port = wanted or self._known.get(name, 0)
        self._held[name] = Reservation(port, host)
        self._known[name] = self._held[name].number
        wholefile.write(self._path, json.dumps(self._known))
        return self._held[name].number

    def release(self) -> None:
        while self._held:
            self._held.popitem()[1].release()
