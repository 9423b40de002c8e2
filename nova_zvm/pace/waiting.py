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

"""Waiting, always with a deadline, and the clocks that it goes by.

No other module of the driver reads a clock or sleeps. The parts are given a
Patience, and a test one with a clock of its own. The client of the connector
knows nothing of this and has clocks of its own.
"""

from collections import abc
import dataclasses
import time
from typing import TypeVar

_T = TypeVar('_T')

# How often is looked for what comes within a given time.
LOOKS = 60


@dataclasses.dataclass(frozen=True)
class Limit:
    """How long the driver waits for something, before the timeout scale.

    :ivar seconds: after which it gives up
    :ivar pause: seconds between two looks
    """

    seconds: float
    pause: float


# CP takes a moment to log a guest off after it was deactivated.
LOGOFF = Limit(120, 1)
# The directory manager works on one entry at a time and finishes a delete
# after it has answered; connector/timeouts.py has the time of the answer.
DIRECTORY_MANAGER = Limit(300, 5)
# The connector's host starts a connector that died again. The undo of a boot
# waits for that: nova itself does not try again.
RESTART = Limit(60, 2)


class Expired(Exception):
    """What was waited for did not come in time."""


class Clock:
    """The clocks of this computer."""

    def monotonic(self) -> float:
        """Return seconds since some time, for durations."""
        return time.monotonic()

    def time(self) -> float:
        """Return seconds since the epoch, for what is recorded."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Patience:
    """How long is waited: a clock under a deployment's timeout scale."""

    def __init__(self, clock: Clock, scale: float = 1.0) -> None:
        self.clock = clock
        self._scale = scale

    def scaled(self, seconds: float) -> float:
        """Return how long so many seconds are in this deployment."""
        return seconds * self._scale

    def wait_until(self, probe: abc.Callable[[], _T], wanted: _T,
                   limit: Limit) -> _T:
        """Call probe until it returns wanted; return what it returned.

        :raises Expired: after the limit, naming the last and the wanted
            answer. The first probe comes at once, the last one at the
            deadline.
        """
        return self.wait_at_most(
            self.scaled(limit.seconds), probe, wanted,
            self.scaled(limit.pause))

    def wait_at_most(self, seconds: float, probe: abc.Callable[[], _T],
                     wanted: _T, pause: float | None = None) -> _T:
        """Do the same with a time that has been scaled already.

        :param pause: seconds between two probes, by default a share of the
            time
        :raises Expired: likewise
        """
        pause = seconds / LOOKS if pause is None else pause
        deadline = self.clock.monotonic() + seconds
        while True:
            last = probe()
            if last == wanted:
                return last
            left = deadline - self.clock.monotonic()
            if left <= 0:
                raise Expired('still %s, not %s, after %d seconds'
                              % (last, wanted, seconds))
            self.clock.sleep(min(pause, left))

    def insist(self, call: abc.Callable[[], _T], error: type[Exception],
               limit: Limit) -> _T:
        """Call as long as that raises a certain error; return its result.

        The error is raised once the limit is over.
        """
        deadline = self.clock.monotonic() + self.scaled(limit.seconds)
        while True:
            try:
                return call()
            except error:
                if self.clock.monotonic() >= deadline:
                    raise
            self.clock.sleep(self.scaled(limit.pause))
