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

import importlib.resources
import os
import pathlib
import shutil
import subprocess
import sys

# Names the interpreter that has zVMCloudConnector.
PYTHON_VARIABLE = 'NOVA_ZVM_CONNECTOR_PYTHON'
REQUIREMENTS = 'connector-requirements.txt'
_HOW_TO_MAKE_ONE = ('"nova-zvm-simulator install-connector --venv DIR" '
                    'makes one.')


class InstallError(Exception):
    """The environment cannot be made, or is not there."""


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
    python = venv / 'bin' / 'python'
    stamp = venv / REQUIREMENTS
    wanted = requirements()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    _run([sys.executable, '-m', 'venv', str(venv)])
    unproven = stamp.with_suffix('.new')
    unproven.write_text(wanted)
    _run([str(python), '-m', 'pip', 'install', '--quiet',
          '--disable-pip-version-check', '-r', str(unproven)])
    unproven.rename(stamp)
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise InstallError(f'{" ".join(command)} failed: '
                           f'{done.stdout.strip()}')
