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

import os
import pathlib
import subprocess
import sys
from unittest import mock

import fixtures
import testtools

from zvm_simulator.connector import install


class TestInstall(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.venv = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.run = self.useFixture(fixtures.MockPatch(
            'subprocess.run', side_effect=self._make)).mock
        self.status = 0

    def _make(self, command, **options):
        (self.venv / 'bin').mkdir(exist_ok=True)
        (self.venv / 'bin' / 'python').touch()
        return subprocess.CompletedProcess(command, self.status,
                                           'no such package')

    def test_connector_is_bounded(self):
        wanted = install.requirements()

        self.assertIn('zVMCloudConnector==1.6.3', wanted)
        self.assertIn('PyJWT<2', wanted)
        self.assertIn('Jinja2', wanted)

    def test_second_time_does_nothing(self):
        first = install.install(self.venv)
        self.assertTrue(self.run.called)
        self.run.reset_mock()

        self.assertEqual(first, install.install(self.venv))
        self.assertEqual([], self.run.mock_calls)

    def test_other_requirements_are_installed(self):
        install.install(self.venv)
        self.run.reset_mock()
        with mock.patch.object(install, 'requirements', lambda: 'PyJWT<3'):
            install.install(self.venv)

        self.assertTrue(self.run.called)

    def test_failure_is_told_and_tried_again(self):
        self.status = 1
        error = self.assertRaises(install.InstallError, install.install,
                                  self.venv)
        self.assertIn('no such package', str(error))

        self.status = 0
        self.run.reset_mock()
        install.install(self.venv)
        self.assertTrue(self.run.called)


class TestProvide(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cache = self.useFixture(fixtures.TempDir()).path
        for name, value in (('XDG_CACHE_HOME', self.cache),
                            (install.PYTHON_VARIABLE, None)):
            self.useFixture(fixtures.EnvironmentVariable(name, value))
        self.commands = []
        self.useFixture(fixtures.MonkeyPatch(
            'zvm_simulator.connector.install._run', self._make))
        self.said = []

    def _make(self, command):
        self.commands.append(command)
        if '-m venv' in ' '.join(command):
            python = pathlib.Path(command[-1], 'bin', 'python')
            python.parent.mkdir(parents=True)
            python.touch()

    def test_installs_once_and_says_so(self):
        first = install.provide(None, self.said.append)
        again = install.provide(None, self.said.append)

        self.assertEqual(first, again)
        self.assertTrue(first.startswith(self.cache))
        self.assertEqual(2, len(self.commands))
        self.assertEqual(
            [f'Installing the z/VM Cloud Connector into {install.cache()}, '
             'once.'], self.said)

    def test_named_interpreter_wins(self):
        self.assertEqual(sys.executable, install.provide(
            sys.executable, self.said.append))
        self.useFixture(fixtures.EnvironmentVariable(
            install.PYTHON_VARIABLE, sys.executable))
        self.assertEqual(sys.executable,
                         install.provide(None, self.said.append))
        self.assertEqual([], self.said + self.commands)


class TestInterpreter(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.program = self.folder / 'venv' / 'bin' / 'python'
        self.program.parent.mkdir(parents=True)
        # A link, as in a virtual environment: Python finds that by it.
        self.program.symlink_to(sys.executable)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def name(self, value):
        self.useFixture(fixtures.EnvironmentVariable(
            install.PYTHON_VARIABLE, value))

    def test_relative_paths(self):
        self.name('venv/bin/python')
        self.assertEqual(str(self.program), install.interpreter())
        os.chdir('venv')
        self.assertEqual(str(self.program),
                         install.interpreter('bin/python'))

    def test_program_of_the_search_path(self):
        self.useFixture(fixtures.EnvironmentVariable('PATH', 'venv/bin'))
        self.assertEqual(str(self.program), install.interpreter('python'))

    def test_none(self):
        self.name(None)
        self.assert_refused('with --connector-python or NOVA_ZVM_CONNECTOR')

    def test_no_program(self):
        self.assert_refused('--connector-python venv is not a program',
                            'venv')
        self.name('absent')
        self.assert_refused('NOVA_ZVM_CONNECTOR_PYTHON absent is not a')

    def assert_refused(self, reason, *named):
        error = self.assertRaises(install.InstallError,
                                  install.interpreter, *named)
        self.assertIn(reason, str(error))
        self.assertIn('install-connector --venv', str(error))
