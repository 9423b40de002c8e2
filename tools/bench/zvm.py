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

"""A simulated z/VM in a process of its own."""

import json
import pathlib
import subprocess
import sys
import urllib.request

from nova_zvm.connector import client


class ZVM:
    """A simulated system with the real connector on it."""

    def __init__(self, directory, speed, *options):
        """Prepare.

        :param speed: simulated seconds in a real one
        :param options: more options of zvm-simulator run
        """
        self._directory = directory
        self._speed = speed
        self._more = options
        self._process = None
        self._facts = None

    def start(self):
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'zvm_simulator', 'run',
             '--dir', str(self._directory), '--speed', str(self._speed),
             *self._more],
            stdout=subprocess.PIPE, text=True)
        word, _, facts = self._process.stdout.readline().partition(' ')
        if word != 'READY':
            raise RuntimeError('The simulated z/VM does not start.')
        self._facts = json.loads(facts)

    def stop(self):
        if self._process:
            self._process.terminate()
            self._process.wait()

    def options(self):
        """Return what the driver has to be told, as options of [zvm]."""
        member = self._member()
        return {
            'cloud_connector_url': member['rest_url'],
            'token_file': member['token_file'],
            'image_repository': member['image_repository'],
            # The directory manager is polled, and time runs faster here.
            'timeout_scale': min(1.0, 2 / self._speed),
        }

    @property
    def pid(self):
        """The process of the simulated system."""
        return self._facts['pid']

    @property
    def channel(self):
        """The socket on which the first member takes commands."""
        return self._member()['channel']

    @property
    def url(self):
        """The first member's connector."""
        return self._member()['rest_url']

    def token(self):
        """Return a token for requests to the connector."""
        admin = pathlib.Path(self._member()['token_file']).read_text()
        request = urllib.request.Request(
            self.url + '/token', method='POST', data=b'',
            headers={'X-Admin-Token': admin.strip()})
        with urllib.request.urlopen(request) as answer:
            return answer.headers['X-Auth-Token']

    def upload_sizes(self):
        """Return the sizes of what the connector keeps of uploads."""
        repository = pathlib.Path(self._member()['file_repository'])
        return [path.stat().st_size for path in repository.rglob('*')
                if path.is_file()]

    def connector(self):
        member = self._member()
        return client.Connector(member['rest_url'],
                                token_file=member['token_file'])

    def log(self, since):
        """Return the records of requests and commands since a number."""
        return self._control('GET', '/log?since=%d' % since)

    def linux_state(self, userid):
        """Return the state of a guest's Linux, None if it is logged off."""
        guest = self._control('GET', '/state')['guests'].get(userid)
        return guest and guest['linux']['state']

    def take_time(self, profile):
        """Have commands take the time of a latency profile."""
        self._control('PUT', '/latency', {'profile': profile})

    def _member(self):
        return next(iter(self._facts['members'].values()))

    def _control(self, method, path, body=None):
        request = urllib.request.Request(
            self._facts['control_url'] + path, method=method,
            data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
