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

"""Diagnostics of servers, as nova's users see them, and what they cost."""

from nova.api.openstack.compute.schemas import server_diagnostics as schemas
from nova.tests.functional.api import client as api_client

from nova_zvm.connector import client
from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import meter

# The connector makes sure that a guest is not on another member
# (zvmsdk/api.py check_guest_exist, 1.6.3).
GUARD = ['q', 'q']
COUNTERS = ['%s_%s' % (way, what) for way in ('rx', 'tx')
            for what in ('octets', 'packets', 'drop', 'errors')]


class DiagnosticsTest(cloud.ZVMTestCase):
    """A server with a NIC on each of two virtual switches."""

    def setUp(self):
        super().setUp()
        # nova's answer does not match its own schema for a driver that it
        # does not know. This is the default of the option.
        self.flags(response_validation='warn', group='api')
        self.provide_vlan_network('other')
        self.server = self.boot(networks=[
            {'port': self.neutron.port_1['id']},
            {'port': self.make_vlan_port()['id']}], config_drive=True)

    def configure(self):
        super().configure()
        self.flags(vswitch_mappings={'other': 'vsw1'}, group='zvm')

    def connector(self):
        return client.Connector(self.zvm.url, token_file=self.zvm.token_file)

    def get(self, version='2.48'):
        self.api.microversion = version
        return self.api.get_server_diagnostics(self.server['id'])

    def macs(self):
        """Return the MAC addresses that z/VM has given the NICs."""
        return [':'.join(nic['mac'].lower()[place:place + 2]
                         for place in range(0, 12, 2))
                for nic in self.guest(self.server)['nics']]

    def traffic(self):
        """Return what the connector tells of each NIC, by its number."""
        return {nic.vdev: nic for nic in
                self.connector().telemetry.nic_counters(
                    [self.userid(self.server)])[self.userid(self.server)]}

    def uncouple_second(self):
        answer = self.zvm.machine.execute('ZVMSYS1', [
            'smcli', 'Virtual_Network_Adapter_Disconnect', '-T',
            self.userid(self.server), '-v', '1003'])
        self.assertEqual(0, answer.status, answer.output)

    def pause(self):
        """Let the guest's figures rest."""
        answer = self.zvm.machine.execute('ZVMSYS1', [
            'smcli', 'Image_Pause', '-T', self.userid(self.server), '-k',
            'PAUSE=YES'])
        self.assertEqual(0, answer.status, answer.output)

    def refused(self, version='2.48'):
        return self.assertRaises(api_client.OpenStackApiException, self.get,
                                 version).response.status_code

    def test_of_a_running_server(self):
        self.zvm.simulator.clock.advance(3600)
        found = self.get()
        self.assertEqual(
            {'state': 'running', 'driver': None, 'hypervisor': 'zvm',
             'hypervisor_os': 'z/VM', 'uptime': None, 'config_drive': True,
             'num_cpus': 1, 'num_nics': 2, 'num_disks': 1},
            {name: found[name] for name in found
             if not name.endswith('_details')})
        self.assertEqual({'maximum': 1024, 'used': 256},
                         found['memory_details'])
        [cpu] = found['cpu_details']
        # Two per cent of an hour, in nanoseconds.
        self.assertGreater(cpu['time'], 72 * 10 ** 9)
        self.assert_cheap()
        self.assert_nics()
        self.assert_refused_where_nova_checks_its_answer()

    def assert_refused_where_nova_checks_its_answer(self):
        """This turns red once nova knows the driver: see upstream.rst."""
        # nova 31 has no schema.
        if hasattr(schemas, 'index_response_v248'):
            self.flags(response_validation='error', group='api')
            self.assertEqual(400, self.refused())
            self.assertIn('cpu_time', self.get('2.47'))

    def assert_nics(self):
        self.pause()
        traffic = self.traffic()
        nics = self.get()['nic_details']
        self.assertEqual(self.macs(), [nic['mac_address'] for nic in nics])
        self.assertEqual('02:00:00:4c:2c:30', nics[0]['mac_address'])
        for nic, vdev in zip(nics, ('1000', '1003'), strict=True):
            wanted = traffic[vdev]
            self.assertEqual(
                [wanted.rx_bytes, wanted.rx_frames, 0, 0, wanted.tx_bytes,
                 wanted.tx_frames, 0, 0], [nic[name] for name in COUNTERS])
            self.assertGreater(nic['rx_octets'], nic['tx_octets'])
            self.assertGreater(nic['tx_octets'], nic['rx_packets'])
            self.assertGreater(nic['rx_packets'], nic['tx_packets'])
            self.assertGreater(nic['tx_packets'], 0)

    def test_what_a_server_lacks(self):
        self.zvm.simulator.clock.advance(3600)
        self.uncouple_second()
        self.assert_second_is_not_coupled()

        self.server = self.boot(networks='none')
        self.assertEqual([], self.get()['nic_details'])
        self.assertFalse(self.get()['config_drive'])

    def assert_second_is_not_coupled(self):
        first, second = self.get()['nic_details']
        self.assertIsNotNone(first['rx_octets'])
        self.assertEqual(self.macs()[1], second['mac_address'])
        self.assertEqual([None] * len(COUNTERS),
                         [second[name] for name in COUNTERS])

        # By an old microversion.
        found = self.get('2.47')
        self.assertEqual(
            {'cpus', 'cpu_time', 'memory', 'memory-used', 'nic1000_mac',
             'nic1000_rx', 'nic1000_rx_packets', 'nic1000_rx_errors',
             'nic1000_rx_drop', 'nic1000_tx', 'nic1000_tx_packets',
             'nic1000_tx_errors', 'nic1000_tx_drop', 'nic1003_mac'},
            set(found))
        self.assertEqual((1, 1048576, 262144),
                         (found['cpus'], found['memory'],
                          found['memory-used']))
        self.assertEqual(self.macs(),
                         [found['nic1000_mac'], found['nic1003_mac']])
        self.assertGreater(found['nic1000_rx'], found['nic1000_tx'])

    def test_refused(self):
        self.zvm.engine.faults.add({
            'match': {'command': 'Virtual_Network_Adapter_Query_Extended'},
            'action': {'rc': 212, 'rs': 8, 'text': 'not now'}})
        for version in ('2.1', '2.48'):
            self.assertEqual(409, self.refused(version))
        self.zvm.engine.faults.clear()

        # While the connector is down.
        self.addCleanup(self.zvm.simulator.member.start)
        self.zvm.simulator.member.kill()
        for version in ('2.1', '2.48'):
            self.assertEqual(409, self.refused(version))
        self.zvm.simulator.member.start()
        self.assertEqual('running', self.get()['state'])

        self._stop_server(self.server)
        for version in ('2.1', '2.48'):
            self.assertEqual(409, self.refused(version))

    def assert_cheap(self):
        for version, verb in (('2.1', 'get_diagnostics'),
                              ('2.48', 'get_instance_diagnostics')):
            with meter.Meter(self.zvm.engine.log).calls_of(
                    self.driver, verb) as calls:
                self.get(version)
            usage = calls.total()
            self.assertEqual(3, len(usage.requests), usage.requests)
            # The connector looks whether the guest is known and on, and lists
            # those that it has measured.
            self.assertEqual(
                GUARD + ['query user', 'Name_List_Query', 'query userid',
                         'System_Image_Performance_Query',
                         'Virtual_Network_Adapter_Query_Extended'] +
                GUARD + ['query user', 'query userid',
                         'Virtual_Network_Vswitch_Query_Byte_Stats'],
                usage.commands)
