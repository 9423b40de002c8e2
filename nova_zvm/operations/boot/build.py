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

"""Spawn: create the user, add its disks, deploy, set up network, start.

First everything is refused that can be refused, before z/VM or the
connector has been changed. Then the userid is claimed, and from there on a
failure of any step removes all that was made.
"""

import contextlib
import dataclasses

from nova import conf
from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from nova.virt import configdrive as nova_configdrive
from nova.virt import driver as virt_driver
from oslo_log import log as logging
from oslo_utils import excutils

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.guest import devicetags
from nova_zvm.image import properties as image_properties
from nova_zvm.pace import progress
from nova_zvm.record import ownership
from nova_zvm.zvm import names
from nova_zvm.zvm import units

CONF = conf.CONF
LOG = logging.getLogger(__name__)

DISK_FORMATS = ('ext2', 'ext3', 'ext4', 'xfs')
DEFAULT_DISK_FORMAT = 'ext4'


@dataclasses.dataclass
class Request:
    """What a boot asks for, checked."""

    userid: str
    os_version: str
    nics: list
    extra_disks: list


class Spawn:
    """Boots of instances on this host."""

    def __init__(self, guests, images, network, config_drives, pool,
                 connector, undo, virtapi, settings):
        self._guests = guests
        self._images = images
        self._network = network
        self._config_drives = config_drives
        self._pool = pool
        self._connector = connector
        self._undo = undo
        self._virtapi = virtapi
        self._settings = settings

    def run(self, context, instance, image_meta, injected_files,
            admin_password, network_info, block_device_info, power_on):
        """Boot an instance; nothing is left of it if that fails."""
        userid = self._userid(instance)
        with progress.step(instance, userid, 'booted'):
            with progress.step(instance, userid, 'boot prepared'):
                request, image = self.prepare(
                    context, instance, image_meta, network_info,
                    block_device_info)
                devicetags.record(context, instance, network_info,
                                  block_device_info)
                drive = self._config_drives.built(
                    instance, injected_files, admin_password, network_info)
                self._guests.claim(instance, request.userid)
            try:
                # "Not found" is never about the instance here: nova would
                # leave the server building for ever.
                with failures.translated():
                    self._create(instance, request, image, drive, power_on)
            except Exception as exc:
                with excutils.save_and_reraise_exception():
                    self._clean_up(instance, network_info, exc)
            ownership.record(instance, ownership.BUILT)

    def prepare(self, context, instance, image_meta, network_info,
                block_device_info):
        """Refuse what can be refused; have the image on the connector."""
        request = self._check(instance, image_meta, network_info,
                              block_device_info)
        image = self._images.provide(
            context, image_meta, request.os_version,
            lambda header: self._check_root_disk(instance, image_meta,
                                                 header),
            lambda: self._check_userid(instance, request.userid),
            instance.trusted_certs)
        return request, image

    # What is refused

    @staticmethod
    def refuse_volumes(instance):
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

    def _check(self, instance, image_meta, network_info, block_device_info):
        self._check_size(instance)
        nics = self._network.plan(network_info)
        properties = image_properties.of_instance(instance)
        request = Request(
            userid=self._userid(instance),
            os_version=self._os_version(image_meta, properties),
            nics=nics,
            extra_disks=_extra_disks(block_device_info, self._pool.name))
        self._network.check_interfaces(
            request.os_version, nics, instance.hostname,
            nova_configdrive.required_by(instance))
        self._network.check_switches(nics)
        self._pool.check()
        image_properties.check_disk_type(image_meta, properties,
                                         self._pool.units())
        return request

    def _os_version(self, image_meta, properties):
        with failures.translated():
            version = self._connector.version()
        return image_properties.os_version(image_meta, properties, version)

    @staticmethod
    def _userid(instance):
        recorded = ownership.userid(instance)
        if recorded:
            return recorded
        try:
            return names.userid(instance.name)
        except ValueError as exc:
            raise _refused('instance_name_template: %s' % exc)

    def _check_userid(self, instance, userid):
        # The guest of a rebuild has it until nova has destroyed that.
        if ownership.owned_userid(instance) is None:
            self._guests.check_free(instance, userid)

    def _check_size(self, instance):
        flavor, limits = instance.flavor, self._settings
        if flavor.vcpus > limits.guest_max_vcpus:
            raise _refused('the flavor has %d vcpus, [zvm] guest_max_vcpus '
                           'allows %d' % (flavor.vcpus,
                                          limits.guest_max_vcpus))
        if flavor.memory_mb > limits.guest_max_mib:
            raise _refused('the flavor has %d MiB of memory, [zvm] '
                           'guest_max_memory allows %s'
                           % (flavor.memory_mb, limits.guest_max_memory))

    def _check_root_disk(self, instance, image_meta, header):
        image_properties.check_header(image_meta, header,
                                      self._pool.units())
        root_gb = instance.flavor.root_gb
        if root_gb and header.size > units.disk_units(root_gb, header.units):
            raise nova_exception.FlavorDiskSmallerThanImage(
                flavor_size=root_gb * units.GIB,
                image_size=header.size * units.UNIT_BYTES[header.units])

    # What is done

    def _create(self, instance, request, image, drive, power_on):
        userid = request.userid
        with progress.step(instance, userid, 'created with its disks'):
            disks = self._create_guest(instance, request, image)
        devicetags.check(instance, disks)
        with progress.step(instance, userid, 'image %s deployed' % image.name):
            self._deploy(instance, userid, drive, image)
        if request.extra_disks:
            with progress.step(instance, userid, 'mounts configured'):
                self._connector.guests.configure_disks(
                    userid, _mounts(disks[1:], request.extra_disks))
        with progress.step(instance, userid, 'network set up'):
            with self._plugged_events(instance, request.nics):
                self._network.create(userid, image.os_version, request.nics,
                                     instance.hostname)
        if power_on:
            timeout = self._settings.reachable_timeout or None
            with progress.step(instance, userid, 'logged on and responding'
                               if timeout else 'logged on'):
                self._connector.guests.start(userid, timeout)
            self._network.check_macs(userid, request.nics)

    def _deploy(self, instance, userid, drive, image):
        with self._config_drives.delivered(instance, drive, image) as path:
            self._connector.guests.deploy(
                userid, image.name, path,
                hostname=None if path else instance.hostname)

    def _create_guest(self, instance, request, image):
        root_gb = instance.flavor.root_gb
        root = models.DiskSpec(
            size='%dg' % root_gb if root_gb else str(image.disk_size),
            boot=True, pool=self._pool.name)
        return self._guests.create(
            instance, request.userid,
            vcpus=instance.flavor.vcpus,
            memory_mb=instance.flavor.memory_mb,
            disks=[root] + request.extra_disks,
            profile=self._settings.user_profile,
            max_vcpus=self._settings.guest_max_vcpus,
            max_memory=self._settings.guest_max_memory)

    @contextlib.contextmanager
    def _plugged_events(self, instance, nics):
        """Wait on exit for ports that an agent still has to bring up."""
        events = [('network-vif-plugged', nic.port['id'])
                  for nic in nics if nic.port.get('active') is False]
        timeout = CONF.vif_plugging_timeout
        try:
            with self._virtapi.wait_for_instance_event(
                    instance, events if timeout else [], timeout,
                    error_callback=_plugging_failed):
                yield
        except failures.EventTimeout:
            LOG.warning('Neutron did not bring up the ports within %d '
                        'seconds', timeout, instance=instance)
            if CONF.vif_plugging_is_fatal:
                raise nova_exception.VirtualInterfaceCreateException()

    def _clean_up(self, instance, network_info, exc):
        settle = 0
        if isinstance(exc.__cause__, errors.OutcomeUnknown):
            settle = exc.__cause__.settle_seconds
        LOG.error('The boot failed, removing its guest: %s', exc,
                  instance=instance)
        try:
            with progress.step(instance, self._userid(instance), 'removed'):
                self._undo(instance, network_info, settle)
        except Exception as cleanup_exc:
            LOG.error('Could not remove the guest; delete the server to try '
                      'again: %s', cleanup_exc, instance=instance)


def _plugging_failed(event_name, instance):
    LOG.error('Neutron reports that %s failed', event_name,
              instance=instance)
    if CONF.vif_plugging_is_fatal:
        raise nova_exception.VirtualInterfaceCreateException()
    return True


def _extra_disks(block_device_info, pool):
    disks = [
        models.DiskSpec(size='%dg' % ephemeral['size'],
                        format=_disk_format(ephemeral),
                        pool=pool)
        for ephemeral in virt_driver.block_device_info_get_ephemerals(
            block_device_info)]
    swap = virt_driver.block_device_info_get_swap(block_device_info)
    if virt_driver.swap_is_usable(swap):
        disks.append(models.DiskSpec(
            size='%dm' % swap['swap_size'], format='swap',
            pool=pool))
    return disks


def _disk_format(ephemeral):
    wanted = (ephemeral.get('guest_format') or
              CONF.default_ephemeral_format or DEFAULT_DISK_FORMAT)
    if wanted not in DISK_FORMATS:
        raise _refused("an ephemeral disk cannot have the format '%s', only "
                       "%s" % (wanted, ', '.join(DISK_FORMATS)))
    return wanted


def _mounts(disks, specs):
    """Return where the guest mounts its extra disks, as nova's users know.

    """
    return [models.DiskMount(
        vdev=disk.vdev, format=spec.format,
        mount_point='swap' if spec.format == 'swap'
        else '/mnt/ephemeral%d' % number)
        for number, (disk, spec) in enumerate(zip(disks, specs))]


def _refused(reason):
    return nova_exception.InvalidInput(reason=reason)
