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

from nova_zvm.connector import models
from nova_zvm.storage import disks
from nova_zvm.tests.support import inmemory


def mapping(device_name, tag, boot_index=None):
    return objects.BlockDeviceMapping(device_name=device_name, tag=tag,
                                      boot_index=boot_index)


def ordered(ephemerals=(), swap=None, mappings=(), pool=None):
    return disks.ordered('10g', {'ephemerals': ephemerals, 'swap': swap},
                         mappings, pool)


class OrderTestCase(inmemory.ZVMTestCase):

    def test_root_alone(self):
        for info in (None, {}, {'ephemerals': [], 'swap': None}):
            self.assertEqual(
                (disks.Disk(models.DiskSpec('3338', boot=True,
                                            pool='ECKD:POOL1'),
                            None, '0100', None),),
                disks.ordered('3338', info, [], 'ECKD:POOL1'))

    def test_root_then_ephemeral_disks_then_swap(self):
        self.assertEqual(
            [('0100', '10g', None, None),
             ('0101', '1g', 'xfs', '/mnt/ephemeral0'),
             ('0102', '2g', 'ext4', '/mnt/ephemeral1'),
             ('0103', '512m', 'swap', 'swap')],
            [(disk.vdev, disk.spec.size, disk.spec.format, disk.mount)
             for disk in ordered(
                 [{'size': 1, 'guest_format': 'xfs'}, {'size': 2}],
                 {'swap_size': 512, 'device_name': '/dev/s'})])

    def test_only_the_root_is_booted_from(self):
        self.assertEqual(
            [True, False],
            [disk.spec.boot for disk in ordered([{'size': 1}])])

    def test_all_are_in_the_pool(self):
        self.assertEqual(
            {'FBA:POOL2'}, {disk.spec.pool for disk in ordered(
                [{'size': 1}], {'swap_size': 1, 'device_name': '/dev/s'},
                pool='FBA:POOL2')})

    def test_tags_go_by_the_names_that_nova_has(self):
        self.assertEqual(
            ['system', 'first', None, 'swap'],
            [disk.tag for disk in ordered(
                [{'size': 1, 'device_name': '/dev/vdb'},
                 {'size': 1, 'device_name': '/dev/vdc'}],
                {'swap_size': 1, 'device_name': '/dev/s'},
                [mapping('/dev/s', 'swap'), mapping('/dev/vdc', None),
                 mapping('/dev/vda', 'system', 0),
                 mapping('/dev/vdb', 'first')])])

    def test_swap_of_no_size(self):
        self.assertEqual(1, len(ordered(
            swap={'swap_size': 0, 'device_name': '/dev/s'})))

    def test_the_operators_format_of_ephemeral_disks(self):
        self.flags(default_ephemeral_format='ext3')
        self.assertEqual(
            ['ext3', 'xfs'],
            [disk.spec.format for disk in ordered(
                [{'size': 1}, {'size': 1, 'guest_format': 'xfs'}])[1:]])

    def test_a_format_that_the_connector_cannot_make(self):
        info = {'ephemerals': [{'size': 1},
                               {'size': 1, 'guest_format': 'ntfs'}]}
        for refuse in (lambda: disks.check_formats(info),
                       lambda: disks.ordered('10g', info, [], None)):
            exc = self.assertRaises(nova_exception.InvalidInput, refuse)
            self.assertIn("'ntfs', only ext2, ext3, ext4, xfs", str(exc))

    def test_formats_that_it_can_make(self):
        disks.check_formats({'ephemerals': [
            {'size': 1, 'guest_format': name} for name in disks.FORMATS]})
        disks.check_formats(None)


class MountsTestCase(inmemory.ZVMTestCase):

    def test_by_the_numbers_that_the_connector_has_given(self):
        planned = ordered([{'size': 1}],
                          {'swap_size': 1, 'device_name': '/dev/s'})
        self.assertEqual(
            [models.DiskMount('0151', 'ext4', '/mnt/ephemeral0'),
             models.DiskMount('0152', 'swap', 'swap')],
            disks.mounts(planned, [models.Disk(vdev, '1g') for vdev in (
                '0150', '0151', '0152')]))

    def test_a_root_is_mounted_by_its_linux(self):
        self.assertEqual([], disks.mounts(ordered(),
                                          [models.Disk('0100', '10g')]))
