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

"""A cluster from outside: what is whose, by which name and address."""

import json
import pathlib
import tempfile
import unittest
import urllib.error
import urllib.request

from zvm_simulator.service import scenarios
from zvm_simulator.service import server
from zvm_simulator.service import tcpports


class ClusterTestCase(unittest.TestCase):
    """A cluster without connectors."""

    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def start(self, **options):
        simulator = server.Simulator(
            self.folder.name, None, scenarios.load(pathlib.Path('ssi')),
            **options)
        simulator.start()
        self.addCleanup(simulator.stop)
        return simulator

    def ask(self, simulator, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(simulator.control_url + path,
                                    data) as answer:
            return json.load(answer)

    def test_each_member_has_files_and_ports_of_its_own(self):
        members = self.start().describe()['members']
        self.assertEqual(['ZVMSYS1', 'ZVMSYS2'], list(members))
        for name, member in members.items():
            for field in ('directory', 'config_file', 'channel', 'databases'):
                self.assertIn(f'{self.folder.name}/{name}', member[field])
        for field in ('rest_url', 'sdk_port', 'channel', 'token_file'):
            self.assertEqual(2, len({member[field]
                                     for member in members.values()}), field)

    def test_rest_ports_follow_the_first(self):
        wanted = two_ports()
        members = self.start(port=wanted).describe()['members']
        self.assertEqual([f'http://127.0.0.1:{wanted}',
                          f'http://127.0.0.1:{wanted + 1}'],
                         [member['rest_url'] for member in members.values()])

    def test_commands_and_connectors_by_member(self):
        simulator = self.start()
        for member, connector in (('ZVMSYS1', 'ZCCSRV'), ('ZVMSYS2', 'ZCC2')):
            answer = self.ask(simulator, f'/command/{member}', {
                'argv': ['sudo', 'vmcp', 'query userid']})
            self.assertEqual(f'{connector} AT {member}\n', answer['output'])
        self.assertEqual(
            simulator.members['ZVMSYS2'].describe(),
            self.ask(simulator, '/connector/ZVMSYS2/stop', {}))
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.ask(simulator, '/command/ZVMSYS3', {'argv': ['true']})
        self.addCleanup(caught.exception.close)
        self.assertEqual(404, caught.exception.code)

    def test_state_and_log_name_the_member(self):
        simulator = self.start()
        self.ask(simulator, '/command/ZVMSYS2', {'argv': ['vmcp', 'q n']})
        self.assertEqual(['ZVMSYS2'], [
            record['member'] for record in self.ask(simulator, '/log')])
        members = self.ask(simulator, '/state')['members']
        self.assertEqual(
            [('ZCCSRV', True, False), ('ZCC2', False, True)],
            [(member['connector'], 'ZCCSRV' in member['guests'],
              'ZCC2' in member['guests']) for member in members.values()])


def two_ports():
    """Return the first of two ports, one after the other, that are free."""
    while True:
        first = tcpports.Reservation()
        try:
            tcpports.Reservation(first.number + 1).release()
            return first.number
        except tcpports.PortError:
            continue
        finally:
            first.release()
