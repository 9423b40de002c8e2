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

"""Rules that data from a YAML file must follow.

A rule is a mapping of keys to rules, a list with the rule of its items,
Names, or an object that checks a value and can say what is allowed.
"""

import re
from typing import Any

from zvm_simulator.ground import errors


class Text:
    """Text that a pattern matches; numbers lets YAML numbers through."""

    def __init__(self, pattern: str, allowed: str,
                 numbers: bool = False) -> None:
        self._pattern = re.compile(pattern)
        self._numbers = numbers
        self.allowed = allowed

    def check(self, value: Any) -> bool:
        if self._numbers and type(value) is int:
            value = str(value)
        return isinstance(value, str) and bool(self._pattern.match(value))


class Number:
    """A number, whole or not."""

    allowed = 'a number that is not negative'

    def check(self, value: Any) -> bool:
        return (isinstance(value, (int, float)) and
                not isinstance(value, bool) and value >= 0)


class Count(Number):
    """A whole number above 0."""

    allowed = 'a whole number above 0'

    def check(self, value: Any) -> bool:
        return type(value) is int and value > 0


class Switch:
    """Yes or no."""

    allowed = 'true or false'

    def check(self, value: Any) -> bool:
        return isinstance(value, bool)


class Lines:
    """Text of one line or several."""

    allowed = 'directory statements, one a line'

    def check(self, value: Any) -> bool:
        return isinstance(value, str) and bool(value.strip())


class Value:
    """What an option of a configuration file can have."""

    allowed = 'text, a number, or true or false'

    def check(self, value: Any) -> bool:
        return isinstance(value, (str, int, float))


class Some(dict[str, Any]):
    """Rules of a mapping whose keys may be left out."""


class Names(dict[str, Any]):
    """Rules name and item of a mapping's keys and of its values."""


def check(value: Any, rule: Any, path: str, source: str) -> None:
    """Raise ScenarioError if value, found at path, breaks the rule."""
    if isinstance(rule, Names):
        _check_names(value, rule, path, source)
    elif isinstance(rule, dict):
        _check_mapping(value, rule, path, source)
    elif isinstance(rule, list):
        if not isinstance(value, list):
            raise error(source, path, 'a list')
        for number, item in enumerate(value):
            check(item, rule[0], f'{path}[{number}]', source)
    elif not rule.check(value):
        raise error(source, path, rule.allowed)


def _check_names(value: Any, rule: Any, path: str, source: str) -> None:
    if not isinstance(value, dict):
        raise error(source, path, 'a mapping of names')
    for name, item in value.items():
        check(name, rule['name'], f'{path}.{name}', source)
        check(item, rule['item'], f'{path}.{name}', source)


def _check_mapping(value: Any, rule: dict[str, Any], path: str,
                   source: str) -> None:
    if not isinstance(value, dict):
        raise error(source, path, 'a mapping of ' + ', '.join(rule))
    for key in value:
        if key not in rule:
            raise error(source, _join(path, key),
                        'one of ' + ', '.join(rule))
    for key, item in rule.items():
        if key not in value and isinstance(rule, Some):
            continue
        if key not in value:
            raise error(source, _join(path, key),
                        'a value, which is missing')
        check(value[key], item, _join(path, key), source)


def _join(path: str, key: object) -> str:
    return f'{path}.{key}' if path else str(key)


def error(source: str, path: str, allowed: str) -> errors.ScenarioError:
    """Return the error that names the file, the path, what is allowed."""
    return errors.ScenarioError(
        f'{source}: {path or "the file"}: expected {allowed}.')
