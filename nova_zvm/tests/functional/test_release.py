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

"""A release as it is built and used: fetched, installed, a server booted.

Nothing here runs from the checkout. The commands that build are those of the
tox environment ``build``; what is installed besides comes from the package
index, in the versions of the constraints.
"""

import configparser
import hashlib
import shlex
import tarfile

from nova_zvm.tests.support import installation

LOAD_ENTRY_POINTS = """
from importlib import metadata
for point in metadata.distribution('nova-zvm').entry_points:
    if not point.group.startswith('neutron.'):
        point.load()
        print(point.name)
"""

VERSION = '2026.2.0'
TAG = ['git', '-c', 'user.name=test', '-c', 'user.email=test@test', 'tag',
       '--message', 'a release', VERSION]


class TestRelease(installation.CloneTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        installation.checked(TAG, cwd=cls.clone)
        tox = configparser.ConfigParser(interpolation=None)
        tox.read(cls.clone / 'tox.ini')
        cls.builder = cls.empty('builder')
        cls.builder.fetch(*tox['testenv:build']['deps'].split())
        cls.commands = tox['testenv:build']['commands'].strip().split('\n')
        for command in cls.commands:
            cls.build(command)
        dist = cls.clone / 'dist'
        cls.wheel = dist / ('nova_zvm-%s-py3-none-any.whl' % VERSION)
        cls.sdist = dist / ('nova_zvm-%s.tar.gz' % VERSION)
        cls.simulator = dist / ('zvm_simulator-%s-py3-none-any.whl' % VERSION)

    @classmethod
    def empty(cls, name):
        return installation.EmptyEnvironment(cls.directory / name)

    @classmethod
    def build(cls, command, *arguments):
        """Run a command of tox.ini, at a time that does not go on."""
        program, *words = shlex.split(command)
        installation.checked(
            ['env', 'SOURCE_DATE_EPOCH=1800000000',
             cls.builder.bin / program, *words, *arguments], cwd=cls.clone)

    def test_of_the_tag(self):
        self.assertEqual(
            {self.wheel, self.sdist, self.simulator,
             self.sdist.with_name('zvm_simulator-%s.tar.gz' % VERSION)},
            set(self.wheel.parent.iterdir()))
        with tarfile.open(self.sdist) as archive:
            changes = archive.extractfile(
                'nova_zvm-%s/ChangeLog' % VERSION).read().decode()
        self.assertIn('\n%s\n%s\n' % (VERSION, '-' * len(VERSION)), changes)

    def test_the_same_wheel_again(self):
        again = self.directory / 'again'
        for command in self.commands[:2]:
            self.build(command, '--outdir', again)
        for wheel in (self.wheel, self.simulator):
            self.assertEqual(*(
                hashlib.sha256(path.read_bytes()).hexdigest()
                for path in (wheel, again / wheel.name)))

    def test_beside_nova(self):
        """nova loads the driver with no more than its wheel demands.

        Then it boots a server, for which nova's own tests are needed.
        """
        venv = self.empty('nova')
        venv.fetch(self.simulator, '%s[simulator]' % self.wheel, 'nova')
        venv.pip('check')
        done = venv.nova_compute()
        self.assertIn('LOADED nova_zvm.driver.ZVMDriver\n', done.stdout)
        done = venv.python(LOAD_ENTRY_POINTS)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn('nova-zvm-status\n', done.stdout)
        told = installation.checked(
            [venv.bin / 'nova-zvm-which-driver', venv.conf()],
            cwd=self.directory, bytecode=venv.bytecode)
        self.assertIn(' %s\n' % (venv.site_packages / 'nova_zvm/driver.py'),
                      told)

        venv.fetch(self.simulator, '%s[simulator,test]' % self.wheel)
        venv.pip('check')
        told = installation.checked(
            [venv.bin / 'python', self.sandbox(), '--speed', '1000'],
            cwd=self.directory, timeout=600, bytecode=venv.bytecode)
        self.assertIn('the driver, nova-zvm %s\n' % VERSION, told)
        self.assertRegex(told, r'\n +\d+  ok .* create a server ')
        self.assertRegex(told, r'\nsandbox: \d+ steps, 0 failed\n$')

    def sandbox(self):
        """Take the tools out of the sdist, with nothing beside them."""
        alone = self.directory / 'alone'
        top = 'nova_zvm-%s' % VERSION
        with tarfile.open(self.sdist) as archive:
            archive.extractall(alone, filter='data', members=[
                member for member in archive.getmembers()
                if member.name.startswith(top + '/tools/')])
        return alone / top / 'tools' / 'sandbox.py'
