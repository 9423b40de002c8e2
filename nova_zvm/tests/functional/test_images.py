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

"""Images between Glance and the connector's repository, which is the cache.

Nova's image service streams, the connector is the real one; what counts is
what it has in its database and in its files afterwards.
"""

import base64
from concurrent import futures
import contextlib
import datetime
import hashlib
import os
import pathlib
import re
import shutil
import threading
import time

from castellan.common import exception as castellan_exception
from castellan.common.objects import x_509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography import x509
import fixtures
from nova import exception as nova_exception
from nova import objects
from nova.tests.functional.api import client as api_client
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.connector import client
from nova_zvm.connector.resources import images
from nova_zvm.image import cache as image_cache
from nova_zvm.pace import background
from nova_zvm.pace import waiting
from nova_zvm.tests.support import cloud
from nova_zvm.tests.support.faults import killer
from nova_zvm.tests.support import glance
from nova_zvm.tests.support import meter
from nova_zvm.transfer import journal
from nova_zvm.transfer import uploads
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names

MIB = 1024 ** 2
DAY = 24 * 3600
HEADER = imageheader.Header(3338, 'CYL').pack()


class Watched:
    """Data of an image, and how often they were asked for.

    :ivar failure: raised in place of the last piece
    """

    def __init__(self, data):
        self._bytes = glance.Bytes(data)
        self.length = len(data)
        self.data = data
        self.reads = 0
        self.failure = None

    def pieces(self):
        self.reads += 1
        *first, last = self._bytes.pieces()
        yield from first
        if self.failure:
            raise self.failure
        yield last


class ImagesTestCase(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        # More than a few of glanceclient's chunks.
        self.data = HEADER + os.urandom(MIB)
        self.image_id = self.create_image(payload=self.data[512:])
        self.watched = self.images.contents[self.image_id] = Watched(
            self.data)
        self.glance_image['checksum'] = self.md5 = hashlib.md5(
            self.data, usedforsecurity=False).hexdigest()
        self.name = names.image(self.image_id)
        # A failed boot is not tried again on the same host.
        self.flags(max_attempts=1, group='scheduler')

    @property
    def glance_image(self):
        """What Glance tells of the image, to be changed."""
        return self.glance.images[self.image_id]

    def file(self, name=None):
        """Return where the connector keeps an image, None if nowhere."""
        found = [path for path in self.connector_files()
                 if path.match('%s/0100' % (name or self.name))]
        return found[0] if found else None

    def rows_of_image(self):
        return [row for row in self.rows('image')
                if row['imagename'] == self.name]

    def assert_whole(self):
        """See that the connector has the image, once, as it is in Glance."""
        [row] = self.rows_of_image()
        self.assertEqual((self.md5, str(len(self.data))),
                         (row['md5sum'], row['image_size_in_bytes']))
        self.assertEqual(self.data, self.file().read_bytes())
        self.assert_nothing_stays()

    def assert_absent(self):
        self.assertEqual([], self.rows_of_image())
        self.assertIsNone(self.file())
        self.assert_nothing_stays()

    def assert_nothing_stays(self):
        """See that of uploads 512 bytes are left, and here nothing."""
        self.assertTrue({path.stat().st_size for path in self.uploads()} <=
                        {512})
        self.assertEqual([], [
            path for path in pathlib.Path(self.state_path, 'images').rglob(
                '*') if path.is_file()])

    def boot_refused(self, *words, **server):
        server = self.boot(expected_state='ERROR', **server)
        for word in words:
            self.assertIn(word, server['fault']['message'])
        self._delete_server(server)
        self.assert_absent()


class FirstBootTest(ImagesTestCase):

    def test_the_bytes_arrive_and_what_that_costs(self):
        server, requests = self.measured_boot(self.image_id)
        self.assertEqual(
            ['GET /images', 'PUT /files', 'POST /images', 'GET /images',
             # Once for a connector, the blank image.
             'PUT /images', 'PUT /files', 'POST /images', 'GET /images',
             'PUT /images'], requests)
        self.assert_whole()
        self.assertEqual(
            hashlib.sha256(self.data[512:]).hexdigest(),
            self.minidisk(server, '0100')['image']['sha256'])
        _, requests = self.measured_boot(self.create_image())
        self.assertEqual(
            ['GET /images', 'PUT /files', 'POST /images', 'GET /images',
             'PUT /images'], requests)
        _, requests = self.measured_boot(self.image_id)
        self.assertEqual(['GET /images'], requests)

    def measured_boot(self, image_id):
        """Return a server and its requests about images and files.

        Without names.
        """
        with meter.Meter(self.zvm.engine.log).calls_of(
                self.driver, 'spawn') as calls:
            server = self.boot(image_id=image_id)
        return server, [found.group() for found in map(
            re.compile('^[A-Z]+ /(images|files)').match,
            calls.total().requests) if found]

    def test_constant_memory(self):
        content = glance.Content(HEADER, 64 * MIB)
        self.images.contents[self.image_id] = content
        self.glance_image.update(size=content.length, checksum=None)
        with meter.Meter(self.zvm.engine.log, memory=True).running() as usage:
            self.driver.cache_image(self.context_of_admin(), self.image_id)
        self.assertLess(usage.peak, 12 * MIB)
        self.assertEqual(content.length, self.file().stat().st_size)

    def test_wrong_images(self):
        """One for another disk type is not even downloaded."""
        self.glance_image['properties']['zvm_disk_type'] = 'FBA'
        self.boot_refused('FBA disk, the disk pool is ECKD')
        self.assertEqual(0, self.watched.reads)
        del self.glance_image['properties']['zvm_disk_type']
        self.images.contents[self.image_id] = Watched(
            b'QFI\xfb' + self.data[4:])
        self.boot_refused('disk image header')
        self.assertEqual([], self.uploads())

    def test_version_of_its_own(self):
        for distro, version, expected, provide in (
                ('rhel', '8.6', 'rhel8.6', self.boot_of),
                ('sles', '15-SP4', 'sles15sp4', self.cache),
                ('rhel8.6', '9', 'rhel8.6', self.cache)):
            image_id = self.create_image(os_distro=distro, os_version=version)
            provide(image_id)
            [row] = [row for row in self.rows('image')
                     if row['imagename'] == names.image(image_id)]
            self.assertEqual(expected, row['imageosdistro'])

    def boot_of(self, image_id):
        self.boot(image_id=image_id)

    def cache(self, image_id):
        self.driver.cache_image(self.context_of_admin(), image_id)


class LimitsTest(ImagesTestCase):
    """What an image wants at least: nova's API looks after that."""

    LIMITS = (('min_disk', 4), ('min_ram', 1025))

    def test_boot_and_rebuild(self):
        for limit, value in self.LIMITS:
            self.glance_image[limit] = value
            self.assert_bad_request(self.boot)
            self.glance_image[limit] = 0
        self.glance_image.update(min_disk=3, min_ram=1024)
        server = self.boot()
        for limit, value in self.LIMITS:
            image_id = self.create_image()
            self.glance.images[image_id][limit] = value
            self.assert_bad_request(
                self.api.post_server_action, server['id'],
                {'rebuild': {'imageRef': image_id}})

    def assert_bad_request(self, *call):
        exc = self.assertRaises(api_client.OpenStackApiException, *call)
        self.assertEqual(400, exc.response.status_code)

    def test_a_flavor_without_disk_has_no_limit(self):
        self.glance_image['min_disk'] = 4
        server = self.boot(flavor_id=self.create_flavor(disk=0))
        self.assertEqual(3338, self.minidisk(server, '0100')['size'])


class BrokenTest(ImagesTestCase):
    """What arrives is not what it should be, or does not arrive."""

    def test_glance_sends_something_else_or_less_or_more_or_breaks_off(self):
        size, md5 = len(self.data), self.md5
        for wrong, words in (
                ({'checksum': '0' * 32}, 'checksum'),
                ({'size': size + 1}, '%d bytes' % (size + 1)),
                ({'size': size - 1}, '%d bytes' % (size - 1))):
            self.glance_image.update({'checksum': md5, 'size': size, **wrong})
            self.boot_refused(words)
        self.glance_image['size'] = size
        self.assert_survives_that_glance_breaks_off()

    def assert_survives_that_glance_breaks_off(self):
        self.watched.failure = OSError('connection reset')
        server = self.boot(expected_state='ERROR')
        self.assert_absent()
        self.assertIn('The download of image', self.stdlog.logger.output)
        self._delete_server(server)
        self.watched.failure = None
        self.boot()
        self.assert_whole()

    def test_what_is_not_as_in_glance_is_imported_anew(self):
        """The connector's file is gone, Glance has other data, or another
        distro: each time one boot repairs it.
        """
        self.import_image()
        self.assert_whole()
        shutil.rmtree(self.file().parent)
        self._delete_server(self.boot())
        self.assert_whole()
        self.assertEqual(2, self.watched.reads)

        self.data = HEADER + b'other data'
        self.images.contents[self.image_id] = Watched(self.data)
        self.md5 = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        self.glance_image.update(size=len(self.data), checksum=self.md5)
        self._delete_server(self.boot())
        self.assert_whole()

        self.assertEqual('rhel8.6', self.rows_of_image()[0]['imageosdistro'])
        self.glance_image['properties']['os_distro'] = 'rhel7.6'
        self.boot()
        [row] = self.rows_of_image()
        self.assertEqual('rhel7.6', row['imageosdistro'])
        self.assert_whole()

    def test_nova_compute_is_killed(self):
        """It starts though the connector hangs, and overwrites the upload
        later.
        """
        self.kill_in_import()
        self.assert_upload_stays()
        answered = threading.Event()
        self.addCleanup(answered.set)
        export = images.Images.export

        def hang(*args):
            answered.wait(cloud.PATIENCE)
            export(*args)

        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.connector.resources.images.Images.export', hang))
        self.replace_compute()
        self.assertFalse(answered.is_set())
        self.assert_upload_stays()
        answered.set()
        self.end_sweeps()
        # The import itself went through.
        self.assert_whole()

    def test_nova_compute_is_killed_and_the_connector_down(self):
        self.kill_in_import()
        self.zvm.simulator.member.kill()
        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.connector.session.PAUSES', ()))
        self.replace_compute()
        self.end_sweeps()
        self.assert_upload_stays()
        self.zvm.simulator.member.start()
        self.driver.manage_image_cache(self.context_of_admin(), [])
        self.end_sweeps()
        self.assert_whole()

    def kill_in_import(self):
        self.killer = self.useFixture(killer.Killer(self.zvm.url))
        self.killer.arm('^POST /images', 1)
        executor = futures.ThreadPoolExecutor(1)
        executor.submit(self.import_image)
        executor.shutdown(wait=False)
        self.assertTrue(self.killer.killed.wait(cloud.PATIENCE))

    def assert_upload_stays(self):
        self.assertTrue([path for path in self.uploads()
                         if path.stat().st_size > 512])


class TwoComputesTest(ImagesTestCase):
    """Another nova-compute on the same connector wants the image too."""

    services = USES_DB = False

    def setUp(self):
        super().setUp()
        self.connector, self.cache = self.make_compute()
        self.other_connector, self.other = self.make_compute()

    def make_compute(self):
        connector = client.Connector(self.zvm.url,
                                     token_file=self.zvm.token_file)
        clock = waiting.Clock()
        patience = waiting.Patience(clock)
        cache = image_cache.ImageCache(connector, uploads.Staging(
            connector, journal.Journal(cloud.CONF.zvm.image_tmp_path),
            patience, background.Background(clock)), patience)
        # Each process has locks of its own.
        cache.locked = lambda name: contextlib.nullcontext()
        return connector, cache

    def provide(self, cache):
        return cache.provide(
            self.context_of_admin(), objects.ImageMeta.from_dict(
                {**self.glance_image, 'id': self.image_id}),
            'rhel8.6', lambda header: None, lambda: None)

    def inject(self, nth, **action):
        self.zvm.engine.faults.add({
            'match': {'kind': 'rest', 'command': '^POST /images'},
            'nth': nth, 'action': action})

    def test_both_at_once(self):
        """Of the imports that follow each other most closely one fails."""
        barrier = threading.Barrier(2)
        for connector in (self.connector, self.other_connector):
            connector.images.create = self.together(
                connector.images.create, barrier)
        results = []
        threads = [threading.Thread(
            target=lambda cache=cache: results.append(self.provide(cache)))
            for cache in (self.cache, self.other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([self.md5] * 2, [image.md5 for image in results])
        self.assert_whole()

    def together(self, create, barrier):
        """Let the first import wait for the other's."""
        firsts = [barrier]

        def both(*args, **options):
            if firsts:
                firsts.pop().wait(cloud.PATIENCE)
            create(*args, **options)
        return both

    def import_by_the_other(self):
        """Let the other import the image while this one uploads it."""
        create = self.connector.images.create

        def late(name, *args, **options):
            if name == self.name:
                self.connector.images.create = create
                self.provide(self.other)
                self.between()
            return create(name, *args, **options)

        self.connector.images.create = late
        image = self.provide(self.cache)
        self.assertEqual(self.md5, image.md5)
        self.assert_whole()

    def between(self):
        """Called when the other has done."""

    def test_the_other_was_first(self):
        self.import_by_the_other()

    def test_the_other_has_just_begun(self):
        """The connector refuses this import, and has no image yet.

        A link to nowhere makes it miss the folder and then fail to make it
        (os.path.exists and os.makedirs), as the other's does in between.
        """
        folder = pathlib.Path(
            self.zvm.simulator.member.directory, 'images', 'netboot',
            'rhel8.6', self.name)
        folder.parent.mkdir(parents=True)
        create, get = self.connector.images.create, self.connector.images.get

        def refused(*args, **options):
            self.connector.images.create = create
            self.connector.images.get = missing
            folder.symlink_to('nowhere')
            try:
                create(*args, **options)
            finally:
                folder.unlink()

        def missing(name):
            self.connector.images.get = get
            try:
                return get(name)
            finally:
                self.provide(self.other)

        self.connector.images.create = refused
        self.assertEqual(self.md5, self.provide(self.cache).md5)
        self.assert_whole()

    def test_the_loser_removes_the_folder(self):
        """Its import fails, and its clean-up takes the winner's file."""
        def fail():
            shutil.rmtree(self.file().parent)
            self.inject(1, status=500, output='lost')

        self.between = fail
        self.import_by_the_other()

    def test_the_loser_removes_the_blank_image(self):
        """Both import that too, to overwrite what they have uploaded."""
        export = self.connector.images.export

        def removed(name, url):
            if self.file(name):
                self.connector.images.export = export
                shutil.rmtree(self.file(name).parent)
            export(name, url)

        self.connector.images.export = removed
        self.assertEqual(self.md5, self.provide(self.cache).md5)
        self.assertEqual(export, self.connector.images.export)
        self.assert_whole()

    def test_the_loser_does_not_repair_it(self):
        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.transfer.importing.LEAST_PATIENCE', 0))
        create = self.connector.images.create

        def removed(name, *args, **options):
            create(name, *args, **options)
            if name == self.name:
                self.connector.images.create = create
                shutil.rmtree(self.file().parent)

        self.connector.images.create = removed
        self.assertEqual(self.md5, self.provide(self.cache).md5)
        self.assert_whole()

    def test_the_answer_is_lost(self):
        self.inject(1, lose_answer=True)
        self.assertEqual(self.md5, self.provide(self.cache).md5)
        self.assert_whole()


class SignatureTest(ImagesTestCase):
    """Real signatures and certificates; only their manager is a stub."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key, cls.other_key = (
            rsa.generate_private_key(65537, 2048) for _ in range(2))

    def setUp(self):
        super().setUp()
        self.api.microversion = '2.63'
        self.certificates = {uuids.cert: self.certify(self.key),
                             uuids.other: self.certify(self.other_key)}
        self.useFixture(fixtures.MonkeyPatch(
            'cursive.signature_utils.key_manager.API', lambda: self))
        self.sign(self.data)

    def get(self, context, uuid):
        """Return a certificate as castellan does."""
        if uuid not in self.certificates:
            raise castellan_exception.ManagedObjectNotFoundError(uuid=uuid)
        return x_509.X509(self.certificates[uuid])

    @staticmethod
    def certify(key):
        name = x509.Name([x509.NameAttribute(
            x509.NameOID.COMMON_NAME, 'signer of images')])
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        certificate = x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(),
            now - day, now + day).add_extension(
                x509.BasicConstraints(True, 1), True).add_extension(
                x509.KeyUsage(True, False, False, False, False, True, False,
                              False, False), True).sign(key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.DER)

    def sign(self, data):
        signature = self.key.sign(
            data, padding.PSS(padding.MGF1(hashes.SHA256()),
                              padding.PSS.MAX_LENGTH), hashes.SHA256())
        self.glance_image['properties'].update(
            img_signature=base64.b64encode(signature).decode(),
            img_signature_hash_method='SHA-256',
            img_signature_key_type='RSA-PSS',
            img_signature_certificate_uuid=uuids.cert)

    def boot_trusting(self, *certificates, **server):
        return self.boot(trusted_image_certificates=list(certificates),
                         networks='none', **server)

    def assert_refused(self, words, *certificates):
        """See that a boot is refused and that nothing is on the connector.

        """
        server = self.boot(expected_state='ERROR', networks='none', **(
            {'trusted_image_certificates': list(certificates)}
            if certificates else {}))
        self.assertIn(words, server['fault']['message'])
        self.assert_absent()

    def test_not_trusted_or_bad_or_missing_or_good(self):
        self.assert_refused('ertificate', uuids.other)
        self.assertEqual(0, self.watched.reads)
        self.sign(b'something else')
        self.assert_refused('img_signature', uuids.cert)
        self.flags(verify_glance_signatures=True, group='glance')
        self.assert_refused('img_signature')
        self.flags(verify_glance_signatures=False, group='glance')
        for name in ('img_signature', 'img_signature_hash_method'):
            del self.glance_image['properties'][name]
        self.assert_refused('img_signature', uuids.cert)

        self.sign(self.data)
        self.boot_trusting(uuids.cert)
        self.assert_whole()
        self.assertIn('signature verification succeeded',
                      self.stdlog.logger.output)

    def test_in_the_cache(self):
        self.boot()
        self.sign(b'something else')
        server = self.boot_trusting(uuids.cert, expected_state='ERROR')
        self.assertIn('img_signature', server['fault']['message'])
        # It is still good for those who do not ask.
        self.assert_whole()
        self.boot()
        self.assertEqual(2, self.watched.reads)

        self.sign(self.data)
        for _ in range(2):
            self.boot_trusting(uuids.cert)
        self.assertEqual(3, self.watched.reads)
        self.assert_whole()


class PrecacheTest(ImagesTestCase):
    """Nova's API for images on the hosts of an aggregate."""

    def setUp(self):
        super().setUp()
        self.api.microversion = '2.81'
        self.admin_api.microversion = '2.81'
        aggregate = self.admin_api.post_aggregate(
            {'aggregate': {'name': 'zvm'}})
        self.aggregate = aggregate['id']
        self.admin_api.post_aggregate_action(
            self.aggregate, {'add_host': {'host': 'host'}})

    def cache(self, image_id=None):
        """Ask for an image; return what nova tells of the outcome."""
        self.notifier.reset()
        self.admin_api.api_post(
            '/os-aggregates/%s/images' % self.aggregate,
            {'cache': [{'id': image_id or self.image_id}]},
            check_response_status=[202])
        [progress] = self.notifier.wait_for_versioned_notifications(
            'aggregate.cache_images.progress', timeout=cloud.PATIENCE)
        payload = progress['payload']['nova_object.data']
        return payload['images_cached'], payload['images_failed']

    def test_cache(self):
        self.assertEqual(([self.image_id], []), self.cache())
        self.assert_whole()
        self.assertEqual(([self.image_id], []), self.cache())
        self._delete_server(self.boot())
        self.assertEqual(1, self.watched.reads)

        versioned = self.create_image(os_distro='rhel', os_version='8.6')
        self.assertEqual(([versioned], []), self.cache(versioned))

        # The driver tells whether it was there.
        another = self.create_image()
        context = self.context_of_admin()
        self.assertIs(True, self.driver.cache_image(context, another))
        self.assertIs(False, self.driver.cache_image(context, another))

    def test_refused(self):
        for wrong in ({'os_distro': 'debian12'}, {'units': 'BLK'},
                      {'header': b'x' * 512}, {'zvm_disk_type': 'FBA'}):
            image_id = self.create_image(**wrong)
            self.assertEqual(([], [image_id]), self.cache(image_id))
        self.assertRaises(nova_exception.ImageNotFound,
                          self.driver.cache_image, self.context_of_admin(),
                          uuids.missing)
        self.assertEqual([], self.rows('image'))
        self.assertEqual([], self.uploads())


class AgeingTest(ImagesTestCase):
    """Nova's periodic task and its options."""

    def setUp(self):
        super().setUp()
        self.import_image()

    def age(self, days=2, path=None):
        """Let a file have been read last so long ago."""
        path = path or self.file()
        os.utime(path, (time.time() - days * DAY, path.stat().st_mtime))

    def run_task(self):
        self.compute.manager._run_image_cache_manager_pass(
            self.context_of_admin())

    def test_old(self):
        """Nothing but its age, by nova's options, is against each removal
        that is not made.
        """
        # Provided lately, where reads leave no trace, as with noatime.
        self.age()
        self.run_task()
        self.assert_whole()

        # A nova-compute that has not provided it itself.
        self.restart_compute()
        self.flags(remove_unused_original_minimum_age_seconds=3 * DAY,
                   group='image_cache')
        self.run_task()
        self.assert_whole()
        self.flags(remove_unused_original_minimum_age_seconds=DAY,
                   remove_unused_base_images=False, group='image_cache')
        self.run_task()
        self.assert_whole()
        self.flags(remove_unused_base_images=True, group='image_cache')
        # Read lately, by another nova-compute for example.
        self.age(days=0.9)
        self.run_task()
        self.assert_whole()

        self.age()
        read = datetime.datetime.fromtimestamp(
            self.file().stat().st_atime, datetime.timezone.utc)
        self.run_task()
        self.assert_absent()
        self.assertIn('Deleted the unused image %s from the connector: %d '
                      'bytes, last used %s' % (
                          self.name, len(self.data),
                          read.isoformat(timespec='seconds')),
                      self.stdlog.logger.output)

    def test_used_by_an_instance(self):
        server = self.boot()
        self.restart_compute()
        self.age()
        self.run_task()
        self.assert_whole()
        self._delete_server(server)

        self.zvm.simulator.member.kill()
        self.run_task()
        self.assertIn('Could not remove unused images',
                      self.stdlog.logger.output)
        self.zvm.simulator.member.start()
        self.age()
        self.run_task()
        self.assert_absent()

    def test_what_is_missing_and_what_is_not_the_drivers(self):
        self.restart_compute()
        connector = client.Connector(self.zvm.url,
                                     token_file=self.zvm.token_file)
        path = pathlib.Path(self.state_path, 'theirs')
        path.write_bytes(self.data)
        for name in ('theirs', 'rhel86'):
            connector.images.create(name, 'file://%s' % path, 'rhel8.6')
            self.age(days=100, path=self.file(name))
        path.unlink()
        self.age(path=self.file(names.BLANK_IMAGE))
        self.run_task()
        others = {'theirs', 'rhel86', names.BLANK_IMAGE}
        self.assertEqual(others | {self.name},
                         {row['imagename'] for row in self.rows('image')})

        shutil.rmtree(self.file().parent)
        self.run_task()
        self.assert_absent()
        self.assertEqual(others,
                         {row['imagename'] for row in self.rows('image')})
