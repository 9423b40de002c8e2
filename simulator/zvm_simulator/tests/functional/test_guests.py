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

"""What can be done with a guest, through the real connector."""

from typing import Any

from zvm_simulator.tests.functional import test_connector
from zvm_simulator.tests.support import rest

USERID = 'INST0001'
SECOND = 'INST0002'
CYLINDERS = 3000
ROOT = {'size': '3g', 'is_boot_disk': True, 'disk_pool': 'ECKD:POOL1'}


class GuestTest(test_connector.ConnectorTest):

    def define(self, userid: str = USERID, **fields: Any) -> None:
        """Create a guest, with a root disk unless others are told."""
        guest = {'userid': userid, 'vcpus': 2, 'memory': 2048, 'max_cpu': 4,
                 'max_mem': '8G', 'disk_list': [dict(ROOT)], **fields}
        self.rest.output('POST', '/guests', {'guest': guest})

    def image(self, name: str = 'rhel', os_version: str = 'rhel8.6',
              content: bytes | None = None) -> None:
        stored = self.rest.upload(content or rest.disk_image(CYLINDERS))
        self.rest.output('POST', '/images', {'image': {
            'image_name': name, 'url': stored['dest_url'],
            'image_meta': {'os_version': os_version}}})

    def running(self, **fields: Any) -> None:
        """Have a guest whose Linux is up."""
        self.define(**fields)
        self.image()
        self.rest.action(USERID, 'deploy', image='rhel')
        self.rest.action(USERID, 'start', timeout=300)

    def guest(self, userid: str = USERID) -> dict[str, Any]:
        return self.zvm.machine.state()['guests'][userid]

    def linux(self, command: str, userid: str = USERID) -> str:
        """Run a command in the guest's Linux, from z/VM's side."""
        answer = self.zvm.machine.execute('ZVMSYS1', [
            'sudo', '/opt/zthin/bin/IUCV/iucvclnt', userid, command])
        self.assertEqual(0, answer.status, answer.output)
        return answer.output.decode()

    def change_linux(self, script: str) -> None:
        """Have the activation engine run a script, now."""
        path = self.connector.file_repository / 'change.sh'
        path.write_text(script)
        execute = self.zvm.machine.execute
        punched = execute('ZVMSYS1', ['vmur', 'punch', '-r', str(path)])
        spoolid = punched.output.decode().split()[4]
        execute('ZVMSYS1', ['vmcp', f'change rdr {spoolid} class X'])
        execute('ZVMSYS1', ['vmcp', f'transfer * rdr {spoolid} to '
                            f'{USERID} rdr'])
        self.linux('systemctl start zvmguestconfigure')

    def file(self, path: str, userid: str = USERID) -> bytes:
        return self.zvm.machine.guest_file(userid, path)

    def commands(self) -> list[str]:
        return [record['name'] for record in self.engine.log()
                if record['kind'] not in ('rest', 'wait')]

    def assert_refused(self, expected: tuple[int, int, int, int],
                       userid: str, action: str, **fields: Any) -> str:
        """Check status, overallRC, rc and rs of an action; return why."""
        status, answer = self.rest.call(
            'POST', f'/guests/{userid}/action', {'action': action, **fields})
        self.assertEqual(expected, (status, answer['overallRC'],
                                    answer['rc'], answer['rs']), answer)
        return answer['errmsg']


class TestCapture(GuestTest):

    def deploy_copy(self, image: str) -> None:
        self.define(SECOND)
        self.rest.action(SECOND, 'deploy', image=image)
        self.rest.action(SECOND, 'start', timeout=300)

    def test_running_guest(self) -> None:
        self.running()
        self.change_linux('echo kept > /etc/note\n')
        boots = self.guest()['linux']['boots']
        self.rest.action(USERID, 'capture', image='copy', compress_level=9)

        self.assertEqual('on', self.rest.output(
            'GET', f'/guests/{USERID}/power_state'))
        self.assertEqual(boots, self.guest()['linux']['boots'])
        image, = self.rest.output('GET', '/images?imagename=copy')
        self.assertEqual(('rhel8.6', '4370:CYL', 'rootonly'), (
            image['imageosdistro'], image['disk_size_units'], image['type']))
        self.assertEqual('4370', self.rest.output(
            'GET', '/images/copy/root_disk_size'))
        self.deploy_copy('copy')
        self.assertEqual(b'kept\n', self.file('/etc/note', SECOND))
        self.assertEqual(self.linux('uname -srm'),
                         self.linux('uname -srm', SECOND))

    def test_stopped_guest(self) -> None:
        self.running()
        self.change_linux('echo kept > /etc/note\n')
        self.rest.action(USERID, 'stop')
        self.engine.clear_log()
        self.rest.action(USERID, 'capture', image='copy')

        self.assertEqual(
            ['query', 'query', 'iucvclnt', 'Image_Query_DM', 'query user',
             'creatediskimage'],
            ['query' if name == 'q' else name for name in self.commands()])
        self.assertNotIn(USERID, self.zvm.machine.state()['guests'])
        self.deploy_copy('copy')
        self.assertEqual(b'kept\n', self.file('/etc/note', SECOND))

    def test_image_goes_out_and_in_again(self) -> None:
        self.running()
        self.change_linux('echo kept > /etc/note\n')
        self.rest.action(USERID, 'capture', image='copy')
        path = self.connector.file_repository / 'exported'
        exported = self.rest.output('PUT', '/images/copy', {'location': {
            'dest_url': f'file://{path}'}})
        self.rest.output('DELETE', '/images/copy')
        self.image('again', content=path.read_bytes())

        image, = self.rest.output('GET', '/images?imagename=again')
        self.assertEqual(exported['md5sum'], image['md5sum'])
        self.deploy_copy('again')
        self.assertEqual(b'kept\n', self.file('/etc/note', SECOND))

    def test_guest_that_does_not_answer_is_stopped_first(self) -> None:
        self.running()
        self.change_linux('rm /etc/iucv_authorized_userid\n')
        self.engine.clear_log()
        self.rest.action(USERID, 'capture', image='copy')

        names = self.commands()
        self.assertLess(names.index('Image_Deactivate'),
                        names.index('creatediskimage'))
        self.assertLess(names.index('creatediskimage'),
                        names.index('Image_Activate'))

    def test_root_on_a_logical_volume(self) -> None:
        self.running()
        self.change_linux('echo parameters="root=/dev/mapper/vg-root" > '
                          '/etc/zipl.conf\n')
        self.assertIn('logical volume', self.assert_refused(
            (409, 300, 300, 5), USERID, 'capture', image='copy'))
        self.assertEqual('up', self.guest()['linux']['state'])

    def test_guest_without_disk(self) -> None:
        self.define(disk_list=[])
        self.assert_refused((409, 300, 300, 5), USERID, 'capture',
                            image='copy')

    def test_disk_without_partition(self) -> None:
        self.define()
        self.assertIn('no partition', self.assert_refused(
            (409, 300, 300, 5), USERID, 'capture', image='copy'))
        self.assertEqual([], self.rest.output('GET', '/images'))


class TestDeploy(GuestTest):

    def assert_deploy_refused(self, reason: str, status: int = 500,
                              **fields: Any) -> None:
        self.assertIn(reason, self.assert_refused(
            (status, 300, 300, 3), USERID, 'deploy', image='rhel', **fields))

    def test_another_disk(self) -> None:
        self.define(disk_list=[dict(ROOT), {
            'size': '3g', 'format': 'none', 'disk_pool': 'ECKD:POOL1'}])
        self.image()
        self.rest.action(USERID, 'deploy', image='rhel', vdev='0101')

        volume = self.zvm.machine.state()['pools']['POOL1']['volumes'][
            'VOL001']
        self.assertEqual([None, 'rhel'], [
            (disk['image'] or {}).get('name') for disk in
            volume['used_extents'] if disk['userid'] == USERID])

    def test_refusals(self) -> None:
        self.define()
        self.image()
        self.assert_deploy_refused('not linked; not in CP directory', 404,
                                   vdev='0200')
        self.rest.output('DELETE', '/images/rhel')
        self.image(content=rest.disk_image(60000))
        self.assert_deploy_refused('too small')
        self.rest.action(USERID, 'start')
        self.assert_deploy_refused('currently running')

    def test_disk_type(self) -> None:
        self.define(disk_list=[{**ROOT, 'disk_pool': 'FBA:FBAPOOL'}])
        self.image()
        self.assert_deploy_refused('not a Count-Key-Data volume')
        self.rest.output('DELETE', f'/guests/{USERID}')
        self.define()
        self.rest.output('DELETE', '/images/rhel')
        header = b'xCAT FBA Disk Image:     2097152 BLK HLen: 0055 GZIP: 0'
        self.image(content=header.ljust(512) + b'disk')
        self.assert_deploy_refused('not a fixed-block volume')

    def test_fixed_blocks_boot(self) -> None:
        self.define(disk_list=[{**ROOT, 'disk_pool': 'FBA:FBAPOOL'}])
        header = b'xCAT FBA Disk Image:     2097152 BLK HLen: 0055 GZIP: 0'
        self.image(content=header.ljust(512) + b'disk')
        self.rest.action(USERID, 'deploy', image='rhel')
        self.rest.action(USERID, 'start', timeout=300)

        self.assertIn('(FBA )', self.linux('cat /proc/dasd/devices'))

    def test_host_name(self) -> None:
        self.define()
        self.image()
        self.rest.action(USERID, 'deploy', image='rhel', hostname='web1')
        self.rest.action(USERID, 'start', timeout=300)

        self.assertEqual('web1', self.guest()['linux']['hostname'])

    def test_disk_that_has_its_linux_already(self) -> None:
        self.running()
        self.rest.action(USERID, 'stop')
        self.rest.action(USERID, 'deploy', image='rhel8.6',
                         skipdiskcopy=True, hostname='web2')
        self.rest.action(USERID, 'start', timeout=300)

        self.assertEqual('web2', self.guest()['linux']['hostname'])

    def test_grow_root_volume_leaves_a_minidisk_alone(self) -> None:
        """That script is for volumes; here the guest's cloud-init did it."""
        self.running()
        self.rest.action(USERID, 'grow_root_volume', os_version='rhel8.6')
        self.linux('systemctl start zvmguestconfigure')

        self.assertIn('multipathd service is inactive', self.rest.action(
            USERID, 'get_console_output'))
        self.assertIn(f' {4370 * 720} ', self.linux('df'))


class TestResize(GuestTest):

    def test_stopped_guest(self) -> None:
        self.define()
        self.rest.action(USERID, 'resize_cpus', cpu_cnt=4)
        self.rest.action(USERID, 'resize_mem', size='4G')
        directory = self.directory()
        self.assertTrue(directory[0].startswith(f'USER {USERID} LBYONLY '
                                                '4096M 8G'))
        self.assertIn('SHARE RELATIVE 400', directory)
        self.assertIn('COMMAND DEF STOR RESERVED 4096M', directory)
        self.rest.action(USERID, 'start')

        guest = self.guest()
        self.assertEqual(([0, 1, 2, 3], 4096, 4096, 'RELATIVE 400'), (
            guest['processors'], guest['storage_mib'],
            guest['reserved_mib'], guest['settings']['share']))

    def test_smaller(self) -> None:
        self.define()
        self.rest.action(USERID, 'resize_cpus', cpu_cnt=4)
        self.rest.action(USERID, 'resize_cpus', cpu_cnt=3)
        self.rest.action(USERID, 'resize_mem', size='1G')
        self.rest.action(USERID, 'start')

        self.assertEqual(1024, self.guest()['storage_mib'])
        self.assertNotIn('CPU 03', self.directory())

    def test_running_guest(self) -> None:
        self.running()
        self.rest.action(USERID, 'live_resize_cpus', cpu_cnt=3)
        self.rest.action(USERID, 'live_resize_mem', size='3G')
        info = self.rest.output('GET', f'/guests/{USERID}/info')

        self.assertEqual((3, 3, 3 << 20), (
            info['num_cpu'], info['online_cpu_num'], info['max_mem_kb']))
        self.rest.action(USERID, 'live_resize_mem', size='5G')
        self.assertEqual((5120, 0, 3072), tuple(
            self.guest()[key] for key in ('storage_mib', 'standby_mib',
                                          'reserved_mib')))
        self.rest.action(USERID, 'reset')
        self.assertEqual(([0, 1, 2], 5120), (
            self.guest()['processors'], self.guest()['storage_mib']))

    def test_ubuntu_brings_processors_online_for_itself(self) -> None:
        self.define()
        self.image('ubuntu', 'ubuntu20.04')
        self.rest.action(USERID, 'deploy', image='ubuntu')
        self.rest.action(USERID, 'start', timeout=300)
        self.rest.action(USERID, 'live_resize_cpus', cpu_cnt=4)

        info = self.rest.output('GET', f'/guests/{USERID}/info')
        self.assertEqual((4, 'ubuntu20.04'), (info['online_cpu_num'],
                                              info['os_distro']))

    def test_refusals(self) -> None:
        self.define()
        for action, fields in (('live_resize_cpus', {'cpu_cnt': 3}),
                               ('live_resize_mem', {'size': '3G'})):
            self.assert_refused((409, 409, 409, 1), USERID, action, **fields)
        self.assert_refused((409, 409, 409, 4), USERID, 'resize_cpus',
                            cpu_cnt=5)
        self.assert_refused((409, 409, 409, 20), USERID, 'resize_mem',
                            size='9G')

    def test_refusals_while_running(self) -> None:
        self.running()
        directory = self.directory()
        self.assert_refused((409, 409, 409, 2), USERID, 'live_resize_cpus',
                            cpu_cnt=1)
        self.assert_refused((409, 409, 409, 18), USERID, 'live_resize_mem',
                            size='1G')
        self.assertEqual(directory, self.directory())

    def test_storage_that_is_no_block_is_taken_back(self) -> None:
        self.running()
        directory = self.directory()
        self.assert_refused((500, 300, 300, 7), USERID, 'live_resize_mem',
                            size='2100M')

        self.assertEqual(directory, self.directory())
        self.assertEqual((2048, 0, 6144), tuple(
            self.guest()[key] for key in ('storage_mib', 'standby_mib',
                                          'reserved_mib')))


class TestDisks(GuestTest):

    def add(self, *disks: dict[str, Any]) -> tuple[int, Any]:
        return self.rest.call('POST', f'/guests/{USERID}/disks', {
            'disk_info': {'disk_list': list(disks)}})

    def pool(self, name: str = 'POOL1') -> dict[str, Any]:
        return self.zvm.machine.state()['pools'][name]

    def test_stopped_guest(self) -> None:
        self.define()
        before = self.pool()
        self.assertEqual(200, self.add(
            {'size': '1g', 'format': 'xfs', 'disk_pool': 'ECKD:POOL1'},
            {'size': '512m', 'format': 'ext4', 'disk_pool': 'FBA:FBAPOOL'})[0])
        self.assertEqual(
            ['MDISK 0101 3390 4371 1457 VOL001 MR',
             'MDISK 0102 9336 1 1048576 FBA001 MR'], self.directory()[-2:])
        self.rest.output('DELETE', f'/guests/{USERID}/disks', {
            'vdev_info': {'vdev_list': ['0101', '0102', '0105']}})

        self.assertEqual(before, self.pool())
        self.assertEqual(0, self.pool('FBAPOOL')['used'])

    def test_running_guest(self) -> None:
        self.running()
        self.assertEqual(200, self.add(
            {'size': '1g', 'format': 'ext4', 'disk_pool': 'ECKD:POOL1'})[0])
        self.rest.output('PUT', f'/guests/{USERID}/disks', {'disk_info': {
            'disk_list': [{'vdev': '0101', 'format': 'ext4',
                           'mntdir': '/mnt/data'}]}})

        self.assertEqual({'/': '0100', '/mnt/data': '0101'},
                         self.guest()['linux']['mounts'])
        self.assertIn('/mnt/data', self.linux('df'))
        self.assertIn('is dasdb', self.linux('cat /proc/dasd/devices'))
        status, answer = self.rest.call(
            'DELETE', f'/guests/{USERID}/disks',
            {'vdev_info': {'vdev_list': ['0101']}})
        self.assertEqual((501, 501), (status, answer['overallRC']))

    def test_used_device_number(self) -> None:
        self.define()
        status, answer = self.add({'size': '1g', 'vdev': '0100'})
        self.assertEqual((500, 8, 408, 4), (
            status, answer['overallRC'], answer['rc'], answer['rs']))

    def test_space(self) -> None:
        """Free space counts in one piece only, and comes back merged."""
        self.define(disk_list=[])
        self.add(*[{'size': '20000', 'format': 'none',
                    'disk_pool': 'ECKD:POOL1'} for _ in range(12)])
        self.rest.output('DELETE', f'/guests/{USERID}/disks', {
            'vdev_info': {'vdev_list': ['0100', '0102']}})
        space = self.rest.output('GET', '/host/diskpool?poolname=ECKD:POOL1')
        # 40,404 cylinders, two of twelve 20,000 and what is left over.
        self.assertEqual(28, space['disk_available'])
        large = {'size': '40000', 'format': 'none',
                 'disk_pool': 'ECKD:POOL1'}
        status, answer = self.add(large)
        self.assertEqual((500, 8, 596, 3541), (
            status, answer['overallRC'], answer['rc'], answer['rs']))
        self.rest.output('DELETE', f'/guests/{USERID}/disks', {
            'vdev_info': {'vdev_list': ['0101']}})
        self.assertEqual(200, self.add(large)[0])


class TestDefinition(GuestTest):

    def test_every_field(self) -> None:
        """All that this version of the connector lets through.

        It refuses the value that CP wants of cshare and of pcif, does not
        know its own operand for rdomain, and drops comments.
        """
        self.define(
            user_profile='OSDFLT', account='dept42', cschedule='POOLA',
            ipl_from='0100', ipl_param='quiet', ipl_loadparam='1',
            dedicate_vdevs=['1a00'], loaddev={
                'portname': '5005076801401234', 'lun': '0001000000000000'})
        self.assertEqual([
            f'USER {USERID} LBYONLY 2048m 8G G', 'INCLUDE OSDFLT',
            'MACHINE ESA 4', 'ACCOUNT DEPT42',
            'COMMAND SET VCONFIG MODE LINUX',
            'COMMAND DEFINE CPU 00 TYPE IFL',
            'COMMAND DEFINE CPU 01 TYPE IFL',
            'COMMAND SCHEDULE * WITHIN POOL POOLA', 'SHARE RELATIVE 200',
            'IPL 0100 PARM quiet LOADPARM 1',
            'COMMAND DEF STOR RESERVED 6144M',
            'LOADDEV PORTname 5005076801401234',
            'LOADDEV LUN 0001000000000000', 'DEDICATE 1a00 1a00',
            'MDISK 0100 3390 1 4370 VOL001 MR'], self.directory())
        self.image()
        self.rest.action(USERID, 'deploy', image='rhel')
        self.rest.action(USERID, 'start', timeout=300)

        self.assertEqual({
            'privileges': 'G', 'account': 'DEPT42',
            'share': 'RELATIVE 200', 'ipl_operands': 'PARM quiet LOADPARM 1',
            'mode': 'LINUX', 'cpu_pool': 'POOLA', 'domain': '',
            'pci_functions': {}}, self.guest()['settings'])
        self.assertEqual('root=/dev/dasda1 quiet\n',
                         self.linux('cat /proc/cmdline'))

    def test_guest_that_the_system_has_no_storage_for(self) -> None:
        self.define(max_mem='9999G')

        self.assert_refused((500, 8, 396, 92), USERID, 'start')
        self.assertEqual('off', self.rest.output(
            'GET', f'/guests/{USERID}/power_state'))


class TestUse(GuestTest):

    def stats(self) -> tuple[int, int]:
        found = self.rest.output('GET', f'/guests/stats?userid={USERID}')
        return (found[USERID]['used_cpu_time_us'],
                found[USERID]['elapsed_cpu_time_us'])

    def test_figures_follow_the_guest(self) -> None:
        self.running()
        first = self.stats()
        self.zvm.simulator.clock.sleep(30)
        second = self.stats()
        self.assertGreater(second[0], first[0])
        self.assertGreater(second[1], first[1])
        self.rest.action(USERID, 'pause')
        paused = self.stats()[0]
        self.zvm.simulator.clock.sleep(30)
        self.assertEqual(paused, self.stats()[0])
        self.rest.action(USERID, 'unpause')
        self.zvm.simulator.clock.sleep(30)
        self.assertGreater(self.stats()[0], paused)

    def test_boot_takes_what_the_latencies_say(self) -> None:
        self.define()
        self.image()
        self.rest.action(USERID, 'deploy', image='rhel')
        self.engine.latency.set_classes({'boot': 500_000})
        self.rest.action(USERID, 'start')
        info = self.rest.output('GET', f'/guests/{USERID}/info')

        self.assertEqual(('on', 0), (info['power_state'],
                                     info['online_cpu_num']))
        self.assertEqual('booting', self.guest()['linux']['state'])

    def test_console(self) -> None:
        self.running()
        console = self.rest.action(USERID, 'get_console_output')

        for line in ('Linux version 4.18.0-372.el8.s390x',
                     'running as a z/VM guest operating system',
                     'Kernel command line: root=/dev/dasda1',
                     'DASD with 4 KB/block', 'zvmguestconfigure',
                     'Cloud-init', 'Red Hat Enterprise Linux 8.6',
                     'localhost login:'):
            self.assertIn(line, console)

    def test_paused_guest_does_not_answer(self) -> None:
        self.running()
        self.rest.action(USERID, 'pause')
        info = self.rest.output('GET', f'/guests/{USERID}/info')

        self.assertEqual((0, '', 2), (info['online_cpu_num'],
                                      info['os_distro'], info['num_cpu']))
