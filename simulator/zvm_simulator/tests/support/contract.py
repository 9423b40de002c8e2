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

"""Exchanges with the connector as data, played again on the simulated z/VM.

An exchange is a request and what came of it when it was measured. samples
have the whole answer and the commands that the connector ran on z/VM, probes
the status and the codes of the answer. In both, $NAME stands for what an
earlier answer told (`keep`), or for a file of the test; a place that is
`free` is compared by its type only.
"""

from collections.abc import Iterator
import dataclasses
import importlib.resources
import json
import pathlib
import re
import shlex
import string
from typing import Any

import yaml

from zvm_simulator.service import scenarios
from zvm_simulator.tests.support import fixtures as zvm_fixtures
from zvm_simulator.tests.support import rest

Exchange = dict[str, Any]
FOLDER = importlib.resources.files(__package__) / 'data'
JSON = {'Content-Type': 'application/json'}
CODES = ('overallRC', 'rc', 'rs')
# More than the connector's own port reads of a request.
LONG = 'x' * 5000
# What in a command line is of the run or of the place, not of the request.
_LOCAL = (
    (re.compile(r'(Image_(?:Create|Replace)_DM .*) -f \S+'), r'\1 -f FILE'),
    (re.compile(r'(punch -r) \S*/'), r'\1 '),
    (re.compile(r'(rdr|-O) \d{4}\b'), r'\1 SPOOLID'),
    (re.compile(r'^which udevadm .*$'), 'udevadm'),
    (re.compile(r' << EOF.*$', re.DOTALL), ''),
    (re.compile(r'/dev/dasd[a-z]+(?=\d?$)'), '/dev/DASD'),
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a request now; directory has all lines of all entries."""

    status: int
    response: Any
    commands: list[str]
    directory: list[str]


def scenario() -> dict[str, Any]:
    """Return the system on which the exchanges were measured."""
    with importlib.resources.as_file(FOLDER / 'contract.yaml') as path:
        return scenarios.load(path)


def samples() -> list[Exchange]:
    return json.loads((FOLDER / 'samples.json').read_text())


def probes() -> list[Exchange]:
    return yaml.safe_load((FOLDER / 'probes.yaml').read_text())


class Player:
    """Sends the requests of exchanges, one after the other."""

    def __init__(self, zvm: zvm_fixtures.SimulatedZVM,
                 folder: pathlib.Path) -> None:
        """folder gets the files that the requests name."""
        self._zvm = zvm
        self._rest = rest.Rest(zvm.url, zvm.token_file)
        self._known = {'FILES': str(folder), 'LONG': LONG}
        for name, content in {
                't.img': rest.disk_image(3338, b'x' * 100),
                'big.img': rest.disk_image(60000),
                'raw.img': b'QFI\xfb'.ljust(612, b'\0'),
                'cfgdrive.tgz': b'drive', 'any': b'vm\n'}.items():
            (folder / name).write_bytes(content)

    def play(self, exchange: Exchange) -> tuple[Exchange, Outcome]:
        """Send a request; return its exchange, filled in, and the outcome."""
        clock = self._zvm.simulator.clock
        speed = clock.speed
        for step in exchange.get('before', ()):
            self._prepare(step)
        self._zvm.engine.clear_log()
        answer = self._send(self._filled(exchange))
        clock.set_speed(speed)
        try:
            response = answer.json()
        except ValueError:
            response = answer.text
        outcome = Outcome(answer.status_code, response, self._commands(),
                          self._directory())
        for name, place in exchange.get('keep', {}).items():
            self._known[name] = _at(response, place)
        return self._filled(exchange), outcome

    def _prepare(self, step: dict[str, Any]) -> None:
        """Do what is said to happen before a request."""
        clock = self._zvm.simulator.clock
        match step:
            case {'wait': seconds}:
                clock.sleep(seconds)
            case {'speed': speed}:
                clock.set_speed(speed)
            case {'fault': fault}:
                self._zvm.engine.faults.add(fault)
            case {'command': line, 'member': member}:
                self._zvm.engine.execute(member, shlex.split(line))
            case _:
                raise ValueError(step)

    def _send(self, request: Exchange) -> Any:
        method, path = request['send'].split()
        if 'text' in request:
            return self._rest.send(
                method, path, data=request['text'].encode(),
                headers=request.get('headers', JSON))
        return self._rest.send(method, path, request.get('body'),
                               headers=request.get('headers', {}))

    def _filled(self, exchange: Exchange) -> Exchange:
        text = json.dumps(exchange)
        return json.loads(string.Template(text).safe_substitute(self._known))

    def _commands(self) -> list[str]:
        return [self._line(record) for record in self._zvm.engine.log()
                if record['kind'] not in ('rest', 'wait')]

    def _directory(self) -> list[str]:
        entries = self._zvm.machine.state()['directory'].values()
        return [line for entry in entries
                for line in entry['text'].splitlines()]

    def _line(self, record: dict[str, Any]) -> str:
        images = str(self._zvm.simulator.member.image_repository)
        line = record['command'].replace(images, 'IMAGES')
        for pattern, replacement in _LOCAL:
            line = pattern.sub(replacement, line)
        return line + (' [failed]' if record['status'] else '')


def of_sample(expected: Exchange, outcome: Outcome) -> dict[str, str]:
    """Return by place in what an outcome is not the one measured."""
    found = _of_status(expected['status'], outcome)
    found.update(_walk(expected['response'], outcome.response,
                       expected.get('free', [])))
    if not set(expected.get('directory', [])) <= set(outcome.directory):
        found['directory'] = f'{outcome.directory} lacks a line'
    if outcome.commands != expected['commands']:
        found['commands'] = '\n'.join(
            ['were', *outcome.commands, 'not', *expected['commands']])
    return found


def of_probe(expected: Exchange, outcome: Outcome) -> dict[str, str]:
    """Return by place in what an outcome is not the one measured."""
    status, *codes = expected['expect']
    found = _of_status(status, outcome)
    response = dict(zip(CODES, codes))
    if 'output' in expected:
        response['output'] = expected['output']
    if response:
        found.update(_walk(response, _only(response, outcome.response),
                           expected.get('free', [])))
    return found


def _only(keys: dict[str, Any], answer: Any) -> Any:
    """Return what an answer of the connector has under some keys."""
    if not isinstance(answer, dict):
        return answer
    return {key: answer.get(key) for key in keys}


def _of_status(expected: int, outcome: Outcome) -> dict[str, str]:
    if outcome.status == expected:
        return {}
    return {'status': f'{outcome.status}, not {expected}'}


def _walk(expected: Any, actual: Any, free: list[str],
          place: str = '') -> Iterator[tuple[str, str]]:
    """Compare keys, types and values; * in a place is any item of a list."""
    if type(expected) is not type(actual) or (
            isinstance(expected, list) and len(expected) != len(actual)):
        yield place, f'{actual!r}, not {expected!r}'
    elif isinstance(expected, dict):
        for key in expected.keys() ^ actual.keys():
            yield _join(place, key), f'only in one: {actual}, not {expected}'
        for key in expected.keys() & actual.keys():
            yield from _walk(expected[key], actual[key], free,
                             _join(place, key))
    elif isinstance(expected, list):
        for one, other in zip(expected, actual):
            yield from _walk(one, other, free, _join(place, '*'))
    elif expected != actual and place not in free:
        yield place, f'{actual!r}, not {expected!r}'


def _join(place: str, key: str) -> str:
    return f'{place}.{key}' if place else key


def _at(value: Any, place: str) -> Any:
    """Return what is at a place, '' when an answer has no such place."""
    for key in place.split('.'):
        try:
            value = value[int(key) if isinstance(value, list) else key]
        except (LookupError, TypeError):
            return ''
    return value
