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

"""Frozen dataclasses to plain JSON data and back.

The state of the machine is made of frozen dataclasses whose fields are
strings, numbers, booleans, other such classes, and tuples, dictionaries or
options of them; no field needs more to be written and read again.
"""

import dataclasses
import types
from typing import Any
from typing import get_args
from typing import get_origin
from typing import get_type_hints
from typing import TypeVar
from typing import Union

T = TypeVar('T')


def encode(value: Any) -> Any:
    """Return value as JSON data."""
    if dataclasses.is_dataclass(value):
        return {name: encode(getattr(value, name))
                for name in _hints(type(value))}
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return value


def decode(cls: type[T], data: Any) -> T:
    """Return the object of class cls that data was made of."""
    result: T = _decode(cls, data)
    return result


def _decode(hint: Any, data: Any) -> Any:
    if data is None:
        return None
    if dataclasses.is_dataclass(hint):
        hints = _hints(hint)
        return hint(**{name: _decode(hints[name], item)  # type: ignore
                       for name, item in data.items() if name in hints})
    origin = get_origin(hint)
    if origin is tuple:
        item_hint = get_args(hint)[0]
        return tuple(_decode(item_hint, item) for item in data)
    if origin is dict:
        item_hint = get_args(hint)[1]
        return {key: _decode(item_hint, item) for key, item in data.items()}
    if origin in (Union, types.UnionType):
        return _decode(get_args(hint)[0], data)
    return data


_CACHE: dict[Any, dict[str, Any]] = {}


def _hints(cls: Any) -> dict[str, Any]:
    hints = _CACHE.get(cls)
    if hints is None:
        hints = _CACHE[cls] = get_type_hints(cls)
    return hints
