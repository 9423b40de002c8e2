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

"""What README and documentation tell a reader to type, block by block.

A block of commands that no test can run has ``:class:`` with the reason, one
of MARKS. Tests run all others.
"""

import dataclasses
import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob('*.rst'), *ROOT.glob('devstack/*.rst'),
                *ROOT.glob('simulator/*.rst'),
                *ROOT.glob('doc/source/**/*.rst')])
#: Languages of commands and programs.
RUN = ('bash', 'console', 'python', 'sql')
MARKS = {
    'site': 'needs z/VM, an OpenStack on it, or files of such a host',
    'maintainer': "needs a maintainer's key or the public repository",
}
BLOCK = re.compile(
    r'(?m)^( *)\.\. code-block:: (\w+)\n((?:\1   :\w+: .*\n)*)'
    r'((?:\n|\1   .*\n)+)')
# What is typed after a prompt, further lines after a backslash.
TYPED = re.compile(r'(?m)^[$#] ((?:.*\\\n)*.*)$')
ASSIGNMENT = re.compile(r'\w+=')


@dataclasses.dataclass(frozen=True)
class Block:
    """A code block of a page."""

    page: str
    line: int
    language: str
    options: dict[str, str]
    text: str

    @property
    def where(self):
        return f'{self.page}:{self.line}'

    @property
    def mark(self):
        return self.options.get('class')

    @property
    def commands(self):
        """What is typed, without prompts and output."""
        if self.language == 'console':
            return TYPED.findall(self.text)
        return [self.text]

    @property
    def script(self):
        return '\n'.join(self.commands) + '\n'

    @property
    def is_of_tools(self):
        """Whether all of it is commands of tools/."""
        return self.language == 'console' and all(
            map(_is_of_tools, self.commands))


def found(page, languages=RUN):
    """Return the blocks of a page, by default the commands and programs."""
    text = (ROOT / page).read_text()
    return [
        Block(str(page), text.count('\n', 0, match.start()) + 1, match[2],
              dict(re.findall(r':(\w+): (.*)', match[3])),
              _outdented(match[4], len(match[1]) + 3))
        for match in BLOCK.finditer(text) if match[2] in languages]


def to_run(page):
    """Return those blocks of a page that a test runs, in their order."""
    return [block for block in found(page)
            if not block.mark and not block.is_of_tools]


def _outdented(text, width):
    return '\n'.join(line[width:] for line in text.splitlines()).strip()


def _is_of_tools(command):
    words = [word for word in shlex.split(command)
             if not ASSIGNMENT.match(word)]
    return words[0] == 'bash' and words[1].startswith('tools/')
