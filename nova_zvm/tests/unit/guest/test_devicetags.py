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

from nova import context
from nova import exception as nova_exception
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.connector import models
from nova_zvm.guest import devicetags
from nova_zvm.network import plan
from nova_zvm.storage import disks
from nova_zvm.tests.support import inmemory

BY_PATH = '/dev/disk/by-path/ccw-0.0.'


def interface(port_id, tag):
    return objects.VirtualInterface(uuid=port_id, tag=tag)


def mapping(device_name, tag, boot_index=None):
    return objects.BlockDeviceMapping(device_name=device_name, tag=tag,
                                      boot_index=boot_index)


class DeviceTagsTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.booting = self.instance()
        self.nics = []
        self.disks = []
        self.patch(objects.VirtualInterfaceList, 'get_by_instance_uuid',
                   lambda _context, uuid: self.query(uuid))

    def query(self, uuid):
        self.assertEqual(self.booting.uuid, uuid)
        return self.nics

    def record(self, vifs=(), ephemerals=(), swap=None):
        self.planned = disks.ordered(
            '10g',
            {'ephemerals': [{'size': 1, 'device_name': name}
                            for name in ephemerals],
             'swap': swap and {'swap_size': swap, 'device_name': '/dev/s'}},
            self.disks, None)
        devicetags.record(
            context.get_admin_context(), self.booting,
            plan.planned(list(vifs), {}), self.planned)
        return (self.booting.device_metadata.devices
                if self.booting.device_metadata else None)

    def assert_disks(self, wanted, found):
        self.assertEqual(wanted, {disk.path.removeprefix(BY_PATH): disk.tags
                                  for disk in found})

    def check(self, *vdevs):
        devicetags.check(self.booting, self.planned,
                         [models.Disk(vdev, '1g') for vdev in vdevs])

    def test_nothing_is_tagged(self):
        self.nics = [interface(uuids.port, None)]
        self.disks = [mapping('/dev/vda', None, 0),
                      mapping('/dev/vdb', None)]
        self.booting.device_metadata = objects.InstanceDeviceMetadata(
            devices=[])
        self.assertIsNone(self.record([inmemory.vif()], ['/dev/vdb'], 512))
        self.check('0150', '0151', '0152')

    def test_nics(self):
        self.nics = [interface(uuids.other, None),
                     interface(uuids.port, 'public')]
        [nic] = self.record([inmemory.vif(uuids.other), inmemory.vif()])
        self.assertEqual(('02:00:00:12:34:56', ['public']),
                         (nic.mac, nic.tags))
        self.assertNotIn('vlan', nic)
        self.assertNotIn('bus', nic)

    def test_nic_in_a_vlan(self):
        self.nics = [interface(uuids.port, 'public')]
        for said, vlan in (('100', 100), (100, 100), ('0', None)):
            [nic] = self.record([inmemory.vif(vlan=said)])
            self.assertEqual(vlan, nic.vlan if 'vlan' in nic else None)

    def test_disks_have_the_numbers_that_a_boot_gives_them(self):
        self.disks = [mapping('/dev/s', 'swap'),
                      mapping('/dev/vdc', 'second'),
                      mapping('/dev/vda', 'system', 0),
                      mapping('/dev/vdb', 'first')]
        self.assert_disks(
            {'0100': ['system'], '0101': ['first'], '0102': ['second'],
             '0103': ['swap']},
            self.record(ephemerals=['/dev/vdb', '/dev/vdc'], swap=512))

    def test_disks_without_a_tag_count(self):
        self.disks = [mapping('/dev/vda', None, 0),
                      mapping('/dev/vdb', None),
                      mapping('/dev/vdc', 'second')]
        self.assert_disks({'0102': ['second']}, self.record(
            ephemerals=['/dev/vdb', '/dev/vdc']))

    def test_paths_are_in_lower_case(self):
        names = ['/dev/%d' % number for number in range(10)]
        self.disks = [mapping('/dev/9', 'tenth')]
        self.assert_disks({'010a': ['tenth']}, self.record(ephemerals=names))

    def test_numbers_that_are_not_as_told(self):
        self.disks = [mapping('/dev/vdb', 'data')]
        self.record(ephemerals=['/dev/vdb'])
        self.check('0100', '0101')
        for vdevs in (('0101', '0102'), ('0100', '0102')):
            self.assertRaises(nova_exception.InvalidInput, self.check,
                              *vdevs)

    def test_numbers_do_not_matter_to_nics(self):
        self.nics = [interface(uuids.port, 'public')]
        self.record([inmemory.vif()])
        self.check('0150')
