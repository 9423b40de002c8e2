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

"""Ini files are treated by the harness as by DevStack's own functions."""

import pathlib

import fixtures

from nova_zvm.tests.support.devstack import stack


class TestIni(stack.DevStackTestCase):

    INI = '[a]\nx = 1\nxy = 2\n\n[b]\nx=3\n'

    def ini(self, code):
        """Return a file after bash code that changes it."""
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).join('ini'))
        path.write_text(self.INI)
        devstack = self.devstack('F=%s\n%s\nexit 0' % (path, code))
        self.said = devstack.checked('stack').stdout
        return path.read_text()

    def test_set(self):
        self.assertEqual(
            '[a]\nx = 1\nxy = 2\n\n[b]\nx=/a b,%05x\n',
            self.ini("iniset $F b x '/a b,%05x'"))
        self.assertEqual(
            '[a]\nx = 1\nxy = 2\n\n[b]\nx=ax=3b\n',
            self.ini("iniset $F b x 'a&b'"))
        self.assertEqual('[a]\nz = 9 8\n' + self.INI[4:],
                         self.ini('iniset $F a z "9 8"'))
        self.assertEqual(self.INI + '\n[c]\ny = 1\n',
                         self.ini('iniset $F c y 1'))

    def test_get(self):
        self.ini('iniget $F a x; iniget $F b x; iniget $F b xy')
        self.assertEqual('1\n3\n\n', self.said)

    def test_delete(self):
        self.assertEqual('[a]\nxy = 2\n\n[b]\nx=3\n',
                         self.ini('inidelete $F a x; inidelete $F b z'))
