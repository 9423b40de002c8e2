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

"""Boots that are refused: nothing changes, and nova shows the reason."""

import base64

from nova.tests import fixtures as nova_fixtures
from oslo_config import fixture

from nova_zvm.tests.support import cloud


class RefusalTest(cloud.ZVMTestCase):

    def assert_refused(self, *words, **server):
        """Boot, and find all words in the server's fault."""
        self.zvm.simulator.wait_idle(30)
        before = self.snapshot()
        images = self.rows('image')
        server = self.boot(expected_state='ERROR', **server)
        fault = server['fault']['message']
        for word in words:
            self.assertIn(word, fault)
        self.assert_nothing_left(before)
        self.assertEqual(images, self.rows('image'))
        self._delete_server(server)
        self.assert_nothing_left(before)

    def test_images(self):
        self.assert_refused(
            'os_distro', 'such as rhel8.6',
            image_id=self.create_image(os_distro=None))
        self.assert_refused(
            "os_distro 'debian12'", 'rhel, sles or ubuntu',
            image_id=self.create_image(os_distro='debian12'))
        self.assert_refused(
            'disk image header',
            image_id=self.create_image(header=b'QFI\xfb' + b'\0' * 600))
        self.assert_refused(
            'disk image header',
            image_id=self.create_image(header=b'x', payload=b''))
        self.assert_refused(
            "Flavor's disk is too small",
            image_id=self.create_image(size=4371))
        # One that just fits.
        self.boot(image_id=self.create_image(size=4370))

        self.disable_image_filters()
        self.assert_refused(
            "hw_architecture is 'x86_64'", 's390x',
            image_id=self.create_image(hw_architecture='x86_64'))

    def test_images_of_the_other_disk_type(self):
        image_id = self.create_image(size=4194304, units='BLK')
        self.assert_refused('FBA disk', 'disk pool is ECKD',
                            image_id=image_id)
        # One that is known already.
        self.reconfigure(disk_pool='FBA:FBAPOOL')
        self.boot(image_id=image_id)
        self.reconfigure(disk_pool='ECKD:POOL1')
        self.assert_refused('disk pool is ECKD', image_id=image_id)

    def test_flavors(self):
        # Placement knows a limit only from nova-compute's next report on.
        self.reconfigure(guest_max_memory='2G')
        self.assert_refused('[zvm] guest_max_memory', '4096',
                            flavor_id=self.create_flavor(memory_mb=4096))
        self.reconfigure(guest_max_vcpus=2)
        self.assert_refused('[zvm] guest_max_vcpus',
                            flavor_id=self.create_flavor(vcpu=4))
        self.flags(default_ephemeral_format='ntfs')
        self.assert_refused("format 'ntfs'",
                            flavor_id=self.create_flavor(ephemeral=1))

    # Names on z/VM

    def test_pool_profile_and_switch(self):
        self.reconfigure(disk_pool='ECKD:NOPOOL')
        self.assert_refused('[zvm] disk_pool', 'ECKD:NOPOOL')
        self.reconfigure(disk_pool=None)

        network = self.neutron._networks[self.neutron.network_1['id']]
        network['provider:physical_network'] = 'nosuch'
        self.assert_refused("virtual switch 'NOSUCH'",
                            '[zvm] vswitch_mappings', "'nosuch'")
        network['provider:physical_network'] = None
        self.assert_refused('no physical network')
        network['provider:physical_network'] = cloud.PHYSICAL_NETWORK

        self.import_image()
        self.reconfigure(user_profile='NOPROF')
        self.assert_refused('[zvm] user_profile', 'NOPROF')

    def test_userids(self):
        self.foreign_guest(self.next_userid())
        self.assert_taken(self.next_userid())
        # And one that is only in the directory.
        userid = self.next_userid()
        self.foreign_guest(userid).guests.deregister(userid)
        self.assert_taken(userid)

        self.flags(instance_name_template='instance-%08x')
        self.assert_refused('instance_name_template',
                            'one to eight letters and digits')

    def assert_taken(self, userid):
        entry = self.zvm.machine.directory_text(userid)
        self.assert_refused(userid, 'already has a guest',
                            'instance_name_template')
        self.assertEqual(entry, self.zvm.machine.directory_text(userid))

    # What is not supported

    def test_volumes(self):
        volume_id = nova_fixtures.CinderFixture.IMAGE_BACKED_VOL
        self.assert_refused(
            'does not support volumes',
            imageRef='', block_device_mapping_v2=[
                {'boot_index': 0, 'source_type': 'volume',
                 'destination_type': 'volume', 'uuid': volume_id}])
        # One beside the image.
        self.assert_refused(
            'does not support volumes', block_device_mapping_v2=[
                {'boot_index': 0, 'source_type': 'image',
                 'uuid': self.image_id, 'destination_type': 'local',
                 'delete_on_termination': True},
                {'boot_index': -1, 'source_type': 'blank', 'volume_size': 1,
                 'destination_type': 'volume',
                 'delete_on_termination': True}])

    # Configuration that only a boot finds wrong

    def test_config_drives(self):
        self.import_image()
        repository = cloud.CONF.zvm.image_repository
        self.reconfigure(image_repository='/nonexistent/images')
        self.assert_refused('[zvm] image_repository', '/nonexistent/images',
                            'sdk_image_repository', config_drive=True)
        self.reconfigure(image_repository=repository)

        fixture.Config(cloud.CONF).load_raw_values(
            mkisofs_cmd='/nonexistent/mkisofs')
        self.assert_refused('mkisofs_cmd', '/nonexistent/mkisofs',
                            config_drive=True,
                            user_data=base64.b64encode(b'x').decode())
