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

"""kill -9 for a nova-compute that shares its process with the test."""

import re
import threading

import fixtures
from oslo_concurrency import lockutils
import requests


class Killed(BaseException):
    """Ends a thread of a nova-compute that was killed."""


class Killer(fixtures.Fixture):
    """Kills nova-compute, which shares its process with the test.

    The thread that sends the fatal request stops right after it, and when
    it goes on, at the end of the cell, its driver sends nothing more. So no
    exception handler and no finally block does anything, as after kill -9.
    """

    def __init__(self, url):
        super().__init__()
        self._url = url
        self._dead = set()
        self._pattern = None
        self._over = threading.Event()

    def _setUp(self):
        self._send = requests.Session.send
        self.useFixture(fixtures.MonkeyPatch(
            'requests.Session.send',
            lambda session, request, **options: self._intercept(
                session, request, options)))
        self.addCleanup(self.release)
        self.useFixture(fixtures.MonkeyPatch(
            'oslo_concurrency.lockutils._semaphores',
            lockutils.Semaphores()))

    def arm(self, pattern, nth, before=False):
        """Kill with the nth request to the connector that matches.

        :param before: whether the request is then not sent
        """
        self._pattern, self._left = re.compile(pattern), nth
        self._before = before
        self.killed = threading.Event()
        self._over = threading.Event()

    def release(self):
        """Let the thread end; its process has been replaced."""
        self._pattern = None
        self._over.set()

    def _intercept(self, session, request, options):
        # A driver has a session for each of its threads.
        if session in self._dead:
            raise Killed()
        fatal = self._is_fatal(request)
        if fatal and self._before:
            self._stop(session)
        try:
            return self._send(session, request, **options)
        finally:
            if fatal:
                self._stop(session)

    def _is_fatal(self, request):
        if (self._pattern is None or
                not request.url.startswith(self._url) or
                not self._pattern.search('%s %s' % (
                    request.method, request.path_url))):
            return False
        self._left -= 1
        return self._left == 0

    def _stop(self, session):
        self._dead.add(session)
        # The locks of a process end with it.
        lockutils._semaphores = lockutils.Semaphores()
        self.killed.set()
        self._over.wait()
        raise Killed()
