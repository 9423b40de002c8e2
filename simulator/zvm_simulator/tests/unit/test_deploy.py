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

"""Images written to disks, and what is refused."""

import hashlib

from zvm_simulator.disks import imagefile
from zvm_simulator.tests.support import simulated

UNPACK = '/opt/zthin/bin/unpackdiskimage'


class DeployTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()
        self.add_disk()

    def unpack(self, path, vdev='0100'):
        return self.run_command(UNPACK, 'GUEST1', vdev, path)

    def disk(self):
        pool = self.machine.state()['pools']['POOL1']
        return pool['volumes']['VOL001']['used_extents'][0]

    def assert_unpack_refused(self, reason, path, vdev='0100'):
        before = self.machine.state()
        status, output = self.unpack(path, vdev)
        self.assertEqual(3, status)
        self.assertRegex(output, f'(?m)^ERROR: .*{reason}')
        self.assertEqual(before, self.machine.state())

    def test_image_is_recorded(self):
        payload = b'x' * 3_000_000
        status, _ = self.unpack(self.image(payload=payload))
        self.assertEqual(0, status)
        self.assertEqual({
            'name': 'image1', 'os_version': 'rhel8.6',
            'sha256': hashlib.sha256(payload).hexdigest(),
            'bytes': len(payload), 'size': simulated.IMAGE_SIZE,
            'vdev': ''},
            self.disk()['image'])

    def test_partition_grows_to_the_disk_and_its_file_system_does_not(self):
        self.unpack(self.image())
        self.assertEqual(
            (simulated.ECKD_SIZE, simulated.IMAGE_SIZE),
            (self.disk()['partition_size'], self.disk()['filesystem_size']))

    def test_disk_of_the_images_size(self):
        status, _ = self.unpack(self.image(size=simulated.ECKD_SIZE))
        self.assertEqual(0, status)

    def test_disk_that_is_too_small(self):
        self.assert_unpack_refused('Target disk is too small', self.image(
            size=simulated.ECKD_SIZE + 1))

    def test_image_of_the_other_disk_type(self):
        self.assert_unpack_refused('fixed-block', self.image('FBA'))

    def test_image_without_size(self):
        self.assert_unpack_refused('dummy image', self.image(size=0))

    def test_file_without_header(self):
        self.assert_unpack_refused('image type', self.file(
            'raw', b'QFI' * 1000))

    def test_file_that_is_not_there(self):
        self.assert_unpack_refused('not found', str(self.folder / 'none'))

    def test_disk_that_is_not_there(self):
        self.assert_unpack_refused(
            'GUEST1 0200 not linked; not in CP directory', self.image(),
            '0200')

    def test_running_guest(self):
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assert_unpack_refused('currently running', self.image())

    def test_header(self):
        data = imagefile.header('CKD', 3338)
        self.assertEqual(512, len(data))
        self.assertEqual(b'xCAT CKD Disk Image:', data[:20])
        self.assertEqual(b'3338', data[20:32].strip())
        self.assertEqual(b'CYL', data[33:36])

    def test_redeploy_removes_what_was_there(self):
        self.deploy()
        self.authorise()
        self.boot()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
        self.deploy()
        self.boot()
        self.assertEqual(1, self.iucv('GUEST1', 'echo ping')[0])
