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

import ast
import pathlib

from nova import test

import nova_zvm
from nova_zvm.pace import locks
from nova_zvm.tests.support import lockorder


class OrderTestCase(test.NoDBTestCase):

    def taken(self, *kinds):
        """Take locks; return what is said to be wrong with that."""
        order = lockorder.LockOrder()
        order.setUp()
        with kinds[0]('A'), kinds[1]('B'):
            pass
        wrong, order.wrong = order.wrong, []
        order.cleanUp()
        return wrong

    def test_down_the_list(self):
        self.assertEqual([], self.taken(locks.image, locks.record))
        self.assertEqual([], self.taken(locks.nics, locks.record))

    def test_up(self):
        self.assertEqual([('zvm-record-A', 'zvm-nics-B')],
                         self.taken(locks.record, locks.nics))

    def test_two_of_a_kind(self):
        self.assertEqual([('zvm-image-A', 'zvm-image-B')],
                         self.taken(locks.image, locks.image))


class NamesTestCase(test.NoDBTestCase):

    def test_are_in_one_place(self):
        package = pathlib.Path(nova_zvm.__file__).parent
        self.assertEqual(['pace/locks.py'], [
            str(path.relative_to(package))
            for path in sorted(package.rglob('*.py'))
            if 'tests' not in path.relative_to(package).parts and any(
                isinstance(node, ast.ImportFrom) and
                node.module == 'oslo_concurrency'
                for node in ast.walk(ast.parse(path.read_text())))])
