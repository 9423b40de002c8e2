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

import builtins
import io
import os
import pathlib
import threading
from unittest import mock

from nova import exception as nova_exception

from nova_zvm.connector import errors
from nova_zvm.record import ownership
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.transfer import journal
from nova_zvm.transfer import uploads
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names

BLANK = imageheader.Header(1, 'CYL').pack()
SECRET = imageheader.Header(1, 'CYL').pack() + b'secret'
# Real seconds; only a test that fails waits so long.
PATIENCE = 30


class StagingTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.staging = self.make_staging()
        self.booting = self.instance()

    def upload(self):
        with self.staging.uploaded(io.BytesIO(SECRET),
                                   len(SECRET)) as upload:
            self.assertEqual(SECRET, self.connector.uploads[upload.url])
        return upload

    def test_what_was_sent_is_overwritten(self):
        upload = self.upload()
        self.assertEqual(BLANK, self.connector.uploads[upload.url])

    def test_also_when_it_was_of_no_use(self):
        class Useless(Exception):
            pass

        def use():
            with self.staging.uploaded(io.BytesIO(SECRET), len(SECRET)):
                raise Useless()

        self.assertRaises(Useless, use)
        self.assertEqual({BLANK}, set(self.connector.uploads.values()))

    def test_what_nobody_would_find_again_is_overwritten(self):
        def fail(expected_task_state=None):
            raise nova_exception.InstanceNotFound(instance_id='x')

        self.booting.save = fail
        self.assertRaises(
            nova_exception.InstanceNotFound, self.staging.upload,
            self.booting, io.BytesIO(SECRET), len(SECRET))
        self.assertEqual({BLANK}, set(self.connector.uploads.values()))

    def test_the_blank_image_is_made_once(self):
        for _ in range(3):
            self.upload()
        made = [call for call in self.connector.calls
                if call[0] == 'images.create']
        self.assertEqual(1, len(made))
        self.assertEqual([names.BLANK_IMAGE],
                         list(self.connector.repository))

    def test_another_compute_made_the_blank_image_meanwhile(self):
        def meanwhile(name, *args):
            self.connector.put_image(name)
            self.connector.exports[name] = BLANK

        self.connector.faults['images.create'] = [meanwhile]
        upload = self.upload()
        self.assertEqual(BLANK, self.connector.uploads[upload.url])

    def test_a_failure_is_logged_and_not_raised(self):
        self.upload()
        for failure in (fakes.unreachable(), fakes.error(),
                        fakes.outcome_unknown('images.export')):
            self.connector.faults['images.export'] = [failure]
            upload = self.upload()
            self.assertIn(upload.url, self.stdlog.logger.output)

    def test_what_could_not_be_overwritten_is_tried_again(self):
        upload = self.staging.upload(self.booting, io.BytesIO(SECRET),
                                     len(SECRET))
        self.connector.faults['images.export'] = [fakes.unreachable()]
        self.staging.blank(self.booting)
        self.assertEqual(SECRET, self.connector.uploads[upload.url])
        self.staging.blank(self.booting)
        self.assertEqual(BLANK, self.connector.uploads[upload.url])
        self.assertIsNone(ownership.upload_url(self.booting))

    def test_a_blank_image_without_its_file_is_made_anew(self):
        self.upload()
        self.connector.put_image(names.BLANK_IMAGE, last_access_time=-1.0)
        upload = self.upload()
        self.assertEqual(BLANK, self.connector.uploads[upload.url])

    def test_the_import_of_another_compute_removes_the_blank_image(self):
        """Its clean-up comes after ours was found whole (importing)."""
        def remove(*args):
            self.connector.put_image(names.BLANK_IMAGE, last_access_time=-1.0)

        self.connector.faults['images.export'] = [None, remove]
        upload = self.upload()
        self.assertEqual(BLANK, self.connector.uploads[upload.url])
        self.assertEqual([], self.staging._journal.left())

    def test_a_blank_image_that_is_always_removed(self):
        def remove(*args):
            self.connector.repository.clear()

        self.connector.faults['images.export'] = [remove] * 10
        upload = self.upload()
        self.assertEqual(SECRET, self.connector.uploads[upload.url])
        self.assertEqual(2, self.connector.count('images.create'))

    def test_an_export_that_fails_makes_no_other_blank_image(self):
        self.upload()
        self.connector.calls.clear()
        self.connector.faults['images.export'] = [fakes.error()]
        self.upload()
        self.assertNotIn('images.create', self.connector.operations)

    def test_the_source_breaks_off(self):
        class Broken(Exception):
            pass

        class Source:
            def __init__(self):
                self.data = [SECRET]

            def read(self, size):
                if self.data:
                    return self.data.pop()
                raise Broken()

        for send in (lambda: self.staging.upload(
                         self.booting, Source(), 5000),
                     lambda: self.staging.uploaded(
                         Source(), 5000).__enter__()):
            self.assertRaises(Broken, send)
            self.assertEqual({BLANK}, set(self.connector.uploads.values()))
            self.assertEqual([], self.staging._journal.left())

    def test_the_connector_stored_something_else(self):
        self.upload()
        [url] = list(self.connector.uploads)[:1]
        self.connector.uploads[url] = b'something'
        self.connector.faults['files.upload'] = [fakes.transfer_error(url)]
        self.assertRaises(errors.TransferError, self.upload)
        self.assertEqual(BLANK, self.connector.uploads[url])

    def test_overwrite_tells_whether_it_worked(self):
        upload = self.upload()
        self.assertTrue(self.staging.overwrite(upload.url))
        self.connector.faults['images.export'] = [fakes.unreachable()]
        self.assertFalse(self.staging.overwrite(upload.url))

    def test_no_secret_is_logged(self):
        self.connector.faults['images.export'] = [fakes.error()]
        self.upload()
        self.assertNotIn('secret', self.stdlog.logger.output)


class SweepTestCase(inmemory.ZVMTestCase):
    """Images that lie on the connector for longer than they should."""

    def setUp(self):
        super().setUp()
        self.staging = self.make_staging()

    def upload(self):
        """Leave an upload behind, as the connector is down."""
        self.connector.faults['images.export'] = [fakes.unreachable()]
        with self.staging.uploaded(io.BytesIO(SECRET), len(SECRET)) as upload:
            pass
        self.assertEqual(SECRET, self.connector.uploads[upload.url])
        return upload.url

    @staticmethod
    def record():
        [path] = [path for path in pathlib.Path(
            inmemory.CONF.zvm.image_tmp_path).rglob('*') if path.is_file()]
        return path

    def test_the_same_process(self):
        url = self.upload()
        self.staging.sweep()
        self.assertEqual(BLANK, self.connector.uploads[url])

    def test_the_next_process(self):
        urls = [self.upload(), self.upload()]
        self.make_staging().sweep()
        self.assertEqual([BLANK, BLANK],
                         [self.connector.uploads[url] for url in urls])
        self.connector.calls.clear()
        self.make_staging().sweep()
        self.assertEqual([], self.connector.calls)

    def test_a_killed_process(self):
        upload = self.staging.uploaded(io.BytesIO(SECRET), len(SECRET))
        url = upload.__enter__().url
        self.make_staging().sweep()
        self.assertEqual(BLANK, self.connector.uploads[url])

    def test_what_is_in_use_is_left_alone(self):
        with self.staging.uploaded(io.BytesIO(SECRET), len(SECRET)) as upload:
            self.staging.sweep()
            self.assertEqual(SECRET, self.connector.uploads[upload.url])

    def test_a_connector_that_is_down_is_asked_once(self):
        for _ in range(3):
            self.upload()
        self.connector.calls.clear()
        self.connector.faults['images.export'] = [fakes.unreachable()] * 3
        self.stdlog.delete_stored_logs()
        self.staging.sweep()
        self.assertEqual(1, len(self.connector.calls))
        self.assertIn('Could not erase upload', self.stdlog.logger.output)

    def test_a_connector_that_does_not_answer_is_asked_once(self):
        for _ in range(3):
            self.upload()
        self.connector.calls.clear()
        self.connector.faults['images.export'] = [
            fakes.outcome_unknown('images.export')] * 3
        self.staging.sweep()
        self.assertEqual(['images.export'], self.connector.operations)

    def test_one_that_cannot_be_overwritten_is_in_nobodys_way(self):
        urls = [self.upload() for _ in range(3)]
        self.connector.put_image(names.BLANK_IMAGE)
        self.connector.exports[names.BLANK_IMAGE] = BLANK
        self.connector.faults['images.export'] = [fakes.error()]
        self.stdlog.delete_stored_logs()
        self.staging.sweep()
        self.assertEqual([BLANK, BLANK, SECRET], sorted(
            self.connector.uploads[url] for url in urls))
        self.assertEqual(1, self.stdlog.logger.output.count(
            'Could not erase upload'))
        self.staging.sweep()
        self.assertEqual({BLANK}, set(self.connector.uploads.values()))

    def test_the_start_does_not_wait(self):
        url = self.upload()
        answered = threading.Event()
        self.addCleanup(answered.set)
        self.connector.faults['images.export'] = [
            lambda *args: answered.wait(PATIENCE)]
        self.staging.begin_sweep()
        self.assertEqual(SECRET, self.connector.uploads[url])
        self.assertEqual([uploads.SWEEP], self.background.names())
        answered.set()
        self.background.join(uploads.SWEEP, PATIENCE)
        self.assertEqual(BLANK, self.connector.uploads[url])

    def test_nothing_left_needs_no_thread(self):
        self.staging.begin_sweep()
        self.assertEqual([], self.background.names())
        self.assertNotIn('Cannot read', self.stdlog.logger.output)

    def test_another_compute_service_on_the_same_disk(self):
        url = self.upload()
        self.flags(host='another')
        self.make_staging().sweep()
        self.assertEqual(SECRET, self.connector.uploads[url])

    def test_records_hold_nothing_but_the_url(self):
        url = self.upload()
        self.assertEqual(url, self.record().read_text())

    def test_records_are_for_this_user_alone(self):
        self.upload()
        self.assertEqual(0o700, self.record().parent.stat().st_mode & 0o777)

    def test_whether_records_can_be_read(self):
        records = journal.Journal(inmemory.CONF.zvm.image_tmp_path)
        self.assertTrue(records.readable())
        self.upload()
        self.assertTrue(records.readable())
        self.patch(os, 'scandir', mock.Mock(side_effect=OSError('broken')))
        self.assertFalse(records.readable())

    def test_no_place_for_records(self):
        path = os.path.join(inmemory.CONF.zvm.image_tmp_path, 'file')
        with open(path, 'w'):
            self.flags(image_tmp_path=path, group='zvm')
        self.staging = self.make_staging()
        exc = self.assertRaises(
            nova_exception.InvalidInput,
            self.staging.uploaded(io.BytesIO(SECRET), 6).__enter__)
        self.assertIn('[zvm] image_tmp_path', str(exc))
        self.assertEqual([], self.connector.calls)
        self.staging.sweep()

    def test_a_record_that_cannot_be_written(self):
        failure = OSError('no space left')
        self.patch(builtins, 'open', mock.Mock(side_effect=failure))
        exc = self.assertRaises(
            nova_exception.InvalidInput,
            self.staging.uploaded(io.BytesIO(SECRET), 6).__enter__)
        self.assertIn('no space left', str(exc))
        self.assertEqual({BLANK}, set(self.connector.uploads.values()))

    def test_a_record_that_cannot_be_removed(self):
        url = self.upload()
        self.patch(os, 'remove', mock.Mock(side_effect=OSError('read-only')))
        self.staging.sweep()
        self.assertEqual(BLANK, self.connector.uploads[url])

    def test_one_record_that_cannot_be_read(self):
        """The others can."""
        url = self.upload()
        folder = self.record().parent
        (folder / '1').write_bytes(b'\xff')
        (folder / '2').symlink_to('gone')
        (folder / '3').mkdir()
        self.connector.calls.clear()
        self.staging.sweep()
        self.assertEqual(BLANK, self.connector.uploads[url])
        self.assertEqual(
            {url}, {args[1] for operation, args in self.connector.calls
                    if operation == 'images.export'})
        # The second was removed meanwhile, which is no failure.
        self.assertEqual(2, self.stdlog.logger.output.count('Cannot read'))

    def test_records_that_cannot_be_read(self):
        url = self.upload()
        self.patch(os, 'scandir', mock.Mock(side_effect=OSError('broken')))
        self.staging.sweep()
        self.assertIn('image_tmp_path', self.stdlog.logger.output)
        self.assertEqual(SECRET, self.connector.uploads[url])
