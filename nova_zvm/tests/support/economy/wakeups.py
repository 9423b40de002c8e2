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

"""Waits that end with the event that they wait for.

nova's helpers look every half second, oslo.messaging's fake driver every 50
ms, and each idle thread of nova's executors every 10 ms.
"""

import threading
import time

import fixtures
import futurist._thread
from oslo_messaging._drivers import impl_fake


class Changes:
    """Counts what happens, so that it can be waited for.

    A thread that has called look() is woken by whatever happens from then
    on, also before it sleeps.
    """

    def __init__(self):
        self._condition = threading.Condition()
        self._count = 0
        self._seen = threading.local()

    def tell(self):
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def look(self):
        """Know all that has happened until now."""
        self._seen.count = self._count

    def sleep(self, seconds):
        """Sleep until something happens that this thread does not know."""
        known = getattr(self._seen, 'count', self._count)
        with self._condition:
            self._condition.wait_for(lambda: self._count != known, seconds)
        self.look()


class _Time:
    """Stands where a module has `time`."""

    def __init__(self, changes):
        self.sleep = changes.sleep

    def __getattr__(self, name):
        return getattr(time, name)


class Messages(fixtures.Fixture):
    """Deliver the messages between nova's services at once."""

    def _setUp(self):
        changes = Changes()
        deliver = impl_fake.FakeExchange.deliver_message
        stop = impl_fake.FakeListener.stop
        poll = impl_fake.FakeListener.poll

        def delivered(*args, **options):
            deliver(*args, **options)
            changes.tell()

        def stopped(listener):
            stop(listener)
            changes.tell()

        def polled(*args, **options):
            changes.look()
            return poll(*args, **options)

        module = 'oslo_messaging._drivers.impl_fake.'
        self.useFixture(fixtures.MonkeyPatch(
            module + 'FakeExchange.deliver_message', delivered))
        self.useFixture(fixtures.MonkeyPatch(
            module + 'FakeListener.stop', stopped))
        self.useFixture(fixtures.MonkeyPatch(
            module + 'FakeListener.poll', polled))
        self.useFixture(fixtures.MonkeyPatch(
            module + 'time', _Time(changes)))


class Workers(fixtures.Fixture):
    """Let a thread of an executor sleep until there is work, or its end.

    futurist's threads look from time to time whether they are to end, and
    nova.test lets them do so every 10 ms.
    """

    def _setUp(self):
        stop = futurist._thread.ThreadWorker.stop
        wait = futurist._thread.ThreadWorker._wait_for_work

        def stopped(worker):
            stop(worker)
            worker.work_queue.put(_Nothing())

        def waited(worker):
            # nova.test sets that of the class.
            worker.MAX_IDLE_FOR = 1
            return wait(worker)

        self.useFixture(fixtures.MonkeyPatch(
            'futurist._thread.ThreadWorker.stop', stopped))
        self.useFixture(fixtures.MonkeyPatch(
            'futurist._thread.ThreadWorker._wait_for_work', waited))


class _Nothing:
    """Work that only ends the wait for it."""

    def run(self):
        pass


class Instances(fixtures.Fixture):
    """Tell when nova has ended what it did with an instance.

    :ivar changes: the Changes
    """

    def _setUp(self):
        # Not before nova_zvm.tests.functional has settled how threads run.
        from nova import objects
        self.changes = changes = Changes()

        def telling(method):
            def call(*args, **options):
                try:
                    return method(*args, **options)
                finally:
                    changes.tell()
            return call

        save = objects.Instance.save

        def saved(instance, *args, **options):
            # Not obj_what_changed(), which looks at all that belongs to it.
            changed = set(instance._changed_fields)
            result = save(instance, *args, **options)
            if instance.task_state is None and changed & {
                    'task_state', 'vm_state', 'power_state', 'host'}:
                changes.tell()
            return result

        module = 'nova.objects.'
        self.useFixture(fixtures.MonkeyPatch(
            module + 'instance.Instance.save', saved))
        self.useFixture(fixtures.MonkeyPatch(
            module + 'instance.Instance.destroy',
            telling(objects.Instance.destroy)))
        self.useFixture(fixtures.MonkeyPatch(
            module + 'instance_fault.InstanceFault.create',
            telling(objects.InstanceFault.create)))
