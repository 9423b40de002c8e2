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
import pathlib
import threading

import fixtures
import testtools

from zvm_simulator.connector import launcher
from zvm_simulator.faults import dispatch
from zvm_simulator.ground import clocks
from zvm_simulator.service import channels
from zvm_simulator.tests.support import fakes


class TestRedirect(testtools.TestCase):

    def test_path_constant_is_replaced(self):
        def path(userid):
            return '/tmp/' + userid + '/tmp'

        launcher.redirect(path, {'/tmp/': '/data/'})

        self.assertEqual('/data/INST0001/tmp', path('INST0001'))


class TestWork(testtools.TestCase):

    def test_idle_when_all_have_left(self):
        work = launcher.Work()
        with work:
            with work:
                self.assertFalse(work.wait_idle(0))
            self.assertFalse(work.wait_idle(0))
        self.assertTrue(work.wait_idle(0))


class TestFront(testtools.TestCase):
    """Requests to a connector, over real sockets."""

    def setUp(self):
        super().setUp()
        self.clock = clocks.ManualClock()
        self.engine = dispatch.Engine(fakes.FakeMachine(), self.clock)
        self.killed = []
        self.engine.kill_connector = self.killed.append
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path,
                            'channel.sock')
        served = channels.Channel(path, 'ZVMSYS1', self.engine)
        served.start()
        self.addCleanup(served.stop)
        self.bodies = []
        self.work = launcher.Work()
        self.port = self._serve(launcher.Channel(str(path)))

    def _serve(self, client):
        server = launcher.RestServer('127.0.0.1', 0, launcher.Work())
        server.set_app(launcher.Front(
            client, self._application, self.work))
        threading.Thread(target=server.serve_forever, args=(0.01,),
                         daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_port

    def _application(self, environ, start_response):
        length = int(environ.get('CONTENT_LENGTH') or 0)
        self.bodies.append(environ['wsgi.input'].read(length))
        start_response('201 Created', [('Content-Length', '7')])
        return [b'mad', b'', b'e up']

    def _ask(self, method='POST', path='/guests?x=1', body=b'four'):
        connection = http.client.HTTPConnection('127.0.0.1', self.port)
        self.addCleanup(connection.close)
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers['Content-Type']

    def _fault(self, **action):
        self.engine.faults.add({
            'match': {'kind': 'rest', 'command': '^POST /guests'},
            'action': action})

    def test_request_is_relayed_and_logged(self):
        self.assertEqual((201, b'made up'), self._ask()[:2])
        self.assertEqual([b'four'], self.bodies)
        record = self.engine.log()[0]
        self.assertEqual(
            ('rest', 'POST /guests?x=1', 'POST /guests', 201, 4, 7, 'done'),
            tuple(record[field] for field in (
                'kind', 'command', 'name', 'status', 'received', 'sent',
                'outcome')))

    def test_fault_of_a_command_is_not_for_requests(self):
        self.engine.faults.add({'action': {'drop': True}})

        self.assertEqual(201, self._ask()[0])

    def test_answer_of_the_web_server(self):
        self._fault(status=503, output='<html>busy</html>')

        self.assertEqual((503, b'<html>busy</html>', 'text/html'),
                         self._ask())
        self.assertEqual([], self.bodies)

    def test_answer_in_json(self):
        self._fault(status=500, output='{"overallRC": 1}')

        self.assertEqual((500, b'{"overallRC": 1}', 'application/json'),
                         self._ask())

    def test_dropped_without_effect(self):
        self._fault(drop=True)

        self.assertRaises(ConnectionError, self._ask)
        self.assertEqual([], self.bodies)
        self.assertEqual('dropped', self.engine.log()[0]['outcome'])

    def test_answer_lost_after_the_effect(self):
        self._fault(lose_answer=True)

        self.assertRaises(ConnectionError, self._ask)
        self.assertEqual([b'four'], self.bodies)

    def test_effect_comes_after_the_client_was_answered(self):
        self._fault(late=True, delay=90, status=504, output='<html>')
        started = self.clock.now()

        self.assertEqual(504, self._ask()[0])
        self.assertTrue(self.work.wait_idle(5))
        self.assertEqual([b'four'], self.bodies)
        self.assertEqual(90, self.clock.now() - started)

    def test_gateway_gives_up_while_the_work_goes_on(self):
        self._fault(lose_answer=True, status=504, output='<html>')

        self.assertEqual(504, self._ask()[0])
        self.assertEqual([b'four'], self.bodies)

    def test_delay(self):
        begun = self.clock.now()
        self._fault(delay=100)

        self.assertEqual(201, self._ask()[0])
        self.assertEqual(100, self.clock.now() - begun)

    def test_connector_killed_before(self):
        self._fault(kill_connector='before')

        self.assertRaises(ConnectionError, self._ask)
        self.assertEqual((['ZVMSYS1'], []), (self.killed, self.bodies))

    def test_connector_killed_after(self):
        self._fault(kill_connector='after')

        self.assertRaises(ConnectionError, self._ask)
        self.assertEqual((['ZVMSYS1'], [b'four']),
                         (self.killed, self.bodies))
