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

import dataclasses
import json
import threading
from unittest import mock

from nova import exception as nova_exception
from nova import objects
from nova.scheduler import host_manager
import os_resource_classes as orc
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory

RATIOS = {orc.VCPU: 4.0, orc.MEMORY_MB: 1.5, orc.DISK_GB: 1.0}


class HypervisorTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        # All that is used of the pool is the servers', if a test says no more.
        self.own_disk_gb = fakes.HOST.disk_used_gb
        self.start()

    def start(self, **options):
        """Start nova-compute with some [zvm] options."""
        self.hypervisor = self.make_hypervisor(
            lambda: self.own_disk_gb, **options)

    def update(self):
        """Do what nova does in a periodic resource update."""
        node, = self.hypervisor.nodes()
        self.assertTrue(self.hypervisor.is_available(node))
        resources = self.hypervisor.resources()
        return resources, self.hypervisor.inventory(RATIOS, 10)


class UpdateTestCase(HypervisorTestCase):

    def test_nothing_is_asked_before_nova_asks(self):
        self.assertEqual([], self.connector.calls)

    def test_one_request_serves_a_whole_update(self):
        self.update()
        self.assertEqual(['host.info'], self.connector.operations)

    def test_each_update_has_its_own_request(self):
        for _ in range(3):
            self.update()
        self.assertEqual(3, len(self.connector.calls))

    def test_resources_alone_are_fresh(self):
        self.update()
        self.connector.host.info_answer = dataclasses.replace(
            fakes.HOST, vcpus_used=7)
        self.assertEqual(7, self.hypervisor.resources()['vcpus_used'])

    def test_a_snapshot_that_nobody_took_grows_old(self):
        self.hypervisor.nodes()
        self.clock.sleep(300)
        self.hypervisor.resources()
        self.assertEqual(2, len(self.connector.calls))

    def test_inventory_and_is_available_do_no_input_or_output(self):
        self.update()
        before = len(self.connector.calls)
        self.clock.sleep(3600)
        self.hypervisor.inventory(RATIOS, 0)
        self.hypervisor.is_available('ZVMSYS1')
        self.assertEqual(before, len(self.connector.calls))

    def test_they_do_not_wait_for_a_request_under_way_either(self):
        # they run under the lock that every build needs
        self.update()
        answers = []

        def meanwhile():
            claim = threading.Thread(target=lambda: answers.extend([
                self.hypervisor.is_available('ZVMSYS1'),
                self.hypervisor.inventory(RATIOS, 0)]), daemon=True)
            claim.start()
            claim.join(10)

        self.connector.faults['host.info'] = [meanwhile]
        self.hypervisor.nodes()
        self.assertEqual(2, len(answers))

    def test_before_the_first_update_no_node_is_ours(self):
        self.assertFalse(self.hypervisor.is_available('ZVMSYS1'))
        self.assertEqual({}, self.hypervisor.inventory(RATIOS, 0))

    def test_another_node_is_not_ours(self):
        self.update()
        self.assertFalse(self.hypervisor.is_available('ZVMSYS2'))

    def test_without_connector_nova_comes_back_later(self):
        for verb in (self.hypervisor.nodes, self.hypervisor.resources):
            self.connector.faults['host.info'] = [fakes.unreachable()]
            self.assertRaises(nova_exception.VirtDriverNotReady, verb)
        self.assertEqual(['ZVMSYS1'], self.hypervisor.nodes())

    def test_nor_is_it_ready_while_zvm_does_not_answer_the_connector(self):
        for error in (fakes.error(operation='host.info',
                                  rc=(500, -110, 0)),
                      fakes.error(errors.Busy, status=503)):
            self.connector.faults['host.info'] = [error]
            self.assertRaises(nova_exception.VirtDriverNotReady,
                              self.hypervisor.nodes)

    def test_the_reason_is_logged_as_nova_does_not(self):
        for error in (fakes.unreachable(), fakes.error()):
            self.connector.faults['host.info'] = [error]
            self.assertRaises(nova_exception.VirtDriverNotReady,
                              self.hypervisor.nodes)
            self.assertIn(str(error), self.stdlog.logger.output)

    def test_a_token_that_is_refused_does_not_go_away_by_itself(self):
        self.connector.faults['host.info'] = [
            fakes.error(errors.Unauthorized, status=401)]
        self.assertRaises(failures.ConnectorFailure, self.hypervisor.nodes)

    def test_a_pool_that_does_not_exist_names_the_option(self):
        self.start(disk_pool='ECKD:NOPOOL')
        exc = self.assertRaises(nova_exception.InvalidConfiguration,
                                self.hypervisor.nodes)
        self.assertIn("[zvm] disk_pool", str(exc))
        self.assertIn("ECKD:NOPOOL", str(exc))

    def test_a_failed_update_does_not_renew_the_last_one(self):
        self.update()
        self.connector.faults['host.info'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady,
                          self.hypervisor.nodes)
        self.hypervisor.resources()
        self.assertEqual(3, len(self.connector.calls))


class ResourcesTestCase(HypervisorTestCase):

    def test_what_nova_is_told(self):
        resources = self.update()[0]
        self.assertEqual(
            (16, 4, 131072, 2048, 1000, 100, 730, 'ZVMSYS1'),
            tuple(resources[key] for key in (
                'vcpus', 'vcpus_used', 'memory_mb', 'memory_mb_used',
                'local_gb', 'local_gb_used', 'hypervisor_version',
                'hypervisor_hostname')))
        self.assertEqual([('s390x', 'zvm', 'hvm')],
                         resources['supported_instances'])
        self.assertEqual({'architecture': 's390x', 'cec_model': '3906'},
                         json.loads(resources['cpu_info']))

    def test_the_pool_of_the_guests_counts(self):
        self.start(disk_pool='ECKD:POOL1')
        resources, inventory = self.update()
        self.assertEqual((500, 50), (
            resources['local_gb'], resources['local_gb_used']))
        self.assertEqual(500, inventory[orc.DISK_GB]['total'])

    def test_boots_since_the_last_update_do_not_surprise_the_scheduler(self):
        node = objects.ComputeNode(
            uuid=uuids.node, updated_at=None, pci_device_pools=None,
            metrics='[]', cpu_allocation_ratio=4.0, ram_allocation_ratio=1.0,
            disk_allocation_ratio=1.0, host_ip='192.0.2.1')
        resources = self.update()[0]
        node.update_from_virt_driver(resources)
        node.numa_topology = resources['numa_topology']
        node.stats = {}
        node.free_ram_mb = resources['memory_mb']
        node.free_disk_gb = resources['local_gb'] - 300
        state = host_manager.HostState('host', 'ZVMSYS1', uuids.cell)
        state.update(compute=node)
        self.assertEqual(700 * 1024, state.free_disk_mb)
        self.assertNotIn('more disk space', self.stdlog.logger.output)

    def test_inventory(self):
        self.flags(reserved_host_cpus=1, reserved_host_memory_mb=512)
        inventory = self.update()[1]
        self.assertEqual({orc.VCPU, orc.MEMORY_MB, orc.DISK_GB},
                         set(inventory))
        for name, (total, reserved, most, ratio) in {
                orc.VCPU: (16, 1, 16, 4.0),
                orc.MEMORY_MB: (131072, 512, 65536, 1.5),
                orc.DISK_GB: (1000, 10, 1000, 1.0)}.items():
            self.assertEqual(
                {'total': total, 'reserved': reserved, 'min_unit': 1,
                 'max_unit': most, 'step_size': 1,
                 'allocation_ratio': ratio}, inventory[name])
            for field, value in inventory[name].items():
                if field != 'allocation_ratio':
                    self.assertIsInstance(value, int)

    def test_max_unit_is_what_one_guest_may_have(self):
        self.start(guest_max_vcpus=8, guest_max_memory='32G')
        inventory = self.update()[1]
        self.assertEqual(8, inventory[orc.VCPU]['max_unit'])
        self.assertEqual(32768, inventory[orc.MEMORY_MB]['max_unit'])

    def test_max_unit_is_not_more_than_the_host_has(self):
        self.start(guest_max_vcpus=64, guest_max_memory='512G')
        inventory = self.update()[1]
        self.assertEqual(16, inventory[orc.VCPU]['max_unit'])
        self.assertEqual(131072, inventory[orc.MEMORY_MB]['max_unit'])

    def reserved(self):
        return self.update()[1][orc.DISK_GB]['reserved']

    def test_what_others_use_of_the_pool_is_reserved(self):
        self.own_disk_gb = 70
        self.assertEqual(10 + 100 - 70, self.reserved())
        self.start(disk_pool='ECKD:POOL1')
        self.own_disk_gb = 20
        self.assertEqual(10 + 50 - 20, self.reserved())
        self.assertEqual(500, self.update()[1][orc.DISK_GB]['max_unit'])

    def test_what_is_being_made_gives_nothing_to_others(self):
        """On record it is, and z/VM has no disk of it yet."""
        self.own_disk_gb = 130
        self.assertEqual(10, self.reserved())

    def test_no_more_is_reserved_than_there_is(self):
        self.connector.host.info_answer = dataclasses.replace(
            fakes.HOST, disk_used_gb=1000)
        self.own_disk_gb = 0
        self.assertEqual(1000, self.reserved())

    def test_the_record_is_read_after_the_pool_and_by_no_claim(self):
        seen = []
        self.hypervisor = self.make_hypervisor(
            lambda: seen.append(list(self.connector.operations)) or 0,
            disk_pool='ECKD:POOL1')
        self.hypervisor.nodes()
        self.assertEqual([], seen)
        self.hypervisor.resources()
        self.assertEqual([['host.info', 'host.disk_pool']], seen)
        self.hypervisor.inventory(RATIOS, 0)
        self.assertEqual(1, len(seen))

    def test_a_record_that_cannot_be_read_leaves_the_last_figures(self):
        before = self.update()[1]
        self.connector.host.info_answer = dataclasses.replace(
            fakes.HOST, disk_used_gb=500)

        def fail():
            raise nova_exception.ServiceUnavailable()

        with mock.patch.object(self.hypervisor, '_own_disk_gb', fail):
            self.hypervisor.nodes()
            self.assertRaises(nova_exception.ServiceUnavailable,
                              self.hypervisor.resources)
        self.assertEqual(before, self.hypervisor.inventory(RATIOS, 10))

    def test_a_resource_of_which_there_is_none_is_left_out(self):
        self.connector.host.info_answer = dataclasses.replace(
            fakes.HOST, disk_total_gb=0)
        self.assertNotIn(orc.DISK_GB, self.update()[1])

    def test_uptime(self):
        self.assertEqual('IPL at 11/23/26', self.hypervisor.uptime())

    def test_uptime_that_cannot_be_asked_for(self):
        for error in (fakes.unreachable(), fakes.error()):
            self.connector.faults['host.info'] = [error]
            self.assertRaises(nova_exception.ComputeServiceUnavailable,
                              self.hypervisor.uptime)
