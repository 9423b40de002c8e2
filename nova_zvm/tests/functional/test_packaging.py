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

"""What is in the wheels and the sdists, and what they demand."""

import ast
from email import parser
import hashlib
import re
import sys
import tarfile
import zipfile

from nova_zvm.tests.support import installation

# Distributions that are not called as what is imported of them.
DISTRIBUTIONS = {'neutron_lib': 'neutron-lib', 'oslo_config': 'oslo.config',
                 'oslo_log': 'oslo.log', 'yaml': 'pyyaml'}
# What pbr and setuptools add to an sdist.
GENERATED = (r'AUTHORS|ChangeLog|PKG-INFO|nova_zvm\.egg-info/.*|'
             r'zvm_simulator\.egg-info/.*')
BUILD_SDIST = """
import importlib, sys
importlib.import_module(sys.argv[2]).build_sdist(sys.argv[1])
"""


class Wheel:
    """A built wheel, opened."""

    def __init__(self, path):
        with zipfile.ZipFile(path) as archive:
            self.contents = {name: archive.read(name)
                             for name in archive.namelist()}
        self.metadata = parser.Parser().parsestr(self.info('METADATA'))
        self.entry_points = self.info('entry_points.txt')

    def info(self, name):
        path = next(path for path in self.contents
                    if path.endswith('.dist-info/%s' % name))
        return self.contents[path].decode()

    def demanded(self, pattern):
        """Return the distributions whose line matches a pattern."""
        return {re.split(r'[^\w.-]', line)[0].lower()
                for line in self.metadata.get_all('Requires-Dist')
                if re.search(pattern, line)}

    def package(self):
        return {name: content for name, content in self.contents.items()
                if '.dist-info/' not in name}

    def foreign(self, where, without=()):
        """Return the distributions that a part of the package imports.

        :param where: with what the paths begin
        :param without: with what those of a part that does not count end
        """
        imported = set()
        for path, content in self.package().items():
            if path.startswith(where) and path.endswith('.py') and (
                    not path.endswith(tuple(without))):
                imported |= {name.partition('.')[0] for node in
                             ast.walk(ast.parse(content))
                             for name in _imported(node)}
        return {DISTRIBUTIONS.get(name, name)
                for name in imported - set(sys.stdlib_module_names) -
                {where.partition('/')[0]}}

    def comparable(self):
        """Return checksums, but for what tells where it was built.

        pbr.json has the commit, and RECORD the checksum of pbr.json.
        """
        return {name: hashlib.sha256(content).hexdigest()
                for name, content in self.contents.items()
                if not name.endswith(('.dist-info/pbr.json',
                                      '.dist-info/RECORD'))}


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) else []


def sdist(source, directory, backend):
    """Build an sdist; return its path and the files that are in it."""
    directory.mkdir()
    installation.checked(
        [sys.executable, '-c', BUILD_SDIST, directory, backend], cwd=source)
    path = next(directory.glob('*.tar.gz'))
    with tarfile.open(path) as archive:
        return path, {member.name.partition('/')[2]
                      for member in archive.getmembers() if member.isfile()}


def files(folder):
    """Return what git has in a folder."""
    return set(installation.checked(
        ['git', 'ls-files'], cwd=folder).split())


class TestPackaging(installation.CloneTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wheel = Wheel(installation.wheel(cls.clone, cls.directory))

    def test_only_its_own_package(self):
        """No file under nova/, whose own files it would overwrite."""
        self.assertEqual({'nova_zvm'}, {
            name.partition('/')[0] for name in self.wheel.package()})

    def test_complete(self):
        """Every file of the package, those that are not Python included."""
        self.assertEqual(
            {str(path.relative_to(self.clone))
             for path in (self.clone / 'nova_zvm').rglob('*')
             if path.is_file()},
            set(self.wheel.package()))

    def test_metadata(self):
        metadata = self.wheel.metadata
        self.assertEqual('nova-zvm', metadata['Name'])
        self.assertEqual('Apache-2.0', metadata['License-Expression'])
        self.assertIsNone(metadata['License'])
        self.assertEqual('>=3.11', metadata['Requires-Python'])
        self.assertEqual('text/x-rst', metadata['Description-Content-Type'])
        self.assertIn('Apache License', self.wheel.info('licenses/LICENSE'))
        self.assertEqual((self.clone / 'README.rst').read_text().strip(),
                         metadata.get_payload().strip())
        classifiers = metadata.get_all('Classifier')
        self.assertIn('Environment :: OpenStack', classifiers)
        self.assertIn('Operating System :: POSIX :: Linux', classifiers)
        # A package index refuses these beside an expression.
        self.assertEqual([], [line for line in classifiers
                              if line.startswith('License ::')])

    def test_version_of_a_clone_without_tags(self):
        self.assertEqual('2026.2.0.dev1', self.wheel.metadata['Version'])

    def test_nova_is_not_demanded(self):
        """Installing the driver never changes the nova beside it."""
        demanded = [line for line in self.wheel.metadata.get_all(
            'Requires-Dist') if 'extra ==' not in line]
        self.assertNotEqual([], demanded)
        self.assertEqual([], [line for line in demanded
                              if line.startswith(('nova', 'zVMCloud'))])

    def test_extras(self):
        self.assertLessEqual({'simulator', 'neutron'}, set(
            self.wheel.metadata.get_all('Provides-Extra')))

    def test_what_extras_bring(self):
        """Neutron's is whatever else its part of the package imports."""
        self.assertEqual(
            self.wheel.foreign('nova_zvm/neutron/') -
            self.wheel.demanded(r'^[^;]*$'),
            self.wheel.demanded('extra == .neutron'))
        self.assertEqual({'zvm-simulator'},
                         self.wheel.demanded('extra == .simulator'))

    def test_commands(self):
        for command in ('nova-zvm-adopt', 'nova-zvm-status',
                        'nova-zvm-which-driver'):
            self.assertIn('\n%s = nova_zvm.cmd.' % command,
                          self.wheel.entry_points)

    def test_sdist(self):
        """All files but the simulated z/VM's; without git, the same wheel."""
        path, names = sdist(self.clone, self.directory / 'sdist', 'pbr.build')
        self.assertEqual(
            {name for name in files(self.clone)
             if not name.startswith('simulator/')} - {'.gitignore'},
            {name for name in names if not re.fullmatch(GENERATED, name)})
        self.assertLessEqual({'AUTHORS', 'ChangeLog', 'PKG-INFO'}, names)
        self.assertEqual(
            self.wheel.comparable(),
            Wheel(installation.wheel(path, path.parent)).comparable())


class TestSimulator(installation.CloneTestCase):
    """The distribution of the simulated z/VM."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = cls.clone / 'simulator'
        cls.wheel = Wheel(installation.wheel(cls.source, cls.directory))

    def test_complete(self):
        package = {name for name in files(self.source)
                   if name.startswith('zvm_simulator/')}
        self.assertEqual(package, set(self.wheel.package()))

    def test_metadata(self):
        metadata = self.wheel.metadata
        self.assertEqual('zvm-simulator', metadata['Name'])
        self.assertEqual('Apache-2.0', metadata['License-Expression'])
        self.assertEqual('>=3.11', metadata['Requires-Python'])
        self.assertIn('Apache License', self.wheel.info('licenses/LICENSE'))
        self.assertEqual((self.source / 'README.rst').read_text().strip(),
                         metadata.get_payload().strip())

    def test_version_is_the_driver_s(self):
        wheel = Wheel(installation.wheel(self.clone, self.directory / 'other'))
        self.assertEqual(wheel.metadata['Version'],
                         self.wheel.metadata['Version'])

    def test_demands_what_it_imports(self):
        """But for what the connector's interpreter has, and a user's tests."""
        self.assertEqual(
            self.wheel.foreign('zvm_simulator/', (
                '/launcher.py', '/pytest_plugin.py', *self.tests())),
            self.wheel.demanded(''))

    def tests(self):
        return [name for name in self.wheel.package()
                if name.startswith('zvm_simulator/tests/')]

    def test_commands(self):
        for command in ('zvm-simulator', 'nova-zvm-simulator'):
            self.assertIn(
                '\n%s = zvm_simulator.service.commandline:main\n' % command,
                self.wheel.entry_points)
        self.assertIn('[pytest11]\nzvm_simulator = '
                      'zvm_simulator.pytest_plugin\n',
                      self.wheel.entry_points)

    def test_sdist(self):
        """All files are in it, and it makes, without git, the same wheel."""
        path, names = sdist(self.source, self.directory / 'sdist',
                            'setuptools.build_meta')
        self.assertEqual(
            files(self.source),
            {name for name in names if not re.fullmatch(GENERATED, name)})
        self.assertEqual(
            self.wheel.comparable(),
            Wheel(installation.wheel(path, path.parent)).comparable())
