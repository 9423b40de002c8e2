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

"""The documents of the status page, rendered from the running system.

The page is a whole document; two fragments of it are fetched again while
somebody looks at it: the system from time to time, the log all the time. A
browser without scripts loads the whole page again.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import functools
import importlib.resources
from typing import Any
from typing import Protocol

import jinja2

from zvm_simulator.faults import dispatch
from zvm_simulator.ground import clocks
from zvm_simulator.service.page import masking
from zvm_simulator.service.page import views

LOG_LINES = 100
# Kinds of command whose errors are z/VM's own words.
_TALKING = ('smapi', 'dirm', 'cp')
_ASSETS = {'status.css': 'text/css', 'status.js': 'text/javascript'}


class System(Protocol):
    """What the page shows."""

    clock: clocks.LastingClock
    engine: dispatch.Engine
    machine: Any

    def describe(self) -> dict[str, Any]:
        """Return URLs and paths."""


@dataclasses.dataclass(frozen=True)
class Document:
    """What a browser gets."""

    media_type: str
    text: str


def document(system: System, name: str,
             query: Mapping[str, str]) -> Document:
    """Return a document of the page; KeyError if there is none such."""
    if name in _ASSETS:
        return Document(_ASSETS[name], _file(name))
    template, facts = {
        'status': ('status.html', _all), 'system': ('system.html', _system),
        'log': ('log.html', _log)}[name]
    return Document('text/html', _templates().get_template(template).render(
        facts(system, query)))


def _all(system: System, query: Mapping[str, str]) -> dict[str, Any]:
    return {**_system(system, query), **_log(system, query)}


def _system(system: System, query: Mapping[str, str]) -> dict[str, Any]:
    state = system.machine.state()
    wanted = query.get('guest', '').strip()
    number = query.get('page', '1')
    return {
        'name': state['ssi'] or next(iter(state['members'])),
        'ssi': state['ssi'],
        'now': state['time'],
        'speed': system.clock.speed,
        'profile': system.engine.latency.as_dict()['profile'],
        'faults': system.engine.faults.as_list(),
        'members': views.members(state, system.describe()['members']),
        'wanted': wanted,
        'guests': views.guests(
            state, wanted, int(number[:9]) if number.isdecimal() else 1),
        'logged_on': len(state['guests']),
        'volumes': views.volumes(state),
        'switches': views.switches(state),
        'fcp_devices': views.fcp_devices(state),
    }


def _log(system: System, query: Mapping[str, str]) -> dict[str, Any]:
    return {'records': [_record(record) for record in reversed(
        system.engine.log(limit=LOG_LINES))]}


def _record(record: dict[str, Any]) -> dict[str, Any]:
    """Return what may be seen of a record of the log."""
    shown = {name: record[name] for name in (
        'seq', 'member', 'kind', 'started', 'ended', 'outcome', 'status')}
    refused = (record['status'] or 0) >= (
        400 if record['kind'] == 'rest' else 1)
    command = masking.line(record['command'], record['kind'])
    # An error may repeat what the command was given.
    told = (refused and record['kind'] in _TALKING
            and masking.MASK not in command)
    return {
        **shown, 'command': command,
        'bad': refused or record['outcome'] not in ('running', 'done'),
        'message': record['output'].partition('\n')[0] if told else '',
    }


def _moment(seconds: float, form: str) -> str:
    return datetime.datetime.fromtimestamp(
        seconds, datetime.timezone.utc).strftime(form)


def _file(name: str) -> str:
    return importlib.resources.files(__package__).joinpath(
        'templates', name).read_text()


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_file), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True)
    filters: dict[str, Callable[..., str]] = {
        'moment': _moment, 'count': lambda number: f'{number:,}'}
    environment.filters.update(filters)
    return environment
