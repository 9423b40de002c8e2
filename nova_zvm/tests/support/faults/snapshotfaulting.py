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
"""Snapshots with one fault each: the guest runs again, and nothing is left.

Glance has the whole image, or nova has removed it.
"""

import functools
from unittest import mock

from glanceclient import exc as glance_exc
from nova import exception as nova_exception
from nova import objects

from nova_zvm.connector import timeouts
from nova_zvm.record import ownership
from nova_zvm.tests.support.faults import faulting
from nova_zvm.tests.support.faults import snapshotcells


class SnapshotFaultTestCase(faulting.FaultTestCase):

    def create_image(self, **options):
        return super().create_image(payload=b'z' * 200000, **options)

    def setUp(self):
        # A capture is then over after three seconds.
        patcher = mock.patch.dict(timeouts.SECONDS,
                                  {'guests.capture': 300})
        patcher.start()
        self.addCleanup(patcher.stop)
        super().setUp()
        # Four for the image, so that an upload can break off in between.
        self.stub_out('glanceclient.common.http.CHUNKSIZE', 64 * 1024)
        # nova waits between its tries, and does nothing else with time.
        self.stub_out('nova.image.glance.time', mock.Mock(spec=['sleep']))
        self.server = self.built(self.start_boot())
        self.assertEqual('ACTIVE', self.server['status'])

    # Cells

    def _start_over(self):
        super()._start_over()
        self.server = self.built(self.start_boot())

    def _run_cell(self, cell):
        before = self.snapshot()
        image_id = self._take(cell)
        self._heal()
        self.wait(self._is_settled, 'the guest to be as it was', 0.05)
        self.zvm.simulator.wait_idle(self.patience)
        self._check_image(cell, image_id)
        self.assertEqual([], self.images.upload_faults)
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
        if 'halted' in cell.stays:
            self.assertEqual('down', self._linux())
            self.connector.guests.reset(self.userid(self.server))
        # What does not answer is not captured.
        self.wait(lambda: self._linux() == 'up', 'the Linux of the guest',
                  0.02)

    def _linux(self):
        return self.guest(self.server)['linux']['state']

    def _take(self, cell):
        self._inject(cell.faults)
        self.images.upload_faults = [
            functools.partial(self._fail_upload, how) for how in cell.uploads]
        if cell.kill:
            self.killer.arm(*cell.kill)
        image_id = self.take()
        if cell.kill:
            self._replace_compute()
        self.wait_for_states(self.server, ('active', None))
        return image_id

    def _fail_upload(self, how, pieces):
        if how == snapshotcells.IN_PART:
            return next(pieces)
        if how == snapshotcells.DELETED:
            next(pieces)
            [image_id] = [image['id'] for image in self.images.detail(None)
                          if image['status'] == 'saving']
            self.images.delete(None, image_id)
            return
        for _ in range(how):
            next(pieces)
        raise glance_exc.CommunicationError('connection reset')

    def take(self):
        return self.api.post_server_action(
            self.server['id'],
            {'createImage': {'name': 'snap'}})['image_id']

    def _is_settled(self):
        instance = objects.Instance.get_by_uuid(
            self.context_of_admin(), self.server['id'],
            expected_attrs=['system_metadata'])
        return ownership.unfinished_capture(instance) is None

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
