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

"""The map of operations is that of the driver, its client and the connector.

Its first table is compared with the source of the driver and its parts, its
second with what the client asks for and with what was measured of the
connector.
"""

import ast
import contextlib
import inspect
import io
import json
import pathlib
import re
from unittest import mock

import testtools

from nova_zvm.connector.resources import disks
from nova_zvm.connector.resources import files
from nova_zvm.connector.resources import guests
from nova_zvm.connector.resources import host
from nova_zvm.connector.resources import images
from nova_zvm.connector.resources import nics
from nova_zvm.connector.resources import telemetry
from nova_zvm.connector.resources import volumes
from nova_zvm.connector.resources import vswitches

PACKAGE = pathlib.Path(__file__).parents[2]
PAGE = PACKAGE.parent / 'doc/source/contributor/operations.rst'
SAMPLES = (PACKAGE.parent /
           'simulator/zvm_simulator/tests/support/data/samples.json')
CLIENT = {'disks': disks.Disks, 'files': files.Files, 'guests': guests.Guests,
          'host': host.Host, 'images': images.Images, 'nics': nics.Nics,
          'telemetry': telemetry.Telemetry, 'volumes': volumes.Volumes,
          'vswitches': vswitches.Vswitches}
# What the connector does before nearly everything, told above the table.
GUARD = 'q'
# Folders that are no part of the driver itself.
APART = ('checks', 'cmd', 'connector', 'neutron', 'tests')


def literals(cell):
    return re.findall(r'``([^`]+)``', cell)


def table(number):
    """Return the rows of a list-table of the page as lists of cells."""
    text = PAGE.read_text().split('.. list-table::')[number]
    rows = []
    for line in text.partition('\n\n')[2].splitlines():
        if line.startswith('   * - '):
            rows.append([line[7:]])
        elif line.startswith('     - '):
            rows[-1].append(line[7:])
        elif line.startswith('       '):
            rows[-1][-1] += ' ' + line.strip()
        elif line and not line.startswith(' '):
            break
    return rows[1:]


class Wire:
    """Notes which requests the client would send."""

    def __init__(self):
        self.sent = []

    def request(self, name, method, parts, *, body=None, **_kwargs):
        action = (body or {}).get('action')
        self.sent.append((name, '%s /%s%s' % (
            method, '/'.join(parts), ' ' + action if action else '')))

    def operation(self, name, method, parts, **_kwargs):
        return name, method, parts

    def send(self, operation, body, _parse):
        self.request(*operation, body=body)

    def upload(self, operation, *_args):
        self.request(*operation)
        raise EOFError()

    download = upload


def argument(name):
    if name in ('userid', 'name', 'vdev'):
        return name.upper()
    if name == 'stream':
        return io.BytesIO(b'1')
    if name in ('disks', 'networks'):
        return [mock.Mock(body=dict)]
    return 1 if name in ('length', 'vlan_id') else name


def sent_by_client():
    """Return the routes of all requests of the client by their names."""
    routes = {}
    for call, sent in requests_of_calls().items():
        # It couples, too, a NIC that cannot be.
        if call != 'guests.unlock':
            routes.update(sent)
    return routes


def requests_of_calls():
    """Return names and routes of what each call of the client sends."""
    found = {}
    for noun, part in CLIENT.items():
        for name, method in inspect.getmembers(part, inspect.isfunction):
            if name.startswith('_'):
                continue
            wire = Wire()
            found['%s.%s' % (noun, name)] = wire.sent
            needed = [parameter for parameter in
                      inspect.signature(method).parameters.values()
                      if parameter.default is parameter.empty]
            with contextlib.suppress(EOFError):
                result = method(part(wire), *[
                    argument(parameter.name) for parameter in needed[1:]])
                if hasattr(result, '__enter__'):
                    with result:
                        pass
    return found


def command_name(line):
    """Return what a command is called: of SMAPI, CP or a program."""
    words = line.replace("'", '').split()
    program = words[0].rpartition('/')[2]
    if program == 'smcli':
        return words[1]
    if program != 'vmcp':
        return program
    if words[1] in ('query', 'spool'):
        return ' '.join(words[1:3])
    return words[1]


def measured():
    """Return the names of the commands of each sample with its request."""
    for sample in json.loads(SAMPLES.read_text()):
        # Synchronised with z/VM, which the client never asks for.
        if 'sync_with_zvm=true' in sample['send']:
            continue
        action = (sample['body'].get('action')
                  if isinstance(sample.get('body'), dict) else None)
        yield (sample['send'].partition('?')[0] +
               (' ' + action if action else ''),
               {command_name(line) for line in sample.get('commands', [])})


def commands_of(route):
    """Return the commands that were measured of a route, None if it was not.

    """
    pattern = re.compile(re.sub('USERID|NAME|VDEV', '[^/ ]+', route))
    found = [names for sent, names in measured() if pattern.fullmatch(sent)]
    return set().union(*found) - {GUARD} if found else None


def driver_tree():
    return ast.parse((PACKAGE / 'driver.py').read_text())


def driver_class():
    return next(node for node in driver_tree().body
                if isinstance(node, ast.ClassDef))


def attributes_of_self(node):
    """Yield the names of what a piece of the driver takes from self."""
    for part in ast.walk(node):
        if (isinstance(part, ast.Attribute) and
                isinstance(part.value, ast.Name) and part.value.id == 'self'):
            yield part.attr


def modules_of_verbs():
    """Return by verb the paths of what the driver hands it to."""
    paths = {node.names[0].name: '/'.join(
        [*node.module.split('.')[1:], node.names[0].name])
        for node in driver_tree().body if isinstance(node, ast.ImportFrom)}
    methods = {node.name: node for node in driver_class().body
               if isinstance(node, ast.FunctionDef)}
    wired = {}
    for node in ast.walk(methods.pop('__init__')):
        if (isinstance(node, ast.Assign) and
                isinstance(node.targets[0], ast.Attribute)):
            wired[node.targets[0].attr] = paths[node.value.func.value.id]
    return {verb: {wired[name] for name in attributes_of_self(node)
                   if name in wired} for verb, node in methods.items()}


def used_requests():
    """Return the names of the requests that the driver's parts make."""
    used = set()
    for path in PACKAGE.rglob('*.py'):
        if path.relative_to(PACKAGE).parts[0] in APART:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                owner = getattr(node.value, 'attr',
                                getattr(node.value, 'id', None))
                used.add('%s.%s' % (owner, node.attr))
    return {name for call, sent in requests_of_calls().items()
            if call in used for name, _route in sent}


class TestPage(testtools.TestCase):

    def test_verbs_and_their_modules(self):
        self.assertEqual(
            modules_of_verbs(),
            {literals(verb)[0]: set(literals(modules))
             for verb, modules, _word, _calls in table(1)})

    def test_modules_exist(self):
        for _verb, modules, _word, _calls in table(1):
            for module in literals(modules):
                self.assertTrue(
                    (PACKAGE / ('%s.py' % module)).is_file(), module)

    def test_calls_of_verbs(self):
        shown = {call for row in table(1) for call in literals(row[3])}
        self.assertEqual(used_requests(), shown)

    def test_routes(self):
        expected = {}
        for name, route in sent_by_client().items():
            expected.setdefault(route, set()).add(name)
        self.assertEqual(expected, {
            literals(route)[0]: set(literals(calls))
            for route, calls, _commands in table(2)})

    def test_commands(self):
        for route, _calls, commands in table(2):
            expected = commands_of(literals(route)[0])
            if expected is not None:
                self.assertEqual(expected, set(literals(commands)), route)
