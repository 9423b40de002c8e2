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

from nova import exception as nova_exception
from nova import objects
from nova.virt import driver as virt_driver

from nova_zvm.network import plan
from nova_zvm.zvm import names


def record(context, instance, network_info, block_device_info):
    """Set an instance's device_metadata, for its next save.

    None if nothing is tagged.
    """
    devices = (_nics(context, instance, network_info) +
               _disks(context, instance, block_device_info))
    instance.device_metadata = objects.InstanceDeviceMetadata(
        devices=devices) if devices else None


def check(instance, disks):
    """See that the connector has numbered the disks as was recorded.

    It starts with its option user_root_vdev and does not tell that before
    (zvmsdk/smtclient.py add_mdisks, 1.6.3).

    :param disks: as created, in the order of names.disk_vdev
    :raises InvalidInput: if tags of disks would be wrong
    """
    if _has_disks(instance) and [disk.vdev.upper() for disk in disks] != [
            names.disk_vdev(position) for position in range(len(disks))]:
        raise nova_exception.InvalidInput(
            reason='tagged disks need the z/VM Cloud Connector to number '
                   'disks from %s on: set [zvm] user_root_vdev = %s in '
                   'zvmsdk.conf' % (names.disk_vdev(0), names.disk_vdev(0)))


def _has_disks(instance):
    return instance.device_metadata is not None and any(
        isinstance(device, objects.DiskMetadata)
        for device in instance.device_metadata.devices)


def _nics(context, instance, network_info):
    tags = {interface.uuid: interface.tag for interface in
            objects.VirtualInterfaceList.get_by_instance_uuid(
                context, instance.uuid)}
    return [_nic(vif, tags[vif['id']]) for vif in network_info or []
            if tags.get(vif['id'])]


def _nic(vif, tag):
    nic = objects.NetworkInterfaceMetadata(mac=vif['address'], tags=[tag])
    vlan = plan.vlan_id_of(vif)
    if vlan:
        nic.vlan = vlan
    return nic


def _disks(context, instance, block_device_info):
    mappings = objects.BlockDeviceMappingList.get_by_instance_uuid(
        context, instance.uuid)
    root = next((mapping.tag for mapping in mappings if mapping.is_root),
                None)
    by_name = {mapping.device_name: mapping.tag for mapping in mappings}
    # As spawn orders the disks.
    tags = [root] + [by_name.get(disk.get('device_name')) for disk in
                     virt_driver.block_device_info_get_ephemerals(
                         block_device_info) + _swap(block_device_info)]
    return [objects.DiskMetadata(path=_path(position), tags=[tag])
            for position, tag in enumerate(tags) if tag]


def _swap(block_device_info):
    swap = virt_driver.block_device_info_get_swap(block_device_info)
    return [swap] if virt_driver.swap_is_usable(swap) else []


def _path(position):
    return '/dev/disk/by-path/ccw-0.0.%s' % names.disk_vdev(position).lower()
