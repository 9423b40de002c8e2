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
from nova import exception as nova_exception

from nova_zvm.connector import errors
from nova_zvm.record import ownership
from nova_zvm.record import pending
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import guests


class StateTestCase(guests.GuestTestCase):

    def state(self, use_cache=True):
        return self.presence.state(self.built, use_cache)

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
        self.power.pause(self.built)
        self.assertEqual(power_state.PAUSED, self.state())
        self.power.unpause(self.built)
        self.assertEqual(power_state.RUNNING, self.state())

    def test_a_paused_guest_that_went_off_is_off(self):
        self.power.pause(self.built)
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
        self.power.power_off(self.built, 0, 0)
        self.assertEqual('off', ownership.unfinished_capture(self.built).power)
        self.assertEqual([], self.connector.faults['guests.stop'])

    def test_of_a_guest_that_is_missing(self):
        del self.connector.zvm['ABC00001']
        self.assertRaises(nova_exception.InstanceNotFound, self.state)

    def test_of_an_instance_without_the_mark_asks_nobody(self):
        self.assertRaises(nova_exception.InstanceNotFound,
                          self.presence.state, self.instance(), True)
        self.assertEqual([], self.connector.calls)

    def test_a_guest_deleted_a_moment_ago_is_missing(self):
        self.vm.power = 'off'
        self.state()
        self.guests.delete('ABC00001')
        self.assertRaises(nova_exception.InstanceNotFound, self.state)

    def test_a_guest_created_a_moment_ago_is_off(self):
        del self.connector.zvm['ABC00001']
        self.assertEqual(frozenset(), self.presence.userids())
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


class ExistsTestCase(guests.GuestTestCase):

    def test_with_a_guest(self):
        self.assertTrue(self.presence.exists(self.built))

    def test_with_the_mark_but_no_guest(self):
        del self.connector.zvm['ABC00001']
        self.assertFalse(self.presence.exists(self.built))

    def test_without_the_mark_a_guest_of_that_name_is_not_ours(self):
        self.assertFalse(self.presence.exists(self.instance()))
        self.assertEqual([], self.connector.calls)

    def test_without_connector(self):
        self.connector.faults['guests.list'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady,
                          self.presence.exists, self.built)
