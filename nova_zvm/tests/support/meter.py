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

"""What the driver's calls cost the connector and z/VM.

Read from the simulated system's own log, so it is what arrived there and not
what the client believes to have sent.
"""

import contextlib
import dataclasses
import threading
import time
import tracemalloc
from unittest import mock

from zvm_simulator.ground import latency

# As one sees them from outside of z/VM; all others run on the connector's
# own Linux or move an image.
SMAPI = ('smapi', 'dirm')
CP = ('cp',)
IUCV = ('iucv',)
OTHER = ('image', 'vmur', 'linux')

# Real seconds; only what never ends takes so long.
PATIENCE = 300


@dataclasses.dataclass
class Usage:
    """The log's records of some stretch of time.

    :ivar seconds: of real time
    :ivar peak: bytes of memory that were allocated meanwhile at most
    """

    records: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    peak: int = 0

    @property
    def requests(self):
        """Return the requests to the connector, as 'METHOD /path'."""
        return [record['command'] for record in self._of('rest')]

    @property
    def commands(self):
        """Return the names of the commands on z/VM and beside it."""
        return [record['name']
                for record in self._of(*SMAPI, *CP, *IUCV, *OTHER)]

    @property
    def waits(self):
        """Return the simulated seconds of each sleep of the connector."""
        return [record['latency'] for record in self._of('wait')]

    @property
    def sent(self):
        """Return the bytes of all requests' bodies."""
        return sum(record['received'] for record in self._of('rest'))

    @property
    def received(self):
        """Return the bytes of all answers' bodies."""
        return sum(record['sent'] for record in self._of('rest'))

    def count(self, kinds):
        return len(self._of(*kinds))

    def lines(self, kind):
        """Return the command lines of one kind."""
        return [record['command'] for record in self._of(kind)]

    def on_zvm(self, workers=1):
        """Return the seconds that a real z/VM would take, by a model.

        Each command takes the time of the latency profile 'typical', each
        sleep of the connector its own. One after the other, or taken in
        turn by so many workers, of which the slowest counts.
        """
        typical = latency.PROFILES['typical']
        busy = [0.0] * workers
        for record in self._of(*typical, 'wait'):
            turn = busy.index(min(busy))
            busy[turn] += typical.get(record['kind'], record['latency'])
        return max(busy)

    def add(self, other):
        """Let this be the cost of two stretches of time."""
        self.records += other.records
        self.seconds += other.seconds
        self.peak = max(self.peak, other.peak)

    def _of(self, *kinds):
        return [record for record in self.records if record['kind'] in kinds]


class Calls:
    """Calls of a driver, with what each has cost."""

    def __init__(self):
        self._usages = []
        self._ended = threading.Semaphore(0)

    def note(self, usage):
        self._usages.append(usage)
        self._ended.release()

    def total(self, count=1):
        """Return the Usage of so many calls, as soon as they have ended.

        Without looking at nova meanwhile, which takes memory too.
        """
        for _ in range(count):
            if not self._ended.acquire(timeout=PATIENCE):
                raise AssertionError('The driver was not called.')
        total = Usage()
        for usage in self._usages:
            total.add(usage)
        if len(self._usages) != count:
            raise AssertionError('There were %d calls, not %d: %s' % (
                len(self._usages), count, total.requests))
        return total


class Meter:
    """Notes what happens on a simulated z/VM."""

    def __init__(self, log, memory=False):
        """Prepare.

        :param log: gives the records with a number above its argument
        :param memory: whether to look at this process's memory as well,
            which slows it down
        """
        self._log = log
        self._memory = memory
        self._seen = 0

    @contextlib.contextmanager
    def running(self):
        """Give the Usage of the block, complete when it ends."""
        usage = Usage()
        self._new_records()
        started = time.monotonic()
        try:
            with self._traced(usage):
                yield usage
        finally:
            usage.seconds = time.monotonic() - started
            usage.records = self._new_records()

    @contextlib.contextmanager
    def calls_of(self, driver, *verbs):
        """Give the Calls of some of a driver's verbs during the block."""
        calls = Calls()
        with contextlib.ExitStack() as stack:
            for verb in verbs:
                stack.enter_context(mock.patch.object(
                    driver, verb,
                    self._metered(getattr(driver, verb), calls)))
            yield calls

    def _metered(self, original, calls):
        def call(*args, **kwargs):
            usage = Usage()
            try:
                with self.running() as usage:
                    return original(*args, **kwargs)
            finally:
                calls.note(usage)
        return call

    @contextlib.contextmanager
    def _traced(self, usage):
        if not self._memory:
            yield
            return
        tracemalloc.start()
        try:
            yield
        finally:
            usage.peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()

    def _new_records(self):
        records = self._log(self._seen)
        self._seen = max([record['seq'] for record in records],
                         default=self._seen)
        return records
