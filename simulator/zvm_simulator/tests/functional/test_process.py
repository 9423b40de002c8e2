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

"""zvm-simulator as a process of its own, ended in every way."""

import json
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from typing import Any
import urllib.error
import urllib.request

import fixtures
import requests
import testtools

from zvm_simulator.tests.support import fixtures as zvm_fixtures
from zvm_simulator.tests.support import invariants
from zvm_simulator.tests.support import rest

USERID = 'INST0001'
POOL = 'ECKD:POOL1'


class TestProcess(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.dir = self.useFixture(fixtures.TempDir()).path
        self.errors = tempfile.TemporaryFile('w+')
        self.addCleanup(self.errors.close)

    def start(self, *options: str, cwd: str | None = None
              ) -> dict[str, Any]:
        """Start a simulator and return what it says when it is ready."""
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'zvm_simulator', 'run', '--dir',
             self.dir, '--connector-python',
             zvm_fixtures.connector_python(), '--speed', '1000', *options],
            stdout=subprocess.PIPE, text=True, cwd=cwd, stderr=self.errors,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
        self.addCleanup(self.end, signal.SIGKILL)
        assert self.process.stdout
        line = self.process.stdout.readline()
        self.assertTrue(line.startswith('READY '), line or self.warnings())
        ready: dict[str, Any] = json.loads(line.removeprefix('READY '))
        return ready

    def warnings(self) -> str:
        """Return what it has said on standard error."""
        self.errors.seek(0)
        return self.errors.read()

    def end(self, number: int) -> int:
        """End it by a signal and return its exit status."""
        self.process.send_signal(number)
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.wait()

    def client(self, ready: dict[str, Any]) -> rest.Rest:
        member = next(iter(ready['members'].values()))
        return rest.Rest(member['rest_url'], member['token_file'])

    def watch(self, ready: dict[str, Any]) -> list[int]:
        """Return what becomes readable when the connectors end."""
        watched = [os.pidfd_open(member['pid'])
                   for member in ready['members'].values()]
        for descriptor in watched:
            self.addCleanup(os.close, descriptor)
        return watched

    def assert_ended(self, watched: list[int]) -> None:
        for descriptor in watched:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            self.assertNotEqual([], poll.poll(30_000),
                                'The connector still runs.')

    def test_ready_tells_all_that_a_user_needs(self) -> None:
        ready = self.start()
        member = next(iter(ready['members'].values()))

        for field in ('config_file', 'token_file', 'image_repository',
                      'file_repository', 'databases', 'channel', 'directory',
                      'data_directory'):
            self.assertTrue(pathlib.Path(member[field]).exists(), field)
        with socket.create_connection(('127.0.0.1', member['sdk_port'])):
            pass
        with urllib.request.urlopen(member['status_page']) as page:
            self.assertIn('ZVMSYS1', page.read().decode())
        self.assertEqual([], self.client(ready).output('GET', '/guests'))

    def test_ready_for_people(self) -> None:
        """On a terminal, unless JSON is asked for."""
        for options, begins, ends in (
                ([], 'READY: a simulated z/VM.', 'ready.json\r\n'),
                (['--json'], 'READY {"', '}\r\n')):
            terminal, end = pty.openpty()
            self.addCleanup(os.close, terminal)
            self.process = subprocess.Popen(
                [sys.executable, '-m', 'zvm_simulator', 'run', '--dir',
                 self.dir, '--no-connector', *options], stdout=end,
                env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
            os.close(end)
            self.addCleanup(self.process.wait)
            self.addCleanup(self.process.kill)
            text = ''
            while not text.endswith(ends):
                text += os.read(terminal, 4096).decode()
            self.assertTrue(text.startswith(begins), text)
            ready = json.loads(
                pathlib.Path(self.dir, 'ready.json').read_text())
            member = ready['members']['ZVMSYS1']
            for told in (member['rest_url'], member['token_file'],
                         member['status_page'], ready['directory']):
                self.assertIn(told, text)
            self.process.send_signal(signal.SIGINT)
            self.assertEqual(0, self.process.wait())

    def test_another_address(self) -> None:
        """REST and control are open to others, the port without tokens not."""
        ready = self.start('--host', '0.0.0.0')
        member = ready['members']['ZVMSYS1']
        self.assertIn('0.0.0.0 is reachable by other machines',
                      self.warnings())
        self.assertEqual([], self.client(ready).output('GET', '/guests'))
        with urllib.request.urlopen(ready['control_url'] + '/healthz') as ok:
            self.assertEqual({'status': 'ok'}, json.load(ok))
        for url in (member['rest_url'], ready['control_url']):
            port = int(url.rpartition(':')[2])
            # All of 127 is this machine.
            with socket.create_connection(('127.0.0.9', port)):
                pass
        self.assertRaises(ConnectionRefusedError, socket.create_connection,
                          ('127.0.0.9', member['sdk_port']))

    def test_health_of_a_connector_that_was_killed(self) -> None:
        ready = self.start()
        control = ready['control_url']
        urllib.request.urlopen(urllib.request.Request(
            control + '/connector/ZVMSYS1/kill', method='POST')).close()
        error = self.assertRaises(urllib.error.HTTPError,
                                  urllib.request.urlopen, control + '/healthz')
        with error:
            self.assertEqual(503, error.code)
        urllib.request.urlopen(urllib.request.Request(
            control + '/connector/ZVMSYS1/start', method='POST')).close()
        urllib.request.urlopen(control + '/healthz').close()

    def test_commands_from_a_shell(self) -> None:
        self.start()
        done = subprocess.run(
            [sys.executable, '-m', 'zvm_simulator', 'cmd', '--dir',
             self.dir, '--member', 'ZVMSYS1', '--', 'vmcp', 'query',
             'userid'], capture_output=True, text=True,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})

        self.assertEqual((0, 'ZCCSRV AT ZVMSYS1\n', ''),
                         (done.returncode, done.stdout, done.stderr))

    def test_ends_cleanly(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            watched = self.watch(self.start())
            self.assertEqual(0, self.end(number))
            self.assert_ended(watched)

    def test_killed_and_started_again(self) -> None:
        first = self.start()
        self.assertEqual(200, self.client(first).create(USERID, POOL)[0])
        direct = self.client(first).output('GET', f'/guests/{USERID}')
        watched = self.watch(first)
        self.end(signal.SIGKILL)
        self.assert_ended(watched)
        second = self.start()

        self.assertEqual(
            [member['rest_url'] for member in first['members'].values()],
            [member['rest_url'] for member in second['members'].values()])
        client = self.client(second)
        self.assertEqual([USERID], client.output('GET', '/guests'))
        self.assertEqual(direct, client.output('GET', f'/guests/{USERID}'))
        self.assertEqual('off', client.output(
            'GET', f'/guests/{USERID}/power_state_real'))

    def test_killed_under_load(self) -> None:
        """It kills itself, before or after the fifth disk of many."""
        known: set[str] = set()
        ready = self.start()
        empty = self.control(ready, 'state')
        for round_, moment in enumerate(('before', 'after')):
            self.inject({'match': {'command': 'Image_Disk_Create_DM'},
                         'nth': 5, 'action': {'kill_simulator': moment}})
            known |= self.load(self.client(ready), f'R{round_}')
            self.assertEqual(-signal.SIGKILL, self.process.wait())
            ready = self.start()
            state = self.control(ready, 'state')
            invariants.check(state, live=())
            self.assertLessEqual(known, set(state['directory']))
            self.assertLessEqual(
                known, set(self.client(ready).output('GET', '/guests')))
        self.clean(ready, set(state['directory']) - set(empty['directory']))
        state = self.control(ready, 'state')
        for part in ('directory', 'pools', 'spool', 'namelists'):
            self.assertEqual(empty[part], state[part], part)
        self.assertEqual(set(empty['guests']), set(state['guests']))

    def load(self, client: rest.Rest, prefix: str) -> set[str]:
        """Create guests with four clients; return whose are there."""
        created: set[str] = set()
        client.output('GET', '/guests')

        def create(number: int) -> None:
            for item in range(4):
                userid = f'{prefix}{number}{item}'
                try:
                    status, _ = client.create(userid, POOL)
                except requests.ConnectionError:
                    return
                if status == 200:
                    created.add(userid)

        threads = [threading.Thread(target=create, args=(number,))
                   for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return created

    def clean(self, ready: dict[str, Any], userids: set[str]) -> None:
        """Delete guests: through the connector, then what it forgot."""
        client = self.client(ready)
        for userid in client.output('GET', '/guests'):
            client.output('DELETE', f'/guests/{userid}')
        for userid in userids & set(self.control(ready, 'state')[
                'directory']):
            self.control(ready, 'command/ZVMSYS1', {'argv': [
                'smcli', 'Image_Delete_DM', '-T', userid]})
        self.assertEqual([], client.output('GET', '/guests'))

    def control(self, ready: dict[str, Any], path: str,
                body: Any = None) -> Any:
        url = f'{ready["control_url"]}/{path}'
        return (requests.get(url) if body is None else
                requests.post(url, json=body)).json()

    def inject(self, fault: dict[str, Any]) -> None:
        subprocess.run(
            [sys.executable, '-m', 'zvm_simulator', 'inject',
             '--dir', self.dir, json.dumps(fault)], check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})

    def test_one_system_in_a_directory(self) -> None:
        self.start()
        second = subprocess.run(
            [sys.executable, '-m', 'zvm_simulator', 'run', '--dir',
             self.dir, '--no-connector'], capture_output=True, text=True,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})

        self.assertEqual(1, second.returncode)
        self.assertIn(self.dir, second.stderr)
        self.assertEqual(1, len(second.stderr.splitlines()))

    def test_without_connector(self) -> None:
        ready = self.start('--no-connector')

        self.assertEqual([None], [member['pid'] for member
                                  in ready['members'].values()])

    def test_cluster(self) -> None:
        """One command, one scenario, a connector for each member."""
        ready = self.start('--scenario', 'ssi')

        self.assertEqual(['ZVMSYS1', 'ZVMSYS2'], list(ready['members']))
        for name, member in ready['members'].items():
            client = rest.Rest(member['rest_url'], member['token_file'])
            self.assertEqual(
                name, client.output('GET', '/host')['hypervisor_hostname'])

    def test_relative_paths_and_connector_of_a_checkout(self) -> None:
        folder = self.useFixture(fixtures.TempDir()).path
        python = os.path.relpath(zvm_fixtures.connector_python(), folder)
        ready = self.start(
            '--dir', os.path.relpath(self.dir, folder),
            '--connector-python', python, '--connector-path',
            os.path.relpath(self.checkout('9.9.9'), folder),
            '--scenario', self.scenario(folder), cwd=folder)
        version = self.client(ready).output('GET', '/')['version']

        self.assertEqual('9.9.9', version)
        self.assertTrue(os.path.samefile(self.dir, ready['directory']))
        self.assertEqual(['OTHER'], list(ready['members']))

    def scenario(self, folder: str) -> str:
        pathlib.Path(folder, 'mine').write_text(
            'members: [{name: OTHER, connector: ZCCOTHER}]\n')
        return 'mine'

    def checkout(self, version: str) -> str:
        """Return a source tree of the connector that says it is newer."""
        found = subprocess.run(
            [zvm_fixtures.connector_python(), '-c',
             'import zvmsdk; print(zvmsdk.__path__[0])'],
            capture_output=True, text=True, check=True).stdout.strip()
        tree = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for package in ('zvmsdk', 'smtLayer', 'zvmconnector'):
            shutil.copytree(pathlib.Path(found).parent / package,
                            tree / package)
        (tree / 'zvmsdk' / 'version.py').write_text(
            f'__version__ = {version!r}\n')
        return str(tree)
