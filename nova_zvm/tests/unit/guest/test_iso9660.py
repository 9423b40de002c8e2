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

import fixtures
from pycdlib import pycdlibexception
import testtools

from nova_zvm.guest import iso9660
from nova_zvm.tests.support import isoreading

FILES = {
    'ec2/2009-04-04/meta-data.json': b'{}',
    'ec2/2009-04-04/user-data': b'#!/bin/sh\n',
    'ec2/latest/user-data': bytes(range(256)) * 256,
    'openstack/content/0000': b'',
    'openstack/latest/vendor_data.json': b'{"one": 1}',
    'openstack/latest/vendor_data2.json': b'{"two": 2}',
}
ODD = {
    'a/b/c/d/e/f/deep': b'deep',
    'dots/.first': b'1',
    'dots/1.0/two..dots.in.it': b'2',
    'dots/no-dot': b'3',
    'long/' + 'n' * 64: b'4',
    'alike/user-data': b'5',
    'alike/user_data': b'6',
    'alike/User_Data': b'7',
    'alike/user_data.': b'8',
    'UPPER': b'9',
}
# More than one block of directory entries.
MANY = {'many/%04d' % number: b'%d' % number for number in range(60)}


class ImageTestCase(testtools.TestCase):

    def written(self, files):
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'iso')
        with open(path, 'wb') as iso:
            iso.write(iso9660.image(files, 'config-2'))
        return path

    def test_files_in_each_tree(self):
        for files in (FILES, ODD, MANY):
            path = self.written(files)
            self.assertEqual(files, isoreading.files(path, '-R'))
            self.assertEqual(files, isoreading.files(path, '-J'))

    def test_nobody_can_write(self):
        self.assertEqual(dict.fromkeys(FILES, '-r--r--r--'),
                         isoreading.modes(self.written(FILES)))

    def test_label(self):
        self.assertEqual('config-2', isoreading.label(self.written(FILES)))

    def test_text(self):
        path = self.written({'text': 'h\xe4'})
        self.assertEqual({'text': b'h\xc3\xa4'}, isoreading.files(path))

    def test_no_larger_than_that_of_a_program(self):
        path = self.written(FILES)
        folder = os.path.join(os.path.dirname(path), 'files')
        for name, content in FILES.items():
            os.makedirs(os.path.dirname(os.path.join(folder, name)),
                        exist_ok=True)
            with open(os.path.join(folder, name), 'wb') as file:
                file.write(content)
        other = os.path.join(os.path.dirname(path), 'other')
        subprocess.run(['genisoimage', '-quiet', '-J', '-r', '-o', other,
                        folder], check=True)
        self.assertLessEqual(os.path.getsize(path), os.path.getsize(other))

    def test_a_name_that_is_too_long(self):
        self.assertRaises(pycdlibexception.PyCdlibException,
                          iso9660.image, {'n' * 65: b''}, 'config-2')
