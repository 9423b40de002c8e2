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

"""The directory of a sandbox; nothing is written anywhere else."""

import fcntl
import os
import pathlib
import re
import shutil
import tempfile

LOCK = 'sandbox.lock'
# A Unix socket's path has at most 107 bytes, and the connector's lies some
# folders below; the connector puts paths into shell commands unquoted.
USABLE = re.compile(r'[\w./+-]{1,70}', re.ASCII)


class WorkspaceError(Exception):
    """The directory cannot be used, with the reason and the remedy."""


class Workspace:
    """A directory that one sandbox at a time works in.

    What an earlier one has left there is removed; a directory with anything
    else in it is refused. In place of a path that the connector cannot work
    with a temporary directory is made.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path).absolute()
        if not USABLE.fullmatch(str(self.path)):
            self.path = pathlib.Path(
                tempfile.mkdtemp(prefix='nova-zvm-sandbox-'))
        self.zvm = self.path / 'zvm'
        self.nova = self.path / 'nova'
        self.nova_log = self.path / 'nova.log'
        self.temporary = self.path / 'tmp'
        try:
            self._take()
            self._remove_old()
            for folder in (self.nova, self.temporary):
                folder.mkdir(mode=0o700)
        except OSError as error:
            raise WorkspaceError(
                f'{error.filename} cannot be used ({error.strerror}): name a '
                f'directory that you can write to with --dir.') from None

    def use_for_temporary_files(self):
        """Have this process and its children make theirs here."""
        os.environ['TMPDIR'] = str(self.temporary)
        tempfile.tempdir = str(self.temporary)

    def close(self):
        """Remove what only a running sandbox needs; the logs stay."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        os.close(self._lock)

    def _take(self):
        lock = self.path / LOCK
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not lock.exists() and any(self.path.iterdir()):
            raise WorkspaceError(
                f'{self.path} is not empty and not of a sandbox: name '
                f'another directory with --dir.')
        self._lock = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise WorkspaceError(
                f'Another sandbox runs in {self.path}: end it or name '
                f'another directory with --dir.') from None

    def _remove_old(self):
        for entry in self.path.iterdir():
            if entry.name == LOCK:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
