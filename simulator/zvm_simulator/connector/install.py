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

"""Make the virtual environment that the connector runs in."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import fcntl
import importlib.resources
import os
import pathlib
import shutil
import subprocess
import sys

# Names the interpreter that has zVMCloudConnector.
PYTHON_VARIABLE = 'NOVA_ZVM_CONNECTOR_PYTHON'
REQUIREMENTS = 'connector-requirements.txt'
_HOW_TO_MAKE_ONE = ('"zvm-simulator install-connector --venv DIR" '
                    'makes one.')


class InstallError(Exception):
    """The environment cannot be made, or is not there."""


def provide(option: str | None, say: Callable[[str], None]) -> str:
    """Return the connector's interpreter; install one where none is named.

    say gets a sentence before that, which needs the package index and takes
    half a minute. It is made once for all systems of a user.
    """
    if option or os.environ.get(PYTHON_VARIABLE):
        return interpreter(option)
    venv = cache()
    with _alone(venv.with_suffix('.lock')):
        if not _is_made(venv):
            say(f'Installing the z/VM Cloud Connector into {venv}, once.')
        return str(install(venv))


def cache() -> pathlib.Path:
    """Return where provide() installs the connector for this Python."""
    home = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    return pathlib.Path(home, 'zvm-simulator', 'connector-python%d_%d' %
                        sys.version_info[:2]).absolute()


def interpreter(option: str | None = None) -> str:
    """Return the absolute path of the connector's interpreter.

    option is what the user has named, None for what PYTHON_VARIABLE names.
    The connector runs in another directory, where a relative path would lead
    to another file or to none.
    """
    name = '--connector-python' if option else PYTHON_VARIABLE
    value = option or os.environ.get(PYTHON_VARIABLE)
    if not value:
        raise InstallError(
            f'Name the interpreter that has zVMCloudConnector, with '
            f'--connector-python or {PYTHON_VARIABLE}; {_HOW_TO_MAKE_ONE}')
    found = shutil.which(value)
    if not found:
        raise InstallError(
            f'{name} {value} is not a program; {_HOW_TO_MAKE_ONE}')
    # As it is linked: by that a virtual environment's Python finds its own.
    return str(pathlib.Path(found).absolute())


def requirements() -> str:
    """Return what the connector needs, as pip reads it."""
    return importlib.resources.files('zvm_simulator').joinpath(
        REQUIREMENTS).read_text()


def install(venv: pathlib.Path) -> pathlib.Path:
    """Install the connector under venv and return its interpreter.

    Does nothing where the same requirements were installed before.
    """
    python = _python(venv)
    if _is_made(venv):
        return python
    _run([sys.executable, '-m', 'venv', str(venv)])
    stamp = venv / REQUIREMENTS
    unproven = stamp.with_suffix('.new')
    unproven.write_text(requirements())
    _run([str(python), '-m', 'pip', 'install', '--quiet',
          '--disable-pip-version-check', '-r', str(unproven)])
    unproven.rename(stamp)
    return python


def _python(venv: pathlib.Path) -> pathlib.Path:
    return venv / 'bin' / 'python'


def _is_made(venv: pathlib.Path) -> bool:
    stamp = venv / REQUIREMENTS
    return _python(venv).exists() and stamp.exists() and (
        stamp.read_text() == requirements())


@contextlib.contextmanager
def _alone(lock: pathlib.Path) -> Iterator[None]:
    """Let one process after the other in; the lock ends with it."""
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = lock.open('w')
    except OSError as error:
        raise InstallError(
            f'{lock.parent} cannot be written ({error.strerror}): name an '
            f'interpreter with --connector-python or {PYTHON_VARIABLE}; '
            f'{_HOW_TO_MAKE_ONE}') from None
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise InstallError(f'{" ".join(command)} failed: '
                           f'{done.stdout.strip()}')
