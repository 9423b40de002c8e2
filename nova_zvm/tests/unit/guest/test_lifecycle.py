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

from nova.compute import power_state
from nova.compute import task_states
from nova import exception as nova_exception

from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.guest import lifecycle
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.record import pending
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory

LOCKED = (8, 400, 12)


class GuestTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.guests = lifecycle.Guests(self.connector, self.patience)
        self.built = self.instance(ownership.BUILT)
        self.vm = self.connector.put_guest('ABC00001', power='on')


class StateTestCase(GuestTestCase):

    def state(self, use_cache=True):
        return self.guests.state(self.built, use_cache)

    def test_of_a_running_guest_takes_one_request(self):
        self.assertEqual(power_state.RUNNING, self.state())
        self.assertEqual(['guests.power_state'], self.connector.operations)

    def test_of_a_guest_that_is_off_takes_two(self):
        self.vm.power = 'off'
        self.assertEqual(power_state.SHUTDOWN, self.state())
        self.assertEqual(2, len(self.connector.calls))

    def test_of_fifty_guests_that_are_off_takes_51(self):
        self.vm.power = 'off'
        for _ in range(50):
            self.assertEqual(power_state.SHUTDOWN, self.state())
        self.assertEqual(51, len(self.connector.calls))

    def test_paused_is_known_from_the_record(self):
        self.guests.pause(self.built)
        self.assertEqual(power_state.PAUSED, self.state())
        self.guests.unpause(self.built)
        self.assertEqual(power_state.RUNNING, self.state())

    def test_a_paused_guest_that_went_off_is_off(self):
        self.guests.pause(self.built)
        self.vm.power = 'off'
        self.assertEqual(power_state.SHUTDOWN, self.state())

    def test_during_a_capture_the_guest_counts_as_running(self):
        """nova would stop a server whose guest it finds off."""
        ownership.begin_capture(self.built, 'on')
        self.vm.power = 'off'
        self.assertEqual(power_state.RUNNING, self.state())
        ownership.leave_off(self.built)
        self.assertEqual(power_state.SHUTDOWN, self.state())

    def test_a_stop_outlasts_a_capture(self):
        ownership.begin_capture(self.built, 'on')
        self.connector.faults['guests.stop'] = [
            lambda *args: self.assertEqual(
                'off', self.saves[-1][pending.CAPTURE])]
        self.guests.power_off(self.built, 0, 0)
        self.assertEqual('off', ownership.unfinished_capture(self.built).power)
        self.assertEqual([], self.connector.faults['guests.stop'])

    def test_of_a_guest_that_is_missing(self):
        del self.connector.zvm['ABC00001']
        self.assertRaises(nova_exception.InstanceNotFound, self.state)

    def test_of_an_instance_without_the_mark_asks_nobody(self):
        self.assertRaises(nova_exception.InstanceNotFound,
                          self.guests.state, self.instance(), True)
        self.assertEqual([], self.connector.calls)

    def test_a_guest_deleted_a_moment_ago_is_missing(self):
        self.vm.power = 'off'
        self.state()
        self.guests.delete('ABC00001')
        self.assertRaises(nova_exception.InstanceNotFound, self.state)

    def test_a_guest_created_a_moment_ago_is_off(self):
        del self.connector.zvm['ABC00001']
        self.assertEqual(frozenset(), self.guests.userids())
        self.connector.put_guest('ABC00001')
        self.assertEqual(power_state.SHUTDOWN, self.state())

    def test_without_cache_the_list_is_fresh(self):
        self.vm.power = 'off'
        self.state()
        del self.connector.zvm['ABC00001']
        self.assertRaises(nova_exception.InstanceNotFound,
                          self.state, use_cache=False)

    def test_an_old_list_is_not_used(self):
        self.vm.power = 'off'
        self.state()
        del self.connector.zvm['ABC00001']
        self.clock.sleep(60)
        self.assertRaises(nova_exception.InstanceNotFound, self.state)

    def test_what_nova_knows_counts_while_there_is_no_connector(self):
        for error in (fakes.unreachable(), fakes.error(),
                      fakes.error(errors.Unauthorized, status=401)):
            for known in (power_state.RUNNING, power_state.SHUTDOWN,
                          power_state.PAUSED):
                self.built.power_state = known
                self.connector.faults['guests.power_state'] = [error]
                self.assertEqual(known, self.state())

    def test_a_connector_that_is_known_to_be_absent_is_not_asked(self):
        # nova-compute asks for each of its servers when it starts
        self.connector.absent = True
        self.built.power_state = power_state.PAUSED
        self.assertEqual(power_state.PAUSED, self.state())
        self.assertEqual([], self.connector.calls)

    def test_unknown_everywhere_is_no_state(self):
        self.built.power_state = None
        self.connector.faults['guests.power_state'] = [fakes.unreachable()]
        self.assertEqual(power_state.NOSTATE, self.state())

    def test_connector_lost_before_the_list(self):
        self.vm.power = 'off'
        self.connector.faults['guests.list'] = [fakes.unreachable()]
        self.assertEqual(power_state.RUNNING, self.state())


class ExistsTestCase(GuestTestCase):

    def test_with_a_guest(self):
        self.assertTrue(self.guests.exists(self.built))

    def test_with_the_mark_but_no_guest(self):
        del self.connector.zvm['ABC00001']
        self.assertFalse(self.guests.exists(self.built))

    def test_without_the_mark_a_guest_of_that_name_is_not_ours(self):
        self.assertFalse(self.guests.exists(self.instance()))
        self.assertEqual([], self.connector.calls)

    def test_without_connector(self):
        self.connector.faults['guests.list'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady,
                          self.guests.exists, self.built)


class ConsoleTestCase(GuestTestCase):

    def test_output(self):
        self.connector.console = 'login:'
        self.assertEqual(b'login:', self.guests.console_output(self.built))

    def test_any_character(self):
        # nova would encode text to Latin-1 and fail
        self.connector.console = '\u017elut\xfd \u20ac'
        self.assertEqual(self.connector.console,
                         self.guests.console_output(self.built).decode())

    def test_nothing_written_yet(self):
        self.connector.faults['guests.console_output'] = [
            fakes.error(rc=(4, 4, 410))]
        self.assertEqual(b'', self.guests.console_output(self.built))

    def test_of_a_guest_that_is_off(self):
        self.vm.power = 'off'
        self.connector.faults['guests.console_output'] = [
            fakes.error(rc=(8, 8, 8))]
        self.assertRaises(nova_exception.InstanceNotReady,
                          self.guests.console_output, self.built)

    def test_any_other_failure_is_told(self):
        for error in (fakes.error(), fakes.unreachable()):
            self.connector.faults['guests.console_output'] = [error]
            self.assertIn(str(error), str(self.assertRaises(
                nova_exception.ConsoleNotAvailable,
                self.guests.console_output, self.built)))


class PowerTestCase(GuestTestCase):

    def test_on(self):
        self.vm.power = 'off'
        self.guests.power_on(self.built)
        self.assertEqual('on', self.vm.power)

    def test_off_hard_does_not_ask_the_linux(self):
        self.guests.power_off(self.built, 0, 0)
        self.assertEqual('off', self.vm.power)
        self.assertEqual(['guests.stop'], self.connector.writes)

    def test_off_soft_is_one_write(self):
        self.guests.power_off(self.built, 60, 10)
        self.assertEqual('off', self.vm.power)
        self.assertEqual(
            [('guests.soft_stop', ('ABC00001', 60, 10))],
            [call for call in self.connector.calls
             if call[0] in self.connector.writes])

    def test_off_soft_without_interval(self):
        self.guests.power_off(self.built, 60, 0)
        self.assertIn(('guests.soft_stop', ('ABC00001', 60, None)),
                      self.connector.calls)

    def test_off_soft_that_fails_becomes_hard(self):
        for failure in (fakes.error(), fakes.outcome_unknown('soft_stop')):
            self.vm.power = 'on'
            self.connector.faults['guests.soft_stop'] = [failure]
            self.guests.power_off(self.built, 60, 10)
            self.assertEqual('off', self.vm.power)

    def test_off_waits_for_the_logoff(self):
        self.connector.faults['guests.stop'] = [fakes.error()]
        self.clock.at(30, lambda: setattr(self.vm, 'power', 'off'))
        self.guests.power_off(self.built, 0, 0)
        self.assertEqual(1030, self.clock.now)

    def test_off_that_does_not_come(self):
        self.connector.faults['guests.stop'] = [fakes.error()]
        exc = self.assertRaises(nova_exception.InstancePowerOffFailure,
                                self.guests.power_off, self.built, 0, 0)
        self.assertIn('ABC00001', str(exc))
        self.assertIn('still on, not off', str(exc))

    def test_off_without_connector(self):
        self.connector.faults['guests.stop'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady,
                          self.guests.power_off, self.built, 0, 0)

    def test_soft_reboot(self):
        self.guests.reboot(self.built)
        self.assertEqual(['guests.reboot'], self.connector.writes)

    def test_soft_reboot_of_a_linux_that_does_not_answer(self):
        self.connector.faults['guests.reboot'] = [fakes.error()]
        self.guests.reboot(self.built)
        self.assertEqual(['guests.reboot', 'guests.reset'],
                         self.connector.writes)

    def test_hard_reboot_from_off(self):
        self.vm.power = 'off'
        self.guests.reset(self.built)
        self.assertEqual('on', self.vm.power)

    def test_pause_of_a_guest_that_is_off(self):
        self.vm.power = 'off'
        self.assertRaises(failures.ConnectorFailure,
                          self.guests.pause, self.built)
        self.assertFalse(ownership.is_paused(self.built))

    def test_a_pause_without_answer_is_taken_back(self):
        # nova leaves the server running, and z/VM never tells the contrary
        for failure in (None, fakes.unreachable()):
            self.connector.calls.clear()
            self.connector.faults['guests.pause'] = [
                fakes.outcome_unknown('guests.pause')]
            self.connector.faults['guests.unpause'] = [failure]
            self.assertRaises(failures.ConnectorFailure,
                              self.guests.pause, self.built)
            self.assertEqual(['guests.pause', 'guests.unpause'],
                             self.connector.operations)
            self.assertFalse(ownership.is_paused(self.built))

    def test_whatever_restarts_a_guest_ends_its_pause(self):
        for restart in (self.guests.power_on, self.guests.reboot,
                        self.guests.reset, self.guests.unpause,
                        lambda it: self.guests.power_off(it, 0, 0)):
            self.vm.power = 'on'
            self.guests.pause(self.built)
            restart(self.built)
            self.assertFalse(ownership.is_paused(self.built))

    def verbs(self):
        return (self.guests.power_on, self.guests.reboot, self.guests.reset,
                self.guests.pause, self.guests.unpause,
                lambda it: self.guests.power_off(it, 0, 0))

    def test_of_a_guest_that_the_connector_does_not_know(self):
        self.vm.known = False
        for verb in self.verbs():
            exc = self.assertRaises(failures.NoGuest, verb, self.built)
            self.assertIn('register_vm', str(exc))

    def test_of_a_guest_that_is_gone(self):
        self.connector.zvm.clear()
        for verb in self.verbs():
            exc = self.assertRaises(failures.NoGuest, verb, self.built)
            self.assertIn('rebuild it first', str(exc))
        self.assertIsInstance(exc.__cause__, errors.NotFound)

    def test_of_a_guest_that_is_purged_on_zvm(self):
        self.connector.faults['guests.reset'] = [fakes.error()]
        self.connector.faults['guests.directory_entry'] = [fakes.not_found()]
        exc = self.assertRaises(failures.NoGuest, self.guests.reset,
                                self.built)
        self.assertIn('rebuild it first', str(exc))

    def test_of_a_guest_that_may_be_there(self):
        for failure, look in ((fakes.error(), fakes.error()),
                              (fakes.error(), None),
                              (fakes.outcome_unknown('guests.reset'), None)):
            self.connector.faults['guests.reset'] = [failure]
            self.connector.faults['guests.directory_entry'] = [look]
            self.assertRaises(failures.ConnectorFailure, self.guests.reset,
                              self.built)

    def test_of_a_server_that_is_deleted_meanwhile(self):
        ownership.begin_capture(self.built, 'on')

        def save():
            raise nova_exception.InstanceNotFound(instance_id='x')

        self.built.save = save
        self.assertRaises(nova_exception.InstanceNotFound,
                          self.guests.power_off, self.built, 0, 0)

    def test_of_a_guest_that_was_not_finished(self):
        instance = self.instance(ownership.BUILDING)
        for verb in self.verbs():
            exc = self.assertRaises(failures.NoGuest, verb, instance)
            self.assertIn('rebuild it first', str(exc))
        self.assertEqual([], self.connector.calls)

    def test_a_guest_that_is_gone_is_off_for_its_removal(self):
        self.connector.zvm.clear()
        for task in lifecycle.REMOVING_TASKS:
            for instance in (self.built, self.instance(),
                             self.instance(ownership.BUILDING)):
                instance.task_state = task
                self.guests.power_off(instance, 60, 10)
        self.built.task_state = task_states.POWERING_OFF
        self.assertRaises(failures.NoGuest, self.guests.power_off,
                          self.built, 60, 10)

    def test_a_guest_that_was_not_finished_is_off_after_a_soft_delete(self):
        self.built.system_metadata[parts.STATE] = ownership.BUILDING
        self.built.task_state = task_states.SOFT_DELETING
        self.guests.power_off(self.built, 0, 0)
        self.assertIn('guests.stop', self.connector.operations)

    def test_of_an_instance_without_the_mark_sends_nothing(self):
        for verb in self.verbs():
            exc = self.assertRaises(failures.NoGuest, verb, self.instance())
            self.assertIn('rebuild it first', str(exc))
        self.assertRaises(nova_exception.InstanceNotFound,
                          self.guests.console_output, self.instance())
        self.assertEqual([], self.connector.calls)

    def test_no_rescue_stops_a_guest(self):
        self.built.task_state = task_states.RESCUING
        exc = self.assertRaises(failures.Unsupported, self.guests.power_off,
                                self.built, 60, 10)
        # nova keeps 255 characters of it and what it says before.
        self.assertLess(len(str(nova_exception.InstanceNotRescuable(
            instance_id=self.built.uuid, reason='Driver Error: %s' % exc))),
            255)
        self.assertEqual([], self.connector.calls)


class ClaimTestCase(GuestTestCase):

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


class DeleteTestCase(GuestTestCase):

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


class DeleteUnfinishedTestCase(GuestTestCase):

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
