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

"""What is adopted, what is told of it, and what is refused."""

from nova.compute import vm_states
from nova import exception as nova_exception
from nova.network import model
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.operations import adoption
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory

SIZES = {'vcpus': 2, 'memory_mb': 4096}
# Of ten GiB.
CYLINDERS = 14564


class AdoptionTestCase(inmemory.ZVMTestCase):
    """A server with one port, and its guest as nova's own driver made it."""

    def setUp(self):
        super().setUp()
        self.guest = self.connector.put_guest(
            'ABC00001', definition=dict(SIZES), disk_size=CYLINDERS,
            power='on')
        self.ports = [inmemory.vif()]
        self.put_nic('1000', self.ports[0])
        self.claims = {}

    def put_nic(self, vdev, vif, vlan=None, vswitch='VSWITCH1'):
        self.connector.nics.create('ABC00001', vdev, vif['id'],
                                   vif['address'])
        self.guest.nics[vdev] = vif
        if vswitch:
            self.connector.nics.couple('ABC00001', vdev, vswitch)
            self.connector.grants[vswitch]['ABC00001'] = vlan or 1

    def server(self, vm_state=vm_states.ACTIVE, task_state=None, **fields):
        instance = self.instance(**{
            'vm_state': vm_state, 'task_state': task_state, 'root_gb': 10,
            **SIZES, **fields})
        instance.get_network_info = lambda: model.NetworkInfo(self.ports)
        return instance

    def adopt(self, instance):
        """Return the Verdict before and after the adoption."""
        self.connector.calls.clear()
        adopting = adoption.Adoption(self.connector, {'physnet2': 'VSWITCH2'},
                                     self.claims)
        verdict = adopting.judge(instance)
        self.assertEqual([], self.saves)
        self.assertEqual([], self.connector.writes)
        if verdict.result == adoption.READY:
            return adopting.adopt(verdict)
        return verdict

    def assert_adopted(self, *told, **server):
        instance = self.server(**server)
        verdict = self.adopt(instance)
        self.assertEqual(adoption.ADOPTED, verdict.result, verdict.details)
        self.assertEqual('ABC00001', ownership.claimed_userid(instance))
        self.assertEqual(ownership.BUILT, ownership.state(instance))
        self.assertEqual([], self.connector.writes)
        self.assertEqual(
            ['NIC 1000 is of port %s.' % uuids.port, *told],
            verdict.details.replace('. ', '.|').split('|'))

    def assert_refused(self, *words, **server):
        instance = self.server(**server)
        verdict = self.adopt(instance)
        self.assertEqual(adoption.REFUSED, verdict.result)
        for word in words:
            self.assertIn(word, verdict.details)
        self.assertTrue(verdict.details.endswith('.'))
        self.assertIsNone(ownership.state(instance))
        self.assertEqual([], self.saves)


class WholeTestCase(AdoptionTestCase):

    def test_all_as_it_should_be(self):
        self.assert_adopted()

    def test_states_that_have_a_guest(self):
        for vm_state in (vm_states.STOPPED, vm_states.ERROR,
                         vm_states.SHELVED, vm_states.SOFT_DELETED):
            self.assert_adopted(vm_state=vm_state)

    def test_paused(self):
        instance = self.server(vm_states.PAUSED)
        self.adopt(instance)
        self.assertTrue(ownership.is_paused(instance))

    def test_paused_and_gone_down_since(self):
        self.guest.power = 'off'
        instance = self.server(vm_states.PAUSED)
        self.adopt(instance)
        self.assertFalse(ownership.is_paused(instance))

    def test_what_is_on_record(self):
        instance = self.instance(ownership.BUILT)
        self.saves.clear()
        verdict = self.adopt(instance)
        self.assertEqual((adoption.KNOWN, 'ABC00001'),
                         (verdict.result, verdict.userid))
        self.assertEqual([], self.connector.calls)

    def test_guest_made_anew_since_the_driver_removed_its_own(self):
        """As by an unshelve after the way back to nova's own driver."""
        record = {parts.USERID: 'ABC00009', parts.SINCE: '1',
                  parts.STATE: ownership.DELETED}
        self.assert_adopted(system_metadata=record)

    def test_what_is_asked_of_many(self):
        adopting = adoption.Adoption(self.connector, {}, {})
        self.connector.calls.clear()
        for number in range(3):
            adopting.judge(self.server())
        self.assertEqual(
            {'guests.list': 1, 'guests.nics': 1, 'vswitches.get': 1,
             'guests.directory_entry': 3},
            {name: self.connector.count(name)
             for name in self.connector.operations})


class ToldTestCase(AdoptionTestCase):
    """What differs, and is still the server's."""

    def test_sizes(self):
        self.assert_adopted(
            'It has 2 processors, the flavor 4.',
            'It has 4096 MiB of storage, the flavor 8192.',
            'Its root disk has 14564 cylinders, the flavor 20 GiB.',
            vcpus=4, memory_mb=8192, root_gb=20)

    def test_mac_address_in_capital_letters(self):
        self.ports[:] = [inmemory.vif(mac='02:00:00:AB:CD:EF')]
        self.guest.macs['1000'] = '02:00:00:ab:cd:ef'
        self.assert_adopted()

    def test_size_of_the_image(self):
        self.assert_adopted(root_gb=0)

    def test_no_boot_disk(self):
        self.guest.disks = ['0101']
        self.assert_adopted('Its entry has no minidisk that it is started '
                            'from.')

    def test_port_without_nic(self):
        self.ports.append(inmemory.vif(uuids.other, mac='02:00:00:00:00:02'))
        self.assert_adopted('Port %s has no NIC.' % uuids.other)

    def test_nic_without_port(self):
        self.put_nic('1003',
                     inmemory.vif(uuids.other, mac='02:00:00:00:00:02'))
        self.assert_adopted('NIC 1003 is of no port of the server.')

    def test_not_coupled(self):
        self.guest.couplings.clear()
        self.assert_adopted(
            'NIC 1000 is coupled to no virtual switch: the server is not on '
            'that network until it is rebuilt.')

    def test_coupled_to_another_switch(self):
        self.ports[0]['network']['meta']['physical_network'] = 'physnet2'
        self.assert_adopted(
            'NIC 1000 is coupled to VSWITCH1, and its port is for VSWITCH2: '
            'bind the port again or set [zvm] vswitch_mappings before a '
            'rebuild.')

    def test_switch_in_small_letters(self):
        self.guest.couplings['1000'] = 'vswitch1'
        self.assert_adopted()

    def test_switch_that_is_gone(self):
        self.connector.grants.clear()
        self.assert_adopted('NIC 1000 is coupled to VSWITCH1, which z/VM '
                            'does not have.')

    def test_vlan_that_the_binding_does_not_tell(self):
        self.connector.grants['VSWITCH1']['ABC00001'] = 100
        self.assert_adopted(
            'NIC 1000 is in VLAN 100 of VSWITCH1, and its port in none: bind '
            'the port again before a rebuild.')

    def test_another_vlan(self):
        self.connector.grants['VSWITCH1']['ABC00001'] = 100
        self.ports[0]['details'] = {'vlan': 200}
        self.assert_adopted(
            'NIC 1000 is in VLAN 100 of VSWITCH1, and its port in VLAN 200: '
            'bind the port again before a rebuild.')

    def test_the_same_vlan(self):
        self.connector.grants['VSWITCH1']['ABC00001'] = 100
        self.ports[0]['details'] = {'vlan': 100}
        self.assert_adopted()

    def test_switch_without_vlans(self):
        self.patch(self.connector.vswitches, 'get', lambda name: (
            models.Vswitch(name, '', '', False, {'ABC00001': ()}, {})))
        self.assert_adopted()


class RefusedTestCase(AdoptionTestCase):

    def test_task(self):
        self.assert_refused("not finished the task 'powering-off'",
                            'reset the state',
                            task_state='powering-off')

    def test_building(self):
        self.assert_refused('its boot has not ended', 'delete the server',
                            vm_state=vm_states.BUILDING)

    def test_states_that_only_other_drivers_know(self):
        for vm_state in (vm_states.RESIZED, vm_states.RESCUED,
                         vm_states.SUSPENDED):
            self.assert_refused("the state '%s'" % vm_state,
                                vm_state=vm_state)

    def test_guest_of_another_server(self):
        other = self.instance(ownership.BUILT, uuid=uuids.another)
        self.claims = {'ABC00001': other}
        self.assert_refused('on record as that of server %s' % uuids.another)

    def test_no_guest(self):
        self.connector.zvm.clear()
        self.assert_refused('z/VM has no guest ABC00001', 'rebuild or delete')

    def test_guest_that_only_the_directory_has(self):
        self.guest.known = False
        self.assert_refused('the connector does not know it', 'register_vm')

    def test_name_that_the_connector_does_not_take(self):
        self.connector.faults['guests.directory_entry'] = [
            fakes.error(errors.BadRequest)]
        self.assert_refused('z/VM has no guest ABC00001', 'rebuild or delete')

    def test_row_that_only_the_connector_has(self):
        self.guest.in_directory = False
        self.assert_refused('z/VM has no guest ABC00001')

    def test_guest_of_the_same_name_and_size(self):
        for part in (self.guest.nics, self.guest.nic_ids, self.guest.macs,
                     self.guest.couplings):
            part.clear()
        self.assert_refused('nothing shows that guest ABC00001 is this',
                            'no NIC of it has')

    def test_rows_that_an_earlier_guest_of_the_name_left(self):
        self.guest.macs['1000'] = '02:00:00:00:00:99'
        self.assert_refused('nothing shows')

    def test_mac_address_alone(self):
        self.guest.nic_ids['1000'] = uuids.another
        self.assert_refused('nothing shows')

    def test_port_that_another_guest_has(self):
        """Whose NIC has the number that the MAC address has in this one."""
        self.guest.nic_ids['1000'] = uuids.another
        self.connector.put_guest('OTHER')
        self.connector.nics.create('OTHER', '1000', uuids.port,
                                   self.ports[0]['address'])
        self.connector.zvm['OTHER'].nics['1000'] = self.ports[0]
        self.assert_refused('nothing shows')

    def test_no_port(self):
        self.ports.clear()
        self.assert_refused('nothing shows', 'the server has no port')

    def test_changed_meanwhile(self):
        for error in (nova_exception.UnexpectedTaskStateError(
                instance_uuid=uuids.instance, expected='', actual=''),
                nova_exception.InstanceNotFound(instance_id=uuids.instance)):
            instance = self.server()
            adopting = adoption.Adoption(self.connector, {}, {})
            verdict = adopting.judge(instance)

            def save(expected_task_state, error=error):
                raise error

            instance.save = save
            verdict = adopting.adopt(verdict)
            self.assertEqual(adoption.REFUSED, verdict.result)
            self.assertIn('changed or deleted meanwhile', verdict.details)
            self.assertIsNone(ownership.state(instance))
