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

import contextlib
import hashlib

from glanceclient.v2 import client as glance_client
from nova.compute import task_states
from nova import context as nova_context
from nova import exception as nova_exception
from nova.image import glance
from oslo_utils.fixture import uuidsentinel as uuids
import requests_mock

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.guest import capture
from nova_zvm.operations import snapshot
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory

PATH = '/images/netboot/rhel8.6/nova-cap-x/0100'
DATA = b'0123456789' * 100


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class FakeGlance:
    """Reads in chunks of 64 bytes, as often as it is told to.

    :ivar broken_after: for each try that breaks, how many chunks it takes
    """

    def __init__(self):
        self.broken_after = []
        self.updates = []
        self.deleted = []
        self.stored = {}

    def update(self, context, image_id, metadata, body, purge_props):
        self.updates.append((image_id, metadata, purge_props))
        for count in self.broken_after:
            self._read(body, count)
        data = b''.join(self._read(body, None))
        self.stored = {'size': len(data), 'checksum': md5(data), **self.stored}
        self.data = data

    @staticmethod
    def _read(body, count):
        """Read as glanceclient's _chunk_body does."""
        chunks = []
        piece = body
        while piece and (count is None or len(chunks) < count):
            piece = body.read(64)
            if piece:
                chunks.append(piece)
        return chunks

    def get(self, context, image_id):
        return self.stored

    def delete(self, context, image_id):
        self.deleted.append(image_id)


class SnapshotTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.image = models.Image(
            'nova-cap-x', 'RHEL8.6', md5(DATA), 4370, 'CYL', len(DATA), 0.0)
        self.connector.exports[PATH] = DATA
        self.flow = snapshot.Snapshot(self, self.connector)
        self.glance = self.flow._glance = FakeGlance()
        self.story = []
        self.when_taken = lambda: None
        self.patch(snapshot.compute_utils, 'EventReporter', self.reporter)

    @contextlib.contextmanager
    def reporter(self, context, event, host, uuid):
        try:
            yield
        except Exception as exc:
            self.story.append(('failed', event, uuid, type(exc)))
            raise

    # The captures

    def power(self, instance):
        self.story.append('power')
        return 'on'

    @contextlib.contextmanager
    def taken(self, instance, power):
        self.story.append(('taken', power))
        self.when_taken()
        try:
            yield capture.Captured(self.image, PATH)
        finally:
            self.story.append('removed')

    def update_task_state(self, state, expected_state=None):
        self.story.append((state, expected_state))

    def run_flow(self, **fields):
        server = self.instance(**{'state': ownership.BUILT, **fields})
        self.flow.run(None, server, uuids.snapshot, self.update_task_state)

    @property
    def properties(self):
        [(_, metadata, _)] = self.glance.updates
        return metadata['properties']


class FlowTestCase(SnapshotTestCase):

    def test_steps(self):
        self.run_flow()
        pending = task_states.IMAGE_PENDING_UPLOAD
        self.assertEqual(
            ['power', (pending, None), ('taken', 'on'),
             (task_states.IMAGE_UPLOADING, pending), 'removed'], self.story)
        self.assertEqual(DATA, self.glance.data)
        self.assert_told('snapshot %s of %d bytes uploaded' % (
            uuids.snapshot, len(DATA)), 'snapshot taken')

    def test_metadata(self):
        self.run_flow()
        [(image_id, metadata, purge_props)] = self.glance.updates
        self.assertEqual((uuids.snapshot, False), (image_id, purge_props))
        self.assertEqual(('raw', 'bare', 3), (
            metadata['disk_format'], metadata['container_format'],
            metadata['min_disk']))
        self.assertEqual(
            {'os_distro': 'rhel8.6', 'hw_architecture': 's390x',
             'img_hv_type': 'zvm', 'zvm_disk_type': 'ECKD',
             'image_location': 'snapshot', 'image_state': 'available',
             'owner_id': 'project'}, metadata['properties'])

    def os_distro(self, captured, deployed=None):
        self.glance.updates.clear()
        self.image = models.Image(
            'x', captured, md5(DATA), 7, 'BLK', len(DATA), 0.0)
        metadata = {'image_os_distro': deployed} if deployed else {}
        self.run_flow(system_metadata=metadata)
        return self.properties['os_distro']

    def test_os_distro(self):
        self.assertEqual('sles15.4', self.os_distro('SLES15.4', 'sles15.3'))
        self.assertEqual('rhel8.6', self.os_distro('rhel8.10', 'rhel8.6'))
        self.assertEqual('rhel8.6', self.os_distro('UNKNOWN', 'rhel8.6'))
        self.assertEqual('rhel8.10', self.os_distro('rhel8.10'))
        self.connector.release = '1.6.7'
        self.assertEqual('rhel8.10', self.os_distro('rhel8.10', 'rhel8.6'))

    def test_disk_type(self):
        self.os_distro('rhel8')
        self.assertEqual('FBA', self.properties['zvm_disk_type'])

    def test_refused(self):
        def refuse(instance):
            raise failures.SnapshotRefused(reason='paused')

        self.power = refuse
        self.assertRaises(failures.SnapshotRefused, self.run_flow)
        self.assertEqual([('failed', 'zvm_snapshot', uuids.instance,
                           failures.SnapshotRefused)], self.story)

    def test_server_deleted_before_the_upload(self):
        def update_task_state(state, expected_state=None):
            if expected_state:
                raise nova_exception.UnexpectedDeletingTaskStateError(
                    instance_uuid=uuids.instance, expected='', actual='')

        self.update_task_state = update_task_state
        self.assertRaises(nova_exception.UnexpectedDeletingTaskStateError,
                          self.run_flow)
        self.assertIn('removed', self.story)
        self.assertEqual([], self.glance.updates)


class PropertiesTestCase(SnapshotTestCase):
    """What Glance is asked to change of an image, by nova's own client."""

    URL = 'http://glance'

    def setUp(self):
        super().setUp()
        self.flow._glance = glance.API()
        wrapper = glance.GlanceClientWrapper()
        wrapper.client = glance_client.Client(self.URL)
        wrapper.api_server = self.URL
        self.patch(glance, 'get_default_image_service',
                   lambda: glance.GlanceImageServiceV2(wrapper))
        self.requests = requests_mock.Mocker()
        self.requests.start()
        self.addCleanup(self.requests.stop)
        self.requests.get(self.URL + '/v2/schemas/image', json={
            'name': 'image', 'additionalProperties': {'type': 'string'},
            'properties': {name: {'type': ['null', 'string', 'integer']}
                           for name in ('id', 'name', 'min_disk', 'size',
                                        'disk_format', 'container_format',
                                        'status', 'checksum')}})
        self.path = '%s/v2/images/%s' % (self.URL, uuids.snapshot)
        self.requests.put(self.path + '/file', text=self.receive)

    @staticmethod
    def receive(request, context):
        b''.join(request.body)
        return ''

    def changes(self, metadata=(), instance=None, **properties):
        """Return what is changed of an image with some properties.

        :param metadata: system metadata of the server
        """
        self.requests.get(self.path, json=dict(
            properties, id=uuids.snapshot, status='queued', name='web-1',
            checksum=md5(DATA), size=len(DATA)))
        self.requests.patch(self.path)
        instance = instance or self.instance(ownership.BUILT)
        instance.system_metadata.update(dict(metadata))
        self.flow.run(nova_context.get_admin_context(), instance,
                      uuids.snapshot, self.update_task_state)
        [patch] = [request.json() for request in
                   self.requests.request_history if request.method == 'PATCH']
        return {(change['op'], change['path'][1:]) for change in patch}

    def test_the_record_is_removed_and_nothing_else(self):
        record = dict.fromkeys(parts.KEYS, 'x')
        changes = self.changes(zvm_note='theirs', mine='x', **record)
        self.assertEqual(parts.KEYS, {name for operation, name in changes
                                      if operation == 'remove'})
        self.assertNotIn('zvm_disk_type', parts.KEYS)
        self.assertIn(('add', 'zvm_disk_type'), changes)

    def test_the_record_of_another_host_is_removed(self):
        record = {'zvm_guest@another': 'built', 'zvm_host@another': 'another'}
        self.assertLessEqual(
            {('remove', key) for key in record},
            self.changes(record, **record))

    def test_a_record_that_ends_with_the_capture_is_removed(self):
        record = {'zvm_userid@another': 'ABC00001'}
        instance = self.instance(ownership.BUILT)
        instance.system_metadata.update(record)
        self.when_taken = lambda: instance.system_metadata.pop(
            'zvm_userid@another')
        self.assertIn(('remove', 'zvm_userid@another'),
                      self.changes(instance=instance, **record))

    def test_an_image_without_a_record(self):
        self.assertNotIn('remove', {operation for operation, name in
                                    self.changes(mine='x')})


class UploadTestCase(SnapshotTestCase):

    def test_tried_again_from_the_first_byte(self):
        self.glance.broken_after = [0, 1, 11, 16]
        self.run_flow()
        self.assertEqual(DATA, self.glance.data)

    def test_the_download_ends_with_the_upload(self):
        ended = []
        download = self.connector.files.download

        @contextlib.contextmanager
        def watched(path):
            with download(path) as pieces:
                try:
                    yield pieces
                finally:
                    ended.append(path)

        def break_off(context, image_id, metadata, body, purge_props):
            body.read(64)
            raise nova_exception.ImageNotFound(image_id=image_id)

        self.connector.files.download = watched
        self.glance.update = break_off
        # Kept alive, so that no collector of garbage ends it.
        exc = self.assertRaises(nova_exception.ImageNotFound, self.run_flow)
        self.assertIsNotNone(exc.__traceback__)
        self.assertEqual([PATH], ended)

    def assertDamaged(self, words):
        exc = self.assertRaises(failures.SnapshotDamaged, self.run_flow)
        self.assertIn(words, str(exc))
        self.assertIn(uuids.snapshot, str(exc))
        self.assertIn('removed', self.story)

    def test_less_comes_from_the_connector(self):
        """Glance does not even see an end."""
        self.connector.exports[PATH] = DATA[:-1]
        self.assertDamaged('999 bytes')
        self.assertEqual({}, self.glance.stored)

    def test_something_else_comes_from_the_connector(self):
        self.connector.exports[PATH] = DATA[:-1] + b'x'
        self.assertDamaged(md5(DATA))
        self.assertEqual({}, self.glance.stored)

    def test_glance_has_less(self):
        self.glance.stored = {'size': 999}
        self.assertDamaged('999 bytes')
        self.assertEqual([uuids.snapshot], self.glance.deleted)

    def test_glance_has_something_else(self):
        self.glance.stored = {'checksum': '0' * 32}
        self.assertDamaged('0' * 32)
        self.assertEqual([uuids.snapshot], self.glance.deleted)

    def test_glance_without_checksums(self):
        self.glance.stored = {'checksum': None}
        self.run_flow()
        self.assertEqual([], self.glance.deleted)

    def test_wrong_repository(self):
        del self.connector.exports[PATH]
        exc = self.assertRaises(nova_exception.InvalidInput, self.run_flow)
        self.assertIn('[zvm] image_repository', str(exc))
        self.assertIn(PATH, str(exc))

    def test_connector_down(self):
        self.connector.faults['files.download'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady, self.run_flow)

    def test_no_error_that_nova_tries_again(self):
        """nova tries again what is an IOError."""
        for exc in (errors.ConnectorError, failures.SnapshotDamaged):
            self.assertFalse(issubclass(exc, OSError))
