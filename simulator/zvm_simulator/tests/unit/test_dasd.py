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

"""Disk pools: extents are real, and a full pool refuses."""

from zvm_simulator.tests.support import simulated

VOLUMES = {'POOL1': {'volumes': [
    {'name': 'VOL001', 'model': '3390-09', 'size': 1001},
    {'name': 'VOL002', 'model': '3390-09', 'size': 501}]},
    'FBAPOOL': {'volumes': [
        {'name': 'FBA001', 'model': '9336-ET', 'size': 10001}]}}


class PoolTestCase(simulated.SimulatorTestCase):

    scenario = {'pools': VOLUMES}

    def setUp(self):
        super().setUp()
        self.create()

    def mdisks(self, userid='GUEST1'):
        text = self.machine.directory_text(userid)
        return [line.removeprefix('MDISK ') for line in text.splitlines()
                if line.startswith('MDISK')]

    def pool(self, name='POOL1'):
        return self.machine.state()['pools'][name]

    def test_first_extent_that_fits(self):
        self.add_disk(vdev='0100', size=400)
        self.add_disk(vdev='0101', size=500)
        self.add_disk(vdev='0102', size=200)
        self.add_disk(vdev='0103', size=100)
        self.assertEqual(['0100 3390 1 400 VOL001 MR',
                          '0101 3390 401 500 VOL001 MR',
                          '0102 3390 1 200 VOL002 MR',
                          '0103 3390 901 100 VOL001 MR'], self.mdisks())
        self.assertEqual((300, 1200),
                         (self.pool()['free'], self.pool()['used']))

    def test_gap_is_used_again(self):
        self.add_disk(vdev='0100', size=400)
        self.add_disk(vdev='0101', size=500)
        self.smcli('Image_Disk_Delete_DM', '-T', 'GUEST1', '-v', '0100',
                   '-e', '0')
        self.add_disk(vdev='0102', size=300)
        self.assertIn('0102 3390 1 300 VOL001 MR', self.mdisks())
        self.assertEqual([[301, 100], [901, 100]],
                         self.pool()['volumes']['VOL001']['free_extents'])

    def test_disk_is_in_one_piece(self):
        self.add_disk(vdev='0100', size=600)
        before = self.machine.state()
        self.assert_refused((596, 3541), 'Image_Disk_Create_DM',
                            *simulated.disk_options(vdev='0101', size=501))
        self.assertEqual(before, self.machine.state())
        self.add_disk(vdev='0101', size=500)

    def test_freed_extents_merge(self):
        for number in range(4):
            self.add_disk(vdev=f'010{number}', size=250)
        for vdev in ('0100', '0102'):
            self.remove(vdev)
        volume = self.pool()['volumes']['VOL001']
        self.assertEqual([[1, 250], [501, 250]], volume['free_extents'])
        self.add_disk(vdev='0110', size=500)
        self.assert_refused((596, 3541), 'Image_Disk_Create_DM',
                            *simulated.disk_options(vdev='0111', size=251))
        self.remove('0101')
        volume = self.pool()['volumes']['VOL001']
        self.assertEqual([[1, 750]], volume['free_extents'])
        self.add_disk(vdev='0111', size=750)

    def remove(self, vdev):
        self.smcli('Image_Disk_Delete_DM', '-T', 'GUEST1', '-v', vdev, '-e',
                   '0')

    def test_full_pool(self):
        self.add_disk(vdev='0100', size=1000)
        self.add_disk(vdev='0101', size=500)
        self.assertEqual(0, self.pool()['free'])
        self.assert_refused((596, 3541), 'Image_Disk_Create_DM',
                            *simulated.disk_options(vdev='0102', size=1))

    def test_unknown_pool(self):
        self.assert_refused((596, 3533), 'Image_Disk_Create_DM',
                            *simulated.disk_options(pool='NOPOOL'))

    def test_pool_of_the_other_disk_type(self):
        self.assert_refused((596, 3533), 'Image_Disk_Create_DM',
                            *simulated.disk_options(pool='FBAPOOL'))

    def test_used_device_number(self):
        self.add_disk(size=10)
        self.assert_refused((408, 4), 'Image_Disk_Create_DM',
                            *simulated.disk_options(size=10))

    def test_unknown_userid(self):
        self.assert_refused((400, 4), 'Image_Disk_Create_DM',
                            *simulated.disk_options('NOSUCH'))

    def test_grammar(self):
        for change in ({'size': 0}, {'size': 'big'}, {'vdev': 'x'},
                       {'devtype': '3380'}):
            self.assert_refused((24, 0), 'Image_Disk_Create_DM',
                                *simulated.disk_options(**change))

    def test_blocks(self):
        self.add_disk(size=10000, pool='FBAPOOL', devtype='9336')
        self.assertEqual(['0100 9336 1 10000 FBA001 MR'], self.mdisks())

    def test_disk_that_is_not_there(self):
        self.assert_refused((208, 36), 'Image_Disk_Delete_DM', '-T',
                            'GUEST1', '-v', '0100', '-e', '0')

    def test_guest_gives_everything_back(self):
        self.add_disk(vdev='0100', size=400)
        self.add_disk(vdev='0101', size=5000, pool='FBAPOOL',
                      devtype='9336')
        self.smcli('Image_Delete_DM', '-T', 'GUEST1', '-e', '0')
        self.assertEqual((1500, 0),
                         (self.pool()['free'], self.pool()['used']))
        self.assertEqual(0, self.pool('FBAPOOL')['used'])

    def test_running_guest_gets_a_disk_of_its_entry(self):
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.add_disk(size=10)
        self.assertEqual([], self.guest()['disks'])
        self.smcli('Image_Disk_Create', '-T', 'GUEST1', '-v', '0100', '-m',
                   'MR')
        self.assertEqual(['0100'],
                         [disk['vdev'] for disk in self.guest()['disks']])
        self.assert_refused((204, 4), 'Image_Disk_Create', '-T', 'GUEST1',
                            '-v', '0100', '-m', 'MR')
        self.assert_refused((208, 36), 'Image_Disk_Create', '-T', 'GUEST1',
                            '-v', '0101', '-m', 'MR')
        self.smcli('Image_Disk_Delete', '-T', 'GUEST1', '-v', '0100')
        self.assert_refused((208, 8), 'Image_Disk_Delete', '-T', 'GUEST1',
                            '-v', '0100')

    def test_disk_in_use_stays_in_the_directory(self):
        self.add_disk(size=10)
        self.smcli('Image_Activate', '-T', 'GUEST1')
        before = self.machine.state()
        self.assert_refused((408, 12), 'Image_Disk_Delete_DM', '-T',
                            'GUEST1', '-v', '0100', '-e', '0')
        text = self.machine.directory_text('GUEST1')
        self.smcli('Image_Lock_DM', '-T', 'GUEST1')
        for disk in ('', 'MDISK 0100 3390 11 10 VOL001 MR\n'):
            path = self.file('entry', disk.join(
                text.partition('MDISK 0100 3390 1 10 VOL001 MR\n')[::2]))
            self.assert_refused((408, 12), 'Image_Replace_DM', '-T',
                                'GUEST1', '-f', path)
        self.smcli('Image_Unlock_DM', '-T', 'GUEST1')
        self.assertEqual(before, self.machine.state())
        self.smcli('Image_Disk_Delete', '-T', 'GUEST1', '-v', '0100')
        self.remove('0100')
        self.assertEqual([], self.mdisks())

    def test_disks_of_a_running_guest(self):
        self.add_disk(size=10)
        self.add_disk(vdev='0101', size=2048, pool='FBAPOOL',
                      devtype='9336')
        self.smcli('Image_Disk_Create_DM', '-T', 'GUEST1', '-v', '0102',
                   '-t', '9336', '-a', 'V-DISK', '-z', '4096', '-m', 'MWV')
        self.assert_refused((200, 12), 'Image_Disk_Query', '-T', 'GUEST1',
                            '-k', 'vdasd_id=all')
        self.smcli('Image_Activate', '-T', 'GUEST1')
        response = self.smcli('Image_Disk_Query', '-T', 'GUEST1', '-k',
                              'vdasd_id=all')
        disks = [[line.partition(':')[2].strip() for line in
                  block.splitlines()] for block in response.split('\n\n')
                 if block]
        self.assertEqual([
            ['0100', '0D00', 'R/W', '3390', '10', 'CYL', 'VOL001'],
            ['0101', '0D02', 'R/W', '9336', '2048', 'BLK', 'FBA001'],
            ['0102', 'VDSK', 'R/W', '9336', '4096', 'BLK', '(VDSK)']], disks)
        self.assertEqual(1, self.smcli(
            'Image_Disk_Query', '-T', 'GUEST1', '-k',
            'vdasd_id=0101').count('DASD VDEV'))

    def test_virtual_disk_ends_with_the_logoff(self):
        self.create('GUEST2', simulated.ENTRY + 'MDISK 0101 FB-512 V-DISK '
                    '2048 MWV\n')
        link = self.run_command('/opt/zthin/bin/linkdiskandbringonline',
                                'GUEST2', '0101', 'MR')[1]
        device = '/dev/' + link.split()[10]
        for command in (f'sudo /sbin/fdisk {device} << EOF\nn\nw\nEOF',
                        f'mkswap {device}1'):
            self.assertEqual(0, self.run_command(command)[0])
        self.assertEqual(1, self.run_command('mkswap', device + '2')[0])
        self.run_command('/opt/zthin/bin/offlinediskanddetach', 'GUEST2',
                         '0101')
        self.smcli('Image_Activate', '-T', 'GUEST2')
        self.smcli('Image_Deactivate', '-T', 'GUEST2', '-f IMMED')
        self.run_command('/opt/zthin/bin/linkdiskandbringonline', 'GUEST2',
                         '0101', 'MR')
        self.assertEqual(1, self.run_command('mkswap', device + '1')[0])

    def test_disk_for_a_guest_that_is_off(self):
        self.add_disk(size=10)
        self.assert_refused((200, 12), 'Image_Disk_Create', '-T', 'GUEST1',
                            '-v', '0100', '-m', 'MR')


class SpaceQueryTestCase(simulated.SimulatorTestCase):

    scenario = {'pools': VOLUMES}

    def query(self, question, entry, name):
        response = self.smcli('Image_Volume_Space_Query_DM', '-q', question,
                              '-e', entry, '-T', 'DUMMY', '-n', name)
        return [line.split() for line in response.splitlines()]

    def test_definition(self):
        self.assertEqual([['POOL1', 'VOL001', 'VOL002']],
                         self.query('1', '3', 'POOL1'))
        self.assertIn(['VOL001', '3390-09', '1001'],
                      self.query('1', '1', '*'))

    def test_free_and_used_make_up_the_pool(self):
        self.create()
        self.add_disk(size=400)
        free = self.query('2', '3', 'POOL1')
        used = self.query('3', '3', 'POOL1')
        self.assertEqual({'POOL1'}, {line[4] for line in free})
        self.assertEqual([9], [len(line) for line in used])
        self.assertEqual(['POOL1'], [line[7] for line in used])
        self.assertEqual(1500, sum(int(line[3]) for line in free + used))
        self.assertEqual({'3390-09'}, {line[1] for line in free + used})

    def test_one_volume(self):
        self.create()
        self.add_disk(size=400)
        self.assertEqual(
            [['VOL001', '3390-09', '401', '600', 'POOL1', 'VOL001']],
            self.query('2', '1', 'VOL001'))
        self.assertEqual(
            [['VOL001', '3390-09', '1', '400', '400', 'GUEST1', '0100',
              'POOL1', 'VOL001']], self.query('3', '1', 'VOL001'))
        self.assertIn(['M01RES', '3390-09', '1', '10015', '10015', 'MAINT',
                       '0123', 'M01RES'], self.query('3', '1', '*'))

    def test_several_pools(self):
        self.assertEqual({'POOL1', 'FBAPOOL'}, {
            line[4] for line in self.query('2', '3', 'POOL1 FBAPOOL')})

    def test_unknown_pool_has_nothing(self):
        self.assertEqual([], self.query('2', '3', 'NOPOOL'))

    def test_unknown_question(self):
        self.assert_refused((24, 0), 'Image_Volume_Space_Query_DM', '-q',
                            '7', '-e', '3', '-T', 'DUMMY', '-n', 'POOL1')


class FormatTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()

    def link(self, vdev='0101'):
        status, output = self.run_command(
            '/opt/zthin/bin/linkdiskandbringonline', 'GUEST1', vdev, 'MR')
        self.assertEqual(0, status, output)
        return '/dev/' + output.split()[10]

    def disk(self, pool='POOL1', volume='VOL001'):
        found = self.machine.state()['pools'][pool]['volumes'][volume]
        return found['used_extents'][0]

    def test_eckd_chain(self):
        self.add_disk(vdev='0101', size=1457)
        device = self.link()
        for command in (
                ('/sbin/dasdfmt', '-y', '-b', '4096', '-d', 'cdl', '-v',
                 device),
                ('which udevadm &> /dev/null && udevadm settle || '
                 'udevsettle',),
                ('/sbin/fdasd', '-a', device),
                ('mkfs', '-F', '-t', 'ext4', device + '1'),
                ('/usr/sbin/blockdev', '--flushbufs', device + '1'),
                ('/opt/zthin/bin/offlinediskanddetach', 'GUEST1', '0101')):
            status, output = self.run_command(*command)
            self.assertEqual(0, status, output)
        disk = self.disk()
        self.assertEqual(('cdl', 'ext4', 1457), (
            disk['layout'], disk['filesystem'], disk['filesystem_size']))
        self.assertEqual([], self.machine.state()['links'])

    def test_fba_chain(self):
        self.add_disk(vdev='0101', size=2048, pool='FBAPOOL',
                      devtype='9336')
        device = self.link()
        for command in (
                (f'sudo /sbin/fdisk {device} << EOF\ng\nw\nEOF',),
                (f'sudo /sbin/fdisk {device} << EOF\nn\np\n1\n\n\nw\nEOF',),
                ('mkswap', device + '1')):
            status, output = self.run_command(*command)
            self.assertEqual(0, status, output)
        self.assertEqual('swap',
                         self.disk('FBAPOOL', 'FBA001')['filesystem'])

    def test_each_step_needs_the_one_before(self):
        self.add_disk(vdev='0101', size=1457)
        self.assertNotEqual(0, self.run_command(
            '/sbin/dasdfmt', '-y', '/dev/dasda')[0])
        device = self.link()
        self.assertNotEqual(0, self.run_command(
            '/sbin/fdasd', '-a', device)[0])
        self.assertNotEqual(0, self.run_command(
            'mkfs.xfs', '-f', device + '1')[0])

    def test_two_disks_have_two_devices(self):
        self.add_disk(vdev='0101', size=10)
        self.add_disk(vdev='0102', size=10)
        self.assertNotEqual(self.link('0101'), self.link('0102'))

    def test_disk_that_is_not_there(self):
        self.assertNotEqual(0, self.run_command(
            '/opt/zthin/bin/linkdiskandbringonline', 'GUEST1', '0101',
            'MR')[0])
        self.assertNotEqual(0, self.run_command(
            '/opt/zthin/bin/offlinediskanddetach', 'GUEST1', '0101')[0])

    def test_disk_of_a_running_guest(self):
        self.add_disk(vdev='0101', size=10)
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assertNotEqual(0, self.run_command(
            '/opt/zthin/bin/linkdiskandbringonline', 'GUEST1', '0101',
            'MR')[0])
