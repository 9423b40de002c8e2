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

import contextlib
import io
import json
import pathlib

import fixtures
import testtools

from nova_zvm.cmd import simulator
from nova_zvm.simulator import clock
from nova_zvm.simulator import control
from nova_zvm.simulator import engine as engines
from nova_zvm.tests.unit.simulator import fakes

COMMANDS = ('run', 'install-connector', 'state', 'log', 'faults', 'inject')


class System:
    """What the control endpoint of a running simulator stands for."""

    def __init__(self):
        self.machine = fakes.FakeMachine()
        self.clock = clock.ManualClock()
        self.engine = engines.Engine(self.machine, self.clock)
        self.members = {}


class TestCommandLine(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.dir = self.useFixture(fixtures.TempDir()).path
        self.useFixture(fixtures.EnvironmentVariable(
            'NOVA_ZVM_CONNECTOR_PYTHON'))

    def _run(self, *argv):
        """Return exit status, output and errors."""
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), \
                contextlib.redirect_stderr(errors):
            try:
                status = simulator.main(list(argv))
            except SystemExit as exit:
                status = exit.code
        return status, output.getvalue(), errors.getvalue()

    def _serve(self):
        system = System()
        server = control.ControlServer(0, system)
        server.start()
        self.addCleanup(server.stop)
        pathlib.Path(self.dir, 'ready.json').write_text(json.dumps(
            {'control_url':
             f'http://127.0.0.1:{server.server_address[1]}'}))
        return system

    def test_help_names_every_command(self):
        status, output, _ = self._run('--help')

        self.assertEqual(0, status)
        for command in COMMANDS:
            self.assertIn(command, output)
            self.assertEqual(0, self._run(command, '--help')[0])

    def test_help_of_run_names_every_option(self):
        output = self._run('run', '--help')[1]

        for option in ('--dir', '--scenario', '--connector-python',
                       '--connector-path', '--no-connector', '--profile',
                       '--speed', '--port'):
            self.assertIn(option, output)

    def test_no_interpreter_for_the_connector(self):
        status, _, errors = self._run('run', '--dir', self.dir)

        self.assertEqual(1, status)
        self.assertIn('install-connector', errors)
        self.assertEqual(1, len(errors.splitlines()))

    def test_interpreter_that_is_none(self):
        status, _, errors = self._run('run', '--dir', self.dir,
                                      '--connector-python', '/dev/null')

        self.assertEqual(1, status)
        self.assertIn('/dev/null', errors)

    def test_speed_must_be_above_0(self):
        status, _, errors = self._run('run', '--dir', self.dir, '--speed',
                                      '0')

        self.assertEqual(2, status)
        self.assertIn('--speed', errors)

    def test_nothing_runs_in_the_directory(self):
        for command in ('state', 'log', 'faults'):
            status, _, errors = self._run(command, '--dir', self.dir)
            self.assertEqual(1, status)
            self.assertIn(f'No simulated z/VM runs in {self.dir}', errors)

    def test_what_ran_there_has_gone(self):
        pathlib.Path(self.dir, 'ready.json').write_text(
            json.dumps({'control_url': 'http://127.0.0.1:1'}))

        self.assertIn('No simulated z/VM runs',
                      self._run('state', '--dir', self.dir)[2])

    def test_state(self):
        system = self._serve()
        status, output, _ = self._run('state', '--dir', self.dir)

        self.assertEqual((0, system.machine.state()),
                         (status, json.loads(output)))

    def test_log(self):
        system = self._serve()
        for command in ('query userid', 'query names'):
            system.engine.execute('ZVMSYS1', ['sudo', 'vmcp', command])

        lines = self._run('log', '--dir', self.dir)[1].splitlines()
        self.assertEqual(2, len(lines))
        self.assertIn("vmcp 'query userid'", lines[0])
        self.assertIn('rc 0', lines[0])
        self.assertEqual(lines[1:], self._run(
            'log', '--dir', self.dir, '--since', '1')[1].splitlines())

    def test_inject_show_and_clear(self):
        system = self._serve()
        fault = '{"id": "f", "times": 1, "action": {"drop": true}}'

        self.assertEqual((0, 'f\n', ''), self._run(
            'inject', '--dir', self.dir, fault))
        self.assertEqual(system.engine.faults.as_list(), json.loads(
            self._run('faults', '--dir', self.dir)[1]))
        self.assertEqual([], json.loads(
            self._run('faults', '--dir', self.dir, '--clear')[1]))
        self.assertEqual([], system.engine.faults.as_list())

    def test_inject_nonsense(self):
        self._serve()

        self.assertIn('not JSON', self._run(
            'inject', '--dir', self.dir, 'nonsense')[2])
        self.assertIn('action.explode: expected', self._run(
            'inject', '--dir', self.dir, '{"action": {"explode": 1}}')[2])
