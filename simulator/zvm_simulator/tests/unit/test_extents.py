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

"""Extents of a volume, taken and given back in any order."""

import random
import unittest

from zvm_simulator.disks import extents


class ExtentsTestCase(unittest.TestCase):

    def test_label_is_never_free(self):
        self.assertEqual([(1, 9)], extents.Extents(10).free())
        self.assertEqual([], extents.Extents(1).free())

    def test_pieces(self):
        volume = extents.Extents(100)
        volume.take(11, 20, 'A')
        volume.take(1, 5, 'B')
        volume.take(90, 99, 'C')
        self.assertEqual([(6, 5), (21, 69)], volume.free())
        self.assertEqual(['B', 'A', 'C'], volume.used())
        self.assertTrue(volume.is_free(6, 10))
        for start, end in ((5, 6), (6, 11), (10, 21), (21, 90), (99, 100)):
            self.assertFalse(volume.is_free(start, end), (start, end))

    def test_given_back_it_is_one_piece(self):
        pieces = ((1, 5, 'A'), (6, 9, 'B'), (10, 30, 'C'), (31, 99, 'D'))
        for seed in range(20):
            volume = extents.Extents(100)
            order = list(pieces)
            for piece in order:
                volume.take(*piece)
            self.assertEqual([], volume.free())
            random.Random(seed).shuffle(order)
            for piece in order:
                volume.give_back(*piece)
                self.assertTrue(volume.is_free(*piece[:2]))
            self.assertEqual(([(1, 99)], []), (volume.free(), volume.used()))

    def test_volume_that_is_not_defined(self):
        volume = extents.Extents()
        volume.take(1, 5, 'A')
        self.assertEqual(([], ['A']), (volume.free(), volume.used()))
        volume.give_back(1, 5, 'A')
        self.assertEqual(([], []), (volume.free(), volume.used()))
