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

"""Boots: what nova's users ask for and what z/VM then has."""

import base64
import json

import fixtures
from nova import objects

from nova_zvm import network
from nova_zvm.tests.functional import base

USER_DATA = b'#cloud-config\nruncmd: [touch /hello]\n'


class BootTest(base.ZVMTestCase):

    def test_boot_use_and_delete(self):
        before = self.snapshot()
        server = self.boot(name='one')
        userid = self.userid(server)

        self.assertEqual(1, server['OS-EXT-STS:power_state'])
        self.assertIn(userid, [row['userid'] for row in self.rows('guests')])
        guest = self.guest(server)
        self.assertEqual('running', guest['status'])
        self.assertEqual('up', guest['linux']['state'])

        self._delete_server(server)
        self.assert_nothing_left(before)

    def test_directory_entry(self):
        flavor_id = self.create_flavor(vcpu=2, memory_mb=2048, disk=3)
        self.flags(guest_max_vcpus=8, guest_max_memory='16G', group='zvm')
        server = self.boot(flavor_id=flavor_id)
        entry = self.entry(server).splitlines()
        self.assertEqual(
            'USER %s LBYONLY 2048m 16G G' % self.userid(server), entry[0])
        self.assertIn('INCLUDE OSDFLT', entry)
        self.assertIn('MACHINE ESA 8', entry)
        self.assertIn('COMMAND DEFINE CPU 01 TYPE IFL', entry)
        self.assertNotIn('COMMAND DEFINE CPU 02 TYPE IFL', entry)
        self.assertEqual('IPL 0100',
                         next(line for line in entry
                              if line.startswith('IPL')).strip())
        # 3 GiB are 4370 cylinders of 737,280 bytes, rounded up.
        self.assertIn('MDISK 0100 3390 1 4370 VOL001 MR', entry)

    def test_root_disk_of_the_flavor_is_filled(self):
        server = self.boot(flavor_id=self.create_flavor(disk=10))
        disk = self.minidisk(server, '0100')
        self.assertEqual(14564, disk['size'])
        self.assertEqual(disk['size'], disk['filesystem_size'])

    def test_root_disk_of_the_image(self):
        server = self.boot(flavor_id=self.create_flavor(disk=0))
        self.assertEqual(3338, self.minidisk(server, '0100')['size'])

    def test_ephemeral_disks_and_swap(self):
        self.flags(max_local_block_devices=4)
        flavor_id = self.create_flavor(ephemeral=3, swap=512)
        server = self.boot(flavor_id=flavor_id, block_device_mapping_v2=[
            {'boot_index': 0, 'source_type': 'image', 'uuid': self.image_id,
             'destination_type': 'local', 'delete_on_termination': True},
            {'boot_index': -1, 'source_type': 'blank', 'volume_size': 1,
             'destination_type': 'local', 'delete_on_termination': True},
            {'boot_index': -1, 'source_type': 'blank', 'volume_size': 2,
             'destination_type': 'local', 'guest_format': 'xfs',
             'delete_on_termination': True},
            {'boot_index': -1, 'source_type': 'blank', 'volume_size': 512,
             'destination_type': 'local', 'guest_format': 'swap',
             'delete_on_termination': True}])
        self.assertEqual(
            {'0101': (1457, 'ext4'), '0102': (2913, 'xfs'),
             '0103': (729, 'swap')},
            {vdev: (self.minidisk(server, vdev)['size'],
                    self.minidisk(server, vdev)['filesystem'])
             for vdev in ('0101', '0102', '0103')})
        self.assertEqual(
            {'/': '0100', '/mnt/ephemeral0': '0101',
             '/mnt/ephemeral1': '0102', 'swap': '0103'},
            self.guest(server)['linux']['mounts'])

    def test_config_drive(self):
        before = self.snapshot()
        server = self.boot(
            config_drive=True, adminPass='s3cr3t-pass',
            user_data=base64.b64encode(USER_DATA).decode(),
            metadata={'role': 'database'})
        metadata = json.loads(self.guest_file(
            server, 'openstack/latest/meta_data.json'))
        self.assertEqual(server['id'], metadata['uuid'])
        self.assertEqual('s3cr3t-pass', metadata['admin_pass'])
        self.assertEqual({'role': 'database'}, metadata['meta'])
        self.assertEqual(USER_DATA, self.guest_file(
            server, 'openstack/latest/user_data'))
        network = json.loads(self.guest_file(
            server, 'openstack/latest/network_data.json'))
        self.assertEqual(1, len(network['links']))
        self.assert_no_secret_on_connector(b's3cr3t-pass')
        self.assert_no_secret_on_connector(USER_DATA)
        self._delete_server(server)
        self.assert_nothing_left(before)

    def test_injected_files(self):
        self.api.microversion = '2.56'
        server = self.boot(
            config_drive=True, networks='none',
            personality=[{'path': '/etc/motd',
                          'contents': base64.b64encode(b'hi').decode()}])
        metadata = json.loads(self.guest_file(
            server, 'openstack/latest/meta_data.json'))
        [file] = metadata['files']
        self.assertEqual('/etc/motd', file['path'])
        self.assertEqual(b'hi', self.guest_file(
            server, 'openstack' + file['content_path']))

    def test_hostname_without_config_drive(self):
        server = self.boot(name='db-1')
        self.assertEqual('db-1', self.guest(server)['linux']['hostname'])

    def test_reachable_timeout(self):
        self.flags(max_attempts=1, group='scheduler')
        before = self.snapshot()
        self.flags(reachable_timeout=30, group='zvm')
        self.zvm.engine.faults.add({
            'match': {'command': 'iucvclnt'},
            'action': {'status': 1, 'output': 'no answer'}})
        self._delete_server(self.boot(expected_state='ERROR'))
        self.assert_nothing_left(before)

        self.flags(reachable_timeout=0, group='zvm')
        self.zvm.engine.clear_log()
        server = self.boot()
        self.assertEqual('running', self.guest(server)['status'])
        self.assertEqual([], [record for record in self.zvm.engine.log()
                              if record['name'] == 'iucvclnt'])

    def test_many_disks(self):
        """So many that one request cannot tell the guest of all."""
        self.flags(max_local_block_devices=70)
        disks = [{'boot_index': -1, 'source_type': 'blank', 'volume_size': 1,
                  'destination_type': 'local', 'delete_on_termination': True}
                 for _ in range(40)]
        server = self.boot(
            flavor_id=self.create_flavor(ephemeral=60),
            block_device_mapping_v2=[
                {'boot_index': 0, 'source_type': 'image',
                 'uuid': self.image_id, 'destination_type': 'local',
                 'delete_on_termination': True}] + disks)
        mounts = self.guest(server)['linux']['mounts']
        self.assertEqual('0128', mounts['/mnt/ephemeral39'])

    def test_image_is_imported_once(self):
        first, second = self.boot(), self.boot()
        uploads = [row for row in self.rows('image')
                   if self.image_id in row['imagename']]
        self.assertEqual(1, len(uploads))
        self.assertEqual(*[
            self.minidisk(server, '0100')['image']['sha256']
            for server in (first, second)])

    def test_uploads_leave_only_blanks(self):
        self.boot(config_drive=True)
        sizes = {path.stat().st_size for path in self.uploads()}
        self.assertEqual({512}, sizes)

    def test_fba_pool(self):
        self.flags(disk_pool='FBA:FBAPOOL', group='zvm')
        image_id = self.create_image(size=4194304, units='BLK')
        server = self.boot(image_id=image_id)
        self.assertIn('MDISK 0100 9336 1 6291456 FBA001 MR',
                      self.entry(server))


class VerbsTest(base.ZVMTestCase):
    """What nova asks of a driver only in flows that come later."""

    def setUp(self):
        super().setUp()
        self.before = self.snapshot()
        self.server = self.boot()
        self.instance = objects.Instance.get_by_uuid(
            self.context_of_admin(), self.server['id'],
            expected_attrs=['system_metadata', 'info_cache', 'flavor',
                            'metadata'])
        self.networks = self.instance.get_network_info()

    def test_cleanup(self):
        for _ in range(2):
            self.driver.cleanup(self.context_of_admin(), self.instance,
                                self.networks)
            after = self.snapshot()
            for part in self.before:
                self.assertEqual(self.before[part], after[part], part)

    def test_cleanup_the_second_time_asks_nobody(self):
        self.driver.cleanup(self.context_of_admin(), self.instance,
                            self.networks)
        self.zvm.engine.clear_log()
        self.driver.cleanup(self.context_of_admin(), self.instance,
                            self.networks)
        self.assertEqual([], self.zvm.engine.log())

    def test_spawn_without_power(self):
        self.driver.destroy(self.context_of_admin(), self.instance,
                            self.networks)
        self.instance.task_state = None
        self.driver.spawn(
            self.context_of_admin(), self.instance, self.image_meta(), [],
            None, {}, network_info=self.networks,
            block_device_info={'ephemerals': [], 'swap': None,
                               'block_device_mapping': []}, power_on=False)
        self.assertIn('NICDEF 1000', self.entry(self.server))
        self.assertTrue(self.minidisk(self.server, '0100')['image'])
        self.assertIsNone(self.guest(self.server))

    def image_meta(self):
        return objects.ImageMeta.from_dict(
            {**self.glance.show(None, self.image_id), 'id': self.image_id})


class NetworkTestCase(base.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.port = self.neutron._ports[self.neutron.port_1['id']]
        self.second = self.neutron.create_port()['port']

    def boot_on(self, *ports, **server):
        return self.boot(networks=[{'port': port['id']} for port in ports],
                         **server)

    def interfaces(self, server):
        return self.guest(server)['linux']['networks']


class NetworkTest(NetworkTestCase):

    def test_nic_is_coupled_and_granted(self):
        server = self.boot_on(self.port)
        userid = self.userid(server)
        [nic] = self.guest(server)['nics']
        self.assertEqual(('1000', 'VSW2', None),
                         (nic['vdev'], nic['switch'], nic['vlan']))
        self.assertEqual('4C2C30', nic['mac'][6:])
        self.assertEqual({userid: []}, self.vswitch('VSW2')['grants'])
        [row] = self.rows('switch')
        self.assertEqual(
            (userid, '1000', 'VSW2', self.port['id']),
            (row['userid'], row['interface'], row['switch'], row['port']))

    def test_guest_gets_its_address(self):
        [interface] = self.interfaces(self.boot_on(self.port))
        self.assertEqual(
            ('1000', '192.168.1.3', 24, '192.168.1.1'),
            (interface['vdev'], interface['ip'], interface['prefix'],
             interface['gateway']))

    def test_two_ports(self):
        server = self.boot_on(self.port, self.second)
        self.assertEqual(
            ['1000', '1003'],
            [nic['vdev'] for nic in self.guest(server)['nics']])
        self.assertEqual(
            {'192.168.1.3', '192.168.1.30'},
            {interface['ip'] for interface in self.interfaces(server)})
        self.assertEqual({'VSW2'}, {
            nic['switch'] for nic in self.guest(server)['nics']})

    def test_port_without_gateway(self):
        self.neutron.subnet_1['gateway_ip'] = None
        self.addCleanup(self.neutron.subnet_1.__setitem__, 'gateway_ip',
                        '192.168.1.1')
        [interface] = self.interfaces(self.boot_on(self.port))
        self.assertEqual('192.168.1.3', interface['ip'])
        self.assertFalse(interface['gateway'])

    def test_port_with_ipv6_beside_ipv4(self):
        self.port['fixed_ips'] = [
            {'ip_address': 'fdf8:f53b:82e4::3',
             'subnet_id': self.neutron.subnet_ipv6_1['id']},
            {'ip_address': '192.168.1.3',
             'subnet_id': self.neutron.subnet_1['id']}]
        [interface] = self.interfaces(self.boot_on(self.port))
        self.assertEqual('192.168.1.3', interface['ip'])

    def test_server_without_network(self):
        server = self.boot(networks='none')
        self.assertEqual([], self.guest(server)['nics'])


class PluggingTest(NetworkTestCase):
    """A port that an agent of Neutron has still to bring up."""

    def setUp(self):
        super().setUp()
        self.port['status'] = 'DOWN'
        self.flags(max_attempts=1, group='scheduler')

    def bring_up_what_is_coupled(self):
        couple = network.Network.create

        def create(*args):
            couple(*args)
            [server] = self.api.get_servers()
            self.admin_api.create_server_external_events([{
                'server_uuid': server['id'], 'name': 'network-vif-plugged',
                'tag': self.port['id']}])

        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.network.Network.create', create))

    def test_it_comes_up(self):
        self.flags(vif_plugging_timeout=base.PATIENCE)
        self.bring_up_what_is_coupled()
        self.boot_on(self.port)

    def test_it_does_not_come_up(self):
        before = self.snapshot()
        self.flags(vif_plugging_timeout=1)
        server = self.boot_on(self.port, expected_state='ERROR')
        self.assertIn('Failed to allocate the network',
                      server['fault']['message'])
        self._delete_server(server)
        self.assert_nothing_left(before)

    def test_it_does_not_come_up_and_need_not(self):
        self.flags(vif_plugging_timeout=1, vif_plugging_is_fatal=False)
        self.boot_on(self.port)


class GatewayTest(NetworkTestCase):
    """A subnet without gateway, in each family of Linux."""

    def setUp(self):
        super().setUp()
        self.neutron.subnet_1['gateway_ip'] = None
        self.addCleanup(self.neutron.subnet_1.__setitem__, 'gateway_ip',
                        '192.168.1.1')

    def boot_with(self, os_distro, **server):
        return self.boot_on(self.port, image_id=self.create_image(
            os_distro=os_distro), **server)

    def test_guest_gets_its_address(self):
        for os_distro in ('rhel7.9', 'rhel9', 'sles12', 'sles15.4'):
            server = self.boot_with(os_distro)
            [interface] = self.interfaces(server)
            self.assertEqual('192.168.1.3', interface['ip'])
            self.assertEqual('', interface['gateway'])
            self._delete_server(server)

    def test_a_linux_that_needs_one(self):
        for os_distro in ('ubuntu16', 'ubuntu22.04'):
            server = self.boot_with(os_distro, expected_state='ERROR')
            self.assertIn('no gateway', server['fault']['message'])
            self.assertIn(self.port['id'], server['fault']['message'])
        self.assertEqual([], self.rows('image'))


class SwitchGoneTest(NetworkTestCase):
    """Somebody deletes a virtual switch before the server is deleted."""

    def configure(self):
        super().configure()
        self.flags(vswitch_mappings={'other': 'vsw1'}, group='zvm')

    def test_delete(self):
        for gone, kept in (('VSW1', 'VSW2'), ('VSW2', 'VSW1')):
            self.provide_vlan_network('other')
            other = self.make_vlan_port()
            server = self.boot_on(self.port, other)
            grants = {name: self.vswitch(name)['grants']
                      for name in (gone, kept)}
            self.assertEqual([1, 1], [len(grants[name]) for name in grants])
            self.delete_switch(gone)

            self._delete_server(server)

            self.assertEqual({}, self.vswitch(kept)['grants'])
            self.assertEqual([], self.rows('guests'))
            self.assertEqual([], self.rows('switch'))
            self.assertNotIn(self.next_userid()[:3],
                             ' '.join(self.zvm.machine.state()['directory']))
            self.zvm.simulator.reset()

    def delete_switch(self, name):
        answer = self.zvm.machine.execute('ZVMSYS1', [
            'smcli', 'Virtual_Network_Vswitch_Delete_Extended', '-T',
            'ZCCSRV', '-k', 'switch_name=' + name])
        self.assertEqual(0, answer.status, answer.output)


class MappingTest(NetworkTest):
    """The same with a VLAN-aware switch under another name."""

    def configure(self):
        super().configure()
        self.flags(vswitch_mappings={base.PHYSICAL_NETWORK: 'vsw1'},
                   group='zvm')

    def test_nic_is_coupled_and_granted(self):
        self.port['binding:vif_details'] = {'vlan': 24}
        before = self.snapshot()
        server = self.boot_on(self.port)
        [nic] = self.guest(server)['nics']
        self.assertEqual(('1000', 'VSW1', 24),
                         (nic['vdev'], nic['switch'], nic['vlan']))
        self.assertEqual({self.userid(server): [24]},
                         self.vswitch('VSW1')['grants'])
        self.assertEqual({}, self.vswitch('VSW2')['grants'])
        self._delete_server(server)
        self.assert_nothing_left(before)

    def test_two_ports(self):
        server = self.boot_on(self.port, self.second)
        self.assertEqual({'VSW1'}, {
            nic['switch'] for nic in self.guest(server)['nics']})
