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

import hashlib
import threading

from cryptography import exceptions as cryptography_exceptions
from cursive import exception as cursive_exception
from nova import context
from nova import exception as nova_exception
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.errors import failures
from nova_zvm.image import cache
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names

NAME = names.image(uuids.image)
DATA = imageheader.Header(3338, 'CYL').pack() + b'x' * 1536
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()


class FakeGlance:
    """Writes an image as nova does, and tells at the end if it is signed.

    """

    def __init__(self, data=DATA, chunk=100):
        self.data = data
        self.chunk = chunk
        self.downloads = 0
        self.failure = None
        self.certs = []

    def download(self, context, image_id, data, trusted_certs):
        self.downloads += 1
        self.certs.append(trusted_certs)
        for start in range(0, len(self.data), self.chunk):
            data.write(self.data[start:start + self.chunk])
        if self.failure:
            data.truncate(0)
            raise self.failure


class ImageCacheTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.images = cache.ImageCache(
            self.connector, self.make_staging(), self.patience)
        self.glance = self.images._glance = FakeGlance()
        self.accepted = []
        self.announced = []

    def provide(self, accept=None, certs=None, **fields):
        return self.images.provide(
            context.get_admin_context(), inmemory.image_meta(**fields),
            'rhel8.6', accept or self.accepted.append,
            lambda: self.announced.append(self.glance.downloads), certs)

    def assertNothingStays(self):
        self.assertNotIn(NAME, self.connector.repository)
        for data in self.connector.uploads.values():
            self.assertEqual(512, len(data))
        self.assertEqual([], self.images._staging._journal.left())


class ProvideTestCase(ImageCacheTestCase):

    def test_an_image_that_is_there(self):
        self.connector.put_image(NAME)
        self.assertEqual(NAME, self.provide().name)
        self.assertEqual(1, len(self.connector.calls))
        self.assertEqual(0, self.glance.downloads)
        self.assertEqual([], self.announced)

    def test_an_import_is_announced_before_it_costs_anything(self):
        self.provide()
        self.assertEqual([0], self.announced)

    def test_an_image_that_is_there_has_to_fit_too(self):
        self.connector.put_image(NAME, size=7, units='BLK')
        self.provide()
        self.assertEqual([imageheader.Header(7, 'BLK')], self.accepted)

    def test_import(self):
        for chunk in (1, 100, 512, 5000):
            self.glance.chunk = chunk
            self.connector.repository.clear()
            image = self.provide(checksum=MD5)
            self.assertEqual(
                (NAME, 3338, 'CYL', 'rhel8.6', MD5),
                (image.name, image.disk_size, image.disk_units,
                 image.os_version, image.md5))
            self.assertEqual(DATA, self.connector.exports[NAME])

    def test_nothing_of_the_upload_stays(self):
        self.provide()
        for data in self.connector.uploads.values():
            self.assertEqual(512, len(data))

    def test_boots_of_other_images_are_not_held_up(self):
        begun, go_on = threading.Event(), threading.Event()

        def hang(length):
            begun.set()
            go_on.wait(10)

        self.connector.faults['files.upload'] = [hang]
        slow = threading.Thread(target=self.provide)
        slow.start()
        self.assertTrue(begun.wait(10))
        other = inmemory.image_meta()
        other.id = uuids.other
        self.images.provide(
            context.get_admin_context(), other, 'rhel8.6',
            self.accepted.append, lambda: None)
        self.assertFalse(go_on.is_set())
        self.assertIn(names.image(uuids.other), self.connector.repository)
        self.assertNotIn(NAME, self.connector.repository)
        go_on.set()
        slow.join()
        self.assertIn(NAME, self.connector.repository)

    def test_eight_boots_import_once(self):
        all_here = threading.Event()
        self.connector.faults['files.upload'] = [
            lambda length: all_here.wait(10)]
        boots = [threading.Thread(target=self.provide) for _ in range(8)]
        for boot in boots:
            boot.start()
        all_here.set()
        for boot in boots:
            boot.join()
        self.assertEqual(1, self.glance.downloads)
        self.assertIn(NAME, self.connector.repository)

    def test_another_compute_was_faster(self):
        self.connector.faults['images.create'] = [
            lambda *args: self.connector.put_image(NAME, md5=MD5)]
        self.assertEqual(MD5, self.provide().md5)

    def test_first_uploads_at_the_same_time(self):
        """Of two the connector refuses one."""
        self.connector.faults['files.upload'] = [
            fakes.error(operation='files.upload', rc=(300, 300, 1))]
        self.assertEqual(NAME, self.provide().name)
        self.assertEqual(2, self.glance.downloads)

    def test_uploads_are_refused_for_another_reason(self):
        self.connector.faults['files.upload'] = [
            fakes.error(operation='files.upload', rc=(300, 300, 1))] * 2
        self.assertRaises(failures.ConnectorFailure, self.provide)
        self.assertNothingStays()

    def test_an_upload_that_fails_otherwise_is_not_repeated(self):
        self.connector.faults['files.upload'] = [
            fakes.error(operation='files.upload', rc=(101, 101, 1))]
        self.assertRaises(failures.ConnectorFailure, self.provide)
        self.assertEqual(1, self.glance.downloads)

    def test_an_upload_that_is_refused_later_is_not_repeated(self):
        self.provide()
        self.connector.repository.clear()
        self.connector.faults['files.upload'] = [
            fakes.error(operation='files.upload', rc=(300, 300, 1))]
        self.assertRaises(failures.ConnectorFailure, self.provide)
        self.assertEqual(2, self.glance.downloads)

    def test_what_is_not_the_image_of_glance_is_imported_anew(self):
        for wrong in ({'last_access_time': -1.0}, {'size_bytes': 2047},
                      {'md5': 'f' * 32}, {'os_version': 'rhel7.6'}):
            self.connector.put_image(NAME, **{'md5': MD5, **wrong})
            image = self.provide(checksum=MD5)
            self.assertEqual((MD5, 'rhel8.6'), (image.md5, image.os_version))
            self.assertEqual(DATA, self.connector.exports[NAME])
        self.assertEqual(4, self.glance.downloads)

    def test_the_connector_writes_a_linux_as_it_likes(self):
        self.connector.put_image(NAME, os_version='RHEL8.6')
        self.provide()
        self.assertEqual(0, self.glance.downloads)

    def test_a_cached_image_of_which_nova_knows_little(self):
        """As of a server whose image is no longer in Glance."""
        self.connector.put_image(NAME)
        self.provide(size=None)
        self.assertEqual(0, self.glance.downloads)

    def test_provided_lately(self):
        self.assertFalse(self.images.provided_within(NAME, 100))
        self.provide()
        self.clock.sleep(99)
        self.assertTrue(self.images.provided_within(NAME, 100))
        self.clock.sleep(1)
        self.assertFalse(self.images.provided_within(NAME, 100))

    def test_connector_down(self):
        self.connector.faults['images.get'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady, self.provide)
        self.assertEqual(0, self.glance.downloads)


class RefusedTestCase(ImageCacheTestCase):

    def assertRefused(self, words, **fields):
        exc = self.assertRaises(nova_exception.ImageUnacceptable,
                                self.provide, **fields)
        self.assertIn(words, str(exc))
        self.assertIn(uuids.image, str(exc))
        self.assertNothingStays()

    def test_before_anything_is_sent(self):
        def refuse(header):
            self.assertEqual(imageheader.Header(3338, 'CYL'), header)
            raise nova_exception.FlavorDiskSmallerThanImage(
                flavor_size=1, image_size=2)

        self.assertRaises(nova_exception.FlavorDiskTooSmall, self.provide,
                          accept=refuse)
        self.assertEqual([], self.connector.writes)

    def test_no_header(self):
        self.glance.data = b'QFI\xfb' * 512
        self.assertRefused('disk image header')
        self.assertEqual([], self.connector.writes)

    def test_nothing_at_all(self):
        self.glance.data = b''
        self.assertRefused('disk image header')
        self.assertEqual([], self.connector.writes)

    def test_glance_sends_less(self):
        self.glance.data = DATA[:-1]
        self.assertRefused('2048 bytes')

    def test_glance_sends_more(self):
        self.glance.data = DATA + b'x'
        self.assertRefused('2048 bytes')

    def test_glance_sends_something_else(self):
        self.assertRefused('checksum', checksum='0' * 32)

    def test_glance_does_not_tell_the_size(self):
        self.assertRefused('size', size=None)
        self.assertEqual([], self.connector.writes)

    def test_image_that_is_not_active(self):
        self.assertRefused("'queued'", status='queued')
        self.assertEqual([], self.connector.writes)

    def test_the_download_breaks(self):
        self.glance.failure = OSError('connection reset')
        exc = self.assertRaises(failures.ImageDownloadFailed, self.provide)
        self.assertIn('connection reset', str(exc))
        self.assertNothingStays()

    def test_the_import_fails(self):
        self.connector.put_image(names.BLANK_IMAGE)
        self.connector.exports[names.BLANK_IMAGE] = b'x' * 512
        self.connector.faults['images.create'] = [fakes.error()] * 2
        self.assertRaises(failures.ConnectorFailure, self.provide)
        self.assertNothingStays()

    def test_the_connector_goes_down(self):
        self.connector.faults['images.create'] = [fakes.unreachable()]
        self.connector.faults['images.export'] = [fakes.unreachable()]
        self.assertRaises(failures.ConnectorUnreachable, self.provide)
        self.images._staging.sweep()
        self.assertNothingStays()


class SignatureTestCase(ImageCacheTestCase):

    CERTS = objects.TrustedCerts(ids=['a', 'b'])

    def refused(self, **options):
        self.assertRaises(nova_exception.ImageUnacceptable, self.provide,
                          **options)

    def test_nobody_asks(self):
        self.provide()
        self.provide()
        self.assertEqual([None], self.glance.certs)

    def test_import(self):
        self.provide(certs=self.CERTS)
        self.provide(certs=self.CERTS)
        self.assertEqual([self.CERTS], self.glance.certs)

    def test_cached(self):
        self.provide()
        self.connector.calls.clear()
        for _ in range(2):
            self.provide(certs=self.CERTS)
        self.assertEqual([None, self.CERTS], self.glance.certs)
        self.assertEqual([], self.connector.writes)

    def test_other_certificates_are_another_question(self):
        self.provide(certs=self.CERTS)
        others = objects.TrustedCerts(ids=['c'])
        self.provide(certs=others)
        self.assertEqual([self.CERTS, others], self.glance.certs)

    def test_nova_is_configured_to_ask(self):
        for options in ({'verify_glance_signatures': True},
                        {'enable_certificate_validation': True,
                         'default_trusted_certificate_ids': ['d']}):
            self.glance.downloads = 0
            self.provide()
            self.flags(group='glance', **options)
            for _ in range(2):
                self.provide()
            self.assertEqual(1 + ('d' not in str(options)),
                             self.glance.downloads)
            self.flags(verify_glance_signatures=False, group='glance')
            self.images._verified.clear()

    def test_bad_signature(self):
        self.glance.failure = cryptography_exceptions.InvalidSignature()
        self.refused(certs=self.CERTS)
        self.assertNothingStays()
        self.assertNotIn('images.create', [
            call for call, args in self.connector.calls
            if args[0] == NAME])

    def test_bad_signature_of_a_cached_image(self):
        self.provide()
        self.glance.failure = cryptography_exceptions.InvalidSignature()
        for _ in range(2):
            self.refused(certs=self.CERTS)
        self.assertIn(NAME, self.connector.repository)

    def test_bad_certificate(self):
        for failure in (
                cursive_exception.SignatureVerificationError(reason='x'),
                nova_exception.CertificateValidationFailed(
                    cert_uuid='x', reason='y')):
            self.glance.failure = failure
            self.assertRaises(type(failure), self.provide, certs=self.CERTS)
            self.assertNothingStays()

    def test_cached_image_is_not_what_was_signed(self):
        self.connector.put_image(NAME, md5='f' * 32)
        self.assertEqual(MD5, self.provide(certs=self.CERTS).md5)
