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

"""FCP and OSA devices: who has them, and what CP says when it is not you."""

from zvm_simulator.tests.support import simulated

DEDICATE = 'Image_Device_Dedicate'
UNDEDICATE = 'Image_Device_Undedicate'


def device_options(vdev, real, userid='GUEST1'):
    """Return the options of smtLayer/changeVM.py dedicate."""
    return '-T', userid, '-v', vdev, '-r', real, '-R', '0'


class RealDeviceTestCase(simulated.SimulatorTestCase):

    def devices(self, kind='fcp'):
        member = self.machine.state()['members'][simulated.MEMBER]
        return {device['address']: device
                for device in member[f'{kind}_devices']}

    def state_of(self, address, kind='fcp'):
        device = self.devices(kind)[address]
        return device['status'], device['owner'], device['vdev']

    def assert_cp_refuses(self, number, *words):
        status, output = self.run_command('/sbin/vmcp', *words)
        self.assertEqual(1, status, output)
        self.assertRegex(output, rf'^HCP\w\w\w{number}E ')

    def running(self, userid='GUEST1', more=''):
        self.create(userid, simulated.ENTRY + more)
        self.smcli('Image_Activate', '-T', userid)


class WwpnQueryTestCase(RealDeviceTestCase):

    def records(self, *more):
        lines = [line.strip() for line in self.smcli(
            'System_WWPN_Query', '-T', 'ZCCSRV', *more).splitlines()]
        size = lines.index('FCP device number: 1A01')
        return {lines[at].rpartition(' ')[2]: lines[at:at + size]
                for at in range(0, len(lines), size)}

    def test_six_lines_with_the_owner(self):
        self.running()
        self.smcli(DEDICATE, *device_options('1a06', '1a06'))
        records = self.records('-k OWNER=YES')
        self.assertEqual(16, len(records))
        self.assertEqual([
            'FCP device number: 1A06', 'Status: Active',
            'NPIV world wide port number: C05076DE33001A06',
            'Channel path ID: 27',
            'Physical world wide port number: C05076DE33002E27',
            'Owner: GUEST1'], records['1A06'])
        self.assertEqual(
            ['Status: Free', 'Owner: NONE'],
            [records['1B07'][position] for position in (1, 5)])

    def test_five_lines_without(self):
        self.assertEqual({5}, {len(record)
                               for record in self.records().values()})

    def test_device_that_is_offline(self):
        self.vmcp('vary', 'offline', '1b03')
        self.assertEqual('Status: Offline', self.records()['1B03'][1])
        self.vmcp('vary', 'online', '1b03')
        self.assertEqual('Status: Free', self.records()['1B03'][1])


class DedicateTestCase(RealDeviceTestCase):

    def setUp(self):
        super().setUp()
        self.running()

    def test_a_device_is_with_one_guest(self):
        self.running('GUEST2')
        self.smcli(DEDICATE, *device_options('1a00', '1a00'))
        self.assertEqual(('attached', 'GUEST1', '1A00'),
                         self.state_of('1A00'))
        self.assert_refused((204, 16), DEDICATE, *device_options(
            '1a00', '1a00', 'GUEST2'))
        self.smcli(UNDEDICATE, '-T', 'GUEST1', '-v', '1a00')
        self.smcli(DEDICATE, *device_options('1a00', '1a00', 'GUEST2'))
        self.assertEqual('GUEST2', self.state_of('1A00')[1])

    def test_logoff_gives_it_back(self):
        self.smcli(DEDICATE, *device_options('1a00', '1a00'))
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.assertEqual(('free', '', ''), self.state_of('1A00'))

    def test_refusals(self):
        self.smcli(DEDICATE, *device_options('1a00', '1a00'))
        self.vmcp('vary', 'offline', '1a07')
        for reason, options in (
                (4, device_options('1a00', '1a01')),
                (8, device_options('1aff', '1aff')),
                (16, device_options('1a01', '1a00')),
                (16, device_options('1a07', '1a07'))):
            with self.subTest(options=options):
                self.assert_refused((204, reason), DEDICATE, *options)
        self.create('GUEST2')
        self.assert_refused((200, 12), DEDICATE, *device_options(
            '1a02', '1a02', 'GUEST2'))
        self.assert_refused((24, 0), DEDICATE, '-T', 'GUEST1', '-v', '1a02')

    def test_undedicate_refusals(self):
        self.assert_refused((204, 8), UNDEDICATE, '-T', 'GUEST1', '-v',
                            '1a00')
        self.create('GUEST2')
        self.assert_refused((200, 12), UNDEDICATE, '-T', 'GUEST2', '-v',
                            '1a00')

    def test_owner_survives_a_restart(self):
        self.smcli(DEDICATE, *device_options('1a00', '1a00'))
        self.vmcp('vary', 'offline', '1a07')
        self.machine.close()
        self.machine = self.start()
        self.assertEqual('GUEST1', self.state_of('1A00')[1])
        self.assertEqual('offline', self.state_of('1A07')[0])


class LogonTestCase(RealDeviceTestCase):

    def console(self, userid='GUEST1'):
        return '\n'.join(self.guest(userid)['console'])

    def test_devices_of_the_entry(self):
        self.running(more='DEDICATE 0500 1A00\nDEDICATE 0501 1B00\n')
        self.assertEqual({'0500': '1A00', '0501': '1B00'},
                         self.guest()['dedicated'])
        self.assertEqual(('attached', 'GUEST1', '0500'),
                         self.state_of('1A00'))

    def test_logon_goes_on_without_what_is_not_free(self):
        self.running('OTHER', more='DEDICATE 1A00 1A00\n')
        self.vmcp('vary', 'offline', '1a01')
        self.running(more='DEDICATE 1A00 1A00\nDEDICATE 1A01 1A01\n'
                          'DEDICATE 1AFF 1AFF\nDEDICATE 1A02 1A02\n'
                          'DEDICATE 1A03 1A02\n')
        self.assertEqual({'1A02': '1A02'}, self.guest()['dedicated'])
        self.assertRegex(self.console(), 'HCP...122E FCP 1A00 already '
                                         'attached to OTHER')
        self.assertRegex(self.console(), 'HCP...046E FCP 1A01 offline')
        self.assertRegex(self.console(), 'HCP...040E Device 1AFF does not '
                                         'exist')
        self.assertRegex(self.console(), 'HCP...122E FCP 1A02 already '
                                         'attached to GUEST1')
        self.assertEqual('OTHER', self.state_of('1A00')[1])

    def test_bad_statements(self):
        for line in ('LOADDEV PORTNAME XYZ', 'DEDICATE 1A00',
                     'DEDICATE 1A00 VOLID VOL001', 'DEDICATE XYZ 1A00'):
            with self.subTest(line=line):
                path = self.file('entry', simulated.ENTRY.format(
                    userid='GUEST1') + f'{line}\n')
                self.assert_refused((596, 3214), 'Image_Create_DM', '-T',
                                    'GUEST1', '-f', path)


class OsaTestCase(RealDeviceTestCase):

    def osas(self):
        response = self.smcli('Virtual_Network_OSA_Query', '-T', 'ZCCSRV')
        lines = response.splitlines()
        return {lines[at].rpartition(' ')[2]: lines[at + 1]
                for at in range(0, len(lines), 5)}

    def test_nine_in_a_row_are_free(self):
        osas = self.osas()
        for number in range(9):
            self.assertEqual('OSA Status: FREE', osas[f'0A0{number}'])

    def test_virtual_switches_have_theirs(self):
        osas = self.osas()
        self.assertEqual('OSA Status: ATT DTCVSW1', osas['0A10'])
        self.assertEqual('OSA Status: ATT DTCVSW1', osas['0A12'])
        self.assertEqual('OSA Status: ATT DTCVSW2', osas['0A20'])
        self.running()
        self.assert_refused((204, 16), DEDICATE,
                            *device_options('1000', 'a10'))

    def test_new_switch_takes_devices_and_gives_them_back(self):
        self.smcli('Virtual_Network_Vswitch_Create_Extended', '-T', 'ZCCSRV',
                   '-k', 'switch_name=VSW3', '-k', 'real_device_address=A03')
        self.assertEqual('OSA Status: ATT DTCVSW1', self.osas()['0A05'])
        self.assertEqual('OSA Status: FREE', self.osas()['0A06'])
        self.smcli('Virtual_Network_Vswitch_Delete_Extended', '-T', 'ZCCSRV',
                   '-k', 'switch_name=VSW3')
        self.assertEqual('OSA Status: FREE', self.osas()['0A05'])

    def test_switch_that_is_disconnected_has_none(self):
        self.smcli('Virtual_Network_Vswitch_Set_Extended', '-T', 'ZCCSRV',
                   '-k', 'switch_name=VSW2', '-k',
                   'connection_value=DISCONNECT')
        self.assertEqual('OSA Status: FREE', self.osas()['0A30'])

    def test_guest_and_offline(self):
        self.running()
        self.smcli(DEDICATE, *device_options('1000', 'a00'))
        self.vmcp('vary', 'offline', 'a01')
        self.assertEqual('OSA Status: ATT GUEST1', self.osas()['0A00'])
        self.assertEqual('OSA Status: OFFLINE', self.osas()['0A01'])

    def test_linux_sees_its_device(self):
        self.bootable()
        self.boot()
        self.smcli(DEDICATE, *device_options('1000', 'a00'))
        status, output = self.iucv('GUEST1', 'vmcp q 1000')
        self.assertEqual(0, status, output)
        self.assertIn('1000 ON OSA', output)


class NoOsaTestCase(RealDeviceTestCase):

    scenario = {'members': [{'name': 'ZVMSYS1', 'connector': 'ZCCSRV',
                             'osa_devices': []}]}

    def test_system_without_osa_devices(self):
        self.assert_refused((4, 4), 'Virtual_Network_OSA_Query', '-T',
                            'ZCCSRV')


class CommandTestCase(RealDeviceTestCase):

    scenario = {'members': [{
        'name': 'ZVMSYS1', 'connector': 'ZCCSRV',
        'eqids': {'1A00-1A07': 'FCPA', '1B00-1B07': 'FCPB'}}]}

    def setUp(self):
        super().setUp()
        self.running()

    def test_attach_and_detach(self):
        self.assertEqual('FCP 1A00 ATTACHED TO GUEST1 0500\n',
                         self.vmcp('attach 1a00 to guest1 as 500'))
        self.assertEqual(('attached', 'GUEST1', '0500'),
                         self.state_of('1A00'))
        self.assertEqual('FCP 1A00 DETACHED GUEST1 0500\n',
                         self.vmcp('detach', '1a00', 'from', 'GUEST1'))
        self.assertEqual('free', self.state_of('1A00')[0])

    def test_own_device(self):
        self.vmcp('att 1a00 *')
        self.assertEqual('ZCCSRV', self.state_of('1A00')[1])
        self.vmcp('det 1a00')
        self.assertEqual('free', self.state_of('1A00')[0])
        self.assert_cp_refuses('040', 'det 1a00')

    def test_any_device_of_an_eqid(self):
        self.vmcp('vary offline 1b00')
        self.assertIn('FCP 1B01', self.vmcp('attach eqid fcpb to guest1'))
        self.assert_cp_refuses('040', 'attach eqid nosuch to guest1')

    def test_attach_refusals(self):
        self.vmcp('attach 1a00 to guest1')
        self.vmcp('vary offline 1a07')
        for number, command in (
                ('021', 'attach xyz to guest1'), ('026', 'attach 1a01'),
                ('040', 'attach 1aff to guest1'),
                ('045', 'attach 1a01 to nosuch'),
                ('046', 'attach 1a07 to guest1'),
                ('122', 'attach 1a00 to guest1 as 501'),
                ('129', 'attach 1a01 to guest1 as 1a00')):
            with self.subTest(command=command):
                self.assert_cp_refuses(number, command)

    def test_detach_refusals(self):
        for number, command in (
                ('026', 'detach'), ('040', 'detach 1aff from guest1'),
                ('045', 'detach 1a00 from nosuch'),
                ('121', 'detach 1a00 from guest1')):
            with self.subTest(command=command):
                self.assert_cp_refuses(number, command)

    def test_vary_refusals(self):
        self.vmcp('attach 1a00 to guest1')
        for number, command in (
                ('026', 'vary 1a00'), ('026', 'vary sideways 1a00'),
                ('040', 'vary offline 1aff'), ('040', 'vary online 1aff'),
                ('122', 'vary offline 1a00')):
            with self.subTest(command=command):
                self.assert_cp_refuses(number, command)

    def test_vary_is_repeatable(self):
        self.vmcp('vary offline 1a00')
        self.assertIn('varied offline', self.vmcp('vary offline 1a00'))
        self.vmcp('vary online 1a00')
        self.assertIn('varied online', self.vmcp('vary online 1a00'))

    def test_query_fcp(self):
        self.vmcp('attach 1a00 to guest1')
        self.vmcp('vary offline 1a01')
        output = self.vmcp('q fcp')
        self.assertEqual(32, len(output.splitlines()))
        self.assertIn('FCP  1A00 ATTACHED TO GUEST1   1A00 CHPID 27\n'
                      '     WWPN C05076DE33001A00\n', output)
        self.assertEqual('FCP  1A01 OFFLINE CHPID 27\n'
                         '     WWPN C05076DE33001A01\n',
                         self.vmcp('query fcp offline'))
        self.assertEqual(14, self.vmcp('q fcp free').count('FREE'))
        self.assertIn('FCP  1B00 FREE', self.vmcp('query fcp 1b00'))
        self.assert_cp_refuses('040', 'query fcp 1aff')
        self.assert_cp_refuses('021', 'query fcp xyz')

    def test_query_osa(self):
        self.assertIn('OSA  0A10 ATTACHED TO DTCVSW1  0600 CHPID 20\n',
                      self.vmcp('query osa attached'))
        self.assertNotIn('0A10', self.vmcp('query osa free'))

    def test_query_eqid(self):
        self.assertEqual('1B00: EQID = FCPB\n', self.vmcp('query eqid 1b00'))
        self.assertEqual('0A00: EQID = NONE\n', self.vmcp('query eqid a00'))
        self.assert_cp_refuses('040', 'query eqid for 1aff')
        self.assert_cp_refuses('026', 'query eqid')

    def test_query_channel_path(self):
        self.assertEqual('Path 27 is associated with physical channel '
                         '0227\n', self.vmcp('query chpid', '27', 'pchid'))
        self.assertEqual('Path 48 is not associated with a physical '
                         'channel\n', self.vmcp('query chpid', '48',
                                                'pchid'))
        self.assert_cp_refuses('846', 'query chpid', '100', 'pchid')
        self.assert_cp_refuses('026', 'query chpid', '27')

    def test_query_channel_path_virtualization(self):
        self.assertEqual('CHPIDV ONE\n', self.vmcp('query chpidv'))


class PlainChannelPathTestCase(RealDeviceTestCase):

    scenario = {'directory': {'users': {
        'ZCCSRV': 'USER ZCCSRV PW 8G 8G ABCDEG\nIPL 0150\n'}}}

    def test_real_channel_paths(self):
        self.assertEqual('CHPIDV OFF\n', self.vmcp('query chpidv'))
