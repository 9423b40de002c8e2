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

"""Images on their way at the same time take constant memory each.

What the driver's process allocates is looked at, with a Glance that makes
an image while it is read and a connector and z/VM that could hold it.
"""

import itertools
import threading

import fixtures

from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import glance
from nova_zvm.tests.support import meter
from nova_zvm.zvm import imageheader

MIB = 2 ** 20
IMAGE_BYTES = 48 * MIB
BOOTS = 3
SNAPSHOTS = 2
# Of each transfer: some pieces of a megabyte, and what nova itself takes.
LIMIT = 12 * MIB


class MemoryTest(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.images = glance.Service(self.glance, keep=False)
        self.image_id = self.create_image()
        # All is loaded that is loaded once.
        self._delete_server(self.boot())

    def test_three_boots_and_two_snapshots(self):
        image = self.create_large_image()
        taken_of = [self.boot(image_id=image) for _ in range(SNAPSHOTS)]
        images = [self.create_large_image() for _ in range(BOOTS)]
        # No image is read on before all of them have begun.
        barrier = threading.Barrier(BOOTS + SNAPSHOTS)
        self.hold_downloads(barrier)
        self.hold_uploads(barrier)
        with meter.Meter(self.zvm.engine.log, memory=True).running() as usage:
            servers = [self.post(image) for image in images]
            snapshots = [self.take(server) for server in taken_of]
            for server in servers:
                self._wait_for_state_change(server, 'ACTIVE')
            for server in taken_of:
                self._wait_for_server_parameter(
                    server, {'OS-EXT-STS:task_state': None})
        self.assert_constant(usage, BOOTS + SNAPSHOTS)
        self.assertEqual(
            [('active', IMAGE_BYTES)] * SNAPSHOTS,
            [(image['status'], image['size']) for image in (
                self.images.show(None, image_id) for image_id in snapshots)])
        # And what the snapshots are of.
        self.assertEqual(
            [str(IMAGE_BYTES)] * (BOOTS + 1),
            [row['image_size_in_bytes'] for row in self.rows('image')
             if row['image_size_in_bytes'] == str(IMAGE_BYTES)])

    def assert_constant(self, usage, transfers):
        self.assertGreaterEqual(usage.sent + usage.received,
                                transfers * IMAGE_BYTES)
        self.assertLess(usage.peak, transfers * LIMIT)

    def create_large_image(self):
        """Put an image into Glance that is made while it is read."""
        image_id = self.create_image()
        content = glance.Content(imageheader.Header(3338, 'CYL').pack(),
                                 IMAGE_BYTES)
        self.images.contents[image_id] = content
        self.glance.images[image_id]['size'] = content.length
        return image_id

    def post(self, image_id):
        return self.api.post_server({'server': self._build_server(
            image_uuid=image_id, flavor_id=self.flavor_id,
            networks='auto')})

    def take(self, server):
        return self.api.post_server_action(
            server['id'], {'createImage': {'name': 'snap'}})['image_id']

    def hold_uploads(self, barrier):
        stored = self.images._stored

        def held(pieces):
            first = next(pieces)
            barrier.wait(cloud.PATIENCE)
            return stored(itertools.chain([first], pieces))

        self.useFixture(fixtures.MockPatchObject(self.images, '_stored',
                                                 held))

    def hold_downloads(self, barrier):
        pieces = glance.Content.pieces

        def held(content):
            found = pieces(content)
            yield next(found)
            barrier.wait(cloud.PATIENCE)
            yield from found

        self.useFixture(fixtures.MockPatchObject(glance.Content, 'pieces',
                                                 held))
