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

"""Snapshots with one fault each, and what must be: all as it was before.

Each step of a snapshot fails in each way. The server's guest runs again, no
image is left with the connector, and Glance has the whole image or nova has
removed it.
"""

import dataclasses
import itertools
from unittest import mock

from glanceclient import exc as glance_exc
from nova import exception as nova_exception
from nova import objects

from nova_zvm.connector import timeouts
from nova_zvm import ownership
from nova_zvm.tests.functional import faulting
from nova_zvm.tests.functional import faultmatrix
from nova_zvm.tests.functional.faultmatrix import Command
from nova_zvm.tests.functional.faultmatrix import Request

# nova itself asks for the power state first.
STEPS = (
    Request('power state', '^GET /guests/.*/power_state_real', nth=2,
            recovers=faultmatrix.QUERY),
    Request('info', '^GET /guests/.*/info', recovers=faultmatrix.QUERY),
    Request('removal of an earlier image', '^DELETE /images'),
    Request('capture', '^POST /guests/.*/action'),
    Request('image query', '^GET /images', recovers=faultmatrix.QUERY),
    Request('directory entry', '^GET /guests/.*/user_direct',
            recovers=faultmatrix.QUERY),
    Request('download', '^POST /files'),
    Request('removal of the image', '^DELETE /images', nth=2,
            recovers=faultmatrix.ANY | {
                faultmatrix.BEFORE, faultmatrix.AFTER, faultmatrix.KILLED}),
)
# Those before the capture do not touch the guest.
AT_WORK = STEPS[3:]

# A connector that dies at its work leaves what it has captured so far.
STAGED = frozenset(['staged'])

COMMANDS = (
    Command('shutdown', 'iucvclnt .*shutdown',
            recovers=frozenset(['refused'])),
    Command('Image_Deactivate', 'smcli Image_Deactivate'),
    Command('creatediskimage', 'creatediskimage',
            stays={faultmatrix.AFTER: STAGED}),
    Command('Image_Activate', 'smcli Image_Activate'),
)


@dataclasses.dataclass
class Cell:
    """A snapshot with a fault on the way.

    :ivar taken: whether Glance has it at the end
    :ivar kill: request, and its number, with which nova-compute is killed
    :ivar stays: what nobody but the connector's administrator can remove
    """

    name: str
    faults: list = dataclasses.field(default_factory=list)
    taken: bool = False
    kill: tuple | None = None
    stays: frozenset = frozenset()


def cells(steps, *kinds):
    for kind, step in itertools.product(kinds, steps):
        yield Cell('%s: %s' % (step.name, kind), step.faults(kind),
                   step.gets_over(kind),
                   stays=step.stays.get(kind, frozenset()))


class SnapshotFaultTest(faulting.FaultTestCase):

    def create_image(self, **options):
        # As many chunks as Glance's client needs to break off between.
        return super().create_image(payload=b'z' * 200000, **options)

    def setUp(self):
        super().setUp()
        # nova waits between its tries, and does nothing else with time.
        self.stub_out('nova.image.glance.time', mock.Mock(spec=['sleep']))
        # A capture is then over after three seconds.
        patcher = mock.patch.dict(timeouts._SECONDS,
                                  {'guests.capture': 300})
        patcher.start()
        self.addCleanup(patcher.stop)
        self.server = self.built(self.start_boot())
        self.assertEqual('ACTIVE', self.server['status'])

    def test_refused(self):
        self.run_cells(cells(STEPS, 'refused'))

    def test_500(self):
        self.run_cells(cells(STEPS, '500'))

    def test_503(self):
        self.run_cells(cells(STEPS, '503'))

    def test_html(self):
        for number, step in enumerate(STEPS):
            kind = ('HTML 504', 'HTML 502', 'HTML 404')[number % 3]
            self.run_cells(cells([step], kind))

    def test_reply_lost(self):
        self.run_cells(cells(STEPS, 'reply lost'))

    def test_late_effect(self):
        self.run_cells(cells(STEPS, 'late effect'))

    def test_connector_killed(self):
        self.run_cells(cells(AT_WORK, faultmatrix.BEFORE, faultmatrix.AFTER))

    def test_nova_compute_killed(self):
        self.run_cells([
            Cell('%s: nova-compute killed' % step.name,
                 taken=step.gets_over(faultmatrix.KILLED),
                 kill=(step.pattern, step.nth)) for step in STEPS])

    def test_commands(self):
        self.run_cells(cells(COMMANDS, *faultmatrix.COMMAND_FAULTS))

    def test_capture_that_goes_on_alone(self):
        self.run_cells([Cell('creatediskimage: late', [
            AT_WORK[0].fault({'late': True}),
            COMMANDS[2]._fault({'delay': faultmatrix.LATE})])])

    def test_guest_that_cannot_be_started_at_once(self):
        self.run_cells([Cell('start: refused', [
            *COMMANDS[2].faults('refused'),
            Request('start', '^POST /guests/.*/action', nth=2).fault(
                faultmatrix.REQUEST_FAULTS['500'])])])

    # Glance

    def test_upload_that_breaks_off(self):
        """nova tries again, from the first byte."""
        self.images.upload_faults = [
            self.broken_after(pieces) for pieces in (0, 1, 2)]
        self.run_cells([Cell('upload: broken three times', taken=True)])
        self.assertEqual([], self.images.upload_faults)

    def test_upload_that_breaks_off_each_time(self):
        self.images.upload_faults = [self.broken_after(1)] * 4
        self.run_cells([Cell('upload: broken')])
        self.assertEqual([], self.images.upload_faults)

    def test_upload_that_arrives_in_part(self):
        """Glance's client authenticates anew and sends only the rest."""
        self.images.upload_faults = [next]
        self.run_cells([Cell('upload: in part')])

    def test_image_deleted_meanwhile(self):
        def delete(pieces):
            next(pieces)
            [image_id] = [image['id'] for image in self.images.detail(None)
                          if image['status'] == 'saving']
            self.images.delete(None, image_id)

        self.images.upload_faults = [delete]
        self.run_cells([Cell('upload: image deleted')])

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

    def broken_after(self, count):
        def take(pieces):
            for _ in range(count):
                next(pieces)
            raise glance_exc.CommunicationError('connection reset')
        return take

    # Cells

    def _start_over(self):
        super()._start_over()
        self.server = self.built(self.start_boot())

    def _run_cell(self, cell):
        before = self.snapshot()
        image_id = self._take(cell)
        self._heal()
        self.wait(self._is_settled, 'the guest to be as it was', 0.05)
        self.zvm.simulator.wait_idle(faulting.PATIENCE)
        self._check_image(cell, image_id)
        self.assertEqual('running', self.guest(self.server)['status'])
        self._take_what_stays(cell)
        self.assertEqual([], self.captured_images())
        self.assert_nothing_left(before)

    def _take_what_stays(self, cell):
        """See that there is as much as a cell says, and take it away."""
        repository = self.zvm.simulator.member.image_repository
        staged = [path for path in (repository / 'staging').rglob('*')
                  if path.is_file()]
        self.assertEqual('staged' in cell.stays, len(staged) == 1, staged)
        for path in staged:
            path.unlink()

    def _take(self, cell):
        self._inject(cell.faults)
        if cell.kill:
            self.killer.arm(*cell.kill)
        image_id = self.take()
        if cell.kill:
            self._replace_compute()
        self.wait_for_states(self.server, ('active', None))
        return image_id

    def take(self):
        return self.api.post_server_action(
            self.server['id'],
            {'createImage': {'name': 'snap'}})['image_id']

    def _is_settled(self):
        instance = objects.Instance.get_by_uuid(
            self.context_of_admin(), self.server['id'],
            expected_attrs=['system_metadata'])
        return ownership.capture(instance) is None

    def _check_image(self, cell, image_id):
        try:
            image = self.images.show(None, image_id)
        except nova_exception.ImageNotFound:
            self.assertFalse(cell.taken, 'no image in Glance')
            return
        # nova leaves the image of a snapshot in which it was killed.
        self.assertTrue(cell.taken or cell.kill, 'an image in Glance')
        self.assertEqual(cell.taken, image['status'] == 'active')
        self.images.delete(None, image_id)

    def captured_images(self):
        return [row['imagename'] for row in self.rows('image')
                if row['imagename'].startswith('nova-cap-')] + [
            str(path) for path in self.connector_files()
            if 'nova-cap-' in str(path)]
