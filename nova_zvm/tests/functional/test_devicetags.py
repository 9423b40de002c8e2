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

"""Tags of devices: what a guest is told, and that it is true."""

import json

from nova import context as nova_context
from nova import objects

from nova_zvm.tests.support import cloud

METADATA = 'openstack/latest/meta_data.json'
BY_PATH = '/dev/disk/by-path/ccw-0.0.'


class DeviceTagsTestCase(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.api.microversion = '2.42'
        self.flags(max_local_block_devices=4)

    def configure(self):
        super().configure()
        self.flags(vswitch_mappings={'other': 'vsw1'}, group='zvm')

    def boot_tagged(self, **options):
        """Boot a server with all that can be tagged, but for one disk."""
        port = self.neutron._ports[self.neutron.port_1['id']]
        port['mac_address'] = '02:00:00:4c:2c:30'
        self.provide_vlan_network('other')
        vlan_port = self.make_vlan_port()
        vlan_port['mac_address'] = '02:00:00:00:00:99'
        return self.boot(
            config_drive=True,
            flavor_id=self.create_flavor(ephemeral=3, swap=512),
            networks=[{'port': port['id'], 'tag': 'public'},
                      {'port': vlan_port['id'], 'tag': 'backup'}],
            block_device_mapping_v2=[
                {'source_type': 'image', 'destination_type': 'local',
                 'uuid': self.image_id, 'boot_index': 0, 'tag': 'system'},
                {'source_type': 'blank', 'destination_type': 'local',
                 'boot_index': -1, 'volume_size': 1},
                {'source_type': 'blank', 'destination_type': 'local',
                 'boot_index': -1, 'volume_size': 2, 'tag': 'data'},
                {'source_type': 'blank', 'destination_type': 'local',
                 'boot_index': -1, 'guest_format': 'swap',
                 'volume_size': 512, 'tag': 'swap'}], **options)

    def told(self, server):
        """Return what the guest's config drive tells of devices, by tag."""
        return self.by_tag(json.loads(
            self.guest_file(server, METADATA))['devices'])

    @staticmethod
    def by_tag(devices):
        return {device['tags'][0]: device for device in devices}

    def instance(self, server):
        with nova_context.target_cell(self.context_of_admin(),
                                      self.cell_of_host()) as cell:
            return objects.Instance.get_by_uuid(
                cell, server['id'], expected_attrs=['device_metadata'])


class DeviceTagsTest(DeviceTagsTestCase):

    def assert_right(self, server):
        told = self.told(server)
        self.assertEqual({'public', 'backup', 'system', 'data', 'swap'},
                         set(told))
        macs = {nic['vdev']: nic['mac'] for nic in self.guest(server)['nics']}
        for tag, vdev, vlan in (('public', '1000', None),
                                ('backup', '1003', 100)):
            nic = told[tag]
            self.assertEqual(('nic', 'none', 'none', vlan),
                             (nic['type'], nic['bus'], nic['address'],
                              nic.get('vlan')))
            self.assertEqual(macs[vdev], nic['mac'].replace(':', '').upper())
        # Cylinders for 3 GiB, 2 GiB and 512 MiB.
        for tag, size in (('system', 4370), ('data', 2913), ('swap', 729)):
            self.assertEqual('disk', told[tag]['type'])
            path = told[tag]['path']
            self.assertEqual(BY_PATH, path[:-4])
            self.assertEqual(size, self.minidisk(
                server, path[-4:].upper())['size'])

    def test_boot_and_rebuild(self):
        server = self.boot_tagged()
        self.assert_right(server)
        self.assertEqual(
            {'public', 'backup', 'system', 'data', 'swap'},
            {device.tags[0] for device in
             self.instance(server).device_metadata.devices})
        self._rebuild_server(server, self.create_image(payload=b'another'))
        self.assert_right(server)

    def test_nothing_is_tagged(self):
        server = self.boot(config_drive=True, networks=[
            {'port': self.neutron.port_1['id']}])
        self.assertEqual({}, self.told(server))
        self.assertIsNone(self.instance(server).device_metadata)

        # Traits tell what can be tagged.
        uuid = self._get_provider_uuid_by_name('ZVMSYS1')
        traits = self._get_provider_traits(uuid)
        self.assertIn('COMPUTE_DEVICE_TAGGING', traits)
        self.assertNotIn('COMPUTE_NET_ATTACH_INTERFACE_WITH_TAG', traits)


class OtherRootTest(DeviceTagsTestCase):
    """The connector begins to number disks with another number."""

    scenario = {'connector': {'zvm': {'user_root_vdev': '0150'}}}

    def test_tagged_disks_are_refused_and_others_are_not(self):
        before = self.snapshot()
        server = self.boot_tagged(expected_state='ERROR')
        self.assertIn('[zvm] user_root_vdev', server['fault']['message'])
        self._delete_server(server)
        self.assert_nothing_left(before)

        # The numbers of disks do not matter to a tag of a NIC.
        server = self.boot(
            config_drive=True, flavor_id=self.create_flavor(ephemeral=3),
            networks=[{'port': self.neutron.port_1['id'], 'tag': 'public'}])
        self.assertIsNotNone(self.minidisk(server, '0150')['image'])
        self.assertEqual('ext4', self.minidisk(server, '0151')['filesystem'])
        self.assertEqual({'public': 'nic'}, {
            tag: device['type'] for tag, device in self.told(server).items()})
