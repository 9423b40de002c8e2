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

"""A simulated z/VM for the tests of whatever speaks to a Cloud Connector.

    from zvm_simulator import fixture

    class TestMine(unittest.TestCase):
        def setUp(self):
            super().setUp()
            self.zvm = self.enterContext(fixture.SimulatedZVM())

In a test case of testtools self.useFixture(fixture.SimulatedZVM()) does the
same, and pytest has it as a fixture of its own (pytest_plugin). Then
self.zvm.url is the REST interface of a real connector, and
self.zvm.token_file has its admin token.
"""

import atexit
import json
import os
import pathlib
import sys
import tempfile
import typing
from typing import Any

from zvm_simulator.connector import install
from zvm_simulator.faults import dispatch
from zvm_simulator.machine import execution
from zvm_simulator.service import scenarios
from zvm_simulator.service import server

# Waits of the connector cost no real time.
SPEED = 1000.0
# As it is outside of a test: a test may have a tempfile.tempdir of its own,
# which ends with it.
_TEMPORARY = tempfile.gettempdir()


class SimulatedZVM:
    """A simulated z/VM with its real connectors, as at its first start.

    Tests of one process share it, one after the other, since a connector
    takes a second to start; it is brought back between them.
    """

    def __init__(self, scenario: dict[str, Any] | os.PathLike[str] | None
                 = None, connector_python: str | None = None,
                 **options: Any) -> None:
        """Prepare.

        scenario is a YAML file or what such a file says; connector_python
        is the interpreter that has zVMCloudConnector (by default the one
        that NOVA_ZVM_CONNECTOR_PYTHON names, else one that is installed on
        first use); options are those of server.Simulator.
        """
        self._scenario = scenario
        self._python = connector_python
        self._options = options

    def __enter__(self) -> typing.Self:
        self.setUp()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.cleanUp()

    def setUp(self) -> None:
        """Have it as at its first start; useFixture calls this."""
        self.simulator = _shared(
            _loaded(self._scenario),
            install.provide(self._python, _say),
            {'speed': SPEED, **self._options})
        self.simulator.reset()

    def cleanUp(self) -> None:
        """Leave it running for the next test."""

    def getDetails(self) -> dict[str, Any]:
        """Return what useFixture adds to a test's report: nothing."""
        return {}

    @property
    def url(self) -> str:
        """The REST interface of the first member's connector."""
        return self.simulator.member.rest_url

    @property
    def token_file(self) -> str:
        return str(self.simulator.member.token_file)

    @property
    def control_url(self) -> str:
        """The control endpoint, which is a status page in a browser."""
        return self.simulator.control_url

    @property
    def machine(self) -> execution.Machine:
        """What z/VM has and knows: state(), directory_text() ..."""
        return self.simulator.machine

    @property
    def engine(self) -> dispatch.Engine:
        """What steers it: faults, latency, log()."""
        return self.simulator.engine


_running: dict[str, server.Simulator] = {}


def _loaded(scenario: dict[str, Any] | os.PathLike[str] | None
            ) -> dict[str, Any]:
    if isinstance(scenario, os.PathLike):
        return scenarios.load(pathlib.Path(scenario))
    return scenarios.complete(scenario or {}, 'the scenario of the test')


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _shared(scenario: dict[str, Any], python: str,
            options: dict[str, Any]) -> server.Simulator:
    key = json.dumps([scenario, python, options], sort_keys=True, default=str)
    if key not in _running:
        _running[key] = _start(scenario, python, options)
    return _running[key]


def _start(scenario: dict[str, Any], python: str,
           options: dict[str, Any]) -> server.Simulator:
    folder = tempfile.TemporaryDirectory(prefix='zvm-simulator-',
                                         dir=_TEMPORARY)
    simulator = server.Simulator(folder.name, python, scenario, **options)
    atexit.register(folder.cleanup)
    simulator.start()
    atexit.register(simulator.stop)
    return simulator
