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

"""The support matrix says what the driver can do.

A feature is there if the driver has all that nova calls for it and has the
capabilities that nova asks for before.
"""

import configparser
import pathlib
import re

from nova import policies as nova_policies
from nova.virt import driver as nova_driver
from oslo_policy import policy
import testtools

from nova_zvm import driver
from nova_zvm.guest import configdrive
from nova_zvm.network import switches
from nova_zvm.operations.boot import build

DOC = pathlib.Path(__file__).parents[3] / 'doc/source'
MATRIX = DOC / 'user/support-matrix.ini'
UPSTREAM = DOC / 'contributor/upstream.rst'
COMPARISON = DOC / 'concepts/comparison.rst'
POLICY = DOC.parents[1] / 'etc/nova-zvm/policy.yaml'
PREFIX = 'operation.'
OURS = 'nova-zvm'
STATUSES = ('complete', 'partial', 'missing', 'unknown')

# By the name of a feature in nova's own matrix, what makes it: methods of the
# driver, and capabilities, whose names begin with 'supports' or 'has'.
MADE_BY = {
    'operation.attach-volume': ['attach_volume', 'get_volume_connector'],
    'operation.attach-tagged-volume': [
        'attach_volume', 'supports_tagged_attach_volume'],
    'operation.detach-volume': ['detach_volume'],
    'operation.extend-volume': ['extend_volume', 'supports_extend_volume'],
    'operation.attach-interface': [
        'attach_interface', 'supports_attach_interface'],
    'operation.attach-tagged-interface': [
        'attach_interface', 'supports_tagged_attach_interface'],
    'operation.detach-interface': [
        'detach_interface', 'supports_attach_interface'],
    'operation.maintenance-mode': [
        'host_maintenance_mode', 'set_host_enabled'],
    'operation.evacuate': ['supports_evacuate'],
    'operation.rebuild': ['rebuild', 'spawn', 'destroy'],
    'operation.rebuild-volume-backed': [
        'rebuild', 'attach_volume', 'detach_volume'],
    'operation.get-guest-info': ['get_info'],
    'operation.get-host-uptime': ['get_host_uptime'],
    'operation.get-host-ip': ['get_host_ip_addr'],
    'operation.live-migrate': [
        'live_migration', 'pre_live_migration',
        'check_can_live_migrate_destination'],
    'operation.force-live-migration-to-complete': [
        'live_migration_force_complete'],
    'operation.abort-in-progress-live-migration': ['live_migration_abort'],
    'operation.launch': ['spawn'],
    'operation.pause': ['pause'],
    'operation.reboot': ['reboot'],
    'operation.rescue': ['rescue', 'unrescue'],
    'operation.resize': [
        'migrate_disk_and_power_off', 'finish_migration',
        'finish_revert_migration', 'confirm_migration'],
    'operation.resume': ['resume'],
    'operation.set-admin-password': ['set_admin_password'],
    'operation.snapshot': ['snapshot'],
    'operation.suspend': ['suspend'],
    'operation.swap-volume': ['swap_volume'],
    'operation.terminate': ['destroy', 'cleanup'],
    'operation.trigger-crash-dump': ['trigger_crash_dump'],
    'operation.unpause': ['unpause'],
    'console.serial.log': ['get_console_output'],
    'console.serial.interactive': ['get_serial_console'],
    'console.spice': ['get_spice_console'],
    'console.vnc': ['get_vnc_console'],
    'storage.block': ['attach_volume', 'get_volume_connector'],
    'storage.block.backend.fibrechannel': [
        'attach_volume', 'get_volume_connector'],
    'storage.image': ['spawn', 'supports_image_type_raw'],
    'operation.device-tags': ['supports_device_tagging'],
    'operation.quiesce': ['quiesce'],
    'operation.unquiesce': ['unquiesce'],
    'operation.multiattach-volume': ['supports_multiattach'],
    'operation.trusted-certs': ['supports_trusted_certs'],
    'operation.file-backed-memory': ['supports_mem_backing_file'],
    'operation.cache-images': [
        'cache_image', 'manage_image_cache', 'has_imagecache'],
    'operation.boot-emulated-tpm': ['supports_vtpm'],
    'operation.boot-stateless-firmware': ['supports_stateless_firmware'],
}

# What is no method of ComputeDriver: which part of ours makes it.
PARTS = {
    'guest.disk.autoconfig': (build, 'Builder'),
    'guest.setup.configdrive': (configdrive, 'ConfigDrives'),
    'guest.setup.inject.networking': (switches, 'Network'),
}

# What the driver makes with limits; the matrix tells these.
PARTIAL = {'guest.disk.autoconfig', 'guest.setup.inject.networking'}

# What nothing in the driver could show.
NEVER = {
    'guest.disk.rate-limit', 'guest.setup.inject.file', 'console.rdp',
    'storage.block.backend.iscsi', 'storage.block.backend.iscsi.auth.chap',
    'operation.uefi-boot', 'operation.encrypted-volume',
    'operation.report-cpu-traits',
    'operation.port-with-resource-request', 'operation.boot-encrypted-vm',
}

# Methods that only refuse, with a sentence.
REFUSED = {'suspend', 'trigger_crash_dump', 'set_admin_password'}

# By a policy of nova, the features that its requests are for.
POLICIES = {
    'os_compute_api:os-admin-password': ['operation.set-admin-password'],
    'os_compute_api:os-evacuate': ['operation.evacuate'],
    'os_compute_api:os-migrate-server:migrate': ['operation.resize'],
    'os_compute_api:os-migrate-server:migrate_live': [
        'operation.live-migrate'],
    'os_compute_api:os-remote-consoles': [
        'console.serial.interactive', 'console.spice', 'console.vnc'],
    'os_compute_api:os-rescue': ['operation.rescue'],
    'os_compute_api:os-suspend-server:resume': ['operation.resume'],
    'os_compute_api:os-suspend-server:suspend': ['operation.suspend'],
    'os_compute_api:os-volumes-attachments:create': [
        'operation.attach-volume'],
    'os_compute_api:os-volumes-attachments:swap': ['operation.swap-volume'],
    'os_compute_api:servers:resize': ['operation.resize'],
    'os_compute_api:servers:trigger_crash_dump': [
        'operation.trigger-crash-dump'],
}
# Commands on servers that share their request with another feature, or have
# nothing to act on where such a feature is missing.
WITHOUT_POLICY = {
    'operation.attach-tagged-volume', 'operation.detach-volume',
    'operation.attach-tagged-interface', 'operation.rebuild-volume-backed',
    'operation.force-live-migration-to-complete',
    'operation.abort-in-progress-live-migration',
}

# What the comparison says that the driver lacks.
LACKS = {
    'Volumes': 'storage.block', 'resize': 'operation.resize',
    'live migration': 'operation.live-migrate', 'rescue': 'operation.rescue',
    'an interactive console': 'console.serial.interactive',
}


def is_overridden(method):
    return method not in REFUSED and (
        getattr(driver.ZVMDriver, method) is not
        getattr(nova_driver.ComputeDriver, method))


def has(name):
    """Tell whether the driver has a method or a capability."""
    if name.startswith(('supports_', 'has_')):
        return bool(driver.ZVMDriver.capabilities.get(name))
    return is_overridden(name)


class TestMatrix(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.matrix = configparser.ConfigParser(interpolation=None)
        self.matrix.read_string(MATRIX.read_text())
        self.columns = [name.partition('.')[2] for name in
                        self.matrix.sections() if name.startswith('driver.')]

    def titles(self):
        """Return what the driver has of each feature, by its title."""
        return {self.matrix[name]['title']: self.matrix[name]['driver.' + OURS]
                for name in self.matrix.sections()
                if name.startswith(PREFIX)}

    def test_proposals_name_rows_that_are_missing(self):
        titles = self.titles()
        named = re.findall(r'\*\*Needed for\*\*((?:.+\n)+)',
                           UPSTREAM.read_text())
        rows = {row for text in named
                for row in re.findall(r'\*([^*]+)\*', ' '.join(text.split()))}
        self.assertGreater(len(rows), 5)
        self.assertEqual({'Snapshot'}, {row for row in rows
                                        if titles[row] != 'missing'})

    def features(self):
        """Return the sections by nova's names of the features."""
        found = {}
        for name in self.matrix.sections():
            if name.startswith(PREFIX):
                short = name.removeprefix(PREFIX)
                root = short.partition('.')[0]
                found[short if root in ('guest', 'console', 'storage')
                      else name] = self.matrix[name]
        return found

    def test_each_feature_of_nova_has_a_row(self):
        self.assertEqual(sorted([*MADE_BY, *PARTS, *NEVER]),
                         sorted(self.features()))

    def test_nothing_else_is_in_the_file(self):
        self.assertEqual([], [name for name in self.matrix.sections()
                              if not name.startswith((PREFIX, 'driver.'))])

    def test_what_the_driver_has(self):
        """Each feature that the driver has is in the matrix; none else is."""
        features = self.features()
        said = {name for name in MADE_BY if features[name][
            'driver.' + OURS] in ('complete', 'partial')}
        self.assertEqual({name for name, parts in MADE_BY.items()
                          if all(has(part) for part in parts)}, said)

    def test_the_sample_policy_switches_off_what_is_missing(self):
        features = self.features()
        rules = policy.Rules.load(POLICY.read_text())
        self.assertEqual(
            {name for name, rows in POLICIES.items()
             if all(features[row]['driver.' + OURS] == 'missing'
                    for row in rows)}, set(rules))
        self.assertEqual({'!'}, {str(rule) for rule in rules.values()})

    def test_policies_are_novas(self):
        self.assertLessEqual(set(POLICIES), {
            rule.name for rule in nova_policies.list_rules()})

    def test_no_command_is_overlooked_in_the_sample_policy(self):
        covered = WITHOUT_POLICY.union(*POLICIES.values())
        self.assertEqual(set(), {
            name for name, feature in self.features().items()
            if feature['driver.' + OURS] == 'missing' and
            feature.get('cli', '').startswith('openstack server ')} - covered)

    def test_no_capability_is_claimed_besides(self):
        """nova and placement act on each, whether a row tells it or not."""
        claimed = {name for name, value in
                   driver.ZVMDriver.capabilities.items() if value}
        features = self.features()
        self.assertEqual(set(), claimed - {
            part for name, parts in MADE_BY.items() for part in parts
            if features[name]['driver.' + OURS] == 'complete'})

    def test_of_this_driver_nothing_is_unknown(self):
        said = {name: feature['driver.' + OURS] for name, feature
                in self.features().items()}
        self.assertEqual(PARTIAL, {name for name, status in said.items()
                                   if status not in ('complete', 'missing')})

    def test_what_no_method_makes(self):
        features = self.features()
        for name, (module, part) in PARTS.items():
            self.assertTrue(hasattr(module, part))
            self.assertIn(features[name]['driver.' + OURS],
                          ('complete', 'partial'), name)
        for name in NEVER:
            self.assertEqual('missing', features[name]['driver.' + OURS],
                             name)

    def test_each_driver_has_a_status(self):
        for name, feature in self.features().items():
            for column in self.columns:
                self.assertIn(feature['driver.' + column], STATUSES, name)

    def test_options(self):
        known = {'title', 'status', 'notes', 'cli'}.union(*(
            {'driver.' + column, 'driver-notes.' + column}
            for column in self.columns))
        for name, feature in self.features().items():
            self.assertEqual(set(), set(feature) - known, name)

    def test_partial_is_explained(self):
        for name, feature in self.features().items():
            for column in self.columns:
                if feature['driver.' + column] == 'partial':
                    self.assertIn('driver-notes.' + column, feature, name)

    def test_comparison_counts_the_others(self):
        count = {column: [feature['driver.' + column] for feature in
                          self.features().values()].count
                 for column in self.columns}
        self.assertIn(
            'Of the %d features of nova\'s matrix, its own z/VM driver has %d '
            'complete, VMware %d and two in part, KVM on Z %d.' % (
                len(self.features()), count['zvm']('complete'),
                count['vmware']('complete'),
                count['libvirt-kvm-s390x']('complete')),
            ' '.join(COMPARISON.read_text().split()))
        self.assertEqual(2, count['vmware']('partial'))

    def test_comparison_tells_what_the_driver_lacks(self):
        row = COMPARISON.read_text().partition('* - nova_zvm\n')[2].partition(
            '   * - ')[0]
        features = self.features()
        self.assertEqual(
            [word for word, name in LACKS.items()
             if features[name]['driver.' + OURS] == 'missing'],
            ' '.join(row.rpartition('     - ')[2].split()).split(', '))
