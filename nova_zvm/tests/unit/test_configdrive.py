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

import os
import subprocess
from unittest import mock

import fixtures
from nova import exception as nova_exception

from nova_zvm import configdrive
from nova_zvm.connector import errors
from nova_zvm import diskimage
from nova_zvm import names
from nova_zvm import ownership
from nova_zvm import staging
from nova_zvm.tests.unit import base
from nova_zvm.tests.unit import fakes

BLANK = diskimage.Header(1, 'CYL').pack()
ISO = BLANK + b'password'


class FakeMetadata:

    def metadata_for_config_drive(self):
        yield 'openstack/latest/meta_data.json', b'{"admin_pass": "secret"}'


class ConfigDriveTestCase(base.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.tmp = self.useFixture(fixtures.TempDir()).path
        self.flags(image_tmp_path=os.path.join(self.tmp, 'new'), group='zvm')
        self.drives = configdrive.ConfigDrives(
            self.connector, staging.Staging(self.connector))
        self.connector.put_image('nova-image', os_version='RHEL8.6')
        self.image = self.connector.repository['nova-image']
        self.booting = self.instance(config_drive='True')

    def leftovers(self):
        return [entry for _, folders, files in os.walk(self.tmp)
                for entry in folders + files
                if entry not in ('new', 'nova-zvm-%s' % base.CONF.host)]


class BuiltTestCase(ConfigDriveTestCase):

    def built(self, instance=None, password='secret'):
        return self.drives.built(instance or self.booting, [], password, [])

    def test_none_wanted(self):
        with self.built(self.instance(config_drive='')) as path:
            self.assertIsNone(path)

    def test_wanted_by_the_operator(self):
        self.flags(force_config_drive=True)
        with mock.patch('nova.api.metadata.base.InstanceMetadata',
                        return_value=FakeMetadata()):
            with self.built(self.instance(config_drive='')) as path:
                self.assertTrue(os.path.isfile(path))

    def test_an_iso_that_is_a_disk_image_too(self):
        with mock.patch('nova.api.metadata.base.InstanceMetadata',
                        return_value=FakeMetadata()):
            with self.built() as path:
                with open(path, 'rb') as drive:
                    data = drive.read()
                listing = subprocess.run(
                    ['isoinfo', '-R', '-f', '-i', path], check=True,
                    capture_output=True, text=True).stdout
                content = subprocess.run(
                    ['isoinfo', '-R', '-x',
                     '/openstack/latest/meta_data.json', '-i', path],
                    check=True, capture_output=True).stdout
                self.assertEqual('cfgdrive.iso', os.path.basename(path))
        self.assertEqual(diskimage.Header(1, 'CYL'), diskimage.parse(data))
        # primary volume descriptor: identifier, and volume label
        self.assertEqual(b'CD001', data[32769:32774])
        self.assertEqual(b'config-2', data[32808:32840].strip())
        self.assertIn('/openstack/latest/meta_data.json', listing)
        self.assertEqual(b'{"admin_pass": "secret"}', content)

    def test_the_password_is_on_it_if_there_is_one(self):
        for password, extra in (('secret', {'admin_pass': 'secret'}),
                                (None, {})):
            with mock.patch('nova.api.metadata.base.InstanceMetadata',
                            return_value=FakeMetadata()) as made:
                with self.built(password=password):
                    pass
            self.assertEqual(extra, made.call_args.kwargs['extra_md'])

    def test_nothing_stays_on_the_host(self):
        class Failed(Exception):
            pass

        def boot():
            with mock.patch('nova.api.metadata.base.InstanceMetadata',
                            return_value=FakeMetadata()):
                with self.built():
                    self.assertNotEqual([], self.leftovers())
                    raise Failed()

        self.assertRaises(Failed, boot)
        self.assertEqual([], self.leftovers())

    def test_no_program_to_make_it(self):
        self.flags(mkisofs_cmd='/no/such/program')
        with mock.patch('nova.api.metadata.base.InstanceMetadata',
                        return_value=FakeMetadata()):
            exc = self.assertRaises(nova_exception.InvalidInput,
                                    self.built().__enter__)
        self.assertIn('mkisofs_cmd', str(exc))
        self.assertIn('/no/such/program', str(exc))
        self.assertEqual([], self.leftovers())


class SweepTestCase(ConfigDriveTestCase):

    def test_what_a_killed_compute_left(self):
        self.flags(host='one')
        left = os.path.join(self.tmp, 'new', 'nova-zvm-one', 'abc')
        other = os.path.join(self.tmp, 'new', 'nova-zvm-one-two', 'abc')
        for folder in (left, other):
            os.makedirs(folder)
            with open(os.path.join(folder, 'file'), 'w'):
                pass
        self.drives.sweep()
        self.assertFalse(os.path.exists(left))
        self.assertTrue(os.path.exists(os.path.join(other, 'file')))

    def test_no_folder_yet(self):
        self.drives.sweep()


class DeliveredTestCase(ConfigDriveTestCase):

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.tmp, 'cfgdrive.iso')
        with open(self.path, 'wb') as drive:
            drive.write(ISO)
        self.name = names.config_drive(self.booting.uuid)

    def delivered(self, image=None):
        return self.drives.delivered(self.booting, self.path,
                                     image or self.image)

    def assertNothingStays(self):
        self.assertEqual({'nova-image', names.BLANK_IMAGE},
                         set(self.connector.repository))
        self.assertEqual({BLANK}, set(self.connector.uploads.values()))
        self.assertIsNone(ownership.upload(self.booting))

    def test_none_wanted(self):
        with self.drives.delivered(self.booting, None, self.image) as path:
            self.assertIsNone(path)
        self.assertEqual([], self.connector.calls)

    def test_under_the_name_that_the_guest_takes(self):
        with self.delivered() as path:
            self.assertEqual(
                '/var/lib/zvmsdk/images/netboot/rhel8.6/%s/cfgdrive.iso'
                % self.name, path)
            self.assertEqual(ISO, self.connector.exports[path])
        self.assertNothingStays()
        self.assertNotIn(path, self.connector.exports)

    def test_where_a_newer_connector_says(self):
        self.connector.put_image(
            'nova-image', path='/data/netboot/rhel8.6/nova-image/0100')
        image = self.connector.repository['nova-image']
        with self.delivered(image) as path:
            self.assertEqual('/data/netboot/rhel8.6/%s/cfgdrive.iso'
                             % self.name, path)

    def test_the_repository_of_the_option(self):
        self.flags(image_repository='/data/images/', group='zvm')
        with self.delivered() as path:
            self.assertTrue(path.startswith('/data/images/netboot/'))

    def test_nothing_stays_after_a_failure(self):
        class Failed(Exception):
            pass

        def boot():
            with self.delivered():
                raise Failed()

        self.assertRaises(Failed, boot)
        self.assertNothingStays()

    def test_nothing_stays_when_the_import_fails(self):
        self.connector.faults['images.create'] = [fakes.error()]
        self.assertRaises(errors.ConnectorError,
                          self.delivered().__enter__)
        self.assertNothingStays()

    def test_what_an_earlier_boot_left_is_in_nobodys_way(self):
        self.connector.put_image(self.name)
        with self.delivered() as path:
            self.assertEqual(ISO, self.connector.exports[path])

    def test_a_repository_elsewhere_names_the_option(self):
        self.connector.faults['images.export'] = [fakes.error()]
        exc = self.assertRaises(nova_exception.InvalidInput,
                                self.delivered().__enter__)
        self.assertIn('[zvm] image_repository', str(exc))
        self.assertIn('/var/lib/zvmsdk/images', str(exc))
        self.assertNothingStays()

    def test_what_could_not_be_discarded_is_remembered(self):
        for operation in ('images.delete', 'images.export'):
            self.booting = self.instance(config_drive='True')
            with self.delivered():
                self.connector.faults[operation] = [fakes.unreachable()]
            self.assertIsNotNone(ownership.upload(self.booting))
            self.drives.discard(self.booting)
            self.assertNothingStays()

    def test_discard_of_nothing_asks_nobody(self):
        self.drives.discard(self.booting)
        self.assertEqual([], self.connector.calls)
