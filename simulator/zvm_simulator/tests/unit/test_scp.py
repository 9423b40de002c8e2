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

"""Copies from other hosts."""

from zvm_simulator.tests.support import simulated


class ScpTestCase(simulated.SimulatorTestCase):

    def test_no_host_can_be_reached(self):
        for words, where in (
                (('-B', '-P', '22', '-o StrictHostKeyChecking=no',
                  'nova@192.0.2.9:/tmp/drive', '/tmp/a'),
                 'host 192.0.2.9 port 22:'),
                (('-P', '2222', '/tmp/a', 'compute1:/tmp/a'),
                 'host compute1 port 2222:'),
                (('/tmp/a', 'compute1:/tmp/a'), 'host compute1 port 22:')):
            status, output = self.run_command('/usr/bin/scp', *words)
            self.assertEqual(255, status)
            self.assertIn(f'ssh: connect to {where} Connection refused',
                          output)

    def test_no_host_is_named(self):
        status, output = self.run_command('/usr/bin/scp', '/tmp/a', '/tmp/b')
        self.assertEqual(1, status)
        self.assertIn('no remote host', output)
