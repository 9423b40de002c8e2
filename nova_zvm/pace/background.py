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

"""Threads that outlive the call that begins them, with one owner.

Each has a name, and of one name there is one at a time. nova-compute stops
all of them with the service, and begins again in the same process when it is
sent a SIGHUP.
"""

from collections import abc
import threading
from typing import Any

from oslo_log import log as logging

from nova_zvm.pace import waiting

LOG = logging.getLogger(__name__)

# How long the end of the service is held up by a request that a thread waits
# for.
STOP_SECONDS = 5


class Background:
    """The threads of one driver."""

    def __init__(self, clock: waiting.Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
        # Of what has begun since the last stop; each thread keeps its own.
        self._stopping = threading.Event()
        self._own = threading.local()

    def start(self, name: str, work: abc.Callable[..., object],
              *arguments: Any) -> bool:
        """Begin some work, unless work of that name is under way.

        :returns: whether it was begun
        """
        with self._lock:
            if name in self._threads or self._stopping.is_set():
                return False
            thread = threading.Thread(
                target=self._run, name=name, daemon=True,
                args=(name, self._stopping, work, arguments))
            thread.start()
            self._threads[name] = thread
        return True

    def _run(self, name: str, stopping: threading.Event,
             work: abc.Callable[..., object],
             arguments: tuple[Any, ...]) -> None:
        self._own.stopping = stopping
        try:
            work(*arguments)
        finally:
            with self._lock:
                if self._stopping is stopping:
                    del self._threads[name]

    def _stop_of_this_thread(self) -> threading.Event:
        return getattr(self._own, 'stopping', self._stopping)

    def is_ending(self) -> bool:
        """Tell such a thread whether it has to end."""
        return self._stop_of_this_thread().is_set()

    def pause(self, seconds: float) -> bool:
        """Let time go by in such a thread; tell whether it has to end."""
        return self._stop_of_this_thread().wait(seconds)

    def names(self) -> list[str]:
        """Return the names of what is under way."""
        with self._lock:
            return sorted(self._threads)

    def join(self, name: str, seconds: float) -> None:
        """Wait for the end of some work, if it is under way."""
        with self._lock:
            thread = self._threads.get(name)
        if thread:
            thread.join(seconds)

    def stop(self) -> None:
        """End all work; wait a moment for what is in the middle of a request.

        What is longer in it ends after that request; work of the same name can
        be begun before.
        """
        self._stopping.set()
        deadline = self._clock.monotonic() + STOP_SECONDS
        for name in self.names():
            self.join(name, max(0, deadline - self._clock.monotonic()))
        LOG.debug('Under way in the background: %s', self.names())
        with self._lock:
            self._threads = {}
            self._stopping = threading.Event()
