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

"""Pages of the documentation, and what the sources may say to a reader.

A page shows messages in code blocks of the language ``text`` between two
comments, messages-begin and messages-end, with ``...`` for names and numbers.
"""

import ast
import importlib.util
import pathlib
import re

PACKAGE = pathlib.Path(__file__).parents[2]
SOURCE = PACKAGE.parent / 'doc' / 'source'
PLACEHOLDER = re.compile(r'%(\(\w+\))?[-\w.]*?[sdrgi]|\.\.\.')
WORD = re.compile(r'\S*[A-Za-z]\S*')
# Modules of nova that pages quote.
OF_NOVA = ('nova.compute.manager', 'nova.conductor.manager',
           'nova.exception', 'nova.virt.driver')
LOGGED_WHEN_ALL_IS_WELL = ('LOG.debug', 'LOG.info', 'progress.step')


def read(name):
    return (SOURCE / name).read_text()


def blocks(text, language):
    """Return caption and content of a text's code blocks."""
    return re.findall(
        r'(?m)^\.\. code-block:: %s\n(?:   :caption: (.+)\n)?\n'
        r'((?:   .*\n|\n)+)' % language, text)


def messages(name):
    """Return the messages that a page shows, as shown() returns them."""
    part = read(name).partition('.. messages-begin')[2].partition(
        '.. messages-end')[0]
    return [shown(content) for _, content in blocks(part, 'text')]


def unknown(found):
    """Return those of a page's messages that no module can say."""
    known = set().union(*map(strings, modules() + modules_of_nova()))
    return [message for message in found
            if not any(message in text for text in known)]


def shown(text):
    """Return a string of a source as a page has it.

    Without the punctuation by which it may be joined to others.
    """
    text = PLACEHOLDER.sub('...', text.replace('%%', '%'))
    text = re.sub(r'\.{4,}', '...', text)
    return ' '.join(text.split()).strip(':;, ')


def modules(without=()):
    """Return the paths of our modules that may tell somebody something.

    :param without: parts of the package, as in parts()
    """
    return [path for path in sorted(PACKAGE.rglob('*.py'))
            if not parts(path) & {'tests', *without}]


def parts(path):
    """Return a path and the folders that it is in, as in the package."""
    path = path.relative_to(PACKAGE)
    return {str(path), *map(str, path.parents)}


def modules_of_nova():
    return [pathlib.Path(importlib.util.find_spec(name).origin)
            for name in OF_NOVA]


def strings(path):
    """Return all string constants of a module, as shown() returns them."""
    return {shown(node.value) for node in ast.walk(ast.parse(
        path.read_text())) if _is_string(node)}


def sentences(path):
    """Return those of three words or more that may tell what is wrong.

    Neither docstrings, nor the help of options, nor what is logged when all
    is well.
    """
    tree = ast.parse(path.read_text())
    silent = {id(node) for quiet in ast.walk(tree) if _is_quiet(quiet)
              for node in ast.walk(quiet)}
    return {shown(node.value) for node in ast.walk(tree)
            if _is_string(node) and id(node) not in silent and
            len(WORD.findall(PLACEHOLDER.sub('', node.value))) > 2}


def _is_string(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_quiet(node):
    """Tell whether a node's strings are read by nobody who looks for trouble.

    """
    if isinstance(node, ast.Expr):
        return _is_string(node.value)
    if isinstance(node, ast.keyword):
        return node.arg == 'help'
    return isinstance(node, ast.Call) and ast.unparse(
        node.func) in LOGGED_WHEN_ALL_IS_WELL
