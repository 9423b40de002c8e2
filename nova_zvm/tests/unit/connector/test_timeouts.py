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

from oslotest import base

from nova_zvm import connector
from nova_zvm.connector import timeouts

# How a method of the client names what it asks for: whole, or by its verb.
CALLS = {'operation': '', 'request': '', '_monitored': '',
         '_act': 'guests.', '_update': 'vswitches.'}


def named():
    """Return the names of all operations that the client has."""
    for path in pathlib.Path(connector.__file__).parent.rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if (isinstance(node, ast.Call) and
                    isinstance(node.func, ast.Attribute) and
                    node.func.attr in CALLS and node.args and
                    isinstance(node.args[0], ast.Constant)):
                yield CALLS[node.func.attr] + node.args[0].value


class TableTest(base.BaseTestCase):

    def test_has_each_operation_and_no_other(self):
        self.assertEqual(set(timeouts.SECONDS), set(named()))
