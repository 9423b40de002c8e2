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

"""What the modules of a package offer under a name, found by looking.

So a new API or program is a new file, and no table elsewhere lists it.
"""

from collections.abc import Iterable
import importlib
import pkgutil
import types
from typing import Any


def offers(package: types.ModuleType,
           attribute: str) -> list[tuple[types.ModuleType, Any]]:
    """Return each module of a package that has the attribute, with that."""
    found = []
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + '.'):
        module = importlib.import_module(info.name)
        if hasattr(module, attribute):
            found.append((module, getattr(module, attribute)))
    return found


def table(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return a dictionary; ValueError where a name comes twice."""
    known: dict[str, Any] = {}
    for name, item in items:
        if name in known:
            raise ValueError(f'{name} is offered twice.')
        known[name] = item
    return known
