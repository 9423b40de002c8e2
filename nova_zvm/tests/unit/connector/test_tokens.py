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

"""Who we say we are."""

import base64
import concurrent.futures
import json
import logging
import os

import fixtures
import testtools

from nova_zvm.connector import errors
from nova_zvm.tests.support import conversation

REFUSED = {'status_code': 401, 'json': {
    'overallRC': 400, 'rc': 400, 'rs': 401, 'modID': 120, 'output': '',
    'errmsg': 'This server could not verify that you are authorized'}}


def token(value):
    return {'headers': {'X-Auth-Token': value}}


class TokenTest(conversation.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(
            fixtures.FakeLogger(level=logging.DEBUG))
        self.token_file = os.path.join(
            self.useFixture(fixtures.TempDir()).path, 'token.dat')
        self._write('admin-1\n')
        self.connector = self.connect(token_file=self.token_file)

    def _write(self, content):
        with open(self.token_file, 'w', encoding='utf-8') as token_file:
            token_file.write(content)

    def _tokens(self, *answers):
        return self.answer('POST', '/token', *answers)

    def test_a_token_is_fetched_once(self):
        tokens = self._tokens(token('t1'))
        guests = self.answer('GET', '/guests', conversation.envelope([]))
        for _i in range(3):
            self.connector.guests.list()
        self.assertEqual(1, tokens.call_count)
        self.assertEqual('admin-1',
                         tokens.last_request.headers['X-Admin-Token'])
        self.assertEqual((10, 60), tokens.last_request.timeout)
        self.assertEqual(['t1'] * 3, [
            request.headers['X-Auth-Token']
            for request in guests.request_history])

    def test_the_admin_token_goes_nowhere_else(self):
        self._tokens(token('t1'))
        guests = self.answer('GET', '/guests', conversation.envelope([]))
        self.connector.guests.list()
        self.assertNotIn('X-Admin-Token', guests.last_request.headers)

    def test_when_the_token_ends(self):
        self.answer('GET', '/guests', conversation.envelope([]))
        self.assertIsNone(self.connector.token_expiry())
        for claims, expiry in (({'exp': 1700003600}, 1700003600.0),
                               ({}, None), ([], None)):
            payload = base64.urlsafe_b64encode(
                json.dumps(claims).encode()).decode().rstrip('=')
            self._tokens(token('e30.%s.c2lnbmVk' % payload))
            connector = self.connect(token_file=self.token_file)
            connector.guests.list()
            self.assertEqual(expiry, connector.token_expiry(), claims)
        for value in ('opaque', 'a.b.c', 'a.\xe9.c'):
            self._tokens(token(value))
            connector = self.connect(token_file=self.token_file)
            connector.guests.list()
            self.assertIsNone(connector.token_expiry(), value)

    def test_no_file_no_token(self):
        guests = self.answer('GET', '/guests', conversation.envelope([]))
        self.connect().guests.list()
        self.assertNotIn('X-Auth-Token', guests.last_request.headers)

    def test_a_refused_token_is_renewed_and_the_request_sent_again(self):
        tokens = self._tokens(token('t1'), token('t2'))
        deletes = self.answer('DELETE', '/guests/G1', REFUSED,
                              conversation.envelope())
        self.connector.guests.delete('G1')
        self.assertEqual(2, tokens.call_count)
        self.assertEqual(['t1', 't2'], [
            request.headers['X-Auth-Token']
            for request in deletes.request_history])

    def test_the_file_is_read_again(self):
        tokens = self._tokens(token('t1'), token('t2'))
        self.answer('GET', '/guests', conversation.envelope([]), REFUSED,
                    conversation.envelope([]))
        self.connector.guests.list()
        self._write('admin-2')
        self.connector.guests.list()
        self.assertEqual('admin-2',
                         tokens.last_request.headers['X-Admin-Token'])

    def test_a_token_that_is_new_and_refused(self):
        tokens = self._tokens(token('t1'), token('t2'))
        guests = self.answer('GET', '/guests', REFUSED)
        self.assertRaises(errors.Unauthorized, self.connector.guests.list)
        self.assertEqual((2, 2), (tokens.call_count, guests.call_count))

    def test_a_refused_admin_token(self):
        self._tokens(REFUSED)
        error = self.assertRaises(errors.Unauthorized,
                                  self.connector.guests.list)
        self.assertIn('POST /token', str(error))
        self.assertIn('refuses the admin token in token file %s'
                      % self.token_file, str(error))
        self.assertEqual(1, len(self.http.request_history))

    def test_connector_wants_a_token_and_there_is_none(self):
        self.answer('GET', '/guests', REFUSED)
        error = self.assertRaises(errors.Unauthorized,
                                  self.connect().guests.list)
        self.assertIn('no token file is configured', str(error))
        self.assertEqual(401, error.status)

    def test_without_the_token_nothing_else_is_sent(self):
        for answer in ({'status_code': 200},
                       {'status_code': 500, **token('t1')}):
            self._tokens(answer)
            guests = self.answer('GET', '/guests', conversation.envelope([]))
            self.assertRaises(errors.ConnectorError,
                              self.connector.guests.list)
            self.assertEqual(0, guests.call_count)

    def test_connector_that_cannot_make_tokens(self):
        # 1.6.3 with PyJWT 2.
        self._tokens({'status_code': 500, 'text': 'AttributeError'})
        error = self.assertRaises(errors.ConnectorError,
                                  self.connector.guests.list)
        self.assertIn('POST /token', str(error))

    def test_missing_file(self):
        os.unlink(self.token_file)
        error = self.assertRaises(errors.Unauthorized,
                                  self.connector.guests.list)
        self.assertIn('Token file %s cannot be read: No such file'
                      % self.token_file, str(error))
        self.assertEqual([], self.http.request_history)

    def test_file_without_a_token(self):
        for content in ('', ' \n', 'two words', 'two\nlines', 'schlüssel',
                        'bell\a'):
            self._write(content)
            error = self.assertRaises(errors.Unauthorized,
                                      self.connector.guests.list)
            self.assertIn('does not hold a token', str(error))
            if content.strip():
                self.assertNotIn(content.strip(), str(error))

    def test_a_file_that_comes_later_is_used(self):
        os.unlink(self.token_file)
        self.assertRaises(errors.Unauthorized, self.connector.guests.list)
        self._write('admin-1')
        self._tokens(token('t1'))
        self.answer('GET', '/guests', conversation.envelope([]))
        self.assertEqual([], self.connector.guests.list())

    def test_threads_share_one_renewal(self):
        tokens = self._tokens(token('t1'), token('t2'))

        def answer(request, context):
            if request.headers['X-Auth-Token'] == 't1':
                context.status_code = 401
                return REFUSED['json']
            return conversation.envelope([])

        self.http.get(conversation.URL + '/guests', json=answer)
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            calls = [threads.submit(self.connector.guests.list)
                     for _i in range(32)]
            for call in calls:
                self.assertEqual([], call.result())
        self.assertEqual(2, tokens.call_count)

    def test_log_has_a_line_a_call_and_no_secret(self):
        self._tokens(token('secret-t1'))
        self.answer('POST', '/guests', REFUSED, conversation.envelope([]))
        self.connector.guests.create('G1', 1, 4711, [])
        lines = [line for line in self.log.output.splitlines()
                 if 'overallRC' in line]
        self.assertEqual(4, len(lines))
        self.assertThat(lines[-1], testtools.matchers.MatchesRegex(
            r'.*POST /guests: HTTP 200, overallRC 0, \d+ ms$'))
        for secret in ('admin-1', 'secret-t1', '4711'):
            self.assertNotIn(secret, self.log.output)
