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

"""nova's service of this host, disabled while z/VM does not answer.

The scheduler sends no server to a disabled one. The reason begins as that of
nova's libvirt driver does (nova/virt/libvirt/driver.py, _set_host_enabled),
and only a service with such a reason is enabled again: one that an operator
has disabled stays so. nova's database alone remembers it, for the next start
of nova-compute too.
"""

from collections import abc
import contextlib
import threading
import typing

from nova import conf
from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from oslo_log import log as logging

from nova_zvm.pace import waiting

CONF = conf.CONF
LOG = logging.getLogger(__name__)

PREFIX = 'AUTO: '
# The column disabled_reason in nova's database.
REASON_LENGTH = 255


class ServiceStatus:
    """Whether nova may send new servers to this host."""

    def __init__(self, virtapi: typing.Any, disable_after: float,
                 clock: waiting.Clock) -> None:
        """Prepare; nothing is asked yet.

        :param disable_after: seconds without an answer, 0 for never
        """
        self._virtapi = virtapi
        self._disable_after = disable_after
        self._clock = clock
        # Held while the record is written, so that a success which comes
        # after a failure is also recorded after it.
        self._lock = threading.Lock()
        self._failing_since: float | None = None
        self._settled = False

    @contextlib.contextmanager
    def following(self) -> abc.Iterator[None]:
        """Disable or enable the service by what becomes of a look at z/VM."""
        started = self._clock.monotonic()
        try:
            yield
        except Exception as exc:
            with self._lock:
                self._failed(exc, started)
            raise
        with self._lock:
            self._succeeded()

    def _failed(self, exc: Exception, started: float) -> None:
        self._settled = False
        if self._failing_since is None:
            self._failing_since = started
        seconds = self._clock.monotonic() - self._failing_since
        # Without the periodic update nothing would enable the service again.
        if (0 < self._disable_after <= seconds and
                CONF.update_resources_interval >= 0):
            with _retried('disable'):
                self._disable(seconds, exc)

    def _succeeded(self) -> None:
        self._failing_since = None
        if not self._settled:
            with _retried('enable'):
                self._settled = self._enable()

    def _disable(self, seconds: float, exc: Exception) -> None:
        context = nova_context.get_admin_context()
        service = objects.Service.get_by_compute_host(context, CONF.host)
        if not service.disabled:
            service.disabled = True
            service.disabled_reason = (PREFIX + str(exc))[:REASON_LENGTH]
            service.save()
            LOG.warning('No look at z/VM has succeeded for %d seconds: the '
                        'compute service of this host is disabled until one '
                        'does', seconds)
        if _is_automatic(service):
            self._mark_provider(context, service)

    def _enable(self) -> bool:
        """Return whether there is a service, which then is enabled.

        Unless an operator has disabled it.
        """
        context = nova_context.get_admin_context()
        try:
            service = objects.Service.get_by_compute_host(context, CONF.host)
        except nova_exception.ComputeHostNotFound:
            # nova records a new service after it has asked for the node.
            return False
        if service.disabled and _is_automatic(service):
            service.disabled = False
            service.disabled_reason = None
            service.save()
            LOG.info('z/VM answers again: the compute service of this host '
                     'is enabled')
            self._mark_provider(context, service)
        return True

    def _mark_provider(self, context: nova_context.RequestContext,
                       service: 'objects.Service') -> None:
        """Give or take the trait COMPUTE_STATUS_DISABLED.

        A host that z/VM has never answered has no provider yet.
        """
        with contextlib.suppress(nova_exception.ComputeHostNotFound):
            self._virtapi.update_compute_provider_status(
                context, service.compute_node.uuid, not service.disabled)


def _is_automatic(service: 'objects.Service') -> bool:
    return (service.disabled_reason or '').startswith(PREFIX)


@contextlib.contextmanager
def _retried(verb: str) -> abc.Iterator[None]:
    """Log what nova's database or Placement fails with.

    The next look at z/VM comes here again. Once z/VM answers, nova sets the
    trait by the record of the service in each update of resources
    (nova/compute/resource_tracker.py, _sync_compute_service_disabled_trait).
    """
    try:
        yield
    except Exception as exc:
        LOG.warning('Failed to %s the compute service of this host; this '
                    'will be retried with the next update of resources: %s',
                    verb, exc)
