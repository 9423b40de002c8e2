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

"""Rebuild: the same userid again, right after its directory entry went."""

from nova_zvm.tests.support import cloud


class RebuildTest(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.server = self.boot(config_drive=True)

    def test_rebuild(self):
        self.assert_refused_rebuilds_change_nothing()

        userid = self.userid(self.server)
        first = self.minidisk(self.server, '0100')['image']
        image_id = self.create_image(payload=b'another')
        before = self.snapshot()

        self._rebuild_server(self.server, image_id)

        self.assertEqual(userid, self.userid(self.server))
        self.assertNotEqual(first,
                            self.minidisk(self.server, '0100')['image'])
        guest = self.guest(self.server)
        self.assertEqual('running', guest['status'])
        self.assertEqual('VSW2', guest['nics'][0]['switch'])
        after = self.snapshot()
        for part in ('directory', 'switches', 'connector NICs', 'guests'):
            self.assertEqual(before[part], after[part], part)

        # With the same image.
        self._rebuild_server(self.server, image_id)
        self.assertEqual('running', self.guest(self.server)['status'])

        self.assert_can_be_healed(image_id)

        self._delete_server(self.server)
        self.assertEqual([], self.rows('guests'))
        self.assertEqual({}, self.vswitch('VSW2')['grants'])

    def assert_can_be_healed(self, image_id):
        """See what helps a server in ERROR.

        After a rebuild that was refused, and after one that has left it no
        guest.
        """
        refused = self.create_image(os_distro='debian12')
        self.api.post_server_action(
            self.server['id'], {'rebuild': {'imageRef': refused}})
        self._wait_for_state_change(self.server, 'ERROR')
        self.wait_for_task()
        self._reboot_server(self.server, hard=True)

        self.zvm.engine.faults.add({
            'match': {'command': 'unpackdiskimage'}, 'nth': 1,
            'action': {'status': 5, 'output': 'no'}})
        self.api.post_server_action(
            self.server['id'], {'rebuild': {'imageRef': image_id}})
        self._wait_for_state_change(self.server, 'ERROR')
        self.wait_for_task()
        self.assertIsNone(self.guest(self.server))
        self.api.post_server_action(self.server['id'],
                                    {'reboot': {'type': 'HARD'}})
        self.wait_for(
            lambda: 'no guest on z/VM; rebuild it first' in
            self.api.get_server(self.server['id'])['fault']['message'],
            lambda: 'The fault does not name the remedy')
        self.wait_for_task()
        self._rebuild_server(self.server, image_id)
        self.assertEqual('running', self.guest(self.server)['status'])

    def wait_for_task(self):
        self._wait_for_server_parameter(
            self.server, {'OS-EXT-STS:task_state': None})

    def assert_refused_rebuilds_change_nothing(self):
        before = self.snapshot()
        for image_id in (self.create_image(os_distro='debian12'),
                         self.create_image(header=b'QFI\xfb' + b'\0' * 600),
                         self.create_image(size=4194304, units='BLK')):
            self.api.post_server_action(
                self.server['id'], {'rebuild': {'imageRef': image_id}})
            self._wait_for_state_change(self.server, 'ERROR')
            after = self.snapshot()
            for part in before:
                self.assertEqual(before[part], after[part], part)
            self.assertEqual('running', self.guest(self.server)['status'])
            self.api.post_server_action(
                self.server['id'], {'os-resetState': {'state': 'active'}})


class SlowDirectoryTest(RebuildTest):
    """The same where an entry goes away after the delete was answered."""

    scenario = {'timing': {'directory_delete': 40}}

    def assert_can_be_healed(self, image_id):
        """Not here: a rebuild waits for the entry all the same."""
