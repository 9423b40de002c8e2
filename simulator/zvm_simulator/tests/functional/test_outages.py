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

"""What the connector makes of z/VM services that are out."""

from typing import Any

import testtools

from zvm_simulator.ground import latency
from zvm_simulator.tests.support import fixtures as zvm_fixtures
from zvm_simulator.tests.support import invariants
from zvm_simulator.tests.support import rest

USERID = 'INST0001'
POOL = 'ECKD:POOL1'
NIC = {'nic': {'vdev': '1000'}}
DISK = {'disk_info': {'disk_list': [{'size': '1g', 'format': 'none'}]}}
# What smtclient._create_nic waits between its tries while an entry is locked.
LOCK_WAITS = [1, 3, 5, 8]


class OutageTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.zvm = self.useFixture(zvm_fixtures.SimulatedZVM())
        self.engine = self.zvm.engine
        self.rest = rest.Rest(self.zvm.url, self.zvm.token_file)
        self.assertEqual(200, self.rest.create(USERID, POOL)[0])
        self.addCleanup(
            lambda: invariants.check(self.zvm.machine.state(), live=()))

    def out(self, outage: str, **fault: Any) -> None:
        self.engine.faults.add({'action': {'outage': outage}, **fault})

    def ask(self, method: str, path: str, body: Any = None) -> tuple:
        """Return the status and the three codes of an answer."""
        self.engine.clear_log()
        status, answer = self.rest.call(method, path, body)
        return (status, answer['overallRC'], answer['rc'], answer['rs'])

    def waits(self) -> list[float]:
        """Return what the connector waited in the last request."""
        return [record['latency'] for record in self.engine.log()
                if record['kind'] == 'wait']

    def start(self) -> tuple:
        return self.ask('POST', f'/guests/{USERID}/action',
                        {'action': 'start'})

    def text(self) -> str:
        return str(self.zvm.machine.directory_text(USERID))


class TestSmapi(OutageTest):

    def assert_out(self, outage: str, rc: int) -> None:
        before = self.text()
        self.out(outage)
        wanted = (500, 500, rc, 0)
        self.assertEqual(wanted, self.start())
        self.assertEqual(wanted, self.ask('GET', '/host'))
        self.assertEqual(wanted, self.ask('GET', f'/guests/{USERID}'))
        self.assertEqual(wanted, self.ask(
            'POST', f'/guests/{USERID}/disks', DISK))
        self.assertEqual(wanted, self.ask('DELETE', f'/guests/{USERID}'))
        # CP answers all the same.
        self.assertEqual('off', self.rest.output(
            'GET', f'/guests/{USERID}/power_state_real'))
        self.assertEqual(before, self.text())
        self.engine.faults.clear()
        self.assertEqual((200, 0, 0, 0), self.start())

    def test_down(self) -> None:
        self.assert_out('smapi_down', -110)

    def test_silent(self) -> None:
        self.assert_out('smapi_silent', -108)


class TestDirectoryLocked(OutageTest):

    def test_whole(self) -> None:
        before = self.text()
        self.out('directory_locked')
        self.assertEqual((500, 8, 400, 12),
                         self.ask('DELETE', f'/guests/{USERID}'))
        self.assertEqual((500, 8, 400, 12),
                         self.ask('POST', f'/guests/{USERID}/disks', DISK))
        self.assertEqual((500, 8, 400, 12), self.ask(
            'POST', '/guests', {'guest': {
                'userid': 'INST0002', 'vcpus': 1, 'memory': 1024,
                'disk_list': []}}))
        self.assertEqual(before, self.text())
        # To read it and to log on needs no change.
        self.assertEqual((200, 0, 0, 0),
                         self.ask('GET', f'/guests/{USERID}'))
        self.assertEqual((200, 0, 0, 0), self.start())

    def test_one_entry_for_a_time(self) -> None:
        self.assertEqual(200, self.rest.create('INST0002', POOL)[0])
        self.out('directory_locked', match={'userid': USERID}, seconds=1e6)
        self.assertEqual((409, 409, 409, 7),
                         self.ask('POST', f'/guests/{USERID}/nic', NIC))
        self.assertEqual(LOCK_WAITS, self.waits())
        self.assertEqual((200, 0, 0, 0),
                         self.ask('POST', '/guests/INST0002/nic', NIC))
        self.assertEqual([], self.waits())
        self.zvm.simulator.clock.advance(1e6)
        self.assertEqual((200, 0, 0, 0),
                         self.ask('POST', f'/guests/{USERID}/nic', NIC))
        self.assertIn('NICDEF 1000', self.text())

    def test_ends_while_the_connector_tries_again(self) -> None:
        self.out('directory_locked', times=2)
        self.assertEqual((200, 0, 0, 0),
                         self.ask('POST', f'/guests/{USERID}/nic', NIC))
        self.assertEqual(LOCK_WAITS[:2], self.waits())


class TestPerformanceData(OutageTest):

    def test_outage(self) -> None:
        self.out('persmapi_off')
        self.assertEqual((500, 8, 8, 3016), self.ask('GET', '/host'))
        self.assertEqual((200, 0, 0, 0), self.start())

    def test_persmapi_logged_off(self) -> None:
        for api, answer in (('Image_Deactivate', (500, 8, 8, 3016)),
                            ('Image_Activate', (200, 0, 0, 0))):
            self.zvm.machine.execute(
                'ZVMSYS1', ['smcli', api, '-T', 'PERSMAPI'])
            self.assertEqual(answer, self.ask('GET', '/host'))


class TestLatency(OutageTest):

    def test_every_command_takes_the_time_of_its_kind(self) -> None:
        for profile in latency.PROFILES:
            self.engine.latency.set_profile(profile)
            begun = self.zvm.simulator.clock.now()
            self.ask('GET', '/host')
            passed = self.zvm.simulator.clock.now() - begun
            records = [record for record in self.engine.log()
                       if record['kind'] in latency.PROFILES[profile]]

            self.assertEqual(7, len(records))
            self.assertEqual(
                [latency.PROFILES[profile][record['kind']]
                 for record in records],
                [record['latency'] for record in records])
            self.assertGreaterEqual(
                passed, sum(record['latency'] for record in records))
