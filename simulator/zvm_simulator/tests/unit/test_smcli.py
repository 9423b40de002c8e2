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

"""What is the same for all calls of smcli."""

from zvm_simulator.commands import smcli
from zvm_simulator.tests.support import simulated


class SmcliTestCase(simulated.SimulatorTestCase):

    def test_header_is_told_when_it_is_asked_for(self):
        for words, told in (
                (('SSI_Query', '--addRCheader'), b'8 4 3008 (details)'),
                (('SSI_Query',), b'Failed'),
                (('Image_Name_Query_DM', '--addRCheader'), b'0 0 0'),
                (('Image_Name_Query_DM',), b'DATAMOVE')):
            answer = self.machine.execute(simulated.MEMBER,
                                          ['smcli', *words])
            self.assertTrue(answer.output.split(b'\n')[0].lstrip().startswith(
                told), (words, answer))

    def test_time_limit_of_newer_connectors(self):
        # zvmsdk 1.6.7 limits each call.
        for api in smcli.APIS:
            words = ['smcli', api, '--addRCheader', '-T', 'NOBODY']
            self.assertEqual(
                self.machine.execute(simulated.MEMBER, words),
                self.machine.execute(simulated.MEMBER,
                                     [*words, '--timeout', '240']), api)

    def test_unknown_call(self):
        status, output = self.run_command('smcli', 'Image_Make_Coffee',
                                          '--addRCheader')
        self.assertEqual(1, status)
        self.assertTrue(output.startswith('24 24 0 (details)'), output)
