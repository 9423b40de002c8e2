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

"""Tell how many mistakes in the code that decides the unit tests notice.

    tools/test.sh mutation
    tools/tox.sh -e mutation -- [--sample N] [--workers N] [MODULE ...]

A mutant is a module with one change (mutants.py). It faces the unit tests that
concern the module (trial.py): one that passes them has survived, a mistake
that they do not notice. Those that do no harm are in survivors.yaml. A mutant
that does not come to an end counts as noticed.

A module is here because a mistake in it destroys what is not ours or leaves
what is (ownership to grants), repeats what must not be repeated, gives up too
early or takes one error for another (connector.session to waiting), or leaves
or shows a secret (staging to connector.auth, and connector.session).

The results are sessions of cosmic-ray below .tox/mutants. They hold until the
module, its tests or the making of mutants change, so a run that was
interrupted is continued.
"""

import argparse
import hashlib
import os
import pathlib
import random
import signal
import sys
import time

from cosmic_ray import commands
from cosmic_ray import plugins
from cosmic_ray import work_db
from cosmic_ray import work_item
import yaml

import mutants
import trial

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SESSIONS = ROOT / '.tox/mutants'
SURVIVORS = HERE / 'survivors.yaml'

# What is wanted of each module, in percent.
WANTED = 90

# A module, and the unit tests that concern it, its own first.
TESTS = {
    'record.ownership': 'record.test_ownership operations.test_destroy '
                        'record.test_instances guest.test_capture '
                        'operations.test_adoption operations.test_interfaces '
                        'transfer.test_uploads',
    'record.parts': 'record.test_parts record.test_ownership '
                    'record.test_old_records',
    'record.pending': 'record.test_ownership record.test_old_records '
                      'record.test_parts',
    'operations.destroy': 'operations.test_destroy',
    'guest.lifecycle': 'guest.test_lifecycle operations.test_destroy '
                       'operations.boot.test_build',
    'guest.power': 'guest.test_power',
    'guest.presence': 'guest.test_presence record.test_instances '
                      'guest.test_power',
    'operations.interfaces': 'operations.test_interfaces',
    'operations.boot.plan': 'operations.boot.test_plan',
    'operations.boot.build': 'operations.boot.test_build',
    'operations.recovery': 'operations.test_recovery',
    'storage.disks': 'storage.test_disks',
    'record.instances': 'record.test_instances',
    'network.grants': 'operations.test_interfaces guest.test_lifecycle '
                      'network.test_switches',
    'connector.session': 'connector.test_retries connector.test_requests '
                         'connector.test_tokens connector.test_files '
                         'connector.test_errors connector.test_sockets',
    'connector.errors': 'connector.test_errors connector.test_retries',
    'errors.translation': 'errors.test_translation guest.test_power '
                          'guest.test_presence',
    'errors.effects': 'errors.test_effects guest.test_lifecycle '
                      'operations.test_interfaces '
                      'operations.boot.test_build',
    'pace.waiting': 'pace.test_waiting',
    'transfer.uploads': 'transfer.test_uploads guest.test_configdrive',
    'transfer.journal': 'transfer.test_uploads',
    'guest.configdrive': 'guest.test_configdrive',
    'connector.auth': 'connector.test_tokens',
}

# What the tests stand on.
HELPERS = ('nova_zvm.tests.support.inmemory', 'nova_zvm.tests.support.fakes',
           'nova_zvm.tests.support.booting',
           'nova_zvm.tests.support.guests')

# A trial may wait for what does not come; its processor time has a limit too.
HANGING_SECONDS = 600


class Module:
    """A module with its mutants and what became of them."""

    def __init__(self, name):
        self.name = 'nova_zvm.' + name
        self.path = _file(self.name)
        self.source = self.path.read_text(encoding='utf-8')
        self.tests = ['nova_zvm.tests.unit.' + test
                      for test in TESTS[name].split()]
        self._session = None

    def __enter__(self):
        """Open the session of these sources, and remove older ones."""
        sources = [self.path, HERE / 'mutants.py', HERE / 'trial.py',
                   *map(_file, [*self.tests, *HELPERS])]
        digest = hashlib.sha256(b''.join(
            source.read_bytes() for source in sources)).hexdigest()
        session = SESSIONS / ('%s-%s.sqlite' % (self.name, digest[:12]))
        if not session.exists():
            for old in SESSIONS.glob(self.name + '-*'):
                old.unlink()
            self._begin(session)
        self._session = work_db.WorkDB(session, work_db.WorkDB.Mode.open)
        return self

    def __exit__(self, *exc_info):
        self._session.close()

    def _begin(self, session):
        new = session.with_suffix('.new')
        with work_db.use_db(new) as db:
            commands.init([self.path], db, {})
            known, skipped = {None}, []
            for item in db.work_items:
                mutant = self.mutant(item)
                if mutant in known:
                    skipped.append(item.job_id)
                known.add(mutant)
            db.set_multiple_results(skipped, work_item.WorkResult(
                worker_outcome=work_item.WorkerOutcome.SKIPPED))
        new.rename(session)

    def mutant(self, item):
        return mutants.source(self.source, item.mutations[0])

    def pending(self):
        return list(self._session.pending_work_items)

    def settle(self, item, survived):
        outcome = work_item.TestOutcome
        self._session.set_result(item.job_id, work_item.WorkResult(
            worker_outcome=work_item.WorkerOutcome.NORMAL,
            test_outcome=outcome.SURVIVED if survived else outcome.KILLED))

    def settled(self, survived):
        """Return the mutants that did or did not survive."""
        return [item for item, result in self._session.completed_work_items
                if result.test_outcome and survived != result.is_killed]

    def key(self, item):
        """Return what tells a mutant from others, wherever its line is."""
        was, becomes = mutants.change(self.source, self.mutant(item))
        return {'module': self.name, 'in': item.mutations[0].definition_name,
                'was': was, 'becomes': becomes}


def _file(module):
    return ROOT / (module.replace('.', '/') + '.py')


def run(module, trials, items, workers):
    """Put mutants before the tests."""
    waiting, running = list(items), {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                item = waiting.pop()
                pid = trials.start(module.mutant(item),
                                   item.mutations[0].start_pos[0])
                running[pid] = item, time.monotonic()
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                item, _ = running.pop(pid)
                module.settle(item, status == 0)
                done = len(items) - len(waiting) - len(running)
                if done % 20 == 0 or done == len(items):
                    say('%s: %d of %d' % (module.name, done, len(items)))
                continue
            for pid, (_, started) in running.items():
                if time.monotonic() - started > HANGING_SECONDS:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)


def examine(name, options):
    """Return the row of a module in the table, None if its tests fail."""
    with Module(name) as module:
        items = module.pending()
        random.shuffle(items)
        items = items[:options.sample]
        if items:
            trials = trial.Trials(module.name, module.path, module.source,
                                  module.tests)
            if not trials.pass_unchanged:
                say('%s: its tests fail without a mutant' % module.name)
                return None
            run(module, trials, items, options.workers)
        return judge(module)


def judge(module):
    """Return the row of a module, and print what is to be looked at."""
    listed = yaml.safe_load(SURVIVORS.read_text(encoding='utf-8'))
    for entry in listed:
        del entry['reason']
    killed = len(module.settled(survived=False))
    survivors = list(map(module.key, module.settled(survived=True)))
    unknown = [key for key in survivors if key not in listed]
    if unknown:
        say('These are not in %s:\n%s' % (SURVIVORS.name, yaml.safe_dump(
            unknown, sort_keys=False, width=1000)))
    for entry in listed:
        if (entry['module'] == module.name and entry not in survivors and
                not module.pending()):
            say('In %s, but no survivor: %s' % (SURVIVORS.name, entry))
    score = 100 * killed / max(1, killed + len(unknown))
    return (module.name, killed + len(survivors), killed, len(survivors),
            len(survivors) - len(unknown), score)


def say(text):
    print(text, flush=True)


def parsed(arguments):
    parser = argparse.ArgumentParser(prog='mutation')
    parser.add_argument('--sample', type=int, metavar='N',
                        help='only N more mutants of each module')
    parser.add_argument('--workers', type=int, metavar='N',
                        default=int(os.environ.get('WORKERS', 2)),
                        help='mutants at a time, %(default)s by default')
    parser.add_argument('modules', nargs='*', metavar='MODULE',
                        help=', '.join(TESTS))
    options = parser.parse_args(arguments)
    if not set(options.modules) <= set(TESTS):
        parser.error('a MODULE is one of ' + ', '.join(TESTS))
    return options


def main(arguments=None):
    options = parsed(arguments)
    SESSIONS.mkdir(parents=True, exist_ok=True)
    plugins.OPERATOR_PROVIDERS.clear()
    plugins.OPERATOR_PROVIDERS.update(mutants.PROVIDERS)
    trial.preload(SESSIONS / 'pycache')
    rows = [examine(name, options) for name in options.modules or TESTS]
    say('%-27s %8s %8s %8s %8s %8s' % (
        'module', 'mutants', 'killed', 'survived', 'accepted', 'score'))
    for row in filter(None, rows):
        say('%-27s %8d %8d %8d %8d %6.1f %%' % row)
    passed = sum(1 for row in rows if row and row[-1] >= WANTED)
    say('%d passed, %d failed' % (passed, len(rows) - passed))
    return 0 if passed == len(rows) else 1


if __name__ == '__main__':
    sys.exit(main())
