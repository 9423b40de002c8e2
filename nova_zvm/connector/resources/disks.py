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

"""The minidisks of guests, and what is written on them."""

from collections import abc
import typing

from nova_zvm.connector import models
from nova_zvm.connector import operation as op
from nova_zvm.connector import session


class Disks:
    """The minidisks of the connector's guests."""

    def __init__(self, http: session.Session) -> None:
        self._http = http

    def deploy(self, userid: str, image: str,
               transport_file: str | None = None,
               hostname: str | None = None) -> None:
        """Write an image onto the boot disk of a guest that is off.

        :param transport_file: path on the connector's host of a file to be
            put into the guest's reader, under its own name
        :param hostname: for the guest; ignored with a transport_file
        :raises NotFound: if there is no such guest, image or boot disk
        :raises Busy: if the connector has too many deploys under way
        """
        members: dict[str, typing.Any] = {'image': image}
        if transport_file is not None:
            members['transportfiles'] = transport_file
        if hostname is not None:
            members['hostname'] = hostname
        self._http.request(
            'guests.deploy', 'POST', ('guests', userid, 'action'),
            body={'action': 'deploy', **members}, about={'image': image},
            parse=_nothing)

    def capture(self, userid: str, image: str) -> None:
        """Make an image of a guest's root disk.

        A guest that is on is shut down for it, or, if its Linux does not
        answer, logged off, and started again when all went well. Its image
        has the os_version that its Linux tells; that of a guest that is off
        what was deployed, in upper case, or UNKNOWN.

        :raises Conflict: if the connector cannot; a guest that was on may
            be off then
        :raises Busy: if the connector has too many captures under way
        """
        self._http.request(
            'guests.capture', 'POST', ('guests', userid, 'action'),
            body={'action': 'capture', 'image': image},
            about={'image': image}, parse=_nothing)

    def configure(self, userid: str,
                  disks: abc.Sequence[models.DiskMount]) -> None:
        """Tell the guest to mount its minidisks when it boots.

        The connector can do so for any number of them, in any number of
        requests, but a request can be too large for it.
        """
        for part in op.parts([disk.body() for disk in disks]):
            self._http.request(
                'guests.configure_disks', 'PUT', ('guests', userid, 'disks'),
                body={'disk_info': {'disk_list': part}}, parse=_nothing)


def _nothing(output: typing.Any) -> None:
    return None
