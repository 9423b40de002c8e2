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

"""The plugin for pytest, in a pytest of its own."""

import os
import pathlib
import subprocess
import sys

import fixtures
import testtools

CONFTEST = "pytest_plugins = ['zvm_simulator.pytest_plugin']\n"
DEFAULT = '''
def test_one(simulated_zvm):
    assert list(simulated_zvm.machine.state()['members']) == ['ZVMSYS1']
    simulated_zvm.engine.faults.add({'action': {'drop': True}})

def test_as_at_its_first_start(simulated_zvm):
    assert simulated_zvm.engine.faults.as_list() == []
'''
OTHER = '''
import pytest

@pytest.fixture
def simulated_zvm_scenario():
    return {'members': [{'name': 'OTHER', 'connector': 'ZCCOTHER'}]}

def test_machine_of_its_own(simulated_zvm):
    assert list(simulated_zvm.machine.state()['members']) == ['OTHER']
'''


class TestPlugin(testtools.TestCase):

    def test_fixtures(self) -> None:
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name, text in (('conftest', CONFTEST), ('test_default', DEFAULT),
                           ('test_other', OTHER)):
            (folder / f'{name}.py').write_text(text)
        done = subprocess.run(
            [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider',
             '-W', 'error', folder], capture_output=True, text=True,
            cwd=folder, env=environment())
        self.assertIn('3 passed', done.stdout, done.stdout + done.stderr)


def environment() -> dict[str, str]:
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path),
            # Entry points of what is installed besides are not of the test.
            'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1'}
