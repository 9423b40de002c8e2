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

"""A small reading of the shell scripts that reach a guest's Linux.

Only plain commands are followed, those with which the connector's scripts
change files and the host name. A script with control structures is run
without effect on the files: it is the business of the one who knows what
it is for.
"""

from collections.abc import Callable
from collections.abc import Iterator
import fnmatch
import shlex

_CONTROL = ('function ', 'if ', 'for ', 'while ', 'case ')


class Script:
    """Runs scripts on the text files of a Linux.

    files is changed in place. call is told of `/bin/bash NAME ARGUMENTS`
    of a program that is no file here.
    """

    def __init__(self, files: dict[str, str],
                 call: Callable[[str, list[str]], None]) -> None:
        self.files = files
        self.hostname = ''
        self._call = call

    def run(self, text: str, folder: dict[str, str] | None = None) -> None:
        """Run a script; folder holds the files beside it by name."""
        lines = text.splitlines()
        if any(line.startswith(_CONTROL) for line in lines):
            return
        for words in _commands(lines):
            self._command(words, folder or {})

    def _command(self, words: list[str], folder: dict[str, str]) -> None:
        program = words[0].rpartition('/')[2]
        target, append, words = _redirection(words)
        if program == 'echo':
            self._write(target, _echoed(words[1:]), append)
        elif program == 'cat' and len(words) > 1:
            text = folder.get(words[1], self.files.get(words[1], ''))
            self._write(target, text, append)
        elif words[:1] == [] and target:
            self._write(target, '', append)
        elif program == 'hostname' and len(words) > 1:
            self.hostname = words[1]
        elif program == 'rm':
            self._remove(words[1:])
        elif program in ('bash', 'sh') and len(words) > 1:
            self._nested(words[1], words[2:], folder)

    def _nested(self, name: str, arguments: list[str],
                folder: dict[str, str]) -> None:
        if name in self.files:
            self.run(self.files[name], folder)
        else:
            self._call(name, arguments)

    def _write(self, target: str, text: str, append: bool) -> None:
        if target.startswith('/') and '$' not in target and (
                not target.startswith('/dev/')):
            before = self.files.get(target, '') if append else ''
            self.files[target] = before + text

    def _remove(self, words: list[str]) -> None:
        for pattern in words:
            for path in [path for path in self.files
                         if pattern.startswith('/') and
                         fnmatch.fnmatch(path, pattern)]:
                del self.files[path]


def _commands(lines: list[str]) -> Iterator[list[str]]:
    waiting = ''
    for line in lines:
        waiting += line + '\n'
        if not waiting.strip() or waiting.startswith('#'):
            waiting = ''
            continue
        try:
            words = shlex.split(waiting)
        except ValueError:
            # A quotation goes on in the next line.
            continue
        waiting = ''
        if words:
            yield words


def _redirection(words: list[str]) -> tuple[str, bool, list[str]]:
    for position, word in enumerate(words):
        if word.startswith('>'):
            append = word.startswith('>>')
            target = word.lstrip('>') or ''.join(
                words[position + 1:position + 2])
            return target, append, words[:position]
    return '', False, words


def _echoed(words: list[str]) -> str:
    options = ''
    while words and words[0] in ('-n', '-e', '-ne', '-en'):
        options += words[0]
        words = words[1:]
    text = ' '.join(words)
    if 'e' in options:
        text = text.replace('\\n', '\n')
    return text if 'n' in options else text + '\n'
