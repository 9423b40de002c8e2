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

"""Mutants of a module: which changes are made to it, one at a time.

Besides those of cosmic-ray, which change what is compared, counted and caught,
there are four of our own: a destroy consists of calls, locks and awaited
effects, and leaving one of them out is the mistake to be found.
"""

import ast
import difflib
import re

from cosmic_ray import mutating
from cosmic_ray.operators import operator
from cosmic_ray.operators import provider
import parso

# Of the replacements that differ in the operator alone, those by a neighbour:
# all others fail the same tests.
KEPT = re.compile('|'.join([
    'AddNot', 'NumberReplacer', 'RemoveDecorator',
    'ReplaceAndWithOr', 'ReplaceOrWithAnd', 'ReplaceBreakWithContinue',
    'ReplaceContinueWithBreak', 'ReplaceFalseWithTrue', 'ReplaceTrueWithFalse',
    'ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul)',
    'ReplaceComparisonOperator_(Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is)',
    'ReplaceComparisonOperator_(Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt)',
    'ReplaceComparisonOperator_(Lt_Gt|Gt_Lt|LtE_GtE|GtE_LtE)',
    'ReplaceUnaryOperator_Delete_Not', 'ZeroIterationForLoop']))

# Which of these a number is, is chosen and not derived.
TUNING = re.compile('[A-Z_]*(SECONDS|BYTES|LOOKS|PAUSES)')


class _Replacement(operator.Operator):
    """Put other code in the place of a child of a node."""

    def places(self, node):
        """Return the index of each child to replace, and its new code."""
        raise NotImplementedError

    def mutation_positions(self, node):
        for index, _ in self.places(node):
            child = node.children[index]
            yield child.start_pos, child.end_pos

    def mutate(self, node, index):
        place, code = self.places(node)[index]
        prefix = node.children[place].get_first_leaf().prefix
        node.children[place] = parso.parse(prefix + code)
        return node

    @classmethod
    def examples(cls):
        return ()


class RemoveStatement(_Replacement):
    """Leave out a call or a raise."""

    def places(self, node):
        if node.type != 'simple_stmt':
            return []
        statement = node.children[0]
        is_call = (statement.type in ('atom_expr', 'power') and
                   statement.children[-1].get_code().startswith('('))
        is_raise = statement.get_first_leaf() == 'raise'
        return [(0, 'pass')] if is_call or is_raise else []


class RemoveContext(_Replacement):
    """Leave out what a with statement enters, a lock for example."""

    def places(self, node):
        if node.type != 'with_stmt':
            return []
        return [(index, "__import__('contextlib').nullcontext()")
                for index in range(1, len(node.children) - 2, 2)
                if node.children[index].type != 'with_item']


class NegateIn(_Replacement):
    """Exchange in and not in."""

    CODE = {'in': 'not in', 'not in': 'in'}

    def places(self, node):
        if node.type != 'comparison':
            return []
        signs = [(index, ' '.join(node.children[index].get_code().split()))
                 for index in range(1, len(node.children), 2)]
        return [(index, self.CODE[sign]) for index, sign in signs
                if sign in self.CODE]


class CatchNothing(_Replacement):
    """Let an exception through that is caught.

    cosmic-ray's ExceptionReplacer takes only names without a dot.
    """

    def places(self, node):
        if node.type == 'except_clause' and node.children[1].type != 'atom':
            return [(1, 'StopAsyncIteration')]
        if node.type == 'testlist_comp' and (
                node.parent.parent.type == 'except_clause'):
            return [(index, 'StopAsyncIteration')
                    for index in range(0, len(node.children), 2)]
        return []


_core = provider.OperatorProvider()

# As cosmic_ray.plugins has them.
PROVIDERS = {
    'core': {name: _core[name] for name in _core if KEPT.fullmatch(name)},
    'zvm': {own.__name__: own for own in
            (RemoveStatement, RemoveContext, NegateIn, CatchNothing)},
}


def source(original, mutation):
    """Return the source of a mutant, None if it is none.

    None is what cannot be compiled, and what differs only in annotations,
    docstrings, log lines, the words of errors, or tuned numbers.
    """
    group, name = mutation.operator_name.split('/')
    mutated = mutating.mutate_code(
        original, PROVIDERS[group][name](), mutation.occurrence)
    try:
        return mutated if _essence(mutated) != _essence(original) else None
    except SyntaxError:
        return None


def functions(tree):
    """Return the functions and methods of a module, without nested ones."""
    scopes = [tree] + [node for node in tree.body
                       if isinstance(node, ast.ClassDef)]
    return [node for scope in scopes for node in scope.body
            if isinstance(node, ast.FunctionDef)]


def function(original, line):
    """Return the line of the function that a line is in the body of.

    None is outside of all, where code runs when the module is imported.
    """
    for node in functions(ast.parse(original)):
        if node.body[0].lineno <= line <= node.end_lineno:
            return node.lineno
    return None


def telling(original):
    """Return the source of a module that tells which functions are called."""
    tree = ast.parse(original)
    for node in functions(tree):
        node.body[:0] = ast.parse('CALLED(%d)' % node.lineno).body
    return ast.unparse(tree)


def change(original, mutated):
    """Return the lines that a mutant lacks and those it has instead."""
    lines = list(difflib.ndiff(original.splitlines(), mutated.splitlines()))
    return tuple(' '.join(' '.join(
        line[2:] for line in lines if line.startswith(sign)).split())
        for sign in '-+')


def _essence(code):
    return ast.dump(_Essence().visit(ast.parse(code)))


class _Essence(ast.NodeTransformer):
    """What of a module can be wrong."""

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_arguments(self, node):
        # How they are given; cosmic-ray takes the star for a product.
        node.args = node.posonlyargs + node.args + node.kwonlyargs
        node.defaults += filter(None, node.kw_defaults)
        node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        return self.generic_visit(node)

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        self.generic_visit(node)
        node.annotation = ast.Constant(None)
        return node

    def visit_Assign(self, node):
        name = node.targets[0]
        if isinstance(name, ast.Name) and TUNING.fullmatch(name.id):
            return None
        return self.generic_visit(node)

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Constant):
            return None
        if ast.unparse(node.value).startswith('LOG.'):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.left, ast.Constant) and isinstance(
                node.left.value, str):
            return ast.Constant('text')
        return node
