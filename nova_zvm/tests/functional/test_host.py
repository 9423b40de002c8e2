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

"""The z/VM system as nova and placement see it."""

from nova import conf
from nova import context as nova_context
from nova import objects

from nova_zvm.tests.support import cloud

CONF = conf.CONF


class HostTest(cloud.ZVMTestCase):

    def configure(self):
        super().configure()
        self.flags(reserved_host_cpus=1, reserved_host_memory_mb=4096,
                   reserved_host_disk_mb=2048, initial_cpu_allocation_ratio=8,
                   initial_ram_allocation_ratio=1.5)
        self.flags(guest_max_vcpus=12, guest_max_memory='32G', group='zvm')
        # Images that the driver takes pass it, by the traits of the provider.
        self.flags(image_metadata_prefilter=True, group='scheduler')

    def inventory(self):
        uuid = self._get_provider_uuid_by_name('ZVMSYS1')
        return self._get_provider_inventory(uuid)

    def test_inventory_hypervisor_and_traits(self):
        inventory = self.inventory()
        self.assertEqual({'VCPU', 'MEMORY_MB', 'DISK_GB'}, set(inventory))
        self.assertEqual(
            {'total': 16, 'reserved': 1, 'min_unit': 1, 'max_unit': 12,
             'step_size': 1, 'allocation_ratio': 8.0}, inventory['VCPU'])
        self.assertEqual(
            {'total': 262144, 'reserved': 4096, 'min_unit': 1,
             'max_unit': 32768, 'step_size': 1, 'allocation_ratio': 1.5},
            inventory['MEMORY_MB'])
        # Four volumes of 60101 usable cylinders, in whole GiB each.
        self.assertEqual((165, 2), (inventory['DISK_GB']['total'],
                                    inventory['DISK_GB']['reserved']))
        for resource in inventory.values():
            for name in ('total', 'reserved', 'max_unit'):
                self.assertIsInstance(resource[name], int)

        [hypervisor] = self.admin_api.api_get(
            '/os-hypervisors/detail').body['hypervisors']
        self.assertEqual('ZVMSYS1', hypervisor['hypervisor_hostname'])
        self.assertEqual('zvm', hypervisor['hypervisor_type'])
        self.assertEqual(730, hypervisor['hypervisor_version'])
        self.assertEqual('up', hypervisor['state'])
        self.assertIn('IPL at', hypervisor['uptime'])

        uuid = self._get_provider_uuid_by_name('ZVMSYS1')
        self.assertLessEqual(
            {'COMPUTE_IMAGE_TYPE_RAW', 'HW_ARCH_S390X', 'COMPUTE_ARCH_S390X'},
            set(self._get_provider_traits(uuid)))

        self.assertEqual(CONF.my_ip, self.driver.get_host_ip_addr())

    def test_instances(self):
        """Neither guests of others, nor those of deleted instances."""
        self.foreign_guest('FOREIGN')
        self.assertEqual([], self.driver.list_instances())
        self.assertEqual([], self.driver.list_instance_uuids())

        server = self.boot()
        other = self.boot(flavor_id=self.create_flavor(disk=0))
        names = {one['id']: self.instance_name(one)
                 for one in (server, other)}
        self.assertEqual(set(names.values()),
                         set(self.driver.list_instances()))
        self.assertEqual(set(names), set(self.driver.list_instance_uuids()))
        self.assertEqual(2, self.driver.get_num_instances())

        # The pool has 1 GiB of the foreign guest and 2.3 of a root disk that
        # placement counts none for; the 3 GiB of the other it counts itself.
        self.assertEqual(2 + 3, self.reserved())
        self.change_in_database(server, vm_state='soft-delete')
        self.assertEqual(2 + 3, self.reserved())
        self.change_in_database(server, vm_state='active')

        # One whose instance is deleted is still found, and reaped.
        self.flags(running_deleted_instance_timeout=0,
                   running_deleted_instance_action='reap')
        self.delete_in_database_only(server)
        self.assertEqual(set(names), set(self.driver.list_instance_uuids()))
        self.assertEqual([names[other['id']]], self.driver.list_instances())
        self.assertEqual(2 + 6, self.reserved())
        self.assertEqual(165, self.inventory()['DISK_GB']['max_unit'])

        self.compute.manager._cleanup_running_deleted_instances(
            self.context_of_admin())
        self.assertNotIn(names[server['id']].upper(),
                         self.zvm.machine.state()['directory'])
        self.assertEqual([other['id']], self.driver.list_instance_uuids())
        self.assertEqual(2 + 3, self.reserved())

    def reserved(self):
        """Return what an update of resources lets placement reserve."""
        self.compute.manager.update_available_resource(
            self.context_of_admin())
        return self.inventory()['DISK_GB']['reserved']

    def change_in_database(self, server, **fields):
        context = self.context_of_admin()
        with nova_context.target_cell(context, self.cell_of_host()) as cell:
            instance = objects.Instance.get_by_uuid(cell, server['id'])
            instance.update(fields)
            instance.save()


class PoolTest(cloud.ZVMTestCase):

    def configure(self):
        super().configure()
        self.flags(disk_pool='FBA:FBAPOOL', group='zvm')

    def test_figures_are_of_the_pool_that_is_used(self):
        uuid = self._get_provider_uuid_by_name('ZVMSYS1')
        self.assertEqual(
            100, self._get_provider_inventory(uuid)['DISK_GB']['total'])
