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

import io

import fixtures
from oslo_utils.imageutils import format_inspector
from oslotest import base

from nova_zvm.zvm import imageheader


class HeaderTestCase(base.BaseTestCase):

    def test_round_trip(self):
        for header in (imageheader.Header(1, 'CYL'),
                       imageheader.Header(3338, 'CYL'),
                       imageheader.Header(999999999999, 'BLK')):
            data = header.pack()
            self.assertEqual(512, len(data))
            self.assertEqual(header, imageheader.parse(data + b'disk'))

    def test_as_the_connector_writes_it(self):
        data = b'xCAT CKD Disk Image:        3338 CYL HLen: 0055 GZIP: 6'
        self.assertEqual(imageheader.Header(3338, 'CYL'),
                         imageheader.parse(data.ljust(512)))

    def test_partition_of_an_fba_disk(self):
        data = b'xCAT FBA Part Image:     6291456 BLK HLen: 0055 GZIP: 6'
        self.assertEqual(imageheader.Header(6291456, 'BLK'),
                         imageheader.parse(data.ljust(512)))

    def test_what_is_no_header(self):
        good = imageheader.Header(3338, 'CYL').pack()
        for data in (b'', good[:511], b'QFI\xfb'.ljust(512),
                     good.replace(b'CKD', b'FBA'),
                     good.replace(b'3338', b'33x8'),
                     good.replace(b'3338', b'    '),
                     good.replace(b' CYL', b' BLK')):
            self.assertRaises(ValueError, imageheader.parse, data)


class GlanceTestCase(base.BaseTestCase):

    def test_inspection_complains_and_finds_no_format(self):
        """The page on troubleshooting says why."""
        log = self.useFixture(fixtures.FakeLogger(format='%(levelname)s '
                                                         '%(message)s'))
        image = imageheader.Header(3338, 'CYL').pack() + b'\x1f\x8b' * 4096
        wrapper = format_inspector.InspectWrapper(io.BytesIO(image))
        self.assertEqual(image, wrapper.read(len(image)))
        wrapper.close()
        # Glance takes this for an image that it need not inspect
        # (glance/location.py set_data, 33).
        self.assertRaises(AttributeError, lambda: wrapper.format)
        self.assertIn('ERROR VMDK descriptor failed to decode as ASCII\n',
                      log.output)
