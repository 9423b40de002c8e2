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

"""Config drives made by a program, where the operator has set mkisofs_cmd.

The program takes files and writes one, and they hold the admin password. So
they lie in a folder of their own, which is removed with all that is in it
when the program has ended, or at the next start if nova-compute was killed.
"""

import os
import shutil
import tempfile
from typing import Any

from nova import conf
from nova import exception as nova_exception

CONF = conf.CONF


def is_set() -> bool:
    """Return whether nova.conf has the option, even with its default."""
    return CONF.get_location('mkisofs_cmd').location.is_user_controlled


def image(builder: Any, tmp_path: str) -> bytes:
    """Return the ISO 9660 image of nova's builder, as bytes.

    :param tmp_path: the directory for files of nova-compute
    :raises InvalidInput: if the program cannot make it
    """
    try:
        folder = _folder(tmp_path)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as directory:
            return _made_in(directory, builder)
    except Exception as exc:
        raise nova_exception.InvalidInput(
            reason="mkisofs_cmd: '%s' cannot make a config drive: %s"
                   % (CONF.mkisofs_cmd, exc)) from exc


def _made_in(directory: str, builder: Any) -> bytes:
    # make_drive() of nova would put the files below CONF.tempdir, where
    # nothing finds those that a killed process leaves.
    files = os.path.join(directory, 'files')
    path = os.path.join(directory, 'iso')
    builder._write_md_files(files)
    builder._make_iso9660(path, files)
    with open(path, 'rb') as iso:
        return iso.read()


def sweep(tmp_path: str) -> None:
    """Remove what a killed nova-compute left."""
    shutil.rmtree(_folder(tmp_path), ignore_errors=True)


def _folder(tmp_path: str) -> str:
    """Return a folder of this compute service alone.

    Several may run on one host, each for a z/VM of its own.
    """
    return os.path.join(tmp_path,
                        'nova-zvm-%s' % CONF.host.replace('/', '_'),
                        'config-drives')
