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

"""One simulated z/VM with its connectors, started and stopped as one."""

from collections.abc import Mapping
import fcntl
import json
import os
import pathlib
import signal
from typing import Any

from zvm_simulator.connector import process
from zvm_simulator.faults import dispatch
from zvm_simulator.ground import addresses
from zvm_simulator.ground import clocks
from zvm_simulator.ground import latency
from zvm_simulator.ground import stores
from zvm_simulator.ground import wholefile
from zvm_simulator.machine import execution
from zvm_simulator.service import channels
from zvm_simulator.service import control
from zvm_simulator.service import scenarios
from zvm_simulator.service import tcpports

# How long a reset waits for a connector that still works on a request.
RESET_SECONDS = 2.0


class SimulatorError(Exception):
    """The simulated system cannot be started as asked."""


class Simulator:
    """A simulated z/VM in this process, its connectors as child processes.

    All files are under one directory, which a later start goes on from.
    """

    def __init__(self, directory: str | os.PathLike[str],
                 connector_python: str | None,
                 scenario: dict[str, Any] | None = None, *,
                 speed: float = 1.0, profile: str | None = None,
                 connector_path: pathlib.Path | None = None,
                 connector_options: Mapping[str, Mapping[str, Any]]
                 | None = None, host: str = addresses.LOOPBACK,
                 port: int = 0, real_processes: bool = False) -> None:
        """Prepare; start() does the work.

        connector_python is the interpreter that has zVMCloudConnector, None
        for a system without connectors; profile replaces the scenario's
        latencies; connector_options are sections of zvmsdk.conf; host is the
        address that REST interfaces and control endpoint serve on: a machine
        that reaches the second can run commands here; port is the first
        member's REST port, 0 for any; with real_processes the connectors run
        each command as a process, which takes much longer.
        """
        self.directory = pathlib.Path(directory).absolute()
        self._lock = self._lock_directory()
        self._scenario = scenarios.load() if scenario is None else scenario
        self._python = connector_python
        self._path = connector_path.absolute() if connector_path else None
        self._options = connector_options or {}
        self._host = host
        self._port = port
        self._real_processes = real_processes
        self._speed = speed
        self._profile = profile
        self._ports = tcpports.Ports(self.directory / 'ports.json')
        self.clock = clocks.LastingClock(self.directory / 'time.json', speed)
        self._latency = latency.Latency()
        self.machine = self._make_machine()
        self.engine = dispatch.Engine(self.machine, self.clock, self._latency)
        self.engine.kill_connector = self._kill_connector
        self.engine.kill_simulator = _die
        self._set_conditions()
        self.members: dict[str, process.Connector] = {}
        self._channels: list[channels.Channel] = []
        self._control: control.ControlServer | None = None

    @property
    def member(self) -> process.Connector:
        """The first member, for a system that has one."""
        return next(iter(self.members.values()))

    @property
    def control_url(self) -> str:
        assert self._control, 'The simulator is not started.'
        return self._control.url

    def start(self) -> None:
        """Serve commands, control and, if there are any, REST requests."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all that start() started; the state stays on disk."""
        for connector in self.members.values():
            connector.stop()
        for channel in self._channels:
            channel.stop()
        if self._control:
            self._control.stop()
        self._ready_file().unlink(missing_ok=True)
        self._ports.release()
        self.machine.close()
        os.close(self._lock)

    def reset(self) -> None:
        """Bring all back to the first start: z/VM, connectors, time."""
        for connector in self.members.values():
            connector.quiesce(RESET_SECONDS)
        self.engine.wait_idle(RESET_SECONDS)
        self.machine.close()
        for path in self.directory.glob('zvm.sqlite*'):
            path.unlink()
        self.machine = self.engine.machine = self._make_machine()
        self._set_conditions()
        self.clock.set_speed(self._speed)
        if self._python:
            for connector in self.members.values():
                connector.restore()
        self.engine.clear_log()

    def wait_idle(self, seconds: float) -> bool:
        """Wait until nothing goes on; False if something still does."""
        return all([connector.wait_idle(seconds)
                    for connector in self.members.values()]
                   + [self.engine.wait_idle(seconds)])

    def silent_members(self) -> list[str]:
        """Return the members whose connector does not serve."""
        return [name for name, connector in self.members.items()
                if self._python and not connector.serves]

    def describe(self) -> dict[str, Any]:
        """Return what a user must know, as JSON data."""
        return {
            'control_url': self.control_url,
            'directory': str(self.directory),
            'pid': os.getpid(),
            'members': {
                name: {**connector.describe(),
                       'status_page': f'{self.control_url}/#{name}'}
                for name, connector in self.members.items()},
        }

    def _start(self) -> None:
        for number, member in enumerate(self._scenario['members']):
            name = member['name']
            self.members[name] = self._make_connector(
                name, self._port + number if self._port else 0)
            self._channels.append(channels.Channel(
                self.members[name].channel, name, self.engine))
            self._channels[-1].start()
        self._control = control.ControlServer(
            self._ports.hold('control', host=self._host), self, self._host)
        self._control.start()
        if self._python:
            for connector in self.members.values():
                connector.start()
        wholefile.write(self._ready_file(), json.dumps(self.describe()))

    def _set_conditions(self) -> None:
        """Put the scenario's latencies and faults in force, no others."""
        stated = self._scenario['latency']
        self._latency.set_profile(self._profile or stated['profile'])
        if not self._profile and stated['classes']:
            self._latency.set_classes(stated['classes'])
        self.engine.faults.clear()
        for fault in self._scenario['faults']:
            self.engine.faults.add(fault)

    def _make_machine(self) -> execution.Machine:
        try:
            return execution.Machine(
                self._scenario, self.directory / 'zvm.sqlite', self.clock,
                self._latency)
        except stores.StoreError as error:
            raise SimulatorError(str(error)) from None

    def _make_connector(self, member: str,
                        port: int) -> process.Connector:
        options = {'zvm': _site_options(self._scenario)}
        for stated in (self._scenario['connector'], self._options):
            for section, values in stated.items():
                options.setdefault(section, {}).update(values)
        return process.Connector(
            member, self.directory / member, self._python or '',
            (self._host, self._ports.hold(f'{member} rest', port,
                                          self._host)),
            self._ports.hold(f'{member} sdk'), options, self._path,
            self._real_processes)

    def _kill_connector(self, member: str) -> None:
        self.members[member].kill()
        self.engine.drop_requests(member)

    def _ready_file(self) -> pathlib.Path:
        return self.directory / 'ready.json'

    def _lock_directory(self) -> int:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.directory / 'lock',
                           os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise SimulatorError(
                f'{self.directory} cannot be used ({error.strerror}): name a '
                f'directory that can be written.') from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise SimulatorError(
                f'Another simulated z/VM runs in {self.directory}: stop it '
                f'or choose another directory.') from None
        return lock


def _die() -> None:
    """End this process at once, as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def _site_options(scenario: dict[str, Any]) -> dict[str, Any]:
    """Return what of zvmsdk.conf follows from the machine."""
    pool, item = next(iter(scenario['pools'].items()))
    fba = item['volumes'][0]['model'].startswith('9336')
    return {'disk_pool': f'{"FBA" if fba else "ECKD"}:{pool}',
            'user_profile': next(iter(scenario['directory']['profiles']))}
