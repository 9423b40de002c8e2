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

"""Watches in which order threads take the driver's locks."""

import contextlib
import threading

import fixtures
from oslo_concurrency import lockutils

from nova_zvm.pace import locks


class LockOrder(fixtures.Fixture):
    """Fails a test in which two locks were taken the wrong way round.

    That is seen although nothing has come of it: each thread alone goes on.
    """

    def _setUp(self):
        self.wrong = []
        self._held = threading.local()
        self._lock = lockutils.lock
        self.useFixture(fixtures.MonkeyPatch(
            'oslo_concurrency.lockutils.lock', self._watched))
        self.addCleanup(self._check)

    def _check(self):
        if self.wrong:
            raise AssertionError('Taken after each other: %s' % self.wrong)

    @contextlib.contextmanager
    def _watched(self, name, *args, **options):
        # nova 31 names some of its own by a tuple.
        rank = next((rank for rank, kind in enumerate(locks.ORDER)
                     if str(name).startswith(kind)), None)
        if rank is None:
            with self._lock(name, *args, **options) as lock:
                yield lock
            return
        held = self._held.__dict__.setdefault('locks', [])
        self.wrong += [(before, name) for before_rank, before in held
                       if before_rank >= rank]
        with self._lock(name, *args, **options) as lock:
            held.append((rank, name))
            try:
                yield lock
            finally:
                held.remove((rank, name))
