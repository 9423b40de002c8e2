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

"""The z/VM driver: which part of the package answers which call of nova.

Wiring in the constructor, then one statement for each of nova's verbs. What
a verb does on z/VM is described in the module that it is handed to.
"""

from collections import abc
import typing

from nova import conf
from nova import context as nova_context
from nova import exception as nova_exception
from nova.network import model
from nova import objects
from nova.virt import driver
from nova.virt import hardware
from nova.virt import node
from oslo_log import log as logging

from nova_zvm.conf import options
from nova_zvm.conf import settings
from nova_zvm.errors import failures
from nova_zvm.guest import capture
from nova_zvm.guest import configdrive
from nova_zvm.guest import console
from nova_zvm.guest import lifecycle
from nova_zvm.guest import power
from nova_zvm.guest import presence
from nova_zvm.hypervisor import inventory
from nova_zvm.hypervisor import servicestatus
from nova_zvm.image import ageing
from nova_zvm.image import cache
from nova_zvm.network import macprefix
from nova_zvm.network import switches
from nova_zvm.operations.boot import build
from nova_zvm.operations.boot import plan
from nova_zvm.operations import destroy
from nova_zvm.operations import diagnostics
from nova_zvm.operations import interfaces
from nova_zvm.operations import precache
from nova_zvm.operations import recovery
from nova_zvm.operations import snapshot
from nova_zvm.pace import background
from nova_zvm.pace import waiting
from nova_zvm.record import instances
from nova_zvm.storage import disks
from nova_zvm.storage import pools
from nova_zvm.transfer import journal
from nova_zvm.transfer import repository
from nova_zvm.transfer import uploads

CONF = conf.CONF
LOG = logging.getLogger(__name__)

options.register_opts(CONF)


class ZVMDriver(driver.ComputeDriver):
    """Nova's view of one z/VM system behind one z/VM Cloud Connector."""

    capabilities = dict(
        driver.ComputeDriver.capabilities,
        has_imagecache=True,
        supports_attach_interface=True,
        # Not supports_tagged_attach_interface: of a NIC that is added to a
        # guest that is on CP chooses the MAC address.
        supports_device_tagging=True,
        supports_image_type_raw=True,
        supports_trusted_certs=True,
    )

    def __init__(self, virtapi: typing.Any) -> None:
        super().__init__(virtapi)
        LOG.info('z/VM driver %s', settings.version())
        zvm = settings.read(CONF)
        connector = zvm.connector()
        clock = waiting.Clock()
        patience = waiting.Patience(clock, zvm.timeout_scale)
        self._background = background.Background(clock)
        self._service_status = servicestatus.ServiceStatus(
            virtapi, zvm.disable_service_after, clock)
        self._presence = presence.Presence(connector, clock)
        self._power = power.Power(connector, patience, self._presence)
        self._console = console.Console(connector)
        guests = lifecycle.Guests(connector, patience, self._presence)
        self._instances = instances.Instances(self._presence)
        pool = pools.DiskPool(connector, zvm.disk_pool)
        self._hypervisor = inventory.Hypervisor(
            connector, self._instances.disk_gb, pool, zvm, clock)
        self._diagnostics = diagnostics.Diagnostics(connector)
        self._staging = uploads.Staging(
            connector, journal.Journal(zvm.image_tmp_path), patience,
            self._background)
        files = repository.Repository(zvm.image_repository)
        self._config_drives = configdrive.ConfigDrives(
            connector, self._staging, files, zvm.image_tmp_path,
            self._background)
        images = cache.ImageCache(connector, self._staging, patience)
        self._image_ageing = ageing.ImageAgeing(
            connector, images, self._staging, clock)
        self._precache = precache.Precache(images, pool)
        self._captures = capture.Captures(
            connector, files, zvm.capture_unreachable_guests, patience,
            self._background)
        self._snapshot = snapshot.Snapshot(self._captures, connector)
        nics = switches.Network(
            connector, zvm.vswitch_mappings,
            macprefix.MacPrefix(connector, zvm.require_mac_prefix), patience)
        self._interfaces = interfaces.Interfaces(nics, connector, patience)
        self._destroy = destroy.Destroy(
            guests, nics, self._config_drives,
            connector.settle_seconds('guests.create'), patience)
        self._recovery = recovery.Recovery(
            self._instances, self._config_drives, self._captures,
            self._staging, self._hypervisor.nodes)
        self._planner = plan.Planner(guests, images, nics, pool, zvm)
        self._boot = build.Boot(
            self._planner,
            build.Builder(connector, guests, nics, self._config_drives,
                          virtapi),
            guests, self._config_drives, self._destroy.undo_spawn)

    # Host

    def init_host(self, host: str) -> None:
        self._recovery.after_start()

    def cleanup_host(self, host: str) -> None:
        self._background.stop()

    def get_available_nodes(self, refresh: bool = False) -> list[str]:
        """Return the node, the first that an update of resources asks for.

        nova leaves out the rest of the update if it raises
        (nova/compute/manager.py, update_available_resource, 31 to 34).
        """
        with self._service_status.following():
            return self._hypervisor.nodes()

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """Return the node by its identity, whose file is made first.

        When nova-compute starts for the first time, nova asks this before it
        records the service. At the next start nova requires the file
        (nova/compute/manager.py, init_host and _ensure_existing_node_identity,
        31 to 34), so it must be there although z/VM does not answer.
        """
        identity = node.get_local_node_uuid()
        return {identity: self.get_available_nodes()[0]}

    def node_is_available(self, nodename: str) -> bool:
        return self._hypervisor.is_available(nodename)

    def get_available_resource(self, nodename: str) -> dict[str, typing.Any]:
        return self._hypervisor.resources()

    def update_provider_tree(self, provider_tree: typing.Any, nodename: str,
                             allocations: typing.Any = None) -> None:
        known = provider_tree.data(nodename).inventory
        provider_tree.update_inventory(nodename, self._hypervisor.inventory(
            self._get_allocation_ratios(known),
            self._get_reserved_host_disk_gb_from_config()))
        provider_tree.add_traits(nodename, *inventory.TRAITS)

    def get_host_uptime(self) -> str:
        return self._hypervisor.uptime()

    def get_host_ip_addr(self) -> str:
        return CONF.my_ip

    # Instances

    def list_instances(self) -> list[str]:
        return self._instances.names()

    def list_instance_uuids(self) -> list[str]:
        return self._instances.uuids()

    def get_num_instances(self) -> int:
        return self._instances.count()

    def instance_exists(self, instance: 'objects.Instance') -> bool:
        return self._presence.exists(instance)

    def get_info(self, instance: 'objects.Instance', use_cache: bool = True
                ) -> hardware.InstanceInfo:
        return hardware.InstanceInfo(
            state=self._presence.state(instance, use_cache))

    # Lifecycle

    def prepare_for_spawn(self, instance: 'objects.Instance') -> None:
        self._planner.refuse_volumes(instance)

    def spawn(self, context: nova_context.RequestContext,
              instance: 'objects.Instance', image_meta: 'objects.ImageMeta',
              injected_files: typing.Any, admin_password: str | None,
              allocations: typing.Any,
              network_info: model.NetworkInfo | None = None,
              block_device_info: disks.BlockDeviceInfo = None,
              power_on: bool = True, accel_info: typing.Any = None) -> None:
        self._boot.boot(
            plan.Request(context, instance, image_meta, network_info,
                         block_device_info),
            injected_files, admin_password, power_on)

    def rebuild(self, context: nova_context.RequestContext,
                instance: 'objects.Instance', image_meta: 'objects.ImageMeta',
                injected_files: typing.Any, admin_password: str | None,
                allocations: typing.Any, bdms: typing.Any,
                detach_block_devices: typing.Any,
                attach_block_devices: typing.Any,
                network_info: model.NetworkInfo | None = None,
                evacuate: bool = False,
                block_device_info: disks.BlockDeviceInfo = None,
                preserve_ephemeral: bool = False,
                accel_uuids: typing.Any = None,
                reimage_boot_volume: bool = False) -> None:
        """Refuse while the guest is whole what its new boot would refuse.

        The rest is nova's default: destroy, then spawn.
        """
        self._planner.plan(plan.Request(
            context, instance, image_meta, network_info, block_device_info))
        raise NotImplementedError()

    def destroy(self, context: nova_context.RequestContext,
                instance: 'objects.Instance',
                network_info: model.NetworkInfo | None,
                block_device_info: disks.BlockDeviceInfo = None,
                destroy_disks: bool = True, destroy_secrets: bool = True
               ) -> None:
        self._destroy.run(instance, network_info)

    def cleanup(self, context: nova_context.RequestContext,
                instance: 'objects.Instance',
                network_info: model.NetworkInfo | None,
                block_device_info: disks.BlockDeviceInfo = None,
                destroy_disks: bool = True, migrate_data: typing.Any = None,
                destroy_vifs: bool = True, destroy_secrets: bool = True
               ) -> None:
        self._destroy.run(instance, network_info)

    # Power

    def power_on(self, context: nova_context.RequestContext,
                 instance: 'objects.Instance',
                 network_info: model.NetworkInfo | None,
                 block_device_info: disks.BlockDeviceInfo = None,
                 accel_info: typing.Any = None, share_info: typing.Any = None
                ) -> None:
        self._power.power_on(instance)

    def power_off(self, instance: 'objects.Instance', timeout: int = 0,
                  retry_interval: int = 0) -> None:
        self._power.power_off(instance, timeout, retry_interval)

    def reboot(self, context: nova_context.RequestContext,
               instance: 'objects.Instance',
               network_info: model.NetworkInfo | None, reboot_type: str,
               block_device_info: disks.BlockDeviceInfo = None,
               bad_volumes_callback: typing.Any = None,
               accel_info: typing.Any = None, share_info: typing.Any = None
              ) -> None:
        if reboot_type == 'SOFT':
            self._power.reboot(instance)
        else:
            self._power.reset(instance)

    def pause(self, instance: 'objects.Instance') -> None:
        self._power.pause(instance)

    def unpause(self, instance: 'objects.Instance') -> None:
        self._power.unpause(instance)

    def resume_state_on_host_boot(
            self, context: nova_context.RequestContext,
            instance: 'objects.Instance',
            network_info: model.NetworkInfo | None, share_info: typing.Any,
            block_device_info: disks.BlockDeviceInfo = None) -> None:
        self._power.power_on(instance)

    # What is refused

    def suspend(self, context: nova_context.RequestContext,
                instance: 'objects.Instance') -> None:
        raise failures.Unsupported(
            'z/VM cannot store the memory of a guest: pause or stop the '
            'server instead of suspending it')

    def trigger_crash_dump(self, instance: 'objects.Instance') -> None:
        raise failures.Unsupported(
            'The z/VM Cloud Connector has no request for a crash dump: '
            'trigger one inside the server')

    def set_admin_password(self, instance: 'objects.Instance', new_pass: str
                          ) -> None:
        """Refuse by an exception of nova's.

        Of one that is not nova's, nova-api gets the name only, and answers
        HTTP 500 (nova/rpc.py ALLOWED_EXMODS, 31 to 34).
        """
        raise nova_exception.SetAdminPasswdNotSupported(
            'The z/VM Cloud Connector has no request for a password: set it '
            'inside the server')

    # Images

    def snapshot(self, context: nova_context.RequestContext,
                 instance: 'objects.Instance', image_id: str,
                 update_task_state: abc.Callable[..., object]) -> None:
        self._snapshot.run(context, instance, image_id, update_task_state)

    def cache_image(self, context: nova_context.RequestContext, image_id: str
                   ) -> bool:
        return self._precache.run(context, image_id)

    def manage_image_cache(self, context: nova_context.RequestContext,
                           all_instances: list['objects.Instance']) -> None:
        self._recovery.periodically()
        self._image_ageing.run(all_instances)

    # Network

    def attach_interface(self, context: nova_context.RequestContext,
                         instance: 'objects.Instance',
                         image_meta: 'objects.ImageMeta', vif: model.VIF
                        ) -> None:
        self._interfaces.attach(instance, image_meta, vif)

    def detach_interface(self, context: nova_context.RequestContext,
                         instance: 'objects.Instance', vif: model.VIF) -> None:
        self._interfaces.detach(instance, vif)

    def plug_vifs(self, instance: 'objects.Instance',
                  network_info: model.NetworkInfo | None) -> None:
        """Nothing to do: the directory entry holds the NICs."""

    def unplug_vifs(self, instance: 'objects.Instance',
                    network_info: model.NetworkInfo | None) -> None:
        """Nothing to do: the NICs go with the directory entry."""

    # Console and diagnostics

    def get_console_output(self, context: nova_context.RequestContext,
                           instance: 'objects.Instance') -> bytes:
        return self._console.output(instance)

    def get_diagnostics(self, instance: 'objects.Instance'
                       ) -> dict[str, typing.Any]:
        return self._diagnostics.get_flat(instance)

    def get_instance_diagnostics(self, instance: 'objects.Instance'
                                ) -> 'objects.Diagnostics':
        return self._diagnostics.get(instance)
