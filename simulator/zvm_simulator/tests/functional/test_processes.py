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

"""The real connector with a sudo on its PATH, each command a process.

Everywhere else the connector's commands are answered without one. Here
argument lists, shell strings, here-documents, output and exit status go the
whole way.
"""

import testtools

from zvm_simulator.tests.support import fixtures as zvm_fixtures
from zvm_simulator.tests.support import rest

USERID = 'INST0001'
# Prepended to the stand-in: it notes that it was run.
COUNTING = '#!/bin/sh\necho >>{notes}\n'


class TestRealProcesses(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.zvm = self.useFixture(
            zvm_fixtures.SimulatedZVM(real_processes=True))
        self.rest = rest.Rest(self.zvm.url, self.zvm.token_file)
        programs = self.zvm.simulator.member.directory / 'bin'
        self.notes = programs / 'notes'
        for program in programs.iterdir():
            program.write_text(COUNTING.format(notes=self.notes)
                               + program.read_text())

    def import_image(self) -> None:
        stored = self.rest.upload(rest.disk_image(3000))
        self.rest.output('POST', '/images', {'image': {
            'image_name': 'rhel', 'url': stored['dest_url'],
            'image_meta': {'os_version': 'rhel8.6'}}})

    def commands(self) -> list[str]:
        return [record['name'] for record in self.zvm.engine.log()
                if record['kind'] not in ('rest', 'wait')]

    def test_life_of_a_guest(self) -> None:
        before = self.zvm.machine.state()['directory']
        self.rest.output('POST', '/guests', {'guest': {
            'userid': USERID, 'vcpus': 2, 'memory': 2048, 'disk_list': [
                {'size': '3g', 'is_boot_disk': True,
                 'disk_pool': 'ECKD:POOL1'},
                {'size': '1g', 'disk_pool': 'ECKD:POOL1', 'format': 'ext4'},
                {'size': '1g', 'disk_pool': 'FBA:FBAPOOL',
                 'format': 'xfs'}]}})
        self.import_image()
        self.rest.action(USERID, 'deploy', image='rhel')
        self.rest.action(USERID, 'start', timeout=300)
        self.assertEqual('on', self.rest.output(
            'GET', f'/guests/{USERID}/power_state_real'))
        self.assertEqual(2, self.rest.output(
            'GET', f'/guests/{USERID}/info')['online_cpu_num'])
        self.assertEqual(404, self.rest.call('GET', '/guests/NOBODY')[0])
        self.rest.action(USERID, 'stop')
        self.rest.output('DELETE', f'/guests/{USERID}')

        self.assertEqual(before, self.zvm.machine.state()['directory'])
        for command in ('Image_Create_DM', 'mkfs', 'mkfs.xfs', 'fdisk',
                        'unpackdiskimage', 'vmur', 'iucvclnt', 'udevadm'):
            self.assertIn(command, self.commands())
        self.assertEqual(len(self.commands()),
                         len(self.notes.read_text().splitlines()))
