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

"""One real z/VM Cloud Connector: its files, its process, its life.

Everything that it writes is under one directory. It runs in an interpreter
of its own, since zVMCloudConnector needs an older PyJWT than OpenStack does.
"""

from collections.abc import Mapping
import configparser
import io
import json
import os
import pathlib
import secrets
import shutil
import sqlite3
import threading
from typing import Any

from zvm_simulator.connector import child
from zvm_simulator.connector import sudo
from zvm_simulator.ground import addresses
from zvm_simulator.ground import wholefile

START_SECONDS = 60.0
STOP_SECONDS = 5.0
LAUNCHER = pathlib.Path(__file__).with_name('launcher.py')
_DATABASES = ('sdk_network.sqlite', 'sdk_guest.sqlite', 'sdk_image.sqlite',
              'sdk_fcp.sqlite')


class ConnectorError(Exception):
    """The connector does not start, or not as it should."""


class Connector:
    """The connector of one member of the simulated system."""

    def __init__(self, member: str, directory: pathlib.Path, python: str,
                 rest: tuple[str, int], sdk_port: int,
                 options: Mapping[str, Mapping[str, Any]],
                 source: pathlib.Path | None = None,
                 real_processes: bool = False) -> None:
        """Write the configuration; start() runs it.

        rest is the address of its REST interface, host and port; the other
        one, sdk_port, is of loopback, since it asks for no token; options
        are sections of zvmsdk.conf; source is a checkout to run
        instead of the installed package; with real_processes each command
        is a process of a stand-in for sudo.
        """
        self.member = member
        self.directory = directory
        self.rest_url = addresses.url(*rest)
        self._rest = rest
        self.sdk_port = sdk_port
        self.config_file = directory / 'zvmsdk.conf'
        self.token_file = directory / 'token.dat'
        self.channel = directory / 'channel.sock'
        self.databases = directory / 'databases'
        self.image_repository = directory / 'images'
        self.file_repository = directory / 'files'
        self.log_file = directory / 'log' / 'zvmsdk.log'
        self._data = directory / 'data'
        self._temporary = directory / 'tmp'
        self._programs = directory / 'bin' if real_processes else None
        self._python = python
        self._source = source
        self._lock = threading.RLock()
        self._child: child.Child | None = None
        self._serving: child.Child | None = None
        self._make_directories()
        self._write_config(options)
        self._write_token()
        self._write_programs()

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child else None

    @property
    def serves(self) -> bool:
        """Whether it has come up, and still runs."""
        return self.pid is not None and self._child is self._serving

    def start(self) -> None:
        """Start it and return when it serves; no-op while it runs."""
        with self._lock:
            if self.pid is not None:
                return
            if self._child:
                self._child.close()
            self._child = self._spawn()
            if self._child.read_line(START_SECONDS) != 'ready':
                self._child.kill()
                raise ConnectorError(
                    f'The connector of {self.member} does not start: '
                    f'{self._child.last_words()}')
            self._serving = self._child
        self._keep_initial_databases()

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        if self._child:
            self._child.kill()

    def stop(self) -> None:
        """End it in order."""
        with self._lock:
            if self._child:
                self._child.stop(STOP_SECONDS)

    def restart(self) -> None:
        """Kill it and start it again."""
        with self._lock:
            self.kill()
            self.start()

    def wait_idle(self, seconds: float) -> bool:
        """Wait until it works on no request; False if it still does."""
        return self._ask('idle', seconds)

    def quiesce(self, seconds: float) -> None:
        """Make it forget; one that is still at work then is killed."""
        if not self._ask('forget', seconds):
            self.kill()

    def restore(self) -> None:
        """Bring databases and repositories back to the first start."""
        for name in _DATABASES:
            _copy_database(self._initial() / name, self.databases / name)
        for folder in (self.image_repository, self.file_repository,
                       self._data, self._temporary):
            _empty(folder)
        self.start()

    def describe(self) -> dict[str, Any]:
        """Return what a user of it must know, as JSON data."""
        return {
            'rest_url': self.rest_url,
            'sdk_port': self.sdk_port,
            'token_file': str(self.token_file),
            'config_file': str(self.config_file),
            'directory': str(self.directory),
            'data_directory': str(self._data),
            'databases': str(self.databases),
            'image_repository': str(self.image_repository),
            'file_repository': str(self.file_repository),
            'log_file': str(self.log_file),
            'channel': str(self.channel),
            'pid': self.pid,
        }

    def _make_directories(self) -> None:
        for folder in (self.directory, self.databases, self.image_repository,
                       self.file_repository, self.log_file.parent,
                       self._data, self._temporary):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _write_config(self, options: Mapping[str, Mapping[str, Any]]) -> None:
        config = configparser.ConfigParser(interpolation=None)
        config.read_dict({
            'database': {'dir': self.databases},
            'file': {'file_repository': self.file_repository},
            'image': {'sdk_image_repository': self.image_repository},
            'logging': {'log_dir': self.log_file.parent,
                        'log_level': 'logging.INFO'},
            'network': {'my_ip': '127.0.0.1'},
            # The threads of the REST server count against the workers here,
            # where both are in one process (sdkserver.py run).
            'sdkserver': {'bind_port': self.sdk_port,
                          'max_worker_count': 256},
            'wsgi': {'auth': 'token', 'token_path': self.token_file},
        })
        config.read_dict(options)
        text = io.StringIO()
        config.write(text)
        wholefile.write(self.config_file, text.getvalue())
        wholefile.write(self._settings_file(), json.dumps({
            'config': str(self.config_file), 'channel': str(self.channel),
            'data': str(self._data), 'temporary': str(self._temporary),
            'programs': str(self._programs or ''),
            'rest_host': self._rest[0], 'rest_port': str(self._rest[1])}))

    def _settings_file(self) -> pathlib.Path:
        return self.directory / 'launcher.json'

    def _write_token(self) -> None:
        if not self.token_file.exists():
            wholefile.write(self.token_file, secrets.token_urlsafe(31), 0o600)

    def _write_programs(self) -> None:
        if self._programs:
            self._programs.mkdir(mode=0o700, exist_ok=True)
            sudo.write(str(self._programs / 'sudo'), str(self.channel))
            # The one that the connector runs without sudo.
            sudo.write(str(self._programs / 'udevadm'), str(self.channel),
                       'udevadm')

    def _spawn(self) -> child.Child:
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith('PYTHON')}
        environment['TMPDIR'] = str(self._temporary)
        # The connector goes through sets (zvmsdk/smtclient.py delete_vm),
        # and the same requests are to lead to the same commands each time.
        environment['PYTHONHASHSEED'] = '0'
        if self._source:
            environment['PYTHONPATH'] = str(self._source)
        # -P: the launcher's own folder has nothing for the connector.
        return child.Child(
            [self._python, '-P', '-W', 'ignore', str(LAUNCHER),
             str(self._settings_file())], environment,
            self.log_file.with_name('output.log'))

    def _ask(self, verb: str, seconds: float) -> bool:
        with self._lock:
            if not self._child or not self._child.tell(f'{verb} {seconds}'):
                return True
            answer = self._child.read_line(seconds + STOP_SECONDS)
            return answer == 'idle' or self.pid is None

    def _initial(self) -> pathlib.Path:
        return self.directory / 'initial'

    def _keep_initial_databases(self) -> None:
        if self._initial().exists():
            return
        unfinished = self._initial().with_suffix('.new')
        unfinished.mkdir(mode=0o700, exist_ok=True)
        for name in _DATABASES:
            _copy_database(self.databases / name, unfinished / name)
        unfinished.rename(self._initial())


def _copy_database(source: pathlib.Path, target: pathlib.Path) -> None:
    """Replace the content of a database, also one that others have open."""
    if not source.exists():
        return
    old, new = sqlite3.connect(source), sqlite3.connect(target)
    try:
        old.backup(new)
    finally:
        old.close()
        new.close()


def _empty(folder: pathlib.Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
