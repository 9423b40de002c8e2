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

"""The pages on the simulated z/VM name all that there is, and no more."""

import argparse
import pathlib
import re
from unittest import mock

import testtools

from zvm_simulator.faults import outages
from zvm_simulator.faults import rules as faults_rules
from zvm_simulator.ground import latency
from zvm_simulator.ground import schema
from zvm_simulator.service import commandline as command
from zvm_simulator.service import control
from zvm_simulator.service import scenarios

PAGES = sorted(
    (pathlib.Path(__file__).parents[3] / 'doc/source/simulator').glob('*.rst'))


def keys(rule):
    """Return the names of all keys that a rule knows."""
    if isinstance(rule, schema.Names):
        return keys(rule['item'])
    if isinstance(rule, dict):
        return set(rule).union(*map(keys, rule.values()))
    return keys(rule[0]) if isinstance(rule, list) else set()


class TestPages(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.text = '\n'.join(page.read_text() for page in PAGES)

    def part(self, name):
        return self.text.partition(f'.. {name}-begin')[2].partition(
            f'.. {name}-end')[0]

    def rows(self, text):
        """Return what begins the rows of a text's tables."""
        return set(re.findall(r'(?m)^``([^`]+)``', text))

    def test_subcommands(self):
        commands = next(
            action for action in command._parser()._actions
            if isinstance(action, argparse._SubParsersAction))
        table = self.text.partition('\nSubcommands\n')[2].partition(
            '.. code-block')[0].partition('\n\n=')[2]
        self.assertEqual(set(commands.choices), self.rows(table))

    def test_scenario(self):
        rules = {key: rule for key, rule in scenarios._SCHEMA.items()
                 if key != 'faults'}
        known = keys(rules) - set(latency.CLASSES) | set(scenarios._SCHEMA)
        part = self.part('scenario')
        self.assertEqual(set(scenarios._SCHEMA), self.rows(part))
        self.assertEqual(known, set(re.findall(
            r'``([a-z_]+)``', part.replace('``zvmsdk.conf``', ''))))

    def test_faults(self):
        self.assertEqual(keys(faults_rules.RULES) | set(outages.OUTAGES),
                         self.rows(self.part('faults')))

    def test_latencies(self):
        part = self.part('latency')
        stated = {row[0]: tuple(map(float, row[1:])) for row in re.findall(
            r'(?m)^``(\w+)`` +([\d.]+) +([\d.]+) +([\d.]+) ', part)}
        self.assertEqual(
            {name: tuple(profile[name] for profile in
                         latency.PROFILES.values())
             for name in latency.CLASSES}, stated)
        self.assertEqual(list(latency.PROFILES), re.findall(
            r'``(\w+)``', part.partition('Class')[2].partition('\n')[0]))

    def test_routes(self):
        routes = control.Resources(mock.Mock())._routes
        self.assertEqual({f'{method} /{path}' for method, path in routes},
                         self.rows(self.part('routes')))
