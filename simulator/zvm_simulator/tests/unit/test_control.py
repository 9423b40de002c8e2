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

import http.client
import json
import socket
import urllib.error
import urllib.request

import fixtures
import testtools

from zvm_simulator.connector import process
from zvm_simulator.faults import dispatch
from zvm_simulator.ground import clocks
from zvm_simulator.service import control
from zvm_simulator.service.page import documents
from zvm_simulator.tests.support import fakes


class FakeConnector:
    member = 'ZVMSYS1'

    def __init__(self):
        self.done = []

    def __getattr__(self, verb):
        return lambda: self.done.append(verb)

    def start(self):
        raise process.ConnectorError('The connector does not start.')

    def describe(self):
        return {'pid': 1}


class FakeSystem:

    def __init__(self):
        self.machine = fakes.FakeMachine()
        self.clock = clocks.ScaledClock()
        self.engine = dispatch.Engine(self.machine, self.clock)
        self.members = {'ZVMSYS1': FakeConnector()}
        self.resets = 0
        self.silent = []

    def silent_members(self):
        return self.silent

    def describe(self):
        return {'members': {'ZVMSYS1': {}}}

    def reset(self):
        self.resets += 1


class TestControl(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.system = FakeSystem()
        self.server = control.ControlServer(0, self.system)
        self.port = self.server.server_address[1]
        self.server.start()
        self.addCleanup(self.server.stop)

    def _raw(self, method, path, body=None):
        request = urllib.request.Request(
            f'http://127.0.0.1:{self.port}{path}', method=method, data=body)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        status, content = self._raw(method, path, data)
        return status, json.loads(content)

    def test_ready_and_state(self):
        self.assertEqual((200, self.system.describe()),
                         self._ask('GET', '/ready'))
        self.assertEqual((200, self.system.machine.state()),
                         self._ask('GET', '/state'))

    def test_health(self):
        self.assertEqual((200, {'status': 'ok'}), self._ask('GET', '/healthz'))
        self.system.silent = ['ZVMSYS1', 'ZVMSYS2']
        self.assertEqual(
            (503, {'error':
                   'The connector does not serve on ZVMSYS1, ZVMSYS2.'}),
            self._ask('GET', '/healthz'))

    def test_log(self):
        for command in ('a', 'b'):
            self.system.engine.execute('ZVMSYS1', ['vmcp', command])

        self.assertEqual(2, len(self._ask('GET', '/log')[1]))
        self.assertEqual(
            ['vmcp b'],
            [one['command'] for one in self._ask('GET', '/log?since=1')[1]])
        self.assertEqual(400, self._ask('GET', '/log?since=x')[0])
        self._ask('POST', '/log/clear')
        self.assertEqual([], self._ask('GET', '/log')[1])

    def test_faults(self):
        fault = {'match': {'command': 'vmcp'}, 'action': {'drop': True}}
        status, answer = self._ask('POST', '/faults', fault)
        self.assertEqual(200, status)
        listed = self._ask('GET', '/faults')[1]
        self.assertEqual(answer['id'], listed[0]['id'])

        self._ask('DELETE', f'/faults/{answer["id"]}')
        self.assertEqual([], self._ask('GET', '/faults')[1])
        self.assertEqual(
            404, self._ask('DELETE', f'/faults/{answer["id"]}')[0])

    def test_all_faults_removed(self):
        for _ in range(2):
            self._ask('POST', '/faults', {'action': {'drop': True}})
        self._ask('DELETE', '/faults')

        self.assertEqual([], self._ask('GET', '/faults')[1])

    def test_wrong_fault(self):
        status, answer = self._ask('POST', '/faults', {'action': {'x': 1}})

        self.assertEqual(400, status)
        self.assertIn('the fault: action.x: expected', answer['error'])

    def test_body_of_another_shape(self):
        for method, path, body in (
                ('PUT', '/latency', {'classes': 3}),
                ('PUT', '/latency', {'profile': ['slow']}),
                ('POST', '/command/ZVMSYS1', {'argv': 5}),
                ('POST', '/command/ZVMSYS1', {'argv': []}),
                ('POST', '/command/ZVMSYS1', {'argv': ['vmcp', 1]}),
                ('PUT', '/time', {'speed': float('inf')}),
                ('PUT', '/time', {'advance': float('nan')})):
            status, answer = self._ask(method, path, body)
            self.assertEqual(400, status, (path, body))
            self.assertIn('must be', answer['error'])
        self.assertEqual(1, self._ask('GET', '/time')[1]['speed'])

    def test_file_of_nobody(self):
        status, answer = self._ask('GET', '/guests/NOBODY/files?path=/a')
        self.assertEqual((404, 'Not found: NOBODY.'),
                         (status, answer['error']))

    def test_time(self):
        self.assertEqual(1, self._ask('GET', '/time')[1]['speed'])
        self.assertEqual(
            60, self._ask('PUT', '/time', {'speed': 60})[1]['speed'])

        self.assertEqual(60, self.system.clock.speed)
        before = self.system.clock.now()
        self.assertGreaterEqual(
            self._ask('PUT', '/time', {'advance': 1e6})[1]['now'],
            before + 1e6)
        for body in ({'speed': 0}, {'speed': 'fast'}, {'speed': True}, {},
                     [1], {'advance': -1}, {'advance': '1'}):
            self.assertEqual(400, self._ask('PUT', '/time', body)[0])
        self.assertEqual(60, self.system.clock.speed)

    def test_latency(self):
        self.assertEqual(
            'typical', self._ask('PUT', '/latency',
                                 {'profile': 'typical'})[1]['profile'])
        self.assertEqual(
            3, self._ask('PUT', '/latency',
                         {'classes': {'cp': 3}})[1]['classes']['cp'])
        self.assertEqual(
            400, self._ask('PUT', '/latency', {'profile': 'x'})[0])
        self.assertEqual(3, self._ask('GET', '/latency')[1]['classes']['cp'])

    def test_connector(self):
        done = self.system.members['ZVMSYS1'].done
        for verb in ('kill', 'restart', 'stop'):
            self.assertEqual((200, {'pid': 1}), self._ask(
                'POST', f'/connector/ZVMSYS1/{verb}'))

        self.assertEqual(['kill', 'restart', 'stop'], done)
        self.assertEqual(
            (500, {'error': 'The connector does not start.'}),
            self._ask('POST', '/connector/ZVMSYS1/start'))
        self.assertEqual(
            404, self._ask('POST', '/connector/ZVMSYS1/describe')[0])
        self.assertEqual(404, self._ask('POST', '/connector/ZVMX/kill')[0])

    def test_requests_of_a_connector_that_is_ended(self):
        """They are over; those of another connector are not."""
        for verb in ('kill', 'restart', 'stop'):
            for member in ('ZVMSYS1', 'ZVMSYS2'):
                self.system.engine.begin_request(member, f'GET /{verb}', 0)
            self._ask('POST', f'/connector/ZVMSYS1/{verb}')

        for record in self.system.engine.log():
            self.assertEqual(
                'dropped' if record['member'] == 'ZVMSYS1' else 'running',
                record['outcome'])

    def test_command(self):
        self.assertEqual(
            (200, {'status': 0, 'output': 'done\n'}),
            self._ask('POST', '/command/ZVMSYS1',
                      {'argv': ['vmcp', 'query', 'names']}))

    def test_reset(self):
        self._ask('POST', '/reset')

        self.assertEqual(1, self.system.resets)

    def test_guest(self):
        self.assertEqual(
            (200, {'userid': 'INST0001',
                   'text': 'USER INST0001 LBYONLY 1G 2G G\n'}),
            self._ask('GET', '/guests/inst0001/directory'))
        self.assertEqual(
            (200, b'\x00\xff'),
            self._raw('GET', '/guests/INST0001/files?path=/mnt/config/a'))
        self.assertEqual(
            404, self._ask('GET', '/guests/INST0002/directory')[0])
        self.assertEqual(
            404, self._ask('GET', '/guests/INST0001/files?path=/b')[0])
        self.assertEqual(400, self._ask('GET', '/guests/INST0001/files')[0])

    def test_status_page(self):
        """At the root and under its name, for browsers."""
        self.useFixture(fixtures.MonkeyPatch(
            'zvm_simulator.service.page.documents.document',
            lambda system, name, query: documents.Document(
                'text/html', f'\u00fc {name} {query}')))
        for path, text in (
                ('/', 'status {}'), ('/status', 'status {}'),
                ('/?guest=A&page=2', "status {'guest': 'A', 'page': '2'}"),
                ('/status/log', 'log {}')):
            with urllib.request.urlopen(
                    f'http://127.0.0.1:{self.port}{path}') as answer:
                self.assertEqual(f'\u00fc {text}', answer.read().decode())
                self.assertEqual('text/html; charset=utf-8',
                                 answer.headers['Content-Type'])
                self.assertIn("default-src 'none'", answer.headers[
                    'Content-Security-Policy'])
        self.assertEqual(404, self._ask('POST', '/status')[0])

    def test_no_such_part_of_the_page(self):
        for path in ('/status/other', '/status/..%2Fviews.py', '/status/a/b'):
            self.assertEqual(404, self._ask('GET', path)[0])

    def test_other_sites_in_the_same_browser(self):
        own = f'127.0.0.1:{self.port}'
        for headers, status in (
                ({}, 200), ({'Origin': f'http://{own}'}, 200),
                ({'Host': 'localhost:8080',
                  'Origin': 'http://localhost:8080'}, 200),
                ({'Origin': 'http://evil.example.org'}, 403),
                ({'Origin': 'null'}, 403),
                ({'Host': 'evil.example.org'}, 403),
                ({'Host': '[evil'}, 403),
                ({'Host': f'evil.example.org:{self.port}',
                  'Origin': f'http://evil.example.org:{self.port}'}, 403)):
            connection = http.client.HTTPConnection('127.0.0.1', self.port)
            self.addCleanup(connection.close)
            connection.request('POST', '/reset', headers=headers)
            self.assertEqual(status, connection.getresponse().status, headers)

        self.assertEqual(3, self.system.resets)

    def test_names_beyond_loopback(self):
        """Any address of this machine may be used, a name of another not."""
        server = control.ControlServer(0, self.system, '0.0.0.0')
        server.start()
        self.addCleanup(server.stop)
        port = server.server_address[1]
        for host, status in (('127.0.0.1', 200), ('192.0.2.7:8081', 200),
                             ('localhost', 200), (socket.gethostname(), 200),
                             ('evil.example.org', 403)):
            connection = http.client.HTTPConnection('127.0.0.1', port)
            self.addCleanup(connection.close)
            connection.request('POST', '/reset', headers={'Host': host})
            self.assertEqual(status, connection.getresponse().status, host)

    def test_not_there(self):
        self.assertEqual(404, self._ask('GET', '/nothing')[0])
        self.assertEqual(404, self._ask('PUT', '/state')[0])

    def test_not_json(self):
        self.assertEqual(400, self._raw('POST', '/faults', b'{')[0])
