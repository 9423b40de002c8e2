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

"""A cluster of two members, a real connector on each, guests between them."""

import pathlib
import sqlite3
from typing import Any

import fixtures
import testtools

from zvm_simulator.service import scenarios
from zvm_simulator.tests.support import fixtures as zvm_fixtures
from zvm_simulator.tests.support import rest

USERID = 'INST0001'
POOL = 'ECKD:POOL1'
MAC = '020000AABBCC'
SOURCE, DESTINATION = 'ZVMSYS1', 'ZVMSYS2'
CONNECTORS = {SOURCE: 'ZCCSRV', DESTINATION: 'ZCC2'}


class ClusterTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.zvm = self.useFixture(zvm_fixtures.SimulatedZVM(
            scenarios.load(pathlib.Path('ssi'))))
        self.connectors = self.zvm.simulator.members
        self.source, self.destination = (
            rest.Rest(connector.rest_url, str(connector.token_file))
            for connector in self.connectors.values())

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.zvm.machine.state()
        return state

    def guest(self) -> dict[str, Any]:
        guest: dict[str, Any] = self.state()['guests'][USERID]
        return guest

    def nics(self, member: str) -> list[tuple]:
        """Return userid, vdev, switch and port of a connector's NICs."""
        connection = sqlite3.connect(
            self.connectors[member].databases / 'sdk_network.sqlite')
        try:
            return connection.execute(
                'SELECT userid, interface, switch, port FROM switch'
            ).fetchall()
        finally:
            connection.close()

    def commands(self) -> list[tuple[str, str]]:
        """Return member and name of what has run since the last request."""
        records = self.zvm.engine.log()
        last = max(number for number, record in enumerate(records)
                   if record['kind'] == 'rest')
        return [(record['member'], record['name'])
                for record in records[last + 1:]]

    def create(self) -> None:
        status, answer = self.source.create(USERID, POOL)
        self.assertEqual((200, 0), (status, answer['overallRC']), answer)

    def deploy(self) -> None:
        stored = self.source.upload(rest.disk_image(3000))
        self.source.output('POST', '/images', {'image': {
            'image_name': 'rhel', 'url': stored['dest_url'],
            'image_meta': {'os_version': 'rhel8.6'}}})
        self.source.action(USERID, 'deploy', image='rhel')

    def add_nic(self) -> None:
        self.source.output('POST', f'/guests/{USERID}/nic', {'nic': {
            'vdev': '1000', 'nic_id': 'port-1',
            'mac_addr': '02:00:00:aa:bb:cc'}})
        self.source.output('PUT', f'/guests/{USERID}/nic/1000', {'info': {
            'couple': True, 'vswitch': 'VSW1'}})
        self.source.output('PUT', '/vswitches/VSW1', {'vswitch': {
            'grant_userid': USERID}})

    def run_guest(self) -> None:
        """Make a guest that runs at the source and can be relocated."""
        self.create()
        self.deploy()
        self.add_nic()
        self.source.action(USERID, 'start', timeout=300)

    def start_elsewhere(self) -> None:
        """Log a guest of the source's on at the destination."""
        self.create()
        self.add_nic()
        self.smcli(DESTINATION, 'Image_Activate')
        self.register(self.destination)

    def smcli(self, member: str, api: str, *words: str) -> str:
        """Run a command about the guest as a member's operator would."""
        reply = self.zvm.engine.execute(member, [
            'sudo', '/opt/zthin/bin/smcli', api, '--addRCheader', '-T',
            USERID, *words])
        return reply.output.decode()

    def migrate(self, operation: str = 'move',
                destination: str = DESTINATION,
                zcc: str | None = CONNECTORS[DESTINATION],
                parms: dict[str, Any] | None = None) -> tuple[int, Any]:
        fields = {} if zcc is None else {'dest_zcc_userid': zcc}
        return self.source.call('POST', f'/guests/{USERID}/action', {
            'action': 'live_migrate_vm', 'destination': destination,
            'operation': operation, 'parms': parms or {}, **fields})

    def assert_moved(self, **fields: Any) -> None:
        status, answer = self.migrate(**fields)
        self.assertEqual((200, 0), (status, answer['overallRC']), answer)
        self.assertEqual(DESTINATION, self.guest()['member'])

    def assert_refused(self, messages: str, operation: str = 'move',
                       **fields: Any) -> None:
        """Check that a relocation is refused, and the guest stays."""
        before = self.guest()
        status, answer = self.migrate(operation, **fields)
        rc = 4 if operation == 'test' else 8
        self.assertEqual((500, 8, rc, 3000), (
            status, answer['overallRC'], answer['rc'], answer['rs']), answer)
        self.assertIn(f'Details: {messages}', answer['errmsg'])
        self.assertEqual(before, self.guest())
        self.assertEqual([USERID], self.source.output('GET', '/guests'))

    def register(self, connector: rest.Rest, port: str = 'port-1') -> None:
        connector.action(USERID, 'register_vm', meta='os_version=rhel8.6',
                         net_set='1', port_macs={'AABBCC': port})

    def power(self, connector: rest.Rest) -> str:
        power: str = connector.output(
            'GET', f'/guests/{USERID}/power_state_real')
        return power


class TestStory(ClusterTest):

    def test_from_one_connector_to_the_other(self) -> None:
        before = self.state()
        self.run_guest()
        running = self.guest()
        self.assertEqual(200, self.migrate('test')[0])
        self.assertEqual(
            [(SOURCE, name) for name in ('q', 'q', 'query user',
                                         'VMRELOCATE')], self.commands())
        self.assertEqual(running, self.guest())

        self.assert_moved(parms={'maxtotal': 60, 'maxquiesce': 10,
                                 'immediate': 'yes'})
        self.assertEqual(
            [(SOURCE, name) for name in (
                'q', 'q', 'query user', 'VMRELOCATE', 'iucvclnt')],
            self.commands())
        self.assertIn('-k action=MOVE -k destination=ZVMSYS2 -k '
                      'immediate=YES -k max_quiesce=10 -k max_total=60',
                      self.zvm.engine.log()[-2]['command'])
        moved = self.guest()
        running['linux']['authorized'] = CONNECTORS[DESTINATION]
        self.assertEqual({**running, 'member': DESTINATION}, moved)
        self.assertEqual(('VSW1', MAC), (moved['nics'][0]['switch'],
                                         moved['nics'][0]['mac']))

        self.assertEqual([], self.source.output('GET', '/guests'))
        self.source.action(USERID, 'deregister_vm')
        self.assertEqual([], self.commands())
        self.assertEqual([], self.nics(SOURCE))
        self.register(self.destination)
        self.assertEqual(
            [(DESTINATION, name) for name in (
                'q', 'Virtual_Network_Adapter_Query_Extended')],
            self.commands())
        self.assertEqual([(USERID, '1000', 'VSW1', 'port-1')],
                         self.nics(DESTINATION))
        self.manage(self.destination)
        self.destination.output('DELETE', f'/guests/{USERID}')
        self.assert_as(before)

    def manage(self, connector: rest.Rest) -> None:
        """Do with the guest what a connector does with its own."""
        self.assertEqual([USERID], connector.output('GET', '/guests'))
        info = connector.output('GET', f'/guests/{USERID}/info')
        self.assertEqual('on', info['power_state'])
        self.assertEqual('RHEL8.6', info['os_distro'].upper())
        self.assertNotEqual('', connector.action(USERID,
                                                 'get_console_output'))
        stats = connector.output('GET', f'/guests/stats?userid={USERID}')
        self.assertLess(0, stats[USERID]['used_cpu_time_us'])
        counters = connector.output(
            'GET', f'/guests/interfacestats?userid={USERID}')
        self.assertEqual(['1000'], [nic['nic_vdev']
                                    for nic in counters[USERID]])
        for action in ('pause', 'unpause', 'reboot', 'softstop', 'start'):
            connector.action(USERID, action)
        connector.output('POST', f'/guests/{USERID}/nic', {'nic': {
            'vdev': '1003', 'active': True}})
        connector.output('DELETE', f'/guests/{USERID}/nic/1003',
                         {'active': True})
        self.assertEqual(DESTINATION, self.guest()['member'])

    def assert_as(self, before: dict[str, Any]) -> None:
        """Check that the guest has left nothing but what it is let to.

        The connector takes it off the name list of its own member and off
        the switches that it knows.
        """
        after = self.state()
        for name in ('directory', 'pools', 'spool', 'links', 'relocations'):
            self.assertEqual(before[name], after[name], name)
        self.assertEqual(sorted(before['guests']), sorted(after['guests']))
        switches = after['members'][DESTINATION]['vswitches']
        self.assertEqual({}, switches['VSW1']['grants'])
        self.assertEqual([], self.destination.output('GET', '/guests'))
        self.assertEqual([], self.nics(DESTINATION))

    def test_there_and_back(self) -> None:
        """The connector that had it before takes it up again."""
        self.run_guest()
        self.assert_moved()
        self.register(self.destination)
        self.source, self.destination = self.destination, self.source
        status, answer = self.migrate(destination=SOURCE,
                                      zcc=CONNECTORS[SOURCE])
        self.assertEqual(200, status, answer)
        self.assertEqual(SOURCE, self.guest()['member'])
        self.register(self.destination)

        self.assertEqual([], self.source.output('GET', '/guests'))
        self.assertEqual([USERID], self.destination.output('GET', '/guests'))
        self.destination.action(USERID, 'softstop')
        self.assertEqual('off', self.power(self.source))

    def test_volume_goes_along(self) -> None:
        self.run_guest()
        self.smcli(SOURCE, 'Image_Device_Dedicate', '-v', '1a03', '-r', '1a03',
                 '-R', '0')
        self.assert_moved()
        self.assertEqual({'1A03': '1A03'}, self.guest()['dedicated'])

    def test_no_authorization_is_asked_for(self) -> None:
        self.run_guest()
        self.assert_moved(zcc=None)
        self.assertEqual('VMRELOCATE', self.commands()[-1][1])
        self.assertEqual(CONNECTORS[SOURCE],
                         self.guest()['linux']['authorized'])


class TestTraps(ClusterTest):

    def test_guest_is_gone_from_the_source(self) -> None:
        self.run_guest()
        self.assert_moved()
        for method, path in (('DELETE', ''), ('GET', '/info'),
                             ('GET', '/power_state')):
            status, answer = self.source.call(
                method, f'/guests/{USERID}{path}')
            self.assertEqual((404, 404, 404, 1), (
                status, answer['overallRC'], answer['rc'], answer['rs']))
            self.assertEqual([(SOURCE, 'q')] if method == 'DELETE' else [],
                             self.commands())
        self.assertEqual(DESTINATION, self.guest()['member'])
        self.assertIn(USERID, self.state()['directory'])

    def test_on_may_be_elsewhere_and_off_may_be_nowhere(self) -> None:
        self.run_guest()
        self.assert_moved()
        self.assertEqual('on', self.power(self.source))
        self.assertEqual('on', self.power(self.destination))
        self.assertEqual('off', self.destination.output(
            'GET', '/guests/NOSUCH/power_state_real'))

    def test_moved_though_it_failed(self) -> None:
        """What is done in the guest afterwards fails: its Linux is down."""
        self.create()
        self.source.action(USERID, 'start')
        status, answer = self.migrate()

        self.assertEqual(500, status, answer)
        self.assertEqual(DESTINATION, self.guest()['member'])
        self.assertEqual([], self.source.output('GET', '/guests'))
        self.assertEqual('on', self.power(self.destination))

    def test_answer_of_the_move_is_lost(self) -> None:
        """The source does not know that the guest has gone until it looks."""
        self.run_guest()
        self.zvm.engine.faults.add({
            'match': {'command': 'VMRELOCATE'}, 'times': 1,
            'action': {'lose_answer': True}})

        self.assertEqual(500, self.migrate()[0])
        self.assertEqual(DESTINATION, self.guest()['member'])
        self.assertEqual([USERID], self.source.output('GET', '/guests'))
        path = f'/guests/{USERID}/power_state'
        self.assertEqual([200, 404], [self.source.call('GET', path)[0]
                                      for _ in range(2)])
        self.assertEqual([], self.source.output('GET', '/guests'))
        self.register(self.destination)
        self.assertEqual('on', self.destination.output('GET', path))

    def test_delete_with_an_adapter_that_is_not_coupled(self) -> None:
        """Gone from z/VM, but not from the connector, which says 404."""
        self.create()
        self.source.output('POST', f'/guests/{USERID}/nic', {'nic': {
            'vdev': '1000', 'mac_addr': '02:00:00:aa:bb:cc'}})
        self.source.action(USERID, 'start')
        self.assertEqual(500, self.migrate()[0])
        self.register(self.destination)
        status, answer = self.destination.call('DELETE', f'/guests/{USERID}')

        self.assertEqual((404, 404, 404, 1, 20), (
            status, *(answer[key] for key in ('overallRC', 'rc', 'rs',
                                              'modID'))))
        self.assertEqual([
            'q', 'q', 'query user', 'Image_Deactivate',
            'System_RDR_File_Manage', 'Image_Delete_DM', 'query userid',
            'Name_List_Remove', 'query userid',
            'Virtual_Network_Vswitch_Set_Extended'],
            [name for _, name in self.commands()])
        self.assertNotIn(USERID, self.state()['directory'])
        self.assertEqual([USERID], self.destination.output('GET', '/guests'))
        self.destination.action(USERID, 'deregister_vm')
        self.assertEqual([], self.destination.output('GET', '/guests'))

    def test_started_at_another_member(self) -> None:
        """A connector notices that a guest went, with one request delay."""
        self.start_elsewhere()
        statuses = [self.source.call('GET', f'/guests/{USERID}/power_state')[0]
                    for _ in range(2)]

        self.assertEqual([200, 404], statuses)
        self.assertEqual('on', self.destination.output(
            'GET', f'/guests/{USERID}/power_state'))
        self.smcli(DESTINATION, 'Image_Deactivate')
        self.assertEqual([], self.source.output('GET', '/guests'))


class TestRefusals(ClusterTest):

    def test_no_such_place(self) -> None:
        self.run_guest()
        for destination in ('NOSYS', SOURCE):
            for operation in ('test', 'move'):
                self.assert_refused('HCP0002E', operation,
                                    destination=destination)

    def test_parms_are_needed(self) -> None:
        """Though the connector's schema lets them be left out."""
        self.create()
        status, answer = self.source.call(
            'POST', f'/guests/{USERID}/action', {
                'action': 'live_migrate_vm', 'destination': DESTINATION,
                'operation': 'move'})
        self.assertEqual((500, 400, 400, 500), (
            status, answer['overallRC'], answer['rc'], answer['rs']))

    def test_guest_is_off(self) -> None:
        self.create()
        for operation in ('test', 'move'):
            status, answer = self.migrate(operation)
            self.assertEqual((409, 409, 1), (
                status, answer['overallRC'], answer['rs']), answer)

    def test_switch_is_missing_there(self) -> None:
        self.run_guest()
        self.destination.output('DELETE', '/vswitches/VSW1')
        for operation in ('test', 'move'):
            self.assert_refused('HCP1940E HCP2788E', operation)

    def test_switch_there_is_of_another_network(self) -> None:
        self.run_guest()
        self.destination.output('DELETE', '/vswitches/VSW1')
        self.destination.output('POST', '/vswitches', {'vswitch': {
            'name': 'VSW1', 'rdev': 'a30', 'vid': 'AWARE'}})
        self.assert_refused('HCP1940E HCP1983E')

    def test_too_long(self) -> None:
        self.run_guest()
        self.assert_refused('HCP1922E', parms={'maxtotal': 5})
        self.assert_moved(parms={'maxtotal': -1, 'maxquiesce': -1})

    def test_domain(self) -> None:
        self.create()
        entry = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'entry')
        entry.write_text(self.zvm.machine.directory_text(USERID) +
                         f'COMMAND SET VMRELOCATE * DOMAIN {SOURCE}\n')
        self.smcli(SOURCE, 'Image_Lock_DM')
        self.smcli(SOURCE, 'Image_Replace_DM', '-f', str(entry))
        self.source.action(USERID, 'start')
        self.assert_refused('HCP1940E HCP1944E', 'test')
        self.assert_refused('HCP1940E HCP1944E', parms={'forcearch': 'yes'})
        self.assert_moved(parms={'forcedomain': 'yes'}, zcc=None)

    def test_logon_at_two_members(self) -> None:
        """Starting a guest that is on elsewhere changes nothing."""
        self.run_guest()
        before = self.guest()
        self.assertEqual(['8', '200', '8'], self.smcli(
            DESTINATION, 'Image_Activate').split()[:3])
        self.assertEqual(before, self.guest())


class TestHost(ClusterTest):

    def test_cluster(self) -> None:
        for connector in (self.source, self.destination):
            lines = connector.output('GET', '/host/ssi')
            self.assertEqual(['SSI_Query'],
                             [name for _, name in self.commands()])
            self.assertEqual(
                ['ssi_name = SIMSSI', 'ssi_mode = Stable'], lines[:2])
            self.assertEqual(
                [f'member_system_id = {name}' for name in CONNECTORS],
                [line for line in lines if 'system_id' in line])

    def test_guests_of_one_member(self) -> None:
        """The connector asks for each userid where it is."""
        self.start_elsewhere()
        self.assertNotIn(USERID, self.source.output('GET', '/host/guests'))
        names = [name for _, name in self.commands()]
        self.assertEqual(['Image_Name_Query_DM', 'SSI_Query'], names[:2])
        self.assertEqual(['q'] * 2 * len(
            [entry for entry in self.state()['directory'].values()
             if not entry['profile']]), names[2:])
        found = self.destination.output('GET', '/host/guests')
        self.assertIn(USERID, found)
        for userid in ('TCPIP', 'OPERATOR', CONNECTORS[DESTINATION]):
            self.assertIn(userid, found)
        self.assertNotIn(CONNECTORS[SOURCE], found)

    def test_one_directory_and_one_disk_pool(self) -> None:
        free = self.state()['pools']['POOL1']['free']
        self.create()
        used = free - self.state()['pools']['POOL1']['free']
        self.assertNotEqual(200, self.destination.create(USERID, POOL)[0])
        self.assertEqual(free - used, self.state()['pools']['POOL1']['free'])
        self.assertEqual(200, self.destination.create('INST0002', POOL)[0])
        self.assertEqual(free - 2 * used,
                         self.state()['pools']['POOL1']['free'])

    def test_each_connector_is_at_its_member(self) -> None:
        hosts = [connector.output('GET', '/host')
                 for connector in (self.source, self.destination)]
        self.assertEqual(
            [(name, userid) for name, userid in CONNECTORS.items()],
            [(host['hypervisor_hostname'], host['zcc_userid'])
             for host in hosts])
        self.assertEqual([16, 8], [host['vcpus'] for host in hosts])


class TestOneSystem(testtools.TestCase):
    """Registering, deregistering and moving without a cluster."""

    def setUp(self) -> None:
        super().setUp()
        self.zvm = self.useFixture(zvm_fixtures.SimulatedZVM())
        self.rest = rest.Rest(self.zvm.url, self.zvm.token_file)

    def act(self, userid: str, action: str, **fields: Any) -> tuple[int, Any]:
        return self.rest.call('POST', f'/guests/{userid}/action',
                              {'action': action, **fields})

    def test_guest_of_others_is_taken_up_and_left(self) -> None:
        self.assertEqual(200, self.rest.create(USERID, POOL)[0])
        self.rest.output('POST', f'/guests/{USERID}/nic', {'nic': {
            'vdev': '1000', 'mac_addr': '02:00:00:aa:bb:cc'}})
        self.rest.action(USERID, 'start')
        before = self.zvm.machine.directory_text(USERID)
        self.rest.action(USERID, 'deregister_vm')
        self.assertEqual([], self.rest.output('GET', '/guests'))
        self.assertEqual(404, self.rest.call(
            'GET', f'/guests/{USERID}/info')[0])
        self.rest.action(USERID, 'register_vm', meta='os_version=rhel8.6',
                         net_set='1', port_macs={'AABBCC': 'port-9'})

        self.assertEqual([USERID], self.rest.output('GET', '/guests'))
        [nic] = self.rest.output('GET', f'/guests/nics?userid={USERID}')
        self.assertEqual(('1000', 'port-9'), (nic['interface'], nic['port']))
        self.assertEqual(before, self.zvm.machine.directory_text(USERID))

    def test_no_cluster(self) -> None:
        self.assertEqual([], self.rest.output('GET', '/host/ssi'))
        self.assertEqual(200, self.rest.create(USERID, POOL)[0])
        self.rest.action(USERID, 'start')
        status, answer = self.act(
            USERID, 'live_migrate_vm', destination=DESTINATION,
            operation='test', parms={})
        self.assertEqual((500, 8, 8, 3008), (
            status, *(answer[key] for key in ('overallRC', 'rc', 'rs'))))

    def test_unknown_userid(self) -> None:
        status, answer = self.act('NOSUCH', 'register_vm', meta='',
                                  net_set='1')
        self.assertEqual((404, 404), (status, answer['overallRC']))
        self.assertEqual(200, self.act('NOSUCH', 'deregister_vm')[0])

    def test_guest_without_adapter(self) -> None:
        """It is in the connector's database by then, which is a quirk."""
        self.assertEqual(200, self.rest.create(USERID, POOL)[0])
        self.rest.action(USERID, 'start')
        self.rest.action(USERID, 'deregister_vm')
        status, answer = self.act(USERID, 'register_vm', meta='',
                                  net_set='1')
        self.assertEqual((409, 300, 5), (
            status, answer['overallRC'], answer['rs']), answer)
        self.assertEqual([USERID], self.rest.output('GET', '/guests'))
