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

"""Every method of the client is this request, with this result."""

import calendar
import json

import fixtures

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.tests.support import conversation

HOST = {
    'zcc_userid': 'ZCCSRV', 'zvm_host': 'ZVMSYS1', 'vcpus': 16,
    'vcpus_used': 15,
    'cpu_info': {'architecture': 's390x', 'cec_model': '3906'},
    'memory_mb': 262143.9, 'memory_mb_used': 3906.2,
    'hypervisor_type': 'zvm', 'hypervisor_version': 730,
    'hypervisor_hostname': 'ZVMSYS1',
    'ipl_time': 'IPL at 2026-01-02 10:00:00 UTC', 'disk_total': 165,
    'disk_used': 2, 'disk_available': 163}
IMAGE = {
    'imagename': 'i1', 'imageosdistro': 'rhel8.6', 'md5sum': 'd37a',
    'disk_size_units': '3338:CYL', 'image_size_in_bytes': '612',
    'type': 'rootonly', 'comments': None,
    'last_access_time': 1795350899.5}
VSWITCH = {
    'switch_name': 'VSW1', 'port_type': 'ACCESS', 'vlan_awareness': 'AWARE',
    'switch_status': 'OSA device ready.', 'real_devices': {},
    'authorized_users': {
        'G1': {'port_num': '0', 'prom_mode': 'NOPROM', 'osd_sim': 'NOOSDSIM',
               'vlan_count': '1', 'vlan_ids': ['0100']}},
    'adapters': {'G1_1000': {'mac': '02-00-00-AA-BB-CC', 'type': 'QDIO'}}}


class RequestTest(conversation.TestCase):

    def _check(self, call, method, path, body=None, output='', result=None):
        conversation_ = self.answer(method, path,
                                    conversation.envelope(output))
        self.assertEqual(result, call())
        self.assertEqual(1, conversation_.call_count)
        self.assertEqual(1, len(self.http.request_history))
        request = conversation_.last_request
        query = path.partition('?')[2]
        self.assertEqual(query, request.url.partition('?')[2])
        if body is None:
            self.assertIsNone(request.body)
        else:
            self.assertEqual(body, json.loads(request.body))
            self.assertEqual('application/json',
                             request.headers['Content-Type'])

    def _check_action(self, call, body, output='', result=None):
        self._check(call, 'POST', '/guests/G1/action', body, output, result)

    # Version and host

    def test_version_is_asked_for_once(self):
        conversation_ = self.answer('GET', '/', conversation.envelope(
            {'version': '1.6.3', 'api_version': '1.0',
             'min_version': '1.0', 'max_version': '1.0'}))
        for _i in range(3):
            self.assertEqual('1.6.3', self.connector.version().version)
        self.assertEqual(1, conversation_.call_count)

    def test_version_is_asked_for_again_after_a_failure(self):
        self.answer('GET', '/', conversation.failure(500, 500, 1),
                    conversation.envelope({'version': '1.6.7',
                                           'api_version': '1.0'}))
        self.assertRaises(errors.ConnectorError, self.connector.version)
        self.assertTrue(self.connector.version().newer)

    def test_clock(self):
        self.assertIsNone(self.connector.clock_offset())
        now = calendar.timegm((2026, 1, 2, 10, 0, 0))
        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.connector.session.time.time', lambda: now))
        for date, offset in (('Fri, 02 Jan 2026 10:00:07 GMT', 7.0),
                             ('Fri, 02 Jan 2026 09:00:00 GMT', -3600.0),
                             ('', None), ('yesterday', None)):
            self.answer('GET', '/guests', {
                'json': conversation.envelope([]),
                'headers': {'Date': date} if date else {}})
            self.connector.guests.list()
            self.assertEqual(offset, self.connector.clock_offset(), date)

    def test_newer(self):
        for text, newer in (('1.6.3', False), ('1.6.2', False),
                            ('1.6.4', True), ('1.6.10.dev3', True),
                            ('1.7', True), ('2.0.0', True), ('1.6', False)):
            self.assertEqual(newer, models.Version(text).newer, text)

    def test_older(self):
        for text, older in (('1.6.3', False), ('1.6.2', True),
                            ('1.6.4', False), ('1.6', True), ('1.7', False)):
            self.assertEqual(older, models.Version(text).older, text)

    def test_host(self):
        self._check(
            self.connector.host.info, 'GET', '/host', output=HOST,
            result=models.Host(
                zcc_userid='ZCCSRV', hypervisor_hostname='ZVMSYS1', vcpus=16,
                vcpus_used=15, memory_mb=262143, memory_mb_used=3907,
                disk_total_gb=165, disk_used_gb=2,
                hypervisor_version=730, architecture='s390x',
                cec_model='3906', ipl_time='IPL at 2026-01-02 10:00:00 UTC'))

    def test_disk_pool(self):
        self._check(
            lambda: self.connector.host.disk_pool('ECKD:POOL1'),
            'GET', '/host/diskpool?poolname=ECKD:POOL1',
            output={'disk_total': 165, 'disk_used': 65,
                    'disk_available': 100},
            result=models.DiskPool(165, 65, 100))

    def test_own_disk_pool(self):
        self._check(
            self.connector.host.disk_pool, 'GET', '/host/diskpool',
            output={'disk_total': 1, 'disk_used': 0, 'disk_available': 1},
            result=models.DiskPool(1, 0, 1))

    def test_disk_pool_volumes(self):
        self._check(
            lambda: self.connector.host.disk_pool_volumes('ECKD:POOL1'),
            'GET', '/host/diskpool_volumes?poolname=ECKD:POOL1',
            output={'diskpool_volumes': 'VOL001 VOL002'},
            result=['VOL001', 'VOL002'])

    def test_disk_pool_volumes_of_newer_connectors(self):
        self._check(
            self.connector.host.disk_pool_volumes,
            'GET', '/host/diskpool_volumes',
            output={'POOL1': {'diskpool_volumes': 'VOL001 VOL002'}},
            result=['VOL001', 'VOL002'])

    def test_free_extents(self):
        first, second, third = ({
            'volume_name': 'VOL001', 'device_type': '3390-54',
            'start_cylinder': '4371', 'free_size': size,
            'dasd_group': 'POOL1', 'region_name': 'VOL001'}
            for size in (38, 2, 0))
        self._check(
            lambda: self.connector.host.free_extents('ECKD:POOL1'), 'GET',
            '/host/diskpool?poolname=ECKD:POOL1&details=true',
            output={'POOL1': [first, second]},
            result=[models.FreeExtent('3390-54', 38),
                    models.FreeExtent('3390-54', 2)])
        self.http.reset_mock()
        self._check(
            self.connector.host.free_extents, 'GET',
            '/host/diskpool?details=true',
            output={'POOL1': [first], 'POOL2': [third]},
            result=[models.FreeExtent('3390-54', 38),
                    models.FreeExtent('3390-54', 0)])

    def test_volume(self):
        self._check(
            lambda: self.connector.host.volume('VOL001'),
            'GET', '/host/volume?volumename=VOL001',
            output={'volume_type': '3390-54', 'volume_size': '60102'},
            result=models.Volume('3390-54', 60102))

    # FCP devices

    def test_fcp_templates(self):
        template = {
            'id': '2335feda-e671-11f1-a963-02fc00000001', 'name': 't1',
            'description': 'd', 'host_default': True,
            'storage_providers': [], 'min_fcp_paths_count': 2}
        for numbers in ((8, 7, 4), (
                # 1.6.7 tells them by PCHID.
                {'0227': 5, '0228': 3}, {'0227': 5, '0228': 2},
                {'0232': 4})):
            self.http.reset_mock()
            self._check(
                self.connector.volumes.fcp_templates, 'GET',
                '/volumes/fcptemplates/detail?statistics=true&'
                'sync_with_zvm=false',
                output={'fcp_templates': [
                    {**template, 'statistics': {
                        '1': {'total_count': numbers[2],
                              'available_count': 0},
                        '0': {'total_count': numbers[0],
                              'available_count': numbers[1]}}},
                    {**template, 'name': 't2', 'host_default': False,
                     'min_fcp_paths_count': 0, 'statistics': {}}]},
                result=[
                    models.FcpTemplate('t1', True, 2, (
                        models.FcpPath(8, 7), models.FcpPath(4, 0))),
                    models.FcpTemplate('t2', False, 0, ())])

    # Guests: directory and disks

    def test_list_guests(self):
        self._check(self.connector.guests.list, 'GET', '/guests',
                    output=['G1', 'G2'], result=['G1', 'G2'])

    def test_directory_entry(self):
        lines = ['USER G1 ****** 2048m 8G G ', 'INCLUDE OSDFLT', '']
        self._check(lambda: self.connector.guests.directory_entry('G1'),
                    'GET', '/guests/G1/user_direct',
                    output={'user_direct': lines}, result=lines)

    def test_create(self):
        self._check(
            lambda: self.connector.guests.create(
                'G1', 2, 2048,
                [models.DiskSpec('3338', boot=True, pool='ECKD:POOL1'),
                 models.DiskSpec('1g', format='swap', vdev='0102')],
                profile='OSDFLT', max_vcpus=4, max_memory='8G'),
            'POST', '/guests',
            {'guest': {
                'userid': 'G1', 'vcpus': 2, 'memory': 2048,
                'user_profile': 'OSDFLT', 'max_cpu': 4, 'max_mem': '8G',
                'disk_list': [
                    {'size': '3338', 'is_boot_disk': True,
                     'disk_pool': 'ECKD:POOL1'},
                    {'size': '1g', 'format': 'swap', 'vdev': '0102'}]}},
            output=[
                {'size': '3338', 'is_boot_disk': True, 'format': 'none',
                 'disk_pool': 'ECKD:POOL1', 'vdev': '0100'},
                {'size': '1g', 'format': 'swap', 'vdev': '0102',
                 'disk_pool': 'ECKD:POOL1'}],
            result=[models.Disk('0100', '3338', True, 'ECKD:POOL1', 'none'),
                    models.Disk('0102', '1g', False, 'ECKD:POOL1', 'swap')])

    def test_create_without_disks_says_so(self):
        self._check(
            lambda: self.connector.guests.create('G1', 1, 512, []),
            'POST', '/guests',
            {'guest': {'userid': 'G1', 'vcpus': 1, 'memory': 512,
                       'disk_list': []}},
            output=[], result=[])

    def test_delete(self):
        self._check(lambda: self.connector.guests.delete('G1'),
                    'DELETE', '/guests/G1')

    def test_register(self):
        self._check_action(
            lambda: self.connector.guests.register(
                'G1', 'os_version=rhel8.6', {'AABBCC': 'port-1'}),
            {'action': 'register_vm', 'meta': 'os_version=rhel8.6',
             'net_set': '1', 'port_macs': {'AABBCC': 'port-1'}})

    def test_register_of_a_guest_that_is_off(self):
        self.answer('POST', '/guests/G1/action', {
            'status_code': 409,
            'json': conversation.failure(300, 300, 5, 10)})
        self.connector.guests.register('G1')

    def test_register_of_an_unknown_guest(self):
        self.answer('POST', '/guests/G1/action',
                    conversation.failure(404, 404, 1, 10))
        self.assertRaises(errors.NotFound,
                          self.connector.guests.register, 'G1')

    def test_deregister(self):
        self._check_action(lambda: self.connector.guests.deregister('G1'),
                           {'action': 'deregister_vm'})

    def test_deploy(self):
        self._check_action(
            lambda: self.connector.disks.deploy('G1', 'i1',
                                                '/x/cfgdrive.iso'),
            {'action': 'deploy', 'image': 'i1',
             'transportfiles': '/x/cfgdrive.iso'})

    def test_deploy_with_a_hostname(self):
        self._check_action(
            lambda: self.connector.disks.deploy('G1', 'i1', hostname='vm1'),
            {'action': 'deploy', 'image': 'i1', 'hostname': 'vm1'})

    def test_configure_disks(self):
        self._check(
            lambda: self.connector.disks.configure(
                'G1', [models.DiskMount('0101', 'ext4', '/mnt/x'),
                       models.DiskMount('0102', 'swap')]),
            'PUT', '/guests/G1/disks',
            {'disk_info': {'disk_list': [
                {'vdev': '0101', 'format': 'ext4', 'mntdir': '/mnt/x'},
                {'vdev': '0102', 'format': 'swap'}]}})

    # Guests: NICs

    def test_create_interface(self):
        self._check(
            lambda: self.connector.nics.create_interface(
                'G1', 'rhel8.6',
                [models.GuestNetwork(
                    '1000', 'port-1', '02:00:00:aa:bb:cc', '192.0.2.5',
                    '192.0.2.0/24', '192.0.2.1', ['192.0.2.2'], 'vm1',
                    1450)]),
            'POST', '/guests/G1/interface',
            {'interface': {
                'os_version': 'rhel8.6', 'active': False,
                'guest_networks': [
                    {'nic_vdev': '1000', 'nic_id': 'port-1',
                     'mac_addr': '02:00:00:aa:bb:cc', 'ip_addr': '192.0.2.5',
                     'cidr': '192.0.2.0/24', 'gateway_addr': '192.0.2.1',
                     'dns_addr': ['192.0.2.2'], 'hostname': 'vm1',
                     'mtu': 1450}]}},
            output=[{'nic_vdev': '1000'}])

    def test_create_interface_without_a_gateway_sends_no_null(self):
        self._check(
            lambda: self.connector.nics.create_interface(
                'G1', 'rhel8.6',
                [models.GuestNetwork('1000', 'port-1', '02:00:00:aa:bb:cc',
                                     '192.0.2.5', '192.0.2.0/24')], True),
            'POST', '/guests/G1/interface',
            {'interface': {
                'os_version': 'rhel8.6', 'active': True,
                'guest_networks': [
                    {'nic_vdev': '1000', 'nic_id': 'port-1',
                     'mac_addr': '02:00:00:aa:bb:cc', 'ip_addr': '192.0.2.5',
                     'cidr': '192.0.2.0/24', 'dns_addr': []}]}},
            output=[{'nic_vdev': '1000'}])

    def test_delete_interface(self):
        self._check(
            lambda: self.connector.nics.delete_interface(
                'G1', 'rhel8.6', '1003', True),
            'DELETE', '/guests/G1/interface',
            {'interface': {'os_version': 'rhel8.6', 'vdev': '1003',
                           'active': True}})

    def test_create_nic(self):
        self._check(
            lambda: self.connector.nics.create(
                'G1', '1003', 'port-1', '02:00:00:aa:bb:cc', True),
            'POST', '/guests/G1/nic',
            {'nic': {'vdev': '1003', 'nic_id': 'port-1',
                     'mac_addr': '02:00:00:aa:bb:cc', 'active': True}},
            output='1003')

    def test_couple(self):
        self._check(
            lambda: self.connector.nics.couple('G1', '1000', 'VSW1'),
            'PUT', '/guests/G1/nic/1000',
            {'info': {'couple': True, 'vswitch': 'VSW1', 'active': False}})

    def test_couple_with_a_vlan(self):
        self._check(
            lambda: self.connector.nics.couple('G1', '1000', 'VSW1', 100,
                                               active=True),
            'PUT', '/guests/G1/nic/1000',
            {'info': {'couple': True, 'vswitch': 'VSW1', 'vlan_id': 100,
                      'active': True}})

    def test_delete_nic(self):
        self._check(
            lambda: self.connector.nics.delete('G1', '1000', True),
            'DELETE', '/guests/G1/nic/1000', {'active': True})

    def test_nics(self):
        rows = [
            {'userid': 'G1', 'interface': '1000', 'switch': 'VSW1',
             'port': 'port-1', 'comments': None},
            {'userid': 'G1', 'interface': '1003', 'switch': None,
             'port': None, 'comments': None}]
        nics = [models.Nic('G1', '1000', 'VSW1', 'port-1'),
                models.Nic('G1', '1003', None, None)]
        self._check(self.connector.nics.list, 'GET', '/guests/nics',
                    output=rows, result=nics)

    def test_nics_of_one_guest(self):
        self._check(lambda: self.connector.nics.list('G1'), 'GET',
                    '/guests/nics?userid=G1', output=[], result=[])

    def test_adapters(self):
        self._check(
            lambda: self.connector.nics.adapters('G1'),
            'GET', '/guests/G1/adapters',
            output={'adapters': [
                {'adapter_address': '1000', 'adapter_status': '02',
                 'lan_owner': 'SYSTEM', 'lan_name': 'VSW1',
                 'mac_address': '02:00:00:AA:BB:CC', 'mac_ip_version': '4',
                 'mac_ip_address': '192.0.2.5'},
                {'adapter_address': 'a03', 'adapter_status': '00',
                 'lan_owner': '', 'lan_name': ''}]},
            result=[models.Adapter('1000', '02:00:00:aa:bb:cc', 'VSW1'),
                    models.Adapter('0A03', '', None)])

    def test_stats(self):
        self._check(
            lambda: self.connector.telemetry.usage(['G1', 'G2']), 'GET',
            '/guests/stats?userid=G1%2CG2',
            output={'G1': {
                'guest_cpus': 2, 'used_cpu_time_us': 5419,
                'elapsed_cpu_time_us': 108385, 'min_cpu_count': 2,
                'max_cpu_limit': 10000, 'samples_cpu_in_use': 0,
                'samples_cpu_delay': 1, 'used_mem_kb': 524288,
                'max_mem_kb': 2097152, 'min_mem_kb': 0,
                'shared_mem_kb': 1024}},
            result={'G1': models.Usage(2, 5419, 524288)})

    def test_interface_stats(self):
        self._check(
            lambda: self.connector.telemetry.nic_counters(['G1']), 'GET',
            '/guests/interfacestats?userid=G1',
            output={'G1': [
                {'vswitch_name': 'VSW1', 'nic_vdev': 'a00', 'nic_fr_rx': 2,
                 'nic_fr_tx': 6, 'nic_fr_rx_dsc': 3, 'nic_fr_tx_dsc': 7,
                 'nic_fr_rx_err': 4, 'nic_fr_tx_err': 8, 'nic_rx': 1,
                 'nic_tx': 5}]},
            result={'G1': [models.NicCounters('0A00', *range(1, 9))]})

    def test_stats_of_guests_that_are_off(self):
        self._check(lambda: self.connector.telemetry.usage(['G1']), 'GET',
                    '/guests/stats?userid=G1', output={}, result={})

    def test_adapters_of_a_guest_that_has_none_or_is_off(self):
        self.answer('GET', '/guests/G1/adapters',
                    conversation.failure(300, 300, 5))
        self.assertEqual([], self.connector.nics.adapters('G1'))

    def test_adapters_that_cp_does_not_tell(self):
        self.answer('GET', '/guests/G1/adapters',
                    conversation.failure(8, 500, 8))
        self.assertRaises(errors.ConnectorError,
                          self.connector.nics.adapters, 'G1')

    def test_unlock(self):
        self._check(
            lambda: self.connector.guests.unlock('G1'),
            'PUT', '/guests/G1/nic/FFFC',
            {'info': {'couple': True, 'vswitch': 'NONE', 'active': False}})

    def test_unlock_has_worked_when_the_nic_is_not_there(self):
        self.answer('PUT', '/guests/G1/nic/FFFC',
                    conversation.failure(404, 404, 1))
        self.connector.guests.unlock('G1')

    # Guests: power

    def test_start(self):
        self._check_action(lambda: self.connector.guests.start('G1'),
                           {'action': 'start'})

    def test_start_and_wait(self):
        self._check_action(lambda: self.connector.guests.start('G1', 30),
                           {'action': 'start', 'timeout': 30})

    def test_soft_stop(self):
        self._check_action(lambda: self.connector.guests.soft_stop('G1'),
                           {'action': 'softstop'})

    def test_soft_stop_and_wait(self):
        self._check_action(
            lambda: self.connector.guests.soft_stop('G1', 60, 5),
            {'action': 'softstop', 'timeout': 60, 'poll_interval': 5})

    def test_stop(self):
        self._check_action(lambda: self.connector.guests.stop('G1'),
                           {'action': 'stop'})

    def test_reboot(self):
        self._check_action(lambda: self.connector.guests.reboot('G1'),
                           {'action': 'reboot'})

    def test_reset(self):
        self._check_action(lambda: self.connector.guests.reset('G1'),
                           {'action': 'reset'})

    def test_pause(self):
        self._check_action(lambda: self.connector.guests.pause('G1'),
                           {'action': 'pause'})

    def test_unpause(self):
        self._check_action(lambda: self.connector.guests.unpause('G1'),
                           {'action': 'unpause'})

    def test_capture(self):
        self._check_action(
            lambda: self.connector.disks.capture('G1', 'nova-cap-1'),
            {'action': 'capture', 'image': 'nova-cap-1'})

    def test_info(self):
        output = {'power_state': 'on', 'max_mem_kb': 2097152,
                  'mem_kb': 44, 'num_cpu': 1, 'cpu_time_us': 6185838,
                  'online_cpu_num': 1, 'os_distro': 'rhel8.6',
                  'kernel_info': 'Linux 4.18.0 s390x'}
        self._check(lambda: self.connector.guests.info('G1'), 'GET',
                    '/guests/G1/info', output=output,
                    result=models.GuestInfo('on', 'rhel8.6'))

    def test_power_state(self):
        self._check(lambda: self.connector.guests.power_state('G1'),
                    'GET', '/guests/G1/power_state_real', output='on',
                    result='on')

    def test_console_output(self):
        self._check_action(
            lambda: self.connector.guests.console_output('G1'),
            {'action': 'get_console_output'}, output='login:\r\n',
            result='login:\r\n')

    # Virtual switches

    def test_list_vswitches(self):
        self._check(self.connector.vswitches.list, 'GET', '/vswitches',
                    output=['VSW1'], result=['VSW1'])

    def test_vswitch(self):
        self._check(
            lambda: self.connector.vswitches.get('VSW1'), 'GET',
            '/vswitches/VSW1', output=VSWITCH,
            result=models.Vswitch(
                'VSW1', 'ACCESS', 'OSA device ready.', True,
                {'G1': ('0100',)}, {'G1_1000': '02:00:00:aa:bb:cc'}))

    def test_grant(self):
        self._check(lambda: self.connector.vswitches.grant('VSW1', 'G1'),
                    'PUT', '/vswitches/VSW1',
                    {'vswitch': {'grant_userid': 'G1'}})

    def test_revoke(self):
        self._check(lambda: self.connector.vswitches.revoke('VSW1', 'G1'),
                    'PUT', '/vswitches/VSW1',
                    {'vswitch': {'revoke_userid': 'G1'}})

    def test_set_vlan(self):
        self._check(
            lambda: self.connector.vswitches.set_vlan('VSW1', 'G1', 100),
            'PUT', '/vswitches/VSW1',
            {'vswitch': {'user_vlan_id': {'userid': 'G1', 'vlanid': 100}}})

    # Images

    def test_list_images(self):
        self._check(
            self.connector.images.list, 'GET', '/images', output=[IMAGE],
            result=[models.Image('i1', 'rhel8.6', 'd37a', 3338, 'CYL', 612,
                                 1795350899.5)])

    def test_image_of_newer_connectors_has_a_path(self):
        self._check(
            lambda: self.connector.images.get('i1'), 'GET',
            '/images?imagename=i1',
            output=[dict(IMAGE, image_path='/img/i1/0100')],
            result=models.Image('i1', 'rhel8.6', 'd37a', 3338, 'CYL', 612,
                                1795350899.5, '/img/i1/0100'))

    def test_create_image(self):
        self._check(
            lambda: self.connector.images.create('i1', 'file:///f', 'rhel8.6',
                                                 'd37a'),
            'POST', '/images',
            {'image': {'image_name': 'i1', 'url': 'file:///f',
                       'image_meta': {'os_version': 'rhel8.6',
                                      'md5sum': 'd37a'}}})

    def test_create_image_without_checksum(self):
        self._check(
            lambda: self.connector.images.create('i1', 'file:///f', 'rhel8'),
            'POST', '/images',
            {'image': {'image_name': 'i1', 'url': 'file:///f',
                       'image_meta': {'os_version': 'rhel8'}}})

    def test_export_image(self):
        self._check(
            lambda: self.connector.images.export('i1', 'file:///f'), 'PUT',
            '/images/i1', {'location': {'dest_url': 'file:///f'}},
            output={'image_name': 'i1'})

    def test_delete_image(self):
        self._check(lambda: self.connector.images.delete('i1'), 'DELETE',
                    '/images/i1')

    # Paths

    def test_what_is_put_into_a_path_is_quoted(self):
        self.answer('DELETE', '/images/a%2Fb%3Fc',
                    conversation.envelope())
        self.connector.images.delete('a/b?c')
        self.assertEqual('/zvm/images/a%2fb%3fc',
                         self.http.last_request.path.lower())

    def test_a_part_of_a_path_cannot_leave_it(self):
        for name in ('', '.', '..'):
            self.assertRaises(ValueError, self.connector.images.delete, name)
        self.assertEqual([], self.http.request_history)
