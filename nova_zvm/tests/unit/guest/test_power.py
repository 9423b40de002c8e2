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

from nova.compute import task_states
from nova import exception as nova_exception

from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.guest import power
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import guests


class PowerTestCase(guests.GuestTestCase):

    def test_on(self):
        self.vm.power = 'off'
        self.power.power_on(self.built)
        self.assertEqual('on', self.vm.power)

    def test_off_hard_does_not_ask_the_linux(self):
        self.power.power_off(self.built, 0, 0)
        self.assertEqual('off', self.vm.power)
        self.assertEqual(['guests.stop'], self.connector.writes)

    def test_off_soft_is_one_write(self):
        self.power.power_off(self.built, 60, 10)
        self.assertEqual('off', self.vm.power)
        self.assertEqual(
            [('guests.soft_stop', ('ABC00001', 60, 10))],
            [call for call in self.connector.calls
             if call[0] in self.connector.writes])

    def test_off_soft_without_interval(self):
        self.power.power_off(self.built, 60, 0)
        self.assertIn(('guests.soft_stop', ('ABC00001', 60, None)),
                      self.connector.calls)

    def test_off_soft_that_fails_becomes_hard(self):
        for failure in (fakes.error(), fakes.outcome_unknown('soft_stop')):
            self.vm.power = 'on'
            self.connector.faults['guests.soft_stop'] = [failure]
            self.power.power_off(self.built, 60, 10)
            self.assertEqual('off', self.vm.power)

    def test_off_waits_for_the_logoff(self):
        self.connector.faults['guests.stop'] = [fakes.error()]
        self.clock.at(30, lambda: setattr(self.vm, 'power', 'off'))
        self.power.power_off(self.built, 0, 0)
        self.assertEqual(1030, self.clock.now)

    def test_off_that_does_not_come(self):
        self.connector.faults['guests.stop'] = [fakes.error()]
        exc = self.assertRaises(nova_exception.InstancePowerOffFailure,
                                self.power.power_off, self.built, 0, 0)
        self.assertIn('ABC00001', str(exc))
        self.assertIn('still on, not off', str(exc))

    def test_off_without_connector(self):
        self.connector.faults['guests.stop'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady,
                          self.power.power_off, self.built, 0, 0)

    def test_soft_reboot(self):
        self.power.reboot(self.built)
        self.assertEqual(['guests.reboot'], self.connector.writes)

    def test_soft_reboot_of_a_linux_that_does_not_answer(self):
        self.connector.faults['guests.reboot'] = [fakes.error()]
        self.power.reboot(self.built)
        self.assertEqual(['guests.reboot', 'guests.reset'],
                         self.connector.writes)

    def test_hard_reboot_from_off(self):
        self.vm.power = 'off'
        self.power.reset(self.built)
        self.assertEqual('on', self.vm.power)

    def test_pause_of_a_guest_that_is_off(self):
        self.vm.power = 'off'
        self.assertRaises(failures.ConnectorFailure,
                          self.power.pause, self.built)
        self.assertFalse(ownership.is_paused(self.built))

    def test_a_pause_without_answer_is_taken_back(self):
        # nova leaves the server running, and z/VM never tells the contrary
        for failure in (None, fakes.unreachable()):
            self.connector.calls.clear()
            self.connector.faults['guests.pause'] = [
                fakes.outcome_unknown('guests.pause')]
            self.connector.faults['guests.unpause'] = [failure]
            self.assertRaises(failures.ConnectorFailure,
                              self.power.pause, self.built)
            self.assertEqual(['guests.pause', 'guests.unpause'],
                             self.connector.operations)
            self.assertFalse(ownership.is_paused(self.built))

    def test_whatever_restarts_a_guest_ends_its_pause(self):
        for restart in (self.power.power_on, self.power.reboot,
                        self.power.reset, self.power.unpause,
                        lambda it: self.power.power_off(it, 0, 0)):
            self.vm.power = 'on'
            self.power.pause(self.built)
            restart(self.built)
            self.assertFalse(ownership.is_paused(self.built))

    def verbs(self):
        return (self.power.power_on, self.power.reboot, self.power.reset,
                self.power.pause, self.power.unpause,
                lambda it: self.power.power_off(it, 0, 0))

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
        exc = self.assertRaises(failures.NoGuest, self.power.reset,
                                self.built)
        self.assertIn('rebuild it first', str(exc))

    def test_of_a_guest_that_may_be_there(self):
        for failure, look in ((fakes.error(), fakes.error()),
                              (fakes.error(), None),
                              (fakes.outcome_unknown('guests.reset'), None)):
            self.connector.faults['guests.reset'] = [failure]
            self.connector.faults['guests.directory_entry'] = [look]
            self.assertRaises(failures.ConnectorFailure, self.power.reset,
                              self.built)

    def test_of_a_server_that_is_deleted_meanwhile(self):
        ownership.begin_capture(self.built, 'on')

        def save():
            raise nova_exception.InstanceNotFound(instance_id='x')

        self.built.save = save
        self.assertRaises(nova_exception.InstanceNotFound,
                          self.power.power_off, self.built, 0, 0)

    def test_of_a_guest_that_was_not_finished(self):
        instance = self.instance(ownership.BUILDING)
        for verb in self.verbs():
            exc = self.assertRaises(failures.NoGuest, verb, instance)
            self.assertIn('rebuild it first', str(exc))
        self.assertEqual([], self.connector.calls)

    def test_a_guest_that_is_gone_is_off_for_its_removal(self):
        self.connector.zvm.clear()
        for task in power.REMOVING_TASKS:
            for instance in (self.built, self.instance(),
                             self.instance(ownership.BUILDING)):
                instance.task_state = task
                self.power.power_off(instance, 60, 10)
        self.built.task_state = task_states.POWERING_OFF
        self.assertRaises(failures.NoGuest, self.power.power_off,
                          self.built, 60, 10)

    def test_a_guest_that_was_not_finished_is_off_after_a_soft_delete(self):
        self.built.system_metadata[parts.STATE] = ownership.BUILDING
        self.built.task_state = task_states.SOFT_DELETING
        self.power.power_off(self.built, 0, 0)
        self.assertIn('guests.stop', self.connector.operations)

    def test_of_an_instance_without_the_mark_sends_nothing(self):
        for verb in self.verbs():
            exc = self.assertRaises(failures.NoGuest, verb, self.instance())
            self.assertIn('rebuild it first', str(exc))
        self.assertRaises(nova_exception.InstanceNotFound,
                          self.console.output, self.instance())
        self.assertEqual([], self.connector.calls)

    def test_no_rescue_stops_a_guest(self):
        self.built.task_state = task_states.RESCUING
        exc = self.assertRaises(failures.Unsupported, self.power.power_off,
                                self.built, 60, 10)
        # nova keeps 255 characters of it and what it says before.
        self.assertLess(len(str(nova_exception.InstanceNotRescuable(
            instance_id=self.built.uuid, reason='Driver Error: %s' % exc))),
            255)
        self.assertEqual([], self.connector.calls)
