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

"""Network adapters: in the directory, and on running guests."""

from zvm_simulator.tests.support import simulated

CREATE_DM = 'Virtual_Network_Adapter_Create_Extended_DM'
CREATE = 'Virtual_Network_Adapter_Create_Extended'
CONNECT = 'Virtual_Network_Adapter_Connect_Vswitch'
DISCONNECT = 'Virtual_Network_Adapter_Disconnect'
DELETE = 'Virtual_Network_Adapter_Delete'


def nic_options(vdev='1000', *more):
    return ('-T', 'GUEST1', '-k', f'image_device_number={vdev}', '-k',
            'adapter_type=QDIO', *more)


class DefinedTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()

    def last_line(self):
        return self.machine.directory_text('GUEST1').splitlines()[-1]

    def test_statement(self):
        self.smcli(CREATE_DM, *nic_options('a03', '-k', 'mac_id=aabbcc'))
        self.assertEqual('NICDEF 0A03 TYPE QDIO DEVICES 3 MACID AABBCC',
                         self.last_line())
        self.smcli(DELETE + '_DM', '-T', 'GUEST1', '-v', 'a03')
        self.assertNotIn('NICDEF', self.machine.directory_text('GUEST1'))

    def test_adapter_takes_three_device_numbers(self):
        self.smcli(CREATE_DM, *nic_options('1000'))
        for vdev in ('0FFE', '1000', '1001', '1002'):
            self.assert_refused((404, 4), CREATE_DM, *nic_options(vdev))
        self.smcli(CREATE_DM, *nic_options('1003'))

    def test_number_that_is_there_is_left_alone_on_a_running_guest(self):
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.smcli(CREATE, *nic_options('1000'))
        for vdev in ('0FFE', '1002'):
            self.assert_refused((204, 4), CREATE, *nic_options(vdev))

    def test_disconnect(self):
        self.smcli(CREATE_DM, *nic_options('1000'))
        self.smcli('Virtual_Network_Adapter_Connect_Vswitch_DM', '-T',
                   'GUEST1', '-v', '1000', '-n', 'VSW1')
        self.assertTrue(self.last_line().endswith('LAN SYSTEM VSW1'))
        self.smcli(DISCONNECT + '_DM', '-T', 'GUEST1', '-v', '1000')
        self.assertEqual('NICDEF 1000 TYPE QDIO DEVICES 3',
                         self.last_line())
        self.assert_refused((212, 32), DISCONNECT + '_DM', '-T', 'GUEST1',
                            '-v', '1000')

    def test_refusals(self):
        for api in (DELETE + '_DM', DISCONNECT + '_DM'):
            self.assert_refused((404, 8), api, '-T', 'GUEST1', '-v', '1000')
        self.assert_refused((24, 0), CREATE_DM, '-T', 'GUEST1', '-k',
                            'adapter_type=QDIO')
        self.assert_refused((24, 0), CREATE_DM, *nic_options('xyz'))
        self.assert_refused((400, 4), CREATE_DM, '-T', 'NOSUCH',
                            *nic_options()[2:])


class LogonTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()
        self.smcli(CREATE_DM, *nic_options('1000', '-k', 'mac_id=aabbcc'))

    def connect(self, switch, more=''):
        text = self.machine.directory_text('GUEST1')
        self.smcli('Image_Lock_DM', '-T', 'GUEST1')
        self.smcli('Image_Replace_DM', '-T', 'GUEST1', '-f', self.file(
            'entry', f'{text}NICDEF 1000 LAN SYSTEM {switch}{more}\n'))

    def nic(self):
        self.smcli('Image_Activate', '-T', 'GUEST1')
        return self.guest()['nics'][0]

    def ports(self, switch):
        member = self.machine.state()['members'][simulated.MEMBER]
        return member['vswitches'][switch]['ports']

    def test_granted_guest_is_coupled(self):
        self.connect('VSW2')
        self.grant()
        self.assertEqual({'vdev': '1000', 'mac': '020000AABBCC',
                          'switch': 'VSW2', 'vlan': None}, self.nic())
        self.assertEqual(['GUEST1'], [port['userid']
                                      for port in self.ports('VSW2')])

    def test_guest_without_grant_is_not(self):
        self.connect('VSW2')
        self.assertEqual('', self.nic()['switch'])
        self.assertIn('not authorized', '\n'.join(self.guest()['console']))

    def test_unknown_switch(self):
        self.connect('NOVSW')
        self.assertEqual('', self.nic()['switch'])
        self.assertIn('does not exist', '\n'.join(self.guest()['console']))

    def test_vlan_of_the_grant(self):
        self.connect('VSW1', ' VLAN 200 PORTTYPE ACCESS')
        self.grant('GUEST1', 'VSW1', '-k', 'user_vlan_id=100')
        self.assertEqual(100, self.nic()['vlan'])

    def test_vlan_of_the_entry(self):
        self.connect('VSW1', ' VLAN 200 PORTTYPE ACCESS')
        self.grant('GUEST1', 'VSW1')
        self.assertEqual(200, self.nic()['vlan'])

    def test_logoff_frees_the_port(self):
        self.connect('VSW2')
        self.grant()
        self.nic()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
        self.assertEqual([], self.ports('VSW2'))


class DirectoryAuthorityTestCase(simulated.SimulatorTestCase):

    scenario = {'directory': {'network_authorization': True}}

    def test_statement_is_the_authority(self):
        self.create(text=simulated.ENTRY + 'NICDEF 1000 TYPE QDIO DEVICES 3 '
                    'LAN SYSTEM VSW1 VLAN 300\n')
        self.smcli('Image_Activate', '-T', 'GUEST1')
        [nic] = self.guest()['nics']
        self.assertEqual(('VSW1', 300), (nic['switch'], nic['vlan']))

    def test_running_adapter(self):
        self.create()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.smcli(CREATE_DM, *nic_options())
        self.smcli(CREATE, *nic_options())
        self.assert_refused((212, 8), CONNECT, '-T', 'GUEST1', '-v', '1000',
                            '-n', 'VSW2')
        self.smcli(CONNECT + '_DM', '-T', 'GUEST1', '-v', '1000', '-n',
                   'VSW2')
        self.smcli(CONNECT, '-T', 'GUEST1', '-v', '1000', '-n', 'VSW2')


class RunningTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()
        self.smcli('Image_Activate', '-T', 'GUEST1')

    def test_adapter_comes_and_goes(self):
        self.smcli(CREATE, *nic_options())
        self.grant()
        self.smcli(CONNECT, '-T', 'GUEST1', '-v', '1000', '-n', 'VSW2')
        self.assertEqual('VSW2', self.guest()['nics'][0]['switch'])
        self.assert_refused((204, 20), CONNECT, '-T', 'GUEST1', '-v',
                            '1000', '-n', 'VSW2')
        self.smcli(DISCONNECT, '-T', 'GUEST1', '-v', '1000')
        self.assert_refused((204, 48), DISCONNECT, '-T', 'GUEST1', '-v',
                            '1000')
        self.smcli(DELETE, '-T', 'GUEST1', '-v', '1000')
        self.assertEqual([], self.guest()['nics'])
        self.assertNotIn('NICDEF', self.machine.directory_text('GUEST1'))

    def test_refusals(self):
        self.smcli(CREATE, *nic_options())
        self.assert_refused((204, 4), CREATE, *nic_options('1002'))
        self.assert_refused((212, 8), CONNECT, '-T', 'GUEST1', '-v', '1000',
                            '-n', 'VSW2')
        self.assert_refused((212, 40), CONNECT, '-T', 'GUEST1', '-v',
                            '1000', '-n', 'NOVSW')
        for api in (DELETE, DISCONNECT):
            self.assert_refused((204, 8), api, '-T', 'GUEST1', '-v', '2000')
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.assert_refused((200, 12), CREATE, *nic_options('1003'))

    def test_query(self):
        self.smcli(CREATE, *nic_options())
        lines = self.smcli('Virtual_Network_Adapter_Query_Extended', '-T',
                           'GUEST1', '-k', 'image_device_number=*')
        self.assertIn('adapter_count=1\n', lines)
        self.assertIn('adapter_address=1000\n', lines)
        self.assertIn('adapter_info_end\n', lines)

    def test_real_device(self):
        self.smcli('Image_Device_Dedicate', '-T', 'GUEST1', '-v', '1a00',
                   '-r', '1a00', '-R', '0')
        response = self.smcli('System_WWPN_Query', '-T', 'ZCCSRV',
                              '-k OWNER=YES').split('FCP device number: ')
        self.assertEqual(17, len(response))
        self.assertIn('Owner: GUEST1', response[1])
        self.assertIn('Owner: NONE', response[2])
        self.smcli('Image_Device_Undedicate', '-T', 'GUEST1', '-v', '1a00')
        self.assert_refused((204, 8), 'Image_Device_Undedicate', '-T',
                            'GUEST1', '-v', '1a00')


class StatusTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.bootable()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.smcli(CREATE, *nic_options())

    def status(self):
        response = self.smcli('Virtual_Network_Adapter_Query_Extended', '-T',
                              'GUEST1', '-k', 'image_device_number=1000')
        return response.partition('adapter_status=')[2][:2]

    def test_not_coupled(self):
        self.clock.advance(simulated.BOOT_TIME)
        self.assertEqual('00', self.status())

    def test_coupled(self):
        self.grant()
        self.smcli(CONNECT, '-T', 'GUEST1', '-v', '1000', '-n', 'VSW2')
        self.assertEqual('01', self.status())
        self.clock.advance(simulated.BOOT_TIME)
        self.assertEqual('02', self.status())
