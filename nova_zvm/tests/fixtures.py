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

"""Fixtures for tests that need more than a process of their own."""

import atexit
import json
import os
import tempfile
from typing import Any

import fixtures

from nova_zvm.simulator import server

PYTHON_VARIABLE = 'NOVA_ZVM_CONNECTOR_PYTHON'
# Waits of the connector cost no real time, and its caches hold nothing, so
# that the number of commands of an operation is always the same.
SPEED = 1000.0
CONNECTOR_OPTIONS = {'monitor': {'cache_interval': 0}}
# As it is outside of a test: a test may have a tempfile.tempdir of its own,
# which ends with it.
TEMPORARY = tempfile.gettempdir()


class SimulatedZVM(fixtures.Fixture):
    """A simulated z/VM with its real connector, as at its first start.

    Tests of one process share it, one after the other; it is brought back
    between them.
    """

    def __init__(self, scenario: dict[str, Any] | None = None,
                 **options: Any) -> None:
        super().__init__()
        self._scenario = scenario
        self._options = options

    def _setUp(self) -> None:
        self.simulator = _shared(self._scenario, self._options)
        self.simulator.reset()

    @property
    def url(self) -> str:
        return self.simulator.member.rest_url

    @property
    def token_file(self) -> str:
        return str(self.simulator.member.token_file)

    @property
    def machine(self) -> Any:
        return self.simulator.machine

    @property
    def engine(self) -> Any:
        return self.simulator.engine


_running: dict[str, server.Simulator] = {}


def connector_python() -> str:
    """Return the interpreter that has the connector."""
    python = os.environ.get(PYTHON_VARIABLE)
    if not python:
        raise RuntimeError(
            f'{PYTHON_VARIABLE} must name the interpreter that has '
            f'zVMCloudConnector; "nova-zvm-simulator install-connector" '
            f'makes one.')
    return python


def _shared(scenario: dict[str, Any] | None,
            options: dict[str, Any]) -> server.Simulator:
    key = json.dumps([scenario, options], sort_keys=True, default=str)
    if key not in _running:
        _running[key] = _start(scenario, options)
    return _running[key]


def _start(scenario: dict[str, Any] | None,
           options: dict[str, Any]) -> server.Simulator:
    folder = tempfile.TemporaryDirectory(prefix='nova-zvm-', dir=TEMPORARY)
    simulator = server.Simulator(
        folder.name, connector_python(), scenario,
        **{'speed': SPEED, 'connector_options': CONNECTOR_OPTIONS, **options})
    atexit.register(folder.cleanup)
    simulator.start()
    atexit.register(simulator.stop)
    return simulator
