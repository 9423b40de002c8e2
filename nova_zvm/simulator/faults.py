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

    {"match": {"command": "Image_Create_DM", "userid": "INST0001"},
     "nth": 2, "action": {"rc": 596, "rs": 3658, "text": "no space"}}

match   command (regular expression on the command line), userid, kind,
        member; all that are given must agree. With kind "rest" the fault is
        for requests to the connector ("POST /guests") and stands for the web
        server in front of it: status and output are then HTTP's.
which   nth: from the n-th match on; times: so many of them (by default all,
        or one with nth); probability with seed: that share of them.
action  delay            simulated seconds more, before the effect
        status, output   what the command answers, instead of the effect
        rc, rs, text     the same, as the systems management API says it
        drop             no answer and no effect; the channel breaks
        lose_answer      the effect takes place, the answer is an error: the
                         one stated, or what a broken connection gives
        kill_connector   "before" or "after" the effect
        late             a request is answered at once, as stated or not at
                         all, and the effect takes place after the delay
"""

import dataclasses
import itertools
import random
import re
import threading
from typing import Any

from nova_zvm.simulator.commands import smcli
from nova_zvm.simulator import invocation
from nova_zvm.simulator import reply as replies

_MATCH = {'command', 'userid', 'kind', 'member'}
_WHICH = {'nth': int, 'times': int, 'probability': (int, float), 'seed': int}
_ACTION = {'delay': (int, float), 'status': int, 'output': str, 'rc': int,
           'rs': int, 'text': str, 'drop': bool, 'lose_answer': bool,
           'kill_connector': str, 'late': bool}
_TYPE_NAMES: dict[Any, str] = {
    int: 'a whole number', (int, float): 'a number', str: 'text',
    bool: 'true or false', dict: 'a JSON object'}


class FaultError(ValueError):
    """The fault as stated makes no sense."""


@dataclasses.dataclass(frozen=True)
class Action:
    """What happens to a command that a fault hits."""

    delay: float = 0.0
    reply: replies.Reply | None = None
    drop: bool = False
    lose_answer: bool = False
    kill_connector: str | None = None
    late: bool = False


class Fault:
    """One stated fault and how often it has matched and hit."""

    def __init__(self, ident: str, data: dict[str, Any]) -> None:
        self._data = {**data, 'id': ident}
        match = data.get('match', {})
        self._command = _pattern(match.get('command', ''))
        self._fields = {field: wanted for field, wanted in match.items()
                        if field != 'command'}
        self._for_requests = match.get('kind') == 'rest'
        self._nth = data.get('nth', 1)
        self._times = data.get('times', 1 if 'nth' in data else None)
        self._probability = data.get('probability', 1.0)
        self._random = random.Random(data.get('seed', 0))
        self.action = _action(data['action'])
        self.matched = 0
        self.hit = 0

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
                and self._command.search(call.line) is not None)


class Faults:
    """The faults in force; the first that hits a command is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, Fault] = {}
        self._numbers = itertools.count(1)

    def add(self, data: dict[str, Any]) -> str:
        """Put a fault in force and return its id; FaultError if wrong."""
        check(data)
        with self._lock:
            ident = str(data.get('id') or f'fault-{next(self._numbers)}')
            self._faults[ident] = Fault(ident, data)
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
            for fault in self._faults.values():
                if fault.hits(call):
                    return fault.action
        return None

    def as_list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_dict() for fault in self._faults.values()]


def lost_answer(call: invocation.Invocation) -> replies.Reply | None:
    """Answer as smcli does when its server does; None for other programs."""
    if call.kind not in ('smapi', 'dirm'):
        return None
    return replies.failure(
        1, '25 -108 110 (details) Connection timed out ULGSMC6010E Receive '
           'from the socket failed\n')


def _action(data: dict[str, Any]) -> Action:
    return Action(delay=data.get('delay', 0.0), reply=_reply(data),
                  drop=data.get('drop', False),
                  lose_answer=data.get('lose_answer', False),
                  kill_connector=data.get('kill_connector'),
                  late=data.get('late', False))


def _reply(data: dict[str, Any]) -> replies.Reply | None:
    if 'rc' in data:
        return smcli.failure(8, data['rc'], data.get('rs', 0),
                             data.get('text', ''))
    if 'status' in data:
        return replies.Reply(data['status'], data.get('output', '').encode())
    return None


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise FaultError(f'match.command is not a regular expression: '
                         f'{error}.') from None


def check(data: Any) -> None:
    """Raise FaultError if a fault as stated makes no sense."""
    _fields(data, {'id': str, 'match': dict, 'action': dict, **_WHICH},
            'a fault')
    if not data.get('action'):
        raise FaultError(f'action must have at least one of '
                         f'{", ".join(sorted(_ACTION))}.')
    _fields(data.get('match', {}), dict.fromkeys(_MATCH, str), 'match')
    _pattern(data.get('match', {}).get('command', ''))
    _fields(data['action'], _ACTION, 'action')
    if data['action'].get('kill_connector', 'after') not in (
            'before', 'after'):
        raise FaultError('action.kill_connector must be "before" or '
                         '"after".')
    if data.get('match', {}).get('kind') == 'rest' and 'rc' in data['action']:
        raise FaultError('A request is answered with status and output, not '
                         'with rc.')
    if data.get('match', {}).get('kind') != 'rest' and data['action'].get(
            'late'):
        raise FaultError('Only a request can be answered before its effect: '
                         'late needs kind "rest".')
    for name in ('nth', 'times'):
        if data.get(name, 1) < 1:
            raise FaultError(f'{name} must be 1 or more.')


def _fields(data: Any, allowed: dict[str, Any], where: str) -> None:
    if not isinstance(data, dict):
        raise FaultError(f'{where} must be a JSON object.')
    for name, value in data.items():
        if name not in allowed:
            raise FaultError(f'{where} cannot have {name!r}: use '
                             f'{", ".join(sorted(allowed))}.')
        if not isinstance(value, allowed[name]):
            raise FaultError(f'{name} of {where} must be '
                             f'{_TYPE_NAMES[allowed[name]]}.')
