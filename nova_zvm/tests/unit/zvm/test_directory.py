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

from nova_zvm.zvm import directory

ENTRY = """
USER ABC00001 LBYONLY 2048m 64G G
INCLUDE OSDFLT
COMMAND DEFINE CPU 01 TYPE IFL
CONSOLE 0009 3215 T
DEDICATE 1A00 0B00
IPL 0100
LINK MAINT 0190 0191 RR
MDISK 0100 3390 1 4370 VOL001 MR
mdisk 101 3390 4371 10 VOL001 MR
NICDEF 1000 TYPE QDIO LAN SYSTEM VSW1
NICDEF 1000 MACID 12AB34
 NICDEF 1006 TYPE QDIO MACID 00000F
NICDEF 1009 TYPE QDIO
SPECIAL 0500 CTCA
SPOOL 000C 2540 READER *
""".splitlines()


class DeviceNumbersTestCase(base.BaseTestCase):

    def test_each_statement_that_defines_a_device(self):
        self.assertEqual(
            {0x9, 0xc, 0x100, 0x101, 0x191, 0x500, 0x1000, 0x1001, 0x1002,
             0x1006, 0x1007, 0x1008, 0x1009, 0x100a, 0x100b, 0x1a00},
            directory.device_numbers(ENTRY))

    def test_an_entry_without_devices(self):
        self.assertEqual(set(), directory.device_numbers(
            ['', 'USER ABC00001 LBYONLY 2048m 64G G', '*NICDEF 1000']))


class MacidTestCase(base.BaseTestCase):

    def test_in_whichever_statement(self):
        self.assertEqual('12ab34', directory.macid(ENTRY, '1000'))
        self.assertEqual('00000f', directory.macid(ENTRY, '1006'))

    def test_number_in_any_writing(self):
        entry = ['NICDEF A03 TYPE QDIO MACID 12AB34']
        self.assertEqual('12ab34', directory.macid(entry, '0A03'))
        self.assertEqual('12ab34', directory.macid(entry, 'a03'))

    def test_none(self):
        for vdev in ('1003', '1009'):
            self.assertIsNone(directory.macid(ENTRY, vdev))
        self.assertIsNone(directory.macid(
            ['NICDEF 1000 TYPE QDIO MACID'], '1000'))


class SizesTestCase(base.BaseTestCase):

    def test_processors(self):
        self.assertEqual(1, directory.processors(ENTRY))
        # The second is what 1.6.3 writes when it adds one.
        self.assertEqual(3, directory.processors([
            'COMMAND DEFINE CPU 00 TYPE IFL', 'CPU 01',
            'COMMAND DEFINE CPU 0A TYPE IFL', 'CPU 01 BASE',
            'COMMAND SET VCONFIG MODE LINUX', '*CPU 07']))

    def test_storage(self):
        self.assertEqual(2048, directory.storage_mib(ENTRY))
        self.assertEqual(16384, directory.storage_mib(
            ['USER ABC00001 ****** 16G 64G G']))
        self.assertIsNone(directory.storage_mib(['USER ABC00001 NOLOG']))

    def test_boot_disk(self):
        self.assertEqual((4370, 'CYL'), directory.boot_disk(ENTRY))
        for kind in ('FB-512', '9336'):
            self.assertEqual((6291456, 'BLK'), directory.boot_disk([
                'IPL 200', 'MDISK 0100 3390 1 10 VOL001 MR',
                'MDISK 0200 %s 16 6291456 FBA001 MR' % kind]))

    def test_no_boot_disk(self):
        disk = 'MDISK 0100 3390 1 10 VOL001 MR'
        for entry in ([disk], ['IPL CMS', disk], ['IPL 0101', disk],
                      ['IPL 0100', 'MDISK 0100 3390 T-DISK 10']):
            self.assertIsNone(directory.boot_disk(entry))
