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

"""The upper half of a MAC address, which z/VM gives and not Neutron.

Of a port's MAC address z/VM takes the last six digits (MACID); the first six
are the system's own (MACPREFIX or USERPREFIX), the same for all NICs that are
defined with a MACID. No call tells them, so they are learned from the first
such NIC that is seen. Neutron's base_mac must have them.
"""

from collections import abc
import contextlib

from nova import exception as nova_exception
from oslo_log import log as logging

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.network import plan
from nova_zvm.zvm import directory

LOG = logging.getLogger(__name__)

# Digits and colons.
PREFIX = len('02:00:00')
# Of how many NICs on a switch the directory is asked.
LOOKS = 3


class MacPrefix:
    """What is known of the z/VM system's prefix.

    :param required: whether a port with another one is refused
    """

    def __init__(self, connector: client.Connector,
                 required: bool) -> None:
        self._connector = connector
        self._required = required
        self._prefix: str | None = None

    def check(self, nics: abc.Iterable[plan.Nic]) -> None:
        """Warn of ports with another prefix, or refuse them.

        :raises InvalidInput: naming the prefix and Neutron's option
        """
        for nic in nics:
            if self._prefix is None or nic.mac[:PREFIX] == self._prefix:
                continue
            sentence = (
                "port %s: its MAC %s lacks z/VM's prefix %s; set "
                'base_mac = %s:00:00:00 in Neutron and recreate the port'
                % (nic.port_id, nic.mac, self._prefix, self._prefix))
            if self._required:
                raise nova_exception.InvalidInput(reason=sentence)
            LOG.warning(sentence)

    def learn_from_guest(self, userid: str,
                         nics: abc.Sequence[plan.Nic]) -> None:
        """Look at the NICs of a guest that is on, if that is needed.

        :raises InvalidInput: as check, of these
        """
        if self._prefix is not None or not nics:
            return
        with contextlib.suppress(errors.ConnectorError):
            macs = {adapter.vdev: adapter.mac for adapter
                    in self._connector.nics.adapters(userid)}
            for nic in nics:
                self._learn(macs.get(nic.vdev, ''),
                            nic.mac[PREFIX:].replace(':', ''))
        self.check(nics)

    def learn_from_switch(self, vswitch: models.Vswitch) -> None:
        """Look at who is coupled already, if that is needed."""
        for nic, mac in list(vswitch.adapters.items())[:LOOKS]:
            if self._prefix is not None:
                return
            # A userid can have an underscore.
            userid, _, vdev = nic.rpartition('_')
            with contextlib.suppress(errors.ConnectorError):
                self._learn(mac, directory.macid(
                    self._connector.guests.directory_entry(userid), vdev))

    def _learn(self, mac: str, macid: str | None) -> None:
        if macid and mac[PREFIX:].replace(':', '') == macid:
            self._prefix = mac[:PREFIX]
            LOG.info('MAC addresses on this z/VM begin with %s',
                     self._prefix)
