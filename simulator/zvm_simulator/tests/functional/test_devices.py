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

"""Dedicated devices and CoreOS through the real connector."""

from typing import Any

from zvm_simulator.tests.functional import test_volumes

USERID = test_volumes.FIRST
PORT, LUN = '5005076812341234', '0002000000000000'
BOOT_SECONDS = 20
IGNITION = b'{"ignition": {"version": "3.2.0"}}'
NETWORK = {
    'ip_addr': '192.0.2.5', 'cidr': '192.0.2.0/24', 'mtu': '1500',
    'gateway_addr': '192.0.2.1', 'dns_addr': ['192.0.2.3'],
    'nic_vdev': '1000', 'hostname': 'vm1'}


class DeviceTest(test_volumes.VolumeTest):

    def interface(self, **network: Any) -> tuple[int, dict[str, Any]]:
        active = network.pop('active', False)
        version = network.pop('os_version', 'rhel8.6')
        return self.rest.call('POST', f'/guests/{USERID}/interface', {
            'interface': {'os_version': version, 'active': active,
                          'guest_networks': [{**NETWORK, **network}]}})

    def free_osas(self) -> list[str]:
        devices = self.zvm.machine.state()['members']['ZVMSYS1'][
            'osa_devices']
        return [device['address'] for device in devices
                if device['status'] == 'free']

    def running(self) -> dict[str, Any]:
        return self.zvm.machine.state()['guests'][USERID]


class TestDedicated(DeviceTest):

    def test_interface_on_an_osa_device(self) -> None:
        before = self.free_osas()
        self.image()
        self.guest(USERID)
        status, answer = self.interface(osa_device='0A00')
        self.assertEqual((200, 0), (status, answer['overallRC']), answer)
        self.assertEqual(
            ['DEDICATE 1000 0A00', 'DEDICATE 1001 0A01',
             'DEDICATE 1002 0A02'],
            [line for line in self.directory() if 'DEDICATE' in line])
        self.assertEqual(before, self.free_osas())
        self.start(USERID)
        self.assertEqual(before[3:], self.free_osas())
        network, = self.running()['linux']['networks']
        self.assertEqual(('1000', '192.0.2.5'),
                         (network['vdev'], network['ip']))

        self.rest.output('DELETE', f'/guests/{USERID}/interface', {
            'interface': {'os_version': 'rhel8.6', 'vdev': '1000',
                          'active': True}})
        self.assertEqual(before, self.free_osas())
        self.assertNotIn('DEDICATE', '\n'.join(self.directory()))

    def test_interface_on_a_running_guest(self) -> None:
        self.image()
        self.guest(USERID)
        self.start(USERID)
        status, answer = self.interface(osa_device='a03', active=True)
        self.assertEqual((200, 0), (status, answer['overallRC']), answer)
        self.assertEqual({'1000': '0A03', '1001': '0A04', '1002': '0A05'},
                         self.running()['dedicated'])

    def test_osa_device_that_is_not_free(self) -> None:
        """A virtual switch has it, only two follow, or it is no device."""
        self.create()
        for device in ('0a10', '0a07', '0b00'):
            status, answer = self.interface(osa_device=device)
            self.assertEqual((409, 409, 14), (
                status, answer['rc'], answer['rs']), answer)
        self.assertNotIn('DEDICATE', '\n'.join(self.directory()))

    def test_devices_at_create(self) -> None:
        self.rest.output('POST', '/guests', {'guest': {
            'userid': USERID, 'vcpus': 1, 'memory': 1024, 'disk_list': [],
            'dedicate_vdevs': ['1a00', '1aff']}})
        self.assertIn('DEDICATE 1a00 1a00', self.directory())
        self.rest.action(USERID, 'start')
        guest = self.running()
        self.assertEqual({'1A00': '1A00'}, guest['dedicated'])
        self.assertRegex('\n'.join(guest['console']),
                         'HCP...040E Device 1AFF does not exist')
        self.rest.output('DELETE', f'/guests/{USERID}')
        self.assertNotIn('Active', self.wwpns())

    def wwpns(self) -> str:
        answer = self.zvm.machine.execute('ZVMSYS1', [
            'smcli', 'System_WWPN_Query', '-T', 'ZCCSRV', '-k OWNER=YES'])
        return answer.output.decode()


class TestCoreOs(DeviceTest):

    def coreos(self, disk_type: str) -> None:
        """Import an image that fdisk finds to be 1 MiB large."""
        stored = self.rest.upload(bytes(1024 * 1024))
        self.rest.output('POST', '/images', {'image': {
            'image_name': 'coreos', 'url': stored['dest_url'],
            'image_meta': {'os_version': 'rhcos4', 'disk_type': disk_type}}})

    def ignition(self) -> str:
        stored = self.rest.upload(IGNITION)
        return stored['dest_url'].removeprefix('file://')

    def deploy(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        self.assertEqual(200, self.interface(os_version='rhcos4')[0])
        return self.rest.call('POST', f'/guests/{USERID}/action', {
            'action': 'deploy', 'image': 'coreos', 'hostname': 'node1',
            'transportfiles': self.ignition(), **fields})

    def boot(self) -> None:
        """Start the guest, and let it have the time that it takes."""
        self.rest.action(USERID, 'start')
        self.zvm.engine.clock.sleep(BOOT_SECONDS)

    def test_size_of_the_image(self) -> None:
        self.coreos('DASD')
        self.assertEqual('2', self.rest.output(
            'GET', '/images/coreos/root_disk_size'))

    def test_boot_from_a_minidisk(self) -> None:
        self.create()
        self.coreos('DASD')
        status, answer = self.deploy()
        self.assertEqual((200, 0), (status, answer['overallRC']), answer)
        self.boot()

        linux = self.running()['linux']
        self.assertEqual(('up', 'rhcos4', ['192.0.2.5']), (
            linux['state'], linux['os_version'],
            [network['ip'] for network in linux['networks']]))
        self.assertEqual(IGNITION, self.zvm.machine.guest_file(
            USERID, '/boot/ignition/config.ign'))
        self.assertEqual([], self.zvm.machine.state()['spool'].get(
            USERID, []))
        self.assertEqual('on', self.rest.output(
            'GET', f'/guests/{USERID}/power_state'))
        status, answer = self.rest.call(
            'POST', f'/guests/{USERID}/action', {'action': 'reboot'})
        self.assertEqual(500, status)

    def test_boot_from_a_volume(self) -> None:
        self.rest.output('POST', '/guests', {'guest': {
            'userid': USERID, 'vcpus': 1, 'memory': 2048, 'disk_list': [],
            'ipl_from': '1a00', 'dedicate_vdevs': ['1a00'],
            'loaddev': {'portname': PORT, 'lun': LUN}}})
        self.coreos('SCSI')
        status, answer = self.deploy(vdev='1a00')
        self.assertEqual((200, 0), (status, answer['overallRC']), answer)
        self.boot()
        self.assertEqual('up', self.running()['linux']['state'])

    def test_boot_map_of_a_volume(self) -> None:
        """The volume has its image; the boot map is all that is new."""
        self.test_boot_from_a_volume()
        self.rest.action(USERID, 'stop')
        paths = self.rest.output('PUT', '/volumes/volume_refresh_bootmap', {
            'info': {'fcpchannel': ['1a00'], 'wwpn': [PORT], 'lun': LUN,
                     'transportfiles': self.ignition(),
                     'guest_networks': [{**NETWORK, 'hostname': 'node2'}]}})
        self.assertEqual({'1a00': [PORT]}, paths)
        self.boot()
        self.assertEqual('node2', self.running()['linux']['hostname'])

    def test_no_ignition_file(self) -> None:
        self.create()
        self.coreos('DASD')
        status, answer = self.deploy(transportfiles='/nonexistent.ign')
        self.assertEqual((500, 300, 3), (status, answer['rc'], answer['rs']))
        self.assertIn('ignition', answer['errmsg'])

    def test_no_loaddev(self) -> None:
        self.create()
        self.coreos('SCSI')
        status, answer = self.deploy()
        self.assertEqual((500, 300, 14), (
            status, answer['rc'], answer['rs']), answer)
