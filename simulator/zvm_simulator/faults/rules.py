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

"""What a fault may say, and the sentence for each rule that one breaks."""

import re
from typing import Any

from zvm_simulator.faults import outages
from zvm_simulator.ground import invocation
from zvm_simulator.ground import schema

_ANSWERS = ('rc', 'status', 'outage', 'drop')
_NEEDED = {'rs': 'rc', 'text': 'rc', 'output': 'status'}


class _Whole(schema.Number):
    allowed = 'a whole number'

    def check(self, value: Any) -> bool:
        return type(value) is int


class _Status(_Whole):
    allowed = 'a whole number from 0 to 599'

    def check(self, value: Any) -> bool:
        return super().check(value) and 0 <= value < 600


class _Share(schema.Number):
    allowed = 'a number above 0 and up to 1'

    def check(self, value: Any) -> bool:
        return super().check(value) and 0 < value <= 1


class _Pattern:
    allowed = 'a regular expression'

    def check(self, value: Any) -> bool:
        try:
            return isinstance(value, str) and bool(re.compile(value))
        except re.error:
            return False


class _Words:
    allowed = 'text'

    def check(self, value: Any) -> bool:
        return isinstance(value, str)


def _one_of(*words: str) -> schema.Text:
    return schema.Text(f'^({"|".join(words)})$', 'one of ' + ', '.join(words))


_NAME = schema.Text(r'^[A-Za-z0-9@#$_]{1,8}$',
                    'a name of 1 to 8 letters and digits')
_MOMENT = _one_of('before', 'after')
RULES = schema.Some({
    'id': schema.Text(r'^[^/\s]+$', 'a word'),
    'match': schema.Some({
        'command': _Pattern(), 'userid': _NAME, 'member': _NAME,
        'kind': _one_of(*invocation.KINDS, 'rest')}),
    'nth': schema.Count(), 'times': schema.Count(),
    'probability': _Share(), 'seed': _Whole(), 'seconds': schema.Number(),
    'action': schema.Some({
        'delay': schema.Number(), 'status': _Status(), 'output': _Words(),
        'rc': _Whole(), 'rs': _Whole(), 'text': _Words(),
        'outage': _one_of(*outages.OUTAGES), 'drop': schema.Switch(),
        'lose_answer': schema.Switch(), 'kill_connector': _MOMENT,
        'kill_simulator': _MOMENT, 'late': schema.Switch()})})


def check(fault: Any, path: str, source: str) -> None:
    """Raise ScenarioError if the fault found at path makes no sense."""
    schema.check(fault, RULES, path, source)
    action = fault.get('action')
    place = f'{path}.action' if path else 'action'
    if not action:
        raise schema.error(source, place, 'at least one of ' + ', '.join(
            RULES['action']))
    for name, needed in _NEEDED.items():
        if name in action and needed not in action:
            raise schema.error(source, f'{place}.{name}',
                               f'nothing without {needed}')
    if sum(bool(name in action and action[name] is not False)
           for name in _ANSWERS) > 1:
        raise schema.error(source, place, 'only one of ' + ', '.join(
            _ANSWERS))
    _check_kind(fault.get('match', {}).get('kind'), action, place, source)


def _check_kind(kind: str | None, action: dict[str, Any], place: str,
                source: str) -> None:
    """A request is answered by HTTP, a command by z/VM."""
    if kind != 'rest':
        if action.get('late'):
            raise schema.error(source, f'{place}.late', 'nothing but with '
                               'match.kind rest')
        return
    for name in ('rc', 'outage'):
        if name in action:
            raise schema.error(source, f'{place}.{name}', 'nothing with '
                               'match.kind rest; status and output instead')
    if action.get('status', 100) < 100:
        raise schema.error(source, f'{place}.status', 'a status of HTTP, 100 '
                           'to 599')
