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

from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.record import ownership
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import guests

LOCKED = (8, 400, 12)


class ClaimTestCase(guests.GuestTestCase):

    def test_a_free_userid(self):
        instance = self.instance()
        self.guests.claim(instance, 'ABC00002')
        self.assertEqual('ABC00002', ownership.claimed_userid(instance))
        self.assertEqual(1, len(self.saves))

    def test_a_guest_of_somebody_else(self):
        for known in (True, False):
            self.vm.known = known
            instance = self.instance()
            exc = self.assertRaises(nova_exception.InvalidInput,
                                    self.guests.claim, instance, 'ABC00001')
            self.assertIn('ABC00001', str(exc))
            self.assertIn('instance_name_template', str(exc))
            self.assertIsNone(ownership.recorded_userid(instance))

    def test_our_own_entry_that_is_going_away(self):
        ownership.set_state(self.built, ownership.DELETED)
        self.clock.at(60, self.connector.zvm.clear)
        self.guests.claim(self.built, 'ABC00001')
        self.assertEqual(1060, self.clock.now)
        self.assertEqual(ownership.BUILDING, ownership.state(self.built))

    def test_our_own_entry_that_does_not_go_away(self):
        ownership.set_state(self.built, ownership.DELETED)
        exc = self.assertRaises(failures.GuestStillThere,
                                self.guests.claim, self.built, 'ABC00001')
        self.assertIn('ABC00001', str(exc))
        self.assertIsNone(ownership.claimed_userid(self.built))

    def test_an_instance_that_is_being_deleted_gets_no_guest(self):
        # nova's delete came with a copy of the instance without the mark
        instance = self.instance()

        def save(expected_task_state=None):
            if expected_task_state:
                raise nova_exception.UnexpectedDeletingTaskStateError(
                    instance_uuid=instance.uuid, expected='spawning',
                    actual='deleting')

        instance.save = save
        self.assertRaises(nova_exception.UnexpectedDeletingTaskStateError,
                          self.guests.claim, instance, 'ABC00002')
        self.assertIsNone(ownership.claimed_userid(instance))

    def test_a_create_that_meets_a_foreign_guest_takes_the_mark_back(self):
        instance = self.instance(ownership.BUILDING)
        self.assertRaises(nova_exception.InvalidInput, self.guests.create,
                          instance, 'ABC00001', vcpus=1, memory_mb=1024,
                          disks=[])
        self.assertIsNone(ownership.recorded_userid(instance))

    def test_a_create_without_profile_names_the_option(self):
        exc = self.assertRaises(
            nova_exception.InvalidInput, self.guests.create,
            self.instance(), 'ABC00002', vcpus=1, memory_mb=1024, disks=[],
            profile='NOPROF')
        self.assertIn("[zvm] user_profile", str(exc))
        self.assertIn("'NOPROF'", str(exc))
        self.assertNotIn('zvmsdk.conf', str(exc))

    def test_a_create_without_the_connectors_profile_names_its_option(self):
        self.connector.faults['guests.create'] = [
            fakes.not_found('guests.create')]
        exc = self.assertRaises(
            nova_exception.InvalidInput, self.guests.create,
            self.instance(), 'ABC00002', vcpus=1, memory_mb=1024, disks=[],
            profile=None)
        self.assertIn('[zvm] user_profile in zvmsdk.conf names', str(exc))


class DeleteTestCase(guests.GuestTestCase):

    def test_takes_one_request(self):
        self.guests.delete('ABC00001')
        self.assertEqual(['guests.delete'], self.connector.operations)
        self.assertEqual({}, self.connector.zvm)

    def test_of_what_is_gone(self):
        self.guests.delete('ABC00009')

    def test_coupled_to_a_switch_that_is_gone(self):
        # the entry goes, the connector's row does not
        def stumble(userid):
            self.vm.in_directory = False
            raise fakes.not_found()

        self.connector.faults['guests.delete'] = [stumble]
        self.guests.delete('ABC00001')
        self.assertEqual({}, self.connector.zvm)

    def test_of_a_grant_that_z_vm_does_not_take_back(self):
        # Else a later guest of this userid could couple, unasked.
        self.vm.couplings['1000'] = 'VSWITCH1'
        self.connector.grants['VSWITCH1'] = {'ABC00001': None}
        self.connector.faults['guests.delete'] = [fakes.not_found()]
        self.connector.vswitches.revoke = lambda name, userid: None
        self.assertRaises(failures.ConnectorFailure, self.guests.delete,
                          'ABC00001')
        self.assertTrue(self.vm.known)

    def test_unknown_to_the_connector(self):
        self.vm.known = False
        self.guests.delete('ABC00001')
        self.assertEqual({}, self.connector.zvm)

    def test_not_found_and_nowhere(self):
        del self.connector.zvm['ABC00001']
        self.connector.faults['guests.delete'] = [fakes.not_found()]
        self.guests.delete('ABC00001')
        self.assertEqual(['guests.delete'], self.connector.writes)

    def test_answer_lost(self):
        self.connector.faults['guests.delete'] = [
            fakes.outcome_unknown('guests.delete')]
        self.guests.delete('ABC00001')
        self.assertEqual({}, self.connector.zvm)

    def test_answer_lost_and_the_entry_still_going_away(self):
        def half(userid):
            self.vm.known = False
            raise fakes.outcome_unknown('guests.delete')

        self.connector.faults['guests.delete'] = [half]
        self.guests.delete('ABC00001')
        self.assertEqual({}, self.connector.zvm)

    def test_locked_for_a_while(self):
        self.connector.faults['guests.delete'] = [
            fakes.error(rc=LOCKED) for _ in range(4)]
        self.guests.delete('ABC00001')
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual(5, self.connector.count('guests.delete'))

    def test_locked_for_ever(self):
        self.connector.faults['guests.delete'] = [
            fakes.error(rc=LOCKED) for _ in range(1000)]
        self.assertRaises(errors.ConnectorError,
                          self.guests.delete, 'ABC00001')
        self.assertGreater(100, self.connector.count('guests.delete'))

    def test_a_lock_that_a_dead_connector_left_is_broken(self):

        def locked(*args):
            if 'guests.unlock' not in self.connector.operations:
                raise fakes.error(rc=LOCKED)

        self.connector.faults['guests.delete'] = [locked] * 1000
        self.guests.delete('ABC00001')
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual(1, self.connector.count('guests.unlock'))

    def test_refused(self):
        self.connector.faults['guests.delete'] = [fakes.error()]
        self.assertRaises(errors.ConnectorError,
                          self.guests.delete, 'ABC00001')
        self.assertIn('ABC00001', self.connector.zvm)


class DeleteUnfinishedTestCase(guests.GuestTestCase):

    def test_a_guest_that_is_there(self):
        self.guests.delete_unfinished('ABC00001', 600)
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual(1000, self.clock.now)

    def test_a_create_that_arrives_late(self):
        self.connector.zvm.clear()
        self.clock.at(120, lambda: self.connector.put_guest('ABC00001'))
        self.guests.delete_unfinished('ABC00001', 600)
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual(1120, self.clock.now)

    def test_a_create_that_does_not_arrive(self):
        self.connector.zvm.clear()
        self.guests.delete_unfinished('ABC00001', 602)
        self.assertEqual(1602, self.clock.now)

    def test_nothing_under_way(self):
        self.connector.zvm.clear()
        self.guests.delete_unfinished('ABC00001', 0)
        self.assertEqual(1000, self.clock.now)
        self.assertEqual(1, self.connector.count('guests.delete'))

    def test_a_row_that_is_written_after_the_entry_has_gone(self):
        self.connector.faults['guests.directory_entry'] = [
            None, lambda userid: self.connector.put_guest(
                userid, in_directory=False)]
        self.guests.delete_unfinished('ABC00001', 0)
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual(2, self.connector.count('guests.delete'))

    def test_an_entry_that_does_not_go_away(self):
        self.connector.faults['guests.delete'] = [
            lambda userid: self.connector.zvm.update(
                {userid: fakes.Guest(known=False)})]
        self.connector.guests.delete = (
            lambda userid: self.connector.asked('guests.delete', userid))
        self.assertRaises(failures.GuestStillThere,
                          self.guests.delete_unfinished, 'ABC00001', 0)
