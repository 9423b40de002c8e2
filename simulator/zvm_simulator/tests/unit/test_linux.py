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

"""What a guest's Linux says of itself, and what it writes as it boots."""

import testtools

from zvm_simulator.disks import imagefile
from zvm_simulator.linux import distribution
from zvm_simulator.tests.support import simulated


class DistributionTestCase(testtools.TestCase):

    def test_names(self):
        for os_version, name, version, kernel in (
                ('rhel6.7', 'rhel', '6.7', '2.6.32-754.el6.s390x'),
                ('RHEL8.10', 'rhel', '8.10', '4.18.0-372.el8.s390x'),
                ('rhel10.0', 'rhel', '10.0', '6.12.0-55.el10.s390x'),
                ('sles12sp5', 'sles', '12.5', '4.12.14-122-default'),
                ('ubuntu22.04', 'ubuntu', '22.04', '5.15.0-94-generic'),
                ('ubuntu2004', 'ubuntu', '20.04', '5.4.0-169-generic'),
                ('rhcos4', 'rhcos', '4', '5.14.0-427.el9_4.s390x'),
                ('unknown', 'unknown', '', '6.1.0-18-s390x')):
            found = distribution.of(os_version)
            self.assertEqual((name, version, kernel), (
                found.name, found.version, found.kernel))

    def test_release_files(self):
        """Each is read by zvmsdk/smtclient.py guest_get_os_version."""
        for os_version, names in (
                ('rhel6.7', ['redhat', 'system']),
                ('rhel8.6', ['os', 'redhat', 'system']),
                ('sles11.3', ['SuSE']), ('sles12.4', ['SuSE', 'os']),
                ('sles15.4', ['os']), ('ubuntu20.04', ['lsb', 'os']),
                ('rhcos4.12', ['os', 'redhat', 'system'])):
            self.assertEqual(
                [f'/etc/{name}-release' for name in names],
                sorted(distribution.of(os_version).release_files))

    def test_versions_where_the_connector_looks(self):
        files = distribution.of('rhel6.7').release_files
        self.assertEqual('6.7', files['/etc/redhat-release'].split()[6])
        files = distribution.of('sles11.3').release_files
        lines = files['/etc/SuSE-release'].splitlines()
        self.assertEqual(['11', '3'], [line.split('=')[1].strip()
                                       for line in lines[1:]])
        files = distribution.of('ubuntu22.04').release_files
        for line in files['/etc/os-release'].splitlines():
            self.assertIn('=', line)


class ShellTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.create()
        self.add_disk()
        self.add_disk(vdev='0101', size=2048, pool='FBAPOOL',
                      devtype='9336')
        self.deploy()
        self.authorise()
        self.smcli('Virtual_Network_Adapter_Create_Extended_DM', '-T',
                   'GUEST1', '-k', 'image_device_number=1000', '-k',
                   'adapter_type=QDIO')
        self.boot()

    def ask(self, command):
        status, output = self.iucv('GUEST1', command)
        self.assertEqual(0, status, output)
        return output

    def assert_fails(self, status, message, command):
        code, output = self.iucv('GUEST1', command)
        self.assertEqual(8, code)
        self.assertIn(f'Return code 8, Reason code {status}.', output)
        self.assertIn(message, output)

    def test_release(self):
        self.assertEqual(
            '/etc/os-release\n/etc/redhat-release\n/etc/system-release\n',
            self.ask('ls /etc/*-release'))
        self.assertIn('(Ootpa)', self.ask('cat /etc/redhat-release'))
        self.assertIn('VERSION_ID="8.6"\n',
                      self.ask('grep -v ^# /etc/os-release'))
        self.assertEqual('4.18.0-372.el8.s390x\n', self.ask('uname -r'))
        self.assertIn('Linux localhost 4.18.0', self.ask('uname -a'))

    def test_file_of_ones_own_goes_first(self):
        self.punch('GUEST1', 'own.sh', 'echo mine > /etc/os-release\n')
        self.ask('systemctl start zvmguestconfigure')
        self.assertEqual('mine\n', self.ask('cat /etc/os-release'))

    def test_comments_are_left_out(self):
        self.punch('GUEST1', 'own.sh', "echo -e '#a\\nb' > /etc/own\n")
        self.ask('systemctl start zvmguestconfigure')
        self.assertEqual('b\n', self.ask('grep -v ^# /etc/own'))

    def test_root(self):
        self.assertEqual('root=/dev/dasda1\n', self.ask('cat /proc/cmdline'))
        for name in ('/dev/dasda1', '/dev/disk/by-path/ccw-0.0.0100-part1'):
            self.assertEqual('/dev/dasda1\n',
                             self.ask(f'readlink -f {name}'))
        self.assertEqual('/dev/dasdb\n', self.ask(
            'readlink -f /dev/disk/by-path/ccw-0.0.0101'))
        self.assertEqual('/dev/disk/by-path/ccw-0.0.0109\n', self.ask(
            'readlink -f /dev/disk/by-path/ccw-0.0.0109'))

    def test_disks(self):
        self.assertEqual(
            '0.0.0100(ECKD) at ( 94:     0) is dasda  : active at '
            'blocksize: 4096, 786600 blocks, 3072 MB\n',
            self.ask('cat /proc/dasd/devices | grep -i "is dasda" '))
        self.assertIn('0.0.0101(FBA ) at ( 94:     4) is dasdb',
                      self.ask('cat /proc/dasd/devices'))
        self.assertIn(f'/dev/dasda1      {simulated.ECKD_SIZE * 720} ',
                      self.ask('df'))
        text = self.ask('lszdev')
        for words in ('dasd-eckd    0.0.0100', 'dasd-fba     0.0.0101',
                      'qeth         0.0.1000:0.0.1001:0.0.1002'):
            self.assertIn(words, text)

    def test_disks_as_cp_tells_them(self):
        text = self.ask('vmcp q v dasd')
        words = text.splitlines()[0].split()
        self.assertEqual(['4370', 'CYL', 'ON', 'DASD', '0D00'], words[5:10])
        self.assertEqual(text.splitlines()[0] + '\n',
                         self.ask('vmcp q v 0100'))
        self.assertIn('OSA  1000 ON NIC  1000', self.ask('vmcp q 1000'))
        self.assertEqual('GUEST1   AT ZVMSYS1\n', self.ask('vmcp q userid'))
        self.assert_fails(1, 'HCPQVD040E', 'vmcp q 0200')
        for command in ('frobnicate', 'schedule * within pool a',
                        'attach pcif 1 * as 2'):
            self.assert_fails(1, 'HCPCMD001E', f'vmcp {command}')

    def test_disk_is_taken_off(self):
        self.ask('/sbin/chccwdev -d 0101')
        self.assertEqual('DASD 0101 DETACHED\n',
                         self.ask('/sbin/vmcp detach 0101'))
        self.assertEqual(['0100'], [disk['vdev'] for disk in
                                    self.guest()['disks']])
        self.assert_fails(1, 'not found', '/sbin/chccwdev -d 0101')
        self.assert_fails(1, 'HCPDTV040E', '/sbin/vmcp detach 0101')
        self.assert_fails(1, 'not found', 'chccwdev -e zz')

    def test_files_and_commands_that_are_not_there(self):
        self.assert_fails(1, 'No such file', 'cat /etc/none')
        self.assert_fails(1, 'No such file', 'grep -v ^# /etc/none')
        self.assert_fails(127, 'command not found', 'frobnicate')

    def test_operands_that_are_missing(self):
        for words in (('GUEST1',), ('GUEST1', ' '), ()):
            status, output = self.run_command(
                '/opt/zthin/bin/IUCV/iucvclnt', *words)
            self.assertEqual(2, status)
            self.assertIn('Return code 2,', output)


class ConsoleTestCase(simulated.SimulatorTestCase):

    def console(self):
        return '\n'.join(self.guest()['console'])

    def boots(self, os_version='rhel8.6', entry=simulated.ENTRY):
        self.create(text=entry)
        self.add_disk()
        path = self.file(f'netboot/{os_version}/image1/0100',
                         imagefile.header('CKD', 3338) + b'disk')
        self.run_command('/opt/zthin/bin/unpackdiskimage', 'GUEST1', '0100',
                         path)
        self.boot()

    def test_boot_in_its_order(self):
        self.boots()
        text = self.console()
        found = [text.index(line) for line in (
            'Booting default', 'Linux version 4.18.0-372.el8.s390x',
            'running as a z/VM guest', 'Kernel command line: root=',
            'cpu: 2 configured', 'dasda:VOL1/  0X0100: dasda1',
            'systemd[1]: Detected virtualization zvm',
            'zvmguestconfigure is starting', 'Cloud-init finished',
            'Multi-User System', 'Red Hat Enterprise Linux 8.6',
            'localhost login:')]
        self.assertEqual(sorted(found), found)

    def test_login_of_each_distribution(self):
        self.boots('ubuntu22.04')
        self.assertIn('Ubuntu 22.04\nKernel 5.15.0-94-generic on an s390x',
                      self.console())

    def test_parameters_of_the_ipl(self):
        self.boots(entry=simulated.ENTRY.replace(
            'IPL 0100', 'IPL 0100 PARM quiet LOADPARM 1'))
        self.assertIn('Kernel command line: root=/dev/dasda1 quiet\n',
                      self.console())

    def test_cloud_init_is_for_the_boot(self):
        self.boots()
        self.authorise()
        self.machine.execute('ZVMSYS1', ['vmcp', 'query userid'])
        self.smcli('Image_Recycle', '-T', 'GUEST1')
        self.clock.advance(simulated.BOOT_TIME)
        count = self.console().count('Cloud-init')
        self.iucv('GUEST1', 'systemctl start zvmguestconfigure')
        self.assertEqual(count, self.console().count('Cloud-init'))
        self.assertEqual(2, self.console().count(
            'zvmguestconfigure is starting'))

    def test_shut_down(self):
        self.bootable()
        self.boot()
        self.iucv('GUEST1', 'shutdown -h now')
        self.assertIn('reboot: System halted', self.console())

    def test_root_grows_where_cloud_init_grows_it(self):
        """By resizefs, which is among its modules if nothing is said."""
        for text, size in (
                ('echo nothing > /etc/motd', simulated.ECKD_SIZE),
                ('echo "cloud_init_modules: [ssh, resizefs]" > '
                 '/etc/cloud/cloud.cfg', simulated.ECKD_SIZE),
                ('echo "cloud_init_modules: [growpart]" > '
                 '/etc/cloud/cloud.cfg', simulated.IMAGE_SIZE),
                ('echo "datasource_list: [None]" > '
                 '/etc/cloud/cloud.cfg.d/90.cfg', simulated.ECKD_SIZE),
                ('echo "cloud_init_modules: [ssh]" > '
                 '/etc/cloud/cloud.cfg.d/90.cfg', simulated.IMAGE_SIZE),
                ('echo "[" > /etc/cloud/cloud.cfg', simulated.IMAGE_SIZE),
                ('echo > /etc/cloud/cloud-init.disabled',
                 simulated.IMAGE_SIZE)):
            self.bootable()
            self.punch('GUEST1', 'own.sh', text + '\n')
            self.boot()
            self.assertIn(f'/dev/dasda1      {size * 720} ',
                          self.iucv('GUEST1', 'df')[1], text)
            self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
            self.smcli('Image_Delete_DM', '-T', 'GUEST1', '-e', '0')

    def test_linux_without_cloud_init(self):
        self.bootable()
        self.punch('GUEST1', 'own.sh',
                   'echo > /etc/cloud/cloud-init.disabled\n')
        self.boot()
        self.assertNotIn('Cloud-init', self.console())

    def test_script_that_grows_the_root(self):
        self.bootable()
        self.punch('GUEST1', 'gpartvol.sh', 'if [[ 1 ]]; then\nexit 1\nfi\n')
        self.boot()
        self.assertIn('multipathd service is inactive', self.console())
        self.assertEqual([], self.reader())
