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

import contextlib

from nova import context
from nova import exception as nova_exception
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.guest import configdrive
from nova_zvm.guest import lifecycle
from nova_zvm.image import cache
from nova_zvm.operations.boot import build
from nova_zvm.operations import destroy
from nova_zvm.record import ownership
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names

IMAGE = names.image(uuids.image)
STEPS = ('guests.create', 'guests.deploy', 'guests.configure_disks',
         'guests.create_interface', 'guests.couple', 'vswitches.grant',
         'guests.start')


class FakeVirtAPI:
    """Neutron sends what is in outcomes, of all else nothing."""

    def __init__(self):
        self.waited_for = None
        self.outcome = 'completed'
        self.gave_up = False

    @contextlib.contextmanager
    def wait_for_instance_event(self, instance, events, timeout,
                                error_callback=None):
        yield
        self.waited_for = events
        if events and self.outcome == 'late':
            raise failures.EventTimeout()
        if events and self.outcome == 'failed':
            # nova/compute/manager.py, wait_for_instance_event
            self.gave_up = error_callback('network-vif-plugged',
                                          instance) is False


class Drives(configdrive.ConfigDrives):
    """Config drives that nobody has to make."""

    drive = None

    def built(self, instance, *args):
        self.tagged = instance.device_metadata
        return self.drive


class SpawnTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.staging = self.make_staging()
        self.drives = Drives(self.connector, self.staging,
                             self.make_repository(), None)
        self.virtapi = FakeVirtAPI()
        self.start()
        self.connector.put_image(IMAGE)
        self.connector.put_guest('MAINT', power='on')
        self.booting = self.instance()
        for cls in (objects.VirtualInterfaceList,
                    objects.BlockDeviceMappingList):
            self.patch(cls, 'get_by_instance_uuid', lambda *_: [])

    def start(self, **options):
        """Start nova-compute, with some [zvm] options."""
        guests = lifecycle.Guests(self.connector, 1.0)
        nics = self.make_network()
        self.spawn = build.Spawn(
            guests, cache.ImageCache(self.connector, self.staging), nics,
            self.drives, self.make_pool(**options), self.connector,
            destroy.Destroy(guests, nics, self.drives, 600).undo_spawn,
            self.virtapi, self.read_settings())

    def boot(self, vifs=(), power_on=True, ephemerals=(), swap=None,
             **fields):
        self.spawn.run(
            context.get_admin_context(), self.booting,
            inmemory.image_meta(**fields), [], None,
            list(vifs),
            {'root_device_name': None, 'ephemerals': list(ephemerals),
             'block_device_mapping': [], 'swap': swap}, power_on)
        return self.connector.zvm['ABC00001']

    def with_config_drive(self):
        self.drives.drive = imageheader.Header(1, 'CYL').pack() + b'drive'

    def assertNothingStays(self):
        self.assertEqual(['MAINT'], list(self.connector.zvm))
        self.assertEqual({'VSWITCH1': {}}, self.connector.grants)
        self.assertIsNone(ownership.owned_userid(self.booting))


class BootTestCase(SpawnTestCase):

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
        self.assertEqual('ABC00001', ownership.owned_userid(self.booting))

    def test_the_mark_is_there_before_the_guest(self):
        def created(userid, definition):
            self.assertEqual('building', self.saves[-1][ownership.STATE])
            self.assertEqual(userid, self.saves[-1][ownership.USERID])

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
        self.assertIn(('guests.deploy', ('ABC00001', IMAGE, None, 'web')),
                      self.connector.calls)

    def test_config_drive(self):
        self.with_config_drive()
        vm = self.boot([inmemory.vif()])
        self.assertTrue(vm.transport_file.endswith(b'drive'))
        [host_name] = [args[-1] for operation, args in self.connector.calls
                       if operation == 'guests.deploy']
        self.assertIsNone(host_name)
        self.assertEqual({IMAGE, names.BLANK_IMAGE},
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


class RefusedTestCase(SpawnTestCase):

    def assertRefused(self, cls, *words, **boot):
        exc = self.assertRaises(cls, self.boot, **boot)
        for word in words:
            self.assertIn(word, str(exc))
        self.assertEqual([], self.connector.writes)
        self.assertIsNone(ownership.userid(self.booting))

    def test_volumes(self):
        for kind, refused in (('volume', True), ('local', False)):
            mapping = objects.BlockDeviceMapping(destination_type=kind)
            self.patch(objects.BlockDeviceMappingList,
                       'get_by_instance_uuid', lambda *_: [mapping])
            if refused:
                exc = self.assertRaises(nova_exception.InstanceUnacceptable,
                                        self.spawn.refuse_volumes,
                                        self.booting)
                self.assertIn('volumes', str(exc))
            else:
                self.spawn.refuse_volumes(self.booting)
        self.assertEqual([], self.connector.calls)

    def test_too_many_processors(self):
        self.start(guest_max_vcpus=1)
        self.assertRefused(nova_exception.InvalidInput,
                           '[zvm] guest_max_vcpus')

    def test_too_much_memory(self):
        self.start(guest_max_memory='2G')
        self.assertRefused(nova_exception.InvalidInput,
                           '[zvm] guest_max_memory')

    def test_just_what_is_allowed(self):
        self.start(guest_max_vcpus=2, guest_max_memory='4G')
        self.boot()

    def test_a_name_that_is_no_userid(self):
        self.flags(instance_name_template='instance-%08x')
        self.assertRefused(nova_exception.InvalidInput,
                           'instance_name_template', 'instance-00000001')

    def test_no_os_distro(self):
        self.assertRefused(nova_exception.ImageUnacceptable, 'os_distro',
                           os_distro=None)

    def test_port(self):
        self.assertRefused(nova_exception.InvalidInput,
                           'no physical network',
                           vifs=[inmemory.vif(physical_network=None)])

    def test_port_that_nobody_would_configure(self):
        self.assertRefused(nova_exception.InvalidInput,
                           'its subnet has no gateway',
                           vifs=[inmemory.vif(
                               subnets=[inmemory.subnet(gateway=None)])],
                           os_distro='ubuntu22.04')

    def test_switch(self):
        self.assertRefused(nova_exception.InvalidInput,
                           '[zvm] vswitch_mappings',
                           vifs=[inmemory.vif(physical_network='physnet9')])

    def test_disk_pool(self):
        self.start(disk_pool='ECKD:NOPOOL')
        self.assertRefused(nova_exception.InvalidInput, '[zvm] disk_pool')

    def test_ephemeral_format(self):
        self.assertRefused(nova_exception.InvalidInput, 'ntfs', 'ext4',
                           ephemerals=[{'size': 1, 'guest_format': 'ntfs'}])

    def test_image_of_the_other_disk_type(self):
        self.connector.put_image(IMAGE, units='BLK')
        self.assertRefused(nova_exception.ImageUnacceptable, 'FBA', 'ECKD')

    def test_property_of_the_other_disk_type(self):
        self.connector.repository.clear()
        self.booting = self.instance(
            system_metadata={'image_zvm_disk_type': 'FBA'})
        self.assertRefused(nova_exception.ImageUnacceptable, 'FBA', 'ECKD')

    def test_image_that_is_larger_than_the_flavor(self):
        self.connector.put_image(IMAGE, size=14565)
        self.assertRefused(nova_exception.FlavorDiskTooSmall,
                           '%d bytes' % (10 * 1024 ** 3),
                           '%d bytes' % (14565 * 737280))

    def test_image_that_just_fits(self):
        self.connector.put_image(IMAGE, size=14564)
        self.boot()

    def test_userid_that_is_taken_before_an_import(self):
        self.connector.repository.clear()
        self.connector.put_guest('ABC00001', power='on')
        exc = self.assertRaises(nova_exception.InvalidInput, self.boot)
        self.assertIn('already has a guest', str(exc))
        self.assertEqual([], self.connector.writes)

    def test_before_a_rebuild_destroys_anything(self):
        self.booting = self.instance(ownership.BUILT)
        self.connector.put_guest('ABC00001', power='on')
        for expected, image in (
                (nova_exception.ImageUnacceptable,
                 {'os_distro': 'debian12'}),
                (None, {})):
            def prepare():
                self.spawn.prepare(None, self.booting,
                                   inmemory.image_meta(**image), [], None)
            if expected:
                self.assertRaises(expected, prepare)
            else:
                prepare()
        self.assertEqual([], self.connector.writes)

    def test_userid_that_is_taken(self):
        for known in (True, False):
            foreign = self.connector.put_guest('ABC00001', known=known)
            self.assertRefused(nova_exception.InvalidInput, 'ABC00001',
                               'instance_name_template')
            self.assertIs(foreign, self.connector.zvm['ABC00001'])

    def test_connector_down(self):
        self.connector.faults['images.get'] = [fakes.unreachable()]
        self.assertRefused(nova_exception.VirtDriverNotReady)

    def test_connector_that_was_never_there(self):
        self.connector.contact = fakes.unreachable()
        self.assertRefused(nova_exception.VirtDriverNotReady)

    def test_order(self):
        self.start(guest_max_vcpus=1, guest_max_memory='2G',
                   disk_pool='ECKD:NOPOOL')
        self.flags(instance_name_template='instance-%08x')
        self.booting = self.instance(
            system_metadata={'image_zvm_disk_type': 'FBA'})
        self.connector.put_image(IMAGE, size=14565,
                                 os_version='ubuntu22.04')
        boot = {'vifs': [inmemory.vif(
                    physical_network=None,
                    subnets=[inmemory.subnet(gateway=None)])],
                'ephemerals': [{'size': 1, 'guest_format': 'ntfs'}],
                'os_distro': 'debian12'}
        for words, mend in (
                ('instance_name_template', lambda: self.flags(
                    instance_name_template='abc%05x')),
                ('guest_max_vcpus', lambda: self.start(guest_max_vcpus=2)),
                ('guest_max_memory', lambda: self.start(
                    guest_max_memory='4G')),
                ('no physical network', lambda: boot.update(
                    vifs=[inmemory.vif(
                        physical_network='physnet9',
                        subnets=[inmemory.subnet(gateway=None)])])),
                ('debian12', lambda: boot.update(os_distro='ubuntu22.04')),
                ('ntfs', lambda: boot.pop('ephemerals')),
                ('no gateway', lambda: boot.update(
                    vifs=[inmemory.vif(physical_network='physnet9')])),
                ('vswitch_mappings', lambda: boot.update(
                    vifs=[inmemory.vif()])),
                ('[zvm] disk_pool', lambda: self.start(
                    disk_pool='ECKD:POOL1')),
                ('it is of an FBA disk',
                 self.booting.system_metadata.clear),
                ('%d bytes' % (14565 * 737280),
                 lambda: self.connector.put_image(
                     IMAGE, os_version='ubuntu22.04'))):
            self.assertRefused(nova_exception.NovaException, words, **boot)
            mend()
        self.boot(**boot)


class FailedTestCase(SpawnTestCase):

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
            self.assertIsNone(ownership.upload(self.booting))
            self.assertNotIn(names.config_drive(uuids.instance),
                             self.connector.repository)

    def test_each_step_after_its_effect(self):
        def effect(step):
            def lose(*args):
                self.connector.faults[step] = []
                del self.connector.calls[-1]
                noun, verb = step.split('.')
                getattr(getattr(self.connector, noun), verb)(
                    *args[:1], **args[1]) if step == 'guests.create' else (
                        getattr(getattr(self.connector, noun), verb)(*args))
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
        self.assertIsNone(ownership.userid(self.booting))

    def test_the_first_error_is_told_when_the_undo_fails_too(self):
        self.connector.faults = {'guests.delete': [fakes.unreachable()] * 99}
        self.connector.faults['guests.deploy'] = [fakes.error()]
        self.assertRaises(failures.ConnectorFailure, self.boot)
        self.assertEqual('ABC00001', ownership.owned_userid(self.booting))
        self.assertIn('delete the server', self.stdlog.logger.output)

    def test_a_guest_that_does_not_become_reachable(self):
        self.fail_at('guests.start', fakes.error(), failures.ConnectorFailure)
        self.assertNothingStays()


class PluggedTestCase(SpawnTestCase):

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
