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

from nova_zvm.checks import finding
from nova_zvm.connector import errors
from nova_zvm import hypervisor

# What the connector says of a switch whose uplink works
# (zvmsdk/constants.py SWITCH_STATUS, 1.6.3).
READY = 'OSA device ready.'


def smapi(deployment):
    """Have z/VM asked: the connector's own health call never is bad."""
    try:
        host = deployment.connector.host.info()
    except errors.Unreachable as exc:
        return finding.failure(
            finding.sentence(exc),
            "See that the connector's sdkserver runs, and that the web "
            'server in front of it waits long enough. If it does, SMAPI '
            'does not answer it: see that the service machines (VSMGUARD, '
            'VSMREQIN, VSMWORK1) are logged on.')
    except errors.ConnectorError as exc:
        return finding.failure(
            finding.sentence(exc),
            "See that SMAPI's service machines (VSMGUARD, VSMREQIN, "
            "VSMWORK1) are logged on, and that the connector's userid is in "
            "SMAPI's authorization list; the reason is in the connector's "
            'sdkserver.log.')
    return finding.success(
        'SMAPI answers on %s, z/VM %.1f, for userid %s.' % (
            host.hypervisor_hostname, host.hypervisor_version / 100,
            host.zcc_userid))


def disk_pool(deployment):
    connector = deployment.connector
    wanted = deployment.conf.zvm.disk_pool
    try:
        pool = connector.host.disk_pool(wanted)
    except errors.NotFound:
        return finding.failure(
            "z/VM has no disk pool '%s'." % wanted if wanted else
            'z/VM does not have the disk pool that the connector is '
            'configured with.',
            'Let [zvm] disk_pool name one that the directory manager has, as '
            'ECKD:NAME or FBA:NAME.')
    told = "%s%s has %d GB, %d GB free%s." % (
        wanted or "The connector's own disk pool",
        _kind(deployment), pool.total_gb, pool.available_gb,
        _volumes(connector, wanted))
    if not pool.available_gb:
        return finding.warning(told, 'Give the pool more volumes: no server '
                               'can be created.')
    return finding.success(told)


def _kind(deployment):
    """Return the type of a pool that its name does not tell."""
    if deployment.conf.zvm.disk_pool:
        return ''
    units = hypervisor.Hypervisor(deployment.connector).disk_units()
    return {'CYL': ' (ECKD)', 'BLK': ' (FBA)',
            None: ' (of unknown type)'}[units]


def _volumes(connector, pool):
    """Return what is known of a pool's volumes.

    The free extents are not: no call of the connector tells them.
    """
    if not connector.version().lists_pool_volumes:
        return '; this release of the connector does not list its volumes'
    try:
        names = connector.host.disk_pool_volumes(pool)
        volumes = [connector.host.volume(name) for name in names]
    except errors.ConnectorError:
        # The connector knows the volumes of its own pool alone.
        return '; the connector does not tell its volumes'
    largest = max(volumes, key=lambda volume: volume.size, default=None)
    if largest is None:
        return ', on no volume'
    return ', on %d volumes, the largest with %d %s' % (
        len(volumes), largest.size,
        'cylinders' if largest.type.startswith('3390') else 'blocks')


def switches(deployment):
    connector = deployment.connector
    mappings = deployment.conf.zvm.vswitch_mappings
    if mappings:
        return finding.together([
            _mapped(connector, physical_network, name.upper())
            for physical_network, name in sorted(mappings.items())])
    return finding.together([
        finding.success('[zvm] vswitch_mappings is empty: switches are named '
                        'by Neutron, or as physical networks are.'),
        *(_switch(connector, name) for name in connector.vswitches.list())])


def _mapped(connector, physical_network, name):
    try:
        return _switch(connector, name)
    except (errors.NotFound, errors.BadRequest):
        return finding.warning(
            "z/VM has no virtual switch '%s', to which physical network '%s' "
            'is mapped.' % (name, physical_network),
            'Correct [zvm] vswitch_mappings, or define the switch: servers '
            'with ports on that network are refused.')


def _switch(connector, name):
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
