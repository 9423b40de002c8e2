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

"""The DevStack plugin, run without a DevStack.

harness.sh takes it through the phases as stack.sh, unstack.sh and clean.sh
do; functions.sh has the functions of DevStack's that it calls. Here are the
files of such a run, for the tests of several environments.
"""

import configparser
import os
import pathlib
import shlex
import subprocess

import fixtures
import testtools

ROOT = pathlib.Path(__file__).resolve().parents[4]
PLUGIN = ROOT / 'devstack'
HARNESS = pathlib.Path(__file__).parent / 'harness.sh'

# Commands of the packages, which tell with what they were called.
COMMANDS = ('zvm-simulator', 'nova-zvm-which-driver')
COMMAND = '''#!/bin/bash
printf '%%q ' %s "$@" >> %s
echo >> %s
'''


class DevStack(fixtures.Fixture):
    """The files of one installation of DevStack.

    :ivar root: a directory with all of them
    """

    def __init__(self, localrc=''):
        """Prepare.

        :param localrc: what local.conf says in the section of that name
        """
        super().__init__()
        self._localrc = localrc

    def _setUp(self):
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.root / 'bin').mkdir()
        for name in COMMANDS:
            self.provide(name, COMMAND % (
                name, self.root / 'calls', self.root / 'calls'))
        self.set(self._localrc)

    def provide(self, name, script):
        """Put a command where those of Python packages are."""
        command = self.root / 'bin' / name
        command.write_text(script)
        command.chmod(0o755)

    def set(self, localrc):
        """Replace what local.conf says."""
        (self.root / 'localrc').write_text(localrc + '\n')

    def run(self, action):
        """Return a completed run of stack, unstack or clean."""
        return subprocess.run(
            ['bash', HARNESS, self.root, action], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
            cwd=ROOT,
            env={'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8'})

    def checked(self, action):
        done = self.run(action)
        if done.returncode:
            raise AssertionError('%s failed:\n%s' % (action, done.stdout))
        return done

    def calls(self, *words):
        """Return what was called, the calls that begin with some words."""
        calls = [shlex.split(line) for line in
                 (self.root / 'calls').read_text().splitlines()]
        return [call for call in calls if call[:len(words)] == list(words)]

    def created(self, kind):
        """Return the words after "openstack ... kind create"."""
        words = ['openstack', '--os-cloud', 'devstack-admin', kind, 'create']
        return [call[len(words):] for call in self.calls(*words)]

    def xtrace(self):
        return (self.root / 'xtrace').read_text()

    @property
    def data(self):
        """The plugin's own directory."""
        return self.root / 'stack/data/nova-zvm'

    @property
    def nova_conf(self):
        return self.root / 'etc/nova/nova.conf'

    @property
    def nova_cpu_conf(self):
        return self.root / 'etc/nova/nova-cpu.conf'

    @property
    def neutron_conf(self):
        return self.root / 'etc/neutron/neutron.conf'

    @property
    def ml2_conf(self):
        return self.root / 'etc/neutron/plugins/ml2/ml2_conf.ini'

    @property
    def tempest_conf(self):
        return self.root / 'stack/tempest/etc/tempest.conf'


class DevStackTestCase(testtools.TestCase):

    def devstack(self, localrc=''):
        return self.useFixture(DevStack(localrc))


def read(path):
    """Return an ini file as a dictionary of sections."""
    parser = configparser.ConfigParser(
        interpolation=None, default_section='none')
    parser.read_string(path.read_text())
    return {name: dict(parser[name]) for name in parser.sections()}


def option(words, name):
    """Return the values that a command line has for an option."""
    return [words[number + 1] for number, word in enumerate(words)
            if word == name]
