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

"""Virtual switches: made, granted, revoked, asked about."""

from zvm_simulator.tests.support import simulated

CREATE = 'Virtual_Network_Vswitch_Create_Extended'
DELETE = 'Virtual_Network_Vswitch_Delete_Extended'
QUERY = 'Virtual_Network_Vswitch_Query_Extended'
SET = 'Virtual_Network_Vswitch_Set_Extended'


class VswitchQueries(simulated.SimulatorTestCase):

    def set(self, *keys):
        words = [word for key in keys for word in ('-k', key)]
        return (SET, '-T', simulated.CONNECTOR, *words, '-k', 'persist=YES')

    def query(self, name):
        lines = self.smcli(QUERY, '-T', simulated.CONNECTOR, '-k',
                           f'switch_name={name}').splitlines()
        return [line.partition(':')[::2] for line in lines]

    def values(self, name, key):
        return [value.strip() for found, value in self.query(name)
                if found.strip() == key]


class VswitchTestCase(VswitchQueries):

    def test_create_and_delete(self):
        self.smcli(CREATE, '-T', 'ZCCSRV', '-k', 'switch_name=VSW9', '-k',
                   'real_device_address=1111 2222', '-k', 'vlan_id=AWARE',
                   '-k', 'native_vlanid=1')
        self.assertEqual(['1111', '2222'],
                         self.values('VSW9', 'real_device_address'))
        self.assertEqual(['AWARE'], self.values('VSW9', 'vlan_awareness'))
        self.assert_refused((212, 36), CREATE, '-T', 'ZCCSRV', '-k',
                            'switch_name=VSW9')
        self.smcli(DELETE, '-T', 'ZCCSRV', '-k', 'switch_name=VSW9')
        self.assert_refused((212, 40), DELETE, '-T', 'ZCCSRV', '-k',
                            'switch_name=VSW9')

    def test_only_a_switch_of_ip_addresses_routes(self):
        for transport, routing, told in (
                ('ETHERNET', 'PRIROUTER', 'NA'), ('IP', 'PRIROUTER',
                                                  'PRIROUTER'),
                ('IP', '', 'NONROUTER')):
            words = ('-k', f'routing_value={routing}') if routing else ()
            self.smcli(CREATE, '-T', 'ZCCSRV', '-k', 'switch_name=VSW9',
                       '-k', f'transport_type={transport}', *words)
            self.assertEqual([told], self.values('VSW9', 'routing_value'))
            self.smcli(DELETE, '-T', 'ZCCSRV', '-k', 'switch_name=VSW9')

    def test_twenty_one_basic_values(self):
        names = [name.strip() for name, _ in self.query('VSW1')]
        self.assertEqual('switch_name', names[0])
        self.assertEqual(['VLAN_counters', 'vepa_status'], names[20:22])

    def test_list(self):
        self.assertEqual(
            'VSWITCH:  Name: VSW1\nVSWITCH:  Name: VSW2\n',
            self.smcli('Virtual_Network_Vswitch_Query', '-T', 'ZCCSRV',
                       '-s', '*'))

    def test_grants(self):
        self.smcli(*self.set('switch_name=VSW1', 'grant_userid=GUEST1'))
        self.smcli(*self.set('grant_userid=GUEST1', 'switch_name=VSW1',
                             'user_vlan_id=100'))
        self.smcli(*self.set('switch_name=VSW1', 'grant_userid=GUEST1'))
        self.assertEqual(['GUEST1'], self.values('VSW1', 'grant_userid'))
        self.assertEqual(['100'], self.values('VSW1', 'user_vlan_id'))
        self.smcli(*self.set('grant_userid=GUEST1', 'switch_name=VSW1',
                             'user_vlan_id=200'))
        self.assertEqual(['200'], self.values('VSW1', 'user_vlan_id'))
        self.smcli(*self.set('switch_name=VSW1', 'revoke_userid=GUEST1'))
        self.assertEqual([], self.values('VSW1', 'grant_userid'))

    def test_revoke_is_repeatable(self):
        self.smcli(*self.set('switch_name=VSW1', 'revoke_userid=GUEST1'))

    def test_vlan_on_a_switch_that_knows_none(self):
        self.assert_refused((396, 2846), *self.set(
            'switch_name=VSW2', 'grant_userid=GUEST1', 'user_vlan_id=100'))
        self.assertEqual([], self.values('VSW2', 'grant_userid'))

    def test_vlan_out_of_range(self):
        self.assert_refused((396, 2838), *self.set(
            'switch_name=VSW1', 'grant_userid=GUEST1', 'user_vlan_id=4095'))
        self.assert_refused((24, 0), *self.set(
            'switch_name=VSW1', 'grant_userid=GUEST1', 'user_vlan_id=x'))

    def test_unknown_switch(self):
        for change in ('grant_userid=GUEST1', 'revoke_userid=GUEST1'):
            self.assert_refused((212, 40), *self.set('switch_name=NOVSW',
                                                     change))
        self.assert_refused((212, 40), *self.set('switch_name=',
                                                 'revoke_userid=GUEST1'))
        self.assert_refused((212, 40), QUERY, '-T', 'ZCCSRV', '-k',
                            'switch_name=NOVSW')

    def test_uplink(self):
        self.smcli(*self.set('switch_name=VSW1',
                             'connection_value=DISCONNECT',
                             'real_device_address=0B00'))
        self.assertEqual(['1'], self.values('VSW1', 'switch_status'))
        self.assertEqual(['0B00'],
                         self.values('VSW1', 'real_device_address'))


class CoupledTestCase(VswitchQueries):

    def setUp(self):
        super().setUp()
        self.create(text=simulated.ENTRY + 'NICDEF 1000 TYPE QDIO DEVICES 3 '
                    'MACID AABBCC LAN SYSTEM VSW2\n')
        self.grant()
        self.smcli('Image_Activate', '-T', 'GUEST1')

    def test_adapter_is_seen(self):
        self.assertEqual(['GUEST1'], self.values('VSW2', 'adapter_owner'))
        self.assertEqual(['02-00-00-AA-BB-CC'],
                         self.values('VSW2', 'adapter_macaddr'))

    def test_revoke_uncouples(self):
        self.smcli(*self.set('switch_name=VSW2', 'revoke_userid=GUEST1'))
        self.assertEqual('', self.guest()['nics'][0]['switch'])

    def test_delete_uncouples(self):
        self.smcli(DELETE, '-T', 'ZCCSRV', '-k', 'switch_name=VSW2')
        self.assertEqual('', self.guest()['nics'][0]['switch'])

    def test_counters_have_their_places(self):
        lines = self.smcli('Virtual_Network_Vswitch_Query_Byte_Stats', '-T',
                           'ZCCSRV', '-T', 'ZCCSRV', '-k',
                           'switch_name=*').splitlines()
        self.assertEqual(['vswitch count: 2', ''], lines[:2])
        # number, name, uplinks of nine lines each, eight lines of bridge
        self.assertEqual('vswitch name: VSW1', lines[3])
        self.assertEqual('uplink count: 1', lines[4])
        self.assertEqual('nic count: 0', lines[5 + 9 + 8])
        self.assertIn('nic_id: GUEST1 1000', lines)
