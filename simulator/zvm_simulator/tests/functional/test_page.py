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

"""The status page of a running system, by plain HTTP and in a browser."""

import pathlib
import shutil
import subprocess
from typing import Any
import urllib.request

import fixtures
import testtools

from zvm_simulator.tests.support import fixtures as zvm_fixtures
from zvm_simulator.tests.support import reading
from zvm_simulator.tests.support import rest

USERID = 'INST0001'
SECRET = 'S3CRET'
OPTIONS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
           '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync',
           # A container has little of /dev/shm.
           '--disable-dev-shm-usage', '--enable-logging=stderr')


class TestStatusPage(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.zvm = self.useFixture(zvm_fixtures.SimulatedZVM())
        self.connector = self.zvm.simulator.member
        self.rest = rest.Rest(self.zvm.url, self.zvm.token_file)

    def boot(self) -> None:
        """Let a guest run that has a network and data of its user."""
        self.assertEqual(200, self.rest.create(USERID, 'ECKD:POOL1')[0])
        stored = self.rest.upload(rest.disk_image(3000))
        self.rest.output('POST', '/images', {'image': {
            'image_name': 'rhel', 'url': stored['dest_url'],
            'image_meta': {'os_version': 'rhel8.6'}}})
        script = self.connector.file_repository / 'user.doscript'
        script.write_text(f'#!/bin/sh\necho {SECRET}\n')
        self.rest.action(USERID, 'deploy', image='rhel',
                         transportfiles=str(script))
        self.rest.output('POST', f'/guests/{USERID}/interface', {'interface': {
            'os_version': 'rhel8.6', 'guest_networks': [{
                'ip_addr': '192.0.2.5', 'cidr': '192.0.2.0/24',
                'gateway_addr': '192.0.2.1', 'nic_vdev': '1000',
                'hostname': 'vm1'}]}})
        self.rest.output('PUT', '/vswitches/VSW2', {'vswitch': {
            'grant_userid': USERID}})
        self.rest.output('PUT', f'/guests/{USERID}/nic/1000', {'info': {
            'couple': True, 'vswitch': 'VSW2'}})
        self.rest.action(USERID, 'start', timeout=300)

    def get(self, path: str = '/') -> str:
        with urllib.request.urlopen(self.zvm.control_url + path) as answer:
            return str(answer.read().decode())

    def assert_shows_the_system(self, page: reading.Page) -> None:
        self.assertIn('z/VM system ZVMSYS1', page.text)
        member = page.tables['members'][0]
        self.assertEqual(
            (self.zvm.url, str(self.connector.sdk_port),
             f'runs ({self.connector.pid})'),
            (member['REST interface'], member['Port'], member['State']))
        guest = page.rows('guests', Userid=USERID)[0]
        self.assertEqual(
            ('running', 'up localhost rhel8.6', '2',
             '0100 4,370 cyl on VOL001', '1000 VSW2, 192.0.2.5/24'),
            tuple(guest[column] for column in (
                'State', 'Linux', 'CPUs', 'Minidisks', 'Adapters')))
        self.assertEqual('1', page.rows('pools', Volume='VOL001')[0][
            'Minidisks'])
        self.assertEqual(f'{USERID} 1000', page.rows(
            'switches', Switch='VSW2')[0]['Who is coupled'])
        self.assertNotEqual([], page.tables['fcp'])

    def assert_log_is_of_the_boot(self, page: reading.Page) -> None:
        seen = [row['Request or command, the latest first']
                for row in page.tables['log']]
        for wanted in ('POST /guests', 'Image_Create_DM', 'vmur punch',
                       'Image_Activate', 'iucvclnt'):
            self.assertTrue([line for line in seen if wanted in line], wanted)

    def test_by_http(self) -> None:
        self.boot()
        text = self.get()
        page = reading.Page(text)

        self.assert_shows_the_system(page)
        self.assert_log_is_of_the_boot(page)
        token = pathlib.Path(self.zvm.token_file).read_text()
        for secret in (SECRET, token, 'LBYONLY'):
            self.assertNotIn(secret, text)

    def test_where_ready_says_it_is(self) -> None:
        facts = self.zvm.simulator.describe()['members']['ZVMSYS1']
        url, _, anchor = facts['status_page'].partition('#')
        with urllib.request.urlopen(url) as answer:
            page = reading.Page(answer.read().decode())

        self.assertIn(anchor, [attributes.get('id')
                               for _, attributes in page.tags])

    def test_in_a_browser(self) -> None:
        """It shows the same, and what runs while somebody looks at it."""
        browser = shutil.which('chromium')
        if not browser:
            self.skipTest('There is no browser: the Debian package chromium '
                          'is not installed.')
        self.boot()
        self.run_when_the_page_is_made(['vmcp', 'query', 'names'])
        page = self.browse(browser)

        self.assert_shows_the_system(page)
        self.assert_log_is_of_the_boot(page)
        self.assertEqual('vmcp query names', page.tables['log'][0][
            'Request or command, the latest first'])
        stale = [attributes for _, attributes in page.tags
                 if attributes.get('id') == 'stale']
        self.assertIn('hidden', stale[0])

    def run_when_the_page_is_made(self, argv: list[str]) -> None:
        """Run a command once, after the log was put on the page."""
        engine = self.zvm.engine
        show, pending = engine.log, [argv]

        def log(*args: Any, **options: Any) -> Any:
            records = show(*args, **options)
            if pending:
                engine.execute('ZVMSYS1', pending.pop())
            return records

        self.useFixture(fixtures.MockPatchObject(engine, 'log', log))

    def browse(self, browser: str) -> reading.Page:
        """Return the page as it is after some seconds in a browser."""
        home = self.useFixture(fixtures.TempDir()).path
        done = subprocess.run(
            [browser, *OPTIONS, f'--user-data-dir={home}/data',
             '--virtual-time-budget=8000', '--dump-dom',
             self.zvm.control_url + '/'],
            capture_output=True, text=True, timeout=100,
            env={'PATH': '/usr/bin:/bin', 'HOME': home, 'TMPDIR': home})
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertNotIn('CONSOLE', done.stderr)
        return reading.Page(done.stdout)
