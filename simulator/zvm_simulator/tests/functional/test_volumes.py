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

"""FCP devices and volumes through the real connector, by plain HTTP."""

from typing import Any

from zvm_simulator.tests.functional import test_connector
from zvm_simulator.tests.support import rest

FIRST, SECOND = 'INST0001', 'INST0002'
PORT = '0x5005076812341234'
DATA_LUN = '0x0002000000000000'
ROOT_LUN = '0x0001000000000000'
TEMPLATE = {'name': 't1', 'description': 'two fabrics',
            'fcp_devices': '1a00-1a07;1b00-1b07', 'host_default': True,
            'min_fcp_paths_count': 2}


class VolumeTest(test_connector.ConnectorTest):

    def template(self, **values: Any) -> str:
        made = self.rest.output('POST', '/volumes/fcptemplates',
                                {**TEMPLATE, **values})
        return made['fcp_template']['id']

    def reserve(self, userid: str, template: str) -> dict[str, Any]:
        return self.rest.output('GET', f'/volumes/conn/{userid}', {'info': {
            'reserve': True, 'fcp_template_id': template}})

    def release(self, userid: str, template: str) -> dict[str, Any]:
        return self.rest.output('GET', f'/volumes/conn/{userid}', {'info': {
            'reserve': False, 'fcp_template_id': template}})

    def connection(self, userid: str, devices: list[str], lun: str = DATA_LUN,
                   **values: Any) -> dict[str, Any]:
        return {'info': {'connection': {
            'assigner_id': userid, 'zvm_fcp': devices, 'target_wwpn': [PORT],
            'target_lun': lun, 'multipath': 'True', 'os_version': 'rhel8.6',
            'mount_point': '/dev/vdb', **values}}}

    def attach(self, userid: str, devices: list[str], **values: Any) -> None:
        self.rest.output('POST', '/guests/volumes', self.connection(
            userid, devices, **values))

    def detach(self, userid: str, devices: list[str], **values: Any) -> None:
        self.rest.output('DELETE', '/guests/volumes', self.connection(
            userid, devices, **values))

    def usage(self, device: str) -> list[Any]:
        return self.rest.output('GET', f'/volumes/fcp/{device}')

    def details(self) -> list[dict[str, Any]]:
        return self.rest.output(
            'GET', '/volumes/fcptemplates/detail?raw=true&statistics=true&'
            'sync_with_zvm=true')['fcp_templates']

    def statistics(self) -> dict[str, Any]:
        return self.details()[0]['statistics']

    def owners(self) -> dict[str, str]:
        devices = self.zvm.machine.state()['members']['ZVMSYS1'][
            'fcp_devices']
        return {device['address'].lower(): device['owner']
                for device in devices if device['owner']}

    def dedicated(self, userid: str) -> list[str]:
        return [line for line in self.directory(userid)
                if line.startswith('DEDICATE')]

    def volumes(self, userid: str) -> list[dict[str, Any]]:
        return self.zvm.machine.state()['guests'][userid]['linux']['volumes']

    def image(self) -> None:
        stored = self.rest.upload(rest.disk_image(3000))
        self.rest.output('POST', '/images', {'image': {
            'image_name': 'rhel', 'url': stored['dest_url'],
            'image_meta': {'os_version': 'rhel8.6'}}})

    def guest(self, userid: str) -> None:
        self.create(userid)
        self.rest.action(userid, 'deploy', image='rhel')

    def start(self, userid: str) -> None:
        self.rest.action(userid, 'start', timeout=300)


class TestVolumes(VolumeTest):

    def test_from_template_to_detach(self) -> None:
        """Two guests, one running and one not, get devices of their own."""
        self.image()
        template = self.template()
        for userid in (FIRST, SECOND):
            self.guest(userid)
        self.start(FIRST)
        before = self.zvm.machine.state()['directory']

        connector = self.reserve(FIRST, template)
        devices = connector['zvm_fcp']
        self.assertEqual(
            ['1a', '1b'], sorted(device[:2] for device in devices))
        self.assertEqual([f'c05076de3300{device}' for device in devices],
                         connector['wwpns'])
        self.assertEqual(f'ZVMSYS1_{FIRST}', connector['host'])
        self.attach(FIRST, devices)
        self.assertEqual(dict.fromkeys(devices, FIRST), self.owners())
        self.assertEqual(
            [f'DEDICATE {device.upper()} {device.upper()}'
             for device in devices], self.dedicated(FIRST))
        self.assertEqual(['/dev/vdb'], self.volumes(FIRST)[0]['links'])
        self.assertEqual([FIRST, 1, 1, template], self.usage(devices[0]))

        others = self.reserve(SECOND, template)['zvm_fcp']
        self.assertFalse(set(devices) & set(others))
        self.attach(SECOND, others, lun='0x0003000000000000')
        self.assertEqual(dict.fromkeys(devices, FIRST), self.owners())
        self.assertEqual(2, len(self.dedicated(SECOND)))
        self.start(SECOND)
        self.assertEqual({FIRST, SECOND}, set(self.owners().values()))
        self.assertEqual('0003000000000000',
                         self.volumes(SECOND)[0]['lun'])

        self.detach(FIRST, devices)
        self.assertEqual([], self.volumes(FIRST))
        self.assertEqual(dict.fromkeys(others, SECOND), self.owners())
        self.rest.action(SECOND, 'stop')
        self.detach(SECOND, others, lun='0x0003000000000000')
        for userid in (FIRST, SECOND):
            self.release(userid, template)
        self.assertEqual({}, self.owners())
        self.assertEqual(before, self.zvm.machine.state()['directory'])
        for path in self.statistics().values():
            self.assertEqual(path['total'], path['available'])

    def test_commands_of_attach_and_detach(self) -> None:
        self.image()
        self.guest(FIRST)
        self.start(FIRST)
        devices = self.reserve(FIRST, self.template())['zvm_fcp']
        self.engine.clear_log()
        self.attach(FIRST, devices)
        dedicate = ['Image_Device_Dedicate_DM', 'query user',
                    'Image_Device_Dedicate']
        configure = ['vmur', 'change', 'transfer', 'iucvclnt', 'iucvclnt']
        self.assertEqual(['q'] + dedicate * 2 + configure, self.commands())
        self.engine.clear_log()
        self.detach(FIRST, devices)
        self.assertEqual(
            ['q'] + configure +
            [name.replace('Dedicate', 'Undedicate') for name in dedicate * 2],
            self.commands())

    def test_second_volume_by_the_same_devices(self) -> None:
        self.image()
        self.guest(FIRST)
        self.start(FIRST)
        template = self.template()
        devices = self.reserve(FIRST, template)['zvm_fcp']
        more = {'lun': '0x0003000000000000', 'mount_point': '/dev/vdc'}
        self.attach(FIRST, devices)
        self.attach(FIRST, devices, **more)
        self.assertEqual(2, len(self.volumes(FIRST)))
        self.detach(FIRST, devices)
        self.assertEqual([['/dev/vdc']], [volume['links'] for volume in
                                          self.volumes(FIRST)])
        self.assertEqual(set(devices), set(self.owners()))
        self.detach(FIRST, devices, **more)
        self.assertEqual({}, self.owners())

    def test_each_distribution_finds_its_volume(self) -> None:
        self.image()
        self.guest(FIRST)
        self.start(FIRST)
        template = self.template()
        for version in ('rhel7.9', 'rhel9.2', 'sles12.5', 'sles15.3',
                        'ubuntu20.04'):
            devices = self.reserve(FIRST, template)['zvm_fcp']
            self.attach(FIRST, devices, os_version=version)
            volume, = self.volumes(FIRST)
            self.assertEqual((2, ['/dev/vdb']),
                             (len(volume['paths']), volume['links']))
            self.detach(FIRST, devices, os_version=version)
            self.assertEqual([], self.volumes(FIRST))

    def test_volume_that_is_not_there(self) -> None:
        """What was done for a volume that is not found is undone."""
        self.image()
        self.guest(FIRST)
        self.start(FIRST)
        template = self.template()
        for text, values in (
                ('did not show up', {'lun': '0x0099000000000000'}),
                ('valid target WWPNs', {'target_wwpn': [
                    '0x5005076899999999']})):
            devices = self.reserve(FIRST, template)['zvm_fcp']
            status, answer = self.rest.call(
                'POST', '/guests/volumes',
                self.connection(FIRST, devices, **values))
            self.assertEqual((500, 300), (status, answer['rc']), answer)
            self.assertIn(text, answer['errmsg'])
            self.assertEqual(({}, [], []), (
                self.owners(), self.volumes(FIRST), self.dedicated(FIRST)))
            self.assertEqual([0, 0], self.usage(devices[0])[1:3])

    def test_device_that_is_in_use_or_offline(self) -> None:
        """What was free when it was reserved need not be so later."""
        self.image()
        self.guest(FIRST)
        self.start(FIRST)
        template = self.template(fcp_devices='1a00',
                                 min_fcp_paths_count=1)
        for taken, given_back in (
                ('attach 1a00 to operator', 'detach 1a00 from operator'),
                ('vary offline 1a00', 'vary online 1a00')):
            self.reserve(FIRST, template)
            self.command('vmcp', taken)
            status, answer = self.rest.call(
                'POST', '/guests/volumes', self.connection(FIRST, ['1a00']))
            self.assertEqual((500, 8, 204, 16), (
                status, answer['overallRC'], answer['rc'], answer['rs']))
            self.assertEqual([], self.volumes(FIRST))
            self.assertNotIn(FIRST, self.owners().values())
            self.command('vmcp', given_back)

    def test_no_free_device(self) -> None:
        self.create(FIRST)
        template = self.template(fcp_devices='1a00;1b00')
        self.command('vmcp', 'attach', '1a00', 'to', 'OPERATOR')
        self.assertEqual([], self.reserve(FIRST, template)['zvm_fcp'])
        self.command('vmcp', 'detach', '1a00', 'from', 'OPERATOR')
        self.assertEqual(['1a00', '1b00'], sorted(
            self.reserve(FIRST, template)['zvm_fcp']))

    def test_guest_that_does_not_exist(self) -> None:
        status, answer = self.rest.call(
            'POST', '/guests/volumes', self.connection('NOSUCH', ['1a00']))
        self.assertEqual((404, 404), (status, answer['overallRC']))

    def commands(self) -> list[str]:
        return [record['name'] for record in self.engine.log()
                if record['kind'] not in ('rest', 'wait')]

    def command(self, *words: str) -> None:
        answer = self.zvm.machine.execute('ZVMSYS1', list(words))
        self.assertEqual(0, answer.status, answer.output)


class TestTemplates(VolumeTest):

    def test_life_of_a_template(self) -> None:
        template = self.template()
        made = self.rest.output('GET', '/volumes/fcptemplates')
        self.assertEqual([(template, 't1', True)], [
            (item['id'], item['name'], item['host_default'])
            for item in made['fcp_templates']])
        path = self.statistics()['1']
        self.assertEqual(('1B00 - 1B07', {'32': '1B00 - 1B07'}),
                         (path['total'], path['CHPIDs']))

        self.rest.output('PUT', f'/volumes/fcptemplates/{template}',
                         {'name': 't2', 'fcp_devices': '1a00;1b00'})
        self.assertEqual('1A00', self.statistics()['0']['total'])
        self.rest.output('DELETE', f'/volumes/fcptemplates/{template}')
        self.assertEqual({'fcp_templates': []}, self.rest.output(
            'GET', '/volumes/fcptemplates'))

    def test_statistics_show_what_z_vm_does(self) -> None:
        """A device that is used beside the connector is seen."""
        self.template()
        machine = self.zvm.machine
        machine.execute('ZVMSYS1', ['vmcp', 'attach 1a00 to OPERATOR'])
        machine.execute('ZVMSYS1', ['vmcp', 'vary offline 1b07'])
        paths = self.statistics()
        self.assertEqual({'1A00': 'operator'}, {
            device.upper(): owner for device, owner in
            paths['0']['unallocated_but_active'].items()})
        self.assertEqual(('1B07', '1B00 - 1B06'),
                         (paths['1']['offline'], paths['1']['available']))

    def test_usage_can_be_set(self) -> None:
        template = self.template()
        self.rest.output('PUT', '/volumes/fcp/1a00', {'info': {
            'userid': 'SOMEONE', 'reserved': 1, 'connections': 2,
            'fcp_template_id': template}})
        self.assertEqual(['SOMEONE', 1, 2, template], self.rest.output(
            'GET', '/volumes/fcp/1a00'))
        self.assertEqual(404, self.rest.call('GET', '/volumes/fcp/1aff')[0])


class TestBootFromVolume(VolumeTest):

    def refresh(self, devices: list[str], **values: Any
                ) -> tuple[int, dict[str, Any]]:
        return self.rest.call('PUT', '/volumes/volume_refresh_bootmap', {
            'info': {'fcpchannel': devices, 'wwpn': [PORT[2:]],
                     'lun': ROOT_LUN[2:], **values}})

    def create_on_volume(self, ipl: str, devices: list[str]) -> None:
        self.rest.output('POST', '/guests', {'guest': {
            'userid': FIRST, 'vcpus': 1, 'memory': 2048, 'disk_list': [],
            'ipl_from': ipl, 'dedicate_vdevs': devices,
            'loaddev': {'portname': PORT[2:], 'lun': ROOT_LUN[2:]}}})

    def test_boot(self) -> None:
        template = self.template()
        devices = self.reserve(FIRST, template)['zvm_fcp']
        status, answer = self.refresh(devices)
        self.assertEqual((200, dict.fromkeys(devices, [PORT[2:]])),
                         (status, answer['output']))
        self.attach(FIRST, devices, lun=ROOT_LUN, is_root_volume=True)

        self.create_on_volume(devices[0], devices)
        entry = '\n'.join(self.directory(FIRST))
        self.assertIn(f'LOADDEV PORTname {PORT[2:]}\n', entry)
        self.assertIn(f'LOADDEV LUN {ROOT_LUN[2:]}\n', entry)
        self.rest.action(FIRST, 'deploy', image='rhel8.6', skipdiskcopy=True,
                         hostname='vm1')
        self.start(FIRST)
        self.assertEqual('rhel8.6', self.rest.output(
            'GET', f'/guests/{FIRST}/info')['os_distro'])
        self.assertEqual(set(devices), set(self.owners()))
        self.assertEqual(2, len(self.volumes(FIRST)[0]['paths']))

        self.rest.output('DELETE', f'/guests/{FIRST}')
        self.detach(FIRST, devices, lun=ROOT_LUN, is_root_volume=True)
        self.release(FIRST, template)
        self.assertEqual({}, self.owners())

    def test_boot_from_loaddev(self) -> None:
        self.refresh(['1a00'])
        self.create_on_volume('LOADDEV', ['1a00'])
        self.rest.action(FIRST, 'deploy', image='rhel8.6', skipdiskcopy=True)
        self.start(FIRST)
        self.assertEqual('up', self.zvm.machine.state()['guests'][FIRST][
            'linux']['state'])

    def test_refusals(self) -> None:
        for devices, values in (
                (['1aff'], {}), (['1a00'], {'wwpn': ['5005076899999999']}),
                (['1a00'], {'lun': '0099000000000000'}),
                (['1a00'], {'wwid': '36005076' + '0' * 25})):
            status, answer = self.refresh(devices, **values)
            self.assertEqual((500, 300, 5), (
                status, answer['rc'], answer['rs']), answer)
        status, answer = self.refresh(
            ['1a00'], fcp_template_id=self.template())
        self.assertEqual((500, 300, 5), (status, answer['rc'],
                                         answer['rs']), answer)
