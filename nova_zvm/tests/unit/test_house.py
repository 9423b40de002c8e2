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

"""The rooms of our packages, and which of them know of which."""

import importlib
import pathlib
import sys

import fixtures
import testtools

TOOLS = pathlib.Path(__file__).parents[3] / 'tools'
MOST_ROOMS = 24
MOST_ROOMS_OF_SIMULATOR = 16


class ToolTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch('sys.path',
                                             [str(TOOLS), *sys.path]))
        self.tool = importlib.import_module('house')


class HouseTestCase(ToolTestCase):

    def check(self, house, most_rooms):
        self.assertEqual([], house.back_up(self.tool.read_layers()))
        self.assertLessEqual(
            len(house.rooms), most_rooms,
            '%s has %d rooms, and at most %d are wanted: let a new module '
            'move in with another. Its rooms: %s'
            % (house.name, len(house.rooms), most_rooms,
               ', '.join(sorted(house.rooms))))

    def test_house(self):
        house = self.tool.House(self.tool.HOUSE)
        self.check(house, MOST_ROOMS)
        # The driver is on top, so each floor below it is counted.
        self.assertIn(('driver', 'operations'), house.arrows())
        self.assertGreaterEqual(house.floors(), 7)

    def test_simulator(self):
        simulator = self.tool.House(self.tool.SIMULATOR)
        self.check(simulator, MOST_ROOMS_OF_SIMULATOR)
        self.assertIn(('fixture', 'service'), simulator.arrows())


class MeasureTestCase(ToolTestCase):
    """A small house, and its measures."""

    LAYERS = {'small': {'door': 1, 'upper': 2, 'beside': 2, 'lower': 3},
              'small.lower': {'roof': 1, 'deep': 2}}

    def make(self, **files):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('', 'upper', 'beside', 'lower', 'lower/deep', 'tests'):
            files[name + '/__init__'] = ''
        for name, text in files.items():
            path = folder / 'small' / (name.lstrip('/') + '.py')
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self.tool.House(folder / 'small')

    def test_rooms_arrows_and_floors(self):
        house = self.make(**{
            'door': 'from small.upper import one\nimport os\n',
            'upper/one': 'def act():\n    from small.lower import roof\n',
            'lower/roof': 'from small.lower.deep import cellar\n',
            'lower/deep/cellar': 'from small.lower.deep import box\n',
            'lower/deep/box': '',
            'tests/test_door': 'from small import door\n'})
        self.assertEqual(['beside', 'door', 'lower', 'lower.deep', 'upper'],
                         sorted(house.rooms))
        self.assertEqual({('door', 'upper'), ('upper', 'lower'),
                          ('lower', 'lower.deep')}, house.arrows())
        self.assertEqual(3, house.floors())
        told = list(house.told(self.LAYERS))
        self.assertEqual(
            'small: 5 rooms, 3 arrows, 3 floors, back up: 0', told[0])
        self.assertIn('  door (1) -> upper', told)

    def test_import_that_runs_back_up(self):
        for files, sentence in (
                ({'lower/roof': 'from small.upper import one\n',
                  'upper/one': ''},
                 'small.lower.roof imports small.upper.one'),
                ({'beside/one': 'from small.upper.one import name\n',
                  'upper/one': 'name = 1\n'},
                 'small.beside.one imports small.upper.one'),
                ({'lower/deep/one': 'import small.lower.roof\n',
                  'lower/roof': ''},
                 'small.lower.deep.one imports small.lower.roof')):
            house = self.make(**files)
            self.assertEqual(
                [sentence + ', which does not stand below it'],
                house.back_up(self.LAYERS))
