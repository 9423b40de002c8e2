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

"""The curl command as the measure of what a connector can take and give.

The token goes in over standard input: the arguments of a command can be
read by everybody on its host.
"""

import json
import os
import pathlib
import subprocess
import urllib.parse

NAME = 'curl'


class Curl:
    """Transfers of a file without content, a hole, which costs no disk."""

    def __init__(self, zvm, folder, size):
        self._zvm = zvm
        self._size = size
        self._source = pathlib.Path(folder) / 'hole'
        self._source.touch()
        os.truncate(self._source, size)

    def upload(self):
        """Return the bytes per second; nothing stays on the connector."""
        answer, rate = self._transfer(
            'header = "Content-Type: application/octet-stream"',
            # As the driver does, it does not wait for a go-ahead.
            'header = "Expect:"',
            'upload-file = %s' % json.dumps(str(self._source)))
        stored = json.loads(answer)['output']
        pathlib.Path(urllib.parse.urlsplit(stored['dest_url']).path).unlink()
        self._check(stored['filesize_in_bytes'])
        return rate

    def download(self):
        """Return the bytes per second."""
        body = json.dumps({'source_file': str(self._source)})
        size, rate = self._transfer(
            'data = %s' % json.dumps(body),
            'header = "Content-Type: application/json"',
            'output = "/dev/null"', write_out='%{size_download} ')
        self._check(int(size))
        return rate

    def _transfer(self, *lines, write_out=' '):
        """Return what it prints and the bytes per second."""
        config = '\n'.join([
            'url = "%s/files"' % self._zvm.url,
            'header = "X-Auth-Token: %s"' % self._zvm.token(),
            'write-out = "%s%%{time_total}"' % write_out, *lines])
        # --disable: no .curlrc has a say.
        done = subprocess.run(
            [NAME, '--disable', '--silent', '--show-error', '--fail',
             '--noproxy', '*', '--config', '-'],
            input=config, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        printed, _, seconds = done.stdout.rpartition(' ')
        return printed, self._size / float(seconds)

    def _check(self, size):
        if size != self._size:
            raise RuntimeError('curl moved %d bytes, not %d' % (
                size, self._size))
