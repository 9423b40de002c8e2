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

"""What the sandbox prints: a numbered line for each step, with its time."""

import logging
import textwrap
import time

LOG = logging.getLogger(__name__)

WIDTH = 100
INDENT = ' ' * 8


class StepFailed(Exception):
    """A step did not do what it should; the text says why."""


class Report:
    """Runs steps and tells how they go."""

    def __init__(self, stream, logs):
        """Print on stream; logs says where to look when a step fails."""
        self._stream = stream
        self._logs = logs
        self._open = None
        self._started = 0.0
        self.steps = 0
        self.failed = 0

    def line(self, text=''):
        """Print a line of its own."""
        print(text, file=self._stream, flush=True)

    def table(self, rows):
        """Print pairs of a word and what it means."""
        for word, meaning in rows:
            self.line(f'  {word:10} {meaning}')

    def run(self, title, action):
        """Do one step and return whether it went well.

        action returns the lines that tell its result; it may call
        progress() meanwhile.
        """
        self.steps += 1
        self._begin(title)
        try:
            details = action() or ()
        except (Exception, SystemExit) as exc:
            self.failed += 1
            LOG.exception('Step %d, %s, failed', self.steps, title)
            self._end('FAILED', title)
            self._details([sentence(exc), f'Logs: {self._logs}'])
            return False
        self._end('ok', title)
        self._details(details)
        return True

    def skip(self, title):
        """Tell that a step was not tried after an earlier one failed."""
        self.steps += 1
        self.line(f'{self.steps:3}  --               {title}')

    def progress(self, text):
        """Print a line in the middle of a step, with the time since."""
        self._close_open()
        self.line(f'{self._elapsed():15.1f} s  {text}')

    def interrupt(self, name):
        """Tell that a signal ends it all."""
        self._close_open()
        self.line()
        self.line(f'ended by {name}')

    def finish(self):
        """Print the totals."""
        self._close_open()
        self.line(f'sandbox: {self.steps} steps, {self.failed} failed')

    def _begin(self, title):
        self._started = time.monotonic()
        self._open = f'{self.steps:3}  ...              {title}'
        if self._stream.isatty():
            print(self._open, end='', file=self._stream, flush=True)

    def _end(self, result, title):
        if self._open and self._stream.isatty():
            print('\r', end='', file=self._stream)
        self._open = None
        self.line(f'{self.steps:3}  {result:6} {self._elapsed():5.1f} s  '
                  f'{title}')

    def _details(self, lines):
        for line in lines:
            self.line('\n'.join(textwrap.wrap(
                line, WIDTH, initial_indent=INDENT,
                subsequent_indent=INDENT + '    ',
                drop_whitespace=True, break_on_hyphens=False)))

    def _close_open(self):
        """Make the line of the step under way one that stays."""
        if self._open:
            self.line('' if self._stream.isatty() else self._open)
        self._open = None

    def _elapsed(self):
        return time.monotonic() - self._started


def sentence(exc):
    """Return one line that says what went wrong."""
    text = ' '.join(str(exc).split()) or 'no reason given'
    if isinstance(exc, StepFailed):
        return text
    return f'{type(exc).__name__}: {text}'
