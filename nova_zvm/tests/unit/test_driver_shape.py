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

"""The driver is a table of contents, with the signatures that nova calls.

Its constructor wires the parts together; every other method hands over.
"""

import ast
import pathlib

from nova import test
from nova.virt import driver as nova_driver

from nova_zvm import driver

MOST_STATEMENTS = 6


def statements(function):
    """Count the statements of a function's body at every depth."""
    body = function.body
    if ast.get_docstring(function):
        body = body[1:]
    return sum(isinstance(node, ast.stmt)
               for statement in body for node in ast.walk(statement))


class TestShape(test.NoDBTestCase):

    def test_methods_are_short(self):
        tree = ast.parse(pathlib.Path(driver.__file__).read_text())
        self.assertEqual({}, {
            node.name: statements(node) for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and
            node.name != '__init__' and
            statements(node) > MOST_STATEMENTS})

    def test_signatures(self):
        self.assertPublicAPISignatures(
            nova_driver.ComputeDriver(None),
            driver.ZVMDriver.__new__(driver.ZVMDriver))
