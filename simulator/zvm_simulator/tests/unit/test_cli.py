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
from http import server
import io
import json
import pathlib
import signal
import subprocess
import threading

import fixtures
import testtools

from zvm_simulator.connector import install
from zvm_simulator.faults import dispatch
from zvm_simulator.ground import clocks
from zvm_simulator.ground import replies
from zvm_simulator.service import announcement
from zvm_simulator.service import channels
from zvm_simulator.service import commandline
from zvm_simulator.service import control
from zvm_simulator.tests.support import fakes

COMMANDS = ('run', 'install-connector', 'state', 'log', 'cmd', 'faults',
            'inject')


class System:
    """What the control endpoint of a running simulator stands for."""

    def __init__(self):
        self.machine = fakes.FakeMachine()
        self.clock = clocks.ManualClock()
        self.engine = dispatch.Engine(self.machine, self.clock)
        self.members = {}


class TestCommandLine(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.dir = self.useFixture(fixtures.TempDir()).path
        self.useFixture(fixtures.EnvironmentVariable(
            'NOVA_ZVM_CONNECTOR_PYTHON'))

    def _run(self, *argv):
        """Return exit status, output and errors."""
        output = io.TextIOWrapper(io.BytesIO(), write_through=True)
        errors = io.StringIO()
        with contextlib.redirect_stdout(output), \
                contextlib.redirect_stderr(errors):
            try:
                status = commandline.main(list(argv))
            except SystemExit as exit:
                status = exit.code
        return (status, output.buffer.getvalue().decode('latin-1'),
                errors.getvalue())

    def _serve(self):
        system = System()
        server = control.ControlServer(0, system)
        server.start()
        self.addCleanup(server.stop)
        commands = channels.Channel(
            pathlib.Path(self.dir, 'channel.sock'), 'ZVMSYS1', system.engine)
        commands.start()
        self.addCleanup(commands.stop)
        pathlib.Path(self.dir, 'ready.json').write_text(json.dumps({
            'control_url': f'http://127.0.0.1:{server.server_address[1]}',
            'members': {'ZVMSYS1': {'channel': str(commands.path)}}}))
        return system

    def _sudo(self, *argv, **options):
        """Run the stand-in for sudo that the command writes."""
        path = pathlib.Path(self.dir, 'bin with $pace')
        self.assertEqual((0, '', ''), self._run(
            'cmd', '--dir', self.dir, '--as-sudo', str(path)))
        return subprocess.run([path, *argv], capture_output=True, **options)

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
                       '--speed', '--host', '--port', '--json'):
            self.assertIn(option, output)

    def test_version(self):
        status, output, _ = self._run('--version')

        self.assertEqual(0, status)
        self.assertEqual(f'zvm-simulator {announcement.version()}\n', output)

    def test_connector_that_cannot_be_installed(self):
        """It is said where to, and why not, and nothing is started."""
        cache = str(pathlib.Path(self.dir, 'cache'))
        self.useFixture(fixtures.EnvironmentVariable('XDG_CACHE_HOME', cache))
        self.useFixture(fixtures.MockPatchObject(
            install, '_run', side_effect=install.InstallError('no index')))
        status, _, errors = self._run('run', '--dir', self.dir)

        self.assertEqual(1, status)
        first, second = errors.splitlines()
        self.assertIn(f' into {cache}/zvm-simulator/connector-', first)
        self.assertEqual('zvm-simulator: no index', second)
        self.assertFalse(pathlib.Path(self.dir, 'zvm.sqlite').exists())

    def test_no_place_for_the_connector(self):
        self.useFixture(fixtures.EnvironmentVariable('XDG_CACHE_HOME',
                                                     '/dev/null'))
        status, _, errors = self._run('run', '--dir', self.dir)

        self.assertEqual(1, status)
        self.assertIn('install-connector', errors)
        self.assertEqual(1, len(errors.splitlines()))

    def test_address_of_another_machine(self):
        status, _, errors = self._run('run', '--dir', self.dir,
                                      '--no-connector', '--host', '192.0.2.1')

        self.assertEqual(1, status)
        self.assertIn('reachable by other machines', errors)
        self.assertIn('192.0.2.1 is no address of this machine', errors)

    def test_interpreter_that_is_none(self):
        status, _, errors = self._run('run', '--dir', self.dir,
                                      '--connector-python', '/dev/null')

        self.assertEqual(1, status)
        self.assertIn('/dev/null', errors)

    def test_values_that_an_option_cannot_have(self):
        for option, value, reason in (
                ('--speed', '0', 'above 0'), ('--speed', 'fast', 'above 0'),
                ('--speed', 'inf', 'above 0'), ('--port', '65536', '65535'),
                ('--port', '-1', '65535'), ('--profile', 'none', 'typical'),
                ('--connector-path', self.dir, 'no zvmsdk')):
            status, _, errors = self._run('run', '--dir', self.dir, option,
                                          value)
            self.assertEqual(2, status)
            self.assertIn(f'argument {option}: ', errors)
            self.assertIn(reason, errors)

    def test_directory_that_cannot_be(self):
        status, _, errors = self._run('run', '--dir', '/dev/null/zvm',
                                      '--no-connector')

        self.assertEqual(1, status)
        self.assertIn('/dev/null/zvm cannot be used', errors)
        self.assertEqual(1, len(errors.splitlines()))

    def test_file_that_is_no_database(self):
        path = pathlib.Path(self.dir, 'zvm.sqlite')
        path.write_text('A shopping list, longer than the header of SQLite.')

        self.assertEqual(
            (1, '', f'zvm-simulator: {path} cannot be used (file is not '
             'a database): choose another directory.\n'),
            self._run('run', '--dir', self.dir, '--no-connector'))
        self.assertIn('shopping', path.read_text())

    def test_bad_scenario(self):
        path = pathlib.Path(self.dir, 'mine.yaml')
        path.write_text('timing: {logoff: soon}\n')

        self.assertEqual(
            (1, '', f'zvm-simulator: {path}: timing.logoff: expected '
             'a number that is not negative.\n'),
            self._run('run', '--dir', self.dir, '--no-connector',
                      '--scenario', str(path)))

    def test_nothing_runs_in_the_directory(self):
        for command in ('state', 'log', 'faults', 'cmd'):
            status, _, errors = self._run(command, '--dir', self.dir, *(
                ['vmcp'] if command == 'cmd' else []))
            self.assertEqual(1, status)
            self.assertIn(f'No simulated z/VM runs in {self.dir}', errors)

    def test_what_ran_there_has_gone(self):
        pathlib.Path(self.dir, 'ready.json').write_text(
            json.dumps({'control_url': 'http://127.0.0.1:1'}))

        self.assertIn('No simulated z/VM runs',
                      self._run('state', '--dir', self.dir)[2])

    def test_another_program_has_its_port(self):
        class Other(server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(int(self.path.rpartition('=')[2]))
                self.end_headers()
                self.wfile.write(b'<html>')

            def log_message(self, *ignored):
                pass

        other = server.ThreadingHTTPServer(('127.0.0.1', 0), Other)
        threading.Thread(target=other.serve_forever, args=(0.01,)).start()
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)
        pathlib.Path(self.dir, 'ready.json').write_text(json.dumps({
            'control_url': f'http://127.0.0.1:{other.server_port}'}))

        for status in (200, 404):
            self.assertIn('No simulated z/VM runs', self._run(
                'log', '--dir', self.dir, '--since', str(status))[2])

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

    def test_log_followed(self):
        """A command is shown when it has ended, and once."""
        system = self._serve()
        engine, seconds = system.engine, []

        def sleep(real_seconds):
            seconds.append(real_seconds)
            if len(seconds) == 1:
                engine.end_request(1, 200, 0)
                engine.execute('ZVMSYS1', ['vmcp', 'third'])
            if len(seconds) == 3:
                raise KeyboardInterrupt()

        engine.begin_request('ZVMSYS1', 'GET /first', 0)
        engine.execute('ZVMSYS1', ['vmcp', 'second'])
        self.useFixture(fixtures.MonkeyPatch(
            'zvm_simulator.service.commandline.time.sleep', sleep))
        status, output, errors = self._run('log', '--dir', self.dir,
                                           '--follow')

        self.assertEqual((128 + signal.SIGINT, ''), (status, errors))
        self.assertEqual(['second', '/first', 'third'], [
            line.split()[-1] for line in output.splitlines()])

    def test_cmd(self):
        system = self._serve()
        system.machine.answers['raw'] = replies.Reply(3, b'\xff\x00 raw\n')

        self.assertEqual((3, '\xff\x00 raw\n', ''), self._run(
            'cmd', '--dir', self.dir, '--member', 'ZVMSYS1', '--', 'vmcp',
            '-v', 'raw'))
        self.assertEqual([('ZVMSYS1', ['vmcp', '-v', 'raw'])],
                         system.machine.commands)
        self.assertEqual(['vmcp -v raw'], [
            record['command'] for record in system.engine.log()])

    def test_cmd_cut_off(self):
        self._serve().engine.faults.add({'action': {'drop': True}})

        self.assertEqual((255, '', 'The command was cut off.\n'), self._run(
            'cmd', '--dir', self.dir, '--', 'vmcp', 'q', 'names'))

    def test_cmd_mistakes(self):
        self._serve()
        for argv, word in ((['--member', 'OTHER', 'vmcp'], 'use ZVMSYS1'),
                           ([], '--as-sudo'),
                           (['--as-sudo', '/x', 'vmcp'], '--as-sudo'),
                           (['--as-sudo', '/dev/null/x'], '/dev/null/x')):
            status, output, errors = self._run('cmd', '--dir', self.dir,
                                               *argv)
            self.assertEqual((1, '', 1), (status, output,
                                          len(errors.splitlines())))
            self.assertIn(word, errors)

    def test_sudo(self):
        system = self._serve()
        system.machine.answers['query userid'] = replies.failure(45, 'off\n')
        done = self._sudo('/sbin/vmcp', 'query userid')

        self.assertEqual((45, b'off\n', b''),
                         (done.returncode, done.stdout, done.stderr))
        self.assertEqual([('ZVMSYS1', ['/sbin/vmcp', 'query userid'])],
                         system.machine.commands)

    def test_sudo_of_a_command_with_input(self):
        """As the shell takes it, which is how the connector has it."""
        system = self._serve()
        self._sudo('/sbin/fdisk', '/dev/dasdh', input=b'g\nw\n')

        self.assertEqual(
            [('ZVMSYS1', '/sbin/fdisk /dev/dasdh << EOF\ng\nw\nEOF')],
            system.machine.commands)

    def test_sudo_after_the_system_has_ended(self):
        self._serve()
        pathlib.Path(self.dir, 'channel.sock').unlink()
        done = self._sudo('/sbin/vmcp', 'query userid')

        self.assertEqual((255, b''), (done.returncode, done.stdout))
        self.assertIn(b'cannot be reached', done.stderr)

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
