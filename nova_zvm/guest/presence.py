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

"""Presence: whether a guest exists and is on, by the cheapest call there is.

One thing is kept between calls, the connector's list of guests of a moment
ago, so that a power sync does not ask for it once per server that is off.
"""

import threading

from nova.compute import power_state
from nova import exception as nova_exception
from nova import objects
from oslo_log import log as logging

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.pace import waiting
from nova_zvm.record import ownership

LOG = logging.getLogger(__name__)

# How old the list of guests may be when nova allows a cached answer.
LISTING_SECONDS = 30

# How long a connector that was not there is not asked for power states:
# nova-compute asks for one server after the other when it starts.
ABSENT_SECONDS = 30


class Presence:
    """Which guests there are."""

    def __init__(self, connector: client.Connector,
                 clock: waiting.Clock) -> None:
        self._connector = connector
        self._clock = clock
        self._lock = threading.Lock()
        self._listing: frozenset[str] = frozenset()
        self._listed_at: float | None = None

    def userids(self, max_age: float = 0) -> frozenset[str]:
        """Return the userids that the connector knows, running or not."""
        with self._lock:
            now = self._clock.monotonic()
            age = None if self._listed_at is None else now - self._listed_at
            if age is None or age >= max_age:
                with translation.to_nova():
                    self._listing = frozenset(self._connector.guests.list())
                self._listed_at = self._clock.monotonic()
            return self._listing

    def state(self, instance: 'objects.Instance', use_cache: bool) -> int:
        """Return nova's power state of an instance.

        One z/VM command. CP does not tell a missing guest from one that is
        off, so for these the connector's list is asked too. When the
        connector cannot tell, the state that nova has recorded is the best
        there is: any error here keeps nova-compute from starting.

        :raises InstanceNotFound: if there is no guest
        """
        userid = ownership.required_userid(instance)
        if (ownership.starts_after_capture(instance) and
                not ownership.is_paused(instance)):
            # Off for the time of a capture, and soon on again.
            return power_state.RUNNING
        if self._connector.found_absent(ABSENT_SECONDS):
            return _recorded_state(instance)
        try:
            return self._state_on_zvm(instance, userid, use_cache)
        except failures.ConnectorUnreachable:
            return _recorded_state(instance)
        except failures.ConnectorFailure as exc:
            LOG.warning('Cannot determine the power state, keeping the last '
                        'known one: %s', exc, instance=instance)
            return _recorded_state(instance)

    def _state_on_zvm(self, instance: 'objects.Instance', userid: str,
                      use_cache: bool) -> int:
        with translation.to_nova(instance):
            answer = self._connector.guests.power_state(userid)
        if answer == 'on':
            return (power_state.PAUSED if ownership.is_paused(instance)
                    else power_state.RUNNING)
        known = self.userids(LISTING_SECONDS if use_cache else 0)
        if userid not in known and userid not in self.userids():
            raise nova_exception.InstanceNotFound(instance_id=instance.uuid)
        return power_state.SHUTDOWN

    def exists(self, instance: 'objects.Instance') -> bool:
        userid = ownership.claimed_userid(instance)
        return userid is not None and userid in self.userids()

    def in_directory(self, userid: str) -> bool:
        """Tell whether the z/VM directory has an entry of this name.

        The connector logs a "no" as an error. No other request proves it:
        CP's QUERY USER says the same of a guest that is off and of one that
        does not exist, and from its list of all guests the connector leaves
        out those that are on at another member, with two CP commands for
        each guest (zvmsdk/hostops.py guest_list, 1.6.3).
        """
        try:
            self._connector.guests.directory_entry(userid)
        except errors.NotFound:
            return False
        return True

    def forget(self, userid: str) -> None:
        """Drop a guest that was deleted from what is kept."""
        with self._lock:
            self._listing -= {userid}


def _recorded_state(instance: 'objects.Instance') -> int:
    """Return what nova has recorded, the best there is without z/VM."""
    return instance.power_state or power_state.NOSTATE
