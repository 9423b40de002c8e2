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

"""Who may couple to a virtual switch."""

import contextlib

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.errors import effects
from nova_zvm.errors import failures
from nova_zvm.pace import waiting


def is_authorized(connector: client.Connector, userid: str,
                  vswitch: str) -> bool:
    return userid in connector.vswitches.get(vswitch).authorized


def revoke(connector: client.Connector, userid: str, vswitch: str,
           patience: waiting.Patience) -> None:
    """Take a guest's grant back; fine if the switch is gone.

    The connector answers alike whether z/VM did so or refused
    (zvmsdk/networkops.py revoke_user_from_vswitch, 1.6.3).

    :raises ConnectorFailure: if the guest still has it
    """
    with contextlib.suppress(errors.NotFound):
        # One that comes late meets the grant of the next attach.
        with effects.awaited(
                patience,
                lambda: not is_authorized(connector, userid, vswitch)):
            connector.vswitches.revoke(vswitch, userid)
        if is_authorized(connector, userid, vswitch):
            raise failures.ConnectorFailure(
                reason="Guest %s may still couple to the virtual switch '%s'; "
                       'revoke it or try again' % (userid, vswitch))
