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

"""The log of what the connectors were asked and ran on z/VM, in order."""

import collections
import dataclasses
import itertools
import threading
from typing import Any

from zvm_simulator.ground import clocks
from zvm_simulator.ground import invocation

LOG_LENGTH = 20_000
OUTPUT_LENGTH = 2_000


@dataclasses.dataclass
class Record:
    """One command, or one request to a connector (kind rest).

    Times are simulated seconds; received and sent are the bytes of the
    bodies of a request and of its answer.
    """

    seq: int
    member: str
    command: str
    kind: str
    name: str
    userid: str | None
    started: float
    ended: float | None = None
    latency: float = 0.0
    status: int | None = None
    output: str = ''
    outcome: str = 'running'
    received: int = 0
    sent: int = 0


class CommandLog:
    """The last records; their numbers never start again."""

    def __init__(self, clock: clocks.Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._records: collections.deque[Record] = collections.deque(
            maxlen=LOG_LENGTH)
        self._changed = threading.Condition()
        self._running = 0

    def open(self, call: invocation.Invocation) -> Record:
        """Note that something begins."""
        with self._changed:
            record = Record(next(self._numbers), call.member, call.line,
                            call.kind, call.name, call.userid,
                            self._clock.now())
            self._records.append(record)
            self._running += call.kind != 'rest'
        return record

    def close(self, record: Record, outcome: str, status: int | None = None,
              output: bytes = b'') -> None:
        """Note how it ended: done, dropped, expired or broken."""
        with self._changed:
            record.ended = self._clock.now()
            record.outcome = outcome
            record.status = status
            record.output = output[:OUTPUT_LENGTH].decode(errors='replace')
            self._running -= record.kind != 'rest'
            self._changed.notify_all()

    def since(self, number: int,
              limit: int = LOG_LENGTH) -> list[dict[str, Any]]:
        """Return the last records after that number, oldest first."""
        with self._changed:
            latest = itertools.islice(reversed(self._records), limit)
            wanted = list(itertools.takewhile(
                lambda record: record.seq > number, latest))
            return [dataclasses.asdict(record) for record in reversed(wanted)]

    def clear(self) -> None:
        with self._changed:
            self._records.clear()

    def wait_idle(self, seconds: float) -> bool:
        """Wait until no command runs; real seconds; False if one still is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)
