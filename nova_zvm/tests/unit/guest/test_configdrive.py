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
import tempfile
import threading
from unittest import mock

import fixtures
from nova.api.metadata import base as metadata
from nova import exception as nova_exception
from oslo_config import fixture

from nova_zvm.connector import errors
from nova_zvm.guest import configdrive
from nova_zvm.guest import mkisofs
from nova_zvm.pace import locks
from nova_zvm.record import ownership
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.tests.support import isoreading
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names

BLANK = imageheader.Header(1, 'CYL').pack()
ISO = BLANK + b'password'
PATIENCE = 30


FILES = {'ec2/2009-04-04/meta-data.json': b'{}',
         'openstack/latest/meta_data.json': b'{"admin_pass": "secret"}',
         'openstack/content/0000': b'file'}


class FakeMetadata:

    def __init__(self, files):
        self._files = files

    def metadata_for_config_drive(self):
        return self._files.items()


def set_in_file(**options):
    """Set options as nova.conf does."""
    fixture.Config(inmemory.CONF).load_raw_values(**options)


class ConfigDriveTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.tmp = self.useFixture(fixtures.TempDir()).path
        self.start(image_tmp_path=os.path.join(self.tmp, 'new'))
        self.connector.put_image('nova-image', os_version='RHEL8.6')
        self.image = self.connector.repository['nova-image']
        self.booting = self.instance(config_drive='True')

    def start(self, **options):
        """Start nova-compute, with some [zvm] options."""
        tmp_path = self.read_settings(**options).image_tmp_path
        self.drives = configdrive.ConfigDrives(
            self.connector, self.make_staging(), self.make_repository(),
            tmp_path, self.background)

    def assert_locked(self):
        self.assertTrue(self.is_held(
            locks.CONFIG_DRIVE + self.booting.uuid))

    def leftovers(self):
        return [entry for _, folders, files in os.walk(self.tmp)
                for entry in folders + files
                if entry not in ('new', 'nova-zvm-%s' % inmemory.CONF.host,
                                 'config-drives')]


class BuildingTestCase(ConfigDriveTestCase):

    def setUp(self):
        super().setUp()
        self.made = mock.Mock(return_value=FakeMetadata(FILES))
        self.patch(metadata, 'InstanceMetadata', self.made)

    def built(self, instance=None, password='secret'):
        return self.drives.built(instance or self.booting, [], password, [])

    def files(self, drive):
        """Return what a guest finds on a drive."""
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'iso')
        with open(path, 'wb') as iso:
            iso.write(drive)
        self.assertEqual('config-2', isoreading.label(path))
        return isoreading.files(path)


class BuiltTestCase(BuildingTestCase):

    def test_none_wanted(self):
        self.assertIsNone(self.built(self.instance(config_drive='')))

    def test_wanted_by_the_operator(self):
        self.flags(force_config_drive=True)
        self.assertIsNotNone(self.built(self.instance(config_drive='')))

    def test_an_iso_that_is_a_disk_image_too(self):
        drive = self.built()
        self.assertEqual(imageheader.Header(1, 'CYL'),
                         imageheader.parse(drive))
        self.assertEqual(FILES, self.files(drive))

    def test_the_password_is_on_it_if_there_is_one(self):
        for password, extra in (('secret', {'admin_pass': 'secret'}),
                                (None, {})):
            self.built(password=password)
            self.assertEqual(extra, self.made.call_args.kwargs['extra_md'])


class InMemoryTestCase(BuildingTestCase):

    def test_needs_neither_disk_nor_program(self):
        self.start(image_tmp_path='/proc/none')
        self.flags(tempdir='/proc/none')
        self.patch(tempfile, 'tempdir', '/proc/none')
        with fixtures.EnvironmentVariable('PATH', ''):
            self.assertIsNotNone(self.built())

    def test_a_drive_that_cannot_be_made(self):
        self.made.return_value = FakeMetadata({'name' * 20: b'secret'})
        exc = self.assertRaises(nova_exception.InvalidInput, self.built)
        self.assertIn('Set mkisofs_cmd', str(exc))
        self.assertNotIn('secret', str(exc))


class BuiltByProgramTestCase(BuiltTestCase):
    """All of it with the program that the operator wants."""

    def setUp(self):
        super().setUp()
        set_in_file(mkisofs_cmd='genisoimage')

    def program(self, *lines):
        """Let the program be a shell script."""
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'mk')
        with open(path, 'w') as script:
            script.write('\n'.join(('#!/bin/sh',) + lines))
        os.chmod(path, 0o700)
        return path

    def test_no_file_is_anywhere_but_in_its_own_folder(self):
        seen = os.path.join(self.tmp, 'seen')
        set_in_file(mkisofs_cmd=self.program(
            'for files; do :; done',
            'test -f "$files/openstack/latest/meta_data.json" || exit 1',
            'stat -c %%a "$files/.." > %s' % seen,
            'echo "$files" >> %s' % seen,
            'exec genisoimage "$@"'))
        self.flags(tempdir='/proc/none')
        self.built()
        with open(seen) as file:
            mode, files = file.read().split()
        os.unlink(seen)
        self.assertEqual('700', mode)
        self.assertTrue(files.startswith(os.path.join(
            self.tmp, 'new', 'nova-zvm-%s' % inmemory.CONF.host, '')))
        self.assertEqual([], self.leftovers())

    def assert_cannot(self, program):
        set_in_file(mkisofs_cmd=program)
        exc = self.assertRaises(nova_exception.InvalidInput, self.built)
        self.assertIn("mkisofs_cmd: '%s'" % program, str(exc))
        self.assertEqual([], self.leftovers())

    def test_no_program(self):
        self.assert_cannot('/no/such/program')

    def test_a_program_that_fails(self):
        self.assert_cannot(self.program('exit 1'))

    def test_a_program_that_makes_nothing(self):
        self.assert_cannot(self.program('exit 0'))


class SettingTestCase(inmemory.ZVMTestCase):
    """What counts as an option that the operator has set."""

    def test_not_set(self):
        self.assertFalse(mkisofs.is_set())

    def test_another_default(self):
        inmemory.CONF.set_default('mkisofs_cmd', 'xorrisofs')
        self.assertFalse(mkisofs.is_set())

    def test_set(self):
        set_in_file(mkisofs_cmd='/usr/bin/mkisofs')
        self.assertTrue(mkisofs.is_set())

    def test_set_to_the_default(self):
        set_in_file(mkisofs_cmd='genisoimage')
        self.assertTrue(mkisofs.is_set())


class SweepTestCase(ConfigDriveTestCase):

    def file(self, *path):
        path = os.path.join(self.tmp, 'new', *path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w'):
            pass
        return path

    def test_what_a_killed_compute_left(self):
        self.flags(host='one')
        left = self.file('nova-zvm-one', 'config-drives', 'abc', 'file')
        others = [
            self.file('nova-zvm-one', 'another'),
            self.file('nova-zvm-one-two', 'config-drives', 'abc', 'file')]
        self.drives.begin_sweep([])
        self.assertFalse(os.path.exists(left))
        self.assertEqual([True, True], [os.path.exists(other)
                                        for other in others])

    def test_on_the_connector_in_the_background(self):
        self.connector.put_image('nova-image')
        image = self.connector.repository['nova-image']
        with mock.patch.object(self.drives, 'discard'):
            with self.drives.delivered(self.booting, ISO, image):
                pass
        answered = threading.Event()
        self.addCleanup(answered.set)
        self.connector.faults['images.delete'] = [
            lambda *args: answered.wait(PATIENCE)]
        self.drives.begin_sweep([self.booting])
        self.assertIsNotNone(ownership.upload_url(self.booting))
        self.assertEqual([configdrive.SWEEP], self.background.names())
        answered.set()
        self.background.join(configdrive.SWEEP, PATIENCE)
        self.assertIsNone(ownership.upload_url(self.booting))
        self.assertNotIn(names.config_drive(self.booting.uuid),
                         self.connector.repository)
        self.assertEqual({512}, {
            len(data) for data in self.connector.uploads.values()})

    def test_one_that_fails_stops_no_other(self):
        swept = []

        def discard(instance):
            swept.append(instance)
            raise OSError('no database')

        self.patch(self.drives, 'discard', discard)
        self.drives.sweep([self.booting, self.booting])
        self.assertEqual([self.booting, self.booting], swept)

    def test_no_boot_in_the_middle(self):
        discarded = []

        def discard(instance):
            discarded.append(instance)
            self.assert_locked()

        self.patch(self.drives, 'discard', discard)
        self.drives.sweep([self.booting])
        self.assertEqual([self.booting], discarded)
        self.assertNotIn('Could not remove', self.stdlog.logger.output)

    def test_one_that_a_boot_has_removed_since(self):
        ownership.set_upload(self.booting, 'file:///a')
        self.saved[self.booting.uuid].clear()
        self.drives.sweep([self.booting])
        self.assertEqual([], self.connector.calls)

    def test_no_folder_yet(self):
        self.drives.begin_sweep([])


class DeliveredTestCase(ConfigDriveTestCase):

    def setUp(self):
        super().setUp()
        self.name = names.config_drive(self.booting.uuid)

    def delivered(self, image=None):
        return self.drives.delivered(self.booting, ISO,
                                     image or self.image)

    def assertNothingStays(self):
        self.assertEqual({'nova-image', names.BLANK_IMAGE},
                         set(self.connector.repository))
        self.assertEqual({BLANK}, set(self.connector.uploads.values()))
        self.assertIsNone(ownership.upload_url(self.booting))

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
        self.start(image_repository='/data/images/')
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

    def test_nothing_stays_when_the_import_comes_late(self):
        def lost(name, *args):
            self.clock.at(30, lambda: self.connector.put_image(name))
            raise fakes.outcome_unknown('images.create')

        self.connector.faults['images.create'] = [lost]
        before = self.clock.now
        self.assertRaises(errors.OutcomeUnknown,
                          self.delivered().__enter__)
        self.assertEqual(30, self.clock.now - before)
        self.assertNothingStays()

    def test_no_sweep_in_the_middle(self):
        with self.delivered():
            self.assert_locked()

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

    def test_a_connector_that_does_not_answer_names_no_option(self):
        for error in (fakes.unreachable(),
                      fakes.outcome_unknown('images.export')):
            self.connector.faults['images.export'] = [error]
            self.assertRaises(type(error), self.delivered().__enter__)

    def test_what_could_not_be_discarded_is_remembered(self):
        for operation in ('images.delete', 'images.export'):
            self.booting = self.instance(config_drive='True')
            with self.delivered():
                self.connector.faults[operation] = [fakes.unreachable()]
            self.assertIsNotNone(ownership.upload_url(self.booting))
            self.drives.discard(self.booting)
            self.assertNothingStays()

    def test_discard_of_nothing_asks_nobody(self):
        self.drives.discard(self.booting)
        self.assertEqual([], self.connector.calls)
