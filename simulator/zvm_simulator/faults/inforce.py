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

"""Faults of the simulated z/VM, stated as data.

A fault says which commands it is for, which of those it hits, and what then
happens:

    {"match": {"command": "Image_Disk_Create_DM", "userid": "INST0001"},
     "nth": 2, "action": {"rc": 596, "rs": 3541, "text": "no space"}}

match   command (regular expression on the command line), userid, kind,
        member; all that are given must agree. With kind "rest" the fault is
        for requests to the connector ("POST /guests") and stands for the web
        server in front of it: status and output are then HTTP's.
which   nth: from the n-th match on; times: so many of them (by default all,
        or one with nth); probability with seed: that share of them; seconds:
        for so long in simulated time from now on.
action  delay            simulated seconds more, before the effect
        status, output   what the command answers, instead of the effect
        rc, rs, text     the same, as the systems management API says it
        outage           the same, as a service that is out makes it say, to
                         the commands that need it: smapi_down, smapi_silent,
                         directory_locked (all of it, or one userid's entry),
                         persmapi_off
        drop             no answer and no effect; the channel breaks
        lose_answer      the effect takes place, the answer is an error: the
                         one stated, or what a broken connection gives
        kill_connector   "before" or "after" the effect
        kill_simulator   the same, of this process
        late             a request is answered at once, as stated or not at
                         all, and the effect takes place after the delay
"""

import dataclasses
import itertools
import math
import random
import re
import threading
from typing import Any

from zvm_simulator.commands import smcli
from zvm_simulator.faults import outages
from zvm_simulator.faults import rules
from zvm_simulator.ground import clocks
from zvm_simulator.ground import errors
from zvm_simulator.ground import invocation
from zvm_simulator.ground import replies


class FaultError(ValueError):
    """The fault as stated makes no sense: where, and what is allowed."""


@dataclasses.dataclass(frozen=True)
class Action:
    """What happens to a command that a fault hits."""

    delay: float = 0.0
    reply: replies.Reply | None = None
    drop: bool = False
    lose_answer: bool = False
    kill_connector: str | None = None
    kill_simulator: str | None = None
    late: bool = False


class Fault:
    """One stated fault and how often it has matched and hit."""

    def __init__(self, ident: str, data: dict[str, Any],
                 now: float) -> None:
        self._data = {**data, 'id': ident}
        match = data.get('match', {})
        self._command = re.compile(match.get('command', ''))
        self._fields = {field: wanted for field, wanted in match.items()
                        if field != 'command'}
        if 'userid' in match:
            self._fields['userid'] = match['userid'].upper()
        self._for_requests = match.get('kind') == 'rest'
        self._outage = outages.OUTAGES.get(data['action'].get('outage'))
        self._nth = data.get('nth', 1)
        self._times = data.get('times', 1 if 'nth' in data else None)
        self._probability = data.get('probability', 1.0)
        self._random = random.Random(data.get('seed', 0))
        self._end = now + data.get('seconds', math.inf)
        self.action = _action(data['action'])
        self.matched = 0
        self.hit = 0

    def is_over(self, now: float) -> bool:
        """Tell whether its time is up."""
        return now >= self._end

    def hits(self, call: invocation.Invocation) -> bool:
        """Count the command and say whether the fault is for it."""
        if not self._matches(call):
            return False
        self.matched += 1
        if self.matched < self._nth:
            return False
        if self._times is not None and self.hit >= self._times:
            return False
        if self._random.random() >= self._probability:
            return False
        self.hit += 1
        return True

    def as_dict(self) -> dict[str, Any]:
        return {**self._data, 'matched': self.matched, 'hit': self.hit}

    def _matches(self, call: invocation.Invocation) -> bool:
        return (self._for_requests == (call.kind == 'rest')
                and all(getattr(call, field) == wanted
                    for field, wanted in self._fields.items())
                and (self._outage is None or self._outage.concerns(call))
                and self._command.search(call.line) is not None)


class Faults:
    """The faults in force; the first that hits a command is taken."""

    def __init__(self, clock: clocks.Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._faults: dict[str, Fault] = {}
        self._numbers = itertools.count(1)

    def add(self, data: dict[str, Any]) -> str:
        """Put a fault in force and return its id; FaultError if wrong."""
        if not isinstance(data, dict):
            raise FaultError('the fault: expected a JSON object.')
        try:
            rules.check(data, '', 'the fault')
        except errors.ScenarioError as error:
            raise FaultError(str(error)) from None
        with self._lock:
            ident = str(data.get('id') or f'fault-{next(self._numbers)}')
            self._faults[ident] = Fault(ident, data, self._clock.now())
        return ident

    def remove(self, ident: str) -> None:
        """Take a fault away; KeyError if there is none of that id."""
        with self._lock:
            del self._faults[ident]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def for_call(self, call: invocation.Invocation) -> Action | None:
        with self._lock:
            for fault in self._in_force():
                if fault.hits(call):
                    return fault.action
        return None

    def as_list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_dict() for fault in self._in_force()]

    def _in_force(self) -> list[Fault]:
        now = self._clock.now()
        return [fault for fault in self._faults.values()
                if not fault.is_over(now)]


def lost_answer(call: invocation.Invocation) -> replies.Reply | None:
    """Answer as smcli does when its server does; None for other programs."""
    if call.kind not in ('smapi', 'dirm'):
        return None
    return outages.TIMEOUT


def _action(data: dict[str, Any]) -> Action:
    return Action(delay=data.get('delay', 0.0), reply=_reply(data),
                  drop=data.get('drop', False),
                  lose_answer=data.get('lose_answer', False),
                  kill_connector=data.get('kill_connector'),
                  kill_simulator=data.get('kill_simulator'),
                  late=data.get('late', False))


def _reply(data: dict[str, Any]) -> replies.Reply | None:
    if 'rc' in data:
        return smcli.failure(8, data['rc'], data.get('rs', 0),
                             data.get('text', ''))
    if 'outage' in data:
        return outages.OUTAGES[data['outage']].reply
    if 'status' in data:
        return replies.Reply(data['status'], data.get('output', '').encode())
    return None
