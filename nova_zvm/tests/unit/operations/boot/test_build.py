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


from nova import exception as nova_exception
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.tests.support import booting
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.zvm import names

STEPS = ('guests.create', 'guests.deploy', 'guests.configure_disks',
         'guests.create_interface', 'guests.couple', 'vswitches.grant',
         'guests.start')


class BootTestCase(booting.BootingTestCase):

    def test_the_documented_order(self):
        self.boot([inmemory.vif()], ephemerals=[{'size': 1}])
        self.assertEqual(list(STEPS), self.connector.writes)

    def test_with_a_cached_image_and_one_nic_takes_few_requests(self):
        self.boot([inmemory.vif()])
        before = len(self.connector.calls)
        self.connector.zvm.clear()
        self.booting = self.instance()
        self.boot([inmemory.vif()])
        self.assertGreaterEqual(8, len(self.connector.calls) - before)

    def test_the_guest_is_on_and_ours(self):
        self.assertEqual('on', self.boot().power)
        self.assertEqual(ownership.BUILT, ownership.state(self.booting))
        self.assertEqual('ABC00001', ownership.claimed_userid(self.booting))

    def test_the_mark_is_there_before_the_guest(self):
        def created(userid, definition):
            self.assertEqual('building', self.saves[-1][parts.STATE])
            self.assertEqual(userid, self.saves[-1][parts.USERID])

        self.connector.faults['guests.create'] = [created]
        self.boot()

    def test_what_the_guest_gets(self):
        self.start(user_profile='OSDFLT', guest_max_vcpus=8,
                   guest_max_memory='32g', disk_pool='ECKD:POOL1')
        definition = self.boot().definition
        disks = definition.pop('disks')
        self.assertEqual(
            {'vcpus': 2, 'memory_mb': 4096, 'profile': 'OSDFLT',
             'max_vcpus': 8, 'max_memory': '32G'}, definition)
        self.assertEqual(
            [('10g', True, 'ECKD:POOL1')],
            [(disk.size, disk.boot, disk.pool) for disk in disks])

    def test_root_disk_of_the_images_own_size(self):
        self.booting.flavor.root_gb = 0
        disk, = self.boot().definition['disks']
        self.assertEqual('3338', disk.size)

    def test_ephemeral_disks_and_swap(self):
        vm = self.boot(
            ephemerals=[{'size': 1, 'guest_format': 'xfs'}, {'size': 2}],
            swap={'swap_size': 512, 'device_name': '/dev/x'})
        self.assertEqual(
            [('10g', None), ('1g', 'xfs'), ('2g', 'ext4'), ('512m', 'swap')],
            [(disk.size, disk.format) for disk in vm.definition['disks']])
        self.assertEqual(
            [('0101', 'xfs', '/mnt/ephemeral0'),
             ('0102', 'ext4', '/mnt/ephemeral1'), ('0103', 'swap')],
            [(mount.vdev, mount.format, mount.mount_point)[
                :2 if mount.format == 'swap' else 3]
             for mount in vm.mounts])

    def test_the_operators_format_of_ephemeral_disks(self):
        self.flags(default_ephemeral_format='ext3')
        vm = self.boot(ephemerals=[{'size': 1}])
        self.assertEqual('ext3', vm.mounts[0].format)

    def test_without_power(self):
        self.assertEqual('off', self.boot(power_on=False).power)
        self.assertEqual(0, self.connector.count('guests.start'))

    def test_the_wait_for_the_guest(self):
        self.boot()
        self.assertIn(('guests.start', ('ABC00001', 300)),
                      self.connector.calls)

    def test_no_wait_for_the_guest(self):
        self.start(reachable_timeout=0)
        self.boot()
        self.assertIn(('guests.start', ('ABC00001', None)),
                      self.connector.calls)

    def test_the_mac_prefix_is_learned_from_the_guest(self):
        self.connector.mac_prefix = '02:11:00'
        self.boot([inmemory.vif()])
        self.assertIn("lacks z/VM's prefix 02:11:00",
                      self.stdlog.logger.output)

    def test_without_config_drive_the_host_name_goes_along(self):
        self.boot()
        self.assertIn(
            ('guests.deploy', ('ABC00001', booting.IMAGE, None, 'web')),
            self.connector.calls)

    def test_config_drive(self):
        self.with_config_drive()
        vm = self.boot([inmemory.vif()])
        self.assertTrue(vm.transport_file.endswith(b'drive'))
        [host_name] = [args[-1] for operation, args in self.connector.calls
                       if operation == 'guests.deploy']
        self.assertIsNone(host_name)
        self.assertEqual({booting.IMAGE, names.BLANK_IMAGE},
                         set(self.connector.repository))

    def test_a_boot_with_config_drive_takes_few_requests(self):
        self.with_config_drive()
        self.boot([inmemory.vif()])
        before = len(self.connector.calls)
        self.connector.zvm.clear()
        self.booting = self.instance()
        self.boot([inmemory.vif()])
        self.assertGreaterEqual(13, len(self.connector.calls) - before)

    def test_rebuild_keeps_the_userid(self):
        self.booting = self.instance(ownership.DELETED)
        self.flags(instance_name_template='other%02x')
        self.boot()

    def tag_root_disk(self):
        self.patch(objects.BlockDeviceMappingList, 'get_by_instance_uuid',
                   lambda *_: [objects.BlockDeviceMapping(
                       boot_index=0, device_name='/dev/vda', tag='system')])

    def test_tags_are_known_when_the_config_drive_is_made(self):
        self.tag_root_disk()
        self.boot()
        [disk] = self.drives.tagged.devices
        self.assertEqual(['system'], disk.tags)

    def test_tags_of_disks_that_the_connector_numbers_otherwise(self):
        self.tag_root_disk()
        self.connector.first_vdev = 0x150
        exc = self.assertRaises(nova_exception.InvalidInput, self.boot)
        self.assertIn('set [zvm] user_root_vdev = 0100 in zvmsdk.conf',
                      str(exc))
        self.assertNothingStays()

    def test_several_nics(self):
        vm = self.boot([inmemory.vif(), inmemory.vif()])
        self.assertEqual(['1000', '1003'], list(vm.nics))


class FailedTestCase(booting.BootingTestCase):

    def fail_at(self, step, error, cls=Exception):
        self.connector.faults = {step: [error]}
        return self.assertRaises(cls, self.boot, [inmemory.vif()],
                                 ephemerals=[{'size': 1}])

    def test_each_step(self):
        for step in STEPS:
            for error in (fakes.error(), fakes.unreachable(),
                          fakes.error(errors.BadRequest, status=400),
                          fakes.outcome_unknown(step)):
                self.booting = self.instance()
                self.fail_at(step, error)
                self.assertNothingStays()

    def test_each_step_with_a_config_drive(self):
        self.with_config_drive()
        for step in STEPS + ('files.upload', 'images.create'):
            self.booting = self.instance()
            self.fail_at(step, fakes.error())
            self.assertNothingStays()
            self.assertIsNone(ownership.upload_url(self.booting))
            self.assertNotIn(names.config_drive(uuids.instance),
                             self.connector.repository)

    def test_each_step_after_its_effect(self):
        def effect(step):
            def lose(*args):
                self.connector.faults[step] = []
                del self.connector.calls[-1]
                self.connector.method(step)(
                    *args[:1], **args[1]) if step == 'guests.create' else (
                        self.connector.method(step)(*args))
                raise fakes.outcome_unknown(step)
            return lose

        for step in STEPS:
            self.booting = self.instance()
            self.fail_at(step, effect(step), failures.ConnectorFailure)
            self.assertNothingStays()

    def test_a_create_whose_effect_comes_late(self):
        self.clock.at(200, lambda: self.connector.put_guest('ABC00001'))
        self.fail_at('guests.create', fakes.outcome_unknown(
            'guests.create', 600))
        self.clock.sleep(600)
        self.assertNothingStays()

    def test_an_answered_failure_is_not_waited_for(self):
        self.fail_at('guests.create', fakes.error())
        self.assertEqual(1000, self.clock.now)

    def test_nova_is_never_told_that_the_instance_is_missing(self):
        # nova would then leave the server building for ever
        for step in STEPS[1:]:
            self.booting = self.instance()
            self.fail_at(step, fakes.not_found(step),
                         failures.ConnectorFailure)
            self.assertNothingStays()

    def test_a_foreign_guest_that_came_in_between_is_left_alone(self):
        self.connector.faults['guests.create'] = [
            lambda userid, definition: self.connector.put_guest(
                'ABC00001', known=False)]
        self.assertRaises(nova_exception.InvalidInput, self.boot)
        self.assertIn('ABC00001', self.connector.zvm)
        self.assertIsNone(ownership.recorded_userid(self.booting))

    def test_the_first_error_is_told_when_the_undo_fails_too(self):
        self.connector.faults = {'guests.delete': [fakes.unreachable()] * 99}
        self.connector.faults['guests.deploy'] = [fakes.error()]
        self.assertRaises(failures.ConnectorFailure, self.boot)
        self.assertEqual('ABC00001', ownership.claimed_userid(self.booting))
        self.assertIn('delete the server', self.stdlog.logger.output)

    def test_a_guest_that_does_not_become_reachable(self):
        self.fail_at('guests.start', fakes.error(), failures.ConnectorFailure)
        self.assertNothingStays()


class PluggedTestCase(booting.BootingTestCase):

    def boot(self, active=False):
        return super().boot([inmemory.vif(active=active)])

    def test_waits_for_ports_that_are_not_up(self):
        self.boot()
        self.assertEqual([('network-vif-plugged', uuids.port)],
                         self.virtapi.waited_for)

    def test_does_not_wait_for_ports_that_are(self):
        for active in (True, None):
            self.booting = self.instance()
            self.connector.zvm.pop('ABC00001', None)
            self.boot(active)
            self.assertEqual([], self.virtapi.waited_for)

    def test_does_not_wait_when_told_so(self):
        self.flags(vif_plugging_timeout=0)
        self.boot()
        self.assertEqual([], self.virtapi.waited_for)

    def test_a_port_that_does_not_come_up(self):
        for outcome in ('late', 'failed'):
            self.booting = self.instance()
            self.virtapi.outcome = outcome
            self.assertRaises(nova_exception.VirtualInterfaceCreateException,
                              self.boot)
            self.assertNothingStays()
            self.assertEqual(0, self.connector.count('guests.start'))

    def test_a_port_that_does_not_come_up_and_need_not(self):
        self.flags(vif_plugging_is_fatal=False)
        for outcome in ('late', 'failed'):
            self.booting = self.instance()
            self.connector.zvm.pop('ABC00001', None)
            self.virtapi.outcome = outcome
            self.assertEqual('on', self.boot().power)
            self.assertFalse(self.virtapi.gave_up)
