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

"""What is in the wheel and in the sdist, and what they demand."""

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
GENERATED = r'AUTHORS|ChangeLog|PKG-INFO|nova_zvm\.egg-info/.*'
BUILD_SDIST = """
import sys
from pbr import build
build.build_sdist(sys.argv[1])
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

    def comparable(self):
        """Return checksums, but for what tells where it was built.

        pbr.json has the commit, and RECORD the checksum of pbr.json.
        """
        return {name: hashlib.sha256(content).hexdigest()
                for name, content in self.contents.items()
                if not name.endswith(('.dist-info/pbr.json',
                                      '.dist-info/RECORD'))}


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
        """It is whatever else their part of the package imports of others."""
        for extra in ('simulator', 'neutron'):
            distributions = {DISTRIBUTIONS.get(name, name)
                             for name in self._foreign(extra)}
            self.assertEqual(distributions - self.wheel.demanded(r'^[^;]*$'),
                             self.wheel.demanded('extra == .%s' % extra))

    def _foreign(self, part):
        """Return what a part of the package imports of others."""
        imported = set()
        for path, content in self.wheel.package().items():
            if path.startswith('nova_zvm/%s/' % part) and path.endswith(
                    '.py') and not path.endswith('/launcher.py'):
                imported |= {name.partition('.')[0] for node in
                             ast.walk(ast.parse(content))
                             for name in self._imported(node)}
        return imported - set(sys.stdlib_module_names) - {'nova_zvm'}

    @staticmethod
    def _imported(node):
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        return [node.module] if isinstance(node, ast.ImportFrom) else []

    def test_commands(self):
        for command in ('nova-zvm-adopt', 'nova-zvm-simulator',
                        'nova-zvm-status', 'nova-zvm-which-driver'):
            self.assertIn('\n%s = nova_zvm.cmd.' % command,
                          self.wheel.entry_points)

    def test_sdist(self):
        """All files are in it, and it makes, without git, the same wheel."""
        installation.checked(
            [sys.executable, '-c', BUILD_SDIST, self.directory],
            cwd=self.clone)
        sdist = next(self.directory.glob('*.tar.gz'))
        with tarfile.open(sdist) as archive:
            names = {member.name.partition('/')[2]
                     for member in archive.getmembers() if member.isfile()}
        self.assertEqual(
            set(installation.checked(
                ['git', 'ls-files'], cwd=self.clone).split()) - {'.gitignore'},
            {name for name in names if not re.fullmatch(GENERATED, name)})
        self.assertLessEqual({'AUTHORS', 'ChangeLog', 'PKG-INFO'}, names)

        built = self.directory / 'of-sdist'
        built.mkdir()
        self.assertEqual(self.wheel.comparable(),
                         Wheel(installation.wheel(sdist, built)).comparable())
