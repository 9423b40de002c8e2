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

"""The programs with which a newer connector asks for the hardware."""

import json

from zvm_simulator.tests.support import simulated


class HardwareTestCase(simulated.SimulatorTestCase):

    def run_program(self, *words):
        status, output = self.run_command(*words)
        self.assertEqual(0, status, output)
        return output

    def test_layers(self):
        output = json.loads(self.run_program('/usr/bin/zhypinfo', '-j'))
        cec, lpar, zvm = output.values()
        self.assertEqual(['Layer 0', 'Layer 1', 'Layer 2'], list(output))
        self.assertEqual(('CEC', 'M54', '0000000000082F57', '3906', 'M04'),
                         (cec['layer_type'], cec['layer_name'],
                          cec['sequence_code'], cec['type'], cec['model']))
        self.assertEqual(('LPAR', 'LPAR1'),
                         (lpar['layer_type'], lpar['layer_name']))
        self.assertEqual(('z/VM-hypervisor', 'ZVMSYS1', 'z/VM    7.3.0'),
                         (zvm['layer_type'], zvm['layer_name'],
                          zvm['control_program_id']))

    def test_no_other_form(self):
        status, _ = self.run_command('/usr/bin/zhypinfo', '-a')
        self.assertEqual(1, status)

    def test_channel_paths(self):
        lines = self.run_program('lschp').splitlines()
        paths = {line.split()[0]: line.split()[-1] for line in lines[2:]}
        self.assertEqual('CHPID', lines[0].split()[0])
        self.assertEqual({'0.20': '0220', '0.27': '0227', '0.32': '0232'},
                         paths)

    def test_one_channel_path(self):
        lines = self.run_program('lschp', '27').splitlines()
        self.assertEqual(['0.27', '1', '1', '25', '-', '-', '0227'],
                         lines[2].split())
        self.assertEqual(2, len(self.run_program(
            'lschp', '99').splitlines()))

    def test_wrong_channel_path(self):
        status, output = self.run_command('lschp', '100')
        self.assertEqual(1, status)
        self.assertIn('100 is not a valid channel-path ID', output)
