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

from nova_zvm.tests.functional import base
from nova_zvm.tests import powersync


class PowerTest(base.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.server = self.boot()
        self.boots = self.guest(self.server)['linux']['boots']

    def commands(self, verb):
        """Return the z/VM commands with a word in them, since the boot."""
        return [record['command'] for record in self.zvm.engine.log()
                if verb in record['command']]

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

    def test_stop_shuts_linux_down(self):
        self._stop_server(self.server)
        self.assert_off()
        self.assertEqual(1, len(self.commands('shutdown -h now')))

        self._start_server(self.server)
        self.assert_on()

    def test_hard_stop(self):
        self.flags(shutdown_timeout=0)
        self._stop_server(self.server)
        self.assert_off()
        self.assertEqual([], self.commands('shutdown -h now'))

    def test_stop_of_a_guest_that_does_not_answer(self):
        self.make_unreachable()
        self._stop_server(self.server)
        self.assert_off()

    def test_soft_stop_that_fails_becomes_a_hard_one(self):
        self.zvm.engine.faults.add({
            'match': {'command': 'Image_Deactivate'}, 'nth': 1,
            'action': {'rc': 200, 'rs': 24, 'text': 'not now'}})
        self._stop_server(self.server)
        self.assert_off()

    def test_soft_reboot(self):
        self._reboot_server(self.server)
        self.assert_on()
        self.assertEqual(1, len(self.commands('shutdown -r now')))

    def test_soft_reboot_of_a_guest_that_does_not_answer(self):
        self.make_unreachable()
        self._reboot_server(self.server)
        self.assert_on()

    def test_hard_reboot(self):
        self._reboot_server(self.server, hard=True)
        self.assert_on()
        self.assertEqual([], self.commands('shutdown'))
        self.assertEqual(1, len(self.commands('Image_Deactivate')))

    def test_hard_reboot_from_off(self):
        self._stop_server(self.server)
        self._reboot_server(self.server, hard=True)
        self.assert_on()

    def test_pause(self):
        self.api.post_server_action(self.server['id'], {'pause': None})
        self._wait_for_state_change(self.server, 'PAUSED')
        self.assertEqual('paused', self.guest(self.server)['status'])
        self.assertEqual(power_state.PAUSED,
                         self.reload()['OS-EXT-STS:power_state'])

        self.sync_power_states()
        self.assertEqual('PAUSED', self.reload()['status'])

        self.api.post_server_action(self.server['id'], {'unpause': None})
        self._wait_for_state_change(self.server, 'ACTIVE')
        self.assert_on()

    def test_a_pause_ends_with_a_reboot(self):
        self.api.post_server_action(self.server['id'], {'pause': None})
        self._wait_for_state_change(self.server, 'PAUSED')
        self._reboot_server(self.server, hard=True)
        self.assert_on()

    def test_console_log(self):
        output = self.console()
        self.assertIn('Linux version', output)
        self.assertIn('login:', output)

    def test_console_log_of_a_stopped_server(self):
        self._stop_server(self.server)
        error = self.assertRaises(api_client.OpenStackApiException,
                                  self.console)
        self.assertEqual(409, error.response.status_code)

    def test_guest_that_went_down_by_itself(self):
        self.deactivate()
        self.sync_power_states()
        self._wait_for_state_change(self.server, 'SHUTOFF')
        self.assert_off()

    def test_resume_guests_when_the_host_boots(self):
        self.flags(resume_guests_state_on_host_boot=True)
        self.deactivate()
        self.restart_compute()
        self.assert_on()

    def test_guest_that_was_purged_outside_of_nova(self):
        userid = self.userid(self.server)
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
