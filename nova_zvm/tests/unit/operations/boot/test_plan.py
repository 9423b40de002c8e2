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

from nova import exception as nova_exception
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.errors import failures
from nova_zvm.record import ownership
from nova_zvm.tests.support import booting
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory


class PlanTestCase(booting.BootingTestCase):

    def test_what_the_guest_will_be(self):
        self.start(user_profile='OSDFLT', guest_max_vcpus=8,
                   guest_max_memory='32g', disk_pool='ECKD:POOL1',
                   reachable_timeout=120)
        planned = self.planner.plan(self.request(
            [inmemory.vif(), inmemory.vif()], [{'size': 1}]))
        self.assertEqual(
            ('ABC00001', 2, 4096, 8, '32G', 'OSDFLT', 'web', 'rhel8.6', 120),
            (planned.userid, planned.vcpus, planned.memory_mb,
             planned.max_vcpus, planned.max_memory, planned.profile,
             planned.hostname, planned.os_version,
             planned.reachable_timeout))
        self.assertIs(self.connector.repository[booting.IMAGE], planned.root)
        self.assertEqual(
            [('0100', '10g', 'ECKD:POOL1'), ('0101', '1g', 'ECKD:POOL1')],
            [(disk.vdev, disk.spec.size, disk.spec.pool)
             for disk in planned.disks])
        self.assertEqual(['1000', '1003'],
                         [nic.vdev for nic in planned.nics])

    def test_nothing_is_made_or_recorded(self):
        self.planner.plan(self.request([inmemory.vif()]))
        self.assertEqual([], self.connector.writes)
        self.assertEqual([], self.saves)
        self.assertEqual({}, self.booting.system_metadata)

    def test_it_is_settled(self):
        planned = self.planner.plan(self.request())
        for field in dataclasses.fields(planned):
            self.assertRaises(dataclasses.FrozenInstanceError, setattr,
                              planned, field.name, None)


class RefusedTestCase(booting.BootingTestCase):

    def assertRefused(self, cls, *words, **boot):
        exc = self.assertRaises(cls, self.boot, **boot)
        for word in words:
            self.assertIn(word, str(exc))
        self.assertEqual([], self.connector.writes)
        self.assertIsNone(ownership.recorded_userid(self.booting))

    def test_volumes(self):
        def refuse(*kinds):
            self.patch(objects.BlockDeviceMappingList,
                       'get_by_instance_uuid', lambda *_: [
                           objects.BlockDeviceMapping(destination_type=kind)
                           for kind in kinds])
            self.planner.refuse_volumes(self.booting)

        refuse('local')
        for kinds in (['volume'], ['local', 'volume']):
            exc = self.assertRaises(nova_exception.InstanceUnacceptable,
                                    refuse, *kinds)
            self.assertIn('volumes', str(exc))
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

    def test_port_that_only_a_config_drive_configures(self):
        vifs = [inmemory.vif(subnets=[inmemory.subnet(
            '2001:db8::/64', '2001:db8::10', 6, '2001:db8::1', ())])]
        self.assertRefused(nova_exception.InvalidInput,
                           'boot with a config drive', vifs=vifs)
        self.booting = self.instance(config_drive='True')
        self.planner.plan(self.request(vifs))

    def test_image_that_cannot_be_verified(self):
        self.booting = self.instance(
            trusted_certs=objects.TrustedCerts(ids=[uuids.certificate]))
        self.assertRefused(failures.ImageDownloadFailed)

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
        self.connector.put_image(booting.IMAGE, units='BLK')
        self.assertRefused(nova_exception.ImageUnacceptable, 'FBA', 'ECKD')

    def test_property_of_the_other_disk_type(self):
        self.connector.repository.clear()
        self.booting = self.instance(
            system_metadata={'image_zvm_disk_type': 'FBA'})
        self.assertRefused(nova_exception.ImageUnacceptable, 'FBA', 'ECKD')

    def test_image_that_is_larger_than_the_flavor(self):
        self.connector.put_image(booting.IMAGE, size=14565)
        self.assertRefused(nova_exception.FlavorDiskTooSmall,
                           '%d bytes' % (10 * 1024 ** 3),
                           '%d bytes' % (14565 * 737280))

    def test_image_that_just_fits(self):
        self.connector.put_image(booting.IMAGE, size=14564)
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
                self.planner.plan(self.request(**image))
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
        self.connector.put_image(booting.IMAGE, size=14565,
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
                     booting.IMAGE, os_version='ubuntu22.04'))):
            self.assertRefused(nova_exception.NovaException, words, **boot)
            mend()
        self.boot(**boot)
