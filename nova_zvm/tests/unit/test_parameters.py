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

"""What is made of many parts, or asked with many words, is several things.

A part is handed at most five others when it is made, a function at most
seven parameters. Nova's own signatures, in driver.py, are as nova has them.
"""

import ast

import testtools

from nova_zvm.tests.support import pages

MOST_PARTS = 5
MOST_PARAMETERS = 7

# The first has nova's own signatures.
APART = ('driver.py', 'tests')

# The client's settings: where its connector is, and how long it may take.
SETTINGS = {('connector/client.py', 'Connector.__init__')}


def parameters(function):
    """Return how many parameters a caller of a function sees."""
    signature = function.args
    named = [*signature.posonlyargs, *signature.args, *signature.kwonlyargs,
             *filter(None, (signature.vararg, signature.kwarg))]
    return len([parameter for parameter in named
                if parameter.arg not in ('self', 'cls')])


def functions(tree, owner=''):
    """Yield the functions of a module, at every depth, and their names."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            if isinstance(node, ast.FunctionDef):
                yield owner + node.name, node
            yield from functions(node, owner + node.name + '.')
        else:
            yield from functions(node, owner)


def too_many(tree):
    """Return by name the functions of a module with too many parameters."""
    found = {name: parameters(function)
             for name, function in functions(tree)}
    return {name: count for name, count in found.items()
            if count > (MOST_PARTS if name.endswith('.__init__')
                        else MOST_PARAMETERS)}


class TestParameters(testtools.TestCase):

    def test_few(self):
        found = {}
        for path in pages.PACKAGE.rglob('*.py'):
            module = path.relative_to(pages.PACKAGE)
            if module.parts[0] not in APART:
                found.update({
                    (str(module), name): count for name, count in
                    too_many(ast.parse(path.read_text())).items()})
        self.assertEqual(SETTINGS, found.keys())

    def test_all_kinds_count(self):
        tree = ast.parse('class Part:\n'
                         '    def __init__(self, a, /, b, *c, d=1, **e):\n'
                         '        def inner(a, b, c, d, e, f, *, g, h): ...\n'
                         '    def verb(self, a, b, c, d, e, f, *g): ...\n'
                         'class Other:\n'
                         '    def __init__(self, a, b, c, d, *, e, f): ...\n')
        self.assertEqual({'Part.__init__.inner': 8, 'Other.__init__': 6},
                         too_many(tree))
