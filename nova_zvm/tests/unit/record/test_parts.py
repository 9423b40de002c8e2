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

from unittest import mock

from nova import exception as nova_exception

from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.record import pending
from nova_zvm.tests.support import inmemory

NIC = pending.NicChange('1003', 'VSW1')


class TwoHostsTestCase(inmemory.ZVMTestCase):
    """A server whose guest is on host one, and that host two has now."""

    def setUp(self):
        super().setUp()
        self.clock.now = 0.0
        self.flags(host='one')
        self.server = self.instance(ownership.BUILT)
        self.first = dict(self.server.system_metadata)

    def on(self, host, change, *arguments):
        """Let a host change its part."""
        self.flags(host=host)
        change(self.server, *arguments)

    def metadata(self):
        return self.server.system_metadata

    def hosts(self):
        return {part.host: part.state
                for part in parts.read(self.metadata())}

    def test_the_other_host_has_no_part(self):
        self.flags(host='two')
        self.assertIsNone(ownership.recorded_userid(self.server))
        self.assertIsNone(ownership.claimed_userid(self.server))
        self.assertIsNone(ownership.state(self.server))
        self.assertRaises(nova_exception.InstanceNotFound,
                          ownership.required_userid, self.server)

    def test_the_second_part_has_the_host_behind_its_keys(self):
        self.on('two', ownership.claim, 'XYZ00009')
        second = {'zvm_userid@two': 'XYZ00009', 'zvm_guest@two': 'building',
                  'zvm_since@two': mock.ANY, 'zvm_host@two': 'two'}
        self.assertEqual({**self.first, **second}, self.metadata())
        self.assertEqual(self.metadata(), self.saves[-1])
        self.assertEqual('XYZ00009', ownership.claimed_userid(self.server))
        self.flags(host='one')
        self.assertEqual('ABC00001', ownership.claimed_userid(self.server))

    def test_each_host_changes_its_own_part(self):
        self.on('two', ownership.claim, 'XYZ00009')
        for host in ('one', 'two'):
            self.on(host, ownership.begin_nic_change, NIC)
            self.on(host, ownership.begin_capture, 'on')
            self.on(host, ownership.set_paused, True)
            self.on(host, ownership.set_upload, 'file:///' + host)
        self.on('one', ownership.leave_off)
        self.on('two', ownership.end_nic_change)
        self.on('two', ownership.set_paused, False)
        self.assertEqual(
            [parts.Record('one', 'ABC00001', 'built', mock.ANY, True, [
                NIC, pending.Capture('off', mock.ANY),
                pending.Upload('file:///one')]),
             parts.Record('two', 'XYZ00009', 'building', mock.ANY, False, [
                 pending.Capture('on', mock.ANY),
                 pending.Upload('file:///two')])],
            ownership.parts_of(self.server))

    def test_the_second_becomes_plain_when_the_first_is_gone(self):
        self.on('two', ownership.claim, 'ABC00001')
        self.on('two', ownership.set_state, ownership.BUILT)
        self.on('one', ownership.forget)
        self.assertEqual({**self.first, 'zvm_host': 'two'}, self.metadata())

    def test_the_first_is_as_it_was_when_the_second_is_gone(self):
        self.on('two', ownership.claim, 'XYZ00009')
        self.on('two', ownership.forget)
        self.assertEqual(self.first, self.metadata())

    def test_a_deleted_guest_is_known_to_its_host_beside_another(self):
        """So that a rebuild there waits for its directory entry to go."""
        self.on('two', ownership.claim, 'ABC00001')
        self.on('one', ownership.set_state, ownership.DELETED)
        self.assertEqual({'two': 'building', 'one': 'deleted'}, self.hosts())
        self.assertEqual(ownership.DELETED, ownership.state(self.server))
        self.assertEqual('two', self.metadata()['zvm_host'])
        self.assertNotIn('zvm_host@one', self.metadata())
        # No list of all hosts that the server ever was on.
        self.on('two', ownership.set_state, ownership.BUILT)
        self.assertEqual({'two': 'built'}, self.hosts())

    def test_the_only_part_that_is_deleted_is_everyones(self):
        """So that an unshelve elsewhere waits for the directory entry."""
        self.on('one', ownership.set_state, ownership.DELETED)
        self.flags(host='two')
        self.assertEqual(ownership.DELETED, ownership.state(self.server))
        self.assertEqual('ABC00001', ownership.recorded_userid(self.server))
        self.on('two', ownership.claim, 'ABC00001')
        self.assertEqual(
            {**self.first, 'zvm_host': 'two', 'zvm_guest': 'building'},
            self.metadata())

    def test_a_guest_is_plain_before_an_upload(self):
        """By zvm_guest and zvm_host nova's database is searched."""
        self.on('one', ownership.set_upload, 'file:///one')
        self.on('one', ownership.forget)
        self.on('two', ownership.claim, 'ABC00001')
        self.assertEqual(
            {'zvm_guest': 'building', 'zvm_since': mock.ANY,
             'zvm_userid': 'ABC00001', 'zvm_host': 'two',
             'zvm_host@one': 'one', 'zvm_upload@one': 'file:///one'},
            self.metadata())
        self.on('two', ownership.forget)
        self.assertEqual({'zvm_host': 'one', 'zvm_upload': 'file:///one'},
                         self.metadata())

    def test_an_upload_is_plain_before_what_is_deleted(self):
        self.on('two', ownership.set_upload, 'file:///two')
        self.on('one', ownership.set_state, ownership.DELETED)
        self.assertEqual('two', self.metadata()['zvm_host'])
        self.assertEqual({'two': None, 'one': 'deleted'}, self.hosts())

    def test_a_host_may_write_before_the_other_was_seen(self):
        """The copy of nova-compute is from before the other host's claim."""
        stale = dict(self.metadata())
        self.on('two', ownership.claim, 'XYZ00009')
        self.server.system_metadata = stale
        self.server.obj_reset_changes()
        self.on('one', ownership.set_paused, True)
        self.assertEqual({'one': 'built', 'two': 'building'}, self.hosts())

    def test_what_nova_saves_later_leaves_both(self):
        stale = dict(self.metadata())
        self.on('two', ownership.claim, 'XYZ00009')
        self.server.system_metadata = stale
        self.server.obj_reset_changes()
        self.server.system_metadata['network_allocated'] = 'True'
        ownership.refresh(self.server)
        self.server.save()
        self.assertEqual({'one': 'built', 'two': 'building'}, self.hosts())
        self.assertEqual('True', self.saves[-1]['network_allocated'])

    def test_a_refused_claim_leaves_the_other_part(self):
        def save(expected_task_state=None):
            raise nova_exception.UnexpectedTaskStateError(
                instance_uuid=self.server.uuid, expected='a', actual='b')

        self.server.save = save
        self.flags(host='two')
        self.assertRaises(nova_exception.UnexpectedTaskStateError,
                          ownership.claim, self.server, 'XYZ00009')
        self.assertEqual(self.first, self.metadata())

    def test_all_keys_are_known_as_the_records(self):
        self.on('two', ownership.claim, 'XYZ00009')
        self.metadata()['image_zvm_disk_type'] = 'ECKD'
        self.metadata()['zvm_note@two'] = 'theirs'
        self.assertEqual(
            parts.KEYS | {'zvm_userid@two', 'zvm_guest@two',
                          'zvm_since@two', 'zvm_host@two'},
            ownership.keys_of(self.server))


class PartsTestCase(inmemory.ZVMTestCase):

    def test_a_plain_part_stays_plain(self):
        metadata = {}
        for host in ('one', 'two', 'one'):
            parts.write(metadata, parts.Record(host, 'ABC00001', 'built'))
        self.assertEqual('one', metadata['zvm_host'])

    def test_as_a_driver_that_knows_no_second_part_leaves_it(self):
        """It ends the plain part without a look at the other."""
        metadata = {'zvm_userid': 'ABC00001', 'zvm_guest': 'deleted',
                    'zvm_since': '1', 'zvm_userid@two': 'XYZ00009',
                    'zvm_guest@two': 'built', 'zvm_since@two': '2',
                    'zvm_host@two': 'two'}
        mine = parts.of_host(parts.read(metadata), 'two')
        self.assertEqual('XYZ00009', mine.userid)
        parts.write(metadata, mine)
        self.assertEqual(
            {'zvm_userid': 'XYZ00009', 'zvm_guest': 'built',
             'zvm_since': '2', 'zvm_host': 'two'}, metadata)

    def test_a_change_replaces_one_of_its_kind(self):
        part = parts.Record('one')
        for change in (NIC, pending.Upload('file:///a'),
                       pending.NicChange('1006', '')):
            part.begin(change)
        self.assertEqual([pending.Upload('file:///a'),
                          pending.NicChange('1006', '')], part.changes)
