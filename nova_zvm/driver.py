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

from nova import conf
from nova import exception as nova_exception
from nova.virt import driver
from nova.virt import hardware
from nova.virt import node
from oslo_log import log as logging

from nova_zvm.conf import options
from nova_zvm.conf import settings
from nova_zvm.errors import failures
from nova_zvm.guest import capture
from nova_zvm.guest import configdrive
from nova_zvm.guest import lifecycle
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

    def __init__(self, virtapi):
        super().__init__(virtapi)
        LOG.info('z/VM driver %s', settings.version())
        zvm = settings.read(CONF)
        connector = zvm.connector()
        clock = waiting.Clock()
        patience = waiting.Patience(clock, zvm.timeout_scale)
        self._background = background.Background(clock)
        self._service_status = servicestatus.ServiceStatus(
            virtapi, zvm.disable_service_after, clock)
        self._guests = lifecycle.Guests(connector, patience)
        self._instances = instances.Instances(self._guests)
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
            self._guests, nics, self._config_drives,
            connector.settle_seconds('guests.create'), patience)
        self._recovery = recovery.Recovery(
            self._instances, self._config_drives, self._captures,
            self._staging, self._hypervisor.nodes)
        self._planner = plan.Planner(self._guests, images, nics, pool, zvm)
        self._boot = build.Boot(
            self._planner,
            build.Builder(connector, self._guests, nics, self._config_drives,
                          virtapi),
            self._guests, self._config_drives, self._destroy.undo_spawn)

    # Host

    def init_host(self, host):
        self._recovery.after_start()

    def cleanup_host(self, host):
        self._background.stop()

    def get_available_nodes(self, refresh=False):
        """Return the node, the first that an update of resources asks for.

        nova leaves out the rest of the update if it raises
        (nova/compute/manager.py, update_available_resource, 31 to 34).
        """
        with self._service_status.following():
            return self._hypervisor.nodes()

    def get_nodenames_by_uuid(self, refresh=False):
        """Return the node by its identity, whose file is made first.

        When nova-compute starts for the first time, nova asks this before it
        records the service. At the next start nova requires the file
        (nova/compute/manager.py, init_host and _ensure_existing_node_identity,
        31 to 34), so it must be there although z/VM does not answer.
        """
        identity = node.get_local_node_uuid()
        return {identity: self.get_available_nodes()[0]}

    def node_is_available(self, nodename):
        return self._hypervisor.is_available(nodename)

    def get_available_resource(self, nodename):
        return self._hypervisor.resources()

    def update_provider_tree(self, provider_tree, nodename, allocations=None):
        known = provider_tree.data(nodename).inventory
        provider_tree.update_inventory(nodename, self._hypervisor.inventory(
            self._get_allocation_ratios(known),
            self._get_reserved_host_disk_gb_from_config()))
        provider_tree.add_traits(nodename, *inventory.TRAITS)

    def get_host_uptime(self):
        return self._hypervisor.uptime()

    def get_host_ip_addr(self):
        return CONF.my_ip

    # Instances

    def list_instances(self):
        return self._instances.names()

    def list_instance_uuids(self):
        return self._instances.uuids()

    def get_num_instances(self):
        return self._instances.count()

    def instance_exists(self, instance):
        return self._guests.exists(instance)

    def get_info(self, instance, use_cache=True):
        return hardware.InstanceInfo(
            state=self._guests.state(instance, use_cache))

    # Lifecycle

    def prepare_for_spawn(self, instance):
        self._planner.refuse_volumes(instance)

    def spawn(self, context, instance, image_meta, injected_files,
              admin_password, allocations, network_info=None,
              block_device_info=None, power_on=True, accel_info=None):
        self._boot.boot(
            plan.Request(context, instance, image_meta, network_info,
                         block_device_info),
            injected_files, admin_password, power_on)

    def rebuild(self, context, instance, image_meta, injected_files,
                admin_password, allocations, bdms, detach_block_devices,
                attach_block_devices, network_info=None, evacuate=False,
                block_device_info=None, preserve_ephemeral=False,
                accel_uuids=None, reimage_boot_volume=False):
        """Refuse while the guest is whole what its new boot would refuse.

        The rest is nova's default: destroy, then spawn.
        """
        self._planner.plan(plan.Request(
            context, instance, image_meta, network_info, block_device_info))
        raise NotImplementedError()

    def destroy(self, context, instance, network_info,
                block_device_info=None, destroy_disks=True,
                destroy_secrets=True):
        self._destroy.run(instance, network_info)

    def cleanup(self, context, instance, network_info,
                block_device_info=None, destroy_disks=True,
                migrate_data=None, destroy_vifs=True, destroy_secrets=True):
        self._destroy.run(instance, network_info)

    # Power

    def power_on(self, context, instance, network_info,
                 block_device_info=None, accel_info=None, share_info=None):
        self._guests.power_on(instance)

    def power_off(self, instance, timeout=0, retry_interval=0):
        self._guests.power_off(instance, timeout, retry_interval)

    def reboot(self, context, instance, network_info, reboot_type,
               block_device_info=None, bad_volumes_callback=None,
               accel_info=None, share_info=None):
        if reboot_type == 'SOFT':
            self._guests.reboot(instance)
        else:
            self._guests.reset(instance)

    def pause(self, instance):
        self._guests.pause(instance)

    def unpause(self, instance):
        self._guests.unpause(instance)

    def resume_state_on_host_boot(self, context, instance, network_info,
                                  share_info, block_device_info=None):
        self._guests.power_on(instance)

    # What is refused

    def suspend(self, context, instance):
        raise failures.Unsupported(
            'z/VM cannot store the memory of a guest: pause or stop the '
            'server instead of suspending it')

    def trigger_crash_dump(self, instance):
        raise failures.Unsupported(
            'The z/VM Cloud Connector has no request for a crash dump: '
            'trigger one inside the server')

    def set_admin_password(self, instance, new_pass):
        """Refuse by an exception of nova's.

        Of one that is not nova's, nova-api gets the name only, and answers
        HTTP 500 (nova/rpc.py ALLOWED_EXMODS, 31 to 34).
        """
        raise nova_exception.SetAdminPasswdNotSupported(
            'The z/VM Cloud Connector has no request for a password: set it '
            'inside the server')

    # Images

    def snapshot(self, context, instance, image_id, update_task_state):
        self._snapshot.run(context, instance, image_id, update_task_state)

    def cache_image(self, context, image_id):
        return self._precache.run(context, image_id)

    def manage_image_cache(self, context, all_instances):
        self._recovery.periodically()
        self._image_ageing.run(all_instances)

    # Network

    def attach_interface(self, context, instance, image_meta, vif):
        self._interfaces.attach(instance, image_meta, vif)

    def detach_interface(self, context, instance, vif):
        self._interfaces.detach(instance, vif)

    def plug_vifs(self, instance, network_info):
        """Nothing to do: the directory entry holds the NICs."""

    def unplug_vifs(self, instance, network_info):
        """Nothing to do: the NICs go with the directory entry."""

    # Console and diagnostics

    def get_console_output(self, context, instance):
        return self._guests.console_output(instance)

    def get_diagnostics(self, instance):
        return self._diagnostics.get_flat(instance)

    def get_instance_diagnostics(self, instance):
        return self._diagnostics.get(instance)
