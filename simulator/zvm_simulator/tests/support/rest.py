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

"""The connector's REST interface by plain HTTP requests.

So that the simulated z/VM is tested apart from the client of the driver.
"""

import pathlib
from typing import Any

import requests


class Rest:
    """Requests with a token to one connector."""

    def __init__(self, url: str, token_file: str) -> None:
        self._url = url
        self._token_file = pathlib.Path(token_file)
        self._token = ''

    def call(self, method: str, path: str, body: Any = None,
             **options: Any) -> tuple[int, Any]:
        """Return the status and, as data, what came with it."""
        answer = self.send(method, path, body, **options)
        return answer.status_code, answer.json()

    def send(self, method: str, path: str, body: Any = None,
             **options: Any) -> requests.Response:
        """Send a request and return the answer as it came."""
        if not self._token:
            self._token = requests.post(self._url + '/token', headers={
                'X-Admin-Token': self._token_file.read_text()
            }).headers['X-Auth-Token']
        headers = {'X-Auth-Token': self._token, **options.pop('headers', {})}
        return requests.request(method, self._url + path, json=body,
                                headers=headers, **options)

    def output(self, method: str, path: str, body: Any = None,
               **options: Any) -> Any:
        """Return the output of a request that must succeed."""
        status, answer = self.call(method, path, body, **options)
        if status != 200 or answer['overallRC']:
            raise AssertionError(f'{method} {path}: {status} {answer}')
        return answer['output']

    def action(self, userid: str, action: str, **fields: Any) -> Any:
        return self.output('POST', f'/guests/{userid}/action',
                           {'action': action, **fields})

    def upload(self, content: bytes) -> dict[str, Any]:
        """Store a file in the connector's file repository."""
        return self.output(
            'PUT', '/files', data=content,
            headers={'Content-Type': 'application/octet-stream'})

    def create(self, userid: str, pool: str) -> tuple[int, Any]:
        """Create a guest with a root disk of 3 GB."""
        return self.call('POST', '/guests', {'guest': {
            'userid': userid, 'vcpus': 2, 'memory': 2048, 'max_cpu': 4,
            'max_mem': '8G', 'disk_list': [
                {'size': '3g', 'is_boot_disk': True, 'disk_pool': pool}]}})


def disk_image(cylinders: int, payload: bytes = b'\0' * 4096) -> bytes:
    """Return an image of a 3390 disk with the header that the connector
    expects (smtclient._get_disk_size_units, 1.6.3).
    """
    header = f'xCAT CKD Disk Image:{cylinders:12} CYL HLen: 0055 GZIP: 0'
    return header.encode().ljust(512) + payload
