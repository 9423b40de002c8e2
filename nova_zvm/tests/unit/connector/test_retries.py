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

"""What is tried again, and what is not."""

import requests
from urllib3 import exceptions as urllib3_errors

from nova_zvm.connector import errors
from nova_zvm.tests.support import conversation

REFUSED = requests.exceptions.ConnectionError(
    urllib3_errors.MaxRetryError(None, '/', urllib3_errors.NewConnectionError(
        None, 'Connection refused')))
BUSY = conversation.failure(503, 503, 1)


class RetryTest(conversation.TestCase):

    def _power_state(self):
        return self.connector.guests.power_state('G1')

    def _delete(self):
        return self.connector.guests.delete('G1')

    def _answers(self, *answers):
        self.answer('GET', '/guests/G1/power_state_real', *answers)
        self.answer('DELETE', '/guests/G1', *answers)

    def _check(self, call, tries, error=None):
        if error is None:
            call()
        else:
            self.assertRaises(error, call)
        self.assertEqual(tries, len(self.http.request_history))
        self.assertEqual([0.5, 1.0][:tries - 1], self.pauses)

    def test_read_that_cannot_connect(self):
        self._answers({'exc': REFUSED}, {'exc': REFUSED},
                      conversation.envelope('on'))
        self._check(self._power_state, 3)

    def test_write_that_cannot_connect(self):
        self._answers({'exc': REFUSED}, {'exc': REFUSED},
                      conversation.envelope())
        self._check(self._delete, 3)

    def test_connect_timeout(self):
        self._answers({'exc': requests.exceptions.ConnectTimeout},
                      conversation.envelope())
        self._check(self._delete, 2)

    def test_three_tries_are_all(self):
        self._answers({'exc': REFUSED})
        self._check(self._delete, 3, errors.NotConnected)

    def test_not_connected_is_unreachable_and_not_sent(self):
        self._answers({'exc': REFUSED})
        error = self.assertRaises(errors.Unreachable, self._delete)
        self.assertFalse(error.sent)

    def test_read_while_busy(self):
        self._answers(BUSY, conversation.envelope('on'))
        self._check(self._power_state, 2)

    def test_read_that_stays_busy(self):
        self._answers(BUSY)
        self._check(self._power_state, 3, errors.Busy)

    def test_write_while_busy(self):
        self._answers(BUSY)
        self._check(self._delete, 1, errors.Busy)

    def test_read_without_answer(self):
        self._answers({'exc': requests.exceptions.ReadTimeout},
                      conversation.envelope('off'))
        self._check(self._power_state, 2)

    def test_write_without_answer(self):
        self._answers({'exc': requests.exceptions.ReadTimeout})
        self._check(self._delete, 1, errors.OutcomeUnknown)

    def test_read_that_breaks(self):
        self._answers({'exc': requests.exceptions.ChunkedEncodingError},
                      conversation.envelope('off'))
        self._check(self._power_state, 2)

    def test_refusals_are_final(self):
        for codes in ((400, 400, 400), (404, 404, 1), (409, 409, 1),
                      (501, 501, 1), (300, 300, 5), (101, 101, 2)):
            self.http.reset_mock()
            self._answers(conversation.failure(*codes))
            self._check(self._power_state, 1, errors.ConnectorError)

    def test_tls_failure_is_final(self):
        self._answers({'exc': requests.exceptions.SSLError('bad')})
        self._check(self._power_state, 1, errors.TlsError)


class AbsenceTest(conversation.TestCase):
    """What is remembered of a connector that was not there."""

    HOUR = 3600

    def _list(self):
        return self.connector.guests.list()

    def test_unknown_before_the_first_request(self):
        self.assertFalse(self.connector.found_absent(self.HOUR))

    def test_absent(self):
        self.answer('GET', '/guests', {'exc': REFUSED})
        self.assertRaises(errors.Unreachable, self._list)
        self.assertTrue(self.connector.found_absent(self.HOUR))
        self.assertFalse(self.connector.found_absent(0))

    def test_one_try_is_enough_while_absent(self):
        self.answer('GET', '/guests', {'exc': REFUSED})
        for tries in (3, 4, 5):
            self.assertRaises(errors.Unreachable, self._list)
            self.assertEqual(tries, len(self.http.request_history))

    def test_an_answer_of_any_kind_ends_it(self):
        self.answer('GET', '/guests', {'exc': REFUSED}, {'exc': REFUSED},
                    {'exc': REFUSED}, conversation.failure(404, 404, 1),
                    {'exc': REFUSED}, conversation.envelope([]))
        self.assertRaises(errors.Unreachable, self._list)
        self.assertRaises(errors.NotFound, self._list)
        self.assertFalse(self.connector.found_absent(self.HOUR))
        self.assertEqual([], self._list())

    def test_a_try_that_was_enough_is_no_absence(self):
        self.answer('GET', '/guests', {'exc': REFUSED},
                    conversation.envelope([]))
        self._list()
        self.assertFalse(self.connector.found_absent(self.HOUR))

    def test_one_lost_reply_is_no_absence(self):
        self.answer('DELETE', '/guests/G1',
                    {'exc': requests.exceptions.ReadTimeout})
        self.assertRaises(errors.OutcomeUnknown,
                          self.connector.guests.delete, 'G1')
        self.assertFalse(self.connector.found_absent(self.HOUR))


class ObserverTest(conversation.TestCase):

    def setUp(self):
        super().setUp()
        self.seen = []
        self.connector.on_request = lambda *seen: self.seen.append(seen)

    def test_every_request_is_seen(self):
        self.answer('GET', '/guests', {'exc': REFUSED},
                    conversation.envelope(['G1']))
        self.connector.guests.list()
        self.assertEqual(
            [('guests.list', 'GET', '/guests', 0)] * 2,
            [seen[:4] for seen in self.seen])
        self.assertEqual(
            [0, len(self.http.last_request._request.body or b'') +
             len('{"overallRC": 0, "rc": 0, "rs": 0, "modID": null, '
                 '"errmsg": "", "output": ["G1"]}')],
            [seen[4] for seen in self.seen])
        for seen in self.seen:
            self.assertTrue(0 <= seen[5] < 60, seen[5])

    def test_sent_bytes(self):
        self.answer('POST', '/guests/G1/action', conversation.envelope())
        self.connector.guests.stop('G1')
        self.assertEqual(len('{"action": "stop"}'), self.seen[0][3])
