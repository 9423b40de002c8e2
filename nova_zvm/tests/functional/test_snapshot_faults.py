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
"""All cells of the fault matrix of snapshots, and deletes meanwhile."""

from nova_zvm.tests.support.faults import faulting
from nova_zvm.tests.support.faults import snapshotcells
from nova_zvm.tests.support.faults import snapshotfaulting


@faulting.tests_of(snapshotcells.WHOLE)
class SnapshotFaultTest(snapshotfaulting.SnapshotFaultTestCase):
    """Each step of a snapshot fails in each way."""


class DeletedServerTest(snapshotfaulting.SnapshotFaultTestCase):
    """The server is deleted while its image is uploaded."""

    def test_server_deleted_meanwhile(self):
        userid = self.userid(self.server)
        image_id = self.delete_amid_upload(after_pieces=1)
        self.wait(lambda: not self.captured_images(), 'the clean-up', 0.1)
        self.assertNotIn(userid, self.zvm.machine.state()['directory'])
        self.wait(lambda: image_id not in self.glance.images,
                  'the clean-up of Glance', 0.1)

    def test_server_deleted_during_a_whole_upload(self):
        """Its user wants the image all the more."""
        image_id = self.delete_amid_upload(after_pieces=0)
        self.wait(lambda: self.images.show(
            None, image_id)['status'] == 'active', 'the upload', 0.1)
        self.wait(lambda: not self.captured_images(), 'the clean-up', 0.1)
        self.compute.stop()
        self.assertEqual('active',
                         self.images.show(None, image_id)['status'])

    def delete_amid_upload(self, after_pieces):
        """Delete the server while Glance waits; return the image's id.

        What Glance has taken by then is missing in the image.
        """
        reached, deleted = [], []

        def wait_for_delete(pieces):
            for _ in range(after_pieces):
                next(pieces)
            reached.append(True)
            self.wait(lambda: deleted, 'the delete', 0.05)

        self.images.upload_faults = [wait_for_delete]
        image_id = self.take()
        self.wait(lambda: reached, 'the upload', 0.05)
        # Not by the thread of the upload: with eventlet, nova's database in
        # memory bears no other thread than that of all services.
        deleted.append(self.delete(self.server))
        self.assertEqual([True], deleted)
        return image_id
