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

"""The real connector on the simulated z/VM, by plain HTTP."""

import io
import sqlite3
import threading

import fixtures
import pycdlib
import requests
import testtools

from zvm_simulator.service import server
from zvm_simulator.tests.support import fixtures as zvm_fixtures
from zvm_simulator.tests.support import rest

USERID = 'INST0001'
POOL = 'ECKD:POOL1'
METADATA = b'{"uuid": "9a1c", "hostname": "vm1"}'


def config_drive() -> bytes:
    """Return an ISO image as nova makes it."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=4, joliet=3, rock_ridge='1.09',
            vol_ident='config-2')
    for folder in ('openstack', 'openstack/latest'):
        iso.add_directory('/' + folder, joliet_path='/' + folder,
                          rr_name=folder.rpartition('/')[2])
    iso.add_fp(io.BytesIO(METADATA), len(METADATA),
               '/openstack/latest/meta_data.json', rr_name='meta_data.json',
               joliet_path='/openstack/latest/meta_data.json')
    content = io.BytesIO()
    iso.write_fp(content)
    return content.getvalue()


class ConnectorTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.zvm = self.useFixture(zvm_fixtures.SimulatedZVM())
        self.connector = self.zvm.simulator.member
        self.engine = self.zvm.engine
        self.rest = rest.Rest(self.zvm.url, self.zvm.token_file)

    def rows(self, database: str, table: str) -> list[tuple]:
        """Read the connector's own database."""
        connection = sqlite3.connect(
            self.connector.databases / f'sdk_{database}.sqlite')
        try:
            return connection.execute(f'SELECT * FROM {table}').fetchall()
        finally:
            connection.close()

    def guest_rows(self) -> list[str]:
        return [row[1] for row in self.rows('guest', 'guests')]

    def directory(self, userid: str = USERID) -> list[str]:
        return self.zvm.machine.directory_text(userid).splitlines()

    def state(self) -> dict[str, object]:
        """Return what of z/VM a guest leaves traces in."""
        state = self.zvm.machine.state()
        return {'guests': sorted(state['guests']), **{
            name: state[name] for name in (
                'directory', 'members', 'namelists', 'pools', 'spool')}}

    def create(self, userid: str = USERID) -> None:
        status, answer = self.rest.create(userid, POOL)
        self.assertEqual((200, 0), (status, answer['overallRC']), answer)

    def hold(self, command: str) -> tuple[threading.Event, threading.Event]:
        """Let a command wait; return that it does and how to let it go."""
        held, release = threading.Event(), threading.Event()
        self.addCleanup(release.set)
        execute = self.zvm.machine.execute

        def wait(member: str, argv: list[str]) -> object:
            if command in argv:
                held.set()
                release.wait(30)
            return execute(member, argv)

        self.zvm.machine.execute = wait
        return held, release

    def fault(self, command: str, **action: object) -> None:
        self.engine.faults.add({'match': {'command': command}, 'times': 1,
                                'action': action})


class TestLifeOfAGuest(ConnectorTest):

    def deploy(self) -> None:
        stored = self.rest.upload(rest.disk_image(3000))
        self.rest.output('POST', '/images', {'image': {
            'image_name': 'rhel', 'url': stored['dest_url'],
            'image_meta': {'os_version': 'rhel8.6'}}})
        drive = self.connector.file_repository / 'cfgdrive.iso'
        drive.write_bytes(config_drive())
        self.rest.action(USERID, 'deploy', image='rhel',
                         transportfiles=str(drive))

    def network(self) -> None:
        self.rest.output('POST', f'/guests/{USERID}/interface', {'interface': {
            'os_version': 'rhel8.6', 'guest_networks': [{
                'ip_addr': '192.0.2.5', 'cidr': '192.0.2.0/24',
                'gateway_addr': '192.0.2.1', 'nic_vdev': '1000',
                'mac_addr': '02:00:00:11:22:33', 'nic_id': 'port-1',
                'hostname': 'vm1'}]}})
        self.rest.output('PUT', '/vswitches/VSW2', {'vswitch': {
            'grant_userid': USERID}})
        self.rest.output('PUT', f'/guests/{USERID}/nic/1000', {'info': {
            'couple': True, 'vswitch': 'VSW2'}})

    def power(self) -> str:
        return self.rest.output('GET', f'/guests/{USERID}/power_state_real')

    def test_create_to_delete(self) -> None:
        before = self.state()
        self.create()
        self.assertTrue(self.directory()[0].startswith(f'USER {USERID} '))
        self.assertEqual([USERID], self.guest_rows())

        self.deploy()
        self.network()
        self.assertIn('NICDEF 1000', '\n'.join(self.directory()))
        self.assertEqual(
            [(USERID, '1000', 'VSW2', 'port-1')],
            [row[:4] for row in self.rows('network', 'switch')])

        self.rest.action(USERID, 'start', timeout=300)
        self.assertEqual('on', self.power())
        self.assertEqual(METADATA, self.zvm.machine.guest_file(
            USERID, '/mnt/config/openstack/latest/meta_data.json'))
        self.assertNotEqual('', self.rest.action(USERID,
                                                 'get_console_output'))
        self.rest.action(USERID, 'pause')
        self.rest.action(USERID, 'unpause')
        self.rest.action(USERID, 'softstop')
        self.assertEqual('off', self.power())

        self.rest.output('DELETE', f'/guests/{USERID}')
        self.assertEqual(before, self.state())
        self.assertEqual(([], []), (self.guest_rows(),
                                    self.rows('network', 'switch')))

    def test_waits_of_the_connector_are_simulated(self) -> None:
        self.create()
        self.deploy()
        self.rest.action(USERID, 'start', timeout=300)
        self.engine.clear_log()
        self.rest.action(USERID, 'softstop')

        waits = [record['latency'] for record in self.engine.log()
                 if record['kind'] == 'wait']
        self.assertEqual(15, waits[0])

    def test_log_has_requests_and_their_commands_in_order(self) -> None:
        host = self.rest.output('GET', '/host')

        self.assertEqual('zvm', host['hypervisor_type'])
        self.assertEqual(
            ['POST /token', 'GET /host', 'query userid',
             'System_Processor_Query', 'System_Information_Query',
             'System_Performance_Information_Query', 'query cplevel',
             'Image_Volume_Space_Query_DM', 'Image_Volume_Space_Query_DM'],
            [record['name'] for record in self.engine.log()])


class TestFaults(ConnectorTest):

    def test_refused(self) -> None:
        self.fault('Image_Create_DM', rc=400, rs=8, text='defined already')

        self.assertNotEqual(200, self.rest.create(USERID, POOL)[0])
        self.assertRaises(KeyError, self.directory)
        self.create()

    def test_answer_lost(self) -> None:
        self.fault('Image_Create_DM', lose_answer=True)

        self.assertEqual(500, self.rest.create(USERID, POOL)[0])
        self.assertTrue(self.directory()[0].startswith(f'USER {USERID} '))

    def test_channel_broken(self) -> None:
        self.fault('Image_Create_DM', drop=True)

        self.assertEqual(500, self.rest.create(USERID, POOL)[0])
        self.assertRaises(KeyError, self.directory)

    def test_killed_before_the_effect(self) -> None:
        self.fault('Image_Create_DM', kill_connector='before')

        self.assertRaises(requests.ConnectionError, self.rest.create, USERID,
                          POOL)
        self.assertIsNone(self.connector.pid)
        self.assertRaises(KeyError, self.directory)

    def test_killed_after_the_effect(self) -> None:
        self.fault('Image_Create_DM', kill_connector='after')

        self.assertRaises(requests.ConnectionError, self.rest.create, USERID,
                          POOL)
        self.assertTrue(self.directory()[0].startswith(f'USER {USERID} '))

    def test_killed_connector_goes_on_where_it_was(self) -> None:
        self.create()
        self.connector.kill()
        self.assertRaises(requests.ConnectionError, self.rest.call, 'GET',
                          '/guests')
        self.connector.start()

        self.assertEqual([USERID], self.rest.output('GET', '/guests'))
        self.assertIn('USER', self.rest.output(
            'GET', f'/guests/{USERID}')['user_direct'][0])

    def test_client_gives_up_and_the_effect_comes_later(self) -> None:
        held, release = self.hold('Image_Create_DM')
        self.rest.output('GET', '/guests')
        self.assertRaises(requests.Timeout, self.rest.call, 'POST', '/guests',
                          {'guest': {'userid': USERID, 'vcpus': 1,
                                     'memory': 1024, 'disk_list': []}},
                          timeout=0.1)
        held.wait(30)
        self.assertRaises(KeyError, self.directory)
        release.set()

        self.assertTrue(self.zvm.simulator.wait_idle(30))
        self.assertTrue(self.directory()[0].startswith(f'USER {USERID} '))
        self.assertEqual([USERID], self.guest_rows())

    def test_web_server_in_front_fails(self) -> None:
        self.rest.output('GET', '/guests')
        self.engine.faults.add({
            'match': {'kind': 'rest', 'command': '^GET /guests$'}, 'times': 1,
            'action': {'status': 503, 'output': '<html>busy</html>'}})

        self.assertRaises(requests.JSONDecodeError, self.rest.call, 'GET',
                          '/guests')
        self.assertEqual([], self.rest.output('GET', '/guests'))

    def test_answer_of_the_connector_lost(self) -> None:
        self.rest.output('GET', '/guests')
        self.engine.faults.add({
            'match': {'kind': 'rest', 'command': '^POST /guests$'},
            'action': {'lose_answer': True}})

        self.assertRaises(requests.ConnectionError, self.rest.create, USERID,
                          POOL)
        self.assertEqual([USERID], self.rest.output('GET', '/guests'))


class TestReset(ConnectorTest):

    def test_nothing_is_left(self) -> None:
        connector = self.connector.pid
        state = self.state()
        self.create()
        stored = self.rest.upload(rest.disk_image(3000))
        self.rest.output('POST', '/images', {'image': {
            'image_name': 'rhel', 'url': stored['dest_url'],
            'image_meta': {'os_version': 'rhel8.6'}}})
        self.fault('Image_Create_DM', drop=True)
        self.engine.latency.set_profile('typical')
        self.zvm.simulator.reset()

        self.assertEqual(state, self.state())
        self.assertEqual([], self.rest.output('GET', '/guests'))
        self.assertEqual([], self.rest.output('GET', '/images'))
        self.assertEqual([], list(self.connector.file_repository.iterdir()))
        self.assertEqual([], self.engine.faults.as_list())
        self.assertEqual(0, self.engine.latency.seconds('smapi'))
        self.assertEqual(connector, self.connector.pid)
        self.create()

    def test_connector_that_was_killed_serves_again(self) -> None:
        self.connector.kill()
        self.zvm.simulator.reset()

        self.assertEqual([], self.rest.output('GET', '/guests'))

    def test_work_that_goes_on_is_ended(self) -> None:
        """A client that has given up leaves its request behind."""
        self.useFixture(fixtures.MockPatchObject(
            server, 'RESET_SECONDS', 0.1))
        held, release = self.hold('Image_Create_DM')
        client = threading.Thread(target=self._create_in_vain)
        client.start()
        held.wait(30)
        self.zvm.simulator.reset()
        release.set()
        client.join()
        self.engine.wait_idle(30)

        self.assertRaises(KeyError, self.directory)
        self.assertEqual([], self.guest_rows())

    def _create_in_vain(self) -> None:
        try:
            self.rest.create(USERID, POOL)
        except requests.ConnectionError:
            pass


class TestParallel(ConnectorTest):

    def test_sixteen_requests_at_once(self) -> None:
        self.create()
        execute = self.zvm.machine.execute
        together = threading.Barrier(16, timeout=30)

        def meet(member: str, argv: list[str]) -> object:
            if argv[-3:-1] == ['query', 'user']:
                together.wait()
            return execute(member, argv)

        self.zvm.machine.execute = meet
        answers: list[str] = []
        self.rest.output('GET', '/guests')

        def ask() -> None:
            answers.append(self.rest.output(
                'GET', f'/guests/{USERID}/power_state_real'))

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        self.assertEqual(['off'] * 16, answers)
