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

"""The DevStack plugin refuses settings that are missing or contradictory."""

import fixtures

from nova_zvm.tests.support.devstack import stack


class TestRefusals(stack.DevStackTestCase):
    """One sentence, before anything has been done."""

    URL = 'ZVM_CONNECTOR_URL=https://zvm.example.org/\n'
    GOOD = URL + 'ZVM_VSWITCH_MAPPINGS=flat:VSW9\n'

    def assertRefused(self, localrc, sentence):
        devstack = self.devstack(localrc)
        done = devstack.run('stack')
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertEqual('[ERROR] %s\n' % sentence, done.stdout)
        self.assertEqual(['run_phase', 'die'],
                         [call[0] for call in devstack.calls()])
        self.assertFalse((devstack.root / 'stack').exists())

    def test_good(self):
        self.devstack(self.GOOD).checked('stack')

    def test_token_without_url(self):
        self.assertRefused(
            'ZVM_CONNECTOR_TOKEN_FILE=/etc/token',
            'ZVM_CONNECTOR_TOKEN_FILE is set and ZVM_CONNECTOR_URL is not: '
            'set the URL too, or leave ZVM_CONNECTOR_TOKEN_FILE out for the '
            'simulated z/VM.')

    def test_ca_without_url(self):
        self.assertRefused(
            'ZVM_CONNECTOR_CA_FILE=/etc/ca.pem',
            'ZVM_CONNECTOR_CA_FILE is set and ZVM_CONNECTOR_URL is not: set '
            'the URL too, or leave ZVM_CONNECTOR_CA_FILE out for the '
            'simulated z/VM.')

    def test_no_url(self):
        for value in ('zvm.example.org', 'ftp://zvm.example.org', 'https://'):
            self.assertRefused(
                'ZVM_CONNECTOR_URL=' + value,
                'ZVM_CONNECTOR_URL must be a URL that begins with http:// or '
                'https://, such as https://zvm.example.org/.')

    def test_scenario_with_url(self):
        self.assertRefused(
            self.GOOD + 'ZVM_SIMULATOR_SCENARIO=ssi',
            'ZVM_SIMULATOR_SCENARIO and ZVM_CONNECTOR_URL are set: leave one '
            'of them out.')

    def test_simulator_with_url(self):
        self.assertRefused(
            self.GOOD + 'ENABLED_SERVICES+=,zvm-simulator',
            'ZVM_CONNECTOR_URL is set and the service zvm-simulator is '
            'enabled: leave one of them out.')

    def test_ca_with_http(self):
        self.assertRefused(
            'ZVM_CONNECTOR_URL=http://zvm.example.org/\n'
            'ZVM_CONNECTOR_CA_FILE=/etc/hosts',
            'ZVM_CONNECTOR_CA_FILE is set and ZVM_CONNECTOR_URL does not '
            'begin with https://: correct the URL or leave the file out.')

    def test_files(self):
        folder = self.useFixture(fixtures.TempDir()).path
        for name, more in (
                ('ZVM_CONNECTOR_TOKEN_FILE', self.GOOD),
                ('ZVM_CONNECTOR_CA_FILE', self.GOOD),
                ('ZVM_IMAGE_FILE', 'ZVM_IMAGE_OS_DISTRO=rhel8.6\n'),
                ('ZVM_SIMULATOR_SCENARIO', '')):
            for path in (folder, folder + '/none', './README.rst'):
                devstack = self.devstack('%s%s=%s' % (more, name, path))
                done = devstack.run('stack')
                self.assertRegex(
                    done.stdout, r'^\[ERROR\] %s must be the absolute path '
                    r'of a file that \S+ can read, and %s is not\.\n$'
                    % (name, path))

    def test_two_images(self):
        self.assertRefused(
            'ZVM_IMAGE_FILE=/etc/hosts\nZVM_IMAGE_URL=http://a/b',
            'ZVM_IMAGE_FILE and ZVM_IMAGE_URL are set: leave one of them '
            'out.')

    def test_image_of_unknown_linux(self):
        self.assertRefused(
            'ZVM_IMAGE_FILE=/etc/hosts',
            "ZVM_IMAGE_OS_DISTRO is not set: give name and version of the "
            "image's Linux, such as rhel8.6.")

    def test_ovn(self):
        for localrc in ('Q_AGENT=ovn',
                        'Q_ML2_PLUGIN_MECHANISM_DRIVERS=logger,ovn'):
            self.assertRefused(
                localrc,
                'OVN beside virtual switches is not tested: set '
                'Q_AGENT=openvswitch, and leave ovn out of '
                'Q_ML2_PLUGIN_MECHANISM_DRIVERS.')

    def test_no_mappings(self):
        self.assertRefused(
            self.URL,
            'ZVM_VSWITCH_MAPPINGS is not set: give the virtual switch of '
            'each physical network, as physnet:VSWITCH.')

    def test_network_without_switch(self):
        for physical in ('', 'ZVM_NETWORK_PHYSICAL=fla\n'):
            self.assertRefused(
                self.GOOD + physical + 'ZVM_SUBNET_RANGE=198.51.100.0/24',
                'ZVM_NETWORK_PHYSICAL must be one of the physical networks '
                'in ZVM_VSWITCH_MAPPINGS, since ZVM_SUBNET_RANGE is set.')
