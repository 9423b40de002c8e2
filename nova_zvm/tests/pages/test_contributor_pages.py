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

"""Commands, files and tests that the contributor's pages name are there."""

import configparser
import itertools
import pathlib
import re

import testtools

ROOT = pathlib.Path(__file__).parents[3]
PAGES = [*ROOT.glob('*.rst'), *ROOT.glob('doc/source/contributor/*.rst')]
# A command goes over several lines by a backslash, text by a line break.
COMMAND = r'bash\s+tools/%s\.sh *([^`\n]*(?:\\\n[^`\n]*)*)'
# Of a page on how the next release of nova comes in: what is not there yet.
TO_COME = {'constraints-2026.2.txt'}


def found(pattern):
    """Return (page, match) for what matches in any page."""
    return [(page.name, match) for page in PAGES
            for match in re.findall(pattern, page.read_text())]


def environments():
    """Return the names of tox's environments, with braces expanded."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / 'tox.ini')
    names = {'py3'}
    for section in tox.sections():
        parts = [part.strip('{}').split(',') for part in re.findall(
            r'{[^}]*}|[^{}]+', section.removeprefix('testenv:'))]
        names |= {''.join(chosen) for chosen in itertools.product(*parts)}
    return names


class TestPages(testtools.TestCase):

    def test_environments_of_tox(self):
        named = [(page, name) for page, words in found(COMMAND % 'tox')
                 for name in re.findall(r'-e (\S+)', words)]
        self.assertNotEqual([], named)
        self.assertEqual([], [where for where in named
                              if where[1] not in environments()])

    def test_parts_of_the_tests(self):
        script = (ROOT / 'tools' / 'parts.py').read_text()
        parts = {*re.findall(r"Part\('(\w+)'", script),
                 *re.findall(r"'(--[\w-]+)'", script)}
        named = [(page, part) for page, words in found(COMMAND % 'test')
                 for part in words.partition('#')[0].split()]
        self.assertNotEqual([], named)
        self.assertEqual([], [where for where in named
                              if where[1] not in parts])

    def test_files(self):
        tops = {path.name for path in ROOT.iterdir()} - {'dist', 'build'}
        named = [(page, path) for page, path in found(r'``([\w.-]+[/\w.-]*)``')
                 if path.partition('/')[0] in tops or '.txt' in path]
        self.assertNotEqual([], named)
        self.assertEqual([], [
            where for where in named
            if not (ROOT / where[1]).exists() and where[1] not in TO_COME
            and not re.search('/(build|source/_static)/', where[1])])

    def test_tests(self):
        modules = {path.stem for top in ('nova_zvm', 'simulator')
                   for path in ROOT.glob(top + '/**/test_*.py')}
        named = found(r'``(?:[\w/]+/)?(test_\w+)``')
        self.assertNotEqual([], named)
        self.assertEqual([], [where for where in named
                              if where[1] not in modules])
