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

"""Snapshots: from a server's minidisk into Glance and onto other servers."""

import fixtures
from nova import conf
from nova import objects
from nova.tests.functional.api import client as api_client
from nova import utils

from nova_zvm.connector import client
from nova_zvm.connector import models
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.tests.support import cloud
from zvm_simulator.disks import imagefile

NOTE = '/etc/note'


class SnapshotTestCase(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.server = self.boot_first()
        self.write(self.server, NOTE, 'kept')
        self.before = self.snapshot()

    def boot_first(self):
        """Return the server that each test has, as small as can be."""
        return self.boot(name='one')

    def write(self, server, path, text):
        """Write a file in a guest's Linux."""
        self.change(server, 'echo %s > %s\n' % (text, path))

    def change(self, server, commands):
        """Have a guest's activation engine run a script, now."""
        script = self.zvm.simulator.member.file_repository / 'change.sh'
        script.write_text(commands)
        spoolid = self.command('vmur', 'punch', '-r', str(script)).split()[4]
        self.command('vmcp', 'change rdr %s class X' % spoolid)
        self.command('vmcp', 'transfer * rdr %s to %s rdr' % (
            spoolid, self.userid(server)))
        self.linux(server, 'systemctl start zvmguestconfigure')
        script.unlink()

    def linux(self, server, command):
        """Run a command in a guest's Linux."""
        return self.command('/opt/zthin/bin/IUCV/iucvclnt',
                            self.userid(server), command)

    def command(self, *argv):
        answer = self.zvm.machine.execute('ZVMSYS1', list(argv))
        self.assertEqual(0, answer.status, answer.output)
        return answer.output.decode()

    def take(self, server=None, **action):
        """Have nova take a snapshot; return the image's id at its end."""
        server = server or self.server
        action = action or {'createImage': {'name': 'snap'}}
        image_id = self.api.post_server_action(
            server['id'], action)['image_id']
        self.wait_for_task(server)
        return image_id

    def wait_for_task(self, server):
        return self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})

    def reason(self, server=None):
        """Return what the server's last action tells of its failure."""
        path = '/servers/%s/os-instance-actions' % (
            server or self.server)['id']
        with utils.temporary_mutation(self.admin_api, microversion='2.84'):
            actions = self.admin_api.api_get(path).body['instanceActions']
            action = self.admin_api.api_get('%s/%s' % (
                path, actions[0]['request_id'])).body['instanceAction']
        return ' '.join(event['details'] for event in action['events']
                        if event['details'])

    def assert_restores(self, image_id):
        """See that a disk gets all that an image was captured of.

        It is captured again, before a Linux has run from it.
        """
        connector = client.Connector(self.zvm.url,
                                     token_file=self.zvm.token_file)
        size = str(connector.images.get('nova-' + image_id).disk_size)
        connector.guests.create(
            'COPY1', 1, 512, [models.DiskSpec(
                size, boot=True, pool=conf.CONF.zvm.disk_pool)])
        connector.disks.deploy('COPY1', 'nova-' + image_id)
        connector.disks.capture('COPY1', 'copy')
        [path] = [path for path in self.connector_files()
                  if path.parent.name == 'copy']
        snapshot = path.with_name('snapshot')
        snapshot.write_bytes(self.images.contents[image_id].data)
        self.assertEqual(self.disk(snapshot), self.disk(path))

    def disk(self, path):
        """Return the disk that a file was captured of.

        Without what it was deployed of, which is not on the disk.
        """
        captured = imagefile.read(path).captured
        del captured.content['image']
        return captured

    def assert_no_record(self, image_id):
        """See that Glance has nothing of what the driver knows of a guest.

        """
        properties = self.images.show(None, image_id)['properties']
        self.assertEqual([], list(filter(parts.is_key, properties)))

    def note(self, server):
        return self.zvm.machine.guest_file(self.userid(server), NOTE)

    def pretend_earlier_capture(self, power):
        """Have it recorded that a capture is not known to be over."""
        ownership.begin_capture(self.instance(self.server), power)

    def instance(self, server):
        return objects.Instance.get_by_uuid(
            self.context_of_admin(), server['id'],
            expected_attrs=['system_metadata'])

    def assert_refused(self, words, state='ACTIVE'):
        """See that no snapshot is taken, for a reason that users can read.

        """
        image_id = self.take()
        self.assertIn(words, self.reason())
        self.assert_failed(image_id, state)

    def assert_failed(self, image_id, state='ACTIVE'):
        self.assertNotIn(image_id, self.glance.images)
        self.assertNotIn(image_id, self.images.contents)
        self.assertEqual(state, self.api.get_server(
            self.server['id'])['status'])
        self.assert_as_before()

    def assert_as_before(self):
        """Compare with what was there before the snapshot."""
        self.assert_nothing_left(self.before)
        self.assert_no_captured_image()

    def assert_no_captured_image(self):
        self.assertEqual([], [row['imagename'] for row in self.rows('image')
                              if row['imagename'].startswith('nova-cap-')])
        self.assertEqual(
            [], [path for path in self.connector_files()
                 if 'nova-cap-' in str(path)])


class SnapshotTest(SnapshotTestCase):

    def test_of_a_running_server(self):
        seen = self.watch_task_states()
        image_id = self.take()
        self.assertEqual(
            ['image_snapshot_pending', 'image_snapshot',
             'image_pending_upload', 'image_uploading', None], seen)

        image = self.images.show(None, image_id)
        self.assertEqual(('active', 'raw', 'bare', 3), (
            image['status'], image['disk_format'],
            image['container_format'], image['min_disk']))
        properties = image['properties']
        self.assertEqual(
            ('rhel8.6', 's390x', 'zvm', 'ECKD', 'snapshot', self.image_id,
             self.server['id']),
            tuple(properties[name] for name in (
                'os_distro', 'hw_architecture', 'img_hv_type',
                'zvm_disk_type', 'image_type', 'base_image_ref',
                'instance_uuid')))
        self.assert_no_record(image_id)
        self.assertEqual('up', self.guest(self.server)['linux']['state'])
        self.assert_as_before()

        # As images have it that an earlier release has made.
        self.glance.images[image_id]['properties'].update(
            {name: value for name, value in
             self.instance(self.server).system_metadata.items()
             if name in parts.KEYS}, zvm_note='kept')
        copy = self.boot(image_id=image_id)
        self.assertEqual(b'kept\n', self.note(copy))
        self.assertEqual(self.userid(copy), ownership.claimed_userid(
            self.instance(copy)))
        self.assert_restores(image_id)
        [path] = [path for path in self.connector_files()
                  if path.parent.name == 'nova-' + image_id]
        self.assertEqual(self.images.contents[image_id].data,
                         path.read_bytes())

        # A snapshot of what was booted from a snapshot.
        second_id = self.take(copy)
        third = self.boot(image_id=second_id)
        self.assertEqual(b'kept\n', self.note(third))
        self.assert_no_record(second_id)
        self.assertEqual('kept', self.images.show(
            None, second_id)['properties']['zvm_note'])

        self.write(self.server, NOTE, 'spoiled')
        self._rebuild_server(self.server, image_id)
        self.assertEqual(b'kept\n', self.note(self.server))

        # A newer Linux than the connector knows.
        self.change(self.server, 'echo ID=\\"rhel\\" > /etc/os-release\n'
                    'echo VERSION_ID=\\"8.10\\" >> /etc/os-release\n')
        image_id = self.take()
        self.assertEqual('rhel8.6', self.images.show(
            None, image_id)['properties']['os_distro'])

    def watch_task_states(self):
        """Return what will have been the task states of any instance."""
        seen = []
        original = objects.Instance.save

        def save(instance, *args, **kwargs):
            if 'task_state' in instance.obj_what_changed():
                seen.append(instance.task_state)
            return original(instance, *args, **kwargs)

        self.useFixture(fixtures.MonkeyPatch('nova.objects.Instance.save',
                                             save))
        return seen

    def test_of_a_stopped_server(self):
        self._stop_server(self.server)
        self.before = self.snapshot()
        image_id = self.take()
        properties = self.images.show(None, image_id)['properties']
        # The connector has RHEL8.6 of a guest that is off.
        self.assertEqual('rhel8.6', properties['os_distro'])
        self.assertIsNone(self.guest(self.server))
        self.assertEqual('SHUTOFF', self.api.get_server(
            self.server['id'])['status'])
        self.assert_as_before()

        copy = self.boot(image_id=image_id)
        self.assertEqual(b'kept\n', self.note(copy))
        self.assert_restores(image_id)


class DisksTest(SnapshotTestCase):
    """A server with a larger root disk than its image, and another disk."""

    def boot_first(self):
        self.flavor_id = self.create_flavor(disk=4, ephemeral=1)
        return self.boot(name='one')

    def test_the_disk_with_the_root_file_system_is_taken(self):
        image_id = self.take()
        self.assertEqual(4, self.images.show(None, image_id)['min_disk'])
        self.assertRaises(
            api_client.OpenStackApiException, self.boot, image_id=image_id,
            flavor_id=self.create_flavor(disk=3))
        copy = self.boot(image_id=image_id,
                         flavor_id=self.create_flavor(disk=4))
        self.assertEqual(5826, self.minidisk(copy, '0100')['image']['size'])

        self.write(self.server, '/etc/zipl.conf', 'parameters='
                   '"root=/dev/disk/by-path/ccw-0.0.0101-part1"')
        image_id = self.take()
        self.assertEqual(1, self.images.show(None, image_id)['min_disk'])
        self.assert_no_captured_image()


class FBATest(SnapshotTestCase):

    def configure(self):
        super().configure()
        self.flags(disk_pool='FBA:FBAPOOL', group='zvm')

    def create_image(self, **options):
        return super().create_image(
            header=imagefile.header('FBA', 4194304), **options)

    def test_boot_from_it(self):
        image_id = self.take()
        image = self.images.show(None, image_id)
        self.assertEqual((3, 'FBA'), (image['min_disk'],
                                      image['properties']['zvm_disk_type']))
        copy = self.boot(image_id=image_id)
        self.assertEqual(b'kept\n', self.note(copy))
        self.assert_restores(image_id)
        self.assert_no_captured_image()


class VerbsTest(SnapshotTestCase):
    """What nova makes of snapshots."""

    def test_shelve_and_unshelve_a_running_and_a_paused_server(self):
        self.flags(shelved_offload_time=0)
        self._shelve_server(self.server)
        self.assertNotIn(self.userid(self.server),
                         self.zvm.machine.state()['directory'])
        self.assert_no_captured_image()
        [image_id] = [image['id'] for image in self.glance.images.values()
                      if image['name'] == 'one-shelved']
        self.assert_no_record(image_id)

        self._unshelve_server(self.server)
        self.assertEqual(b'kept\n', self.note(self.server))
        self.assertEqual('up', self.guest(self.server)['linux']['state'])

        self.api.post_server_action(self.server['id'], {'pause': None})
        self._wait_for_state_change(self.server, 'PAUSED')
        self._shelve_server(self.server)
        self._unshelve_server(self.server)
        self.assertEqual('up', self.guest(self.server)['linux']['state'])
        self._delete_server(self.server)
        self.assertEqual([], self.rows('guests'))

    def test_shelve_without_offload(self):
        self.flags(shelved_offload_time=-1)
        self._shelve_server(self.server, 'SHELVED')
        self.assertIsNone(self.guest(self.server))
        self._unshelve_server(self.server)
        self.assertEqual('up', self.guest(self.server)['linux']['state'])
        # nova saved all that it had of the instance meanwhile.
        self.take()
        self.assertEqual('', self.reason())

        # Of one that fails nova itself would leave the image in Glance.
        self._stop_server(self.server)
        self.before = self.snapshot()
        images = set(self.glance.images)
        self.images.upload_faults = [next]
        self.api.post_server_action(self.server['id'], {'shelve': {}})
        self.wait_for_task(self.server)
        self.assertEqual(images, set(self.glance.images))
        self.assertIn('damaged', self.reason())
        self.assert_as_before()

    def test_backups_rotate(self):
        taken = [self.take(createBackup={
            'name': name, 'backup_type': 'daily', 'rotation': 2})
            for name in ('first', 'second', 'third')]
        self.assertEqual(
            [False, True, True],
            [image_id in self.glance.images for image_id in taken])
        self.assert_no_record(taken[-1])
        copy = self.boot(image_id=taken[-1])
        self.assertEqual(b'kept\n', self.note(copy))


class RefusedTest(SnapshotTestCase):

    def test_for_its_state_or_the_configuration(self):
        self.api.post_server_action(self.server['id'], {'pause': None})
        self._wait_for_state_change(self.server, 'PAUSED')
        self.before = self.snapshot()
        self.assert_refused('unpause', 'PAUSED')
        self.api.post_server_action(self.server['id'], {'unpause': None})
        self._wait_for_state_change(self.server, 'ACTIVE')
        boots = self.guest(self.server)['linux']['boots']
        self.assertEqual(1, boots)

        self.before = self.snapshot()
        repository = conf.CONF.zvm.image_repository
        self.reconfigure(image_repository='/nowhere')
        self.assert_refused('[zvm] image_repository')
        self.reconfigure(image_repository=repository)

        self.pretend_earlier_capture('on')
        self.assert_refused('try again later')

    def test_for_what_its_linux_is(self):
        self.write(self.server, '/etc/zipl.conf',
                   'parameters="root=/dev/mapper/vg-root"')
        self.before = self.snapshot()
        self.assert_refused('logical volume')
        self.assertEqual('up', self.guest(self.server)['linux']['state'])
        self.change(self.server, 'rm /etc/zipl.conf\n')

        # A Linux that does not answer, as long as no option allows it.
        self.make_unreachable()
        self.assert_refused('capture_unreachable_guests')
        self.assertEqual(1, self.guest(self.server)['linux']['boots'])
        self.reconfigure(capture_unreachable_guests=True)
        copy = self.boot(image_id=self.take())
        self.assertEqual('running', self.guest(self.server)['status'])
        self.assertEqual(b'kept\n', self.note(copy))

    def make_unreachable(self):
        self.change(self.server, 'rm /etc/iucv_authorized_userid\n')
        self.before = self.snapshot()


class EndTest(cloud.ZVMTestCase):

    def test_of_nova_compute(self):
        """Nobody looks after a capture on behalf of one that has ended."""
        background = self.driver._background
        background.start('zvm-capture', background.pause,
                         10 * cloud.PATIENCE)
        self.compute.stop()
        # nova 34 does not wait for the end of cleanup_host.
        background.join('zvm-capture', cloud.PATIENCE)
        self.assertEqual([], background.names())


class OtherGuestsTest(SnapshotTestCase):
    """A snapshot touches nobody else's guests and images."""

    def test_foreign_image_and_guest(self):
        connector = self.foreign_guest('FOREIGN1')
        connector.disks.capture(self.userid(self.server), 'theirs')
        self.before = self.snapshot()
        self.take()
        self.assert_as_before()
        self.assertEqual('theirs', connector.images.get('theirs').name)
