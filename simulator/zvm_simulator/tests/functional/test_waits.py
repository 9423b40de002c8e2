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

"""No wait of the connector is in real seconds."""

import ast
import pathlib
import subprocess

import testtools

from zvm_simulator.tests.support import fixtures as zvm_fixtures
from zvm_simulator.tests.support import rest

# How the connector could wait past the stand-in for its module time.
WAITS = {'sleep', 'Timer', 'wait', 'select', 'poll'}


def sources() -> list[pathlib.Path]:
    """Return the connector's own modules, its tests left out."""
    found = subprocess.run(
        [zvm_fixtures.connector_python(), '-c',
         'import zvmsdk; print(zvmsdk.__path__[0])'],
        capture_output=True, text=True, check=True).stdout.strip()
    root = pathlib.Path(found).parent
    return [path for package in ('zvmsdk', 'smtLayer')
            for path in (root / package).rglob('*.py')
            if 'tests' not in path.parts and path.name != 'smtTest.py']


class TestWaits(testtools.TestCase):

    def test_connector_waits_by_its_module_time_alone(self) -> None:
        """The launcher replaces that name in each module."""
        found = []
        for path in sources():
            tree = ast.parse(path.read_text())
            imported = {alias.asname or alias.name for node in tree.body
                        if isinstance(node, ast.Import)
                        for alias in node.names}
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and node.attr in WAITS:
                    found.append((path.name, ast.unparse(node)))
                    if 'time' not in imported:
                        self.fail(f'{path.name} waits in another way')
                if isinstance(node, ast.ImportFrom):
                    self.assertTrue(WAITS.isdisjoint(
                        alias.name for alias in node.names), path)
        self.assertNotEqual([], found)
        self.assertEqual({'time.sleep'}, {wait for _, wait in found})

    def test_speed(self) -> None:
        """The same waits are logged and passed at another speed, too."""
        zvm = self.useFixture(zvm_fixtures.SimulatedZVM())
        client = rest.Rest(zvm.url, zvm.token_file)
        client.create('INST0001', 'ECKD:POOL1')
        for speed, vdev in ((1e4, '1000'), (1e6, '2000')):
            zvm.simulator.clock.set_speed(speed)
            zvm.engine.faults.clear()
            zvm.engine.faults.add({'times': 4, 'action': {
                'outage': 'directory_locked'}})
            zvm.engine.clear_log()
            begun = zvm.simulator.clock.now()
            client.output('POST', '/guests/INST0001/nic',
                          {'nic': {'vdev': vdev}})
            waits = [record for record in zvm.engine.log()
                     if record['kind'] == 'wait']
            self.assertEqual([1, 3, 5, 8],
                             [record['latency'] for record in waits])
            self.assertGreaterEqual(zvm.simulator.clock.now() - begun, 17)
            for record in waits:
                self.assertGreaterEqual(
                    record['ended'] - record['started'], record['latency'])
