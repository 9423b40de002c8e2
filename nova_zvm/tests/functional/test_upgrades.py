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

"""What the page on upgrades says of a host whose configuration changes.

And what it says of the record, as nova's own database searches for it.
"""

from nova import context as nova_context
from nova import objects
from nova import test
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.checks import deployment
from nova_zvm.record import instances
from nova_zvm.record import ownership
from nova_zvm.tests.support import cloud


class NameTemplateTest(cloud.ZVMTestCase):

    def test_servers_keep_their_userids(self):
        self.import_image()
        before = self.snapshot()
        server = self.boot(config_drive=True)
        userid = self.userid(server)

        self.flags(instance_name_template='new%05x')
        self.restart_compute()
        self.assertEqual('new', self.instance_name(server)[:3])
        self._stop_server(server)
        self.assertEqual([], self.guests_on())
        self._start_server(server)
        self.assertEqual([userid], self.guests_on())
        self._rebuild_server(server, self.image_id)
        self.assertEqual([userid], self.guests_on())
        other = self.boot()
        self.assertEqual(sorted([userid, self.userid(other)]),
                         self.guests_on())
        self._delete_server(other)
        self._delete_server(server)
        self.assert_nothing_left(before)

    def guests_on(self):
        guests = self.zvm.machine.state()['guests']
        return sorted(userid for userid in guests
                      if userid.startswith(('NVT', 'NEW')))


class TwoHostsTest(test.TestCase):
    """A server of which two hosts have something on their z/VM."""

    def setUp(self):
        super().setUp()
        self.server = objects.Instance(
            nova_context.get_admin_context(), uuid=uuids.server, host='two',
            user_id='user', project_id='project', task_state=None,
            system_metadata={})
        self.server.create()
        self.on('one', ownership.adopt, 'ABC00001', False)
        self.on('two', ownership.adopt, 'XYZ00009', False)

    def on(self, host, change, *arguments):
        self.flags(host=host)
        change(self.server, *arguments)

    def found(self):
        """Return the hosts that find their upload of the server."""
        hosts = []
        for host in ('one', 'two', 'three'):
            self.flags(host=host)
            if instances.Instances.uploading():
                hosts.append(host)
        return hosts

    def test_each_host_finds_what_it_has_to_remove(self):
        self.assertEqual([], self.found())
        self.on('two', ownership.set_upload, 'file:///two')
        self.assertEqual(['two'], self.found())
        self.on('one', ownership.set_upload, 'file:///one')
        self.assertEqual(['one', 'two'], self.found())
        self.on('one', ownership.forget)
        self.assertEqual(['one', 'two'], self.found())
        self.on('one', ownership.set_upload, None)
        self.on('two', ownership.set_state, ownership.DELETED)
        self.assertEqual(['two'], self.found())

    def test_both_guests_are_claimed(self):
        for host in ('one', 'two'):
            objects.Service(
                nova_context.get_admin_context(), host=host,
                binary='nova-compute', topic='compute').create()

        def claims():
            return deployment.Deployment(cloud.CONF).claims.keys()

        self.assertEqual({'ABC00001', 'XYZ00009'}, claims())
        self.on('one', ownership.forget)
        self.assertEqual({'XYZ00009'}, claims())
