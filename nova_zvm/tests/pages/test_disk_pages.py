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

"""What the pages on images and storage say of disks is as the code has it."""

import re
import textwrap

import testtools
import yaml

from nova_zvm.connector import models
from nova_zvm.tests.support import pages
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names
from nova_zvm.zvm import units
from zvm_simulator.linux import cloudinit

IMAGES = pages.read('admin/images.rst')
STORAGE = pages.read('admin/storage.rst')
TESTS = pages.PACKAGE / 'tests/functional/test_storage.py'


def rows(text, heading):
    """Return the cells of a simple table by the heading of its first column.

    """
    rule, table = re.search(r'(?m)^(=[= ]+)\n%s .*\n\1\n((?:.+\n)+?)\1$'
                            % heading, text).groups()
    columns = [column.span() for column in re.finditer('=+', rule)]
    return [[line[start:end].strip() for start, end in columns]
            for line in table.splitlines()]


class ImagesTest(testtools.TestCase):

    def test_header(self):
        line, = re.findall(r'(?m)^   (xCAT .* Image: .* GZIP: \d)$', IMAGES)
        self.assertEqual(imageheader.Header(3338, 'CYL'),
                         imageheader.parse(line.encode().ljust(512)))
        self.assertEqual(
            len(line), int(re.search(r'head --bytes (\d+) ', IMAGES)[1]))

    def test_titles(self):
        self.assertEqual(
            {'xCAT CKD Disk Image:', 'xCAT FBA Part Image:',
             'xCAT FBA Disk Image:'},
            set(re.findall('``(xCAT .*? Image:)``', IMAGES)))

    def test_least_root_disk(self):
        amount, gib = re.search(r'(\d+)\s+cylinders\s+are\s+([\d.]+)\s+GiB',
                                IMAGES).groups()
        self.assertEqual(
            '%.2f' % (int(amount) * units.CYLINDER_BYTES / units.GIB), gib)
        self.assertIn('--min-disk %d' % units.least_gib(int(amount), 'CYL'),
                      IMAGES)

    def test_releases_of_linux(self):
        releases = rows(IMAGES, 'Linux')
        self.assertEqual(['rhel', 'sles', 'ubuntu'],
                         [name for name, *_ in releases])
        for name, *by_release in releases:
            for release, told in zip(('1.6.3', '1.6.7'), by_release):
                version = models.Version(release)
                self.assertEqual(
                    [number for number in map(str, range(1, 40))
                     if version.takes_os_version(name + number)],
                    told.split(', '), (name, release))

    def test_cloud_init(self):
        """As the page configures it, it grows the root file system."""
        path = re.search(r'``(/etc/cloud/\S+)``:', IMAGES)[1]
        self.assertTrue(path.startswith(cloudinit.MORE_CONFIG))
        (_, text), = pages.blocks(IMAGES, 'yaml')
        settings = textwrap.dedent(text)
        self.assertTrue(cloudinit.grows_root({path: settings}))
        self.assertEqual({'mode': 'off'},
                         yaml.safe_load(settings)['growpart'])


class StorageTest(testtools.TestCase):

    def test_sizes(self):
        table = rows(STORAGE, 'Size')
        self.assertEqual(3, len(table))
        for size, cylinders, blocks in table:
            gib = int(size.removesuffix(' GiB'))
            self.assertEqual(
                (units.disk_units(gib, 'CYL'), units.disk_units(gib, 'BLK')),
                (int(cylinders.replace(',', '')),
                 int(blocks.replace(',', ''))))

    def test_units(self):
        self.assertIn('{:,}'.format(units.CYLINDER_BYTES), STORAGE)
        self.assertIn('%d bytes' % units.BLOCK_BYTES, STORAGE)

    def test_numbers(self):
        self.assertEqual(
            [names.disk_vdev(0), names.disk_vdev(1)],
            re.findall(r'(?m)^     - (0\d{3})(?: and on)?$', STORAGE))

    def test_tests_exist(self):
        named = set(re.findall('``(test_[a-z_]+)``', STORAGE))
        self.assertEqual(
            named, set(re.findall(r'def (test_\w+)', TESTS.read_text())))
