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

"""The plan of a boot: what the guest will be, or why it cannot be.

Nothing of the guest is on z/VM yet and nothing is recorded, so whatever is
refused is refused here. Only the image is brought to the connector, where
other boots of it find it.
"""

from collections import abc
import dataclasses

from nova import context as nova_context
from nova import exception as nova_exception
from nova.network import model
from nova import objects
from nova.virt import configdrive

from nova_zvm.conf import settings
from nova_zvm.connector import models
from nova_zvm.guest import lifecycle
from nova_zvm.image import cache
from nova_zvm.image import properties as image_properties
from nova_zvm.network import plan as network_plan
from nova_zvm.network import switches
from nova_zvm.record import ownership
from nova_zvm.storage import disks
from nova_zvm.storage import pools
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names
from nova_zvm.zvm import units


@dataclasses.dataclass(frozen=True)
class Request:
    """A boot as nova asks for it."""

    context: nova_context.RequestContext
    instance: 'objects.Instance'
    image_meta: 'objects.ImageMeta'
    network_info: model.NetworkInfo | None
    block_device_info: disks.BlockDeviceInfo


@dataclasses.dataclass(frozen=True)
class Plan:
    """A guest as it is to be made.

    :ivar max_vcpus: how many processors it can ever have
    :ivar max_memory: how much storage, such as '64G'
    :ivar profile: its directory profile, None for the connector's own
    :ivar root: the connector's record of the image that its root disk gets
    :ivar os_version: of its Linux, as the connector names it
    :ivar disks: the root disk first
    :ivar reachable_timeout: seconds after its logon within which its Linux
        has to respond, None if that is not waited for
    """

    userid: str
    vcpus: int
    memory_mb: int
    max_vcpus: int
    max_memory: str
    profile: str | None
    hostname: str | None
    root: models.Image
    os_version: str
    disks: tuple[disks.Disk, ...]
    nics: tuple[network_plan.Nic, ...]
    reachable_timeout: int | None


class Planner:
    """Plans of this host's boots."""

    def __init__(self, guests: lifecycle.Guests, images: cache.ImageCache,
                 network: switches.Network, pool: pools.DiskPool,
                 options: settings.Settings) -> None:
        self._guests = guests
        self._images = images
        self._network = network
        self._pool = pool
        self._settings = options

    @staticmethod
    def refuse_volumes(instance: 'objects.Instance') -> None:
        """Refuse a boot with volumes before nova asks how to connect them.

        :raises InstanceUnacceptable: nova shows its reason to the user
        """
        mappings = objects.BlockDeviceMappingList.get_by_instance_uuid(
            nova_context.get_admin_context(), instance.uuid)
        if any(mapping.is_volume for mapping in mappings):
            raise nova_exception.InstanceUnacceptable(
                instance_id=instance.uuid,
                reason='the z/VM driver does not support volumes yet; boot '
                       'from an image and attach none')

    def plan(self, request: Request) -> Plan:
        """Return the plan of a boot, with its image on the connector.

        :raises NovaException: InvalidInput, ImageUnacceptable and others,
            with the reason, if the boot could not succeed
        """
        instance = request.instance
        self._check_size(instance.flavor)
        nics = tuple(self._network.plan(request.network_info))
        userid = userid_of(instance)
        properties = image_properties.of_instance(instance)
        os_version = self._images.os_version(request.image_meta, properties)
        disks.check_formats(request.block_device_info)
        self._check_network(instance, os_version, nics)
        self._pool.check()
        image_properties.check_disk_type(request.image_meta, properties,
                                         self._pool.units())
        image = self._provide(request, os_version, userid)
        return Plan(
            userid=userid, vcpus=instance.flavor.vcpus,
            memory_mb=instance.flavor.memory_mb,
            max_vcpus=self._settings.guest_max_vcpus,
            max_memory=self._settings.guest_max_memory,
            profile=self._settings.user_profile, hostname=instance.hostname,
            root=image, os_version=image.os_version,
            disks=self._disks(request, image), nics=nics,
            reachable_timeout=self._settings.reachable_timeout or None)

    def _check_size(self, flavor: 'objects.Flavor') -> None:
        limits = self._settings
        if flavor.vcpus > limits.guest_max_vcpus:
            raise _refused('the flavor has %d vcpus, [zvm] guest_max_vcpus '
                           'allows %d' % (flavor.vcpus,
                                          limits.guest_max_vcpus))
        if flavor.memory_mb > limits.guest_max_mib:
            raise _refused('the flavor has %d MiB of memory, [zvm] '
                           'guest_max_memory allows %s'
                           % (flavor.memory_mb, limits.guest_max_memory))

    def _check_network(self, instance: 'objects.Instance', os_version: str,
                       nics: abc.Sequence[network_plan.Nic]) -> None:
        self._network.check_interfaces(os_version, nics, instance.hostname,
                                       configdrive.required_by(instance))
        self._network.check_switches(nics)

    def _provide(self, request: Request, os_version: str,
                 userid: str) -> models.Image:
        """Return the image, brought to the connector if it is not there."""
        return self._images.provide(
            request.context, request.image_meta, os_version,
            lambda header: self._check_root_disk(request, header),
            lambda: self._check_userid(request.instance, userid),
            request.instance.trusted_certs)

    def _check_root_disk(self, request: Request,
                         header: imageheader.Header) -> None:
        image_properties.check_header(request.image_meta, header,
                                      self._pool.units())
        root_gb = request.instance.flavor.root_gb
        if root_gb and header.size > units.disk_units(root_gb, header.units):
            raise nova_exception.FlavorDiskSmallerThanImage(
                flavor_size=root_gb * units.GIB,
                image_size=header.size * units.UNIT_BYTES[header.units])

    def _check_userid(self, instance: 'objects.Instance',
                      userid: str) -> None:
        # The guest of a rebuild has it until nova has destroyed that.
        if ownership.claimed_userid(instance) is None:
            self._guests.check_free(instance, userid)

    def _disks(self, request: Request,
               image: models.Image) -> tuple[disks.Disk, ...]:
        root_gb = request.instance.flavor.root_gb
        return disks.ordered(
            '%dg' % root_gb if root_gb else str(image.disk_size),
            request.block_device_info,
            objects.BlockDeviceMappingList.get_by_instance_uuid(
                request.context, request.instance.uuid),
            self._pool.name)


def userid_of(instance: 'objects.Instance') -> str:
    """Return the userid of an instance's guest, which may not exist yet.

    :raises InvalidInput: if the instance's name cannot be one
    """
    recorded = ownership.recorded_userid(instance)
    if recorded:
        return recorded
    try:
        return names.userid(instance.name)
    except ValueError as exc:
        raise _refused('instance_name_template: %s' % exc)


def _refused(reason: str) -> Exception:
    return nova_exception.InvalidInput(reason=reason)
