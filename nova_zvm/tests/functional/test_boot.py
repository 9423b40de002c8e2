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

"""Boots: what nova's users ask for and what z/VM then has."""

import base64
import json
import re

from nova import context as nova_context
from nova import objects
from testtools import matchers

from nova_zvm.tests.support import cloud

USER_DATA = b'#cloud-config\nruncmd: [touch /hello]\n'


class BootTest(cloud.ZVMTestCase):

    def test_boot_use_and_delete(self):
        self.reconfigure(guest_max_vcpus=8, guest_max_memory='16G')
        before = self.snapshot()
        self.stdlog.delete_stored_logs()
        server = self.boot(name='db-1', flavor_id=self.create_flavor(
            vcpu=2, memory_mb=2048, disk=3))
        userid = self.userid(server)

        self.assertEqual(1, server['OS-EXT-STS:power_state'])
        self.assertIn(userid, [row['userid'] for row in self.rows('guests')])
        guest = self.guest(server)
        self.assertEqual('running', guest['status'])
        self.assertEqual('up', guest['linux']['state'])
        # Without a config drive.
        self.assertEqual('db-1', guest['linux']['hostname'])
        self.assert_directory_entry(userid)
        self.assert_told(
            r'Image nova-\S+ of \d+ bytes imported',
            r'Guest U: boot prepared',
            r'Guest U: created with its disks',
            r'Guest U: image nova-\S+ deployed',
            r'Guest U: network set up',
            r'Guest U: logged on and responding',
            r'Guest U: booted', userid=userid)

        self._run_periodics()
        self.driver.manage_image_cache(nova_context.get_admin_context(), [])
        self.assertNotRegex(self.stdlog.logger.output,
                            r'(INFO|WARNING) \[nova_zvm\.(?!tests)')

        self._delete_server(server)
        self.assert_told(r'Guest U: deleted', userid=userid)
        self.assert_nothing_left(before)

    def assert_told(self, *steps, userid):
        """Compare the lines that the log has of a guest and its image."""
        lines = re.findall(
            r'(?m) INFO \[nova_zvm\.[\w.]+\] ((?:Guest|Image).*)$',
            self.stdlog.logger.output)
        self.stdlog.delete_stored_logs()
        self.assertThat(lines, matchers.MatchesListwise([
            matchers.MatchesRegex(
                step.replace('U', userid) + r' in \d+\.\d seconds$')
            for step in steps]))

    def assert_directory_entry(self, userid):
        entry = self.zvm.machine.directory_text(userid).splitlines()
        self.assertEqual('USER %s LBYONLY 2048m 16G G' % userid, entry[0])
        self.assertIn('INCLUDE OSDFLT', entry)
        self.assertIn('MACHINE ESA 8', entry)
        self.assertIn('COMMAND DEFINE CPU 01 TYPE IFL', entry)
        self.assertNotIn('COMMAND DEFINE CPU 02 TYPE IFL', entry)
        self.assertEqual('IPL 0100',
                         next(line for line in entry
                              if line.startswith('IPL')).strip())
        # 3 GiB are 4370 cylinders of 737,280 bytes, rounded up.
        self.assertIn('MDISK 0100 3390 1 4370 VOL001 MR', entry)

    def test_disks(self):
        self.flags(max_local_block_devices=4)
        flavor_id = self.create_flavor(disk=10, ephemeral=3, swap=512)
        server = self.boot(flavor_id=flavor_id, block_device_mapping_v2=[
            {'boot_index': 0, 'source_type': 'image', 'uuid': self.image_id,
             'destination_type': 'local', 'delete_on_termination': True},
            {'boot_index': -1, 'source_type': 'blank', 'volume_size': 1,
             'destination_type': 'local', 'delete_on_termination': True},
            {'boot_index': -1, 'source_type': 'blank', 'volume_size': 2,
             'destination_type': 'local', 'guest_format': 'xfs',
             'delete_on_termination': True},
            {'boot_index': -1, 'source_type': 'blank', 'volume_size': 512,
             'destination_type': 'local', 'guest_format': 'swap',
             'delete_on_termination': True}])
        # The root disk of the flavor is filled.
        disk = self.minidisk(server, '0100')
        self.assertEqual(14564, disk['size'])
        self.assertEqual(disk['size'], disk['filesystem_size'])
        self.assertEqual(
            {'0101': (1457, 'ext4'), '0102': (2913, 'xfs'),
             '0103': (729, 'swap')},
            {vdev: (self.minidisk(server, vdev)['size'],
                    self.minidisk(server, vdev)['filesystem'])
             for vdev in ('0101', '0102', '0103')})
        self.assertEqual(
            {'/': '0100', '/mnt/ephemeral0': '0101',
             '/mnt/ephemeral1': '0102', 'swap': '0103'},
            self.guest(server)['linux']['mounts'])

        # A root disk as large as the image, which is imported once.
        log = self.zvm.simulator.member.log_file
        before = log.stat().st_size
        other = self.boot(flavor_id=self.create_flavor(disk=0))
        self.assertEqual(
            ["Failed to get the user direct of guest '%s'."
             % self.userid(other)],
            re.findall(r'\[ERROR\] (Failed .*)', log.read_text()[before:]))
        self.assertEqual(3338, self.minidisk(other, '0100')['size'])
        uploads = [row for row in self.rows('image')
                   if self.image_id in row['imagename']]
        self.assertEqual(1, len(uploads))
        self.assertEqual(disk['image']['sha256'],
                         self.minidisk(other, '0100')['image']['sha256'])

    def test_config_drive(self):
        self.api.microversion = '2.56'
        before = self.snapshot()
        server = self.boot(
            config_drive=True, adminPass='s3cr3t-pass',
            user_data=base64.b64encode(USER_DATA).decode(),
            metadata={'role': 'database'},
            personality=[{'path': '/etc/motd',
                          'contents': base64.b64encode(b'hi').decode()}])
        metadata = json.loads(self.guest_file(
            server, 'openstack/latest/meta_data.json'))
        self.assertEqual(server['id'], metadata['uuid'])
        self.assertEqual('s3cr3t-pass', metadata['admin_pass'])
        self.assertEqual({'role': 'database'}, metadata['meta'])
        self.assertEqual(USER_DATA, self.guest_file(
            server, 'openstack/latest/user_data'))
        network = json.loads(self.guest_file(
            server, 'openstack/latest/network_data.json'))
        self.assertEqual(1, len(network['links']))
        [file] = metadata['files']
        self.assertEqual('/etc/motd', file['path'])
        self.assertEqual(b'hi', self.guest_file(
            server, 'openstack' + file['content_path']))
        self.assert_no_secret_on_connector(b's3cr3t-pass')
        self.assert_no_secret_on_connector(USER_DATA)
        # Uploads leave only blanks.
        self.assertEqual({512}, {path.stat().st_size
                                 for path in self.uploads()})
        self._delete_server(server)
        self.assert_nothing_left(before)

    def test_reachable_timeout(self):
        self.flags(max_attempts=1, group='scheduler')
        before = self.snapshot()
        self.reconfigure(reachable_timeout=30)
        self.zvm.engine.faults.add({
            'match': {'command': 'iucvclnt'},
            'action': {'status': 1, 'output': 'no answer'}})
        self._delete_server(self.boot(expected_state='ERROR'))
        self.assert_nothing_left(before)

        self.reconfigure(reachable_timeout=0)
        self.zvm.engine.clear_log()
        server = self.boot()
        self.assertEqual('running', self.guest(server)['status'])
        self.assertEqual([], [record for record in self.zvm.engine.log()
                              if record['name'] == 'iucvclnt'])

    def test_many_disks(self):
        """So many that one request cannot tell the guest of all."""
        self.flags(max_local_block_devices=70)
        disks = [{'boot_index': -1, 'source_type': 'blank', 'volume_size': 1,
                  'destination_type': 'local', 'delete_on_termination': True}
                 for _ in range(40)]
        server = self.boot(
            flavor_id=self.create_flavor(ephemeral=60),
            block_device_mapping_v2=[
                {'boot_index': 0, 'source_type': 'image',
                 'uuid': self.image_id, 'destination_type': 'local',
                 'delete_on_termination': True}] + disks)
        mounts = self.guest(server)['linux']['mounts']
        self.assertEqual('0128', mounts['/mnt/ephemeral39'])

    def test_fba_pool(self):
        self.reconfigure(disk_pool='FBA:FBAPOOL')
        image_id = self.create_image(size=4194304, units='BLK')
        server = self.boot(image_id=image_id)
        self.assertIn('MDISK 0100 9336 1 6291456 FBA001 MR',
                      self.entry(server))


class VerbsTest(cloud.ZVMTestCase):
    """What nova asks of a driver only in flows that come later."""

    def setUp(self):
        super().setUp()
        self.before = self.snapshot()
        self.server = self.boot()
        self.instance = objects.Instance.get_by_uuid(
            self.context_of_admin(), self.server['id'],
            expected_attrs=['system_metadata', 'info_cache', 'flavor',
                            'metadata'])
        self.networks = self.instance.get_network_info()

    def test_cleanup_and_spawn_without_power(self):
        # The second time nobody is asked.
        for _ in range(2):
            self.zvm.engine.clear_log()
            self.driver.cleanup(self.context_of_admin(), self.instance,
                                self.networks)
            asked = self.zvm.engine.log()
            after = self.snapshot()
            for part in self.before:
                self.assertEqual(self.before[part], after[part], part)
        self.assertEqual([], asked)

        self.instance.task_state = None
        self.driver.spawn(
            self.context_of_admin(), self.instance, self.image_meta(), [],
            None, {}, network_info=self.networks,
            block_device_info={'ephemerals': [], 'swap': None,
                               'block_device_mapping': []}, power_on=False)
        self.assertIn('NICDEF 1000', self.entry(self.server))
        self.assertTrue(self.minidisk(self.server, '0100')['image'])
        self.assertIsNone(self.guest(self.server))

    def image_meta(self):
        return objects.ImageMeta.from_dict(
            {**self.glance.show(None, self.image_id), 'id': self.image_id})
