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

"""What is imported is declared, and what is declared is of use.

What the extras bring, test_packaging looks at in the wheel.
"""

import ast
from importlib import metadata
import pathlib
import re
import sys

import testtools

ROOT = pathlib.Path(__file__).parents[3]
PACKAGE = ROOT / 'nova_zvm'
# Parts of the package that have an extra of their own.
EXTRAS = ('neutron',)
# What test-requirements.txt has beside what tests import.
NOT_IMPORTED = {
    'for classes and fixtures of nova.tests': {
        'ddt', 'osprofiler', 'pymysql', 'python-barbicanclient',
        'testresources', 'testscenarios', 'wsgi-intercept'},
    'programs': {'coverage', 'stestr', 'python-openstackclient'},
    'a part of the program openstack': {'osc-placement'},
    'builds wheels': {'pbr', 'setuptools'},
}


def normalized(name):
    """Return the name of a distribution as PyPI compares it."""
    return re.sub('[-_.]+', '-', name).lower()


def declared(name):
    return {normalized(line) for line in re.findall(
        r'(?m)^[\w.-]+', (ROOT / name).read_text())}


def imported(paths):
    """Return the distributions that files import."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module)
    local = {path.stem for path in ROOT.glob('tools/*.py')} | {
        'nova_zvm', 'tools', 'zvm_simulator'}
    packages = metadata.packages_distributions()
    return {normalized(distribution)
            for name in {name.partition('.')[0] for name in found}
            if name not in sys.stdlib_module_names and name not in local
            for distribution in packages.get(name, [name])}


class TestRequirements(testtools.TestCase):

    def test_driver(self):
        paths = [path for path in PACKAGE.rglob('*.py')
                 if path.relative_to(PACKAGE).parts[0] not in (
                     'tests', *EXTRAS)]
        # nova is beside the driver, which never brings one.
        self.assertEqual(imported(paths) - {'nova'},
                         declared('requirements.txt'))

    def test_tests(self):
        # Neutron's tests and those of mutants have environments apart.
        paths = [path for path in [*PACKAGE.glob('tests/**/*.py'),
                                   *ROOT.glob('tools/*.py'),
                                   *ROOT.glob('tools/sandbox/*.py'),
                                   *ROOT.glob('tools/bench/*.py')]
                 if path.parent != PACKAGE / 'tests' / 'neutron']
        wanted = imported(paths) - declared('requirements.txt')
        found = declared('test-requirements.txt')
        self.assertEqual(set(), wanted - found)
        self.assertEqual(set().union(*NOT_IMPORTED.values()),
                         found - wanted)
