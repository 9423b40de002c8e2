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

import contextlib
from unittest import mock

from nova import exception as nova_exception
from nova import objects

from nova_zvm.errors import failures
from nova_zvm.operations import destroy
from nova_zvm.pace import locks
from nova_zvm.pace import waiting
from nova_zvm.record import ownership
from nova_zvm.record import pending
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory


class DestroyTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.config_drives = mock.Mock(spec=['discard'])
        self.destroy = destroy.Destroy(
            self.make_guests(), self.make_network(), self.config_drives, 600,
            self.patience)

    def test_a_whole_guest_takes_one_request(self):
        self.connector.put_guest('ABC00001', power='on')
        instance = self.instance(ownership.BUILT)
        self.destroy.run(instance, [inmemory.vif()])
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual(1, len(self.connector.calls))
        self.assertEqual(ownership.DELETED, ownership.state(instance))
        self.assert_told('deleted')

    def test_a_capture_under_way_does_not_start_the_guest(self):
        instance = self.instance(ownership.BUILT)
        ownership.begin_capture(instance, 'on')
        self.connector.faults['guests.delete'] = [
            lambda *args: self.assertEqual(
                'off', self.saves[-1][pending.CAPTURE])]
        self.destroy.run(instance, [])
        self.assertEqual([], self.connector.faults['guests.delete'])
        self.assertIsNone(ownership.unfinished_capture(instance))

    def attaching(self, vswitch='VSWITCH1'):
        """Return an instance whose attach was cut short."""
        self.connector.grants['VSWITCH1'] = {'ABC00001': None, 'OTHER': None}
        instance = self.instance(ownership.BUILT)
        ownership.begin_nic_change(instance, pending.NicChange(
            '1003', vswitch))
        return instance

    def test_the_grant_of_an_unfinished_attach(self):
        # the connector revokes where a NIC is coupled
        self.connector.put_guest('ABC00001')
        instance = self.attaching()
        self.destroy.run(instance, [inmemory.vif()])
        self.assertEqual({'OTHER': None}, self.connector.grants['VSWITCH1'])
        self.assertEqual(ownership.DELETED, ownership.state(instance))
        self.assertIsNone(ownership.unfinished_nic_change(instance))

    def test_the_grant_of_an_unfinished_attach_that_stays_at_first(self):
        self.connector.put_guest('ABC00001')
        instance = self.attaching()
        self.connector.faults['vswitches.revoke'] = [fakes.unreachable()]
        self.assertRaises(failures.ConnectorUnreachable, self.destroy.run,
                          instance, [])
        self.destroy.run(instance, [])
        self.assertEqual({'OTHER': None}, self.connector.grants['VSWITCH1'])

    def test_no_attach_in_the_middle(self):
        """What one adds to a guest that is gone nobody removes."""
        self.connector.put_guest('ABC00001')
        self.connector.faults['guests.delete'] = [
            lambda *args: self.assertTrue(self.is_locked('ABC00001'))]
        self.destroy.run(self.instance(ownership.BUILT), [])
        self.assertEqual([], self.connector.faults['guests.delete'])
        self.assertFalse(self.is_locked('ABC00001'))

    def test_the_grant_of_an_attach_that_is_waited_for(self):
        self.connector.put_guest('ABC00001')
        instance = self.attaching()
        unfinished = dict(self.saved[instance.uuid])
        ownership.end_nic_change(instance)

        @contextlib.contextmanager
        def locked(userid):
            self.saved[instance.uuid] = unfinished
            yield

        self.patch(locks, 'nics', locked)
        self.destroy.run(instance, [])
        self.assertEqual({'OTHER': None}, self.connector.grants['VSWITCH1'])

    def test_an_unfinished_attach_to_a_switch_that_is_gone(self):
        for vswitch in ('GONE', ''):
            self.connector.put_guest('ABC00001')
            instance = self.attaching(vswitch)
            self.destroy.run(instance, [])
            self.assertEqual(ownership.DELETED, ownership.state(instance))

    def test_without_the_mark_nothing_is_sent(self):
        self.connector.put_guest('ABC00001')
        self.destroy.run(self.instance(), [inmemory.vif()])
        self.destroy.undo_spawn(self.instance(), [inmemory.vif()], 600)
        self.assertEqual([], self.connector.calls)

    def test_a_second_time_nothing_is_sent(self):
        instance = self.instance(ownership.BUILT)
        self.destroy.run(instance, [])
        before = len(self.connector.calls)
        self.destroy.run(instance, [])
        self.assertEqual(before, len(self.connector.calls))

    def test_the_copy_of_an_instance_from_before_its_build(self):
        # nova deletes with the instance as it was when the user asked
        self.connector.put_guest('ABC00001', power='on')
        built = self.instance(ownership.BUILT)
        early = objects.Instance(uuid=built.uuid, system_metadata={})
        early.save = mock.Mock()
        self.destroy.run(early, [])
        self.assertEqual({}, self.connector.zvm)

    def test_the_copy_of_an_instance_whose_userid_was_taken(self):
        self.connector.put_guest('ABC00001')
        instance = self.instance(ownership.BUILDING)
        self.saved[instance.uuid] = {}
        self.destroy.run(instance, [])
        self.assertEqual(['ABC00001'], list(self.connector.zvm))

    def test_a_half_made_guest(self):
        self.connector.put_guest('ABC00001')
        self.connector.grants['VSWITCH1'] = {'ABC00001': None}
        instance = self.instance(ownership.BUILDING)
        self.destroy.run(instance, [inmemory.vif()])
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual({}, self.connector.grants['VSWITCH1'])
        self.config_drives.discard.assert_called_with(instance)
        self.assertIsNone(ownership.recorded_userid(instance))

    def test_a_create_that_may_still_arrive_is_waited_for(self):
        instance = self.instance(ownership.BUILDING)
        self.clock.sleep(100)
        self.clock.at(300, lambda: self.connector.put_guest('ABC00001'))
        self.destroy.run(instance, [])
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual(1400, self.clock.now)

    def test_a_create_of_yesterday_is_not(self):
        instance = self.instance(ownership.BUILDING)
        self.clock.sleep(86400)
        before = self.clock.now
        self.destroy.run(instance, [])
        self.assertEqual(before, self.clock.now)

    def test_a_config_drive_that_was_left_goes_with_a_whole_guest(self):
        instance = self.instance(ownership.BUILT)
        self.destroy.run(instance, [])
        self.config_drives.discard.assert_called_with(instance)

    def test_undo_waits_as_long_as_the_connector_may_work(self):
        instance = self.instance(ownership.BUILDING)
        self.destroy.undo_spawn(instance, [], 0)
        self.assertEqual(1000, self.clock.now)
        instance = self.instance(ownership.BUILDING)
        self.destroy.undo_spawn(instance, [], 50)
        self.assertEqual(1050, self.clock.now)

    def test_undo_waits_for_a_connector_that_is_started_anew(self):
        self.connector.put_guest('ABC00001')
        instance = self.instance(ownership.BUILDING)
        self.connector.faults['guests.directory_entry'] = [
            fakes.unreachable()] * 20
        self.destroy.undo_spawn(instance, [], 0)
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual(1040, self.clock.now)

    def test_undo_does_not_wait_for_ever(self):
        instance = self.instance(ownership.BUILDING)
        self.connector.faults['guests.directory_entry'] = [
            fakes.unreachable()] * 99
        self.assertRaises(failures.ConnectorUnreachable,
                          self.destroy.undo_spawn, instance, [], 0)
        self.assertEqual(1060, self.clock.now)
        self.assertEqual(ownership.BUILDING, ownership.state(instance))

    def test_undo_waits_longer_where_all_takes_longer(self):
        patience = waiting.Patience(self.clock, 2.0)
        slow = destroy.Destroy(
            self.make_guests(patience), self.make_network(),
            self.config_drives, 600, patience)
        asked = []

        def fail(*args):
            asked.append(self.clock.now)
            raise fakes.unreachable()

        self.connector.faults['guests.directory_entry'] = [fail] * 99
        self.assertRaises(failures.ConnectorUnreachable, slow.undo_spawn,
                          self.instance(ownership.BUILDING), [], 0)
        self.assertEqual([1000, 1004], asked[:2])
        self.assertEqual(1120, asked[-1])

    def test_undo_discards_the_config_drive(self):
        instance = self.instance(ownership.BUILDING)
        self.destroy.undo_spawn(instance, [], 0)
        self.config_drives.discard.assert_called_once_with(instance)

    def test_a_failure_keeps_the_mark(self):
        for state in (ownership.BUILDING, ownership.BUILT):
            self.connector.put_guest('ABC00001')
            instance = self.instance(state)
            self.connector.faults['guests.delete'] = [fakes.error()]
            self.assertRaises(failures.ConnectorFailure,
                              self.destroy.run, instance, [])
            self.assertEqual(state, ownership.state(instance))
            self.destroy.run(instance, [])
            self.assertEqual({}, self.connector.zvm)

    def test_nova_is_never_told_that_the_instance_is_missing(self):
        # nova would then leave the server as it is, being deleted for ever
        self.connector.put_guest('ABC00001', known=False)
        self.connector.faults['guests.delete'] = [
            fakes.not_found(), fakes.not_found(), fakes.not_found()]
        for state in (ownership.BUILDING, ownership.BUILT):
            try:
                self.destroy.run(self.instance(state), [])
            except nova_exception.InstanceNotFound:
                self.fail('InstanceNotFound')
            except (failures.ConnectorFailure, failures.GuestStillThere):
                pass

    def test_a_switch_that_is_gone(self):
        self.connector.put_guest('ABC00001')
        instance = self.instance(ownership.BUILDING)
        self.destroy.run(instance, [inmemory.vif(physical_network='gone')])
        self.assertIsNone(ownership.recorded_userid(instance))

    def switch_gone(self):
        """Let the connector stumble over a switch, its entry deleted."""
        found = self.connector.put_guest('ABC00001', couplings={
            '1000': 'VSWITCH1', '1003': 'GONE'})
        self.connector.grants['VSWITCH1'] = {'ABC00001': None}

        def stumble(userid):
            found.in_directory = False
            raise fakes.not_found()
        self.connector.faults['guests.delete'] = [stumble]
        return found

    def test_a_switch_that_is_gone_holds_no_other_grant(self):
        self.switch_gone()
        instance = self.instance(ownership.BUILT)
        self.destroy.run(instance, [inmemory.vif()])
        self.assertEqual({}, self.connector.zvm)
        self.assertEqual({'VSWITCH1': {}}, self.connector.grants)
        self.assertEqual(ownership.DELETED, ownership.state(instance))

    def test_a_404_that_is_about_something_else_deletes_nothing_yet(self):
        self.connector.put_guest('ABC00001')
        instance = self.instance(ownership.BUILT)
        self.connector.faults['guests.delete'] = [fakes.not_found()]
        self.assertRaises(failures.GuestStillThere,
                          self.destroy.run, instance, [])
        self.assertEqual(ownership.BUILT, ownership.state(instance))
        self.destroy.run(instance, [])
        self.assertEqual({}, self.connector.zvm)

    def test_connector_down(self):
        self.connector.faults['guests.delete'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady,
                          self.destroy.run,
                          self.instance(ownership.BUILT), [])
