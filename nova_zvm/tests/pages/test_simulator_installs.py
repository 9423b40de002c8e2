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

"""The simulated z/VM is installed from the tree, wherever it is.

No package index has zvm-simulator yet: who asked one for that name would get
what anybody may have put there.
"""

import re

import testtools

from nova_zvm.tests.support import codeblocks

# Files that install something, or tell a reader to.
FILES = [path for pattern in (
    '*.rst', '*.txt', 'tox.ini', '.ci/*', '.zuul.yaml', 'devstack/*',
    'doc/**/*.rst', 'doc/*.txt', 'releasenotes/notes/*.yaml', 'tools/*',
    'tools/**/*.py', 'simulator/*.rst', 'simulator/*.txt')
    for path in codeblocks.ROOT.glob(pattern) if path.is_file()]
INSTALLS = re.compile(r'\b(?:pip3?|pipx|uv)\s+(?:\w+\s+)*?(?:install|add)\b|'
                      r'\bpip_install\b|\bsetup_(?:develop|install)\b')
# Not after a path or in another name.
BARE = re.compile(r'(?<![\w./-])zvm[-_.]simulator(?![\w/-])')
EXTRA = re.compile(r'\[[\w, -]*\bsimulator\b[\w, -]*\]')
TREE = re.compile(r'[./}]/?simulator(?=[\s"\'`\[]|$)')


def commands(text):
    """Yield the lines of a text, each with those that it goes on in."""
    yield from re.sub(r'\\\n\s*', ' ', text).splitlines()


def from_an_index(command):
    """Tell whether a command would ask an index for the simulated z/VM."""
    found = INSTALLS.search(command)
    if not found:
        return False
    words = command[found.end():]
    return bool(BARE.search(words) or
                EXTRA.search(words) and not TREE.search(words))


class TestSimulatorInstalls(testtools.TestCase):

    def test_none_asks_an_index(self):
        self.assertGreater(len(FILES), 60)
        self.assertEqual([], [
            (str(path.relative_to(codeblocks.ROOT)), command)
            for path in FILES for command in commands(path.read_text())
            if from_an_index(command)])

    def test_no_requirement_does(self):
        """A line of requirements or of tox's deps is no command."""
        self.assertEqual([], [
            (path.name, line) for path in FILES
            if path.suffix == '.txt' or path.name == 'tox.ini'
            for line in path.read_text().splitlines()
            if re.match(r'\s*zvm[-_.]simulator\s*([<>=~!;@].*)?$', line)])

    def test_pages_install_it(self):
        text = ' '.join(path.read_text() for path in FILES)
        self.assertIn('pip install ./simulator', text)

    def test_what_is_seen(self):
        for command, seen in (
                ('pip install zvm-simulator', True),
                ('venv/bin/pip install "zvm_simulator>=2026.2"', True),
                ('uv pip install nova-zvm[simulator]', True),
                ("pip install '.[simulator,neutron]'", True),
                ('setup_develop "$ZVM_DIR" simulator', False),
                ("pip install ./simulator '.[simulator]'", False),
                ('pip install -e ./simulator -e .', False),
                ('pip install ./simulator', False)):
            self.assertEqual(seen, from_an_index(command), command)
