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

"""What nova-zvm-adopt does with the verdicts, and how it tells them."""

import contextlib
import io
import json
import os
import types
from unittest import mock

import fixtures
from nova.compute import vm_states
from nova.network import model
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.cmd import adopt
from nova_zvm.cmd import output
from nova_zvm.record import ownership
from nova_zvm.tests.support import inmemory

VIFS = {number: inmemory.vif(getattr(uuids, 'port%d' % number),
                             mac='02:00:00:00:00:0%d' % number)
        for number in (1, 2, 3)}


class AdoptCommandTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.servers = [self.put_server(number) for number in VIFS]
        self.deployed = types.SimpleNamespace(
            on_host=self.servers, service_is_up=False, contact=None,
            connector=self.connector, conf=inmemory.CONF,
            settings=self.read_settings(), claims={})

    def put_server(self, number):
        """Let nova have a server, and z/VM its guest."""
        userid = 'ABC0000%d' % number
        vif = VIFS[number]
        self.connector.put_guest(userid)
        self.connector.nics.create(userid, '1000', vif['id'],
                                   vif['address'])
        self.connector.zvm[userid].nics['1000'] = vif
        server = self.instance(
            id=number, uuid=getattr(uuids, 'server%d' % number),
            vm_state=vm_states.ACTIVE, task_state=None, vcpus=1,
            memory_mb=1024, root_gb=0)
        server.get_network_info = lambda: model.NetworkInfo([vif])
        return server

    def run_main(self, *options):
        """Return exit status, standard output and standard error."""
        printed = io.StringIO()
        status, complained = self.run_into(printed, *options)
        return status, printed.getvalue(), complained

    def run_into(self, stdout, *options):
        """Return exit status and standard error."""
        complained = io.StringIO()
        with (mock.patch.object(adopt, '_deployment',
                                lambda args: self.deployed),
              contextlib.redirect_stdout(stdout),
              contextlib.redirect_stderr(complained)):
            status = adopt.main(list(options))
        return status, complained.getvalue()

    def states(self):
        return [ownership.state(server) for server in self.servers]

    def test_without_yes(self):
        self.deployed.service_is_up = True
        status, printed, complained = self.run_main()
        self.assertEqual((0, ''), (status, complained))
        self.assertEqual(3, printed.count('| Result: Ready '))
        self.assertIn('Nothing was changed.', printed)
        self.assertEqual([None] * 3, self.states())
        lines = printed.splitlines()[:-1]
        self.assertEqual({len(lines[0])}, {len(line) for line in lines})

    def test_yes(self):
        status, printed, complained = self.run_main('--yes')
        self.assertEqual((0, ''), (status, complained))
        self.assertEqual(3, printed.count('| Result: Adopted '))
        self.assertNotIn('Nothing was changed', printed)
        self.assertEqual([ownership.BUILT] * 3, self.states())
        again = self.run_main('--yes', '--format', 'json')
        self.assertEqual(['known'] * 3, [
            entry['result'] for entry in json.loads(again[1])])

    def test_one_refused(self):
        del self.connector.zvm['ABC00002']
        status, printed, _ = self.run_main('--yes', '--format', 'json')
        self.assertEqual(1, status)
        self.assertEqual(
            [(uuids.server1, 'ABC00001', 'adopted'),
             (uuids.server2, 'ABC00002', 'refused'),
             (uuids.server3, 'ABC00003', 'adopted')],
            [(entry['server'], entry['userid'], entry['result'])
             for entry in json.loads(printed)])

    def test_named(self):
        self.run_main('--yes', uuids.server3, uuids.server1, uuids.server3)
        self.assertEqual([ownership.BUILT, None, ownership.BUILT],
                         self.states())

    def test_database_that_cannot_be_written(self):
        """As by an account that may only read."""
        self.servers[1].save = mock.Mock(
            side_effect=OSError('mysql://nova:secret@db'))
        status, printed, complained = self.run_main('--yes')
        self.assertEqual((2, ''), (status, printed))
        self.assertIn('cannot be written by [database] connection (OSError): '
                      'server %s is not adopted' % uuids.server2, complained)
        self.assertNotIn('secret', complained)
        self.assertEqual([ownership.BUILT, None, None], self.states())

    def test_interrupted(self):
        self.useFixture(fixtures.MockPatchObject(
            adopt, 'run', side_effect=KeyboardInterrupt))
        code, printed, complained = self.run_main('--yes')
        self.assertEqual(output.UNEXPECTED, code)
        self.assertEqual('', printed)
        self.assertEqual('Error: interrupted; those that were adopted before '
                         'stay so: run this again.\n', complained)

    def test_reader_that_has_gone(self):
        """It must not look like a server that is refused."""
        reader, writer = os.pipe()
        os.close(reader)
        self.addCleanup(os.close, writer)
        for options in (), ('--format', 'json'):
            with open(os.dup(writer), 'w') as pipe:
                code, complained = self.run_into(pipe, *options)
            self.assertEqual(255, code)
            self.assertEqual('Error: the results cannot be written: Broken '
                             'pipe.\n', complained)

    def test_nova_compute_is_up(self):
        self.deployed.service_is_up = True
        status, _, complained = self.run_main('--yes')
        self.assertEqual(2, status)
        self.assertIn('is up: stop it', complained)
        self.assertEqual([None] * 3, self.states())

    def test_name_template(self):
        for good in ('abc%05x', '%(id)d'):
            self.assertEqual(0, self.run_main('--name-template', good)[0])
        for bad in ('abc', 'abc%', 'abc%05z', '%d%d', '%(uuid)s'):
            complained = io.StringIO()
            with contextlib.redirect_stderr(complained):
                self.assertRaises(SystemExit, adopt.main,
                                  ['--yes', '--name-template', bad])
            self.assertIn("--name-template: '%s' does not" % bad,
                          complained.getvalue())
        self.assertEqual([None] * 3, self.states())

    def test_no_server(self):
        self.deployed.on_host = []
        status, printed, _ = self.run_main('--format', 'json')
        self.assertEqual((0, []), (status, json.loads(printed)))
        self.assertEqual(0, self.run_main()[0])
