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

"""What z/VM has for servers: SMAPI, a disk pool, virtual switches."""

from collections import abc
import dataclasses

from nova_zvm.checks import deployment as deployments
from nova_zvm.checks import finding
from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.zvm import units

# What the connector says of a switch whose uplink works
# (zvmsdk/constants.py SWITCH_STATUS, 1.6.3).
READY = 'OSA device ready.'

NAME_A_POOL = ('Let [zvm] disk_pool name one that the directory manager has, '
               'as ECKD:NAME or FBA:NAME.')

# The request server is that of calls over IUCV, by which the connector comes.
SMAPI_MACHINES = 'VSMGUARD, VSMREQIU, VSMWORK1'


def smapi(deployment: deployments.Deployment) -> finding.Finding:
    """Have z/VM asked: the connector's own health call never is bad."""
    host = deployment.host
    if isinstance(host, errors.ConnectorError):
        return finding.failure(
            finding.sentence(host),
            "See that SMAPI's service machines (%s) are logged on, and that "
            "the connector's userid is in SMAPI's authorization list; the "
            "reason is in the connector's zvmsdk.log." % SMAPI_MACHINES)
    return finding.success(
        'SMAPI answers on %s, z/VM %.1f, for userid %s.' % (
            host.hypervisor_hostname, host.hypervisor_version / 100,
            host.zcc_userid))


def disk_pool(deployment: deployments.Deployment) -> finding.Finding:
    connector = deployment.zvm
    named = deployment.settings.disk_pool
    wanted = named.text if named else None
    try:
        pool = connector.host.disk_pool(wanted)
    except errors.NotFound:
        return finding.failure(
            "z/VM has no disk pool '%s'." % wanted if wanted else
            'z/VM does not have the disk pool that the connector is '
            'configured with.', NAME_A_POOL)
    if not wanted and not pool.total_gb:
        return finding.failure(
            'No disk pool is named, and the connector has none of its own or '
            'an empty one: no server can be created.', NAME_A_POOL)
    space = _space(connector, wanted)
    told = '%s has %d GB, %d GB free%s.' % (
        wanted or "The connector's own disk pool", pool.total_gb,
        pool.available_gb, space.told)
    if named and space.kinds - {named.kind}:
        return finding.failure(
            '[zvm] disk_pool says that the pool is of type %s, and its '
            'volumes are of type %s. %s' % (
                named.kind, ' and '.join(sorted(space.kinds)), told),
            'Let [zvm] disk_pool begin with the type that the volumes of the '
            'pool have, or name another pool.')
    largest = min([pool.available_gb, *space.largest_gb])
    if largest < deployment.disk_gb:
        return finding.warning(
            '%s A disk of %d GB does not fit.' % (told, deployment.disk_gb),
            'Give the pool more volumes, or have free extents put together; '
            'for servers with smaller disks name their size by --disk-gb.')
    return finding.success(told)


@dataclasses.dataclass(frozen=True)
class _Space:
    """What the connector tells of the space in a pool.

    :ivar kinds: the types of its volumes
    :ivar told: the same in words
    :ivar largest_gb: no minidisk can be larger, if that is known
    """

    kinds: set[str]
    told: str
    largest_gb: list[int]


def _space(connector: client.Connector, pool: str | None) -> _Space:
    """Return the space in a pool.

    Newer connectors list its free extents, and others its volumes.
    """
    try:
        if connector.version().tells_free_extents:
            return _free_extents(connector.host.free_extents(pool))
        names = connector.host.disk_pool_volumes(pool)
        return _whole_volumes(
            [connector.host.volume(name) for name in names])
    except errors.ConnectorError:
        return _Space(set(), '; the connector does not tell its volumes', [])


def _free_extents(extents: abc.Sequence[models.FreeExtent]) -> _Space:
    kinds = {_kind(extent.type) for extent in extents}
    largest = max((extent.size_gib for extent in extents), default=0)
    return _Space(kinds, ', in %s, the largest of %d GB' % (
        _counted(extents, kinds, 'free extent'), largest), [largest])


def _whole_volumes(volumes: abc.Sequence[models.Volume]) -> _Space:
    kinds = {_kind(volume.type) for volume in volumes}
    sizes = [units.gib(volume.size, units.DISK_UNITS[_kind(volume.type)])
             for volume in volumes]
    return _Space(kinds, ', on %s%s' % (
        _counted(volumes, kinds, 'volume'),
        ', the largest of %d GB' % max(sizes) if sizes else ''),
        sizes and [max(sizes)])


def _counted(things: abc.Sized, kinds: abc.Set[str], name: str) -> str:
    """Return such as '2 ECKD volumes'."""
    return ' '.join([str(len(things)), *([' and '.join(sorted(kinds))]
                                         if kinds else []),
                     name + ('' if len(things) == 1 else 's')])


def _kind(device_type: str) -> str:
    """Return the type of pool that a volume, such as 3390-54, can be in."""
    return 'ECKD' if device_type.startswith('3390') else 'FBA'


def switches(deployment: deployments.Deployment) -> finding.Finding:
    connector = deployment.zvm
    mappings = deployment.settings.vswitch_mappings
    if mappings:
        return finding.together([
            _mapped(connector, physical_network, name.upper())
            for physical_network, name in sorted(mappings.items())])
    return finding.together([
        finding.success('[zvm] vswitch_mappings is empty: switches are named '
                        'by Neutron, or as physical networks are.'),
        *(_switch(connector, name) for name in connector.vswitches.list())])


def _mapped(connector: client.Connector, physical_network: str,
            name: str) -> finding.Finding:
    try:
        return _switch(connector, name)
    except errors.NotFound:
        return finding.warning(
            "z/VM has no virtual switch '%s', to which physical network '%s' "
            'is mapped.' % (name, physical_network),
            'Correct [zvm] vswitch_mappings, or define the switch: servers '
            'with ports on that network are refused.')


def _switch(connector: client.Connector, name: str) -> finding.Finding:
    switch = connector.vswitches.get(name)
    aware = 'VLAN-aware' if switch.vlan_aware else 'VLAN-unaware'
    if switch.status == READY:
        return finding.success('%s is %s, its uplink is ready.'
                               % (name, aware))
    return finding.warning(
        "%s is %s, and its status is '%s'." % (
            name, aware, switch.status.rstrip('.')),
        'Look at the uplink of the switch (CP QUERY VSWITCH): its servers '
        'may reach only each other.')
