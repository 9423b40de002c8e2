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

"""Live guest relocations: from the command to the guest's new member.

A relocation takes its time, in which the guest runs on where it was. It
ends when its time is over, whether or not the one who asked for it is still
there: the guest is at the destination then, or still at the source.
"""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses

from zvm_simulator.cp import machines
from zvm_simulator.cp import members
from zvm_simulator.ground import errors
from zvm_simulator.ground import stores
from zvm_simulator.ssi import eligibility

NOT_LOGGED_ON = 'HCP0045E'
LOGOFF_PENDING = 'HCP0361E'
NOT_IN_PROGRESS = 'HCP1926E'
# With this CP says the same of other commands.
INVALID_OPERAND = 'HCP0002E'
# Not CP's numbers, as far as known: it has others for this.
IN_PROGRESS = 'HCP1921E'
TIME_EXCEEDED = 'HCP1922E'
CANCELLED = 'HCP1925E'
# Seconds that a guest may stand still, unless the command says otherwise.
MAX_QUIESCE = 10.0


class NotRelocated(errors.Refusal):
    """CP does not relocate a guest; its messages by number."""

    def __init__(self, *messages: str) -> None:
        super().__init__(' '.join(messages))


@dataclasses.dataclass(frozen=True)
class Limits:
    """Seconds that all of it and the standing still may take; None: any."""

    total: float | None = None
    quiesce: float | None = MAX_QUIESCE


@dataclasses.dataclass(frozen=True)
class Relocation:
    """A relocation in progress."""

    userid: str
    source: str
    destination: str
    by: str
    began: float
    force: tuple[str, ...] = ()
    limits: Limits = Limits()


class Relocations:
    """The relocations in progress, and how those that have ended did so.

    duration and quiesce are the seconds that one takes in all, and for
    which the guest stands still at its end.
    """

    def __init__(self, store: stores.Store, guests: machines.Guests,
                 systems: Mapping[str, members.Member],
                 checks: eligibility.Eligibility, duration: float,
                 quiesce: float) -> None:
        self._guests = guests
        self._systems = systems
        self._checks = checks
        self._duration = duration
        self._quiesce = min(quiesce, duration)
        self._ended: dict[str, tuple[str, ...]] = {}
        self._relocations = stores.Table(store, 'relocation', Relocation)

    def all(self) -> list[Relocation]:
        return self._relocations.values()

    def find(self, userid: str) -> Relocation | None:
        return self._relocations.get(userid)

    def test(self, userid: str, source: str, destination: str,
             force: Collection[str] = ()) -> None:
        """Raise NotRelocated if a guest cannot go to another member now."""
        guest = self._guests.at(source).find(userid)
        if guest is None:
            raise NotRelocated(NOT_LOGGED_ON)
        if guest.leaving_at is not None:
            raise NotRelocated(LOGOFF_PENDING)
        if destination not in self._systems or destination == source:
            raise NotRelocated(INVALID_OPERAND)
        if self.find(userid):
            raise NotRelocated(IN_PROGRESS)
        reasons = self._checks.reasons(self._route(
            guest, source, destination, force))
        if reasons:
            raise NotRelocated(eligibility.NOT_RELOCATABLE, *reasons)

    def begin(self, relocation: Relocation) -> None:
        """Begin to move a guest; NotRelocated as test()."""
        self.test(relocation.userid, relocation.source,
                  relocation.destination, relocation.force)
        self._ended.pop(relocation.userid, None)
        self._relocations.put(relocation.userid, relocation)

    def change_limits(self, userid: str,
                      changes: Mapping[str, float | None]) -> None:
        relocation = self._in_progress(userid)
        limits = dataclasses.replace(relocation.limits, **changes)
        self._relocations.put(userid, dataclasses.replace(relocation,
                                                          limits=limits))

    def cancel(self, userid: str) -> None:
        self._end(self._in_progress(userid), CANCELLED)

    def check_ended(self, userid: str) -> None:
        """Raise NotRelocated if the last relocation of a guest failed."""
        messages = self._ended.pop(userid, ())
        if messages:
            raise NotRelocated(*messages)

    def due(self, now: float) -> list[Relocation]:
        """Return those whose time is over, or whose guest has gone."""
        return [item for item in self._relocations.values()
                if now >= item.began + min(self._duration,
                                           self._allowed(item.limits))
                or self._guest(item) is None]

    def finish(self, now: float) -> None:
        """End the relocations whose time is over.

        What was in order at the beginning need not be so any more: then the
        guest stays.
        """
        for relocation in self.due(now):
            self._finish(relocation)

    def _finish(self, relocation: Relocation) -> None:
        guest = self._guest(relocation)
        if guest is None:
            self._end(relocation, NOT_LOGGED_ON)
        elif self._allowed(relocation.limits) < self._duration:
            self._end(relocation, TIME_EXCEEDED)
        else:
            self._move(guest, relocation)

    def _move(self, guest: machines.Guest, relocation: Relocation) -> None:
        route = self._route(guest, relocation.source, relocation.destination,
                            relocation.force)
        reasons = self._checks.reasons(route)
        if reasons:
            self._end(relocation, eligibility.NOT_RELOCATABLE, *reasons)
        else:
            self._end(relocation)
            self._guests.put(self._checks.moved(route))

    def _guest(self, relocation: Relocation) -> machines.Guest | None:
        """Return the guest if it is the one that was to be moved."""
        guest = self._guests.at(relocation.source).find(relocation.userid)
        if guest is None or guest.leaving_at is not None or (
                guest.since > relocation.began):
            return None
        return guest

    def _end(self, relocation: Relocation, *messages: str) -> None:
        """Messages say why it was in vain."""
        self._relocations.remove(relocation.userid)
        self._ended[relocation.userid] = messages

    def _allowed(self, limits: Limits) -> float:
        """Return after how long a relocation is given up at the latest."""
        times = [] if limits.total is None else [limits.total]
        if limits.quiesce is not None:
            times.append(self._duration - self._quiesce + limits.quiesce)
        return min(times, default=float('inf'))

    def _in_progress(self, userid: str) -> Relocation:
        relocation = self.find(userid)
        if relocation is None:
            raise NotRelocated(NOT_IN_PROGRESS)
        return relocation

    def _route(self, guest: machines.Guest, source: str, destination: str,
               force: Collection[str]) -> eligibility.Route:
        return eligibility.Route(guest, self._systems[source],
                                 self._systems[destination], force)
