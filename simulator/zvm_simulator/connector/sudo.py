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

"""Run one command at the boundary: what `sudo` is to the connector.

write() makes a program of it for tools that expect a `sudo`. That program
runs this file by its path, once for each command, so it is one file and
imports little.
"""

import json
import os
import shlex
import socket
import sys

CUT_OFF = 255
_STAND_IN = """\
#!/bin/sh
# Runs commands on a simulated z/VM, not as root.
exec {words} "$@"
"""


def run(channel: str, words: list[str]) -> int:
    """Run a command, pass its output on and return its exit status."""
    try:
        answer = _ask(channel, {'op': 'execute', 'argv': _argv(words)})
    except OSError as error:
        return _fail(f'The simulated z/VM cannot be reached: {error}.')
    if not answer:
        return _fail('The command was cut off.')
    reply = json.loads(answer)
    sys.stdout.buffer.write(reply['output'].encode('latin-1'))
    sys.stdout.buffer.flush()
    return int(reply['status'])


def write(path: str, channel: str, *words: str) -> None:
    """Write a program that runs a command: the words and its arguments."""
    program = [sys.executable, '-IS', os.path.abspath(__file__), channel]
    text = _STAND_IN.format(words=shlex.join([*program, *words]))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755)
    with open(descriptor, 'w') as stream:
        os.fchmod(descriptor, 0o755)
        stream.write(text)


def _argv(words: list[str]) -> list[str] | str:
    """Return what to run, with the input of the one that has some.

    smtLayer/vmUtils.py installFS feeds fdisk from a here-document.
    """
    if not words or os.path.basename(words[0]) != 'fdisk':
        return words
    return f'{shlex.join(words)} << EOF\n{sys.stdin.read()}EOF'


def _ask(path: str, request: dict[str, object]) -> bytes:
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            # The name of a unix socket has at most 108 bytes.
            connection.connect(
                f'/proc/self/fd/{directory}/{os.path.basename(path)}')
            connection.sendall(json.dumps(request).encode() + b'\n')
            with connection.makefile('rb') as stream:
                return stream.read()
    finally:
        os.close(directory)


def _fail(reason: str) -> int:
    print(reason, file=sys.stderr)
    return CUT_OFF


if __name__ == '__main__':
    sys.exit(run(sys.argv[1], sys.argv[2:]))
