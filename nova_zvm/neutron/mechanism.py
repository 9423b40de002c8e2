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

"""ML2 mechanism driver for ports on virtual switches of z/VM.

There is no agent on z/VM: the driver in nova couples a NIC when it creates
the guest, by the details that are put into the port here. So a port is bound
without asking anybody, and its status says what is to be, not what was seen:
ACTIVE, which lets nova go on, or DOWN while the port is administratively
down. Nothing on z/VM follows that: the traffic of such a port goes on. Nor
are packets filtered: security groups are not enforced.
"""

from collections.abc import Callable
import fnmatch
from typing import Any

from neutron_lib.api.definitions import portbindings
from neutron_lib import constants
from neutron_lib import context as neutron_context
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from oslo_log import log as logging

from nova_zvm.neutron import conf
from nova_zvm.zvm import vifdetails

LOG = logging.getLogger(__name__)

# A dictionary with the keys that are named in neutron_lib.plugins.ml2.api.
Segment = dict[str, Any]


class ZVMMechanismDriver(api.MechanismDriver):
    """Binds the ports of z/VM hosts on flat and VLAN networks."""

    def initialize(self) -> None:
        conf.register_opts(cfg.CONF)
        try:
            self._hosts, self._switches = conf.read(cfg.CONF)
        except ValueError as exc:
            LOG.critical('%s', exc)
            # A RuntimeError, and no other, ends each of neutron's servers
            # with this one line (neutron/server/__init__.py boot_server, 29).
            raise RuntimeError(str(exc))

    @property
    def connectivity(self) -> str:
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context: api.PortContext) -> None:
        port = context.current
        # A nova-compute for z/VM can share its host with a DHCP agent.
        if (not self._is_ours(context.host) or
                port['device_owner'].startswith(
                    constants.DEVICE_OWNER_NETWORK_PREFIX) or
                port[portbindings.VNIC_TYPE] != portbindings.VNIC_NORMAL):
            LOG.debug('Port %s of %s with VNIC type %s on host %s is left to '
                      'other drivers', port['id'], port['device_owner'],
                      port[portbindings.VNIC_TYPE], context.host)
            return
        segments = _carried(context.segments_to_bind)
        for segment in segments:
            if segment[api.PHYSICAL_NETWORK] in self._switches:
                self._bind(context, segment)
                return
        if segments:
            LOG.warning(
                'Port %s on host %s is not bound to a virtual switch: '
                '[ml2_zvm] vswitch_mappings has none for physical network %s',
                port['id'], context.host, ', '.join(sorted({
                    segment[api.PHYSICAL_NETWORK] for segment in segments})))

    def update_port_postcommit(self, context: api.PortContext) -> None:
        """Let the status of a bound port follow its admin_state_up.

        And raise a port whose second binding becomes the active one: Neutron
        leaves that DOWN (neutron/plugins/ml2/plugin.py activate, 29).
        """
        port = context.current
        if (context.vif_type == vifdetails.VIF_TYPE and
                port['status'] != _status(port)):
            directory.get_plugin().update_port_status(
                context.plugin_context, port['id'], _status(port))

    def filter_hosts_with_segment_access(
            self, context: neutron_context.Context, segments: list[Segment],
            candidate_hosts: set[str],
            agent_getter: Callable[..., Any]) -> set[str]:
        """Return none: it is asked where DHCP agents reach a network.

        One driver without this method ends the filtering of hosts for all
        drivers (neutron/plugins/ml2/managers.py, 29).
        """
        return set()

    def _is_ours(self, host: str) -> bool:
        return any(fnmatch.fnmatchcase(host, pattern)
                   for pattern in self._hosts)

    def _bind(self, context: api.PortContext, segment: Segment) -> None:
        port = context.current
        details: dict[str, Any] = {
            portbindings.CAP_PORT_FILTER: False,
            portbindings.VIF_DETAILS_CONNECTIVITY: self.connectivity,
            vifdetails.VSWITCH: self._switches[segment[api.PHYSICAL_NETWORK]],
        }
        if segment[api.NETWORK_TYPE] == constants.TYPE_VLAN:
            details[vifdetails.VLAN] = segment[api.SEGMENTATION_ID]
        context.set_binding(segment[api.ID], vifdetails.VIF_TYPE, details,
                            status=_status(port))
        # Without port security a port has none
        # (neutron/plugins/ml2/plugin.py _portsec_ext_port_*, 29).
        if port.get('security_groups'):
            LOG.info('Security groups are not enforced on port %s: a virtual '
                     'switch of z/VM filters nothing', port['id'])


def _carried(segments: list[Segment]) -> list[Segment]:
    return [segment for segment in segments if segment[api.NETWORK_TYPE] in (
        constants.TYPE_FLAT, constants.TYPE_VLAN)]


def _status(port: dict[str, Any]) -> str:
    return (constants.PORT_STATUS_ACTIVE if port['admin_state_up']
            else constants.PORT_STATUS_DOWN)
