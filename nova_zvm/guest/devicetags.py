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

"""Device tags: by what the guest finds a NIC or a disk that a user has tagged.

nova shows that to the guest, in its metadata service and on the config drive,
from a record that has to be there before the drive is made. The channel
subsystem is no bus that nova knows, so its devices are shown without one
(nova/api/metadata/base.py, _get_device_metadata). Linux finds a NIC by its
MAC address. That is the port's if Neutron makes addresses with the prefix of
this z/VM, base_mac, as z/VM takes only the last half of one. It finds a
minidisk by its virtual device number, which udev makes a path of.
"""

from collections import abc

from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects

from nova_zvm.connector import models
from nova_zvm.network import plan
from nova_zvm.storage import disks as storage_disks
from nova_zvm.zvm import names


def record(context: nova_context.RequestContext, instance: 'objects.Instance',
           nics: abc.Iterable[plan.Nic],
           disks: abc.Iterable[storage_disks.Disk]) -> None:
    """Set an instance's device_metadata, for its next save.

    None if nothing is tagged.
    """
    devices = _nics(context, instance, nics) + [
        objects.DiskMetadata(path=_path(disk), tags=[disk.tag])
        for disk in disks if disk.tag]
    instance.device_metadata = objects.InstanceDeviceMetadata(
        devices=devices) if devices else None


def check(instance: 'objects.Instance',
          planned: abc.Sequence[storage_disks.Disk],
          made: abc.Sequence[models.Disk]) -> None:
    """See that the connector has numbered the disks as was recorded.

    It starts with its option user_root_vdev and does not tell that before
    (zvmsdk/smtclient.py add_mdisks, 1.6.3).

    :raises InvalidInput: if tags of disks would be wrong
    """
    if _has_disks(instance) and [disk.vdev.upper() for disk in made] != [
            disk.vdev for disk in planned]:
        raise nova_exception.InvalidInput(
            reason='tagged disks need the z/VM Cloud Connector to number '
                   'disks from %s on: set [zvm] user_root_vdev = %s in '
                   'zvmsdk.conf' % (names.disk_vdev(0), names.disk_vdev(0)))


def _has_disks(instance: 'objects.Instance') -> bool:
    return instance.device_metadata is not None and any(
        isinstance(device, objects.DiskMetadata)
        for device in instance.device_metadata.devices)


def _nics(context: nova_context.RequestContext, instance: 'objects.Instance',
          nics: abc.Iterable[plan.Nic]
          ) -> list['objects.NetworkInterfaceMetadata']:
    tags = {interface.uuid: interface.tag for interface in
            objects.VirtualInterfaceList.get_by_instance_uuid(
                context, instance.uuid)}
    return [_nic(nic, tags[nic.port_id]) for nic in nics
            if tags.get(nic.port_id)]


def _nic(nic: plan.Nic, tag: str) -> 'objects.NetworkInterfaceMetadata':
    shown = objects.NetworkInterfaceMetadata(mac=nic.port['address'],
                                             tags=[tag])
    if nic.vlan_id:
        shown.vlan = nic.vlan_id
    return shown


def _path(disk: storage_disks.Disk) -> str:
    return '/dev/disk/by-path/ccw-0.0.%s' % disk.vdev.lower()
