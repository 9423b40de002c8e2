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

"""What the tests of the client speak: a client, and a connector's answers."""

import requests_mock
import testtools

from nova_zvm.connector import client

URL = 'https://zcc.example.com/zvm'


def envelope(output='', **members):
    """Return an answer as the connector words it, good unless told else."""
    body = {'overallRC': 0, 'rc': 0, 'rs': 0, 'modID': None, 'errmsg': '',
            'output': output}
    body.update(members)
    return body


def failure(overall_rc, rc, rs, mod_id=1, errmsg='It did not work.'):
    return envelope(overallRC=overall_rc, rc=rc, rs=rs, modID=mod_id,
                    errmsg=errmsg)


class TestCase(testtools.TestCase):
    """A test that states HTTP requests and their answers."""

    def setUp(self):
        super().setUp()
        self.http = requests_mock.Mocker()
        self.http.start()
        self.addCleanup(self.http.stop)
        self.pauses = []
        self.connector = self.connect()

    def connect(self, url=URL, **options):
        return client.Connector(url, sleep=self.pauses.append, **options)

    def answer(self, method, path, *answers, **options):
        """State what a request is answered: envelopes or requests_mock's."""
        answers = [
            answer if 'overallRC' not in answer else
            {'json': answer,
             'status_code': {0: 200, 404: 404, 409: 409, 400: 400, 503: 503,
                             501: 501}.get(answer['overallRC'], 500)}
            for answer in answers]
        return self.http.register_uri(method, URL + path, answers, **options)

    def sent(self):
        """Return method and path of each request so far."""
        prefix = len('/zvm')
        return [(request.method, request.path[prefix:])
                for request in self.http.request_history]
