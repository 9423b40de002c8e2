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

"""Processors and storage of a running guest: CP gives, Linux takes."""

from zvm_simulator.disks import imagefile
from zvm_simulator.tests.support import simulated


class HardwareTestCase(simulated.SimulatorTestCase):

    os_version = 'rhel8.6'
    entry = simulated.ENTRY

    def setUp(self):
        super().setUp()
        self.create(text=self.entry)
        self.add_disk()
        path = self.file(f'netboot/{self.os_version}/image1/0100',
                         imagefile.header('CKD', 3338) + b'disk')
        self.assertEqual(0, self.run_command(
            '/opt/zthin/bin/unpackdiskimage', 'GUEST1', '0100', path)[0])
        self.authorise()
        self.boot()

    def ask(self, command):
        status, output = self.iucv('GUEST1', command)
        self.assertEqual(0, status, output)
        return output

    def assert_refused_by_linux(self, message, command):
        before = self.guest()
        status, output = self.iucv('GUEST1', command)
        self.assertEqual(8, status)
        self.assertIn(message, output)
        self.assertEqual(before, self.guest())

    def online(self, *more):
        text = self.ask(' '.join(('lscpu --parse=ADDRESS',) + more))
        return [line for line in text.splitlines()
                if not line.startswith('#')]


class ProcessorTestCase(HardwareTestCase):

    def test_defined_processor_is_online_after_a_rescan(self):
        self.assertEqual('CPU 02 defined\n', self.ask('vmcp def cpu 02'))
        self.assertEqual(['0', '1'], self.online())
        self.assertIn('rescan', self.ask('chcpu -r'))
        self.assertEqual(['0', '1', '2'], self.online())
        self.assertEqual([], self.online('--offline'))

    def test_several(self):
        self.assertEqual('CPU 02 defined\nCPU 03 defined\n',
                         self.ask('vmcp def cpu 02-03 type ifl'))

    def test_refusals(self):
        for message, command in (
                ('HCPDFI1459E', 'vmcp def cpu 01'),
                ('HCPDFI1457E', 'vmcp def cpu 02 03 04'),
                ('HCPDFI002E', 'vmcp def cpu 40'),
                ('HCPDFI002E', 'vmcp def cpu 3-2'),
                ('HCPDFI002E', 'vmcp def cpu G'),
                ('HCPDEF002E', 'vmcp def cpus 2')):
            self.assert_refused_by_linux(message, command)

    def test_taken_off_and_brought_back(self):
        self.assertEqual('CPU 1 disabled\n', self.ask('chcpu -d 1'))
        self.assertEqual((['0'], ['1']),
                         (self.online(), self.online('--offline')))
        self.assertEqual('CPU 1 is already disabled\n',
                         self.ask('chcpu -d 01'))
        self.assertIn('CPU 01  ID', self.ask('vmcp q v cpus'))
        self.assertEqual('CPU 1 enabled\n', self.ask('chcpu -e 01'))
        self.assertEqual(['0', '1'], self.online())
        self.assertEqual([0, 1], self.guest()['processors'])

    def test_linux_keeps_one(self):
        self.assert_refused_by_linux('last enabled CPU', 'chcpu -d 0-1')

    def test_processor_that_is_not_there(self):
        self.assert_refused_by_linux('CPU 7 does not exist', 'chcpu -e 7')
        self.assert_refused_by_linux('failed to parse', 'chcpu -e x')

    def test_restart_brings_all_online(self):
        self.ask('chcpu -d 1')
        self.ask('vmcp def cpu 02')
        self.ask('shutdown -r now')
        self.clock.advance(simulated.BOOT_TIME)
        self.assertEqual(['0', '1', '2'], self.online())


class UbuntuProcessorTestCase(HardwareTestCase):

    os_version = 'ubuntu22.04'

    def test_found_processor_waits_to_be_enabled(self):
        self.ask('vmcp def cpu 02')
        self.ask('chcpu -r')
        self.assertEqual((['0', '1'], ['2']),
                         (self.online(), self.online('--offline')))
        self.ask('chcpu -e 02')
        self.assertEqual(['0', '1', '2'], self.online())


class StorageTestCase(HardwareTestCase):

    def test_reserved_storage_becomes_standby_and_online(self):
        self.assertIn('STORAGE = 2G MAX = 8G INC = 256M STANDBY = 1G  '
                      'RESERVED = 5G',
                      self.ask('vmcp def storage standby 1024M'))
        self.assertIn('0x0000000080000000-0x00000000bfffffff    1G offline',
                      self.ask('lsmem'))
        self.assertEqual('', self.ask('chmem -e 1024M'))
        self.assertIn('Total online memory:        3G', self.ask('lsmem'))
        self.assertEqual((3072, 0, 5120), (
            self.guest()['storage_mib'], self.guest()['standby_mib'],
            self.guest()['reserved_mib']))
        self.assertEqual('STORAGE = 3G MAX = 8G INC = 256M STANDBY = 0  '
                         'RESERVED = 5G\n', self.ask('vmcp q storage'))

    def test_sizes_that_people_read(self):
        self.ask('vmcp def storage standby 256M')
        self.ask('chmem -e 256M')
        self.assertIn('Total online memory:      2.2G', self.ask('lsmem'))
        self.assertIn(f'Total online memory:     {2304 << 20}',
                      self.ask('lsmem -b'))

    def test_no_more_than_there_is(self):
        self.assert_refused_by_linux('HCPDST094E',
                                     'vmcp def storage standby 7G')
        self.assert_refused_by_linux('HCPDST002E',
                                     'vmcp def storage standby much')
        self.assert_refused_by_linux('Could only enable 0B',
                                     'chmem -e 256M')

    def test_whole_blocks(self):
        self.ask('vmcp def storage standby 1G')
        for size in ('100M', 'x', '0M'):
            self.assert_refused_by_linux('Invalid parameter',
                                         f'chmem -e {size}')

    def test_standby_can_be_taken_back(self):
        self.ask('vmcp def storage standby 1G')
        self.ask('vmcp def storage standby 0M')
        self.assertEqual((0, 6144), (self.guest()['standby_mib'],
                                     self.guest()['reserved_mib']))

    def test_online_storage_is_given_back(self):
        self.ask('chmem -d 512M')
        self.assertEqual((1536, 512), (self.guest()['storage_mib'],
                                       self.guest()['standby_mib']))
        self.assert_refused_by_linux('Could only disable', 'chmem -d 2G')

    def test_storage_is_reported(self):
        self.ask('vmcp def storage standby 1G')
        self.ask('chmem -e 1G')
        self.smcli('Name_List_Add', '-T', 'NL', '-n', 'GUEST1')
        self.assertIn(f'Max memory: "{3 << 20} KB"', self.smcli(
            'System_Image_Performance_Query', '-T', 'NL'))


class OldToolsTestCase(HardwareTestCase):

    os_version = 'rhel7.9'

    def test_lsmem_of_s390_tools(self):
        self.assertIn('Total online memory : 2048 MB\n', self.ask('lsmem'))


class DirectoryTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()
        self.add_disk()

    def lines(self):
        return self.machine.directory_text('GUEST1').splitlines()

    def update(self, *keys):
        self.smcli('Image_Definition_Update_DM', '-T', 'GUEST1', *(
            word for key in keys for word in ('-k', key)))

    def test_statements_stand_before_those_of_devices(self):
        self.update('CPU=CPUADDR=02', 'SHARE=RELATIVE=300')
        lines = self.lines()
        self.assertLess(lines.index('CPU 02'), len(lines) - 1)
        self.assertTrue(lines[-1].startswith('MDISK 0100'))
        self.assertEqual(['SHARE RELATIVE 300'],
                         [line for line in lines if 'SHARE' in line])
        self.assertEqual(6, lines.index('SHARE RELATIVE 300'))

    def test_long_form_of_the_newer_connector(self):
        self.update("COMMAND_DEFINE_CPU='CPUADDR=02 TYPE=IFL'",
                    'COMMAND_DEFINE_CPU=CPUADDR=03 TYPE=IFL')
        self.assertIn('COMMAND DEFINE CPU 02 TYPE IFL', self.lines())
        self.assertIn('COMMAND DEFINE CPU 03 TYPE IFL', self.lines())
        self.smcli('Image_Definition_Delete_DM', '-T', 'GUEST1', '-k',
                   'COMMAND_DEFINE_CPU=CPUADDR=03')
        self.assertNotIn('COMMAND DEFINE CPU 03 TYPE IFL', self.lines())
        self.assert_refused(
            (8, 4), 'Image_Definition_Delete_DM', '-T', 'GUEST1', '-k',
            'COMMAND_DEFINE_CPU=CPUADDR=03')
        self.assert_refused(
            (8, 4), 'Image_Definition_Delete_DM', '-T', 'GUEST1', '-k',
            'CPU=CPUADDR=02')

    def test_attributes_are_told(self):
        self.update("COMMAND_DEFINE_CPU='CPUADDR=02 TYPE=IFL'",
                    'CPU=CPUADDR=03')
        keys = ('CPU', 'COMMAND_DEFINE_CPU=', 'CPU_MAXIMUM', 'SHARE=', 'IPL',
                'STORAGE_INITIAL', 'STORAGE_MAXIMUM', 'PRIVILEGE_CLASSES')
        response = self.smcli('Image_Definition_Query_DM', '-T', 'GUEST1', *(
            word for key in keys for word in ('-k', key)))
        self.assertEqual([
            'CPU=CPUADDR=03',
            'COMMAND_DEFINE_CPU=CPUADDR=00 TYPE=IFL',
            'COMMAND_DEFINE_CPU=CPUADDR=01 TYPE=IFL',
            'COMMAND_DEFINE_CPU=CPUADDR=02 TYPE=IFL',
            'CPU_MAXIMUM=COUNT=4', 'SHARE=RELATIVE=200', 'IPL=VDEV=0100',
            'STORAGE_INITIAL=2048m', 'STORAGE_MAXIMUM=8G',
            'PRIVILEGE_CLASSES=G'], response.splitlines())
        self.assert_refused((24, 0), 'Image_Definition_Query_DM', '-T',
                            'GUEST1', '-k', 'COLOUR')
        self.assert_refused((400, 4), 'Image_Definition_Query_DM', '-T',
                            'NOSUCH', '-k', 'CPU')

    def test_defined_twice_is_defined_once(self):
        self.update('CPU=CPUADDR=02')
        self.update('CPU=CPUADDR=02')
        self.assertEqual(1, self.lines().count('CPU 02'))

    def test_maximum(self):
        before = self.lines()
        for key in ('CPU', 'COMMAND_DEFINE_CPU'):
            self.assert_refused(
                (520, 32), 'Image_Definition_Update_DM', '-T', 'GUEST1',
                *(word for address in ('02', '03', '04')
                  for word in ('-k', f'{key}=CPUADDR={address}')))
        self.assertEqual(before, self.lines())

    def test_grammar(self):
        for key in ('CPU=02', 'CPU=CPUADDR=40', 'SHARE=MUCH',
                    'COMMAND_DEFINE_CPU=02'):
            self.assert_refused((24, 0), 'Image_Definition_Update_DM', '-T',
                                'GUEST1', '-k', key)


class NewerConnectorTestCase(HardwareTestCase):
    """Resizes as later connectors make them, command by command."""

    entry = simulated.ENTRY.replace('RESERVED 6144M',
                                    'INITIAL STANDBY REMAINDER')

    def update(self, api, *keys):
        self.smcli(api, '-T', 'GUEST1', *(
            word for key in keys for word in ('-k', key)), '--timeout', '240')

    def test_processors(self):
        self.assertEqual((['0', '1'], []),
                         (self.online(), self.online('--offline')))
        self.update('Image_Definition_Update_DM',
                    "COMMAND_DEFINE_CPU='CPUADDR=02 TYPE=IFL'",
                    'SHARE=RELATIVE=300')
        for command in ('vmcp def cpu 02', 'chcpu -r', 'chcpu -e 02'):
            self.ask(command)
        self.assertEqual(['0', '1', '2'], self.online())
        self.update('Image_Definition_Delete_DM',
                    'COMMAND_DEFINE_CPU=CPUADDR=02')
        self.update('Image_Definition_Update_DM', 'SHARE=RELATIVE=200')
        self.ask('chcpu -d 02')
        self.assertEqual((['0', '1'], ['2']),
                         (self.online(), self.online('--offline')))
        self.ask('chcpu -e 02')
        self.assertEqual(['0', '1', '2'], self.online())

    def test_storage(self):
        self.assertIn(f'{2 << 30}\n', self.ask('lsmem -b'))
        self.ask('chmem -e 2048M')
        self.assertIn(f'{4 << 30}\n', self.ask('lsmem -b'))
        self.assertEqual((4096, 4096, 0), (
            self.guest()['storage_mib'], self.guest()['standby_mib'],
            self.guest()['reserved_mib']))

    def test_system(self):
        self.assertIn('VERSION_ID="8.6"',
                      self.ask('grep -v ^# /etc/os-release'))
        self.assertIn('Device size: 4370', self.smcli(
            'Image_Disk_Query', '-T', 'GUEST1', '-k', 'vdasd_id=all',
            '--timeout', '240'))
