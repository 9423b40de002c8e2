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

from nova import exception as nova_exception

from nova_zvm import diskimage
from nova_zvm import names
from nova_zvm import ownership
from nova_zvm import staging
from nova_zvm.tests.unit import base
from nova_zvm.tests.unit import fakes

BLANK = diskimage.Header(1, 'CYL').pack()
SECRET = diskimage.Header(1, 'CYL').pack() + b'secret'


class StagingTestCase(base.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.staging = staging.Staging(self.connector)
        self.booting = self.instance()

    def upload(self):
        with self.staging.uploaded(self.booting, io.BytesIO(SECRET),
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
            with self.staging.uploaded(self.booting, io.BytesIO(SECRET),
                                       len(SECRET)):
                raise Useless()

        self.assertRaises(Useless, use)
        self.assertEqual({BLANK}, set(self.connector.uploads.values()))

    def test_what_nobody_would_find_again_is_overwritten(self):
        def fail(expected_task_state=None):
            raise nova_exception.InstanceNotFound(instance_id='x')

        self.booting.save = fail
        self.assertRaises(
            nova_exception.InstanceNotFound, self.staging.upload,
            self.booting, io.BytesIO(SECRET), len(SECRET), ownership.UPLOAD)
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
        for failure in (fakes.unreachable(), fakes.error(),
                        fakes.outcome_unknown('images.export')):
            self.connector.faults['images.export'] = [failure]
            upload = self.upload()
            self.assertIn(upload.url, self.stdlog.logger.output)

    def test_what_could_not_be_overwritten_is_tried_again(self):
        self.connector.faults['images.export'] = [fakes.unreachable()]
        upload = self.upload()
        self.assertEqual(SECRET, self.connector.uploads[upload.url])
        self.staging.blank(self.booting)
        self.assertEqual(BLANK, self.connector.uploads[upload.url])
        self.assertEqual({}, ownership.uploads(self.booting))

    def test_overwrite_tells_whether_it_worked(self):
        upload = self.upload()
        self.assertTrue(self.staging.overwrite(upload.url))
        self.connector.faults['images.export'] = [fakes.unreachable()]
        self.assertFalse(self.staging.overwrite(upload.url))

    def test_no_secret_is_logged(self):
        self.connector.faults['images.export'] = [fakes.error()]
        self.upload()
        self.assertNotIn('secret', self.stdlog.logger.output)
