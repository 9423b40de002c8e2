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

"""Virtual switches and who may couple to them."""

import typing

from nova_zvm.connector import models
from nova_zvm.connector import session

# Named here because Vswitches.list hides list.
Names = list[str]


class Vswitches:
    """The virtual switches of the connector's z/VM system."""

    def __init__(self, http: session.Session) -> None:
        self._http = http

    def list(self) -> Names:
        return self._http.request(
            'vswitches.list', 'GET', ('vswitches',),
            parse=lambda output: [str(name) for name in output])

    def get(self, name: str) -> models.Vswitch:
        """Return a virtual switch.

        :raises NotFound: if z/VM has none of that name
        """
        return self._http.request('vswitches.get', 'GET',
                                  ('vswitches', name),
                                  parse=models.Vswitch.parse)

    def grant(self, name: str, userid: str) -> None:
        """Let a guest couple to a switch.

        :raises NotFound: if there is no such switch
        """
        self._update('grant', name, userid, {'grant_userid': userid})

    def revoke(self, name: str, userid: str) -> None:
        """Take a guest's grant back; fine if there is none, or no switch.

        The answer does not tell whether z/VM did so (zvmsdk/networkops.py
        revoke_user_from_vswitch, 1.6.3).
        """
        self._update('revoke', name, userid, {'revoke_userid': userid})

    def set_vlan(self, name: str, userid: str, vlan_id: int) -> None:
        """Put a guest's ports on a switch into a VLAN.

        :raises NotFound: if there is no such switch
        """
        self._update('set_vlan', name, userid, {
            'user_vlan_id': {'userid': userid, 'vlanid': vlan_id}})

    def _update(self, operation: str, name: str, userid: str,
                members: dict[str, typing.Any]) -> None:
        self._http.request(
            'vswitches.' + operation, 'PUT', ('vswitches', name),
            body={'vswitch': members}, about={'userid': userid},
            parse=_nothing)


def _nothing(output: typing.Any) -> None:
    return None
