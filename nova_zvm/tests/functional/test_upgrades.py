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

"""What the page on upgrades says of a host whose configuration changes."""

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
