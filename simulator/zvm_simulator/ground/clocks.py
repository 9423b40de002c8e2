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

"""Simulated time.

Everything in the model that takes time asks an injected clock, so that a
test needs no sleep and a sandbox can run faster than a mainframe.
"""

import json
import pathlib
import threading
import time
from typing import Protocol

from zvm_simulator.ground import wholefile


class Clock(Protocol):
    """Seconds of simulated time since the epoch."""

    def now(self) -> float:
        ...

    def sleep(self, simulated_seconds: float) -> None:
        ...


class ScaledClock:
    """Wall time times a speed that may change while it runs."""

    def __init__(self, speed: float = 1.0, now: float | None = None) -> None:
        self._lock = threading.Lock()
        self._speed = speed
        self._real = time.monotonic()
        self._simulated = time.time() if now is None else now

    @property
    def speed(self) -> float:
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Go on from the present moment at another speed."""
        if speed <= 0:
            raise ValueError('The speed of the clock must be above 0.')
        with self._lock:
            self._simulated = self._now()
            self._real = time.monotonic()
            self._speed = speed

    def advance(self, simulated_seconds: float) -> None:
        """Let some time pass at once."""
        with self._lock:
            self._simulated += simulated_seconds

    def now(self) -> float:
        with self._lock:
            return self._now()

    def sleep(self, simulated_seconds: float) -> None:
        if simulated_seconds > 0:
            time.sleep(simulated_seconds / self._speed)

    def _now(self) -> float:
        elapsed = time.monotonic() - self._real
        return self._simulated + elapsed * self._speed


class LastingClock(ScaledClock):
    """A scaled clock that never goes back, not over a restart either.

    A file says when it was what time at which speed. While no process runs,
    time goes on as it did last: z/VM does not stop because we do.
    """

    def __init__(self, path: pathlib.Path, speed: float = 1.0) -> None:
        super().__init__(speed, _time_by(path))
        self._path = path
        self._write()

    def set_speed(self, speed: float) -> None:
        super().set_speed(speed)
        self._write()

    def advance(self, simulated_seconds: float) -> None:
        super().advance(simulated_seconds)
        self._write()

    def _write(self) -> None:
        wholefile.write(self._path, json.dumps({
            'real': time.time(), 'simulated': self.now(),
            'speed': self.speed}))


def _time_by(path: pathlib.Path) -> float | None:
    if not path.exists():
        return None
    known = json.loads(path.read_text())
    passed = max(0.0, time.time() - known['real'])
    return float(known['simulated'] + passed * known['speed'])


class ManualClock:
    """A clock that moves only when it is told to."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def sleep(self, simulated_seconds: float) -> None:
        self._now += max(0.0, simulated_seconds)

    def advance(self, seconds: float) -> None:
        self._now += seconds
