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

"""The z/VM system as nova's one compute node.

One request feeds a whole periodic resource update: nova asks for the node,
then for its resources, then for its inventory under a lock that every build
waits for, so the first question fetches a snapshot, the second takes it and
the third only reads it.
"""

from collections import abc
import dataclasses
import threading
import typing

from nova import conf
from nova import exception as nova_exception
from nova.objects import fields
import os_resource_classes as orc
import os_traits
from oslo_log import log as logging
from oslo_serialization import jsonutils

from nova_zvm.conf import settings
from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.pace import waiting
from nova_zvm.storage import pools

CONF = conf.CONF
LOG = logging.getLogger(__name__)

# What the scheduler asks for an image with hw_architecture or
# hw_emulation_architecture, with [scheduler] image_metadata_prefilter
# (nova/scheduler/request_filter.py, transform_image_metadata).
TRAITS = (os_traits.HW_ARCH_S390X, os_traits.COMPUTE_ARCH_S390X)

# How long a snapshot that nova has not taken yet still counts as fresh.
FRESH_SECONDS = 30


class Hypervisor:
    """Inventory of the host, as of the last look."""

    def __init__(self, connector: client.Connector,
                 own_disk_gb: abc.Callable[[], int], pool: pools.DiskPool,
                 settings: settings.Settings, clock: waiting.Clock) -> None:
        """Prepare; nothing is asked yet.

        :param own_disk_gb: returns the DISK_GB that placement counts for the
            servers whose disks are in the pool
        :param settings: with the limits of one guest
        """
        self._connector = connector
        self._own_disk_gb = own_disk_gb
        self._clock = clock
        self._pool = pool
        self._guest_max_vcpus = settings.guest_max_vcpus
        self._guest_max_mib = settings.guest_max_mib
        # Held during a request, so what must not wait reads _host without.
        self._lock = threading.Lock()
        self._host: models.Host | None = None
        self._foreign_disk_gb = 0
        self._fetched_at = 0.0
        self._taken = True

    def nodes(self) -> list[str]:
        """Return the one node's name, fetching a snapshot for the update.

        :raises ConnectorUnreachable: nova then skips the update
        """
        with self._lock:
            host = self._fresh()
            self._taken = False
            return [host.hypervisor_hostname]

    def is_available(self, nodename: str) -> bool:
        """Tell whether this is our node, without asking z/VM."""
        host = self._host
        return host is not None and host.hypervisor_hostname == nodename

    def resources(self) -> dict[str, typing.Any]:
        """Return what ComputeDriver.get_available_resource documents."""
        with self._lock:
            host = self._fresh()
            self._taken = True
        # A disk is on record before it is made and until it is removed, so
        # ours are not taken for others' by a record that is read after them.
        self._foreign_disk_gb = max(
            0, host.disk_used_gb - self._own_disk_gb())
        return {
            'vcpus': host.vcpus,
            'vcpus_used': host.vcpus_used,
            'memory_mb': host.memory_mb,
            'memory_mb_used': host.memory_mb_used,
            'local_gb': host.disk_total_gb,
            'local_gb_used': host.disk_used_gb,
            # The scheduler compares it with nova's own count, which is ahead
            # of it after each boot, and warns (scheduler/host_manager.py
            # HostState, 34). None, for a row may have one from before.
            'disk_available_least': None,
            'hypervisor_type': fields.HVType.ZVM,
            'hypervisor_version': host.hypervisor_version,
            'hypervisor_hostname': host.hypervisor_hostname,
            'cpu_info': jsonutils.dumps({
                'architecture': host.architecture,
                'cec_model': host.cec_model}),
            'supported_instances': [(fields.Architecture.S390X,
                                     fields.HVType.ZVM,
                                     fields.VMMode.HVM)],
            'numa_topology': None,
        }

    def inventory(self, ratios: abc.Mapping[str, float], reserved_disk_gb: int
                 ) -> dict[str, dict[str, typing.Any]]:
        """Return the placement inventory of the last snapshot.

        A resource of which there is none is left out, as placement wants.
        max_unit of the disk pool stays its total: placement checks it for
        allocations that exist, too, each time that nova writes them again.

        :param ratios: nova's allocation ratio of each resource class
        """
        host = self._host
        if host is None:
            return {}
        found = {
            orc.VCPU: self._resource(
                host.vcpus, CONF.reserved_host_cpus, ratios[orc.VCPU],
                self._guest_max_vcpus),
            orc.MEMORY_MB: self._resource(
                host.memory_mb, CONF.reserved_host_memory_mb,
                ratios[orc.MEMORY_MB], self._guest_max_mib),
            orc.DISK_GB: self._resource(
                host.disk_total_gb,
                min(host.disk_total_gb,
                    reserved_disk_gb + self._foreign_disk_gb),
                ratios[orc.DISK_GB]),
        }
        return {name: resource for name, resource in found.items()
                if resource['total'] > 0}

    @staticmethod
    def _resource(total: int, reserved: int, ratio: float,
                  guest_max: int | None = None) -> dict[str, typing.Any]:
        return {
            'total': total,
            'reserved': reserved,
            'min_unit': 1,
            'max_unit': min(total, guest_max or total),
            'step_size': 1,
            'allocation_ratio': ratio,
        }

    def uptime(self) -> str:
        """Return when the system was IPLed, in z/VM's words.

        :raises ComputeServiceUnavailable: if the connector or z/VM fails
        """
        with (translation.raised_as(nova_exception.ComputeServiceUnavailable),
              translation.to_nova()):
            return self._connector.host.info().ipl_time

    def _fresh(self) -> models.Host:
        """Return a snapshot that nova has not taken yet."""
        age = self._clock.monotonic() - self._fetched_at
        if self._host is None or self._taken or age > FRESH_SECONDS:
            self._host = self._fetched()
            self._fetched_at = self._clock.monotonic()
        return self._host

    def _fetched(self) -> models.Host:
        try:
            with translation.to_nova():
                return self._look()
        except failures.ConnectorUnreachable as exc:
            # nova logs that the driver is not ready, and not why.
            LOG.warning('%s', exc)
            raise
        except failures.ConnectorFailure as exc:
            if isinstance(exc.error, (errors.BadRequest, errors.NotFound,
                                      errors.Unauthorized)):
                raise
            LOG.warning('%s', exc)
            raise failures.ZVMNotReady(reason=exc.error) from exc

    def _look(self) -> models.Host:
        host = self._connector.host.info()
        # GET /host speaks of the connector's own pool, newer ones of all
        # their pools together.
        space = self._pool.space()
        if space is None:
            return host
        return dataclasses.replace(host, disk_total_gb=space.total_gb,
                                   disk_used_gb=space.used_gb)
