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

"""Config drives: what is on them, and that nothing stays of them."""

import base64
import json
import os

import fixtures
from oslo_config import fixture as config_fixture
import requests

from nova_zvm.tests.support import cloud
from nova_zvm.tests.support.faults import killer

PASSWORD = 's3cr3t-pass'
# The largest that nova takes: 65535 bytes in base64.
USER_DATA = bytes(range(256)) * 191


class ConfigDriveTest(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.import_image()
        self.api.microversion = '2.56'

    def request(self):
        return {
            'config_drive': True, 'adminPass': PASSWORD, 'networks': 'none',
            'user_data': base64.b64encode(USER_DATA).decode(),
            'personality': [
                {'path': '/etc/file.%d' % number,
                 'contents': base64.b64encode(b'%d' % number).decode()}
                for number in range(5)]}

    def assert_on_drive(self, server):
        self.assertEqual(USER_DATA, self.guest_file(
            server, 'openstack/latest/user_data'))
        self.assertEqual(USER_DATA, self.guest_file(
            server, 'ec2/latest/user-data'))
        metadata = json.loads(self.guest_file(
            server, 'openstack/latest/meta_data.json'))
        self.assertEqual(PASSWORD, metadata['admin_pass'])
        self.assertEqual(
            {'/etc/file.%d' % number: b'%d' % number for number in range(5)},
            {file['path']: self.guest_file(
                server, 'openstack' + file['content_path'])
             for file in metadata['files']})
        self.assertEqual({'static': {'vendor': 'ours'}}, json.loads(
            self.guest_file(server, 'openstack/latest/vendor_data2.json')))

    def vendor_data(self):
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'json')
        with open(path, 'w') as file:
            json.dump({'vendor': 'ours'}, file)
        self.flags(vendordata_jsonfile_path=path,
                   vendordata_providers=['StaticJSON'], group='api')

    def watch(self):
        """Return what will have lain on this host at any request."""
        seen = set()
        send = requests.Session.send

        def watched(session, *args, **options):
            seen.update(self.snapshot()['local files'])
            return send(session, *args, **options)

        self.useFixture(fixtures.MonkeyPatch('requests.Session.send',
                                             watched))
        return seen

    def test_all_that_can_be_on_it(self):
        self.vendor_data()
        before = self.snapshot()
        seen = self.watch()
        server = self.boot(**self.request())
        self.assert_on_drive(server)
        self.assert_no_secret_on_connector(PASSWORD.encode())
        self.assertEqual(set(before['local files']), seen)
        self._delete_server(server)
        self.assert_nothing_left(before)

        # Made by a program.
        config_fixture.Config(cloud.CONF).load_raw_values(
            mkisofs_cmd='genisoimage')
        server = self.boot(**self.request())
        self.assert_on_drive(server)
        self.assertEqual(before['local files'],
                         self.snapshot()['local files'])
        self._delete_server(server)
        self.assert_nothing_left(before)

    def test_boot_that_fails(self):
        self.flags(max_attempts=1, group='scheduler')
        before = self.snapshot()
        for command in ('^PUT /files', '^POST /images',
                        '^POST /guests/.*/action', '^POST /guests$'):
            self.zvm.engine.faults.add({
                'match': {'kind': 'rest', 'command': command}, 'times': 1,
                'action': {'status': 500, 'output': '{}'}})
            server = self.boot(expected_state='ERROR', **self.request())
            self.assert_no_secret_on_connector(PASSWORD.encode())
            self._delete_server(server)
            self.assert_nothing_left(before)


class KilledTest(cloud.ZVMTestCase):
    """nova-compute is killed with a drive on the connector."""

    # Requests at which it is recorded where the drive's upload is.
    STEPS = ('^POST /images', '^PUT /images/nova-cfg', 'action$',
             '^DELETE /images', '^PUT /images/nova-blank')

    def setUp(self):
        super().setUp()
        self._delete_server(self.boot(config_drive=True))
        self.killer = self.useFixture(killer.Killer(self.zvm.url))

    def kill_in_boot(self, step):
        self.killer.arm(step, 1)
        server = self.api.post_server({'server': {
            **self._build_server(image_uuid=self.image_id,
                                 flavor_id=self.flavor_id, networks='none'),
            'config_drive': True, 'adminPass': PASSWORD}})
        self.assertTrue(self.killer.killed.wait(cloud.PATIENCE))
        return server

    def test_the_next_one_removes_it(self):
        """At once, not only when the user deletes the server.

        Or its periodic task does, if the connector was down.
        """
        for step in self.STEPS:
            server = self.kill_in_boot(step)
            self.replace_compute()
            self.end_sweeps()
            self.assert_gone()
            self.killer.release()
            self._delete_server(server)

        self.kill_in_boot('^POST /images')
        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.connector.session.PAUSES', ()))
        self.zvm.simulator.member.kill()
        self.replace_compute()
        self.end_sweeps()
        self.zvm.simulator.member.start()
        self.compute.manager._run_image_cache_manager_pass(
            self.context_of_admin())
        self.end_sweeps()
        self.assert_gone()

    def assert_gone(self):
        self.assert_no_secret_on_connector(PASSWORD.encode())
        self.assertEqual([], [row['imagename'] for row in self.rows('image')
                              if 'cfg' in row['imagename']])
        self.assertEqual({512}, {path.stat().st_size
                                 for path in self.uploads()})
