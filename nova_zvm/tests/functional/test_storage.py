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

"""Disk pools that do not have what a server asks for."""

from testtools import matchers

from nova_zvm.tests.support import cloud

# The ECKD pool of the default scenario has four volumes of some 41 GiB.
MORE_THAN_A_VOLUME = 60
MORE_THAN_THE_POOL = 200


class FullPoolTest(cloud.ZVMTestCase):

    def assert_no_room(self, reason, **flavor):
        """Boot in vain, with nothing left but room for a smaller server."""
        self.import_image()
        before = self.snapshot()
        server = self.boot(expected_state='ERROR',
                           flavor_id=self.create_flavor(**flavor))
        self.assertThat(server['fault']['message'],
                        matchers.MatchesRegex(reason))
        self.assert_nothing_left(before)
        self._delete_server(server)
        self.boot()

    def test_no_extent_for_the_root_disk(self):
        """Placement knows the pool's sum, and not what is in one piece."""
        self.flags(max_attempts=1, group='scheduler')
        # All of it within what nova shows, and the reason first.
        self.assert_no_room(
            r'The directory manager could not create guest \w+ with a disk '
            r'of %dg in .*disk pool.* \(guests.create, HTTP 500, overallRC 8, '
            r'rc 596, rs \d+\): .*not enough space in group' %
            MORE_THAN_A_VOLUME, disk=MORE_THAN_A_VOLUME)

    def test_no_extent_for_another_disk(self):
        """The guest and its root disk have been made by then."""
        self.assert_no_room('.*Exhausted all hosts',
                            ephemeral=MORE_THAN_A_VOLUME)

    def test_more_than_the_pool_has(self):
        self.assert_no_room('.*No valid host', disk=MORE_THAN_THE_POOL)
        self.assertNotIn('%dg' % MORE_THAN_THE_POOL,
                         str(self.zvm.engine.log()))
