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

"""What the connector's failures become."""

import io
import json
import ssl
import types
import unittest
from unittest import mock

import fixtures
import requests
import requests_mock
from testtools import matchers
from urllib3 import exceptions as urllib3_errors

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.connector import operation as op
from nova_zvm.tests.support import conversation
from nova_zvm.tests.support import fakes

HTML = '<html><head><title>Not yours</title></head><body>no</body></html>'


class AnswerTest(conversation.TestCase):
    """Answers of the connector itself."""

    def _read(self, status, body):
        self.answer('GET', '/host', {'status_code': status, 'json': body})
        return self.assertRaises(errors.ConnectorError,
                                 self.connector.host.info)

    def _write(self, status, body):
        self.answer('POST', '/guests', {'status_code': status, 'json': body})
        return self.assertRaises(errors.ConnectorError,
                                 self.connector.guests.create, 'G1', 1, 1, [])

    def test_classes(self):
        for status, codes, cls in (
                (400, (400, 400, 400), errors.BadRequest),
                (400, (100, 100, 3), errors.BadRequest),
                (401, (400, 400, 401), errors.Unauthorized),
                (404, (404, 404, 1), errors.NotFound),
                (404, (8, 400, 4), errors.NotFound),
                (404, (300, 300, 3), errors.NotFound),
                (409, (409, 409, 1), errors.Conflict),
                (409, (8, 400, 8), errors.Conflict),
                (409, (300, 300, 5), errors.Conflict),
                (501, (501, 501, 1), errors.NotSupported),
                (503, (503, 503, 1), errors.Busy),
                (500, (300, 300, 3), errors.ConnectorError),
                (500, (8, 596, 3541), errors.ConnectorError),
                (500, (500, -110, 0), errors.ConnectorError)):
            for ask in (self._read, self._write):
                self.assertIs(
                    cls, type(ask(status, conversation.failure(*codes))),
                    codes)

    def test_error_keeps_what_the_connector_said(self):
        error = self._write(409, conversation.failure(
            8, 400, 8, 'guest', "Failed to create userid 'G1'."))
        self.assertEqual(
            (409, 8, 400, 8, 'guest', "Failed to create userid 'G1'."),
            (error.status, error.overall_rc, error.rc, error.rs,
             error.mod_id, error.words))
        self.assertEqual(
            'The z/VM directory already has a guest G1 (guests.create, '
            'HTTP 409, overallRC 8, rc 400, rs 8): Failed to create userid '
            "'G1'.", str(error))

    def test_sentence_is_short_whatever_the_connector_repeats(self):
        error = self._write(500, conversation.failure(
            8, 8, 8, errmsg='long\n' * 1000))
        self.assertNotIn('\n', str(error))
        self.assertTrue(len(str(error)) < 400)

    def test_a_good_status_does_not_hide_a_failure(self):
        # GET /guests answers 200 whatever happened.
        self.answer('GET', '/guests', {'json': conversation.failure(
            101, 101, 2, 110)})
        error = self.assertRaises(errors.Unreachable,
                                  self.connector.guests.list)
        self.assertEqual((200, 101), (error.status, error.overall_rc))

    def test_sdkserver_not_there(self):
        for ask in (self._read, self._write):
            error = ask(500, conversation.failure(101, 101, 2, 110))
            self.assertIs(errors.Unreachable, type(error))

    def test_sdkserver_went_away_with_the_request(self):
        for rs in (3, 4, 5, 6):
            body = conversation.failure(101, 101, rs, 110)
            self.assertIs(errors.Unreachable, type(self._read(500, body)))
            self.assertIs(errors.OutcomeUnknown, type(self._write(500, body)))

    def test_unexpected_shape_names_what_is_missing(self):
        body = conversation.envelope({'disk_total': 1, 'disk_used': 0})
        self.answer('GET', '/host/diskpool', {'json': body})
        error = self.assertRaises(errors.ConnectorError,
                                  self.connector.host.disk_pool)
        self.assertIn('disk_available', str(error))
        self.assertIn('GET /host/diskpool', str(error))

    def test_list_of_guests_is_a_list(self):
        self.answer('GET', '/guests', conversation.envelope(''))
        self.assertRaises(errors.ConnectorError, self.connector.guests.list)

    def test_power_state_is_on_or_off(self):
        self.answer('GET', '/guests/G1/power_state_real',
                    conversation.envelope('maybe'))
        self.assertRaises(errors.ConnectorError,
                          self.connector.guests.power_state, 'G1')


class ForeignAnswerTest(conversation.TestCase):
    """Answers of something else at that address."""

    def _ask(self, status, call=None, method='GET', path='/host'):
        self.answer(method, path, {'status_code': status, 'text': HTML})
        return self.assertRaises(errors.ConnectorError,
                                 call or self.connector.host.info)

    def _write(self, status):
        return self._ask(status, lambda: self.connector.guests.delete('G1'),
                         'DELETE', '/guests/G1')

    def test_not_found_is_about_the_url(self):
        for status in (200, 301, 404, 405):
            error = self._ask(status)
            self.assertIs(errors.ConnectorError, type(error), status)
            self.assertIn('there is no connector at this URL', str(error))

    def test_json_without_members_is_foreign(self):
        for body in ({'errors': []}, [], 'x', None, 5):
            self.answer('GET', '/host', {'status_code': 404, 'json': body})
            error = self.assertRaises(errors.ConnectorError,
                                      self.connector.host.info)
            self.assertIs(errors.ConnectorError, type(error))

    def test_redirect_is_not_followed(self):
        self.answer('GET', '/host', {
            'status_code': 302,
            'headers': {'Location': 'http://elsewhere.example.com/'}})
        self.assertRaises(errors.ConnectorError, self.connector.host.info)
        self.assertEqual(1, len(self.http.request_history))

    def test_front_server_that_gave_up_on_a_read(self):
        for status in (502, 504):
            self.assertIs(errors.Unreachable, type(self._ask(status)))

    def test_front_server_that_gave_up_on_a_write(self):
        for status in (502, 504):
            error = self._write(status)
            self.assertIs(errors.OutcomeUnknown, type(error))
            self.assertEqual(600, error.settle_seconds)

    def test_front_server_without_connector(self):
        self.assertIs(errors.Unreachable, type(self._ask(503)))
        self.assertIs(errors.Unreachable, type(self._write(503)))

    def test_front_server_wants_a_password(self):
        self.assertIsInstance(self._ask(401), errors.Unauthorized)

    def test_other_statuses(self):
        error = self._write(500)
        self.assertIs(errors.ConnectorError, type(error))
        self.assertIn('HTTP 500', str(error))


class NoAnswerTest(conversation.TestCase):

    def test_read(self):
        self.http.get(conversation.URL + '/host',
                      exc=requests.exceptions.ReadTimeout)
        error = self.assertRaises(errors.Unreachable,
                                  self.connector.host.info)
        self.assertTrue(error.sent)
        self.assertIn('did not answer within 120 seconds', str(error))

    def test_write(self):
        self.http.post(conversation.URL + '/guests',
                       exc=requests.exceptions.ReadTimeout)
        error = self.assertRaises(errors.OutcomeUnknown,
                                  self.connector.guests.create, 'G1', 1, 1,
                                  [])
        self.assertEqual(600, error.settle_seconds)
        self.assertIn('the request may still take effect', str(error))

    def test_reading_action(self):
        self.http.post(conversation.URL + '/guests/G1/action',
                       exc=requests.exceptions.ReadTimeout)
        self.assertRaises(errors.Unreachable,
                          self.connector.guests.console_output, 'G1')

    def test_connection_that_breaks(self):
        self.http.delete(conversation.URL + '/guests/G1',
                         exc=requests.exceptions.ConnectionError)
        self.assertRaises(errors.OutcomeUnknown,
                          self.connector.guests.delete, 'G1')

    def test_tls_that_ends_before_the_answer(self):
        for end in (ssl.SSLEOFError(8, 'EOF'), ssl.SSLZeroReturnError(6, '')):
            self.http.delete(conversation.URL + '/guests/G1',
                             exc=requests.exceptions.SSLError(end))
            self.assertRaises(errors.OutcomeUnknown,
                              self.connector.guests.delete, 'G1')

    def test_tls_failure_is_told_by_its_cause(self):
        cause = ssl.SSLCertVerificationError('self-signed certificate')
        self.http.get(conversation.URL + '/guests',
                      exc=requests.exceptions.SSLError(
                          urllib3_errors.MaxRetryError(None, '/', cause)))
        error = self.assertRaises(errors.TlsError,
                                  self.connector.guests.list)
        self.assertThat(str(error), matchers.StartsWith(
            'No TLS connection can be made: ' + str(cause)))

    def test_whose_certificates_are_trusted(self):
        """Those of the system; there is no request without any check."""
        sent = self.answer('GET', '/guests', conversation.envelope([]))
        for cafile, capath, trusted in (
                ('/ca.pem', '/certs', '/ca.pem'), ('/ca.pem', None, '/ca.pem'),
                (None, '/certs', '/certs'), (None, None, True)):
            with fixtures.MonkeyPatch(
                    'ssl.get_default_verify_paths',
                    lambda: types.SimpleNamespace(cafile=cafile,
                                                  capath=capath)):
                connector = self.connect()
            connector.guests.list()
            self.assertEqual(trusted, sent.last_request.verify)

    def test_url_that_requests_refuses(self):
        self.http.get(conversation.URL + '/guests',
                      exc=requests.exceptions.InvalidURL('no host'))
        self.assertRaises(errors.NotConnected, self.connector.guests.list)

    def test_how_long_is_waited(self):
        """In seconds to connect, and to read."""
        sent = self.answer('GET', '/guests', conversation.envelope([]))
        self.connector.guests.list()
        self.assertEqual((10, 60), sent.last_request.timeout)
        sent = self.answer('POST', '/guests', conversation.envelope([]))
        self.connector.guests.create('G1', 1, 1, [])
        self.assertEqual((10, 600), sent.last_request.timeout)

    def test_how_long_the_connector_may_take_to_read_a_file(self):
        """What cannot be sent again is sent under the connect timeout."""
        self.answer('GET', '/', conversation.envelope(
            {'version': '1.6.3', 'api_version': '1.0'}))
        sent = self.answer('PUT', '/files', conversation.failure(300, 300, 1))
        for stream, connect in ((io.BytesIO(b'x'), 10),
                                (mock.Mock(read=[b'x', b''].pop), 300)):
            self.assertRaises(errors.ConnectorError,
                              self.connector.files.upload, stream, 1)
            self.assertEqual((connect, 300), sent.last_request.timeout)

    def test_settle_time_scales(self):
        connector = self.connect(timeout_scale=2)
        self.assertEqual(1200, connector.settle_seconds('guests.create'))

    def test_an_operation_that_is_misspelt_has_no_settle_time(self):
        for connector in (self.connect(), fakes.FakeConnector()):
            self.assertRaises(KeyError, connector.settle_seconds,
                              'guest.create')

    def test_settle_time_has_what_the_connector_was_told_to_wait(self):
        self.http.post(conversation.URL + '/guests/G1/action',
                       exc=requests.exceptions.ReadTimeout)
        for call, seconds in (
                (lambda: self.connector.guests.start('G1', 500), 800),
                (lambda: self.connector.guests.start('G1'), 300),
                (lambda: self.connector.guests.soft_stop('G1', 400), 535),
                (lambda: self.connector.guests.soft_stop('G1'), 255),
                # A shutdown, a disk read, and a start.
                (lambda: self.connector.disks.capture('G1', 'x'), 2455)):
            error = self.assertRaises(errors.OutcomeUnknown, call)
            self.assertEqual(seconds, error.settle_seconds)


class RequestSizeTest(conversation.TestCase):

    def _networks(self, count):
        return [models.GuestNetwork(
            '%04X' % (0x1000 + 3 * number), 'p' * 36, '02:00:00:00:00:01',
            '192.0.2.5', '192.0.2.0/24', '192.0.2.1', ['192.0.2.2'])
            for number in range(count)]

    def test_too_large_is_not_sent(self):
        error = self.assertRaises(
            errors.RequestTooLarge, self.connector.nics.create_interface,
            'G1', 'rhel8.6', self._networks(20))
        self.assertFalse(error.sent)
        self.assertEqual([], self.http.request_history)

    def test_the_largest_is_sent(self):
        sent = self.answer('POST', '/guests/G1/action',
                           conversation.envelope())
        self.connector.disks.deploy('G1', '')
        room = op.BODY_LIMIT - len(sent.last_request.body)
        self.connector.disks.deploy('G1', 'i' * room)
        self.assertEqual(op.BODY_LIMIT, len(sent.last_request.body))
        self.assertRaises(errors.RequestTooLarge,
                          self.connector.disks.deploy, 'G1',
                          'i' * (room + 1))

    def test_many_nics_are_sent(self):
        self.answer('POST', '/guests/G1/interface', conversation.envelope())
        self.connector.nics.create_interface('G1', 'rhel8.6',
                                             self._networks(15))
        self.assertEqual(1, len(self.http.request_history))

    def test_whether_nics_fit_is_known_before(self):
        for count, fits in ((15, True), (20, False)):
            self.assertEqual(fits, self.connector.nics.takes_interface(
                'rhel8.6', self._networks(count)))
        self.assertEqual([], self.http.request_history)

    def test_many_disks_take_several_requests(self):
        self.answer('PUT', '/guests/G1/disks', conversation.envelope())
        disks = [models.DiskMount('%04X' % (0x100 + number), 'ext4',
                                  '/mnt/ephemeral%d' % number)
                 for number in range(120)]
        self.connector.disks.configure('G1', disks)
        bodies = [request.json() for request in self.http.request_history]
        self.assertEqual(
            [disk.body() for disk in disks],
            [disk for body in bodies
             for disk in body['disk_info']['disk_list']])
        self.assertEqual(3, len(bodies))

    def test_characters_are_counted_as_the_connector_writes_them(self):
        # It writes six bytes for what is one or two here.
        self.assertRaises(errors.RequestTooLarge,
                          self.connector.guests.register, 'G1', 'ä' * 700)

    def test_the_largest_request_fits_into_one_read(self):
        """The envelope of the connector's socket client around the body."""
        deploy = {'action': 'deploy', 'image': ''}
        deploy['image'] = 'i' * (op.BODY_LIMIT - len(op.encoded(deploy)))
        self.assertEqual(op.BODY_LIMIT, len(op.encoded(deploy)))
        wire = json.dumps(('guest_deploy', ('USERID88', deploy['image']), {
            'transportfiles': None, 'remotehost': None, 'vdev': None,
            'hostname': None, 'skipdiskcopy': False}))
        self.assertTrue(len(wire) <= 4096)


class UrlTest(unittest.TestCase):

    def _connect(self, url):
        return conversation.client.Connector(url)

    def test_good(self):
        for url, asked in (
                ('http://h', 'http://h/guests'),
                ('https://h/', 'https://h/guests'),
                ('http://h:8080', 'http://h:8080/guests'),
                ('https://h/zvm/', 'https://h/zvm/guests'),
                ('http://[2001:db8::1]:8080/x',
                 'http://[2001:db8::1]:8080/x/guests'),
                ('https://[2001:db8::1]', 'https://[2001:db8::1]/guests'),
                ('http://192.0.2.1:1', 'http://192.0.2.1:1/guests')):
            with self.subTest(url), requests_mock.Mocker() as http:
                http.get(requests_mock.ANY, json=conversation.envelope([]))
                self._connect(url).guests.list()
                self.assertEqual([asked], [request.url for request in
                                           http.request_history])

    def test_bad(self):
        for url, words in (
                ('', 'does not start with http'),
                ('h:8080', 'does not start with http'),
                ('ftp://h', 'does not start with http'),
                ('http://', 'names no host'),
                ('http:///x', 'names no host'),
                ('http://h:0', 'port 0'),
                ('http://h:port', 'not valid'),
                ('http://h:99999', 'not valid'),
                ('http://[2001:db8::1', 'not valid'),
                ('http://h?x=1', 'a query'),
                ('http://h/?', 'a query'),
                ('http://h#x', 'a fragment'),
                ('http://h o', 'a space'),
                ('http://h/\n', 'a space or a control')):
            with self.subTest(url):
                with self.assertRaises(errors.InvalidUrl) as caught:
                    self._connect(url)
                self.assertIn(words, str(caught.exception))
                self.assertIsInstance(caught.exception, ValueError)

    def test_a_password_is_refused_and_not_repeated(self):
        for url in ('http://user:secret@h', 'http://secret@h:80/'):
            with self.assertRaises(errors.InvalidUrl) as caught:
                self._connect(url)
            self.assertNotIn('secret', str(caught.exception))
