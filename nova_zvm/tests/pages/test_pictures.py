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

"""The pictures of the documentation, and the call flow of a boot in one.

The text lanes on contributor/spawn.rst are compared with a boot by a
functional test, and here the picture is compared with them.
"""

import pathlib
import re

import testtools

DOC = pathlib.Path(__file__).parents[3] / 'doc/source'
DIAGRAMS = DOC / '_diagrams'


def lanes():
    """Return the requests of the text lanes, each with its commands."""
    text = (DOC / 'contributor/spawn.rst').read_text()
    found = []
    for line in text.partition('lanes-begin')[2].partition(
            'lanes-end')[0].splitlines():
        indent = len(line) - len(line.lstrip())
        if indent == 8:
            found.append((line.strip(), set()))
        elif indent == 10:
            found[-1][1].add(line.strip())
    return found


class Picture:
    """The nodes and arrows of a picture, read as its reader does."""

    def __init__(self, name):
        text = (DIAGRAMS / name).read_text()
        self._labels = dict(re.findall(r'^ *(\w+) \[label="(.*?)"', text,
                                       re.M))
        self._arrows = set()
        for chain in re.findall(r'^ *(\w+(?: -> \w+)+)', text, re.M):
            nodes = chain.split(' -> ')
            self._arrows.update(zip(nodes, nodes[1:]))

    def lines(self, node):
        """Return what stands in a node, a broken name put together."""
        label = self._labels[node].replace('_\\n', '_')
        return label.split('\\n')

    def next(self, node, lane):
        """Return to which node of a lane the arrow of a node leads."""
        found = [end for start, end in self._arrows
                 if start == node and end.startswith(lane + '_')]
        if len(found) > 1:
            raise AssertionError('%s leads to %s' % (node, sorted(found)))
        return found[0] if found else None

    def steps(self):
        """Yield the requests of each step, and the commands."""
        step = self.next('nova_spawn', 'driver')
        while step:
            requests = self.next(step, 'connector')
            commands = self.next(requests, 'system')
            yield (self.lines(requests),
                   self.lines(commands) if commands else [])
            step = self.next(step, 'driver')


class TestBoot(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.steps = list(Picture('spawn.dot').steps())

    def test_requests(self):
        self.assertEqual(
            [request for request, _commands in lanes()],
            [request for requests, _commands in self.steps
             for request in requests])

    def test_commands(self):
        rest = lanes()
        for requests, shown in self.steps:
            known = set().union(*(
                commands for _request, commands in rest[:len(requests)]))
            rest = rest[len(requests):]
            self.assertEqual(set(), set(shown) - known, requests)
            self.assertEqual(bool(known), bool(shown), requests)


class TestAll(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.directives = [
            match for page in DOC.rglob('*.rst') for match in re.findall(
                r'^\.\. graphviz::(.*)\n((?:   .+\n)*)', page.read_text(),
                re.M)]

    def test_each_is_on_a_page(self):
        self.assertEqual(
            sorted(' /_diagrams/%s' % path.name
                   for path in DIAGRAMS.glob('*.dot')),
            sorted(name for name, _options in self.directives))

    def test_each_is_told_in_words(self):
        for name, options in self.directives:
            self.assertIn(':caption: ', options, name)
            self.assertIn(':alt: ', options, name)

    def test_none_needs_colour(self):
        for path in DIAGRAMS.glob('*.dot'):
            self.assertNotIn('color', path.read_text(), path.name)
