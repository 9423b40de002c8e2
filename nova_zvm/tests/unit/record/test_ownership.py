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

from nova import exception as nova_exception
from nova import objects

from nova_zvm.pace import locks
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.record import pending
from nova_zvm.tests.support import inmemory

CHANGE = pending.NicChange('1003', 'VSW1')


class OwnershipTestCase(inmemory.ZVMTestCase):

    def test_a_new_instance_has_no_guest(self):
        instance = self.instance()
        self.assertIsNone(ownership.recorded_userid(instance))
        self.assertIsNone(ownership.claimed_userid(instance))
        self.assertIsNone(ownership.state(instance))

    def test_from_the_first_request_on_the_guest_is_ours(self):
        instance = self.instance()
        ownership.claim(instance, 'ABC00001')
        self.assertEqual('ABC00001', ownership.claimed_userid(instance))
        ownership.set_state(instance, ownership.BUILT)
        self.assertEqual('ABC00001', ownership.claimed_userid(instance))

    def test_a_claim_that_nova_refuses_leaves_no_mark(self):
        instance = self.instance(system_metadata={'a': 'b'})

        def save(expected_task_state=None):
            self.assertEqual('spawning', expected_task_state)
            raise nova_exception.UnexpectedDeletingTaskStateError(
                instance_uuid=instance.uuid, expected='spawning',
                actual='deleting')

        instance.save = save
        self.assertRaises(nova_exception.UnexpectedDeletingTaskStateError,
                          ownership.claim, instance, 'ABC00001')
        self.assertEqual({'a': 'b'}, instance.system_metadata)

    def test_adoption_records_all_that_a_boot_does(self):
        booted = self.instance(ownership.BUILT)
        adopted = self.instance(system_metadata={'a': 'b'}, task_state=None)
        ownership.adopt(adopted, 'ABC00001', paused=False)
        self.assertEqual({'a': 'b', **booted.system_metadata},
                         adopted.system_metadata)
        self.assertEqual([adopted.system_metadata], self.saves)

    def test_adoption_of_a_paused_guest(self):
        instance = self.instance(task_state=None)
        ownership.adopt(instance, 'ABC00001', paused=True)
        self.assertTrue(ownership.is_paused(instance))
        self.assertEqual(1, len(self.saves))

    def test_an_adoption_that_nova_refuses_leaves_no_mark(self):
        instance = self.instance(system_metadata={'a': 'b'}, task_state=None)

        def save(expected_task_state=None):
            self.assertEqual([None], expected_task_state)
            raise nova_exception.UnexpectedTaskStateError(
                instance_uuid=instance.uuid, expected='None',
                actual='powering-off')

        instance.save = save
        self.assertRaises(nova_exception.UnexpectedTaskStateError,
                          ownership.adopt, instance, 'ABC00001', True)
        self.assertEqual({'a': 'b'}, instance.system_metadata)

    def test_of_a_deleted_guest_the_name_stays(self):
        instance = self.instance(ownership.BUILT)
        ownership.set_state(instance, ownership.DELETED)
        self.assertIsNone(ownership.claimed_userid(instance))
        self.assertEqual('ABC00001', ownership.recorded_userid(instance))

    def test_nothing_stays_of_a_userid_that_is_somebody_elses(self):
        instance = self.instance(ownership.BUILDING)
        ownership.forget(instance)
        self.assertIsNone(ownership.recorded_userid(instance))
        self.assertEqual({}, self.saves[-1])

    def test_whose_upload_is_left_is_not_forgotten(self):
        instance = self.instance(ownership.BUILDING)
        ownership.set_upload(instance, 'file:///a')
        ownership.forget(instance)
        self.assertIsNone(ownership.claimed_userid(instance))
        self.assertEqual(inmemory.CONF.host, self.saves[-1][parts.HOST])

    def test_the_host_is_recorded_as_long_as_there_is_something(self):
        instance = self.instance(ownership.BUILT)
        ownership.set_upload(instance, 'file:///a')
        ownership.set_state(instance, ownership.DELETED)
        self.assertEqual(inmemory.CONF.host, self.saves[-1][parts.HOST])
        ownership.set_upload(instance, None)
        self.assertNotIn(parts.HOST, self.saves[-1])

    def test_other_metadata_are_left_alone(self):
        instance = self.instance(
            ownership.BUILT, system_metadata={'image_os_distro': 'rhel8'})
        ownership.forget(instance)
        self.assertEqual({'image_os_distro': 'rhel8'}, self.saves[-1])

    def test_every_change_is_in_the_database_at_once(self):
        instance = self.instance()
        ownership.claim(instance, 'ABC00001')
        ownership.set_state(instance, ownership.BUILT)
        ownership.set_paused(instance, True)
        ownership.set_paused(instance, False)
        ownership.set_upload(instance, 'file:///a')
        ownership.set_upload(instance, None)
        self.assertEqual(6, len(self.saves))
        self.assertEqual(instance.system_metadata, self.saves[-1])

    def test_what_changes_nothing_is_not_saved(self):
        instance = self.instance()
        ownership.set_paused(instance, False)
        ownership.set_upload(instance, None)
        self.assertEqual([], self.saves)

    def test_age_is_since_the_last_state(self):
        instance = self.instance(ownership.BUILDING)
        self.clock.sleep(40)
        self.assertEqual(40, ownership.seconds_in_state(instance))
        ownership.set_state(instance, ownership.BUILT)
        self.assertEqual(0, ownership.seconds_in_state(instance))

    def test_age_when_the_wall_clock_was_set_back(self):
        instance = self.instance(ownership.BUILDING)
        self.clock.now -= 500
        self.assertEqual(0, ownership.seconds_in_state(instance))

    def test_a_pause_ends_with_the_guest(self):
        instance = self.instance(ownership.BUILT)
        ownership.set_paused(instance, True)
        self.assertTrue(ownership.is_paused(instance))
        ownership.set_state(instance, ownership.DELETED)
        self.assertFalse(ownership.is_paused(instance))

    def test_a_pause_that_is_taken_back(self):
        instance = self.instance(ownership.BUILT)
        ownership.set_paused(instance, True)
        ownership.set_paused(instance, False)
        self.assertFalse(ownership.is_paused(instance))
        self.assertNotIn(parts.PAUSED, self.saves[-1])

    def test_a_nic_that_is_changed(self):
        instance = self.instance(ownership.BUILT)
        self.assertIsNone(ownership.unfinished_nic_change(instance))
        for change in (CHANGE, pending.NicChange('1003', '')):
            ownership.begin_nic_change(instance, change)
            self.assertEqual(change, ownership.unfinished_nic_change(instance))
            self.assertEqual(instance.system_metadata, self.saves[-1])
        ownership.end_nic_change(instance)
        self.assertIsNone(ownership.unfinished_nic_change(instance))
        self.assertNotIn(pending.NIC, self.saves[-1])

    def test_a_nic_that_is_changed_goes_with_the_guest(self):
        for end in (
                lambda guest: ownership.set_state(guest, ownership.DELETED),
                ownership.forget):
            instance = self.instance(ownership.BUILT)
            ownership.begin_nic_change(instance, CHANGE)
            end(instance)
            self.assertNotIn(pending.NIC, self.saves[-1])


class CopiesTestCase(inmemory.ZVMTestCase):
    """An instance of which others have copies and change them."""

    CHANGES = (
        (ownership.set_paused, True), (ownership.set_paused, False),
        (ownership.begin_capture, 'on'), (ownership.leave_off,),
        (ownership.end_capture,), (ownership.begin_nic_change, CHANGE),
        (ownership.end_nic_change,))
    STATES = (
        (ownership.claim, 'ABC00001'), (ownership.adopt, 'ABC00001', True),
        (ownership.set_state, ownership.BUILT), (ownership.forget,))

    def setUp(self):
        super().setUp()
        self.instance = self.instance(ownership.BUILT)
        ownership.set_paused(self.instance, True)
        ownership.begin_capture(self.instance, 'on')
        self.first = dict(self.instance.system_metadata)

    def test_a_change_puts_nothing_back_that_was_removed(self):
        for change, *arguments in self.CHANGES:
            self.instance.system_metadata = dict(self.first, image_a='b')
            self.instance.obj_reset_changes()
            self.saved[self.instance.uuid] = {parts.STATE: 'other'}
            change(self.instance, *arguments)
            saved = self.saved[self.instance.uuid]
            self.assertEqual('other', saved[parts.STATE])
            self.assertNotIn('image_a', saved)
            self.assertNotIn(parts.USERID, saved)

    def test_a_state_leaves_what_others_have_recorded_since(self):
        for write, *arguments in self.STATES:
            self.instance.system_metadata = dict(self.first, image_a='b')
            self.instance.obj_reset_changes()
            self.saved[self.instance.uuid] = {pending.UPLOAD: 'file:///a'}
            write(self.instance, *arguments)
            saved = self.saved[self.instance.uuid]
            self.assertEqual('file:///a', saved[pending.UPLOAD])
            self.assertEqual('file:///a', ownership.upload_url(self.instance))
            self.assertNotIn(pending.CAPTURE, saved)
            self.assertNotIn('image_a', saved)

    def test_what_nova_has_changed_and_not_saved_is_kept(self):
        """nova notes in its copy only that it has allocated the network.

        """
        for write in (
                lambda: ownership.refresh(self.instance),
                lambda: ownership.claim(self.instance, 'ABC00001'),
                lambda: ownership.forget(self.instance)):
            self.saved[self.instance.uuid] = {'boot_roles': '', 'old': 'a'}
            ownership.refresh(self.instance)
            self.instance.system_metadata['network_allocated'] = 'True'
            del self.instance.system_metadata['old']
            self.saved[self.instance.uuid]['shelved_at'] = 'now'
            write()
            self.instance.save()
            self.assertEqual(
                {'boot_roles': '', 'network_allocated': 'True',
                 'shelved_at': 'now'},
                {key: value for key, value in
                 self.saved[self.instance.uuid].items()
                 if not key.startswith('zvm_')})

    def test_a_capture_that_is_over_is_not_left(self):
        self.saved[self.instance.uuid] = {}
        ownership.leave_off(self.instance)
        self.assertEqual({}, self.saved[self.instance.uuid])

    def test_of_a_change_that_fails_nova_saves_nothing_later(self):
        def save(expected_task_state=None):
            raise RuntimeError()

        self.instance.save = save
        self.saved[self.instance.uuid] = {
            parts.PAUSED: 'yes', pending.CAPTURE: 'on'}
        for change, *arguments in self.CHANGES + self.STATES:
            self.assertRaises(RuntimeError, change, self.instance,
                              *arguments)
            self.assertNotIn('system_metadata',
                             self.instance.obj_what_changed())

    def test_one_change_at_a_time(self):
        for change, *arguments in self.CHANGES + self.STATES:
            locked = []
            self.instance.save = lambda expected_task_state=None: (
                locked.append(
                    self.is_held(locks.RECORD + self.instance.uuid)))
            ownership.set_paused(self.instance, True)
            change(self.instance, *arguments)
            self.assertEqual({True}, set(locked))

    def test_an_instance_that_nova_has_deleted_keeps_its_record(self):
        def gone(context, uuid, expected_attrs):
            raise nova_exception.InstanceNotFound(instance_id=uuid)

        self.patch(objects.Instance, 'get_by_uuid', gone)
        ownership.refresh(self.instance)
        self.assertEqual('ABC00001', ownership.claimed_userid(self.instance))

    def test_what_was_only_read_anew_nova_does_not_save(self):
        ownership.refresh(self.instance)
        self.assertNotIn('system_metadata', self.instance.obj_what_changed())
