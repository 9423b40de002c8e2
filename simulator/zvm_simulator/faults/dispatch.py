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

"""Each command's way: fault, latency, the simulated machine, the log.

Requests to the connectors pass here too: the log shows which request led to
which commands, and a fault can be for either.
"""

from collections.abc import Callable
import functools
from typing import Any
from typing import Protocol

from zvm_simulator.faults import commandlog
from zvm_simulator.faults import inforce
from zvm_simulator.ground import clocks
from zvm_simulator.ground import invocation
from zvm_simulator.ground import latency
from zvm_simulator.ground import replies


class Dropped(Exception):
    """The one who ran the command gets no answer."""


class Expired(Exception):
    """The one who ran the command waited no longer."""


class Machine(Protocol):
    """What the engine needs of the simulated z/VM."""

    def execute(self, member: str, argv: list[str] | str) -> replies.Reply:
        """Run one command on a member."""

    def read_file(self, member: str, path: str) -> bytes | None:
        """Return a file of the connector's Linux."""


class Engine:
    """Runs commands on the machine as the latencies and faults have it."""

    def __init__(self, machine: Machine, clock: clocks.Clock,
                 latencies: latency.Latency | None = None) -> None:
        self.machine = machine
        self.clock = clock
        self.faults = inforce.Faults(clock)
        self.latency = latencies or latency.Latency()
        self.kill_connector: Callable[[str], None] = lambda member: None
        self.kill_simulator: Callable[[], None] = lambda: None
        self._log = commandlog.CommandLog(clock)
        self._requests: dict[int, tuple[commandlog.Record,
                                        inforce.Action]] = {}

    def execute(self, member: str, argv: list[str] | str,
                timeout: float | None = None) -> replies.Reply:
        """Run one command of a connector.

        timeout is what the one who runs it allows, in simulated seconds;
        a command that is given up has no effect. Raises Dropped, Expired.
        """
        call = invocation.parse(member, argv)
        record = self._log.open(call)
        # A command that outlives a reset must not reach the new machine.
        effect = functools.partial(self.machine.execute, member, argv)
        try:
            answer = self._run(call, effect, record, timeout)
        except (Dropped, Expired) as error:
            self._log.close(record, type(error).__name__.lower())
            raise
        except BaseException:
            self._log.close(record, 'broken')
            raise
        self._log.close(record, 'done', answer.status, answer.output)
        return answer

    def sleep(self, member: str, seconds: float) -> None:
        """Wait as the connector does between two of its polls."""
        record = self._log.open(invocation.Invocation(
            member, f'sleep {seconds:g}', 'wait', 'sleep', None))
        record.latency = seconds
        self.clock.sleep(seconds)
        self._log.close(record, 'done')

    def begin_request(self, member: str, line: str,
                      size: int) -> tuple[int, inforce.Action]:
        """Note a request to a connector; return its number and its fault.

        Returns when the fault's delay is over, unless that is for a late
        effect. Raises Dropped.
        """
        call = invocation.Invocation(
            member, line, 'rest', line.partition('?')[0], None)
        record = self._log.open(call)
        record.received = size
        action = self.faults.for_call(call) or inforce.Action()
        record.latency = 0.0 if action.late else action.delay
        self.clock.sleep(record.latency)
        if self._kills(action, 'before', member):
            self._log.close(record, 'dropped')
            raise Dropped(line)
        self._requests[record.seq] = record, action
        return record.seq, action

    def end_request(self, number: int, status: int | None,
                    size: int) -> None:
        """Note what a request was answered; no status: the line was cut."""
        record, action = self._requests.pop(number, (None, None))
        if record is None or action is None:
            return
        record.sent = size
        self._log.close(record, 'dropped' if status is None else 'done',
                        status)
        self._kills(action, 'after', record.member)

    def drop_requests(self, member: str) -> None:
        """Note that a connector has ended, and its requests with it."""
        for number, (record, _) in list(self._requests.items()):
            if record.member == member:
                self._requests.pop(number, None)
                self._log.close(record, 'dropped')

    def log(self, since: int = 0,
            limit: int = commandlog.LOG_LENGTH) -> list[dict[str, Any]]:
        """Return the last records with a number above since, oldest first.

        """
        return self._log.since(since, limit)

    def clear_log(self) -> None:
        self._log.clear()

    def wait_idle(self, seconds: float) -> bool:
        """Wait until no command runs; real seconds; False if one still is."""
        return self._log.wait_idle(seconds)

    def _run(self, call: invocation.Invocation,
             effect: Callable[[], replies.Reply], record: commandlog.Record,
             timeout: float | None) -> replies.Reply:
        action = self.faults.for_call(call) or inforce.Action()
        if self._kills(action, 'before', call.member):
            raise Dropped(call.line)
        record.latency = self.latency.seconds(call.kind) + action.delay
        self._wait(record.latency, timeout)
        if action.drop:
            raise Dropped(call.line)
        if action.reply and not action.lose_answer:
            answer = action.reply
        else:
            answer = effect()
        if self._kills(action, 'after', call.member):
            raise Dropped(call.line)
        return self._lost(call, action) if action.lose_answer else answer

    def _kills(self, action: inforce.Action, moment: str,
               member: str) -> bool:
        """Kill what is to be killed now; tell if the connector was."""
        if action.kill_simulator == moment:
            self.kill_simulator()
        if action.kill_connector != moment:
            return False
        self.kill_connector(member)
        return True

    def _wait(self, seconds: float, timeout: float | None) -> None:
        if timeout is not None and seconds > timeout:
            self.clock.sleep(timeout)
            raise Expired()
        self.clock.sleep(seconds)

    def _lost(self, call: invocation.Invocation,
              action: inforce.Action) -> replies.Reply:
        answer = action.reply or inforce.lost_answer(call)
        if answer is None:
            raise Dropped(call.line)
        return answer
