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

"""Scenario files: defaults, and mistakes told in one sentence."""

import pathlib
import tempfile
import unittest

from nova_zvm.simulator import errors
from nova_zvm.simulator import scenario


class ScenarioTestCase(unittest.TestCase):

    def load(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'mine.yaml'
            path.write_text(text)
            return scenario.load(path)

    def assert_wrong(self, text, path, allowed):
        with self.assertRaises(errors.ScenarioError) as caught:
            self.load(text)
        message = str(caught.exception)
        self.assertIn('mine.yaml: ', message)
        self.assertIn(f' {path}: ', message)
        self.assertIn(allowed, message)
        self.assertNotIn('\n', message)

    def test_default_machine(self):
        data = scenario.load()
        self.assertEqual('ZVMSYS1', data['members'][0]['name'])
        self.assertEqual('ZCCSRV', data['members'][0]['connector'])
        self.assertEqual({'POOL1', 'FBAPOOL'}, set(data['pools']))
        self.assertEqual('AWARE', data['vswitches']['VSW1']['vlan'])
        self.assertEqual('UNAWARE', data['vswitches']['VSW2']['vlan'])
        self.assertIn('OSDFLT', data['directory']['profiles'])

    def test_what_is_left_out_is_as_in_the_default(self):
        data = self.load('timing: {boot: 5}\nmembers: '
                         '[{name: OTHER, connector: ZCC, processors: 4}]\n'
                         'vswitches: {NET1: {}}\n')
        default = scenario.load()
        self.assertEqual(5, data['timing']['boot'])
        self.assertEqual(0, data['timing']['logoff'])
        self.assertEqual((4, '3906'), (data['members'][0]['processors'],
                                       data['members'][0]['machine_type']))
        self.assertEqual(['NET1'], list(data['vswitches']))
        self.assertEqual(default['pools'], data['pools'])
        self.assertIn('USER ZCC ', data['directory']['users']['ZCC'])

    def test_empty_mapping(self):
        self.assertEqual(scenario.load(), self.load('{}'))

    def test_mistakes(self):
        for text, path, allowed in (
                ('frobs: 1', 'frobs', 'one of members'),
                ('timing: {boot: soon}', 'timing.boot', 'a number'),
                ('timing: {boot: -1}', 'timing.boot', 'not negative'),
                ('timing: 5', 'timing', 'a mapping of boot'),
                ('members: {}', 'members', 'a list'),
                ('members: []', 'members', 'at least one'),
                ('members: [{connector: Z}]', 'members[0].name',
                 'upper-case'),
                ('members: [{name: small, connector: Z}]',
                 'members[0].name', 'upper-case'),
                ('members: [{name: A, connector: Z, processors: 0}]',
                 'members[0].processors', 'above 0'),
                ('members: [{name: A, connector: Y}, '
                 '{name: B, connector: Z}]', 'ssi', 'SSI cluster'),
                ('ssi: S\nmembers: [{name: A, connector: Z}, '
                 '{name: B, connector: Z}]', 'members.*.connector',
                 'no other member'),
                ('pools: {P: {volumes: [{name: V, model: "3380", '
                 'size: 1}]}}', 'pools.P.volumes[0].model', '3390-n'),
                ('pools: {P: {}}', 'pools.P.volumes', 'missing'),
                ('vswitches: [VSW1]', 'vswitches', 'a mapping'),
                ('vswitches: {V: {vlan: maybe}}', 'vswitches.V.vlan',
                 'UNAWARE'),
                ('directory: {users: {TOOLONGNAME: x}}',
                 'directory.users.TOOLONGNAME', '1 to 8'),
                ('latency: {profile: fast}', 'latency.profile',
                 'one of instant, typical, slow'),
                ('latency: {classes: {disk: 1}}', 'latency.classes.disk',
                 'one of smapi, dirm'),
                ('latency: {classes: {cp: -1}}', 'latency.classes.cp',
                 'not negative'),
                ('faults: {}', 'faults', 'a list'),
                ('faults: [drop]', 'faults[0]', 'a mapping of id'),
                ('faults: [{action: {drop: true}}, {match: {userid: A}}]',
                 'faults[1].action', 'at least one of delay'),
                ('faults: [{action: {rc: no}}]', 'faults[0].action.rc',
                 'a whole number'),
                ('- a list', 'the file', 'a mapping of members')):
            with self.subTest(text=text):
                self.assert_wrong(text, path, allowed)

    def test_faults_and_latency(self):
        data = self.load('latency: {profile: slow, classes: {cp: 2}}\n'
                         'faults: [{match: {userid: A}, seconds: 60, '
                         'action: {outage: directory_locked}}]\n')
        self.assertEqual({'cp': 2}, data['latency']['classes'])
        self.assertEqual(60, data['faults'][0]['seconds'])

    def test_no_yaml(self):
        self.assert_wrong('{', 'not YAML', '')

    def test_no_file(self):
        with self.assertRaises(errors.ScenarioError) as caught:
            scenario.load(pathlib.Path('/nonexistent/mine.yaml'))
        self.assertIn('/nonexistent/mine.yaml', str(caught.exception))
