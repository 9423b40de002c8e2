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

import contextlib
import pathlib
import tempfile
import unittest

from zvm_simulator.ground import errors
from zvm_simulator.service import scenarios


class ScenarioTestCase(unittest.TestCase):

    def load(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'mine.yaml'
            path.write_text(text)
            return scenarios.load(path)

    def assert_wrong(self, text, path, allowed):
        with self.assertRaises(errors.ScenarioError) as caught:
            self.load(text)
        message = str(caught.exception)
        self.assertIn('mine.yaml: ', message)
        self.assertIn(f' {path}: ', message)
        self.assertIn(allowed, message)
        self.assertNotIn('\n', message)

    def test_default_machine(self):
        data = scenarios.load()
        self.assertEqual('ZVMSYS1', data['members'][0]['name'])
        self.assertEqual('ZCCSRV', data['members'][0]['connector'])
        self.assertEqual({'POOL1', 'FBAPOOL'}, set(data['pools']))
        self.assertEqual('AWARE', data['vswitches']['VSW1']['vlan'])
        self.assertEqual('UNAWARE', data['vswitches']['VSW2']['vlan'])
        self.assertIn('OSDFLT', data['directory']['profiles'])

    def test_what_is_left_out_is_as_in_the_default(self):
        data = self.load('timing: {logoff: 5}\nmembers: '
                         '[{name: OTHER, connector: ZCC, processors: 4}]\n'
                         'vswitches: {NET1: {}}\n')
        default = scenarios.load()
        self.assertEqual(5, data['timing']['logoff'])
        self.assertEqual(0, data['timing']['directory_delete'])
        self.assertEqual((4, '3906'), (data['members'][0]['processors'],
                                       data['members'][0]['machine_type']))
        self.assertEqual(['NET1'], list(data['vswitches']))
        self.assertEqual(default['pools'], data['pools'])
        self.assertIn('USER ZCC ', data['directory']['users']['ZCC'])

    def test_what_comes_with_the_product(self):
        self.assertEqual(scenarios.load(),
                         scenarios.load(pathlib.Path('default')))
        data = scenarios.load(pathlib.Path('ssi'))
        self.assertEqual(('SIMSSI', ['ZVMSYS1', 'ZVMSYS2'],
                          ['ZCCSRV', 'ZCC2']),
                         (data['ssi'],
                          [member['name'] for member in data['members']],
                          [member['connector'] for member in
                           data['members']]))
        self.assertEqual(scenarios.load()['pools'], data['pools'])

    def test_file_of_that_name_comes_first(self):
        with tempfile.TemporaryDirectory() as folder, (
                contextlib.chdir(folder)):
            pathlib.Path('default').mkdir()
            pathlib.Path('ssi').write_text('timing: {logoff: 7}')
            self.assertEqual(7, scenarios.load(
                pathlib.Path('ssi'))['timing']['logoff'])
            self.assertEqual(scenarios.load(),
                             scenarios.load(pathlib.Path('default')))

    def test_name_that_is_none(self):
        with self.assertRaises(errors.ScenarioError) as caught:
            scenarios.load(pathlib.Path('sysplex'))
        self.assertIn('default, ssi', str(caught.exception))

    def test_volume_is_everywhere_unless_it_is_told(self):
        data = self.load('volumes: [{name: V1, model: 3390-09, size: 10}, '
                         '{name: V2, model: 3390-09, size: 10, '
                         'members: [ZVMSYS1]}]')
        self.assertEqual([[], ['ZVMSYS1']],
                         [volume['members'] for volume in data['volumes']])

    def test_empty_mapping(self):
        self.assertEqual(scenarios.load(), self.load('{}'))

    def test_mistakes(self):
        for text, path, allowed in (
                ('frobs: 1', 'frobs', 'one of members'),
                ('timing: {logoff: soon}', 'timing.logoff', 'a number'),
                ('timing: {logoff: -1}', 'timing.logoff', 'not negative'),
                ('timing: 5', 'timing', 'a mapping of logoff'),
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
                ('pools: {P: {volumes: [{name: V, model: 3390-09, size: 1, '
                 'members: [ELSE]}]}}', 'pools.P.volumes.V.members',
                 'ZVMSYS1'),
                ('volumes: [{name: V, model: 3390-09, size: 1, '
                 'members: ELSE}]', 'volumes[0].members', 'a list'),
                ('volumes: 5', 'volumes', 'a list'),
                ('relocation_domains: {D: [ELSE]}', 'relocation_domains.D',
                 'ZVMSYS1'),
                ('members: [{name: A, connector: Z, eqids: {A1: lower}}]',
                 'members[0].eqids.A1', 'EQID'),
                ('members: [{name: A, connector: Z, eqids: {CAGE: E}}]',
                 'members[0].eqids.CAGE', 'device numbers'),
                ('timing: {relocation: long}', 'timing.relocation',
                 'a number'),
                ('pools: {P: {}}', 'pools.P.volumes', 'missing'),
                ('vswitches: [VSW1]', 'vswitches', 'a mapping'),
                ('vswitches: {V: {vlan: maybe}}', 'vswitches.V.vlan',
                 'UNAWARE'),
                ('members: [{name: A, connector: Z, fcp: [{devices: 1A0X, '
                 'chpid: "27", wwpn_prefix: C05076DE, physical_wwpn: '
                 'C05076DE33002E27}]}]', 'members[0].fcp[0].devices',
                 'device numbers'),
                ('members: [{name: A, connector: Z, osa_devices: [A00-]}]',
                 'members[0].osa_devices[0]', 'device numbers'),
                ('storage: {S: {ports: ["50"], initiators: [], luns: []}}',
                 'storage.S.ports[0]', 'sixteen'),
                ('storage: {S: {ports: [], initiators: ["*5"], luns: []}}',
                 'storage.S.initiators[0]', 'a port name'),
                ('storage: {S: {ports: [], initiators: [], '
                 'luns: [{lun: "0001000000000000", size_gib: 0, '
                 'os_version: ""}]}}', 'storage.S.luns[0].size_gib',
                 'above 0'),
                ('directory: {users: {TOOLONGNAME: x}}',
                 'directory.users.TOOLONGNAME', '1 to 8'),
                ('connector: 5', 'connector', 'a mapping'),
                ('connector: {zvm: {Disk Pool: x}}',
                 'connector.zvm.Disk Pool', 'zvmsdk.conf'),
                ('connector: {zvm: {disk_pool: [x]}}',
                 'connector.zvm.disk_pool', 'text, a number'),
                ('connector: {sdkserver: {bind_port: 2000}}',
                 'connector.sdkserver.bind_port', 'it sets database.dir'),
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
                ('faults: [{match: {command: "("}, action: {drop: true}}]',
                 'faults[0].match.command', 'regular expression'),
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
            scenarios.load(pathlib.Path('/nonexistent/mine.yaml'))
        self.assertEqual('/nonexistent/mine.yaml: No such file or directory; '
                         'give a YAML file or one of default, ssi.',
                         str(caught.exception))

    def test_connector_options(self):
        data = self.load('connector: {monitor: {cache_interval: 0}, '
                         'zvm: {user_profile: OTHER}}')
        self.assertEqual({'monitor': {'cache_interval': 0},
                          'zvm': {'user_profile': 'OTHER'}},
                         data['connector'])

    def test_latencies(self):
        self.assertEqual({'profile': 'instant', 'classes': {'smapi': 2.5}},
                         self.load('latency: {classes: {smapi: 2.5}}')[
                             'latency'])

    def test_faults(self):
        fault = {'match': {'userid': 'INST0001'}, 'action': {'drop': True}}
        self.assertEqual([fault], self.load(
            'faults: [{match: {userid: INST0001}, action: {drop: true}}]')[
                'faults'])
