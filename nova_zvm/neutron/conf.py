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

"""Options of the mechanism driver, in a group of its own."""

from oslo_config import cfg

from nova_zvm.zvm import names

GROUP = 'ml2_zvm'

OPTS = [
    cfg.ListOpt('hosts',
                default=[],
                help="""
Hosts with ports on virtual switches, as shell patterns.

The names are those that ``openstack compute service list`` shows: the value
of ``[DEFAULT] host`` of each nova-compute for z/VM. The driver leaves ports of
other hosts, and those of Neutron's own agents, to other mechanism drivers.
Required.
"""),
    cfg.DictOpt('vswitch_mappings',
                default={},
                help="""
Virtual switch for each physical network, as ``physnet:VSWITCH,...``.

Ports on flat and VLAN networks of these physical networks can be bound. The
switches must exist on the z/VM systems of all ``hosts``. Required.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Entry point oslo.config.opts: what the sample file is made of."""
    return [(GROUP, OPTS)]


def read(conf: cfg.ConfigOpts) -> tuple[list[str], dict[str, str]]:
    """Return the patterns of hosts and the switch of each physical network.

    :raises ValueError: if they cannot be right, with the reason
    """
    hosts = conf[GROUP].hosts
    try:
        switches = conf[GROUP].vswitch_mappings
    except ValueError:
        raise ValueError(
            '[ml2_zvm] vswitch_mappings must be pairs physnet:VSWITCH with a '
            'comma between them, each physical network once') from None
    if not hosts:
        raise ValueError(
            '[ml2_zvm] hosts is not set: it needs the host names of the '
            'nova-compute services for z/VM')
    if not switches:
        raise ValueError(
            '[ml2_zvm] vswitch_mappings is not set: it needs the virtual '
            'switch of each physical network, as physnet:VSWITCH')
    for switch in switches.values():
        if not names.USERID.fullmatch(switch):
            raise ValueError(
                "[ml2_zvm] vswitch_mappings: '%s' cannot be a virtual "
                "switch, whose name has one to eight letters and digits"
                % switch)
    return hosts, {physical_network: switch.upper()
                   for physical_network, switch in switches.items()}
