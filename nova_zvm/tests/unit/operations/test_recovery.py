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

from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.operations import recovery
from nova_zvm.record import instances
from nova_zvm.record import ownership
from nova_zvm.record import pending
from nova_zvm.tests.support import inmemory


class Parts:
    """The config drives, captures and uploads of images in one."""

    def __init__(self, story):
        self.story = story

    def begin_sweep(self, found=None):
        self.story.append(('images',) if found is None else
                          ('drives', [instance.uuid for instance in found]))

    def look_after(self, instance):
        self.story.append(('capture', instance.uuid))


class RecoveryTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.story = []
        self.database = []
        self.searches = 0
        self.patch(objects.InstanceList, 'get_by_filters', self.search)
        parts = Parts(self.story)
        self.recovery = recovery.Recovery(
            instances.Instances(None), parts, parts, parts,
            lambda: self.story.append(('z/VM',)))

    def search(self, context, filters, expected_attrs=()):
        if 'task_state' in filters:
            return [self.instance(task_state='deleting')]
        self.searches += 1
        return self.database

    def put_server(self, name, begin, *arguments):
        server = self.instance(ownership.BUILT, uuid=getattr(uuids, name))
        begin(server, *arguments)
        self.database.append(server)

    def put_servers(self):
        self.put_server('idle', ownership.set_paused, True)
        self.put_server('drive', ownership.set_upload, 'file:///a')
        self.put_server('captured', ownership.begin_capture, 'off')
        self.put_server('nic', ownership.begin_nic_change,
                        pending.NicChange('1003', 'VSW1'))

    def test_after_a_start(self):
        self.put_servers()
        self.recovery.after_start()
        self.assertEqual(
            [('z/VM',), ('capture', uuids.captured),
             ('drives', [uuids.drive]), ('images',)], self.story)
        self.assertEqual(1, self.searches)

    def test_in_the_periodic_task(self):
        self.put_servers()
        self.recovery.periodically()
        self.assertEqual([('drives', [uuids.drive])], self.story)
        self.assertEqual(1, self.searches)

    def test_files_of_drives_are_removed_without_a_record(self):
        """nova-compute's own files are known by their directory."""
        self.recovery.periodically()
        self.recovery.after_start()
        self.assertEqual(2, self.story.count(('drives', [])))

    def test_a_server_with_two_changes(self):
        self.put_server('both', ownership.begin_capture, 'on')
        ownership.set_upload(self.database[0], 'file:///a')
        self.recovery.after_start()
        self.assertIn(('capture', uuids.both), self.story)
        self.assertIn(('drives', [uuids.both]), self.story)

    def test_what_another_host_has_begun_is_left_to_it(self):
        self.put_server('both', ownership.set_paused, True)
        home = inmemory.CONF.host
        self.flags(host='another')
        ownership.set_upload(self.database[0], 'file:///a')
        self.flags(host=home)
        self.recovery.periodically()
        self.assertEqual([('drives', [])], self.story)
