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

"""What the exchanges of the contract leave out: routes and their options."""

import json
import re
import subprocess
from typing import Any

import requests
import testtools

from zvm_simulator.tests.support import contract
from zvm_simulator.tests.support import fixtures as zvm_fixtures
from zvm_simulator.tests.support import rest

USERID = 'INST0001'
NETWORK = {'ip_addr': '192.0.2.5', 'cidr': '192.0.2.0/24',
           'gateway_addr': '192.0.2.1', 'nic_vdev': '1000',
           'mac_addr': '02:00:00:11:22:33'}
# What is tested here of the routes of the connector.
HERE = {'DELETE /guests/{userid}/interface', 'GET /',
        'GET /images/{name}/root_disk_size', 'POST /token',
        'PUT /volumes/fcp/{fcp_id}'}
LIST_ROUTES = """
import json
from zvmsdk.sdkwsgi import handler
print(json.dumps([f'{method} {path}' for path, methods in handler.ROUTE_LIST
                  for method in methods]))
"""


class TestEveryRoute(testtools.TestCase):

    def test_is_used_with_success(self) -> None:
        sent = [item['send'] for item in contract.samples()
                if item['status'] == 200]
        sent += [item['send'] for item in contract.probes()
                 if item['expect'][0] == 200]

        self.assertEqual(HERE, {
            route for route in self.routes()
            if not any(pattern(route).match(line) for line in sent)})

    def routes(self) -> list[str]:
        """Return the routes that the connector has."""
        output = subprocess.run(
            [zvm_fixtures.connector_python(), '-W', 'ignore', '-c',
             LIST_ROUTES], capture_output=True, check=True).stdout
        return json.loads(output.splitlines()[-1])


def pattern(route: str) -> re.Pattern[str]:
    return re.compile(re.sub(r'{[^}]*}', '[^/?]+', route) + r'(\?.*)?$')


class RouteTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.zvm = self.useFixture(zvm_fixtures.SimulatedZVM())
        self.rest = rest.Rest(self.zvm.url, self.zvm.token_file)

    def create(self, **options: Any) -> None:
        self.rest.output('POST', '/guests', {'guest': {
            'userid': USERID, 'vcpus': 1, 'memory': 1024, 'disk_list': [],
            **options}})

    def directory(self) -> list[str]:
        return self.zvm.machine.directory_text(USERID).splitlines()

    def guest(self) -> dict[str, Any]:
        return self.zvm.machine.state()['guests'][USERID]

    def import_image(self, name: str, os_version: str) -> None:
        stored = self.rest.upload(rest.disk_image(3000))
        self.rest.output('POST', '/images', {'image': {
            'image_name': name, 'url': stored['dest_url'],
            'image_meta': {'os_version': os_version}}})


class TestToken(RouteTest):

    def post(self, token: str) -> requests.Response:
        return requests.post(self.zvm.url + '/token',
                             headers={'X-Admin-Token': token})

    def test_token(self) -> None:
        file = self.zvm.simulator.member.token_file
        answer = self.post(file.read_text())

        self.assertEqual((200, b''), (answer.status_code, answer.content))
        self.assertEqual(401, self.post('wrong').status_code)
        self.assertEqual(401, self.rest.send('GET', '/guests', headers={
            'X-Auth-Token': 'wrong'}).status_code)
        self.assertEqual(200, self.rest.send('GET', '/guests', headers={
            'X-Auth-Token': answer.headers['X-Auth-Token']}).status_code)

    def test_version(self) -> None:
        self.assertEqual('1.0', self.rest.output('GET', '/')['api_version'])


class TestGuestOptions(RouteTest):

    def test_are_statements(self) -> None:
        self.create(account='ACC1', cschedule='POOL1', ipl_from='0100',
                    ipl_param='vmpoff=LOGOFF', ipl_loadparam='1',
                    dedicate_vdevs=['1a00', '1b00'],
                    loaddev={'portname': '5005076812341234',
                             'lun': '0001000000000000'})
        directory = self.directory()

        for statement in (
                'ACCOUNT ACC1', 'COMMAND SCHEDULE * WITHIN POOL POOL1',
                'IPL 0100 PARM vmpoff=LOGOFF LOADPARM 1',
                'LOADDEV PORTname 5005076812341234',
                'LOADDEV LUN 0001000000000000', 'DEDICATE 1a00 1a00',
                'DEDICATE 1b00 1b00'):
            self.assertIn(statement, directory)

    def test_disks(self) -> None:
        disks = self.rest.output('POST', '/guests', {'guest': {
            'userid': USERID, 'vcpus': 1, 'memory': 1024, 'disk_list': [
                {'size': '2000', 'is_boot_disk': True},
                {'size': '512m', 'format': 'xfs',
                 'disk_pool': 'FBA:FBAPOOL'},
                {'size': '300', 'format': 'ext3', 'vdev': '0200'}]}})

        self.assertEqual(['0100', '0101', '0200'],
                         [disk['vdev'] for disk in disks])
        self.assertEqual(
            ['MDISK 0100 3390 1 2000 VOL001 MR',
             'MDISK 0101 9336 1 1048576 FBA001 MR',
             'MDISK 0200 3390 2001 300 VOL001 MR'],
            [line for line in self.directory() if line.startswith('MDISK')])


class TestInterface(RouteTest):

    def test_comes_and_goes(self) -> None:
        self.create(disk_list=[{'size': '3g', 'is_boot_disk': True}])
        self.import_image('rhel', 'rhel8.6')
        self.rest.action(USERID, 'deploy', image='rhel')
        self.rest.output('POST', f'/guests/{USERID}/interface', {
            'interface': {'os_version': 'rhel8.6',
                          'guest_networks': [NETWORK]}})
        self.rest.action(USERID, 'start', timeout=300)
        self.assertEqual(['192.0.2.5'], self.addresses())
        self.assertIn(b'192.0.2.5', self.configuration())

        self.rest.output('DELETE', f'/guests/{USERID}/interface', {
            'interface': {'os_version': 'rhel8.6', 'vdev': '1000',
                          'active': True}})
        self.assertNotIn('NICDEF', '\n'.join(self.directory()))
        self.assertEqual([], self.guest()['nics'])
        self.assertRaises(KeyError, self.configuration)

    def configuration(self) -> bytes:
        return self.zvm.machine.guest_file(
            USERID, '/etc/sysconfig/network-scripts/ifcfg-enc1000')

    def addresses(self) -> list[str]:
        adapters = self.rest.output('GET', f'/guests/{USERID}/adapters')
        return [item['mac_ip_address'] for item in adapters['adapters']]


class TestVswitchOptions(RouteTest):

    def query(self, **options: Any) -> dict[str, Any]:
        """Create a switch and return what the connector tells of it."""
        self.rest.output('POST', '/vswitches', {'vswitch': options})
        return self.rest.output('GET', f'/vswitches/{options["name"]}')

    def assert_told(self, expected: dict[str, Any],
                    switch: dict[str, Any]) -> None:
        self.assertEqual(expected, {key: switch[key] for key in expected})

    def test_switch_of_vlans(self) -> None:
        switch = self.query(
            name='VSWA', rdev='0A00 0A03', controller='DTCVSW1', queue_mem=4,
            vid=100, port_type='TRUNK', gvrp='NOGVRP', native_vid=2)

        self.assert_told({
            'vlan_awareness': 'AWARE', 'vlan_id': '100', 'port_type': 'TRUNK',
            'native_vlan_id': '2', 'queue_memory_limit': '4',
            'gvrp_request_attribute': 'NOGVRP', 'routing_value': 'NA'},
            switch)
        self.assertEqual(['0A00', '0A03'], list(switch['real_devices']))

    def test_switch_of_ip_addresses(self) -> None:
        self.assert_told({
            'transport_type': 'IP', 'routing_value': 'PRIROUTER',
            'switch_status': 'Virtual switch defined.'},
            self.query(name='VSWB', connection='DISCONNECT',
                       network_type='IP', router='PRIROUTER'))

    def test_users_and_adapters(self) -> None:
        self.create()
        self.rest.output('POST', f'/guests/{USERID}/nic', {'nic': {
            'vdev': '1000', 'mac_addr': '02:00:00:11:22:33'}})
        self.rest.output('PUT', '/vswitches/VSW1', {'vswitch': {
            'user_vlan_id': {'userid': USERID, 'vlanid': 7}}})
        self.rest.output('PUT', f'/guests/{USERID}/nic/1000', {'info': {
            'couple': True, 'vswitch': 'VSW1'}})
        self.rest.action(USERID, 'start')
        switch = self.rest.output('GET', '/vswitches/VSW1')

        self.assertEqual(['7'], switch['authorized_users'][USERID][
            'vlan_ids'])
        self.assertEqual(
            {f'{USERID}_1000': {'mac': '02-00-00-11-22-33', 'type': 'QDIO'}},
            switch['adapters'])


class TestOthers(RouteTest):

    def test_root_disk_size(self) -> None:
        self.import_image('rhel', 'rhel8.6')

        self.assertEqual('3000', self.rest.output(
            'GET', '/images/rhel/root_disk_size'))
        self.rest.output('DELETE', '/images/rhel')
        self.assertEqual([], self.rest.output('GET', '/images'))

    def test_use_of_an_fcp_device(self) -> None:
        template = self.rest.output('POST', '/volumes/fcptemplates', {
            'name': 't1', 'fcp_devices': '1a00-1a07;1b00-1b07'})
        use = {'userid': 'GUEST1', 'reserved': 1, 'connections': 2,
               'fcp_template_id': template['fcp_template']['id']}
        self.rest.output('PUT', '/volumes/fcp/1a03', {'info': use})

        self.assertEqual(list(use.values()),
                         self.rest.output('GET', '/volumes/fcp/1a03'))
