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
from nova.network import model
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.operations import interfaces
from nova_zvm.pace import waiting
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.record import pending
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory

SIX = inmemory.subnet('2001:db8::/64', '2001:db8::10', 6, '2001:db8::1')
IMAGE = {'image_os_distro': 'rhel8.6'}


class Killed(BaseException):
    """nova-compute ends in the middle."""


class InterfacesTestCase(inmemory.ZVMTestCase):
    """A guest with one NIC."""

    def setUp(self):
        super().setUp()
        self.connector.grants = {'VSWITCH1': {}, 'VSWITCH2': {}}
        self.network = self.make_network({'physnet2': 'vswitch2'})
        self.interfaces = interfaces.Interfaces(self.network, self.connector,
                                                self.patience)
        self.guest = self.connector.put_guest('ABC00001')
        self.first = inmemory.vif(port_id=uuids.first)
        self.network.create('ABC00001', 'rhel8.6',
                            self.network.plan([self.first]), 'web')
        self.ports = [self.first]
        self.server = self.make_instance()
        self.port = inmemory.vif(physical_network='physnet2')

    def make_instance(self, **metadata):
        instance = self.instance(ownership.BUILT,
                                 system_metadata={**IMAGE, **metadata})
        instance.get_network_info = lambda: model.NetworkInfo(self.ports)
        return instance

    def power_on(self):
        self.connector.guests.start('ABC00001')

    def attach(self, port=None):
        """Attach a port as nova does, which puts it into its cache first.

        """
        port = port or self.port
        self.ports.append(port)
        try:
            self.interfaces.attach(self.server, inmemory.image_meta(), port)
        except Exception:
            self.ports.remove(port)
            raise

    def detach(self, port):
        self.interfaces.detach(self.server, port)
        self.ports.remove(port)

    def assert_nics(self, **wanted):
        """Compare NICs, as vdev_<number>: (port, switch), and the grants."""
        self.assertEqual(
            {vdev[-4:]: nic for vdev, nic in wanted.items()},
            {vdev: (port, self.guest.couplings.get(vdev))
             for vdev, port in self.guest.nic_ids.items()})
        self.assertEqual(
            {switch for port, switch in wanted.values()},
            {name for name, users in self.connector.grants.items()
             if 'ABC00001' in users})
        self.assertIsNone(ownership.unfinished_nic_change(self.server))

    def assert_only_first(self):
        self.assert_nics(vdev_1000=(uuids.first, 'VSWITCH1'))

    def assert_both(self):
        self.assert_nics(vdev_1000=(uuids.first, 'VSWITCH1'),
                         vdev_1003=(uuids.port, 'VSWITCH2'))


class AttachTestCase(InterfacesTestCase):

    def test_guest_on_or_off(self):
        for on in (False, True):
            if on:
                self.power_on()
            self.attach()
            self.assert_both()
            self.assertEqual('192.0.2.10', self.guest.nics['1003'].ip)
            self.assertEqual(on, '1003' in self.guest.live)
            self.detach(self.port)
            self.assert_only_first()
            self.assertNotIn('1003', self.guest.live)
        self.assert_told(*2 * ['port %s attached' % self.port['id'],
                               'port %s detached' % self.port['id']])

    def test_no_delete_in_the_middle(self):
        self.connector.faults['guests.create_interface'] = [
            lambda *args: self.assertTrue(self.is_locked('ABC00001'))]
        self.attach()
        self.assertEqual([], self.connector.faults['guests.create_interface'])
        self.assertFalse(self.is_locked('ABC00001'))

    def test_a_guest_that_is_on_is_granted_before_it_is_coupled(self):
        self.power_on()
        self.connector.faults['guests.couple'] = [
            lambda *args: self.assertIn('ABC00001',
                                        self.connector.grants['VSWITCH2'])]
        self.attach()
        self.assertEqual([], self.connector.faults['guests.couple'])

    def test_it_is_recorded_before_anything_is_changed(self):
        self.connector.faults['vswitches.grant'] = [
            lambda *args: self.assertIn(pending.NIC, self.saves[-1])]
        self.attach()
        self.assertEqual([], self.connector.faults['vswitches.grant'])
        self.assertNotIn(pending.NIC, self.saves[-1])

    def test_numbers_that_are_taken(self):
        self.guest.disks.append('1003')
        self.attach()
        self.assertEqual(['1000', '1006'], sorted(self.guest.nics))

    def test_number_that_only_the_connector_knows(self):
        # it refuses a NIC for the row alone
        self.guest.nic_ids['1003'] = uuids.lost
        self.guest.couplings['1003'] = 'VSWITCH1'
        self.attach()
        self.assertIn('1006', self.guest.nics)

    def test_a_nic_that_was_left_of_the_port_goes_first(self):
        self.attach()
        self.interfaces.attach(self.server, inmemory.image_meta(), self.port)
        self.assert_both()

    def test_mac_that_cp_has_chosen(self):
        self.power_on()
        self.attach()
        self.assertIn('%s, not %s' % (fakes.CHOSEN_MAC, self.port['address']),
                      self.stdlog.logger.output)

    def test_mac_is_compared_of_the_new_one_only(self):
        self.power_on()
        self.attach()
        self.stdlog.delete_stored_logs()
        self.attach(inmemory.vif(port_id=uuids.second))
        self.assertNotIn(uuids.port, self.stdlog.logger.output)
        self.assertEqual(1, self.stdlog.logger.output.count('Stop and start'))

    def test_mac_that_cp_does_not_tell(self):
        self.power_on()
        self.connector.faults['guests.adapters'] = [fakes.error()]
        self.attach()
        self.assert_both()

    def test_mac_of_a_guest_that_is_off_is_not_asked_for(self):
        self.attach()
        self.assertEqual(0, self.connector.count('guests.adapters'))

    def test_what_the_connector_does_not_configure(self):
        no_gateway = [inmemory.subnet(gateway=None)]
        for os_distro, subnets in (('rhel8.6', [SIX]),
                                   ('ubuntu22.04', None),
                                   ('ubuntu16', no_gateway)):
            port = inmemory.vif(subnets=subnets)
            self.ports.append(port)
            self.interfaces.attach(
                self.server, inmemory.image_meta(os_distro=os_distro), port)
            self.assertEqual(uuids.port, self.guest.nic_ids['1003'])
            self.assertIsNone(self.guest.nics['1003'])
            self.detach(port)

    def test_the_first_that_it_would_configure(self):
        # it would remove what cloud-init has written for the others
        self.ports = [inmemory.vif(port_id=uuids.first, subnets=[SIX])]
        self.attach()
        self.assertIsNone(self.guest.nics['1003'])
        self.detach(self.port)
        self.ports = []
        self.attach()
        self.assertEqual('192.0.2.10', self.guest.nics['1003'].ip)

    def test_what_it_does(self):
        for os_distro, subnets in (('rhel8.6',
                                    [inmemory.subnet(gateway=None)]),
                                   ('sles15.4', [SIX, inmemory.subnet()]),
                                   ('ubuntu16', None)):
            port = inmemory.vif(subnets=subnets)
            self.ports.append(port)
            self.interfaces.attach(
                self.server, inmemory.image_meta(os_distro=os_distro), port)
            self.assertEqual('192.0.2.10', self.guest.nics['1003'].ip)
            self.detach(port)


class RefusedTestCase(InterfacesTestCase):

    def assert_refused(self, cls, words, port=None):
        before = len(self.connector.writes)
        exc = self.assertRaises(cls, self.attach, port)
        self.assertIn(words, str(exc))
        self.assertEqual(before, len(self.connector.writes))
        self.assert_only_first()

    def test_paused(self):
        ownership.set_paused(self.server, True)
        self.assert_refused(failures.InterfaceRefused, 'it is paused')

    def test_paused_since_nova_looked(self):
        self.saved[self.server.uuid][parts.PAUSED] = 'yes'
        self.assert_refused(failures.InterfaceRefused, 'it is paused')

    def test_capture(self):
        ownership.begin_capture(self.server, 'off')
        self.assert_refused(failures.InterfaceRefused, 'a snapshot of it')

    def test_no_guest(self):
        ownership.set_state(self.server, ownership.DELETED)
        self.assertRaises(nova_exception.InstanceNotFound, self.attach)

    def test_deleted_since_nova_looked(self):
        before = len(self.connector.writes)
        self.saved[self.server.uuid][parts.STATE] = ownership.DELETED
        self.assertRaises(nova_exception.InstanceNotFound, self.attach)
        self.assertEqual(before, len(self.connector.writes))

    def test_building_since_nova_looked(self):
        self.saved[self.server.uuid][parts.STATE] = ownership.BUILDING
        for verb in (self.attach, lambda: self.detach(self.first)):
            before = len(self.connector.writes)
            exc = self.assertRaises(failures.InterfaceRefused, verb)
            self.assertIn('it is being built', str(exc))
            self.assertEqual(before, len(self.connector.writes))

    def test_port_that_cannot_work(self):
        for port, words in (
                (inmemory.vif(vlan=9), 'has another on VSWITCH1'),
                (inmemory.vif(subnets=[]), 'no IP address'),
                (inmemory.vif(vswitch='GONE'), "no virtual switch 'GONE'")):
            self.assert_refused(nova_exception.InvalidInput, words, port)

    def test_connector_down(self):
        self.connector.faults['guests.power_state'] = [fakes.unreachable()]
        self.assertRaises(failures.ConnectorUnreachable, self.attach)


class UndoTestCase(InterfacesTestCase):
    """An attach that fails leaves nothing."""

    STEPS = ('vswitches.grant', 'guests.create_interface', 'guests.couple')

    def test_refused_steps(self):
        for on in (False, True):
            if on:
                self.power_on()
            for step in self.STEPS:
                self.connector.faults[step] = [fakes.error(operation=step)]
                self.assertRaises(failures.ConnectorFailure, self.attach)
                self.assert_only_first()
                self.assertNotIn('1003', self.guest.live)

    def test_a_grant_that_another_nic_needs_stays(self):
        self.connector.faults['guests.couple'] = [fakes.error()]
        self.assertRaises(failures.ConnectorFailure, self.attach,
                          inmemory.vif())
        self.assert_only_first()

    def test_entry_that_is_locked_for_a_while(self):
        self.connector.faults['guests.couple'] = [fakes.error()]
        self.connector.faults['guests.delete_interface'] = [
            fakes.error(errors.Conflict)]
        self.connector.faults['guests.delete_nic'] = [
            fakes.error(errors.Conflict)] * 3
        self.assertRaises(failures.ConnectorFailure, self.attach)
        self.assert_only_first()
        self.assertEqual(0, self.connector.count('guests.unlock'))

    def test_entry_that_stays_locked(self):
        for scale in (1.0, 2.0):
            self.interfaces = interfaces.Interfaces(
                self.network, self.connector,
                waiting.Patience(self.clock, scale))
            self.connector.calls.clear()
            self.connector.faults['guests.couple'] = [fakes.error()]
            self.connector.faults['guests.delete_interface'] = [
                fakes.error(errors.Conflict)]
            self.connector.faults['guests.delete_nic'] = [
                fakes.error(errors.Conflict)] * 61
            before = self.clock.now
            self.assertRaises(failures.ConnectorFailure, self.attach)
            self.assert_only_first()
            self.assertEqual(1, self.connector.count('guests.unlock'))
            self.assertEqual(300 * scale, self.clock.now - before)

    def test_guest_that_is_stopped_in_the_middle(self):
        def stop(*args):
            self.connector.guests.stop('ABC00001')
            raise fakes.error(errors.Conflict)

        self.power_on()
        self.connector.faults['guests.couple'] = [stop]
        self.assertRaises(failures.ConnectorFailure, self.attach)
        self.assert_only_first()

    def test_configuration_goes_too(self):
        self.connector.faults['guests.couple'] = [fakes.error()]
        self.assertRaises(failures.ConnectorFailure, self.attach)
        self.assertEqual(1, self.connector.count('guests.delete_interface'))

    def test_undo_that_fails_is_done_by_the_next(self):
        for repeat in (self.attach, lambda: self.detach(self.first)):
            self.connector.faults['guests.couple'] = [fakes.error()]
            self.connector.faults['guests.delete_interface'] = [
                fakes.error()]
            self.connector.faults['guests.delete_nic'] = [fakes.unreachable()]
            exc = self.assertRaises(failures.ConnectorFailure, self.attach)
            self.assertNotIsInstance(exc, failures.ConnectorUnreachable)
            self.assertIsNotNone(ownership.unfinished_nic_change(self.server))
            self.assertIn('tries again', self.stdlog.logger.output)
            repeat()
            if repeat == self.attach:
                self.assert_both()
                self.detach(self.port)
        self.assert_nics()

    def test_after_a_kill_the_next_does_it(self):
        def kill(*args):
            raise Killed()

        for step in self.STEPS:
            self.connector.faults[step] = [kill]
            self.assertRaises(Killed, self.attach)
            self.ports.remove(self.port)
            other = inmemory.vif(port_id=uuids.other)
            self.attach(other)
            self.assert_nics(vdev_1000=(uuids.first, 'VSWITCH1'),
                             vdev_1003=(uuids.other, 'VSWITCH1'))
            self.detach(other)


class InterruptedTestCase(InterfacesTestCase):
    """nova-compute died while it attached or detached NIC 1003."""

    def setUp(self):
        super().setUp()
        self.attach()
        ownership.begin_nic_change(
            self.server, pending.NicChange('1003', 'VSWITCH2'))

    def detach_another(self):
        """Detach a port without a NIC, which ends the change and no more."""
        self.interfaces.detach(self.server, inmemory.vif(port_id=uuids.none))

    def test_whole_nic_stays(self):
        self.detach_another()
        self.assert_both()

    def test_whole_nic_of_a_port_that_nova_has_given_up_goes(self):
        self.ports.remove(self.port)
        self.detach_another()
        self.assert_only_first()

    def test_nic_that_is_not_coupled_goes(self):
        del self.guest.couplings['1003']
        self.detach_another()
        self.assert_only_first()

    def test_nic_without_its_statement_goes(self):
        del self.guest.macs['1003']
        self.detach_another()
        self.assert_only_first()

    def test_grant_without_a_nic_goes(self):
        self.connector.nics.delete('ABC00001', '1003')
        self.detach_another()
        self.assert_only_first()
        self.assertEqual(0, self.connector.count('guests.delete_interface'))


class DetachTestCase(InterfacesTestCase):

    def setUp(self):
        super().setUp()
        self.attach()

    def test_the_grant_goes_with_the_last_on_a_switch(self):
        second = inmemory.vif(port_id=uuids.second)
        self.attach(second)
        self.detach(self.port)
        self.assert_nics(vdev_1000=(uuids.first, 'VSWITCH1'),
                         vdev_1006=(uuids.second, 'VSWITCH1'))
        self.detach(second)
        self.assert_only_first()
        self.detach(self.first)
        self.assert_nics()

    def test_the_last_of_a_guest_that_is_on(self):
        self.power_on()
        for port in (self.port, self.first):
            self.detach(port)
        self.assert_nics()
        self.assertEqual({}, self.guest.live)
        # They go with their configuration.
        self.assertEqual(0, self.connector.count('guests.delete_nic'))

    def test_unknown_port(self):
        before = len(self.connector.writes)
        self.interfaces.detach(self.server, inmemory.vif(port_id=uuids.none))
        self.assertEqual(before, len(self.connector.writes))
        self.assert_both()

    def test_linux_that_does_not_answer(self):
        self.power_on()
        self.connector.faults['guests.delete_interface'] = [fakes.error()]
        self.detach(self.port)
        self.assert_only_first()
        self.assertNotIn('1003', self.guest.live)
        self.assertIn('have the configuration of NIC 1003',
                      self.stdlog.logger.output)

    def test_linux_that_is_paused_is_not_asked(self):
        self.power_on()
        ownership.set_paused(self.server, True)
        self.detach(self.port)
        self.assert_only_first()
        self.assertNotIn('1003', self.guest.live)
        self.assertEqual(0, self.connector.count('guests.delete_interface'))

    def test_image_that_is_not_known_any_more(self):
        for key in IMAGE:
            del self.saved[self.server.uuid][key]
        self.detach(self.port)
        self.assert_only_first()

    def test_while_a_capture_may_be_under_way(self):
        ownership.begin_capture(self.server, 'off')
        self.detach(self.port)
        self.assertNotIn('1003', self.guest.nics)

    def test_nic_that_is_left_in_the_running_guest(self):
        self.power_on()

        def delete_in_directory(*args):
            for part in (self.guest.nics, self.guest.nic_ids,
                         self.guest.macs, self.guest.couplings):
                del part['1003']
            raise fakes.error()

        self.connector.faults['guests.delete_interface'] = [
            delete_in_directory]
        self.detach(self.port)
        self.assertNotIn('1003', self.guest.live)
        self.assert_only_first()

    def test_switch_that_is_gone(self):
        del self.connector.grants['VSWITCH2']
        self.detach(self.port)
        self.assert_only_first()

    def test_no_guest(self):
        ownership.set_state(self.server, ownership.DELETED)
        self.assertRaises(nova_exception.InstanceNotFound,
                          self.interfaces.detach, self.server, self.port)


class LateTestCase(InterfacesTestCase):
    """Requests whose answer is lost, and which take effect later."""

    def lose(self, operation, effect):
        def lost(*args):
            self.clock.at(30, effect)
            raise fakes.outcome_unknown(operation)

        self.connector.faults[operation] = [lost]

    def forget_nic(self):
        for rows in (self.guest.nics, self.guest.nic_ids,
                     self.guest.couplings):
            rows.pop('1003', None)

    def test_a_nic_that_comes_late_is_removed(self):
        self.lose('guests.create_interface',
                  lambda: self.connector.nics.create(
                      'ABC00001', '1003', uuids.port, self.port['address']))
        self.assertRaises(failures.ConnectorFailure, self.attach)
        self.clock.sleep(60)
        self.assert_only_first()

    def test_a_coupling_that_comes_late_is_removed(self):
        self.lose('guests.couple',
                  lambda: self.guest.couplings.update({'1003': 'VSWITCH2'}))
        self.assertRaises(failures.ConnectorFailure, self.attach)
        self.clock.sleep(60)
        self.assert_only_first()
        self.assertNotIn('1003', self.guest.couplings)

    def test_a_delete_that_comes_late_meets_no_other_nic(self):
        self.attach()
        self.connector.faults['guests.delete_interface'] = [fakes.error()]
        self.lose('guests.delete_nic', self.forget_nic)
        self.assertRaises(failures.ConnectorFailure, self.detach, self.port)
        self.assertNotIn('1003', self.guest.nic_ids)

    def test_a_detach_that_comes_late_is_awaited(self):
        self.attach()
        self.lose('guests.delete_interface', self.forget_nic)
        self.detach(self.port)
        self.assertEqual(0, self.connector.count('guests.delete_nic'))
        self.assert_only_first()

    def test_a_grant_that_is_revoked_late_is_awaited(self):
        self.attach()
        self.lose('vswitches.revoke',
                  lambda: self.connector.grants['VSWITCH2'].clear())
        before = self.clock.now
        self.assertRaises(failures.ConnectorFailure, self.detach, self.port)
        self.assertEqual({}, self.connector.grants['VSWITCH2'])
        self.assertEqual(30, self.clock.now - before)

    def test_a_detach_is_recorded_before_anything_is_changed(self):
        self.attach()
        self.connector.faults['guests.delete_interface'] = [
            lambda *args: self.assertIn(pending.NIC, self.saves[-1])]
        self.detach(self.port)
        self.assertEqual([], self.connector.faults['guests.delete_interface'])
        self.assertNotIn(pending.NIC, self.saves[-1])
