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

"""Diagnostics: what z/VM tells of a running guest.

Figures come out of the connector's cache: they can be as old as its
[monitor] cache_interval, five minutes by default. Which NICs there are, and
their MAC addresses, is asked each time.
"""

from nova.compute import power_state
from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from nova.objects import diagnostics
from nova.objects import fields

from nova_zvm.connector import client
from nova_zvm.connector import models
from nova_zvm.errors import translation
from nova_zvm.record import ownership
from nova_zvm.zvm import units


_Nics = list[tuple[models.Adapter, models.NicCounters | None]]


class Diagnostics:
    """What users can ask of servers that do not do what they should."""

    def __init__(self, connector: client.Connector) -> None:
        self._connector = connector

    def get(self,
            instance: 'objects.Instance') -> diagnostics.Diagnostics:
        """Return nova's object.

        CP tells the processor time of a guest, not of each processor. It
        counts no I/O of a minidisk, so that the disks are no more than
        listed. Since when the guest is on is not told.

        :raises InstanceNotReady: if the guest is off or z/VM does not answer
        """
        usage, nics = self._asked(instance)
        # nova knows no driver 'zvm' here (nova/objects/fields.py,
        # HypervisorDriver), so there is none; its API shows null.
        result = diagnostics.Diagnostics(
            state=(power_state.PAUSED if ownership.is_paused(instance)
                   else power_state.RUNNING),
            hypervisor=fields.HVType.ZVM, hypervisor_os='z/VM',
            config_drive=bool(instance.config_drive))
        result.memory_details = diagnostics.MemoryDiagnostics(
            maximum=instance.flavor.memory_mb,
            used=units.mib(usage.used_memory_kib))
        for number in range(usage.vcpus):
            result.add_cpu(id=number, time=(
                usage.cpu_time_us * 1000 if usage.vcpus == 1 else None))
        for adapter, counters in nics:
            result.add_nic(mac_address=adapter.mac or None,
                           **_nic_details(counters))
        for _mapping in _disks(instance):
            result.add_disk()
        return result

    def get_flat(self, instance: 'objects.Instance') -> dict[str, int | str]:
        """Return the same as one level of keys, as libvirt names them.

        A NIC goes by its virtual device number. Times are in nanoseconds,
        memory is in KiB.

        :raises InstanceNotReady: if the guest is off or z/VM does not answer
        """
        usage, nics = self._asked(instance)
        result: dict[str, int | str] = {
            'cpus': usage.vcpus,
            'cpu_time': usage.cpu_time_us * 1000,
            'memory': units.kib(instance.flavor.memory_mb),
            'memory-used': usage.used_memory_kib}
        for adapter, counters in nics:
            nic = 'nic' + adapter.vdev.lower()
            result[nic + '_mac'] = adapter.mac
            for name, value in _nic_details(counters).items():
                result['%s_%s' % (nic, name.removesuffix('_octets'))] = value
        return result

    def _asked(self, instance: 'objects.Instance'
               ) -> tuple[models.Usage, _Nics]:
        """Return a guest's usage, and its NICs with their counters if any."""
        userid = ownership.required_userid(instance)
        with (translation.raised_as(nova_exception.InstanceNotReady),
              translation.to_nova(instance)):
            usage = self._connector.telemetry.usage([userid]).get(userid)
            adapters = self._adapters(userid) if usage else None
            if usage is None or adapters is None:
                raise nova_exception.InstanceNotReady(
                    instance_id=instance.uuid)
            counters = {
                nic.vdev: nic for nic in self._connector.telemetry
                .nic_counters([userid]).get(userid, [])}
        return usage, [(adapter, counters.get(adapter.vdev))
                       for adapter in adapters]

    def _adapters(self, userid: str) -> list[models.Adapter] | None:
        """Return the NICs of a guest, None if it is off."""
        adapters = self._connector.nics.adapters(userid)
        if not adapters and (
                self._connector.guests.power_state(userid) == 'off'):
            return None
        return adapters


def _nic_details(counters: models.NicCounters | None) -> dict[str, int]:
    if counters is None:
        return {}
    return {
        'rx_octets': counters.rx_bytes, 'rx_packets': counters.rx_frames,
        'rx_errors': counters.rx_errors, 'rx_drop': counters.rx_discarded,
        'tx_octets': counters.tx_bytes, 'tx_packets': counters.tx_frames,
        'tx_errors': counters.tx_errors, 'tx_drop': counters.tx_discarded}


def _disks(instance: 'objects.Instance'
           ) -> 'objects.BlockDeviceMappingList':
    return objects.BlockDeviceMappingList.get_by_instance_uuid(
        nova_context.get_admin_context(), instance.uuid)
