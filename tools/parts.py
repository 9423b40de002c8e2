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

"""Run all tests and checks, or only the parts that are named:

    tools/test.sh [--junit DIR] [PART ...]

PART is one of unit, pages, neutron, simulator, functional, faults, pep8, docs,
releasenotes and mutation; unit, pages and functional run on nova 34, and with
a release of OpenStack behind them (unit-2025.1, functional-2025.1; also
2025.2, 2026.1) on the nova of that. Without a PART, all but faults and
mutation are run.

    tools/test.sh --all-releases

runs all but mutation, and unit, pages and functional on each of those
releases.

Tests run one part after the other, checks beside them. A part that fails does
not keep the others from running. The totals have the time of each part beside
what it may take on two cores; only processor seconds above twice that fail,
since they hardly depend on what else the machine does. The last line is
'N passed, N failed': tests by their number, each check as one; ', N skipped'
follows where tests were. The exit status is 1 if anything failed.

--junit DIR writes the results of each part's tests to DIR/PART.xml. PYTHON
names another interpreter than python3, WORKERS the number of test processes
(one more than there are cores).
"""

import argparse
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / '.tox' / 'log'
# Where a test notes that it had to try a cell of a fault matrix again.
RETRIES = LOGS / 'retries'
RELEASES = ('2025.1', '2025.2', '2026.1')
# Processor seconds that are this many times the budget are a failure.
TOLERANCE = 2


@dataclasses.dataclass(frozen=True)
class Part:
    """Something to run, by an environment of tox.

    :ivar minutes: that it may take on two cores with nothing else to do
    :ivar processor: seconds of processor time that it may take
    :ivar tests: whether it counts tests, not as one check
    """

    name: str
    environment: str
    minutes: float
    processor: int
    tests: bool = True


def _parts():
    yield Part('unit', 'py3', 1.2, 70)
    yield Part('pages', 'pages', 0.5, 30)
    yield Part('neutron', 'neutron', 0.7, 45)
    yield Part('simulator', 'simulator', 1.2, 80)
    yield Part('functional', 'functional', 6.5, 690)
    for release in RELEASES:
        yield Part('unit-' + release, 'unit-' + release, 0.5, 35)
        yield Part('pages-' + release, 'pages-' + release, 0.4, 25)
        yield Part('functional-' + release, 'functional-' + release, 4, 390)
    yield Part('faults', 'faults', 10, 1000)
    yield Part('mutation', 'mutation', 30, 3600, tests=False)
    yield Part('pep8', 'pep8', 0.5, 25, tests=False)
    yield Part('docs', 'docs', 0.7, 20, tests=False)
    yield Part('releasenotes', 'releasenotes', 0.3, 10, tests=False)


PARTS = {part.name: part for part in _parts()}
OLDER = [name for name in PARTS if name.endswith(RELEASES)]
DEFAULT = [name for name in PARTS
           if name not in (*OLDER, 'faults', 'mutation')]
ALL_RELEASES = [name for name in PARTS if name != 'mutation']


@dataclasses.dataclass
class Result:
    """What came of a part."""

    part: Part
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    processor: float = 0.0

    @property
    def too_dear(self):
        return self.processor > TOLERANCE * self.part.processor

    def __str__(self):
        part = self.part
        return '%-17s %s, %.1f of %g min, %d of %d processor s%s' % (
            part.name, totals([self]), self.seconds / 60, part.minutes,
            self.processor, part.processor,
            ': TOO MANY' if self.too_dear else '')


def totals(results):
    """Return the line that says what came of some parts."""
    counts = {name: sum(getattr(result, name) for result in results)
              for name in ('passed', 'failed', 'skipped')}
    skipped = ', %(skipped)d skipped' if counts['skipped'] else ''
    return ('%(passed)d passed, %(failed)d failed' + skipped) % counts


class Commands:
    """Runs commands and knows which do, so that none is left behind."""

    def __init__(self):
        self._running = set()
        self._lock = threading.Lock()

    def run(self, command, log, show, environment=None):
        """Return exit status and processor seconds, output in a log."""
        with open(log, 'a') as copy, subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, errors='replace', process_group=0,
                env={**os.environ, **(environment or {})}) as process:
            with self._lock:
                self._running.add(process.pid)
            for line in process.stdout:
                copy.write(line)
                if show:
                    print(line, end='', flush=True)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            with self._lock:
                self._running.discard(process.pid)
        return process.returncode, usage.ru_utime + usage.ru_stime

    def end(self):
        with self._lock:
            for group in self._running:
                os.killpg(group, signal.SIGTERM)


class Run:
    """All parts that are asked for, in two lanes."""

    def __init__(self, parts, junit, commands):
        self._parts = parts
        self._junit = junit
        self._commands = commands
        self._prepared = {}
        # tox packages the project in one place.
        self._preparing = threading.Lock()
        self._printing = threading.Lock()
        self.results = {}

    def run(self):
        lanes = [threading.Thread(target=self._lane, args=(parts, show))
                 for parts, show in (
                     ([part for part in self._parts if part.tests], True),
                     ([part for part in self._parts if not part.tests], False))
                 if parts]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()

    def _lane(self, parts, show):
        for part in parts:
            self.results[part.name] = self._result(part, show)
        # The checks end first: make what the next tests need.
        for part in self._parts:
            self._prepare(part)

    def _result(self, part, show):
        result = Result(part)
        started = time.monotonic()
        log = LOGS / (part.name + '.log')
        log.write_text('')
        if show:
            self._print('=== ' + part.name)
        problem, result.processor = self._prepare(part)
        if problem:
            status = 1
            log.write_text(problem)
            if show:
                self._print(problem)
        else:
            status, spent = self._tox(
                ['--skip-pkg-install', '-q', '-e', part.environment], log,
                show)
            result.processor += spent
        self._count(result, status, log.read_text())
        if result.too_dear:
            result.failed += 1
        if part.tests and self._junit:
            self._write_junit(part)
        result.seconds = time.monotonic() - started
        if not show:
            self._print('=== %s\n%s' % (part.name, log.read_text()))
        return result

    def _prepare(self, part):
        """Make the environment of a part, out of the way of its results.

        Returns what is wrong, if anything, and processor seconds.
        """
        log = LOGS / (part.environment + '-prepare.log')
        with self._preparing:
            if part.environment in self._prepared:
                return self._prepared[part.environment], 0
            log.write_text('')
            status, spent = self._tox(
                ['--notest', '-e', part.environment], log, False)
            problem = None
            if status:
                problem = (
                    '%s\nThe environment of %s cannot be made (whole output '
                    'in %s).\n' % ('\n'.join(
                        log.read_text().splitlines()[-25:]), part.name,
                        log.relative_to(ROOT)))
            self._prepared[part.environment] = problem
            return problem, spent

    def _tox(self, arguments, log, show):
        return self._commands.run(
            ['bash', 'tools/tox.sh', 'run', *arguments], log, show,
            {'NOVA_ZVM_RETRIES': str(RETRIES)})

    @staticmethod
    def _count(result, status, output):
        """Count; a run that ended badly is a failure in any case."""
        if result.part.tests:
            for name in ('passed', 'failed', 'skipped'):
                setattr(result, name, _total(name.capitalize(), output))
            if not result.failed and (status or not result.passed):
                result.failed = 1
        else:
            result.failed = 1 if status else 0
            result.passed = 1 - result.failed

    def _write_junit(self, part):
        self._commands.run(
            ['bash', 'tools/tox.sh', 'exec', '--skip-pkg-install', '-q', '-e',
             part.environment, '--', 'python', 'tools/junit.py',
             '%s/%s.xml' % (self._junit, part.name)], LOGS / 'junit.log',
            False)

    def _print(self, text):
        with self._printing:
            print(text, flush=True)


def _total(name, output):
    """Return what the last of stestr's totals says; 0 where is none."""
    numbers = re.findall(r'^ - %s: (\d+)$' % name, output, re.MULTILINE)
    return int(numbers[-1]) if numbers else 0


def arguments():
    parser = argparse.ArgumentParser(
        prog='tools/test.sh', usage=__doc__, add_help=False)
    parser.add_argument('--help', action='store_true')
    parser.add_argument('--junit', type=pathlib.Path)
    parser.add_argument('--all-releases', action='store_true')
    parser.add_argument('parts', nargs='*', metavar='PART')
    given = parser.parse_args()
    wrong = [name for name in given.parts if name not in PARTS]
    if given.help or wrong:
        print(__doc__)
        if wrong:
            print('There is no part %s.' % ', '.join(wrong))
        sys.exit(2 if wrong else 0)
    names = ALL_RELEASES if given.all_releases else given.parts or DEFAULT
    return [PARTS[name] for name in names], given.junit


def main():
    parts, junit = arguments()
    LOGS.mkdir(parents=True, exist_ok=True)
    RETRIES.write_text('')
    if junit:
        junit = junit.absolute()
        junit.mkdir(parents=True, exist_ok=True)
    commands = Commands()

    def interrupted(number, frame):
        commands.end()
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    run = Run(parts, junit, commands)
    run.run()
    results = [run.results[part.name] for part in parts]
    print('=== totals')
    for result in results:
        print(result)
    retries = RETRIES.read_text().splitlines()
    print('%d cells of fault matrices tried again' % len(retries))
    for line in retries:
        print('    ' + line)
    print(totals(results))
    return any(result.failed for result in results)


if __name__ == '__main__':
    sys.exit(main())
