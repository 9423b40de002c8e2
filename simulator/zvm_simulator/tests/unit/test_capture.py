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

"""Disks captured to images, and what those are when deployed again."""

import contextlib
import gzip
import json
import os
import pathlib
import tracemalloc

from zvm_simulator.disks import imagefile
from zvm_simulator.tests.support import simulated

CAPTURE = '/opt/zthin/bin/creatediskimage'
UNPACK = '/opt/zthin/bin/unpackdiskimage'
NOTE = '/etc/note'


class CaptureTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.target = self.folder / 'netboot' / 'rhel8.6' / 'copy' / '0100'
        self.target.parent.mkdir(parents=True)

    def capture(self, userid='GUEST1', vdev='0100', *more):
        return self.run_command(CAPTURE, userid, vdev, str(self.target),
                                *more)

    def unpack(self, userid='GUEST2', vdev='0100'):
        status, output = self.run_command(UNPACK, userid, vdev,
                                          str(self.target))
        self.assertEqual(0, status, output)

    def original(self):
        """Make a guest whose Linux has a file and a config drive."""
        self.bootable()
        self.punch('GUEST1', 'note.sh', f'echo kept > {NOTE}\n')
        self.punch('GUEST1', 'cfgdrive.iso', simulated.config_drive({
            'openstack/latest/meta_data.json': '{"hostname": "web1"}'}))
        self.boot()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')

    def captured(self, *more):
        status, output = self.capture('GUEST1', '0100', *more)
        self.assertEqual(0, status, output)

    def assert_capture_refused(self, expected, reason, *arguments):
        status, output = self.capture(*arguments)
        self.assertEqual(expected, status)
        self.assertRegex(output, f'(?m)^ERROR: .*{reason}')


class RoundTripTestCase(CaptureTestCase):

    def test_second_guest_has_the_same_linux(self):
        self.original()
        self.captured()
        self.create('GUEST2')
        self.add_disk('GUEST2', size=simulated.ECKD_SIZE + 100)
        self.unpack()
        self.boot('GUEST2')
        self.assertEqual('up', self.guest('GUEST2')['linux']['state'])
        for path in (NOTE, '/etc/iucv_authorized_userid',
                     'openstack/latest/meta_data.json'):
            self.assertEqual(self.machine.guest_file('GUEST1', path),
                             self.machine.guest_file('GUEST2', path))
        self.assertEqual('web1', self.guest('GUEST2')['linux']['hostname'])
        self.assertIn((0, 'Linux 4.18.0-372.el8.s390x s390x\n'),
                      [self.iucv('GUEST2', 'uname -srm')])

    def file_systems(self):
        volumes = self.machine.state()['pools']['POOL1']['volumes']
        return [disk['filesystem_size']
                for disk in volumes['VOL001']['used_extents']]

    def test_file_system_grows_to_the_disk_as_linux_boots(self):
        self.original()
        self.captured()
        self.create('GUEST2')
        self.add_disk('GUEST2', size=simulated.ECKD_SIZE + 100)
        self.unpack()
        self.assertEqual([simulated.ECKD_SIZE] * 2, self.file_systems())
        self.boot('GUEST2')
        self.assertEqual([simulated.ECKD_SIZE, simulated.ECKD_SIZE + 100],
                         self.file_systems())

    def test_image_whose_cloud_init_does_not_grow_the_root(self):
        self.bootable()
        self.punch('GUEST1', 'cfg.sh', 'echo "cloud_init_modules: [ssh]" > '
                   '/etc/cloud/cloud.cfg\n')
        self.boot()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
        self.captured()
        self.create('GUEST2')
        self.add_disk('GUEST2', size=simulated.ECKD_SIZE + 100)
        self.unpack()
        self.boot('GUEST2')
        self.assertEqual([simulated.IMAGE_SIZE] * 2, self.file_systems())

    def test_copy_is_a_copy(self):
        self.original()
        self.captured()
        self.create('GUEST2')
        self.add_disk('GUEST2')
        self.unpack()
        self.smcli('Image_Delete_DM', '-T', 'GUEST1', '-e', '0')
        self.boot('GUEST2')
        self.assertEqual(b'kept\n', self.machine.guest_file('GUEST2', NOTE))
        self.assertEqual(b'{"hostname": "web1"}', self.machine.guest_file(
            'GUEST2', 'openstack/latest/meta_data.json'))

    def test_linux_looks_for_its_root_where_it_was(self):
        self.original()
        self.captured()
        self.create('GUEST2', simulated.ENTRY.replace('IPL 0100',
                                                      'IPL 0200'))
        self.add_disk('GUEST2', vdev='0200')
        self.unpack(vdev='0200')
        self.boot('GUEST2')
        self.assertEqual('down', self.guest('GUEST2')['linux']['state'])
        self.assertIn('ccw-0.0.0100-part1 does not exist',
                      '\n'.join(self.guest('GUEST2')['console']))

    def test_data_disk(self):
        self.create()
        self.add_disk(vdev='0101', size=100)
        self.format()
        self.assertEqual(0, self.capture(vdev='0101')[0])
        self.create('GUEST2')
        self.add_disk('GUEST2')
        self.unpack()
        disk = self.machine.state()['pools']['POOL1']['volumes'][
            'VOL001']['used_extents'][1]
        self.assertEqual(('ext4', None), (disk['filesystem'], disk['image']))
        self.boot('GUEST2')
        self.assertEqual('down', self.guest('GUEST2')['linux']['state'])

    def format(self):
        for command in (
                ('/opt/zthin/bin/linkdiskandbringonline', 'GUEST1', '0101',
                 'MR'), ('/sbin/dasdfmt', '-y', '/dev/dasda'),
                ('/sbin/fdasd', '-a', '/dev/dasda'),
                ('mkfs', '-F', '-t', 'ext4', '/dev/dasda1'),
                ('/opt/zthin/bin/offlinediskanddetach', 'GUEST1', '0101')):
            self.assertEqual(0, self.run_command(*command)[0], command)


class LengthTestCase(CaptureTestCase):
    """A captured file is as long as the one that was deployed."""

    LENGTH = 64 * 2 ** 20
    # Pieces of a megabyte, and some of them at once.
    MEMORY = 8 * 2 ** 20

    def setUp(self):
        super().setUp()
        self.create()
        self.add_disk()
        self.punch('GUEST1', 'note.sh', f'echo kept > {NOTE}\n')
        self.punch('GUEST1', 'cfgdrive.iso', simulated.config_drive({
            'openstack/latest/meta_data.json': '{"hostname": "web1"}'}))
        image = self.image()
        os.truncate(image, self.LENGTH)
        with self.limited_memory():
            self.assertEqual(0, self.run_command(UNPACK, 'GUEST1', '0100',
                                                 image)[0])
        self.boot()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')

    @contextlib.contextmanager
    def limited_memory(self):
        tracemalloc.start()
        try:
            yield
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        self.assertLess(peak, self.MEMORY)

    def content(self):
        """Return what the captured file has, but for where it came from."""
        with self.limited_memory():
            captured = imagefile.read(self.target).captured
        return {**captured.content, 'image': None, 'blobs': captured.blobs}

    def deploy_copy(self):
        self.create('GUEST2')
        self.add_disk('GUEST2')
        with self.limited_memory():
            self.unpack()

    def test_plain(self):
        self.assert_round_trip('0')

    def test_compressed(self):
        self.assert_round_trip('9')

    def assert_round_trip(self, level):
        with self.limited_memory():
            self.captured('--compression', level)
        status = self.target.stat()
        self.assertEqual(self.LENGTH, status.st_size)
        self.assertLess(status.st_blocks * 512, 2 ** 20)
        before = self.content()
        self.assertIn(NOTE, before['files'])
        self.assertNotEqual({}, before['blobs'])
        self.deploy_copy()
        self.target = self.target.with_name('0200')
        self.assertEqual(0, self.capture('GUEST2')[0])
        self.assertEqual(self.LENGTH, self.target.stat().st_size)
        self.assertEqual(before, self.content())

    def test_more_on_the_disk_than_was_deployed(self):
        self.create('GUEST2')
        self.add_disk('GUEST2')
        self.assertEqual(0, self.run_command(
            UNPACK, 'GUEST2', '0100', self.image(payload=b'disk'))[0])
        self.assertEqual(0, self.capture('GUEST2', '0100', '--compression',
                                         '0')[0])
        self.assertEqual(b'}', self.target.read_bytes()[-1:])


class FileTestCase(CaptureTestCase):

    def setUp(self):
        super().setUp()
        self.bootable()

    def test_header_of_each_level(self):
        for level in range(10):
            self.captured('--compression', str(level))
            data = self.target.read_bytes()
            self.assertEqual(
                f'xCAT CKD Disk Image:{simulated.ECKD_SIZE:12d} CYL HLen: '
                f'0055 GZIP: {level}', data[:512].decode().rstrip())
            payload = gzip.decompress(data[512:]) if level else data[512:]
            text = payload[payload.index(b'{'):].rstrip(b'\0')
            content = json.loads(text)['content']
            self.assertEqual('image1', content['image']['name'])
            self.target.unlink()

    def test_level_six_is_the_default(self):
        self.captured()
        self.assertIn(b'GZIP: 6', self.target.read_bytes()[:512])

    def test_fixed_blocks(self):
        self.create('GUEST2')
        self.add_disk('GUEST2', size=1000, pool='FBAPOOL', devtype='9336')
        image = self.file('netboot/rhel8.6/fba/0100',
                          imagefile.header('FBA', 900).replace(
                              b'Part', b'Disk') + b'disk')
        self.assertEqual(0, self.run_command(UNPACK, 'GUEST2', '0100',
                                             image)[0])
        self.boot('GUEST2')
        self.assertEqual(900, self.file_system_size())
        self.smcli('Image_Deactivate', '-T', 'GUEST2', '-f IMMED')
        self.assertEqual(0, self.capture('GUEST2')[0])
        self.assertEqual(b'xCAT FBA Part Image:        1000 BLK',
                         self.target.read_bytes()[:36])
        self.unpack()
        self.boot('GUEST2')
        self.assertEqual(1000, self.file_system_size())

    def file_system_size(self):
        volume = self.machine.state()['pools']['FBAPOOL']['volumes'][
            'FBA001']
        return volume['used_extents'][0]['filesystem_size']

    def test_image_of_the_other_disk_type(self):
        self.captured()
        self.create('GUEST2')
        self.add_disk('GUEST2', size=100000, pool='FBAPOOL', devtype='9336')
        status, output = self.run_command(UNPACK, 'GUEST2', '0100',
                                          str(self.target))
        self.assertEqual(3, status)
        self.assertIn('is not a Count-Key-Data volume', output)

    def test_image_that_was_made_elsewhere(self):
        path = pathlib.Path(self.image(payload=b'\x1f\x8bno gzip'))
        self.assertIsNone(imagefile.read(path).captured)


class RefusalTestCase(CaptureTestCase):

    def test_levels(self):
        self.bootable()
        for level in ('10', '-1', 'x', ''):
            self.assert_capture_refused(1, 'not between 0 and 9', 'GUEST1',
                                        '0100', '--compression', level)
        self.assertFalse(self.target.exists())

    def test_operands(self):
        self.assertEqual(1, self.run_command(CAPTURE, 'GUEST1', '0100')[0])

    def test_file_that_is_there(self):
        self.bootable()
        self.target.write_text('mine')
        self.assert_capture_refused(3, 'already exists')
        self.assertEqual('mine', self.target.read_text())

    def test_folder_that_is_not_there(self):
        self.bootable()
        self.target.parent.rmdir()
        self.assert_capture_refused(3, 'No such file or directory')

    def test_running_guest(self):
        self.bootable()
        self.boot()
        self.assert_capture_refused(3, 'source system is currently running')
        self.assertFalse(self.target.exists())

    def test_disk_that_is_not_there(self):
        self.create()
        self.assert_capture_refused(3, 'not linked; not in CP directory')

    def test_disk_without_partition(self):
        self.create()
        self.add_disk()
        self.assert_capture_refused(3, 'no partition')
