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

"""nova-compute starts, lives and recovers without its connector.

What a test calls down is the connector's process killed: its port refuses.
"""

import itertools
import json
import logging
import os
import time

import fixtures
from nova.compute import manager
from nova.compute import power_state
from nova.compute import task_states
from nova.compute import vm_states
from nova import exception as nova_exception
from nova import objects
from nova.tests.functional.api import client as api_client
from nova.virt import node

from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import powersync

SMAPI_DOWN = {
    'match': {'command': 'smcli'},
    'action': {'status': 25, 'output':
               '25 -110 111 (details) Connection refused ULGSMC6009E Failed '
               'to connect to the server\n'}}


# What nova's test case replaces, so that nova keeps no identity on the disk.
IDENTITY = [(owner, name, getattr(owner, name)) for owner, name in (
    (node, 'read_local_node_uuid'), (node, 'write_local_node_uuid'),
    (manager.ComputeManager, '_ensure_existing_node_identity'))]


class Errors(fixtures.Fixture):
    """What is logged at ERROR while it is in use, one line each."""

    def _setUp(self):
        self.lines = []
        handler = logging.Handler(logging.ERROR)
        handler.emit = lambda record: self.lines.append(
            '%s: %s' % (record.name, record.getMessage()))
        logging.getLogger().addHandler(handler)
        self.addCleanup(logging.getLogger().removeHandler, handler)


class StartTestCase(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.connector.session.PAUSES', (0.0, 0.0)))
        self.connector = self.zvm.simulator.member
        self.addCleanup(self.connector.start)
        self.ahead = 0
        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.pace.waiting.Clock.monotonic',
            lambda _: time.monotonic() + self.ahead))

    def boot_all(self, names):
        """Boot a server for each name, all at once; return them by name."""
        self.flags(instances=-1, cores=-1, group='quota')
        self.api.post_server({'server': dict(
            self._build_server(image_uuid=self.image_id,
                               flavor_id=self.flavor_id, networks='auto'),
            min_count=len(names))})
        return {name: self._wait_for_state_change(server, 'ACTIVE')
                for name, server in zip(names, self.api.get_servers())}

    def restart_without_connector(self):
        """Start nova-compute anew; return what it has logged as errors."""
        self.connector.kill()
        return self.restart()

    def restart(self):
        with Errors() as errors:
            self.restart_compute()
        return errors.lines

    def run_periodic_tasks(self):
        """Run those that ask the driver for something."""
        self._run_periodics()
        context = self.context_of_admin()
        self.compute.manager._cleanup_running_deleted_instances(context)
        powersync.run(self.compute.manager)

    def states(self, server):
        """Return status, task and power state as the API has them."""
        server = self.api.get_server(server['id'])
        return (server['status'], server['OS-EXT-STS:task_state'],
                server['OS-EXT-STS:power_state'])

    def assert_service_up(self, status='enabled'):
        [service] = self.admin_api.get_services(binary='nova-compute')
        self.assertEqual(('up', status),
                         (service['state'], service['status']))
        return service

    def assert_service_disables_itself(self):
        self.ahead += cloud.CONF.zvm.disable_service_after
        self.run_periodic_tasks()
        reason = self.assert_service_up('disabled')['disabled_reason']
        self.assertTrue(reason.startswith('AUTO: '), reason)

    def delete(self, server):
        self._delete_server(self.api.get_server(server['id']))

    def pause(self, server):
        self.api.post_server_action(server['id'], {'pause': None})
        self._wait_for_state_change(server, 'PAUSED')

    def unpause(self, server):
        self.api.post_server_action(server['id'], {'unpause': None})
        self._wait_for_state_change(server, 'ACTIVE')


class ServersTest(StartTestCase):
    """The connector is down while nova-compute starts with servers."""

    AT_REST = {'running': ('ACTIVE', None, power_state.RUNNING),
               'stopped': ('SHUTOFF', None, power_state.SHUTDOWN),
               'paused': ('PAUSED', None, power_state.PAUSED)}

    # In the middle of what nova-compute was killed, one start after the
    # other.
    TASKS = [
        {'running': task_states.POWERING_OFF,
         'stopped': task_states.POWERING_ON,
         'paused': task_states.UNPAUSING},
        {'running': task_states.REBOOTING,
         'stopped': task_states.REBOOTING_HARD,
         'paused': task_states.DELETING},
        {'running': task_states.REBOOT_PENDING,
         'stopped': task_states.REBOOT_PENDING_HARD,
         'paused': task_states.REBOOT_PENDING_HARD},
        {'running': task_states.REBOOT_STARTED,
         'stopped': task_states.REBOOT_STARTED_HARD,
         'paused': task_states.REBOOT_STARTED_HARD},
        {'running': task_states.PAUSING,
         'stopped': task_states.DELETING},
    ]
    # nova itself sets these to ERROR, with and without a connector.
    CUT_OFF = {'running': (vm_states.BUILDING, task_states.SPAWNING),
               'stopped': (vm_states.STOPPED, task_states.REBUILD_SPAWNING),
               'paused': (vm_states.ACTIVE, task_states.REBUILDING)}

    def setUp(self):
        super().setUp()
        self.servers = self.boot_all(self.AT_REST)
        self._stop_server(self.servers['stopped'])
        self.pause(self.servers['paused'])

    def states_of_all(self):
        return {name: self.states(server)
                for name, server in self.servers.items()}

    def test_at_rest(self):
        for resume in (False, True):
            self.flags(resume_guests_state_on_host_boot=resume)
            self.assert_rests_without_connector()

        # The connector is there, and z/VM does not answer it.
        self.set_states('stopped',
                        task_state=task_states.REBOOT_PENDING_HARD)
        self.zvm.engine.faults.add(SMAPI_DOWN)
        self.assertEqual([], self.restart())
        self.assert_service_up()
        self.assertEqual(self.AT_REST, self.states_of_all())
        self.zvm.engine.faults.clear()
        self.run_periodic_tasks()
        self.assertEqual(self.AT_REST, self.states_of_all())

        self._stop_server(self.servers['running'])
        self._start_server(self.servers['stopped'])
        self.unpause(self.servers['paused'])
        self.assert_finds_what_happened_meanwhile(self.servers['stopped'])

    def assert_rests_without_connector(self):
        self.assertEqual([], self.restart_without_connector())
        self.assert_service_up()
        self.assertEqual(self.AT_REST, self.states_of_all())
        self.connector.start()
        self.run_periodic_tasks()
        self.assertEqual(self.AT_REST, self.states_of_all())

    def assert_finds_what_happened_meanwhile(self, server):
        """See that a guest is found off that has gone down by itself."""
        self.assertEqual([], self.restart_without_connector())
        self.zvm.machine.execute('ZVMSYS1', [
            '/opt/zthin/bin/smcli', 'Image_Deactivate', '--addRCheader',
            '-T', self.userid(server)])
        self.connector.start()
        self.run_periodic_tasks()
        self._wait_for_state_change(server, 'SHUTOFF')

    def test_amid_tasks_and_then_amid_boot_and_rebuild(self):
        self.connector.kill()
        for tasks, resume in itertools.product(self.TASKS, (False, True)):
            self.flags(resume_guests_state_on_host_boot=resume)
            for name, task in tasks.items():
                self.set_states(name, task_state=task)
            self.assertEqual([], self.restart(), tasks)
            self.assert_service_up()
            self.assertEqual(self.AT_REST, self.states_of_all(), tasks)
        self.connector.start()
        self.run_periodic_tasks()
        self.assertEqual(self.AT_REST, self.states_of_all())

        for name, (vm_state, task_state) in self.CUT_OFF.items():
            self.set_states(name, vm_state=vm_state, task_state=task_state)
        self.assertEqual([], self.restart_without_connector())
        self.assertEqual({('ERROR', None)}, {
            states[:2] for states in self.states_of_all().values()})
        self.connector.start()
        for server in self.servers.values():
            self.delete(server)
        self.assertEqual([], self.rows('guests'))

    def set_states(self, name, **values):
        """Have nova's database say something of a server."""
        instance = objects.Instance.get_by_uuid(
            self.context_of_admin(), self.servers[name]['id'])
        instance.update(values)
        instance.save()


class NewHostTest(StartTestCase):
    """The first start of all, with the connector down."""

    start_compute = False

    def setUp(self):
        super().setUp()
        # nova's test case looks for the node that this host does not have
        # yet, unless the host is known.
        self.host_mapping = objects.HostMapping(
            self.context_of_admin(), host='host',
            cell_mapping=self.cell_of_host())
        self.host_mapping.create()
        self.host_mappings['host'] = self.host_mapping

    def node_names(self):
        return [provider['name'] for provider in self._get_all_providers()]

    def keep_identity(self):
        """Let nova keep its identity in a state path that is new."""
        for owner, name, original in IDENTITY:
            self.useFixture(fixtures.MockPatchObject(owner, name, original))
        self.flags(state_path=self.useFixture(fixtures.TempDir()).path)

    def identity(self):
        with open(os.path.join(cloud.CONF.state_path, 'compute_id')) as file:
            return file.read()

    def restart(self):
        node.LOCAL_NODE_UUID = None
        return super().restart()

    def test_new_host(self):
        self.keep_identity()
        self.connector.kill()
        with Errors() as errors:
            self.compute = self._start_compute('host')
            self.run_periodic_tasks()
        self.assertEqual([], errors.lines)
        self.assert_service_up()
        self.assertEqual([], self.node_names())

        # Before z/VM has ever answered.
        identity = self.identity()
        self.assert_service_disables_itself()
        self.assertEqual([], self.restart())
        self.connector.start()
        self.zvm.engine.faults.add(SMAPI_DOWN)
        self.assertEqual([], self.restart())
        self.assert_service_up('disabled')
        self.assertEqual([], self.node_names())

        self.zvm.engine.faults.clear()
        self.run_periodic_tasks()
        self.assert_service_up()
        self.assertEqual(['ZVMSYS1'], self.node_names())
        self.assertEqual(identity, self._get_provider_uuid_by_name('ZVMSYS1'))
        self._map_node()
        self.boot()
        self.assertEqual([], self.restart())
        self.assertEqual(identity, self.identity())

    def _map_node(self):
        """Do what nova-manage cell_v2 discover_hosts does."""
        node = objects.ComputeNode.get_first_node_by_host_for_old_compat(
            self.context_of_admin(), 'host')
        node.mapped = 1
        node.save()


class ConfigurationTest(StartTestCase):
    """What is wrong stops nova-compute with one sentence."""

    start_compute = False

    def assert_refused(self, sentence, group='zvm', **options):
        """See that options stop nova-compute; then take them back."""
        section = cloud.CONF[group] if group else cloud.CONF
        before = {name: section[name] for name in options}
        self.flags(group=group, **options)
        error = self.assertRaises(nova_exception.NovaException,
                                  self._start_compute, 'host')
        self.flags(group=group, **before)
        self.assertIn(sentence, str(error))
        self.assertNotIn('\n', str(error))

    def test_options(self):
        self.assert_refused('[zvm] cloud_connector_url is not set',
                            cloud_connector_url=None)
        self.assert_refused('[zvm] cloud_connector_url: ',
                            cloud_connector_url='ftp://zvm.example')
        self.assert_refused(
            'instance_name_template = instance-%08x: ', group=None,
            instance_name_template='instance-%08x')
        self.assert_refused("[zvm] disk_pool: z/VM has no disk pool "
                            "'ECKD:NONE'", disk_pool='ECKD:NONE')
        self.assert_refused("[zvm] user_profile: 'TOOLONGNAME'",
                            user_profile='TOOLONGNAME')
        self.assert_refused('[zvm] token_file: there is no file '
                            '/nowhere/token', token_file='/nowhere/token')
        path = os.path.join(self.state_path, 'token')
        with open(path, 'w', encoding='ascii') as stream:
            stream.write('wrong')
        self.assert_refused(
            'refuses the admin token in token file ' + path, token_file=path)
        # None of them is left.
        self._start_compute('host')


class DownLaterTest(StartTestCase):
    """The connector goes while nova-compute runs, and comes back."""

    def setUp(self):
        super().setUp()
        self.server = self.boot()

    def failed_action(self, name):
        """Ask for an action; return what users see of its failure."""
        self.api.post_server_action(self.server['id'], {name: None})
        self._wait_for_server_parameter(
            self.server, {'OS-EXT-STS:task_state': None})
        return self.last_failure()

    def last_failure(self):
        self._wait_for_assert(self.assert_last_action_failed)
        return self.last_event()['details']

    def assert_last_action_failed(self):
        self.assertEqual('Error', self.last_event()['result'])

    def last_event(self):
        action = self.api.get_instance_actions(self.server['id'])[0]
        [event] = self.api.api_get(
            '/servers/%s/os-instance-actions/%s' % (
                self.server['id'], action['request_id'])
        ).body['instanceAction']['events']
        return event

    def test_down_and_back(self):
        self.connector.kill()
        with Errors() as errors:
            self.run_periodic_tasks()
        self.assertEqual([], errors.lines)
        self.assertIn('The z/VM Cloud Connector cannot be reached',
                      self.failed_action('os-stop'))
        self.assertEqual(('ACTIVE', None, power_state.RUNNING),
                         self.states(self.server))

        self.assert_reads_are_refused()

        # With more tries nova's message is that there is no other host.
        self.flags(max_attempts=1, group='scheduler')
        failed = self.boot(expected_state='ERROR')
        self.assertIn('The z/VM Cloud Connector cannot be reached',
                      failed['fault']['message'])
        # It has nothing on z/VM.
        self.delete(failed)
        self.assert_host_is_left_alone()

        self.connector.start()
        self.run_periodic_tasks()
        self.assert_service_up()
        self.assertNotIn('COMPUTE_STATUS_DISABLED', self.traits())
        self._stop_server(self.server)
        self.assertIsNone(self.guest(self.server))

        # A delete while it is down fails, and can be asked for again.
        self.connector.kill()
        self.api.delete_server(self.server['id'])
        self._wait_for_state_change(self.server, 'ERROR')
        self.connector.start()
        self.delete(self.server)
        self.assertEqual([], self.rows('guests'))

    def assert_reads_are_refused(self):
        for status, read in (
                (404, lambda: self.api.post_server_action(
                    self.server['id'], {'os-getConsoleOutput': {}})),
                (409, lambda: self.admin_api.get_server_diagnostics(
                    self.server['id']))):
            error = self.assertRaises(api_client.OpenStackApiException, read)
            self.assertEqual(status, error.response.status_code)
            self.assertIn('The z/VM Cloud Connector cannot be reached',
                          error.response.text)
        [hypervisor] = self.admin_api.api_get(
            '/os-hypervisors/detail').body['hypervisors']
        self.assertIsNone(hypervisor['uptime'])

    def assert_host_is_left_alone(self):
        """See that nova sends no server here after a time."""
        self.assert_service_disables_itself()
        self.assertIn('COMPUTE_STATUS_DISABLED', self.traits())
        failed = self.boot(expected_state='ERROR')
        self.assertIn('No valid host was found', failed['fault']['message'])
        self.delete(failed)

    def traits(self):
        return self._get_provider_traits(
            self._get_provider_uuid_by_name('ZVMSYS1'))

    def test_restarted(self):
        # Between requests.
        self.connector.restart()
        self._stop_server(self.server)
        self.connector.restart()
        self._start_server(self.server)

        # Amid a request.
        self.zvm.engine.faults.add({
            'match': {'command': 'Image_Deactivate'}, 'times': 1,
            'action': {'kill_connector': 'before'}})
        self.failed_action('os-stop')
        self.assertEqual(('ACTIVE', None, power_state.RUNNING),
                         self.states(self.server))
        self.connector.start()
        self._stop_server(self.server)

        # And the token is refused during a boot.
        self.zvm.engine.faults.add({
            'match': {'kind': 'rest', 'command': '^PUT /files'}, 'times': 1,
            'action': {'status': 401, 'output': json.dumps({
                'overallRC': 400, 'modID': 120, 'rc': 400, 'rs': 401,
                'errmsg': 'expired', 'output': ''})}})
        server = self.boot(config_drive=True)
        self.assertIn(server['id'].encode(), self.guest_file(
            server, 'openstack/latest/meta_data.json'))
