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

"""A child process that ends with this one, with a line to it and back.

Its standard input is open as long as this process lives, however this ends:
at the end of it the child ends too.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import os
import pathlib
import selectors
import subprocess
import time


class Child:
    """A started process; its errors go to a file."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str],
                 errors: pathlib.Path) -> None:
        with errors.open('wb') as stream:
            # A session of its own: an interrupt from the keyboard is for
            # the parent, which ends its children in order.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=stream, env=dict(environment), cwd=errors.parent,
                bufsize=0, start_new_session=True)
        self._errors = errors
        self._killed = False

    @property
    def pid(self) -> int | None:
        """The process id, unless it has ended or is being killed."""
        gone = self._killed or self._process.poll() is not None
        return None if gone else self._process.pid

    def kill(self) -> None:
        """End it at once; may be called from any thread."""
        self._killed = True
        self._process.kill()
        self._process.wait()

    def stop(self, seconds: float) -> None:
        """Ask it to end, and kill it after so many seconds."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self.close()

    def close(self) -> None:
        """Let go of one that ends."""
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def tell(self, line: str) -> bool:
        """Send it a line; False if it has gone."""
        assert self._process.stdin
        try:
            self._process.stdin.write(line.encode() + b'\n')
        except (BrokenPipeError, ValueError):
            return False
        return True

    def read_line(self, seconds: float) -> str:
        """Read one line of it; '' when it has gone or takes longer."""
        assert self._process.stdout
        pipe = self._process.stdout
        deadline = time.monotonic() + seconds
        line = b''
        # Not select.poll(), which is gone where eventlet is in force.
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not line.endswith(b'\n'):
                left = max(0.0, deadline - time.monotonic())
                chunk = os.read(pipe.fileno(), 100) if selector.select(
                    left) else b''
                if not chunk:
                    return ''
                line += chunk
        return line.decode().strip()

    def last_words(self) -> str:
        """Return the last line that it wrote about an error."""
        lines = self._errors.read_text(errors='replace').splitlines()
        return lines[-1] if lines else 'it says nothing.'
