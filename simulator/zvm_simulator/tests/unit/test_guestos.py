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

"""The Linux in a guest: boot, activation engine, answers over IUCV."""

from zvm_simulator.tests.support import simulated

NETWORK = {
    'invokeScript.sh': (
        '#!/bin/bash \n\nrm -f /etc/sysconfig/network-scripts/ifcfg-enc*\n'
        'cat 0000 > /etc/sysconfig/network-scripts/ifcfg-enccw0.0.1000\n'
        'cat 0001 > /etc/resolv.conf\ncat 0002 > /tmp/znetconfig.sh\n'
        'sleep 2\n/bin/bash /tmp/znetconfig.sh\nrm -rf invokeScript.sh\n'),
    '0000': ('DEVICE="enccw0.0.1000"\nIPADDR="192.0.2.5"\n'
             'NETMASK="255.255.255.0"\nGATEWAY="192.0.2.1"\n'
             'MTU="1450"\n'),
    '0001': 'nameserver 192.0.2.2\n',
    '0002': '#!/bin/bash\ncio_ignore -R\nznetconf -A\n'
            'rm -rf /tmp/znetconfig.sh\n',
}
SET_UP_DISK = {
    'setupDisk': '#!/bin/bash\nfunction setupDisk {\n}\n',
    'invokeScript.sh': '#!/bin/bash \n/bin/bash setupDisk action=addMdisk '
                       'vaddr=0101 filesys=ext4 mntdir=/mnt/data \n',
}
DRIVE = {
    'openstack/latest/meta_data.json': '{"hostname": "web1.example.org"}',
    'openstack/latest/user_data': '#cloud-config\n',
    'openstack/content/0000': 'injected',
}


class BootTestCase(simulated.SimulatorTestCase):

    def linux(self):
        return self.guest()['linux']

    def test_boot_takes_its_time(self):
        self.bootable()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.clock.advance(simulated.BOOT_TIME - 0.1)
        self.assertEqual('booting', self.linux()['state'])
        self.assertEqual(4, self.iucv('GUEST1', 'echo ping')[0])
        self.clock.advance(0.1)
        self.assertEqual('up', self.linux()['state'])
        self.assertEqual((0, 'ping\n'), self.iucv('GUEST1', "echo 'ping'"))

    def test_boot_time_is_a_latency(self):
        self.latency.set_profile('slow')
        self.bootable()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.clock.advance(self.latency.seconds('boot') - 0.1)
        self.assertEqual('booting', self.linux()['state'])
        self.clock.advance(0.1)
        self.assertEqual('up', self.linux()['state'])

    def test_disk_without_image_does_not_boot(self):
        self.create()
        self.add_disk()
        self.boot()
        self.assertEqual('down', self.linux()['state'])
        self.assertIn('HCPGIR450W', '\n'.join(self.guest()['console']))

    def test_entry_without_ipl_does_not_boot(self):
        self.create(text=simulated.ENTRY.replace('IPL 0100\n', ''))
        self.boot()
        self.assertEqual('down', self.linux()['state'])

    def test_what_was_written_is_there_after_a_restart(self):
        self.bootable()
        self.boot()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
        self.boot()
        self.assertEqual(0, self.iucv('GUEST1', 'echo ping')[0])


class ActivationTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.bootable()

    def test_takes_what_it_knows_and_no_more(self):
        taken = {'network.doscript': simulated.archive(NETWORK),
                 'hostname.sh': '#!/bin/bash\n/bin/hostname web1\n',
                 'cfgdrive.iso': simulated.config_drive(DRIVE)}
        left = {'cfgdrive.tgz': 'x', 'note.txt': 'x', 'cfgdrive': 'x',
                'old.disk': 'x', 'UPPER.SH': 'x'}
        for name, content in {**left, **taken}.items():
            self.punch('GUEST1', name, content)
        self.punch('GUEST1', 'other.sh', 'x', 'A')
        self.boot()
        self.assertEqual(
            {'cfgdrive.tgz', 'note.txt', 'cfgdrive.', 'old.disk',
             'UPPER.SH', 'other.sh'}, set(self.reader()))

    def test_host_name(self):
        self.punch('GUEST1', 'hostname.sh', '#!/bin/bash\necho -n web1 > '
                   '/etc/hostname\n/bin/hostname web1\n')
        self.boot()
        self.assertEqual('web1', self.guest()['linux']['hostname'])
        self.assertEqual(b'web1\n', self.machine.guest_file(
            'GUEST1', '/etc/hostname'))

    def test_network(self):
        self.punch('GUEST1', 'network.doscript', simulated.archive(NETWORK))
        self.boot()
        self.assertEqual([{
            'vdev': '1000', 'device': 'enccw0.0.1000', 'ip': '192.0.2.5',
            'prefix': 24, 'gateway': '192.0.2.1', 'dns': ['192.0.2.2'],
            'mtu': 1450}],
            self.guest()['linux']['networks'])
        with self.assertRaises(KeyError):
            self.machine.guest_file('GUEST1', '/tmp/znetconfig.sh')

    def test_archive_that_is_none(self):
        self.punch('GUEST1', 'network.doscript', 'no tar file')
        self.boot()
        self.assertEqual('up', self.guest()['linux']['state'])
        self.assertEqual([], self.reader())

    def test_disk_with_its_file_system_is_mounted(self):
        self.add_disk(vdev='0101', size=100)
        for command in (
                ('/opt/zthin/bin/linkdiskandbringonline', 'GUEST1', '0101',
                 'MR'),
                ('/sbin/dasdfmt', '-y', '/dev/dasda'),
                ('/sbin/fdasd', '-a', '/dev/dasda'),
                ('mkfs', '-F', '-t', 'ext4', '/dev/dasda1'),
                ('/opt/zthin/bin/offlinediskanddetach', 'GUEST1', '0101')):
            self.assertEqual(0, self.run_command(*command)[0])
        self.punch('GUEST1', 'aemod.doscript',
                   simulated.archive(SET_UP_DISK))
        self.boot()
        mounts = {'/': '0100', '/mnt/data': '0101'}
        self.assertEqual(mounts, self.guest()['linux']['mounts'])
        self.iucv('GUEST1', 'shutdown -r now')
        self.clock.advance(simulated.BOOT_TIME)
        self.assertEqual(mounts, self.guest()['linux']['mounts'])

    def test_disk_without_file_system_is_not_mounted(self):
        self.add_disk(vdev='0101', size=100)
        self.punch('GUEST1', 'aemod.doscript',
                   simulated.archive(SET_UP_DISK))
        self.boot()
        self.assertEqual({'/': '0100'}, self.guest()['linux']['mounts'])

    def test_runs_again_when_told(self):
        self.boot()
        self.punch('GUEST1', 'hostname.sh', '/bin/hostname web2\n')
        self.assertEqual(0, self.iucv(
            'GUEST1', 'systemctl start zvmguestconfigure.service')[0])
        self.assertEqual('web2', self.guest()['linux']['hostname'])
        self.assertEqual([], self.reader())


class NetworkFilesTestCase(simulated.SimulatorTestCase):

    netplan = ('network:\n  ethernets:\n    enc1000:\n'
               '      addresses: [192.0.2.5/24]\n'
               '      gateway4: 192.0.2.1\n'
               '      nameservers: {addresses: [192.0.2.2]}\n'
               '  version: 2\n')
    stanzas = ('auto lo\niface lo inet loopback\nauto enc1000\n'
               'iface enc1000 inet static\naddress 192.0.2.5\n'
               'netmask 255.255.255.0\nbroadcast 192.0.2.255\n'
               'gateway 192.0.2.1\nmtu 1500\n'
               'dns-nameservers 192.0.2.2\n')
    complete = [('1000', '192.0.2.5', 24, '192.0.2.1', ['192.0.2.2'])]

    def networks(self, files):
        return [(item['vdev'], item['ip'], item['prefix'], item['gateway'],
                 item['dns']) for item in self.interfaces(files)]

    def interfaces(self, files):
        self.bootable()
        self.punch('GUEST1', 'network.doscript', simulated.archive({
            'invokeScript.sh': ''.join(
                f'cat {number:04} > {path}\n'
                for number, path in enumerate(files)),
            **{f'{number:04}': text
               for number, text in enumerate(files.values())}}))
        self.boot()
        return self.guest()['linux']['networks']

    def from_netplan(self, *texts):
        return self.networks({f'/etc/netplan/{number}.yaml': text
                              for number, text in enumerate(texts)})

    def from_interfaces(self, text):
        return self.networks({'/etc/network/interfaces': text})

    def from_sles(self, routes):
        return self.networks({
            '/etc/sysconfig/network/ifcfg-eth0':
                "IPADDR='192.0.2.5'\nNETMASK='255.255.255.0'\n",
            '/etc/sysconfig/network/routes': routes})

    def test_netplan(self):
        self.assertEqual(self.complete, self.from_netplan(self.netplan))

    def test_netplan_without_gateway(self):
        self.assertEqual(
            [('1000', '192.0.2.5', 24, '', ['192.0.2.2'])],
            self.from_netplan(self.netplan.replace(
                '      gateway4: 192.0.2.1\n', '')))

    def test_netplan_refuses_an_empty_gateway_and_all_else(self):
        self.assertEqual([], self.from_netplan(
            self.netplan.replace('enc1000', 'enc1003'),
            self.netplan.replace(' 192.0.2.1', " ''")))

    def test_netplan_refuses_an_address_without_prefix(self):
        self.assertEqual([], self.from_netplan(
            self.netplan.replace('2.5/24', '2.5')))

    def test_netplan_refuses_an_empty_mtu(self):
        self.assertEqual([], self.from_netplan(
            self.netplan.replace('      gateway4', "      mtu: ''\n"
                                 '      gateway4')))

    def test_mtu_of_netplan(self):
        [item] = self.interfaces({'/etc/netplan/1.yaml': self.netplan.replace(
            '      gateway4', "      mtu: '1450'\n      gateway4")})
        self.assertEqual(1450, item['mtu'])

    def test_netplan_without_mtu(self):
        [item] = self.interfaces({'/etc/netplan/1.yaml': self.netplan})
        self.assertIsNone(item['mtu'])

    def test_mtu_of_interfaces(self):
        [item] = self.interfaces({'/etc/network/interfaces': self.stanzas})
        self.assertEqual(1500, item['mtu'])

    def test_netplan_of_an_interface_without_address(self):
        self.assertEqual([], self.from_netplan(
            'network:\n  ethernets:\n    enc1000: {dhcp4: true}\n'))

    def test_netplan_that_is_no_yaml(self):
        self.assertEqual([], self.from_netplan('network: [\n'))

    def test_interfaces(self):
        self.assertEqual(self.complete, self.from_interfaces(self.stanzas))

    def test_interfaces_without_gateway(self):
        self.assertEqual(
            [('1000', '192.0.2.5', 24, '', ['192.0.2.2'])],
            self.from_interfaces(self.stanzas.replace(
                'gateway 192.0.2.1\n', '')))

    def test_interfaces_with_an_empty_gateway(self):
        other = self.stanzas.partition('auto enc1000')[2]
        self.assertEqual(
            [('1003', '192.0.2.5', 24, '192.0.2.1', ['192.0.2.2'])],
            self.from_interfaces(
                self.stanzas.replace('gateway 192.0.2.1', 'gateway ')
                + 'auto enc1003' + other.replace('enc1000', 'enc1003')))

    def test_routes_of_sles(self):
        self.assertEqual([('', '192.0.2.5', 24, '192.0.2.1', [])],
                         self.from_sles('default 192.0.2.1 - -\n'))

    def test_routes_of_sles_without_gateway(self):
        self.assertEqual([('', '192.0.2.5', 24, '', [])],
                         self.from_sles('default  - -\n'))


class SenderTestCase(simulated.SimulatorTestCase):

    scenario = {'linux': {'authorized_senders': ['OTHER']}}

    def test_files_of_others_stay(self):
        self.bootable()
        self.boot()
        self.assertEqual(['iucvauth.sh'], self.reader())
        self.assertEqual(1, self.iucv('GUEST1', 'echo ping')[0])


class ConfigDriveTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.bootable()

    def test_files_as_cloud_init_sees_them(self):
        self.punch('GUEST1', 'cfgdrive.iso', simulated.config_drive(DRIVE))
        with self.assertRaises(KeyError):
            self.machine.guest_file('GUEST1', 'openstack/latest/user_data')
        self.boot()
        for path, text in DRIVE.items():
            self.assertEqual(text.encode(),
                             self.machine.guest_file('GUEST1', path))
            self.assertEqual(text.encode(), self.machine.guest_file(
                'GUEST1', f'/mnt/config/{path}'))
        linux = self.guest()['linux']
        self.assertEqual(sorted(DRIVE), linux['config_drive'])
        self.assertEqual('web1', linux['hostname'])

    def test_file_that_is_not_on_it(self):
        self.punch('GUEST1', 'cfgdrive.iso', simulated.config_drive(DRIVE))
        self.boot()
        with self.assertRaises(KeyError):
            self.machine.guest_file('GUEST1', 'openstack/latest/none')

    def test_other_name_is_kept_and_not_mounted(self):
        self.punch('GUEST1', 'drive.iso', simulated.config_drive(DRIVE))
        self.boot()
        with self.assertRaises(KeyError):
            self.machine.guest_file('GUEST1', 'openstack/latest/user_data')
        self.assertIn('DataSourceNone', '\n'.join(self.guest()['console']))

    def test_other_label_is_not_found(self):
        self.punch('GUEST1', 'cfgdrive.iso', simulated.config_drive(
            DRIVE, 'mylabel'))
        self.boot()
        self.assertEqual('localhost', self.guest()['linux']['hostname'])

    def test_file_that_is_no_iso(self):
        self.punch('GUEST1', 'cfgdrive.iso', 'none')
        self.boot()
        self.assertEqual('up', self.guest()['linux']['state'])

    def test_goes_with_the_disk(self):
        self.punch('GUEST1', 'cfgdrive.iso', simulated.config_drive(DRIVE))
        self.boot()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
        self.smcli('Image_Delete_DM', '-T', 'GUEST1', '-e', '0')
        with self.assertRaises(KeyError):
            self.machine.guest_file('GUEST1', 'openstack/latest/user_data')


class IucvTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.bootable()
        self.boot()

    def test_guest_that_is_off(self):
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
        status, output = self.iucv('GUEST1', 'echo ping')
        self.assertEqual(4, status)
        self.assertRegex(output, r'Return code 4, Reason code \d+\.')

    def test_guest_that_authorised_nobody(self):
        self.create('GUEST2')
        self.add_disk('GUEST2')
        self.deploy('GUEST2')
        self.boot('GUEST2')
        status, output = self.iucv('GUEST2', 'echo ping')
        self.assertEqual(1, status)
        self.assertIn('UNAUTHORIZED_ERROR', output)

    def test_authority_can_be_given_away(self):
        self.assertEqual(0, self.iucv(
            'GUEST1', 'echo -n ZCC2 > /etc/iucv_authorized_userid\n')[0])
        self.assertEqual(1, self.iucv('GUEST1', 'echo ping')[0])

    def test_line_end_after_the_userid(self):
        """As the agent of current releases (iucvserver.c) takes it."""
        self.punch('GUEST1', 'iucvauth.sh', 'echo ' + simulated.CONNECTOR +
                   ' > /etc/iucv_authorized_userid\n')
        self.smcli('Image_Recycle', '-T', 'GUEST1')
        self.clock.advance(simulated.BOOT_TIME)
        self.assertEqual(0, self.iucv('GUEST1', 'echo ping')[0])

    def test_unknown_command(self):
        status, output = self.iucv('GUEST1', 'frobnicate now')
        self.assertEqual(8, status)
        self.assertIn('Return code 8, Reason code 127.', output)

    def test_questions(self):
        for command, answer in (
                ('pwd', '/\n'),
                ('lscpu --parse=ADDRESS', '\n0\n1\n'),
                ('lsmem', 'Total online memory:        2G\n'),
                ('lsmem -b', f'Total online memory:     {2048 << 20}\n'),
                ('ls /etc/*-release', '/etc/os-release\n'),
                ('cat /etc/os-release', 'VERSION_ID="8.6"\n'),
                ('uname -srm', 's390x\n'),
                ('cat /proc/cmdline | tr " " "\\n" | grep -a "^root=" | '
                 'cut -c6-', '/dev/dasda1\n'),
                ('readlink -f /dev/dasda1', '/dev/dasda1\n'),
                ('cat /proc/dasd/devices | grep -i "is dasda" ',
                 '0.0.0100(ECKD)')):
            status, output = self.iucv('GUEST1', command)
            self.assertEqual(0, status, command)
            self.assertIn(answer, output)

    def test_shut_down_leaves_the_guest_logged_on(self):
        self.assertEqual(0, self.iucv('GUEST1', 'shutdown -h now')[0])
        self.assertEqual(4, self.iucv('GUEST1', 'echo ping')[0])
        self.assertEqual('GUEST1   - DSC\n', self.vmcp('q', 'GUEST1'))
        self.clock.advance(1000)
        self.assertEqual('down', self.guest()['linux']['state'])

    def test_reboot(self):
        self.assertEqual(0, self.iucv('GUEST1', 'shutdown -r now')[0])
        self.assertEqual(4, self.iucv('GUEST1', 'echo ping')[0])
        self.clock.advance(simulated.BOOT_TIME)
        self.assertEqual(0, self.iucv('GUEST1', 'echo ping')[0])
        self.assertEqual(2, self.guest()['linux']['boots'])
