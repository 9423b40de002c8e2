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

"""The releases of nova that README.rst lists, and what stands behind it."""

import configparser
from importlib import metadata
import os
import pathlib
import re
import subprocess
import sys

import testtools

from nova_zvm.tests.support import concurrency

ROOT = pathlib.Path(__file__).parents[3]
# What nova-compute's own module makes of the concurrency of its process.
ASK_NOVA_COMPUTE = """
import nova.cmd.compute
import socket
print('eventlet' in socket.socket.__module__)
"""


def ini(name):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / name)
    return parser


def rows():
    """Return the rows of the table as dicts by the heads of the columns."""
    text = (ROOT / 'README.rst').read_text()
    table = re.search(
        r'^(=+ [= ]+)\n(OpenStack .*)\n\1\n(.*?)\n\1$', text, re.M | re.S)
    edges = [match.span() for match in re.finditer('=+', table[1])]
    heads, *lines = [[line[start:end].strip() for start, end in edges]
                     for line in [table[2], *table[3].split('\n')]]
    return [dict(zip(heads, line)) for line in lines]


def beside():
    """Return what the table below that says of all but nova."""
    text = (ROOT / 'README.rst').read_text()
    return {name.strip(): version for name, version in re.findall(
        r'^(neutron|Python|z/VM Cloud Connector) +(\S.*)$', text, re.M)}


def pins(name):
    """Return the versions that a constraints file holds, by distribution."""
    return dict(re.findall(r'^([\w.-]+)==(\S+)$',
                           (ROOT / name).read_text(), re.M))


def bounds(lines):
    """Return the lower bounds of requirements, by distribution."""
    found = [re.match(r'([\w.-]+)[^>]*>=([\d.]+)', line) for line in lines]
    return {match[1].lower(): tuple(map(int, match[2].split('.')))
            for match in found if match}


class TestTable(testtools.TestCase):

    def setUp(self):
        super().setUp()
        tox = ini('tox.ini')
        [name] = [section for section in tox.sections()
                  if section.startswith('testenv:{unit,')]
        self.environments = tox[name]
        self.releases = name.split('-')[1].strip('{}').split(',')
        self.default = tox['testenv']['constraints']

    def constraints(self, release):
        """Return the constraints file of an environment of tox."""
        [path] = re.findall('^%s: (.*)' % re.escape(release),
                            self.environments['constraints'], re.M)
        return path.replace('{[testenv]constraints}', self.default).replace(
            '{toxinidir}/', '')

    def test_each_has_its_environments(self):
        self.assertEqual(self.releases,
                         sorted(row['OpenStack'] for row in rows()))

    def test_nova_is_the_one_of_the_constraints(self):
        for row in rows():
            nova = pins(self.constraints(row['OpenStack']))['nova']
            self.assertEqual(nova, row['nova'])

    def test_version_is_of_the_newest(self):
        version = ini('setup.cfg')['metadata']['version']
        self.assertEqual(self.releases[-1], version.rpartition('.')[0])

    def test_concurrency_is_the_one_of_the_tests(self):
        for row in rows():
            self.assertEqual(
                concurrency.of(int(row['nova'].partition('.')[0])),
                row['Concurrency'])

    def test_pythons_are_those_of_the_package(self):
        classifiers = ini('setup.cfg')['metadata']['classifier']
        for row in rows():
            self.assertEqual(re.findall(r':: (3\.\d+)', classifiers),
                             row['Python'].split(', '))


class TestBeside(testtools.TestCase):

    def test_neutron_is_the_one_of_the_tests(self):
        [oldest] = re.findall(r'neutron>=(\d+)\.',
                              ini('tox.ini')['testenv:neutron']['deps'])
        self.assertEqual(oldest, beside()['neutron'].split()[0])

    def test_pythons_are_those_of_the_package(self):
        self.assertEqual(
            re.findall(r':: (3\.\d+)', ini('setup.cfg')['metadata'][
                'classifier']), beside()['Python'].split(', '))

    def test_connector_is_the_one_of_the_tests(self):
        pinned = pins('simulator/zvm_simulator/connector-requirements.txt')
        self.assertEqual(
            pinned['zVMCloudConnector'],
            beside()['z/VM Cloud Connector'].partition(',')[0])


class TestConcurrency(testtools.TestCase):

    def test_tests_run_as_nova_compute_does(self):
        environment = dict(os.environ)
        environment.pop(concurrency.VARIABLE)
        eventlet = concurrency.of(
            concurrency.installed_release()) == concurrency.EVENTLET
        done = subprocess.run(
            [sys.executable, '-c', ASK_NOVA_COMPUTE], env=environment,
            stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(str(eventlet), done.stdout.strip())


class TestRequirements(testtools.TestCase):

    def test_lower_bounds_are_no_higher_than_novas(self):
        """Whoever has nova has brought what the driver needs."""
        ours = bounds((ROOT / 'requirements.txt').read_text().splitlines())
        # nova's requests brings urllib3.
        novas = {**bounds(metadata.requires('requests')),
                 **bounds(metadata.requires('nova'))}
        self.assertIsNotNone(ours.pop('pycdlib'))
        self.assertEqual({}, {
            name: bound for name, bound in ours.items()
            if name not in novas or bound > novas[name]})
