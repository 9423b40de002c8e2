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

from nova_zvm.connector import models
from nova_zvm.operations import diagnostics
from nova_zvm.record import ownership
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory

FAILED = (8, 212, 8)


class DiagnosticsTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.diagnostics = diagnostics.Diagnostics(self.connector)
        self.built = self.instance(ownership.BUILT)
        self.vm = self.connector.put_guest(
            'ABC00001', power='on',
            live={'1000': '02:00:00:12:34:56', '1003': '02:00:00:ab:cd:ef'},
            counters=[models.NicCounters('1000', *range(1, 9))])
        self.patch(objects.BlockDeviceMappingList, 'get_by_instance_uuid',
                   lambda *_: [objects.BlockDeviceMapping()] * 2)

    def get(self):
        return self.diagnostics.get(self.built)

    def assert_raises_either_way(self, cls):
        for get in (self.diagnostics.get, self.diagnostics.get_flat):
            exc = self.assertRaises(cls, get, self.built)
        return exc

    def test_all_that_there_is(self):
        result = self.get()
        self.assertEqual(
            ('running', 'zvm', 'z/VM'),
            (result.state, result.hypervisor, result.hypervisor_os))
        self.assertFalse(result.obj_attr_is_set('driver'))
        self.assertFalse(result.obj_attr_is_set('uptime'))
        self.assertEqual((4096, 256), (result.memory_details.maximum,
                                       result.memory_details.used))
        self.assertEqual((2, 2, 2), (result.num_cpus, result.num_nics,
                                     result.num_disks))

    def test_config_drive(self):
        for value, expected in (('', False), ('True', True)):
            self.built.config_drive = value
            self.assertIs(expected, self.get().config_drive)

    def test_counters(self):
        first, second = self.get().nic_details
        self.assertEqual('02:00:00:12:34:56', first.mac_address)
        self.assertEqual(
            list(range(1, 9)),
            [first.rx_octets, first.rx_packets, first.rx_drop,
             first.rx_errors, first.tx_octets, first.tx_packets,
             first.tx_drop, first.tx_errors])

    def test_nic_without_counters(self):
        second = self.get().nic_details[1]
        self.assertEqual('02:00:00:ab:cd:ef', second.mac_address)
        self.assertIsNone(second.rx_octets)
        self.assertIsNone(second.tx_errors)

    def test_nic_without_mac(self):
        self.vm.live['1000'] = ''
        self.assertIsNone(self.get().nic_details[0].mac_address)

    def test_processor_time_is_that_of_all(self):
        self.assertEqual([(0, None), (1, None)],
                         [(cpu.id, cpu.time) for cpu in
                          self.get().cpu_details])
        self.vm.usage = models.Usage(1, 5419, 0)
        self.assertEqual([(0, 5419000)],
                         [(cpu.id, cpu.time) for cpu in
                          self.get().cpu_details])

    def test_paused(self):
        ownership.set_paused(self.built, True)
        self.assertEqual('paused', self.get().state)

    def test_flat(self):
        self.assertEqual(
            {'cpus': 2, 'cpu_time': 5419000, 'memory': 4194304,
             'memory-used': 262144,
             'nic1000_mac': '02:00:00:12:34:56',
             'nic1000_rx': 1, 'nic1000_rx_packets': 2, 'nic1000_rx_drop': 3,
             'nic1000_rx_errors': 4, 'nic1000_tx': 5,
             'nic1000_tx_packets': 6, 'nic1000_tx_drop': 7,
             'nic1000_tx_errors': 8, 'nic1003_mac': '02:00:00:ab:cd:ef'},
            self.diagnostics.get_flat(self.built))

    def test_three_requests(self):
        for get in (self.diagnostics.get, self.diagnostics.get_flat):
            self.connector.calls.clear()
            get(self.built)
            self.assertEqual(
                ['guests.stats', 'guests.adapters',
                 'guests.interface_stats'], self.connector.operations)

    def test_without_nics(self):
        self.vm.live, self.vm.counters = {}, []
        self.assertEqual([], self.get().nic_details)

    def test_off(self):
        self.vm.power = 'off'
        self.assert_raises_either_way(nova_exception.InstanceNotReady)

    def test_off_since_the_connector_has_asked(self):
        """Figures of its cache outlast the guest."""
        self.vm.live = {}
        self.connector.faults['guests.adapters'] = [
            lambda *_: setattr(self.vm, 'power', 'off')]
        self.assertRaises(nova_exception.InstanceNotReady, self.get)

    def test_nics_that_cannot_be_asked_for_are_not_left_out(self):
        self.connector.faults['guests.adapters'] = [
            fakes.error(operation='guests.adapters', rc=FAILED)] * 2
        self.assert_raises_either_way(nova_exception.InstanceNotReady)

    def test_without_a_guest(self):
        del self.connector.zvm['ABC00001']
        self.assert_raises_either_way(nova_exception.InstanceNotFound)

    def test_without_connector(self):
        self.connector.faults['guests.stats'] = [fakes.unreachable()] * 2
        exc = self.assert_raises_either_way(nova_exception.InstanceNotReady)
        self.assertIn(str(fakes.unreachable()), str(exc))

    def test_of_an_instance_without_the_mark_asks_nobody(self):
        self.built = self.instance()
        self.assert_raises_either_way(nova_exception.InstanceNotFound)
        self.assertEqual([], self.connector.calls)
