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

"""The page on the simulated z/VM, from its first command to its last.

A reader with no more than a checkout types all of it, in three terminals. The
packages come from the package index, in the versions of the constraints.
"""

from collections.abc import Iterator
import dataclasses
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
from typing import Any

from nova_zvm.tests.support import codeblocks
from nova_zvm.tests.support import installation
from zvm_simulator.connector import install
from zvm_simulator.tests.support import fixtures as zvm_fixtures

# As one reads them.
PAGES = ('doc/source/simulator/index.rst', 'doc/source/simulator/tests.rst',
         'doc/source/simulator/machines.rst',
         'doc/source/simulator/faults.rst')
# What the connector's own requirements bound otherwise.
NOT_BOUND = re.compile('(?mi)^(pyjwt|zvmcloudconnector)==.*\n')
RUN = 'zvm-simulator run '
# What a fresh virtual environment has.
BESIDE = {'pip'} | ({'setuptools'} if sys.version_info < (3, 12) else set())


def free_ports() -> tuple[int, int, int]:
    """Return a free port, and two others, one after the other."""
    for _ in range(100):
        with (socket.socket() as alone, socket.socket() as first,
              socket.socket() as second):
            alone.bind(('127.0.0.1', 0))
            first.bind(('127.0.0.1', 0))
            port = first.getsockname()[1]
            try:
                second.bind(('127.0.0.1', port + 1))
            except (OSError, OverflowError):
                continue
            return alone.getsockname()[1], port, port + 1
    raise AssertionError('There are no two free ports beside each other.')


def json_in(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects that a text has where a line or another one ends."""
    decoder = json.JSONDecoder()
    for line in text.splitlines():
        while line.startswith('{"'):
            found, end = decoder.raw_decode(line)
            yield found
            line = line[end:]


class TestQuickStart(installation.CloneTestCase):

    def setUp(self) -> None:
        super().setUp()
        ports = dict(zip(('8080', '8090', '8091'), map(str, free_ports())))
        # Those of the page may be taken here.
        self.blocks = [dataclasses.replace(block, text=re.sub(
            '|'.join(ports), lambda match: ports[match[0]], block.text))
            for page in PAGES for block in codeblocks.to_run(page)]
        constraints = self.directory / 'constraints.txt'
        constraints.write_text(NOT_BOUND.sub('', (
            self.clone / 'constraints.txt').read_text()))
        self.environment = {
            **installation.environment(), 'PIP_NO_COMPILE': '1',
            'PIP_CONSTRAINT': str(constraints),
            'XDG_CACHE_HOME': str(self.directory / 'cache'),
            'PATH': f'{self.python()}:{os.defpath}'}
        self.environment.pop(install.PYTHON_VARIABLE, None)
        self.provide_connector()

    def provide_connector(self) -> None:
        """Have the environment of the connector, which is dear to make.

        Where it was made by install-connector, run finds it; else run makes
        it.
        """
        venv = pathlib.Path(zvm_fixtures.connector_python()).parents[1]
        made_of = venv / install.REQUIREMENTS
        if made_of.exists() and made_of.read_text() == install.requirements():
            cache = self.directory / 'cache' / 'zvm-simulator'
            cache.mkdir(parents=True)
            (cache / install.cache().name).symlink_to(venv)

    def python(self) -> pathlib.Path:
        """Have the Python of this test as that of a reader."""
        folder = self.directory / 'python'
        folder.mkdir()
        (folder / 'python3').symlink_to(pathlib.Path(
            sys.base_prefix, 'bin', 'python%d.%d' % sys.version_info[:2]))
        return folder

    def test_pages(self) -> None:
        systems = [block for block in self.blocks if RUN in block.script]
        others = [block for block in self.blocks if block not in systems]
        for block in others:
            if block.language == 'python':
                (self.clone / block.options['caption']).write_text(block.text)
        running = [self.start(block) for block in systems]
        self.assert_alone()
        told = self.type(''.join(block.script for block in others
                                 if block.language != 'python'))

        answers = list(json_in(told))
        self.assertGreater(len(answers), 20)
        self.assertEqual([], [answer for answer in answers
                              if answer.get('overallRC') or 'error' in answer])
        self.assertIn('USER LINUX1 ', told)
        self.assertIn('"output": "on"', told)
        self.assertIn('\nOK\n', told)
        self.assertIn('\n1 passed in ', told)
        for process in running:
            process.send_signal(signal.SIGINT)
            self.assertEqual(0, process.wait())

    def assert_alone(self) -> None:
        """zvm-simulator brings all that it needs, which is little."""
        venv = self.clone / 'venv'
        installation.checked([venv / 'bin' / 'pip', 'check'])
        self.assertEqual(
            {'jinja2', 'markupsafe', 'pyyaml', 'zvm_simulator'} | BESIDE, {
                path.name.partition('-')[0].lower()
                for path in venv.glob('lib/*/site-packages/*.dist-info')})

    def start(self, block: codeblocks.Block) -> subprocess.Popen:
        """Type a block that ends with a server, and return that.

        It serves by then.
        """
        process = subprocess.Popen(
            ['bash', '-ec', self.last_replaces_shell(block)], text=True,
            cwd=self.clone, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        assert process.stdout
        self.addCleanup(process.stdout.close)
        told = ''
        for line in process.stdout:
            if line.startswith('READY '):
                return process
            told += line
        raise AssertionError(told)

    @staticmethod
    def last_replaces_shell(block: codeblocks.Block) -> str:
        *before, last = block.commands
        return '\n'.join([*before, f'exec {last}'])

    def type(self, script: str) -> str:
        """Type commands in a terminal and return what they say."""
        done = subprocess.run(
            ['bash', '-euo', 'pipefail', '-c', script], text=True,
            cwd=self.clone, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.assertEqual(0, done.returncode, done.stdout)
        return done.stdout
