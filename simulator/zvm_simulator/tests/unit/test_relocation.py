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

"""Live guest relocation between the members of a cluster."""

import pathlib

from zvm_simulator.service import scenarios
from zvm_simulator.tests.support import simulated

SSI = scenarios.load(pathlib.Path('ssi'))
SOURCE, DESTINATION = 'ZVMSYS1', 'ZVMSYS2'
ENTRY = simulated.ENTRY + (
    'NICDEF 1000 TYPE QDIO DEVICES 3 MACID AABBCC LAN SYSTEM VSW1\n')
# Seconds that a relocation takes in the scenario.
DURATION = 10


class ClusterTestCase(simulated.SimulatorTestCase):
    """Tests in a cluster with a guest that runs at its first member."""

    scenario = {**SSI, 'directory': {**SSI['directory'],
                                     'network_authorization': False}}
    entry = ENTRY

    def setUp(self):
        super().setUp()
        self.create(text=self.entry)
        self.add_disk()
        self.deploy()
        self.authorise()
        for member in (SOURCE, DESTINATION):
            self.let_couple(member)
        self.boot()

    def let_couple(self, member, switch='VSW1', verb='grant_userid'):
        self.smcli('Virtual_Network_Vswitch_Set_Extended', '-T', 'ZCC', '-k',
                   f'switch_name={switch}', '-k', f'{verb}=GUEST1', '-k',
                   'persist=YES', member=member)

    def relocate(self, *keys, action='MOVE', destination=DESTINATION,
                 userid='GUEST1', member=SOURCE):
        """Run VMRELOCATE; return rc, rs and details, or zeros."""
        words = ['-k', f'action={action}', '-k', f'destination={destination}']
        for key in keys:
            words += ['-k', key]
        return self.call('VMRELOCATE', '-T', userid, *words, member=member)

    def call(self, *words, member=SOURCE):
        status, output = self.run_command(
            '/opt/zthin/bin/smcli', words[0], '--addRCheader', *words[1:],
            member=member)
        lines = output.splitlines()
        codes = lines[0].split()
        self.assertEqual(codes[0] != '0', bool(status), output)
        details = [line for line in lines if line.startswith('Details: ')]
        return (int(codes[1]), int(codes[2]),
                details[0].removeprefix('Details: ') if details else '')

    def assert_not_relocatable(self, *messages, force=()):
        """Check that test and move tell just these, and change nothing."""
        before = self.guest()
        details = ' '.join(('HCP1940E', *messages))
        self.assertEqual((8, 3000, details), self.relocate(*force))
        if not force:
            self.assertEqual((4, 3000, details),
                             self.relocate(action='TEST'))
        self.assertEqual(before, self.guest())

    def assert_moved(self, *keys):
        self.assertEqual((0, 0, ''), self.relocate(*keys))
        self.assertEqual(DESTINATION, self.guest()['member'])

    def ports(self, member, switch='VSW1'):
        state = self.machine.state()['members'][member]
        return [port['userid']
                for port in state['vswitches'][switch]['ports']]

    def meanwhile(self, action):
        """Do something once while a command waits."""
        sleep = self.clock.sleep

        def interrupted(seconds):
            self.clock.sleep = sleep
            sleep(seconds)
            action()

        self.clock.sleep = interrupted


class MoveTestCase(ClusterTestCase):

    def test_guest_is_the_same_elsewhere(self):
        before = self.guest()
        began = self.clock.now()
        self.assert_moved()

        self.assertEqual({**before, 'member': DESTINATION}, self.guest())
        self.assertEqual('020000AABBCC', self.guest()['nics'][0]['mac'])
        self.assertEqual(began + DURATION, self.clock.now())
        self.assertEqual(([], ['GUEST1']),
                         (self.ports(SOURCE), self.ports(DESTINATION)))
        members = self.machine.state()['members']
        self.assertNotIn('GUEST1', members[SOURCE]['guests'])
        self.assertIn('GUEST1', members[DESTINATION]['guests'])
        self.assertEqual([], self.machine.state()['relocations'])

    def test_both_members_know_where(self):
        self.assert_moved()
        self.assertEqual('GUEST1   - SSI\n', self.vmcp('q', 'GUEST1'))
        self.assertEqual('GUEST1   - DSC\n', self.run_command(
            'vmcp', 'q', 'GUEST1', member=DESTINATION)[1])

    def test_source_acts_on_it_no_more(self):
        self.assert_moved()
        for words in (('Image_Deactivate', '-f IMMED'),
                      ('Image_Pause', '-k', 'PAUSE=YES'),
                      ('Image_Status_Query',),
                      ('Virtual_Network_Adapter_Delete', '-v', '1000'),
                      ('Image_Disk_Delete', '-v', '0100')):
            self.assertEqual((200, 12, ''), self.call(
                words[0], '-T', 'GUEST1', *words[1:]), words)
        self.assertEqual((200, 8, ''),
                         self.call('Image_Activate', '-T', 'GUEST1'))
        self.assertEqual((596, 6831, ''), self.call(
            'Image_Delete_DM', '-T', 'GUEST1', '-e', '0'))
        self.assertEqual('adapter_count=0\n', self.smcli(
            'Virtual_Network_Adapter_Query_Extended', '-T', 'GUEST1', '-k',
            'image_device_number=*'))
        self.smcli('Image_Deactivate', '-T', 'GUEST1', member=DESTINATION)

    def test_linux_runs_on(self):
        self.assert_moved()
        self.assertEqual((0, 'up\n'), self.iucv('GUEST1', 'echo up'))
        status, output = self.run_command(
            'iucvclnt', 'GUEST1', 'echo up', member=DESTINATION)
        self.assertEqual(1, status)
        self.assertIn('ZCC2 is not authorized', output)
        self.iucv('GUEST1', 'echo -n ZCC2 > /etc/iucv_authorized_userid\n')
        self.assertEqual(0, self.run_command(
            'iucvclnt', 'GUEST1', 'echo up', member=DESTINATION)[0])
        self.assertEqual(1, self.iucv('GUEST1', 'echo up')[0])

    def test_statistics_go_on(self):
        def used(member):
            text = self.smcli('Image_Performance_Query', '-T', 'ZCC', '-T',
                              'GUEST1', '-c', '1', member=member)
            return [int(line.split('"')[1].split()[0])
                    for line in text.splitlines()
                    if line.startswith('Used CPU time')]

        [before] = used(SOURCE)
        self.assert_moved()
        self.assertEqual([], used(SOURCE))
        [after] = used(DESTINATION)
        self.assertGreater(after, before)

    def test_storage_goes_with_it(self):
        def pages():
            return [member['pages_in_use'] for member
                    in self.machine.state()['members'].values()]

        here, there = pages()
        self.assert_moved()
        size = 2048 * 256 // 4
        self.assertEqual([here - size, there + size], pages())

    def test_vlan_is_that_of_the_grant_there(self):
        self.smcli('Virtual_Network_Vswitch_Set_Extended', '-T', 'ZCC2', '-k',
                   'switch_name=VSW1', '-k', 'grant_userid=GUEST1', '-k',
                   'user_vlan_id=100', '-k', 'persist=YES',
                   member=DESTINATION)
        self.assertIsNone(self.guest()['nics'][0]['vlan'])
        self.assert_moved()
        self.assertEqual(100, self.guest()['nics'][0]['vlan'])

    def test_there_and_back(self):
        before = self.guest()
        self.assert_moved()
        self.assertEqual((0, 0, ''), self.relocate(
            destination=SOURCE, member=DESTINATION))
        self.assertEqual(before, self.guest())

    def test_new_logon_may_be_anywhere(self):
        self.assert_moved()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', member=DESTINATION)
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assertEqual(SOURCE, self.guest()['member'])

    def test_reader_files_are_the_clusters(self):
        self.assert_moved()
        self.punch('GUEST1', 'late.sh', 'echo\n')
        self.assertEqual(['late.sh'], self.reader())

    def test_boot_goes_on(self):
        self.smcli('Image_Recycle', '-T', 'GUEST1')
        self.assert_moved()
        self.assertEqual('booting', self.guest()['linux']['state'])
        self.clock.advance(simulated.BOOT_TIME - DURATION)
        self.assertEqual('up', self.guest()['linux']['state'])

    def test_test_moves_nothing(self):
        self.assertEqual((0, 0, ''), self.relocate(action='TEST'))
        self.assertEqual((0, 0, ''), self.call(
            'VMRELOCATE', '-T', 'GUEST1', '-k', 'destination=ZVMSYS2', '-k',
            'immediate=NO'))
        self.assertEqual(SOURCE, self.guest()['member'])


class GrammarTestCase(ClusterTestCase):

    def test_options(self):
        self.assert_moved('immediate=YES', 'max_quiesce=10', 'max_total=60',
                          'force=ARCHITECTURE DOMAIN STORAGE ')

    def test_time_that_smcli_may_take(self):
        self.assertEqual((0, 0, ''), self.call(
            'VMRELOCATE', '-T', 'guest1', '-k', 'action=move', '-k',
            'destination=zvmsys2', '--timeout', '900'))
        self.assertEqual(DESTINATION, self.guest()['member'])

    def test_no_limits(self):
        self.assert_moved('max_quiesce=NOLIMIT', 'max_total=NOLIMIT')

    def test_bad_operands(self):
        for key in ('immediate=MAYBE', 'max_total=soon', 'max_total=0',
                    'max_quiesce=100000000', 'force=GENTLY'):
            self.assertEqual((8, 3003, ''), self.relocate(key), key)
        self.assertEqual((8, 3003, ''), self.relocate(action='FLY'))
        self.assertEqual((8, 3002, ''), self.relocate('speed=9'))

    def test_missing_options(self):
        for keys in ((), ('-k', 'action=MOVE'),
                     ('-k', 'action=MOVE', '-k', 'immediate=YES'),
                     ('-k', 'destination=ZVMSYS2')):
            self.assertEqual(24, self.call('VMRELOCATE', '-T', 'GUEST1',
                                           *keys)[0])

    def test_no_such_place(self):
        for destination in ('NOSYS', SOURCE):
            self.assertEqual((8, 3000, 'HCP0002E'),
                             self.relocate(destination=destination))
            self.assertEqual((4, 3000, 'HCP0002E'), self.relocate(
                destination=destination, action='TEST'))

    def test_guest_that_is_not_here(self):
        for userid, member in (('NOSUCH', SOURCE), ('GUEST1', DESTINATION)):
            self.assertEqual((8, 3000, 'HCP0045E'), self.relocate(
                userid=userid, member=member, destination=SOURCE))
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.assertEqual((4, 3000, 'HCP0045E'), self.relocate(action='TEST'))


class LeavingTestCase(ClusterTestCase):

    scenario = {**ClusterTestCase.scenario,
                'timing': {'logoff': 30, 'relocation': 0, 'quiesce': 20}}

    def test_logoff_is_pending(self):
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.assertEqual((8, 3000, 'HCP0361E'), self.relocate())

    def test_relocation_may_take_no_time(self):
        self.assert_moved()


class TimeTestCase(ClusterTestCase):
    """What goes on while a guest is relocated."""

    def test_guest_is_at_the_source_until_the_end(self):
        seen = []

        def look():
            seen.append((self.guest()['member'],
                         self.iucv('GUEST1', 'echo up')[0]))
            self.assertEqual([('GUEST1', DESTINATION)], [
                (item['userid'], item['destination'])
                for item in self.machine.state()['relocations']])

        self.meanwhile(look)
        self.assert_moved()
        self.assertEqual([(SOURCE, 0)], seen)

    def test_one_at_a_time(self):
        seen = []
        self.meanwhile(lambda: seen.append(self.relocate()))
        self.assert_moved()
        self.assertEqual([(8, 3000, 'HCP1921E')], seen)

    def test_limits(self):
        for key in ('max_total=9', 'max_total=1'):
            began = self.clock.now()
            self.assertEqual((8, 3000, 'HCP1922E'), self.relocate(key))
            self.assertEqual(int(key[-1]), self.clock.now() - began)
        self.assertEqual(SOURCE, self.guest()['member'])
        self.assert_moved('max_total=10')

    def test_cancelled(self):
        self.meanwhile(lambda: self.smcli(
            'VMRELOCATE', '-T', 'GUEST1', '-k', 'action=CANCEL', '-k',
            'destination=ZVMSYS2'))
        self.assertEqual((8, 3000, 'HCP1925E'), self.relocate())
        self.assertEqual((8, 3000, 'HCP1926E'), self.relocate(
            action='CANCEL'))

    def test_limits_changed(self):
        self.meanwhile(lambda: self.smcli(
            'VMRELOCATE_Modify', '-T', 'GUEST1', '-k', 'max_total=5'))
        self.assertEqual((8, 3000, 'HCP1922E'), self.relocate())
        self.assertEqual((8, 3010, 'HCP1926E'), self.call(
            'VMRELOCATE_Modify', '-T', 'GUEST1', '-k', 'max_total=5'))

    def test_status(self):
        seen = {}

        def ask():
            for member in (SOURCE, DESTINATION):
                for target in ('ALL', 'USER GUEST1', 'INCOMING', 'OUTGOING'):
                    seen[member, target] = self.call(
                        'VMRELOCATE_Status', '-T', 'GUEST1', '-k',
                        f'status_target={target}', member=member)
            self.text = self.smcli('VMRELOCATE_Status', '-T', 'GUEST1')

        self.meanwhile(ask)
        self.assert_moved()
        self.assertEqual({(SOURCE, 'INCOMING'), (DESTINATION, 'OUTGOING')}, {
            key for key, codes in seen.items() if codes == (4, 3001, '')})
        self.assertIn('VMRELOCATE destination system: ZVMSYS2\n'
                      'VMRELOCATE by: ZCCSRV\n'
                      'VMRELOCATE elapsed: 00:00:01\n', self.text)
        self.assertEqual((4, 3001, ''), self.call(
            'VMRELOCATE_Status', '-T', 'GUEST1'))
        self.assertEqual((8, 3003, ''), self.call(
            'VMRELOCATE_Status', '-T', 'GUEST1', '-k',
            'status_target=NONE'))

    def test_guest_is_logged_off(self):
        self.meanwhile(lambda: self.smcli('Image_Deactivate', '-T', 'GUEST1'))
        self.assertEqual((8, 3000, 'HCP0045E'), self.relocate())

    def test_guest_is_another_one_by_then(self):
        self.meanwhile(lambda: self.smcli('Image_Recycle', '-T', 'GUEST1'))
        self.assertEqual((8, 3000, 'HCP0045E'), self.relocate())
        self.assertEqual(SOURCE, self.guest()['member'])

    def test_way_is_barred_meanwhile(self):
        self.meanwhile(lambda: self.let_couple(DESTINATION,
                                               verb='revoke_userid'))
        self.assertEqual((8, 3000, 'HCP1940E HCP6011E'), self.relocate())
        self.assertEqual(SOURCE, self.guest()['member'])

    def test_process_dies_and_the_guest_still_moves(self):
        def die():
            raise KeyboardInterrupt()

        self.meanwhile(die)
        with self.assertRaises(KeyboardInterrupt):
            self.relocate()
        self.machine.close()
        self.machine = self.start()
        self.assertEqual(SOURCE, self.guest()['member'])
        self.clock.advance(DURATION)
        self.assertEqual(DESTINATION, self.guest()['member'])
        self.assertEqual(['GUEST1'], self.ports(DESTINATION))


class QuiesceTestCase(ClusterTestCase):

    scenario = {**ClusterTestCase.scenario,
                'timing': {'relocation': 60, 'quiesce': 20}}

    def test_standing_still_is_limited_to_ten_seconds(self):
        began = self.clock.now()
        self.assertEqual((8, 3000, 'HCP1922E'), self.relocate())
        self.assertEqual(50, self.clock.now() - began)

    def test_more_is_allowed(self):
        self.assertEqual((8, 3000, 'HCP1922E'),
                         self.relocate('max_quiesce=19'))
        self.assert_moved('max_quiesce=20')

    def test_first_limit_that_is_reached(self):
        for total, end in ((30, 30), (55, 50)):
            began = self.clock.now()
            self.assertEqual((8, 3000, 'HCP1922E'),
                             self.relocate(f'max_total={total}'))
            self.assertEqual(end, self.clock.now() - began)

    def test_immediate_has_no_limit(self):
        self.assert_moved('immediate=YES')


class SwitchTestCase(ClusterTestCase):

    def set_uplink(self, member, *keys):
        words = [word for key in keys for word in ('-k', key)]
        self.smcli('Virtual_Network_Vswitch_Set_Extended', '-T', 'ZCC', '-k',
                   'switch_name=VSW1', *words, member=member)

    def test_no_such_switch(self):
        self.smcli('Virtual_Network_Vswitch_Delete_Extended', '-T', 'ZCC2',
                   '-k', 'switch_name=VSW1', member=DESTINATION)
        self.assert_not_relocatable('HCP2788E')

    def test_not_authorized_there(self):
        self.let_couple(DESTINATION, verb='revoke_userid')
        self.assert_not_relocatable('HCP6011E')

    def test_other_network(self):
        self.set_uplink(DESTINATION, 'real_device_address=A30')
        self.assert_not_relocatable('HCP1983E')

    def test_uplink_without_identifier(self):
        self.set_uplink(SOURCE, 'real_device_address=B00')
        self.assert_not_relocatable('HCP1982E')

    def test_switch_there_is_not_connected(self):
        self.set_uplink(DESTINATION, 'connection_value=DISCONNECT')
        self.assert_not_relocatable('HCP1983E')

    def test_switch_without_uplink_has_no_network_to_miss(self):
        for member in (SOURCE, DESTINATION):
            self.set_uplink(member, 'connection_value=DISCONNECT')
        self.assert_moved()

    def test_adapter_that_is_not_coupled_needs_none(self):
        self.smcli('Virtual_Network_Adapter_Disconnect', '-T', 'GUEST1', '-v',
                   '1000')
        self.smcli('Virtual_Network_Vswitch_Delete_Extended', '-T', 'ZCC2',
                   '-k', 'switch_name=VSW1', member=DESTINATION)
        self.assert_moved()


class DirectoryAuthorityTestCase(ClusterTestCase):
    """Where a NICDEF statement lets the guest on the switches."""

    scenario = SSI

    def test_no_grant_is_needed_there(self):
        self.let_couple(DESTINATION, verb='revoke_userid')
        self.assert_moved()
        self.assertEqual(['GUEST1'], self.ports(DESTINATION))


class DeviceTestCase(ClusterTestCase):

    def attach(self, vdev, real, member=SOURCE, userid='GUEST1'):
        self.smcli('Image_Device_Dedicate', '-T', userid, '-v', vdev, '-r',
                   real, '-R', '0', member=member)

    def owners(self, member):
        """Return the owners of FCP devices by their port names."""
        text = self.smcli('System_WWPN_Query', '-T', 'ZCC', '-k OWNER=YES',
                          member=member)
        records = text.split('FCP device number: ')[1:]
        found = {}
        for record in records:
            lines = [line.strip() for line in record.splitlines()]
            found[lines[2].split()[-1]] = lines[5].split()[-1]
        return {wwpn: owner for wwpn, owner in found.items()
                if owner != 'NONE'}

    def test_equivalent_of_the_same_number(self):
        self.attach('1A03', '1A03')
        self.attach('1B00', '1B00')
        self.assert_moved()
        self.assertEqual({'1A03': '1A03', '1B00': '1B00'},
                         self.guest()['dedicated'])
        self.assertEqual({}, self.owners(SOURCE))
        self.assertEqual({'C05076DF00001A03': 'GUEST1',
                          'C05076DF00001B00': 'GUEST1'},
                         self.owners(DESTINATION))

    def test_equivalent_of_another_number(self):
        self.create('GUEST2')
        self.smcli('Image_Activate', '-T', 'GUEST2', member=DESTINATION)
        self.attach('1A03', '1A03', member=DESTINATION, userid='GUEST2')
        self.attach('1A03', '1A03')
        self.attach('1A04', '1A00')
        self.assert_moved()
        self.assertEqual({'1A03': '1A00', '1A04': '1A01'},
                         self.guest()['dedicated'])

    def test_all_equivalents_are_taken(self):
        self.create('GUEST2')
        self.smcli('Image_Activate', '-T', 'GUEST2', member=DESTINATION)
        for number in range(8):
            self.attach(f'1A0{number}', f'1A0{number}', member=DESTINATION,
                        userid='GUEST2')
        self.attach('1A03', '1A03')
        self.assert_not_relocatable('HCP1984E')

    def test_osa(self):
        self.attach('0A00', 'A00')
        self.assert_moved()
        response = self.smcli('Virtual_Network_OSA_Query', '-T', 'ZCC2',
                              member=DESTINATION)
        self.assertIn('OSA Address: 0A00\nOSA Status: ATT GUEST1', response)


class WithoutIdentifiersTestCase(ClusterTestCase):

    scenario = {**ClusterTestCase.scenario, 'members': [
        {**member, 'eqids': {'A10-A2F': 'OSALAN1'}}
        for member in ClusterTestCase.scenario['members']]}

    def test_device_has_none(self):
        self.smcli('Image_Device_Dedicate', '-T', 'GUEST1', '-v', '1A00',
                   '-r', '1A00', '-R', '0')
        self.assert_not_relocatable('HCP1982E')


class DiskTestCase(ClusterTestCase):

    scenario = {
        **ClusterTestCase.scenario,
        'pools': {**ClusterTestCase.scenario['pools'], 'LOCAL': {'volumes': [
            {'name': 'LOC001', 'model': '3390-09', 'size': 10016,
             'members': [SOURCE]}]}}}

    def test_local_minidisk(self):
        self.add_disk(vdev='0101', size=10, pool='LOCAL')
        self.smcli('Image_Disk_Create', '-T', 'GUEST1', '-v', '0101', '-m',
                   'MR')
        self.assert_not_relocatable('HCP1996E')

    def test_link_to_a_local_minidisk(self):
        self.create('OWNER')
        self.add_disk('OWNER', '0191', 10, 'LOCAL')
        text = self.machine.directory_text('GUEST1')
        self.smcli('Image_Lock_DM', '-T', 'GUEST1')
        self.smcli('Image_Replace_DM', '-T', 'GUEST1', '-f', self.file(
            'entry', text + 'LINK NOONE\nLINK OWNER 191 0191 RR\n'))
        self.assert_not_relocatable('HCP1996E')

    def test_volume_that_is_not_there_is_not_had(self):
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.add_disk(vdev='0101', size=10, pool='LOCAL')
        self.smcli('Image_Activate', '-T', 'GUEST1', member=DESTINATION)
        self.assertEqual(['0100'],
                         [disk['vdev'] for disk in self.guest()['disks']])
        self.assertIn('volid LOC001 not mounted',
                      '\n'.join(self.guest()['console']))
        self.assertEqual((208, 12, ''), self.call(
            'Image_Disk_Create', '-T', 'GUEST1', '-v', '0101', '-m', 'MR',
            member=DESTINATION))

    def test_root_disk_that_is_not_there_does_not_boot(self):
        self.create('GUEST2')
        self.add_disk('GUEST2', pool='LOCAL')
        self.deploy('GUEST2')
        for member, state in ((DESTINATION, 'down'), (SOURCE, 'booting')):
            self.smcli('Image_Activate', '-T', 'GUEST2', member=member)
            self.assertEqual(state, self.guest('GUEST2')['linux']['state'])
            self.smcli('Image_Deactivate', '-T', 'GUEST2', member=member)


class DefinitionTestCase(ClusterTestCase):

    scenario = {
        **ClusterTestCase.scenario,
        'relocation_domains': {'NEWEST': [SOURCE]},
        'directory': {**ClusterTestCase.scenario['directory'], 'profiles': {
            'OSDFLT': 'PROFILE OSDFLT\nMACHINE ESA\n'}}}

    def define(self, *lines):
        text = self.machine.directory_text('GUEST1')
        self.smcli('Image_Lock_DM', '-T', 'GUEST1')
        self.smcli('Image_Replace_DM', '-T', 'GUEST1', '-f', self.file(
            'entry', text + ''.join(f'{line}\n' for line in lines)))

    def test_one_channel_path(self):
        self.assert_not_relocatable('HCP1963E')
        self.define('OPTION APPLMON CHPIDV ONE')
        self.assert_moved()

    def test_not_enabled(self):
        self.define('OPTION CHPIDV ONE', 'VMRELOCATE OFF')
        self.assert_not_relocatable('HCP1941E')

    def test_domain(self):
        self.define('OPTION CHPIDV ONE',
                    'COMMAND SET VMRELOCATE * DOMAIN NEWEST')
        self.assert_not_relocatable('HCP1944E')
        self.assert_moved('force=DOMAIN')

    def test_member_is_a_domain(self):
        self.define('OPTION CHPIDV ONE', f'VMRELOCATE ON DOMAIN {SOURCE}')
        self.assert_not_relocatable('HCP1944E')

    def test_all_that_is_in_the_way(self):
        self.define('VMRELOCATE OFF DOMAIN NEWEST')
        self.let_couple(DESTINATION, verb='revoke_userid')
        self.assert_not_relocatable('HCP1941E', 'HCP1963E', 'HCP1944E',
                                    'HCP6011E')

    def test_multiconfiguration(self):
        self.assertEqual(
            (8, 3000, 'HCP1940E HCP1823E HCP1963E'),
            self.relocate(userid='TCPIP'))


class SmallTestCase(ClusterTestCase):
    """A destination that is smaller and older."""

    scenario = {**ClusterTestCase.scenario, 'members': [
        ClusterTestCase.scenario['members'][0],
        {**ClusterTestCase.scenario['members'][1], 'storage_mib': 5120,
         'release': '7.2.0'}]}
    entry = ENTRY + f'COMMAND SET VMRELOCATE * DOMAIN {SOURCE}\n'

    def test_forced(self):
        self.assert_not_relocatable('HCP1944E', 'HCP1813E')
        self.assert_not_relocatable('HCP1944E', 'HCP1813E',
                                    force=('force=DOMAIN',))
        self.assert_not_relocatable(
            'HCP1944E', force=('force=DOMAIN STORAGE',))
        self.assert_moved('force=DOMAIN ARCHITECTURE STORAGE')


class AloneTestCase(simulated.SimulatorTestCase):

    def test_no_cluster(self):
        for api in ('VMRELOCATE', 'VMRELOCATE_Modify', 'VMRELOCATE_Status'):
            self.assert_refused((8, 3008), api, '-T', 'GUEST1', '-k',
                                'destination=ZVMSYS2', '-k', 'action=MOVE')
