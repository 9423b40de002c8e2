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

from oslotest import base

from nova_zvm.zvm import units


class SizesTestCase(base.BaseTestCase):

    def test_a_disk_is_never_smaller_than_what_was_asked_for(self):
        self.assertEqual(1457, units.disk_units(1, 'CYL'))
        self.assertEqual(14564, units.disk_units(10, 'CYL'))
        self.assertEqual(2097152, units.disk_units(1, 'BLK'))

    def test_a_disk_needs_the_next_whole_gib(self):
        self.assertEqual(1, units.least_gib(1, 'CYL'))
        self.assertEqual(1, units.least_gib(1457, 'CYL'))
        self.assertEqual(2, units.least_gib(1458, 'CYL'))
        self.assertEqual(3, units.least_gib(3338, 'CYL'))
        self.assertEqual(1, units.least_gib(2097152, 'BLK'))
        self.assertEqual(2, units.least_gib(2097153, 'BLK'))
        for gib in (1, 2, 3, 10, 500):
            for kind in ('CYL', 'BLK'):
                size = units.disk_units(gib, kind)
                self.assertEqual(gib, units.least_gib(size, kind))
                self.assertEqual(gib + 1, units.least_gib(size + 1, kind))


class StorageTestCase(base.BaseTestCase):

    def test_of_text(self):
        for text, mib in (('1M', 1), ('8192M', 8192), ('64G', 65536),
                          ('64g', 65536), (' 9999m ', 9999)):
            self.assertEqual(mib, units.storage_mib(text), text)

    def test_what_the_connector_does_not_take(self):
        for text in ('', '64', '0G', '064G', '10000M', '1.5G', '64T', 'G',
                     '-1G', '64 G', '64GB'):
            self.assertRaises(ValueError, units.storage_mib, text)

    def test_mib_and_kib(self):
        self.assertEqual(256, units.mib(262144))
        self.assertEqual(255, units.mib(262143))
        self.assertEqual(262144, units.kib(256))
