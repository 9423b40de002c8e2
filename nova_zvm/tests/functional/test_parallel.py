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

"""Boots at the same time: nothing in the driver makes them wait in line.

z/VM takes as long as a real one, by a clock that runs faster. What has to
come together is brought together by barriers and events, never by luck.
"""

import collections
import threading

import fixtures

from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import glance

# As many as nova-compute builds at once by default.
BOOTS = 10
# Simulated seconds in a real one.
SPEED = 100.0


class Gate:
    """A simulated z/VM that holds some commands until as many have come."""

    def __init__(self, machine, word, parties):
        self._machine = machine
        self._word = word
        self._barrier = threading.Barrier(parties)

    def __getattr__(self, name):
        return getattr(self._machine, name)

    def execute(self, member, argv):
        if any(self._word in part for part in argv):
            self._barrier.wait(cloud.PATIENCE)
        return self._machine.execute(member, argv)


class ParallelTestCase(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.flags(instances=-1, cores=-1, group='quota')
        self.zvm.engine.latency.set_profile('typical')
        self.zvm.simulator.clock.set_speed(SPEED)

    def post(self, image_id, count=1):
        """Ask for servers; return them at once."""
        before = {server['id'] for server in self.api.get_servers()}
        self.api.post_server({'server': dict(
            self._build_server(image_uuid=image_id, networks='auto',
                               flavor_id=self.flavor_id), min_count=count)})
        return [server for server in self.api.get_servers()
                if server['id'] not in before]

    def wait(self, servers):
        for server in servers:
            self._wait_for_state_change(server, 'ACTIVE')

    def records(self, **wanted):
        return [record for record in self.zvm.engine.log()
                if all(record[field] == value
                       for field, value in wanted.items())]


class TenBootsTest(ParallelTestCase):

    def setUp(self):
        super().setUp()
        # No deploy ends before all of them have begun.
        engine = self.zvm.engine
        gate = Gate(engine.machine, 'unpackdiskimage', BOOTS)
        self.useFixture(fixtures.MockPatchObject(engine, 'machine', gate))

    def assert_all_deployed_at_once(self, servers):
        deploys = self.records(name='unpackdiskimage')
        self.assertEqual(sorted(self.userid(server) for server in servers),
                         sorted(record['userid'] for record in deploys))
        last_start = max(record['started'] for record in deploys)
        first_end = min(record['ended'] for record in deploys)
        self.assertTrue(last_start < first_end, (last_start, first_end))

    def test_of_one_image_and_of_others(self):
        # An image whose upload collides on a new connector is read twice.
        self.driver.cache_image(self.context_of_admin(), self.create_image())
        images = [self.image_id, *[self.create_image() for _ in range(3)]]
        may_read = threading.Event()
        reads = self.count_reads(may_read)
        servers = self.post(images[0], BOOTS - 3)
        for image_id in images[1:]:
            servers += self.post(image_id)
        # No image is there before all boots want theirs.
        for server in servers:
            self._wait_for_server_parameter(
                server, {'OS-EXT-STS:task_state': 'spawning'})
        may_read.set()
        self.wait(servers)
        self.assert_all_deployed_at_once(servers)
        for image_id in images:
            self.assertEqual(1, self.imports_of(image_id))
            self.assertEqual(1, reads[self.images.contents[image_id]])

    def count_reads(self, may_read):
        """Return how often the data of each image will have been read."""
        self.addCleanup(may_read.set)
        reads = collections.Counter()
        pieces = glance.Bytes.pieces

        def counted(content):
            reads[content] += 1
            may_read.wait(cloud.PATIENCE)
            return pieces(content)

        self.useFixture(fixtures.MockPatchObject(glance.Bytes, 'pieces',
                                                 counted))
        return reads

    def imports_of(self, image_id):
        return len([row for row in self.rows('image')
                    if image_id in row['imagename']])


class ImportTest(ParallelTestCase):
    """An import takes as long as it takes, for its own image only."""

    def setUp(self):
        super().setUp()
        self.begun = threading.Event()
        self.may_go_on = threading.Event()
        self.addCleanup(self.may_go_on.set)
        self.slow_image = self.create_image()
        self.data = self.images.contents[self.slow_image].data
        self.images.contents[self.slow_image] = self

    def pieces(self):
        """Let Glance stop in the middle of the slow image."""
        yield self.data[:1024]
        self.begun.set()
        self.may_go_on.wait(cloud.PATIENCE)
        yield self.data[1024:]

    def test_a_boot_does_not_wait_for_the_import_of_another_image(self):
        self.import_image()
        waiting = self.post(self.slow_image, 2)
        self.assertTrue(self.begun.wait(cloud.PATIENCE))
        self.boot()
        self.boot(image_id=self.create_image())
        for server in waiting:
            self.assertEqual('BUILD',
                             self.api.get_server(server['id'])['status'])
        self.may_go_on.set()
        self.wait(waiting)
