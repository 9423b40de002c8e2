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

"""Power, pause and console, by nova's API and on z/VM."""

from nova.compute import power_state
from nova.tests.functional.api import client as api_client

from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import powersync


class PowerTest(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.server = self.boot()

    def commands(self, verb):
        """Return the z/VM commands with a word in them, since forget()."""
        return [record['command'] for record in self.zvm.engine.log()
                if verb in record['command']]

    def forget(self):
        """Begin again with the commands, and let nothing fail any more."""
        self.zvm.engine.clear_log()
        self.zvm.engine.faults.clear()

    def reload(self):
        self.server = self.api.get_server(self.server['id'])
        return self.server

    def assert_on(self):
        self.assertEqual('running', self.guest(self.server)['status'])
        self.assertEqual(power_state.RUNNING,
                         self.reload()['OS-EXT-STS:power_state'])

    def assert_off(self):
        self.assertIsNone(self.guest(self.server))
        self.assertEqual(power_state.SHUTDOWN,
                         self.reload()['OS-EXT-STS:power_state'])

    def test_stop_and_start(self):
        self._stop_server(self.server)
        self.assert_off()
        self.assertEqual(1, len(self.commands('shutdown -h now')))
        error = self.assertRaises(api_client.OpenStackApiException,
                                  self.console)
        self.assertEqual(409, error.response.status_code)
        self._start_server(self.server)
        self.assert_on()

        # A soft stop that fails becomes a hard one.
        self.zvm.engine.faults.add({
            'match': {'command': 'Image_Deactivate'}, 'nth': 1,
            'action': {'rc': 200, 'rs': 24, 'text': 'not now'}})
        self._stop_server(self.server)
        self.assert_off()

        self.forget()
        self._reboot_server(self.server, hard=True)
        self.assert_on()

        # A guest that does not answer.
        self.make_unreachable()
        self._stop_server(self.server)
        self.assert_off()
        self.forget()
        self._start_server(self.server)

        # A hard stop.
        self.flags(shutdown_timeout=0)
        self._stop_server(self.server)
        self.assert_off()
        self.assertEqual([], self.commands('shutdown -h now'))

    def test_reboot_and_console_log(self):
        self.assert_refused_verbs_change_nothing()
        output = self.console()
        self.assertIn('Linux version', output)
        self.assertIn('login:', output)

        self._reboot_server(self.server)
        self.assert_on()
        self.assertEqual(1, len(self.commands('shutdown -r now')))

        self.forget()
        self._reboot_server(self.server, hard=True)
        self.assert_on()
        self.assertEqual([], self.commands('shutdown'))
        self.assertEqual(1, len(self.commands('Image_Deactivate')))

        self.make_unreachable()
        self._reboot_server(self.server)
        self.assert_on()

    def assert_refused_verbs_change_nothing(self):
        self.forget()
        self.api.post_server_action(self.server['id'], {'suspend': None})
        self.assert_reason('pause or stop the server')
        self.assertEqual('ACTIVE', self.reload()['status'])
        self.api.post_server_action(
            self.server['id'], {'trigger_crash_dump': None})
        self.assert_reason('no request for a crash dump')
        self.assertEqual('ACTIVE', self.reload()['status'])

        error = self.assertRaises(
            api_client.OpenStackApiException,
            self.api.post_server_action, self.server['id'],
            {'changePassword': {'adminPass': 'secret'}})
        self.assertEqual(409, error.response.status_code)
        self.assertIn('set it inside the server', error.response.text)
        self.assertIsNone(self.reload()['OS-EXT-STS:task_state'])

        self.api.post_server_action(self.server['id'], {'rescue': None})
        server = self._wait_for_state_change(self.server, 'ERROR')
        words = ('The guest is unchanged; an administrator brings the server '
                 'back: openstack server set --state active %s'
                 % server['id'])
        self.assertIn(words, server['fault']['message'])
        self.assert_reason(words)
        self.admin_api.post_server_action(
            self.server['id'], {'os-resetState': {'state': 'active'}})
        self.assert_on()
        self.assertEqual([], self.commands('shutdown'))
        self.assertEqual([], self.commands('Image_Deactivate'))

    def assert_reason(self, words):
        """Find words in what the server's last action tells."""
        def look():
            action = self.api.get_instance_actions(self.server['id'])[0]
            event = self.admin_api.api_get(
                '/servers/%s/os-instance-actions/%s' % (
                    self.server['id'], action['request_id'])).body[
                        'instanceAction']['events'][0]
            return event['finish_time'] and event

        event = self.wait_for(look, lambda: 'The action does not end')
        self.assertEqual('Error', event['result'])
        self.assertIn(words, event['details'])

    def test_pause(self):
        self.pause()
        self.assertEqual('paused', self.guest(self.server)['status'])
        self.assertEqual(power_state.PAUSED,
                         self.reload()['OS-EXT-STS:power_state'])

        self.sync_power_states()
        self.assertEqual('PAUSED', self.reload()['status'])

        self.api.post_server_action(self.server['id'], {'unpause': None})
        self._wait_for_state_change(self.server, 'ACTIVE')
        self.assert_on()

        # It ends with a reboot, too.
        self.pause()
        self._reboot_server(self.server, hard=True)
        self.assert_on()

    def pause(self):
        self.api.post_server_action(self.server['id'], {'pause': None})
        self._wait_for_state_change(self.server, 'PAUSED')

    def test_what_happens_outside_of_nova(self):
        # A guest goes down by itself.
        self.deactivate()
        self.sync_power_states()
        self._wait_for_state_change(self.server, 'SHUTOFF')
        self.assert_off()

        # Guests resume when the host boots.
        self._start_server(self.server)
        self.flags(resume_guests_state_on_host_boot=True)
        self.deactivate()
        self.restart_compute()
        self.assert_on()

        # A guest is purged: the server can be rebuilt.
        userid = self.userid(self.server)
        self.run_command('smcli', 'Image_Deactivate', '-T', userid)
        self.run_command('smcli', 'Image_Delete_DM', '-T', userid, '-e', '0')
        self.api.post_server_action(self.server['id'],
                                    {'reboot': {'type': 'HARD'}})
        server = self._wait_for_state_change(self.server, 'ERROR')
        self.assertIn('no guest on z/VM; rebuild it first',
                      server['fault']['message'])
        self._wait_for_server_parameter(
            self.server, {'OS-EXT-STS:task_state': None})
        self._rebuild_server(self.server, self.image_id)
        self.assert_on()

        # And another one, before its server is deleted.
        self.run_command('smcli', 'Image_Deactivate', '-T', userid)
        self.run_command('smcli', 'Image_Delete_DM', '-T', userid, '-e', '0')
        self._delete_server(self.server)
        self.assertEqual([], self.rows('guests'))

    def console(self):
        return self.api.post_server_action(
            self.server['id'], {'os-getConsoleOutput': {}})['output']

    def make_unreachable(self):
        self.zvm.engine.faults.add({
            'match': {'command': 'iucvclnt',
                      'userid': self.userid(self.server)},
            'action': {'status': 4, 'output':
                       'Return code 4, Reason code 421. '
                       'ERROR connecting socket'}})

    def deactivate(self):
        self.run_command('smcli', 'Image_Deactivate', '-T',
                         self.userid(self.server))

    def run_command(self, program, name, *arguments):
        """Do something behind nova's and the connector's back."""
        reply = self.zvm.machine.execute('ZVMSYS1', [
            'sudo', '/opt/zthin/bin/' + program, name, '--addRCheader',
            *arguments])
        self.assertEqual(0, reply.status, reply.output)

    def sync_power_states(self):
        powersync.run(self.compute.manager)
