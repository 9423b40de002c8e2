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

"""The fixture that other projects' tests use."""

import pathlib
from typing import Any
import unittest

import fixtures
import testtools

from zvm_simulator import fixture
from zvm_simulator.tests.support import rest

USERID = 'INST0001'
SCENARIO = {'members': [{'name': 'OTHER', 'connector': 'ZCCOTHER'}]}


class TestFixture(testtools.TestCase):

    def use(self, scenario: Any = None) -> fixture.SimulatedZVM:
        zvm = self.useFixture(fixture.SimulatedZVM(scenario))
        self.rest = rest.Rest(zvm.url, zvm.token_file)
        return zvm

    def test_as_at_its_first_start_in_each_test(self) -> None:
        first = self.use()
        self.assertEqual(200, self.rest.create(USERID, 'ECKD:POOL1')[0])
        self.assertIn(USERID, first.machine.state()['directory'])
        first.engine.faults.add({'action': {'drop': True}})
        again = self.use()

        self.assertIs(first.simulator, again.simulator)
        self.assertNotIn(USERID, again.machine.state()['directory'])
        self.assertEqual([], self.rest.output('GET', '/guests'))
        self.assertEqual([], again.engine.faults.as_list())

    def test_of_plain_unittest(self) -> None:
        """As a context, which unittest.TestCase.enterContext takes."""
        class TestMine(unittest.TestCase):
            def runTest(self) -> None:
                zvm = self.enterContext(fixture.SimulatedZVM())
                self.assertIn('TCPIP', zvm.machine.state()['directory'])

        result = TestMine().run()
        assert result
        self.assertEqual(([], []), (result.errors, result.failures))

    def test_machine_of_the_test_s_own(self) -> None:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'mine')
        path.write_text('members: [{name: OTHER, connector: ZCCOTHER}]\n')
        zvm = self.use(path)

        self.assertEqual(['OTHER'], list(zvm.machine.state()['members']))
        self.assertEqual('OTHER', self.rest.output('GET', '/host')[
            'hypervisor_hostname'])
        self.assertIs(zvm.simulator, self.use(SCENARIO).simulator)
