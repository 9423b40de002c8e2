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

"""tools/sandbox.py as its users run it: what it prints, how it ends."""

import contextlib
import difflib
import io
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import urllib.request

import fixtures
import testtools

from tools.sandbox import api
from tools.sandbox import app
from tools.sandbox import keep
from tools.sandbox import workspace
from zvm_simulator.tests.support import fixtures as zvm_fixtures

ROOT = pathlib.Path(__file__).absolute().parents[3]
PYTHONPATH = f'{ROOT}:{ROOT}/simulator'
STEP = re.compile(r' *(\d+)  (ok|FAILED|--) +(?:[\d.]+ s +)?(\S.*)')
TRANSCRIPT = ROOT / 'doc' / 'source' / 'install' / 'sandbox.txt'
# What is different each time, or from one checkout to the next.
VARIABLE = [re.compile(pattern) for pattern in (
    r'[\d.]+ s ', r'127\.0\.0\.1:\d+', r'(?<=iucvclnt) x \d+',
    r'\d+ (?:requests?|commands)', r'\d+ seconds?', r'(?<=files ) +\S+',
    r'\S+(?=/token\.dat)', r'(?<=nova-zvm )[\w.]*\d', r'[\da-f-]{36}',
    r'(?<=passes )\d+')]
REFUSED_START = ('{"match": {"command": "Image_Activate"}, "action": '
                 '{"rc": 396, "rs": 1234, "text": "Internal CP error"}}')


def words(text):
    """Return the words that are the same each time, however they wrap."""
    text = re.sub(r'[|+-]+(?=\s)', ' ', text)
    for pattern in VARIABLE:
        text = pattern.sub('', text)
    return text.split()


class SandboxTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.dir = self.folder()
        self.lines = []

    def folder(self):
        return pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def start(self, *options, **environment):
        """Start a sandbox on a fast z/VM."""
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / 'tools' / 'sandbox.py'),
             '--dir', str(self.dir), '--speed', '1000', *options],
            stdout=subprocess.PIPE, text=True, env={
                **os.environ, 'PYTHONPATH': PYTHONPATH, **environment,
                zvm_fixtures.PYTHON_VARIABLE:
                    zvm_fixtures.connector_python()})
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def read_until(self, text):
        """Read what it prints up to a line that has the text."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip('\n'))
            if text in line:
                return
        self.fail('%r was not printed:\n%s' % (text, self.output()))

    def end(self):
        """Read the rest and return the exit status."""
        self.lines += self.process.stdout.read().splitlines()
        return self.process.wait()

    def output(self):
        return '\n'.join(self.lines)

    def steps(self):
        """Return result and title of each step."""
        found = [STEP.fullmatch(line) for line in self.lines]
        return [(match[2], match[3]) for match in found if match]

    def assert_no_process_left(self):
        left = []
        for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
            try:
                command = path.read_bytes()
            except OSError:
                continue
            if os.fsencode(self.dir) in command:
                left.append(command)
        self.assertEqual([], left)


class TestStory(SandboxTestCase):

    def test_all_steps(self):
        home, temporary = self.folder(), self.folder()
        self.start(HOME=str(home), TMPDIR=str(temporary))

        self.assertEqual(0, self.end(), self.output())
        steps = self.steps()
        self.assertEqual({'ok'}, {result for result, _ in steps})
        self.assertEqual('sandbox: %d steps, 0 failed' % len(steps),
                         self.lines[-1])
        self.assertGreaterEqual(len(steps), 14)
        for word in ('start nova', 'hypervisor', 'upload', 'create',
                     'directory', 'cloud-init', 'virtual switches', 'console',
                     'attach a second interface', 'detach it', 'pause',
                     'unpause', 'soft reboot', 'hard reboot', 'stop', 'start',
                     'take a snapshot', 'rebuild from', 'delete', 'before',
                     'check the host'):
            self.assertTrue(any(word in title for _, title in steps), word)
        for seen in ('real  ', 'simulated  ', 'in memory  ',
                     'add minidisk 0101', 'deploy the image',
                     'put cfgdrive.iso into the reader',
                     '| USER NOV00001', '| MDISK 0101 3390', '| NICDEF 1000',
                     'public key ssh-', '#cloud-config',
                     'grant virtual switch VSW1, VLAN 100',
                     '$ openstack server add port penguin second',
                     'VSW2, VLAN-unaware: NIC 1003',
                     'enc1003 with 192.168.1.3/24',
                     'penguin-1, ', 'creatediskimage',
                     '$ nova-zvm-status check --config-file nova.conf',
                     '| Check: Servers without a guest ',
                     'PAUSED, on z/VM paused', 'SHUTOFF, on z/VM logged off'):
            self.assertIn(seen, self.output())
        self.assertLessEqual(max(map(len, self.lines)), 100)
        self.assert_no_process_left()
        self.assertEqual([], [*home.iterdir(), *temporary.iterdir()])
        self.assert_documented()

    def assert_documented(self):
        differences = [
            line for line in difflib.unified_diff(
                words(TRANSCRIPT.read_text()), words(self.output()),
                str(TRANSCRIPT), 'this run', lineterm='')]
        self.assertEqual([], differences, 'make the transcript anew, as '
                         'CONTRIBUTING.rst tells')

    def test_step_that_fails(self):
        self.start('--fault', REFUSED_START)

        self.assertEqual(1, self.end(), self.output())
        steps = self.steps()
        self.assertEqual('sandbox: %d steps, 1 failed' % len(steps),
                         self.lines[-1])
        failed, = [title for result, title in steps if result == 'FAILED']
        self.assertIn('create a server', failed)
        self.assertIn('rc 396, rs 1234', ' '.join(self.output().split()))
        self.assertIn(str(self.dir / 'nova.log'), self.output())
        self.assertTrue((self.dir / 'nova.log').stat().st_size)
        # What could be made good has been, and is looked at all the same.
        self.assertEqual(['ok'] * 3, [result for result, _ in steps[-3:]])
        self.assert_no_process_left()


class TestExcerpt(testtools.TestCase):

    def test_readme(self):
        readme = (ROOT / 'README.rst').read_text()
        begin, end = ('.. sandbox transcript: ' + word
                      for word in ('begin', 'end'))
        excerpt = readme.split(begin)[1].split(end)[0].splitlines()[4:-1]
        self.assertIn('| USER NOV00001', '\n'.join(excerpt))
        lines = map(words, TRANSCRIPT.read_text().splitlines())
        for line in excerpt:
            # As an iterator is read on, they are in the same order.
            self.assertIn(words(line), lines)


class TestUse(SandboxTestCase):

    def test_two_in_one_directory_and_interrupt_while_nova_starts(self):
        """The first runs again where one ran."""
        (self.dir / 'sandbox.lock').touch()
        (self.dir / 'nova.log').write_text('of an earlier run')
        self.start()
        self.read_until('simulated')
        self.assertFalse((self.dir / 'nova.log').exists())

        second = subprocess.run(self.process.args, capture_output=True,
                                text=True, env={**os.environ,
                                                'PYTHONPATH': PYTHONPATH})
        self.assertEqual(2, second.returncode)
        self.assertIn('Another sandbox runs', second.stderr)

        self.read_until('with token authentication')
        self.assert_ends_by(signal.SIGINT)

    def test_directory_that_cannot_be(self):
        taken = self.dir / 'file'
        taken.touch()
        error = self.assertRaises(workspace.WorkspaceError,
                                  workspace.Workspace, taken / 'sandbox')

        self.assertIn('%s/sandbox cannot be used' % taken, str(error))
        self.assertIn('--dir', str(error))

    def test_speed_that_cannot_be(self):
        for speed in ('0', '-1', 'fast'):
            errors = io.StringIO()
            with contextlib.redirect_stderr(errors):
                self.assertRaises(SystemExit, app.main, ROOT,
                                  ['--speed', speed])
            self.assertIn('argument --speed: must be a number above 0',
                          errors.getvalue())

    def test_directory_of_somebody_else(self):
        (self.dir / 'letter').write_text('mine')
        self.start()

        self.assertEqual(2, self.end())
        self.assertEqual(['letter'], os.listdir(self.dir))

    def test_path_that_the_connector_cannot_take_and_interrupt(self):
        temporary = self.folder()
        asked = self.dir = self.folder() / 'with blank'
        # A deploy takes thirty seconds on z/VM, so a real one is left to be
        # interrupted in.
        self.start('--speed', '30', TMPDIR=str(temporary))
        self.read_until('files')
        self.dir = pathlib.Path(self.lines[-1].split(None, 1)[1])
        self.assertEqual(temporary, self.dir.parent)

        self.read_until('deploy the image')
        self.assertFalse(asked.exists())
        self.assert_ends_by(signal.SIGTERM)

    def assert_ends_by(self, number):
        self.process.send_signal(number)
        self.assertEqual(130, self.end())
        self.assertRegex(self.lines[-1], r'^sandbox: \d+ steps, 0 failed$')
        self.assert_no_process_left()


class TestInterrupt(testtools.TestCase):

    def test_one_that_python_drops(self):
        """What is raised in a callback of a weak reference goes nowhere."""
        interrupts = app.Interrupts()
        interrupts.check()
        for number in app.SIGNALS:
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.assertRaises(app.Interrupted, interrupts.take, signal.SIGINT,
                          None)
        self.assertRaises(app.Interrupted, interrupts.check)


class TestKeep(SandboxTestCase):

    def test_commands(self):
        self.start('--keep')
        self.read_until('Ctrl-C')
        commands = [line.strip() for line in self.lines
                    if line.startswith('    ') and '/openstack ' in line]
        self.assertEqual(len(keep.COMMANDS), len(commands))

        answers, addresses = {}, {}
        for command in commands:
            verb = ' '.join(word for word in shlex.split(command)[1:4]
                            if word not in ('penguin', 'second', '--wait',
                                            '--image'))
            answers[verb] = self.run_command(command)
            self.settle()
            addresses[verb] = self.addresses()

        self.assertIn('ACTIVE', answers['server list'])
        self.assertIn('nov00001', answers['server show'])
        self.assertIn('login:', answers['console log show'])
        self.assertIn('vlan100', answers['network list'])
        self.assertIn('rhel', answers['image list'])
        self.assertIn('ZVMSYS1', answers['resource provider list'])
        self.assertEqual({'192.168.13.3'}, addresses['server show'])
        self.assertEqual({'192.168.13.3', '192.168.1.3'},
                         addresses['server add port'])
        for verb in ('server remove port', 'server stop', 'server start',
                     'server reboot', 'server delete'):
            self.assertIn(verb, answers)
        self.assertNotIn('penguin', self.run_command(commands[0]))
        self.assertEqual('running', self.diagnostics()['state'])
        page, = [line.strip() for line in self.lines
                 if line.startswith('    http://127.0.0.1:')]
        with urllib.request.urlopen(page) as answer:
            self.assertIn('ZVMSYS1', answer.read().decode())
        log, = [line.strip() for line in self.lines
                if line.startswith('    ') and ' log --dir ' in line]
        self.assertIn('Image_Delete_DM', self.run_command(log))
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(0, self.end())
        self.assertRegex(self.lines[-1], r'^sandbox: \d+ steps, 0 failed$')
        self.assert_no_process_left()

    def run_command(self, command):
        """Run a command as it is printed and return what it says."""
        done = subprocess.run(command, shell=True, cwd=os.getcwd(),
                              capture_output=True, text=True)
        self.assertEqual(0, done.returncode, command + done.stderr)
        return done.stdout

    def settle(self):
        """Wait until nova has done what a command has asked for."""
        url, = re.findall(r'API at (\S+)', self.output())
        nova = api.Api(url)
        for server in nova.get('/servers/detail')['servers']:
            nova.wait_for_task(server['id'])

    def diagnostics(self):
        """Return what `server show --diagnostics` asks for."""
        url, = re.findall(r'API at (\S+)', self.output())
        nova = api.Api(url)
        server, = nova.get('/servers')['servers']
        return nova.get('/servers/%s/diagnostics' % server['id'])

    def addresses(self):
        """Return the addresses that nova knows of any server."""
        url, = re.findall(r'API at (\S+)', self.output())
        return {address['addr'] for server in
                api.Api(url).get('/servers/detail')['servers']
                for addresses in server['addresses'].values()
                for address in addresses}
