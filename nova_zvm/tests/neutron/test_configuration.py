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

"""Options of the mechanism driver: what stops neutron-server, the sample."""

import pathlib
import subprocess
import sys

import fixtures
from oslo_config import cfg
from oslo_config import fixture as config_fixture
from oslotest import base

from nova_zvm.neutron import conf
from nova_zvm.neutron import mechanism

ROOT = pathlib.Path(__file__).resolve().parents[3]
NEUTRON_CONF = """
[DEFAULT]
core_plugin = ml2
transport_url = fake:/
[database]
connection = sqlite://
[ml2]
type_drivers = local,flat
mechanism_drivers = zvm
[ml2_zvm]
vswitch_mappings = physnet1:VSW1
"""
NO_HOSTS = (
    '[ml2_zvm] hosts is not set: it needs the host names of the nova-compute '
    'services for z/VM')


def run(command, *arguments):
    """Run a command of the environment that the tests run in."""
    return subprocess.run(
        [pathlib.Path(sys.executable).parent / command, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)


class ServerTestCase(base.BaseTestCase):

    def test_ends_with_one_sentence(self):
        """A real server of Neutron's, which loads ML2 before all else."""
        path = self.useFixture(fixtures.TempDir()).join('neutron.conf')
        pathlib.Path(path).write_text(NEUTRON_CONF)
        server = run('neutron-rpc-server', '--config-file', path)
        self.assertEqual(1, server.returncode, server.stdout)
        self.assertEqual('ERROR: ' + NO_HOSTS, server.stdout.splitlines()[-1])
        self.assertNotIn('Traceback', server.stdout)


class OptionsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.conf = self.useFixture(config_fixture.Config(cfg.CONF))
        conf.register_opts(cfg.CONF)
        self.log = self.useFixture(fixtures.FakeLogger(name='nova_zvm'))

    def start(self, **options):
        self.conf.load_raw_values(group=conf.GROUP, **options)
        mechanism.ZVMMechanismDriver().initialize()

    def assertStops(self, sentence, **options):
        exc = self.assertRaises(RuntimeError, self.start, **options)
        self.assertEqual(sentence, str(exc))
        self.assertEqual(sentence + '\n', self.log.output)

    def test_good(self):
        self.start(hosts='zvm1,zvm2', vswitch_mappings='a:VSW1,b:vsw1')
        self.assertEqual('', self.log.output)

    def test_hosts_needed(self):
        self.assertStops(NO_HOSTS, hosts='', vswitch_mappings='a:VSW1')

    def test_mappings_needed(self):
        self.assertStops(
            '[ml2_zvm] vswitch_mappings is not set: it needs the virtual '
            'switch of each physical network, as physnet:VSWITCH',
            hosts='zvm1')

    def test_no_virtual_switch(self):
        self.assertStops(
            "[ml2_zvm] vswitch_mappings: 'VSWITCH12' cannot be a virtual "
            "switch, whose name has one to eight letters and digits",
            hosts='zvm1', vswitch_mappings='a:VSW1,b:VSWITCH12')

    def test_empty_virtual_switch(self):
        self.assertStops(
            "[ml2_zvm] vswitch_mappings: '' cannot be a virtual "
            "switch, whose name has one to eight letters and digits",
            hosts='zvm1', vswitch_mappings='a:')

    def test_no_pairs(self):
        self.assertStops(
            '[ml2_zvm] vswitch_mappings must be pairs physnet:VSWITCH with a '
            'comma between them, each physical network once',
            hosts='zvm1', vswitch_mappings='VSW1')


class SampleTestCase(base.BaseTestCase):

    def test_has_the_options(self):
        path = self.useFixture(fixtures.TempDir()).join('sample')
        generator = run(
            'oslo-config-generator', '--config-file',
            'etc/nova-zvm/neutron-config-generator.conf',
            '--output-file', path)
        self.assertEqual(0, generator.returncode, generator.stdout)
        sample = [line.rstrip()
                  for line in pathlib.Path(path).read_text().splitlines()]
        for line in ('[ml2_zvm]', '#hosts =', '#vswitch_mappings ='):
            self.assertIn(line, sample)
