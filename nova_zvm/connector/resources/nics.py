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

"""The NICs of guests, in the directory and on a running guest."""

from collections import abc
import typing

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.connector import operation as op
from nova_zvm.connector import session

# Named here because Nics.list hides list.
Rows = list[models.Nic]
Adapters = list[models.Adapter]

# overallRC of what the connector finds wrong itself.
_OWN_ERROR = 300


class Nics:
    """The NICs of the connector's guests."""

    def __init__(self, http: session.Session) -> None:
        self._http = http

    def create_interface(self, userid: str, os_version: str,
                         networks: abc.Sequence[models.GuestNetwork],
                         active: bool = False) -> None:
        """Create NICs and put their configuration into the guest's reader.

        :param active: whether the guest is on
        :raises Conflict: if a vdev is taken, or the guest is off
        """
        self._http.request(
            'guests.create_interface', 'POST',
            ('guests', userid, 'interface'),
            body=_interface(os_version, networks, active), parse=_nothing)

    def takes_interface(self, os_version: str,
                        networks: abc.Sequence[models.GuestNetwork]) -> bool:
        """Tell whether one request has room for the NICs of a new guest.

        It must be one: each replaces the configuration of the one before.
        """
        return op.fits(_interface(os_version, networks, False))

    def delete_interface(self, userid: str, os_version: str, vdev: str,
                         active: bool = False) -> None:
        """Delete a NIC, then its configuration in the guest.

        The second can fail when the first has been done: a guest that is on
        must answer.
        """
        self._http.request(
            'guests.delete_interface', 'DELETE',
            ('guests', userid, 'interface'),
            body={'interface': {'os_version': os_version, 'vdev': vdev,
                                'active': active}}, parse=_nothing)

    def create(self, userid: str, vdev: str, nic_id: str, mac: str,
               active: bool = False) -> None:
        """Create a NIC without configuring it in the guest.

        :param mac: only its last six digits are used; of a NIC of a guest
            that is on CP chooses them until the next logon
        :raises Conflict: if the vdev is taken, or the guest is off
        """
        self._http.request(
            'guests.create_nic', 'POST', ('guests', userid, 'nic'),
            body={'nic': {'vdev': vdev, 'nic_id': nic_id, 'mac_addr': mac,
                          'active': active}}, parse=_nothing)

    def couple(self, userid: str, vdev: str, vswitch: str,
               vlan_id: int | None = None, active: bool = False) -> None:
        """Couple a NIC to a vswitch, which is not checked to exist.

        :param vdev: four digits, as the directory has it
        """
        info: dict[str, typing.Any] = {
            'couple': True, 'vswitch': vswitch, 'active': active}
        if vlan_id is not None:
            info['vlan_id'] = vlan_id
        self._http.request(
            'guests.couple', 'PUT', ('guests', userid, 'nic', vdev),
            body={'info': info}, parse=_nothing)

    def delete(self, userid: str, vdev: str,
               active: bool = False) -> None:
        """Delete a NIC; done already is fine."""
        self._http.request(
            'guests.delete_nic', 'DELETE', ('guests', userid, 'nic', vdev),
            body={'active': active}, parse=_nothing)

    def list(self, userid: str | None = None) -> Rows:
        """Return the NICs of one or all guests that the connector knows."""
        query = {'userid': userid} if userid else None
        return self._http.request(
            'guests.nics', 'GET', ('guests', 'nics'), query=query,
            parse=lambda output: [models.Nic.parse(nic) for nic in output])

    def adapters(self, userid: str) -> Adapters:
        """Return the NICs that a guest has now, as CP tells.

        None of one that is off: the connector refuses to tell so, with an
        error of its own, not of z/VM (zvmsdk/smtclient.py
        get_adapters_info, 1.6.3).
        """
        try:
            return self._http.request(
                'guests.adapters', 'GET', ('guests', userid, 'adapters'),
                parse=lambda output: [models.Adapter.parse(adapter)
                                      for adapter in output['adapters']])
        except errors.ConnectorError as exc:
            if exc.overall_rc != _OWN_ERROR:
                raise
            return []


def _interface(os_version: str, networks: abc.Sequence[models.GuestNetwork],
               active: bool) -> dict[str, typing.Any]:
    return {'interface': {
        'os_version': os_version,
        'guest_networks': [network.body() for network in networks],
        'active': active}}


def _nothing(output: typing.Any) -> None:
    return None
