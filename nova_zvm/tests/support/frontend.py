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

"""nginx in front of a connector, configured as we tell operators to do it."""

import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess

import fixtures

from nova_zvm.tests.support import installation

CONFIGURATION = installation.ROOT / 'etc' / 'nginx/nova-zvm-connector.conf'
HOST = '127.0.0.1'
# What a distribution has around the files of conf.d. Files for bodies would be
# in "temporary".
MAIN = """
daemon off;
pid nginx.pid;
events {}
http {
    client_body_temp_path temporary/body;
    proxy_temp_path temporary/proxy;
    fastcgi_temp_path temporary/fastcgi;
    scgi_temp_path temporary/scgi;
    uwsgi_temp_path temporary/uwsgi;
    include conf.d/*.conf;
}
"""
# It ends when its standard input does: with this process, however that ends.
_KEEPER = '"$0" "$@" & cat; kill $!; wait'
_SECONDS = {'s': 1, 'm': 60, 'h': 3600}
# Real seconds; only a test that fails waits so long.
PATIENCE = 150


class FrontEnd(fixtures.Fixture):
    """The shipped configuration on loopback, with files of its own.

    :ivar url: where it serves
    """

    def __init__(self, upstream, ca_file, certificate, key):
        """Prepare.

        :param upstream: the connector's REST interface
        :param ca_file: of the CA that has issued the certificate for HOST
        """
        super().__init__()
        self._upstream = upstream
        self._ca_file = ca_file
        self._certificate = certificate
        self._key = key

    def _setUp(self):
        self._directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self._temporary = self._directory / 'temporary'
        self.access_log = self._directory / 'access.log'
        self.error_log = self._directory / 'error.log'
        # nginx takes over sockets that listen from an earlier one, by their
        # addresses; so it can have a port of the kernel's choice, and clients
        # have not to wait for its start.
        with socket.create_server((HOST, 0)) as listener:
            listener.setblocking(False)
            self.port = listener.getsockname()[1]
            self.url = 'https://%s:%d/' % (HOST, self.port)
            self._write()
            self._in_force = self._run('-T')
            self._start(listener)
        self._forbid_temporary_files()

    def values(self, directive):
        """Return the values that a directive has in force."""
        return re.findall(r'^\s*%s\s+([^;]+);' % directive, self._in_force,
                          re.MULTILINE)

    def seconds(self, directive):
        [value] = self.values(directive)
        return int(value[:-1]) * _SECONDS[value[-1]]

    def requests(self):
        """Return method and path of all that it has served.

        A line is written after its answer. Its one worker does one thing
        after the other, so it has written when it shakes hands.
        """
        self._shake_hands()
        return re.findall(r'"([A-Z]+ \S+) HTTP/', self.access_log.read_text())

    def _write(self):
        self._temporary.mkdir()
        (self._directory / 'nginx.conf').write_text(MAIN)
        folder = self._directory / 'conf.d'
        folder.mkdir()
        (folder / CONFIGURATION.name).write_text(self._adapted(
            CONFIGURATION.read_text()))

    def _adapted(self, text):
        """Return the configuration for this place; all else stays."""
        for old, new in (
                ('listen 443 ssl;', 'listen %s:%d ssl;' % (HOST, self.port)),
                ('/etc/nginx/nova-zvm-connector.pem', self._certificate),
                ('/etc/nginx/nova-zvm-connector.key', self._key),
                ('allow 192.0.2.11;', 'allow %s;' % HOST),
                ('/var/log/nginx/nova-zvm-connector-access.log',
                 str(self.access_log)),
                ('/var/log/nginx/nova-zvm-connector-error.log',
                 str(self.error_log)),
                ('proxy_pass http://127.0.0.1:8080;',
                 'proxy_pass %s;' % self._upstream)):
            if text.count(old) != 1:
                raise ValueError('%s has %d times %s' % (
                    CONFIGURATION, text.count(old), old))
            text = text.replace(old, new)
        return text

    def _command(self, *options):
        program = shutil.which('nginx', path=os.pathsep.join(
            [os.environ['PATH'], '/usr/sbin']))
        if program is None:
            raise FileNotFoundError('nginx is not there: see bindep.txt')
        return [program, '-p', self._directory, '-c', 'nginx.conf', '-e',
                self._directory / 'start.log', *options]

    def _run(self, *options):
        done = subprocess.run(self._command(*options), capture_output=True,
                              text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def _start(self, listener):
        process = subprocess.Popen(
            ['sh', '-c', _KEEPER, *self._command()], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()], start_new_session=True,
            env=dict(os.environ, NGINX='%d;' % listener.fileno()))
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.stdin.close)

    def _forbid_temporary_files(self):
        """Let none be made, not even by root; nginx then answers 500.

        Who shakes hands has started, and so has made the directories.
        """
        self._shake_hands()
        shutil.rmtree(self._temporary)
        self._temporary.touch()

    def _shake_hands(self):
        context = ssl.create_default_context(cafile=self._ca_file)
        # As Python does by default since 3.13.
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with socket.create_connection((HOST, self.port), PATIENCE) as plain:
            context.wrap_socket(plain, server_hostname=HOST).close()
