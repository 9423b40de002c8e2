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

"""The simulated z/VM as its users see it: commands in, replies out."""

import logging
import pathlib
import shlex
import threading
from typing import Any

from zvm_simulator import commands
from zvm_simulator.commands import request as requests
from zvm_simulator.ground import clocks
from zvm_simulator.ground import errors
from zvm_simulator.ground import latency
from zvm_simulator.ground import pending
from zvm_simulator.ground import registry
from zvm_simulator.ground import replies
from zvm_simulator.ground import stores
from zvm_simulator.machine import founding
from zvm_simulator.machine import state
from zvm_simulator import system as systems

LOG = logging.getLogger(__name__)

NOT_FOUND = 127
BROKEN = 70
# How often a command that waits looks whether it may go on.
POLL_SECONDS = 1.0
_READER_ONLINE = '/sys/bus/ccw/drivers/vmur/0.0.000c/online'
_PROGRAMS: dict[str, requests.Program] = registry.table(
    (name, module) for module, names in registry.offers(commands, 'PROGRAMS')
    for name in names)


class Machine:
    """One z/VM system, or the members of one SSI cluster."""

    def __init__(self, scenario: dict[str, Any], store_path: pathlib.Path,
                 clock: clocks.Clock,
                 latencies: latency.Latency | None = None) -> None:
        """Continue what store_path holds, or fill it from the scenario."""
        self._lock = threading.RLock()
        self._store = stores.Store(store_path)
        self._system = systems.build(scenario, self._store, clock,
                                     latencies or latency.Latency())
        founding.found(scenario, self._store, self._system)

    def close(self) -> None:
        """Let go of the store."""
        with self._lock:
            self._store.close()

    def execute(self, member: str, argv: list[str] | str) -> replies.Reply:
        """Run one command as root on the connector's Linux of a member.

        A string is for the shell. What the command refuses, and that it is
        not simulated, is told as the real one would tell: by status and
        output.
        """
        words = _words(argv)
        name = words[0].rpartition('/')[2] if words else ''
        program = _PROGRAMS.get(name)
        if program is None:
            return replies.failure(NOT_FOUND,
                                   f'{" ".join(words)}: the command '
                                   'is not simulated\n')
        try:
            return self._execute(member, words, program)
        except Exception:
            LOG.exception('The simulated z/VM broke on the command %s', words)
            return replies.failure(BROKEN, f'{words[0]}: the simulated z/VM '
                                   'broke; its log says why\n')

    def read_file(self, member: str, path: str) -> bytes | None:
        """Return a file of the connector's Linux, or None."""
        if path == '/proc/sysinfo':
            return self._system.members[member].sysinfo().encode()
        return b'1\n' if path == _READER_ONLINE else None

    def state(self) -> dict[str, Any]:
        """Return the whole state as plain JSON data."""
        with self._lock:
            self.tick()
            return state.of(self._system)

    def guest_file(self, userid: str, path: str) -> bytes:
        """Return a file of a guest's Linux; KeyError if there is none.

        A path that is relative, or below /mnt/config, is of the config
        drive as the guest's cloud-init sees it.
        """
        with self._lock:
            self.tick()
            return self._system.guestos.file(userid.upper(), path)

    def directory_text(self, userid: str) -> str:
        """Return the directory entry as it stands; KeyError if none."""
        with self._lock:
            self.tick()
            entry = self._system.directory.find(userid.upper())
            if entry is None:
                raise KeyError(userid)
            return entry.text

    def tick(self) -> None:
        """Do what has become due in simulated time."""
        with self._lock:
            if self._system.is_due():
                with self._store.transaction():
                    self._system.pass_time()

    def _execute(self, member: str, words: list[str],
                 program: requests.Program) -> replies.Reply:
        read = program.prepare(words)
        request = requests.Request(
            self._system, self._system.members[member], words, read)
        try:
            with self._lock:
                self.tick()
                with self._store.transaction():
                    answer = self._run(program, request)
            for begun in request.later:
                self._wait_for(begun)
        except errors.Refusal as refusal:
            return program.refuse(words, refusal)
        return answer

    def _run(self, program: requests.Program,
             request: requests.Request) -> replies.Reply:
        try:
            return replies.success(program.run(request))
        except errors.CommandError as error:
            if not error.done:
                raise
            return program.refuse(request.words, error)

    def _wait_for(self, begun: pending.Pending) -> None:
        """Let other commands run until it is over, as the real one does."""
        while True:
            with self._lock:
                self.tick()
                if begun.over():
                    begun.end()
                    return
            self._system.clock.sleep(POLL_SECONDS)


def _words(argv: list[str] | str) -> list[str]:
    try:
        words = shlex.split(argv) if isinstance(argv, str) else list(argv)
    except ValueError:
        words = str(argv).split()
    return words[1:] if words[:1] == ['sudo'] else words
