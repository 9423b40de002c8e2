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

"""The connector behind TLS, as the page about securing it tells operators.

A real nginx with the shipped configuration stands between nova-compute and a
real connector that asks for a token.
"""

from concurrent import futures
import http.client
import itertools
import pathlib
import socket
import ssl
import subprocess

import fixtures
from nova import exception as nova_exception
import requests
import testtools
from urllib3 import connection as urllib3_connection

from nova_zvm.checks import catalogue
from nova_zvm.checks import deployment
from nova_zvm.checks import finding
from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import timeouts
from nova_zvm.tests.support import authority
from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import codeblocks
from nova_zvm.tests.support import frontend
from nova_zvm.tests.support import glance
from nova_zvm.tests.support import meter
from nova_zvm.zvm import imageheader

PAGE = 'doc/source/admin/securing.rst'
MIB = 2 ** 20
# More than any buffer, and than the megabyte that nginx takes by default.
IMAGE_BYTES = 40 * MIB
# How each token that the connector signs begins, being a JWT.
TOKEN = 'eyJ'


class SecuringTestCase(cloud.ZVMTestCase):

    def configure(self):
        super().configure()
        # nova's own fixtures replace the class, and its way to verify.
        self.useFixture(fixtures.MonkeyPatch(
            'urllib3.connectionpool.HTTPSConnectionPool.ConnectionCls',
            urllib3_connection.HTTPSConnection))
        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.connector.session.PAUSES', (0.0, 0.0)))
        self.addCleanup(self.zvm.simulator.member.start)
        self.authority = authority.Authority(self.useFixture(
            fixtures.TempDir()).path)
        self.front = self.useFixture(frontend.FrontEnd(
            self.zvm.url, self.authority.ca_file,
            *self.authority.issue(frontend.HOST)))
        self.flags(cloud_connector_url=self.front.url,
                   ca_file=self.authority.ca_file, group='zvm')
        self.meter = meter.Meter(self.zvm.engine.log)

    def connector(self, **options):
        return client.Connector(
            self.front.url, **{'ca_file': self.authority.ca_file,
                               'token_file': self.zvm.token_file, **options})

    def assert_no_token_in_logs(self):
        token = pathlib.Path(self.zvm.token_file).read_text().strip()
        for log in (self.front.access_log, self.front.error_log):
            self.assertNotIn(token, log.read_text())
            self.assertNotIn(TOKEN, log.read_text())


class ServerTest(SecuringTestCase):

    def setUp(self):
        super().setUp()
        self.images = glance.Service(self.glance, keep=False)
        self.image_id = self.create_image()
        content = glance.Content(imageheader.Header(3338, 'CYL').pack(),
                                 IMAGE_BYTES)
        self.images.contents[self.image_id] = content
        self.glance.images[self.image_id]['size'] = content.length

    def test_life(self):
        before = self.snapshot()
        earlier = len(self.front.requests())
        self.assertNotEqual(0, earlier)
        with self.meter.running() as usage:
            server = self.boot(config_drive=True)
            image = self.take(server)
            self._stop_server(server)
            self._delete_server(server)
        self.assertEqual(('active', IMAGE_BYTES),
                         (image['status'], image['size']))
        self.assert_nothing_left(before)
        # Nothing has gone another way.
        self.assertEqual(sorted(usage.requests), sorted(
            self.front.requests()[earlier:]))
        self.assertIn('PUT /files', usage.requests)
        self.assertIn('POST /files', usage.requests)
        self.assertEqual('', self.front.error_log.read_text())
        self.assert_no_token_in_logs()

    def take(self, server):
        """Take a snapshot whose upload to Glance is slow at first."""
        stored = self.images._stored

        def slow(pieces):
            first = next(pieces)
            # Time enough for nginx to take from the connector what it can.
            for _ in range(20):
                self.connector().host.info()
            return stored(itertools.chain([first], pieces))

        with fixtures.MockPatchObject(self.images, '_stored', slow):
            image_id = self.api.post_server_action(
                server['id'], {'createImage': {'name': 'snap'}})['image_id']
            self._wait_for_server_parameter(
                server, {'OS-EXT-STS:task_state': None})
        return self.images.show(None, image_id)


class ConfigurationTest(SecuringTestCase):

    services = USES_DB = False

    def test_waits_longer_than_the_driver(self):
        limits = timeouts.Timeouts()
        longest = max(limits.read(name) for name in timeouts.SECONDS)
        # With what the connector itself is told to wait for.
        longest = max(longest, limits.read('guests.start',
                                           cloud.CONF.zvm.reachable_timeout),
                      limits.read('guests.soft_stop',
                                  cloud.CONF.shutdown_timeout))
        self.assertGreater(self.front.seconds('proxy_read_timeout'), longest)
        for directive in ('client_body_timeout', 'proxy_send_timeout',
                          'send_timeout'):
            self.assertGreater(self.front.seconds(directive), timeouts.FILE)

    def test_serves_tls_only_and_listed_hosts_with_a_token(self):
        self.assertEqual(['127.0.0.1:%d ssl' % self.front.port],
                         self.front.values('listen'))
        with self.meter.running() as usage:
            answer = requests.get(
                self.front.url.replace('https', 'http') + 'guests')
        self.assertEqual(400, answer.status_code)
        self.assertEqual([], usage.requests)

        self.assertEqual(401, self.status_from('127.0.0.1'))
        with self.meter.running() as usage:
            self.assertEqual(403, self.status_from('127.0.0.2'))
        self.assertEqual([], usage.requests)

        self.assertRaises(errors.Unauthorized,
                          self.connector(token_file=None).guests.list)
        self.assertEqual([], self.connector().guests.list())

    def status_from(self, address):
        """Return what a host with that address is answered."""
        connection = http.client.HTTPSConnection(
            frontend.HOST, self.front.port, timeout=frontend.PATIENCE,
            source_address=(address, 0), context=ssl.create_default_context(
                cafile=self.authority.ca_file))
        try:
            connection.request('GET', '/')
            return connection.getresponse().status
        finally:
            connection.close()


class CertificateTest(testtools.TestCase):

    def test_commands_of_the_page(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        block, = codeblocks.to_run(PAGE)
        for command in block.commands:
            subprocess.run(
                command.replace('DNS:zvm.example.org', 'IP:' + frontend.HOST),
                shell=True, cwd=folder, check=True, capture_output=True)
        # It verifies the certificate when it starts.
        self.useFixture(frontend.FrontEnd('http://127.0.0.1:1', *[
            str(folder / name) for name in (
                'zvm-ca.pem', 'nova-zvm-connector.pem',
                'nova-zvm-connector.key')]))


class OutageTest(testtools.TestCase):
    """What a change that failed is known to have done."""

    def setUp(self):
        super().setUp()
        authorities = authority.Authority(
            self.useFixture(fixtures.TempDir()).path)
        self.listener = socket.create_server((frontend.HOST, 0))
        self.listener.settimeout(frontend.PATIENCE)
        self.addCleanup(self.listener.close)
        self.front = self.useFixture(frontend.FrontEnd(
            'http://%s:%d' % self.listener.getsockname(),
            authorities.ca_file, *authorities.issue(frontend.HOST)))
        self.connector = client.Connector(self.front.url,
                                          ca_file=authorities.ca_file)

    def test_connector_that_is_down(self):
        self.listener.close()
        for change in (lambda: self.connector.guests.start('NVT00001', 0),
                       lambda: self.connector.images.delete('linux')):
            error = self.assertRaises(errors.Unreachable, change)
            self.assertEqual(503, error.status)

    def test_connection_that_breaks(self):
        with futures.ThreadPoolExecutor(1) as executor:
            change = executor.submit(self.connector.guests.start,
                                     'NVT00001', 0)
            connection, _ = self.listener.accept()
            connection.settimeout(frontend.PATIENCE)
            self.assertEqual(b'P', connection.recv(1))
            connection.close()
            error = change.exception(frontend.PATIENCE)
            self.assertIsInstance(error, errors.OutcomeUnknown)
            self.assertEqual(502, error.status)


class ComputeTest(SecuringTestCase):

    start_compute = False

    def test_tokens(self):
        path = pathlib.Path(self.state_path) / 'token'
        path.write_text('not-this-one')
        self.flags(token_file=str(path), group='zvm')
        error = self.assertRaises(nova_exception.NovaException,
                                  self._start_compute, 'host')
        self.assertIn('refuses the admin token in token file %s' % path,
                      str(error))
        self.assertNotIn('not-this-one', str(error))

        # A new one, first in our file, then in the connector's: nothing
        # notices.
        original = pathlib.Path(self.zvm.token_file)
        self.addCleanup(original.write_text, original.read_text())
        path.write_text(original.read_text())
        self.compute = self._start_compute('host')
        server = self.boot()

        # What the driver holds is signed with the old one.
        path.write_text('another')
        self.assertEqual(1, self.driver.get_num_instances())
        original.write_text('another')
        self.assertEqual(1, self.driver.get_num_instances())
        self._delete_server(server)

    def test_connector_that_is_down_and_other_authority(self):
        self.compute = self._start_compute('host')
        connector = self.zvm.simulator.member
        connector.kill()
        self._run_periodics()
        self.assertIn('the web server has no connector behind it',
                      self.stdlog.logger.output)
        connector.start()
        self._delete_server(self.boot())
        found = self.checked()
        self.assertEqual(finding.Code.SUCCESS, found['Connection'].code)
        self.assertEqual(finding.Code.WARNING, found['Certificate'].code)
        self.assertRegex(found['Certificate'].details, 'in [01] days')

        other = authority.Authority(self.useFixture(fixtures.TempDir()).path)
        self.flags(ca_file=other.ca_file, group='zvm')
        self.stdlog.delete_stored_logs()
        with self.meter.running() as usage:
            self.restart_compute()
        self.assertEqual([], usage.requests)
        self.assertRegex(
            self.stdlog.logger.output,
            'cannot be reached: .*No TLS connection.* certificate verify')

        found = self.checked()
        self.assertEqual(finding.Code.FAILURE, found['Connection'].code)
        self.assertIn('[zvm] ca_file', found['Connection'].remedy)

    def checked(self):
        return dict(catalogue.run(deployment.Deployment(cloud.CONF)))
