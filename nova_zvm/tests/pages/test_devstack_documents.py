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

"""The DevStack plugin's README, samples and job are true of it."""

import pathlib
import re

import fixtures
from packaging import requirements
import yaml

from nova_zvm.tests.support.devstack import stack

README = stack.PLUGIN / 'README.rst'
SAMPLES = stack.PLUGIN / 'samples'
ZUUL = stack.ROOT / '.zuul.yaml'


def settings():
    """Return the names of the settings that local.conf may have."""
    return re.findall(r'^(ZVM_\w+)=\$\{\1:-',
                      (stack.PLUGIN / 'settings').read_text(), re.M)


def localrc(sample):
    """Return the section [[local|localrc]] of a local.conf."""
    text = (SAMPLES / sample).read_text()
    return text.partition('[[local|localrc]]\n')[2].partition('\n[[')[0]


class TestDocuments(stack.DevStackTestCase):

    def told(self):
        """Return what the README says of the settings, by their names."""
        text = README.read_text().partition('.. settings-begin')[2].partition(
            '.. settings-end')[0]
        told = {}
        for names, says in re.findall(
                r'^(``ZVM.*``)\n((?:    .*\n)+)', text, re.M):
            for name in re.findall(r'\w+', names):
                told[name] = ' '.join(says.split())
        return told

    def test_readme_tells_each_setting(self):
        self.assertEqual(settings(), list(self.told()))

    def test_readme_tells_each_default(self):
        told = self.told()
        defaults = dict(re.findall(
            r'^ *(ZVM_\w+)=\$\{\1:-([^$\n]+)\}$',
            (stack.PLUGIN / 'settings').read_text(), re.M))
        self.assertIn('ZVM_SUBNET_RANGE', defaults)
        for name, default in defaults.items():
            self.assertRegex(told[name], r'Default[^.:]*: (``)?%s\b' %
                             re.escape(default), name)

    def test_sample_of_the_simulated_zvm(self):
        devstack = self.devstack(localrc('local.conf.simulated'))
        devstack.checked('stack')
        self.assertEqual(1, len(devstack.calls('enable_plugin', 'nova-zvm')))
        services = devstack.calls('settings')[-1][2].split(',')
        self.assertEqual([], [name for name in services
                              if name.startswith(('c-', 'ovn'))])

    def test_sample_of_a_live_zvm(self):
        folder = self.useFixture(fixtures.TempDir()).path
        for name in ('token', 'ca.pem'):
            pathlib.Path(folder, name).touch()
        text = localrc('local.conf.live')
        self.assertEqual([], sorted(
            set(re.findall(r'^(ZVM_\w+)=', text, re.M)) - set(settings())))
        devstack = self.devstack(text.replace('/etc/nova-zvm', folder))
        devstack.checked('stack')
        self.assertEqual('https://zvm.example.org/', stack.read(
            devstack.nova_conf)['zvm']['cloud_connector_url'])
        for kind, number in (('image', 2), ('network', 1), ('subnet', 1)):
            self.assertEqual(number, len(devstack.created(kind)), kind)


class TestRequirements(stack.DevStackTestCase):

    def test_nova_that_runs_is_left_alone(self):
        """pip_install takes test-requirements.txt along with a package."""
        lines = (stack.ROOT / 'test-requirements.txt').read_text()
        nova = requirements.Requirement(
            re.search('^nova[^#]*', lines, re.M)[0])
        for version in ('31.0.0', '35.0.0.0rc1.dev3', '36.1.0'):
            self.assertTrue(
                nova.specifier.contains(version, prereleases=True), version)


class TestZuul(stack.DevStackTestCase):

    def setUp(self):
        super().setUp()
        self.items = yaml.safe_load(ZUUL.read_text())
        self.job, = [item['job'] for item in self.items if 'job' in item]
        self.vars = self.job['vars']

    def test_job(self):
        self.assertEqual('devstack-tempest', self.job['parent'])
        self.assertEqual(['nova-zvm'], list(self.vars['devstack_plugins']))
        self.assertEqual(self.job['required-projects'],
                         list(self.vars['devstack_plugins']))

    def test_project_runs_the_job(self):
        project, = [item['project'] for item in self.items
                    if 'project' in item]
        self.assertEqual([self.job['name']], project['check']['jobs'])

    def test_expressions(self):
        for text in self.job['irrelevant-files']:
            re.compile(text)
        images = 'tempest.api.compute.images.test_images.ImagesTestJSON.'
        self.assertTrue(re.search(self.vars['tempest_test_regex'], images))
        self.assertEqual(
            ['test_create_image_from_paused_server'],
            [name for name in ('test_create_image_from_paused_server',
                               'test_create_image_from_stopped_server')
             if re.search(self.vars['tempest_exclude_regex'],
                          images + name + '[id-71bcb732]')])
        diagnostics = 'tempest.api.compute.admin.test_server_diagnostics.'
        self.assertEqual(
            ['ServerDiagnosticsV248Test'],
            [name for name in ('ServerDiagnosticsTest',
                               'ServerDiagnosticsV248Test')
             if re.search(self.vars['tempest_exclude_regex'],
                          diagnostics + name + '.test_get_server_diagnostics'
                          '[id-64d0d48c]')])

    def test_each_exclusion_has_its_reason(self):
        """It stands in the comment before them, after their names."""
        lines = ZUUL.read_text().splitlines()
        last, = [number for number, line in enumerate(lines)
                 if 'tempest_exclude_regex:' in line]
        first = last
        while lines[first - 1].strip().startswith('#'):
            first -= 1
        told = ' '.join(line.strip(' #') for line in lines[first:last])
        self.assertEqual(
            re.findall(r'\w{9,}', self.vars['tempest_exclude_regex']),
            re.findall(r'(\w+): \w', told))

    def test_irrelevant_files(self):
        """None that the job installs or runs."""
        for path in ('devstack/plugin.sh',
                     'simulator/zvm_simulator/faults/dispatch.py',
                     'nova_zvm/driver.py', 'setup.cfg', '.zuul.yaml'):
            self.assertEqual([], [text for text in
                                  self.job['irrelevant-files']
                                  if re.match(text, path)], path)

    def test_variables(self):
        names = set(self.vars['devstack_localrc'])
        self.assertEqual(
            set(), {name for name in names if name.startswith('ZVM_')}
            - set(settings()))
        # DevStack's own.
        self.assertEqual({'DOWNLOAD_DEFAULT_IMAGES', 'Q_AGENT'},
                         {name for name in names
                          if not name.startswith('ZVM_')})

    def test_plugin_runs_with_its_variables(self):
        devstack = self.devstack('\n'.join(
            [*('%s=%s' % pair for pair in
               self.vars['devstack_localrc'].items()),
             *('disable_service ' + name for name, on in
               self.vars['devstack_services'].items() if not on)]))
        devstack.checked('stack')
        self.assertTrue(devstack.calls('run_process')[0][2].endswith(
            ' --speed 20'))
