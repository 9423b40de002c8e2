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

import ast
import dataclasses
import operator
import os.path
import pathlib
from unittest import mock

import fixtures
from nova import exception as nova_exception
from nova import test

import nova_zvm
from nova_zvm.conf import settings
from nova_zvm.tests.support import authority
from nova_zvm.tests.support import inmemory


class SettingsTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.flags(cloud_connector_url='https://zvm.example.org/',
                   group='zvm')

    def assertRefused(self, *words):
        exc = self.assertRaises(nova_exception.InvalidConfiguration,
                                settings.read, inmemory.CONF)
        for word in words:
            self.assertIn(word, str(exc))

    def test_a_url_is_all_that_is_needed(self):
        self.assertEqual('https://zvm.example.org/',
                         settings.read(inmemory.CONF).cloud_connector_url)

    def test_a_value_that_nobody_changes(self):
        read = self.read_settings(
            disk_pool='eckd:Pool1', guest_max_memory='32g',
            vswitch_mappings={'physnet1': 'vsw1'})
        self.assertEqual(
            settings.Pool('ECKD', 'Pool1', 'eckd:Pool1'), read.disk_pool)
        self.assertEqual('CYL', read.disk_pool.units)
        self.assertEqual(('32G', 32768),
                         (read.guest_max_memory, read.guest_max_mib))
        inmemory.CONF.zvm.vswitch_mappings['physnet2'] = 'vsw2'
        self.assertEqual({'physnet1': 'vsw1'}, dict(read.vswitch_mappings))
        self.assertRaises(dataclasses.FrozenInstanceError, setattr, read,
                          'disk_pool', None)
        self.assertRaises(TypeError, operator.setitem,
                          read.vswitch_mappings, 'physnet1', 'vsw2')

    def test_without_a_pool_the_connector_has_its_own(self):
        self.assertIsNone(self.read_settings().disk_pool)

    def test_each_option_is_in_it(self):
        self.assertEqual(
            set(inmemory.CONF.zvm),
            {field.name for field in dataclasses.fields(settings.Settings)}
            - {'guest_max_mib'})

    def test_without_url(self):
        self.flags(cloud_connector_url=None, group='zvm')
        self.assertRefused('[zvm] cloud_connector_url is not set',
                           'https://zvm.example.org/')

    def test_urls_that_are_none(self):
        for url in ('ftp://zvm/', 'http://zvm:0/', 'http://zvm/?a=b',
                    'http://zvm/#a'):
            self.flags(cloud_connector_url=url, group='zvm')
            self.assertRefused('[zvm] cloud_connector_url:',
                               'http(s)://host[:port][/path]')

    def test_a_password_in_the_url_is_not_repeated(self):
        self.flags(cloud_connector_url='https://me:secret@zvm/', group='zvm')
        exc = self.assertRaises(nova_exception.InvalidConfiguration,
                                settings.read, inmemory.CONF)
        self.assertNotIn('secret', str(exc))

    def test_files_that_do_not_exist(self):
        for option in ('ca_file', 'token_file'):
            self.flags(group='zvm', **{option: '/no/such/file'})
            self.assertRefused('[zvm] %s' % option, '/no/such/file')
            self.flags(group='zvm', **{option: None})

    def test_ca_file_without_a_certificate(self):
        path = self.useFixture(fixtures.TempDir()).join('ca.pem')
        self.flags(ca_file=path, group='zvm')
        for text in ('', 'garbage', '-----BEGIN CERTIFICATE-----\ngarbage\n'
                     '-----END CERTIFICATE-----\n'):
            with open(path, 'w') as ca_file:
                ca_file.write(text)
            self.assertRefused('[zvm] ca_file: %s holds no CA certificate'
                               % path, 'PEM')
        self.flags(ca_file=authority.Authority(
            os.path.dirname(path)).ca_file, group='zvm')
        settings.read(inmemory.CONF)

    def test_ca_file_that_cannot_be_read(self):
        """Root may read all, so that the system's answer is put in."""
        path = self.useFixture(fixtures.TempDir()).join('ca.pem')
        open(path, 'w').close()
        self.flags(ca_file=path, group='zvm')
        self.patch(settings.ssl, 'create_default_context', mock.Mock(
            side_effect=PermissionError(13, 'Permission denied')))
        self.assertRefused('[zvm] ca_file: %s cannot be read (Permission '
                           'denied)' % path, "nova's user")

    def test_disk_pools(self):
        for pool in ('ECKD:POOL1', 'fba:pool2'):
            self.flags(disk_pool=pool, group='zvm')
            settings.read(inmemory.CONF)
        for pool in ('POOL1', 'CKD:POOL1', 'ECKD:', ''):
            self.flags(disk_pool=pool, group='zvm')
            self.assertRefused('[zvm] disk_pool', 'ECKD:NAME or FBA:NAME')

    def test_profiles(self):
        self.flags(user_profile='osdflt', group='zvm')
        settings.read(inmemory.CONF)
        for profile in ('TOOLONGNAME', 'A B', 'A-B'):
            self.flags(user_profile=profile, group='zvm')
            self.assertRefused('[zvm] user_profile', "'%s'" % profile)

    def test_memory_that_zvm_cannot_express(self):
        for text in ('64', '0G', '10000M', '64T', ''):
            self.flags(guest_max_memory=text, group='zvm')
            self.assertRefused('[zvm] guest_max_memory', 'such as 64G')

    def test_templates_that_make_no_userid(self):
        for template in ('instance-%08x', 'nova%08x', '%(uuid)s'):
            self.flags(instance_name_template=template)
            self.assertRefused('instance_name_template = ' + template,
                               'for no instance', 'abc%05x')

    def test_template_that_soon_has_no_room(self):
        self.flags(instance_name_template='linux%03d')
        self.assertRefused('instance_name_template', 'up to instance 999')

    def test_template_that_is_the_same_for_all(self):
        self.flags(instance_name_template='linux')
        self.assertRefused('instance_name_template', 'up to instance 0')

    def test_template_with_room_for_65535_is_warned_about(self):
        self.flags(instance_name_template='inst%04x')
        settings.read(inmemory.CONF)
        self.assertIn('room up to instance 65535', self.stdlog.logger.output)

    def test_template_with_room_for_a_million_is_not(self):
        settings.read(inmemory.CONF)
        self.assertNotIn('room up to', self.stdlog.logger.output)

    def test_vfat_config_drives(self):
        self.flags(config_drive_format='vfat')
        self.assertRefused('config_drive_format = vfat', 'iso9660')

    def test_switch_names_that_are_none(self):
        for switch in ('TOOLONGNAME', 'A-B', ''):
            self.flags(vswitch_mappings={'physnet1': switch}, group='zvm')
            self.assertRefused('[zvm] vswitch_mappings', "'%s'" % switch)


class OptionsTestCase(test.NoDBTestCase):

    def test_are_read_in_one_place(self):
        package = pathlib.Path(nova_zvm.__file__).parent
        self.assertEqual(['conf/settings.py'], [
            str(path.relative_to(package))
            for path in sorted(package.rglob('*.py'))
            if not {'tests', 'neutron'} & set(path.parts) and any(
                isinstance(node, ast.Attribute) and node.attr == 'zvm' and
                ast.unparse(node.value).lower().endswith('conf')
                for node in ast.walk(ast.parse(path.read_text())))])
