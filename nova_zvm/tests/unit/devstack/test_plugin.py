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

"""The DevStack plugin: what it asks of DevStack, and the files it writes."""

import configparser
import pathlib
import shlex

import fixtures

from nova_zvm.tests.support.devstack import stack

TOKEN = 'kZ3-a-token-that-nobody-may-see'
LIVE = '''
ZVM_CONNECTOR_URL=https://zvm.example.org/
ZVM_CONNECTOR_TOKEN_FILE=%s/token
ZVM_CONNECTOR_CA_FILE=%s/ca.pem
ZVM_DISK_POOL=ECKD:POOL1
ZVM_HOSTS=zvm1
ZVM_VSWITCH_MAPPINGS=flat:VSW9
'''
MATRIX = stack.ROOT / 'doc/source/user/support-matrix.ini'

# What of the support matrix each switch of Tempest stands for: on if the
# driver has all of them.
FEATURES = {
    'attach_encrypted_volume': ['encrypted-volume'],
    'change_password': ['set-admin-password'],
    'cold_migration': ['resize'],
    'config_drive': ['guest.setup.configdrive'],
    'console_output': ['console.serial.log'],
    'interface_attach': ['attach-interface', 'detach-interface'],
    'live_migrate_back_and_forth': ['live-migrate'],
    'live_migration': ['live-migrate'],
    'pause': ['pause', 'unpause'],
    # Files that a user gives go onto the config drive.
    'personality': ['guest.setup.configdrive'],
    'rescue': ['rescue'],
    'resize': ['resize'],
    'serial_console': ['console.serial.interactive'],
    # nova makes a shelve of these.
    'shelve': ['snapshot', 'launch', 'terminate'],
    'shelve_migrate': ['snapshot', 'launch', 'terminate', 'resize'],
    'snapshot': ['snapshot'],
    'spice_console': ['console.spice'],
    'stable_rescue': ['rescue'],
    'suspend': ['suspend', 'resume'],
    'swap_volume': ['swap-volume'],
    'vnc_console': ['console.vnc'],
    'volume_backed_live_migration': ['live-migrate', 'storage.block'],
    'volume_multiattach': ['multiattach-volume'],
}
# What is not the driver's.
OTHERS = {'metadata_service': 'False'}


class TestSimulated(stack.DevStackTestCase):

    def setUp(self):
        super().setUp()
        self.stack = self.devstack('ZVM_HOSTS=zvm1')
        self.stack.checked('stack')

    def test_installs_all_that_runs_here(self):
        self.assertEqual(
            [['setup_develop', str(stack.ROOT / 'simulator')],
             ['setup_develop', str(stack.ROOT), 'neutron']],
            self.stack.calls('setup_develop'))
        self.assertEqual(
            [['zvm-simulator', 'install-connector', '--venv',
              str(self.stack.data / 'connector')]],
            self.stack.calls('zvm-simulator'))

    def test_runs_the_simulated_zvm(self):
        self.assertEqual(
            [['run_process', 'zvm-simulator',
              '{bin}/zvm-simulator run --dir {data}/system '
              '--connector-python {data}/connector/bin/python '
              '--port 20080 --speed 10'.format(
                  bin=self.stack.root / 'bin', data=self.stack.data)]],
            self.stack.calls('run_process'))
        self.assertEqual(
            [['wait_for_service', '60', 'http://127.0.0.1:20080/']],
            self.stack.calls('wait_for_service'))

    def test_nova_conf(self):
        system = self.stack.data / 'system/ZVMSYS1'
        wanted = {
            'cloud_connector_url': 'http://127.0.0.1:20080/',
            'token_file': str(system / 'token.dat'),
            'image_repository': str(system / 'images')}
        for path in (self.stack.nova_conf, self.stack.nova_cpu_conf):
            conf = stack.read(path)
            self.assertEqual(wanted, conf['zvm'])
            self.assertEqual('zvm.ZVMDriver',
                             conf['DEFAULT']['compute_driver'])
            self.assertEqual('zvm%05x',
                             conf['DEFAULT']['instance_name_template'])
        conf = stack.read(self.stack.nova_conf)
        self.assertEqual('True', conf['DEFAULT']['force_config_drive'])
        self.assertEqual({'response_validation': 'warn'}, conf['api'])

    def test_nova_conf_is_written_by_one_at_a_time(self):
        """configure_neutron_nova runs in the background until awaited."""
        calls = self.stack.calls()
        self.assertLess(
            calls.index(['async_wait', 'configure_neutron_nova']),
            calls.index(['nova-zvm-which-driver', '--config-file',
                         str(self.stack.nova_conf)]))

    def test_ml2_conf(self):
        self.assertEqual(
            {'ml2': {'mechanism_drivers': 'zvm,openvswitch',
                     'project_network_types': 'vlan',
                     'extension_drivers': 'port_security'},
             'ml2_type_flat': {'flat_networks': 'public,physnet1,physnet2'},
             'ml2_type_geneve': {'vni_ranges': '1:1000'},
             'ml2_type_vlan': {'network_vlan_ranges': 'physnet1:100:199'},
             'ml2_zvm': {'hosts': 'zvm1', 'vswitch_mappings':
                         'physnet1:VSW1,physnet2:VSW2'}},
            stack.read(self.stack.ml2_conf))
        self.assertEqual('02:00:00:00:00:00', stack.read(
            self.stack.neutron_conf)['DEFAULT']['base_mac'])

    def test_services(self):
        """Those of OVN go, and the simulated z/VM comes."""
        _, driver, services = self.stack.calls('settings')[-1]
        self.assertEqual('zvm', driver)
        self.assertEqual([], [
            name for name in services.split(',') if name.startswith(
                ('ovn-', 'ovs', 'q-ovn-'))])
        self.assertIn('zvm-simulator', services.split(','))
        self.assertIn('q-svc', services.split(','))

    def test_flavors_image_and_network(self):
        self.assertEqual(
            [['--ram', '1024', '--disk', '3', '--vcpus', '1', 'zvm.small'],
             ['--ram', '2048', '--disk', '4', '--vcpus', '1', 'zvm.medium']],
            self.stack.created('flavor'))
        self.assertEqual(
            [['--public', '--disk-format', 'raw', '--container-format',
              'bare', '--property', 'hw_architecture=s390x', '--property',
              'os_distro=rhel8.6', '--file',
              str(self.stack.data / 'simulated.img'), name]
             for name in ('zvm', 'zvm-alt')],
            self.stack.created('image'))
        self.assertEqual(
            [['--share', '--provider-network-type', 'flat',
              '--provider-physical-network', 'physnet2', 'zvm']],
            self.stack.created('network'))
        self.assertEqual(
            [['--network', 'zvm', '--no-dhcp', '--subnet-range',
              '192.0.2.0/24', 'zvm']], self.stack.created('subnet'))

    def test_tempest_conf(self):
        conf = stack.read(self.stack.tempest_conf)
        self.assertEqual(
            {'image_ref': 'id-of-image-zvm',
             'image_ref_alt': 'id-of-image-zvm-alt',
             'flavor_ref': 'id-of-flavor-zvm.small',
             'flavor_ref_alt': 'id-of-flavor-zvm.medium',
             'fixed_network_name': 'zvm'}, conf['compute'])
        self.assertEqual('True', conf['auth']['create_isolated_networks'])
        self.assertEqual({'public_network_id': 'id-of-network-public'},
                         conf['network'])
        self.assertEqual('False', conf['validation']['run_validation'])
        self.assertEqual(
            {'floating_ips': 'True', 'port_admin_state_change': 'False'},
            conf['network-feature-enabled'])

    def test_tempest_features_are_those_of_the_support_matrix(self):
        matrix = configparser.ConfigParser(interpolation=None)
        matrix.read_string(MATRIX.read_text())

        def has(*features):
            return str(all(
                matrix['operation.' + feature]['driver.nova-zvm'] in
                ('complete', 'partial') for feature in features))

        conf = stack.read(self.stack.tempest_conf)
        self.assertEqual(
            OTHERS | {name: has(*features)
                      for name, features in FEATURES.items()},
            conf['compute-feature-enabled'])
        self.assertEqual(has('storage.block'),
                         conf['service_available']['cinder'])
        # Servers are rebuilt from another image.
        self.assertEqual(has('rebuild'), str(
            conf['compute']['image_ref'] != conf['compute']['image_ref_alt']))

    def test_again(self):
        """A second stack.sh changes no file and creates nothing."""
        paths = (self.stack.nova_conf, self.stack.nova_cpu_conf,
                 self.stack.neutron_conf, self.stack.ml2_conf,
                 self.stack.tempest_conf)
        before = [stack.read(path) for path in paths]
        # What DevStack has made anew is added to; what it keeps is kept.
        kinds = ('flavor', 'image', 'network', 'subnet')
        created = [self.stack.created(kind) for kind in kinds]
        self.stack.checked('stack')
        self.assertEqual(before, [stack.read(path) for path in paths])
        self.assertEqual(created,
                         [self.stack.created(kind) for kind in kinds])

    def test_again_with_what_was_configured(self):
        """A phase that is run twice adds nothing to a list again."""
        self.stack.set('ZVM_HOSTS=zvm1\n'
                       'Q_ML2_PLUGIN_MECHANISM_DRIVERS=openvswitch,zvm\n')
        self.stack.checked('stack')
        self.assertEqual('zvm,openvswitch', stack.read(
            self.stack.ml2_conf)['ml2']['mechanism_drivers'])

    def test_stack_begins_with_a_new_zvm(self):
        old = self.stack.data / 'system/zvm.sqlite'
        old.parent.mkdir(parents=True)
        old.touch()
        self.stack.checked('stack')
        self.assertFalse(old.exists())
        calls = [call[:2] for call in self.stack.calls()]
        self.assertIn(['stop_process', 'zvm-simulator'],
                      calls[:calls.index(['run_process', 'zvm-simulator'])])

    def test_unstack(self):
        self.assertTrue((self.stack.root / 'running').exists())
        self.stack.checked('unstack')
        self.assertEqual(['stop_process', 'zvm-simulator'],
                         self.stack.calls()[-2])
        self.assertFalse((self.stack.root / 'running').exists())
        self.assertTrue(self.stack.data.exists())

    def test_clean(self):
        self.stack.checked('unstack')
        self.stack.checked('clean')
        self.assertEqual([['pip_uninstall', 'nova-zvm'],
                          ['pip_uninstall', 'zvm-simulator']],
                         self.stack.calls('pip_uninstall'))
        self.assertFalse(self.stack.data.exists())
        self.assertTrue(self.stack.data.parent.exists())

    def test_clean_of_nothing(self):
        self.devstack().checked('clean')


class TestSettings(stack.DevStackTestCase):
    """What is set otherwise, in the case of the simulated z/VM."""

    def test_simulator(self):
        scenario = pathlib.Path(
            self.useFixture(fixtures.TempDir()).join('my scenario.yaml'))
        scenario.touch()
        devstack = self.devstack(
            'ZVM_SIMULATOR_PORT=20081\nZVM_SIMULATOR_SPEED=2\n'
            'ZVM_SIMULATOR_MEMBER=OTHER\nZVM_SIMULATOR_SCENARIO="%s"'
            % scenario)
        devstack.checked('stack')
        command, = devstack.calls('run_process')
        self.assertEqual(
            ['--port', '20081', '--speed', '2', '--scenario', str(scenario)],
            shlex.split(command[2])[-6:])
        zvm = stack.read(devstack.nova_conf)['zvm']
        self.assertEqual('http://127.0.0.1:20081/',
                         zvm['cloud_connector_url'])
        self.assertIn('/OTHER/', zvm['token_file'])

    def test_subnet(self):
        devstack = self.devstack(
            'ZVM_NETWORK_NAME=lan\nZVM_NETWORK_PHYSICAL=physnet1\n'
            'ZVM_SUBNET_RANGE=198.51.100.0/24\n'
            'ZVM_SUBNET_OPTIONS="--gateway none --dns-nameserver 192.0.2.53"')
        devstack.checked('stack')
        self.assertEqual(
            [['--network', 'lan', '--no-dhcp', '--subnet-range',
              '198.51.100.0/24', '--gateway', 'none', '--dns-nameserver',
              '192.0.2.53', 'lan']], devstack.created('subnet'))
        self.assertEqual('lan', stack.read(devstack.tempest_conf)[
            'compute']['fixed_network_name'])

    def test_tempest_without_an_external_network(self):
        devstack = self.devstack('NEUTRON_CREATE_INITIAL_NETWORKS=False')
        devstack.checked('stack')
        conf = stack.read(devstack.tempest_conf)
        self.assertEqual('True', conf['auth']['create_isolated_networks'])
        self.assertEqual('False',
                         conf['network-feature-enabled']['floating_ips'])
        self.assertNotIn('network', conf)

    def test_no_second_image_without_tempest(self):
        devstack = self.devstack('disable_service tempest')
        devstack.checked('stack')
        self.assertEqual(['zvm'], [
            words[-1] for words in devstack.created('image')])

    def test_type_drivers(self):
        """The two are added to those that were asked for."""
        devstack = self.devstack('Q_ML2_PLUGIN_TYPE_DRIVERS=vxlan,vlan')
        devstack.checked('stack')
        self.assertEqual('vxlan,vlan,flat', stack.read(
            devstack.ml2_conf)['ml2']['type_drivers'])

    def test_simulator_that_is_disabled(self):
        devstack = self.devstack('disable_service zvm-simulator')
        devstack.checked('stack')
        self.assertEqual([], devstack.calls('zvm-simulator'))
        self.assertEqual([], devstack.calls('run_process'))

    def test_only_neutron_here(self):
        devstack = self.devstack('ENABLED_SERVICES=key,q-svc,rabbit,mysql')
        devstack.checked('stack')
        self.assertEqual([['setup_develop', str(stack.ROOT / 'simulator')],
                          ['setup_develop', str(stack.ROOT), 'neutron']],
                         devstack.calls('setup_develop'))
        self.assertEqual([], devstack.calls('zvm-simulator'))
        self.assertEqual([], devstack.calls('run_process'))
        self.assertEqual('instance-%08x', stack.read(devstack.nova_conf)[
            'DEFAULT']['instance_name_template'])
        self.assertEqual([], devstack.created('image'))
        self.assertEqual(1, len(devstack.created('network')))

    def test_only_nova_compute_here(self):
        devstack = self.devstack('ENABLED_SERVICES=n-cpu')
        devstack.checked('stack')
        self.assertEqual([['setup_develop', str(stack.ROOT / 'simulator')],
                          ['setup_develop', str(stack.ROOT), '']],
                         devstack.calls('setup_develop'))
        self.assertEqual(1, len(devstack.calls('run_process')))
        self.assertEqual('openvswitch', stack.read(devstack.ml2_conf)[
            'ml2']['mechanism_drivers'])
        self.assertEqual([], devstack.calls('openstack'))
        self.assertNotIn('auth', stack.read(devstack.tempest_conf))

    def test_no_start(self):
        devstack = self.devstack()
        (devstack.root / 'service-does-not-start').touch()
        self.assertEqual(1, devstack.run('stack').returncode)
        self.assertEqual(
            ['The simulated z/VM did not start: its log tells why '
             '(journalctl --unit devstack@zvm-simulator).'],
            [' '.join(call[1:]) for call in devstack.calls('die')])

    def test_another_driver(self):
        devstack = self.devstack()
        devstack.provide('nova-zvm-which-driver', '#!/bin/bash\nexit 1\n')
        self.assertEqual(1, devstack.run('stack').returncode)
        self.assertIn('nova-compute would not load the driver',
                      devstack.calls('die')[0][1])


class TestLive(stack.DevStackTestCase):
    """What is done with a z/VM."""

    def live(self, more=''):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (folder / 'token').write_text(TOKEN)
        (folder / 'ca.pem').write_text('certificate')
        self.token_file = str(folder / 'token')
        return self.devstack(LIVE % (folder, folder) + more)

    def test_nova_conf(self):
        devstack = self.live()
        devstack.checked('stack')
        for path in (devstack.nova_conf, devstack.nova_cpu_conf):
            self.assertEqual(
                {'cloud_connector_url': 'https://zvm.example.org/',
                 'token_file': self.token_file,
                 'ca_file': self.token_file.replace('token', 'ca.pem'),
                 'disk_pool': 'ECKD:POOL1'}, stack.read(path)['zvm'])

    def test_ml2_conf(self):
        """Nothing is said that was not set."""
        devstack = self.live()
        devstack.checked('stack')
        conf = stack.read(devstack.ml2_conf)
        self.assertEqual({'hosts': 'zvm1', 'vswitch_mappings': 'flat:VSW9'},
                         conf['ml2_zvm'])
        self.assertEqual('geneve', conf['ml2']['project_network_types'])
        self.assertNotIn('type_drivers', conf['ml2'])
        self.assertNotIn('base_mac',
                         stack.read(devstack.neutron_conf)['DEFAULT'])

    def test_no_simulated_zvm(self):
        devstack = self.live()
        devstack.checked('stack')
        self.assertEqual([['setup_develop', str(stack.ROOT), 'neutron']],
                         devstack.calls('setup_develop'))
        for name in ('zvm-simulator', 'run_process', 'wait_for_service'):
            self.assertEqual([], devstack.calls(name))
        self.assertNotIn('zvm-simulator',
                         devstack.calls('settings')[-1][2].split(','))

    def test_after_the_simulated_zvm(self):
        """nova-compute's file keeps nothing of an earlier run."""
        devstack = self.live()
        localrc = (devstack.root / 'localrc').read_text()
        devstack.set('')
        devstack.checked('stack')
        devstack.set(localrc)
        devstack.checked('stack')
        self.assertNotIn('image_repository',
                         stack.read(devstack.nova_cpu_conf)['zvm'])

    def test_no_image_and_no_network(self):
        devstack = self.live()
        devstack.checked('stack')
        self.assertEqual(2, len(devstack.created('flavor')))
        for kind in ('image', 'network', 'subnet'):
            self.assertEqual([], devstack.created(kind))
        conf = stack.read(devstack.tempest_conf)
        self.assertEqual('other', conf['compute']['image_ref'])
        self.assertEqual('private', conf['compute']['fixed_network_name'])
        self.assertEqual('True', conf['validation']['run_validation'])

    def test_image_file(self):
        devstack = self.live()
        image = devstack.root / 'rhel.img'
        image.write_text('image')
        devstack = self.live('ZVM_IMAGE_FILE=%s\nZVM_IMAGE_OS_DISTRO=sles15.4'
                             '\nZVM_IMAGE_NAME=sles' % image)
        devstack.checked('stack')
        for words in devstack.created('image'):
            self.assertEqual([str(image)], stack.option(words, '--file'))
            self.assertIn('os_distro=sles15.4', words)
        compute = stack.read(devstack.tempest_conf)['compute']
        self.assertEqual(
            ('id-of-image-sles', 'id-of-image-sles-alt'),
            (compute['image_ref'], compute['image_ref_alt']))

    def test_image_url(self):
        devstack = self.live('ZVM_IMAGE_URL=https://zvm.example.org/a.img\n'
                             'ZVM_IMAGE_OS_DISTRO=rhel9.2')
        devstack.checked('stack')
        self.assertEqual(['https://zvm.example.org/a.img'],
                         [call[-1] for call in devstack.calls('curl')])
        words, _ = devstack.created('image')
        path, = stack.option(words, '--file')
        self.assertEqual('downloaded\n', pathlib.Path(path).read_text())
        devstack.checked('clean')
        self.assertFalse(pathlib.Path(path).exists())

    def test_tempest_logs_in_on_the_one_network(self):
        devstack = self.live('ZVM_NETWORK_PHYSICAL=flat\n'
                             'ZVM_SUBNET_RANGE=192.0.2.0/24')
        devstack.checked('stack')
        conf = stack.read(devstack.tempest_conf)
        self.assertEqual('False', conf['auth']['create_isolated_networks'])
        self.assertEqual(
            {'run_validation': 'True', 'connect_method': 'fixed',
             'network_for_ssh': 'zvm'}, conf['validation'])
        self.assertEqual('False',
                         conf['network-feature-enabled']['floating_ips'])

    def test_token_is_never_seen(self):
        """Not in what bash traces, says or writes, in any phase."""
        devstack = self.live()
        said = ''.join(devstack.checked(action).stdout
                       for action in ('stack', 'unstack', 'clean'))
        self.assertIn('zvm_configure_nova', devstack.xtrace())
        self.assertIn(self.token_file, devstack.xtrace())
        written = [path.read_text() for path in devstack.root.rglob('*')
                   if path.is_file()]
        for text in (said, *written):
            self.assertNotIn(TOKEN, text)

    def test_clean(self):
        devstack = self.live()
        for action in ('stack', 'unstack', 'clean'):
            devstack.checked(action)
        self.assertFalse(devstack.data.exists())
        self.assertEqual(TOKEN, pathlib.Path(self.token_file).read_text())
