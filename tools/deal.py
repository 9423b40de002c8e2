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

"""Run tests by stestr, dealt to its workers by the time that each takes.

    deal.py [--exclude REGEX] FOLDER [FILTER ...]

Run in the environment of the tests. All tests of a class go to one worker,
which may share among them what is dear to make. deal.json has the seconds of
each class; a new class counts by the number of its test methods.
stestr itself deals by the times of earlier runs, which a fresh clone has not.

    deal.py --weigh FOLDER

writes the weights of a folder from stestr's last run of it.
"""

import argparse
import ast
import collections
import json
import os
import pathlib
import re
import sys

import lastrun
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
WEIGHTS = pathlib.Path(__file__).with_suffix('.json')
# Seconds that a test takes where nothing is known of it.
UNKNOWN = 0.1
UNKNOWN_FUNCTIONAL = 2.0


def top(folder):
    """Return the folder, relative too, that a test folder's package is in."""
    return 'simulator' if folder.startswith('simulator/') else '.'


def classes(folder):
    """Yield (name, number of test methods) of each class in test modules."""
    for path in sorted((ROOT / folder).rglob('test_*.py')):
        module = '.'.join(path.relative_to(
            ROOT / top(folder)).with_suffix('').parts)
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                yield '%s.%s' % (module, node.name), sum(
                    isinstance(item, ast.FunctionDef) and
                    item.name.startswith('test') for item in node.body)


def weights(folder):
    """Return the seconds of each class."""
    known = json.loads(WEIGHTS.read_text())
    return {name: known.get(name, number * (
                UNKNOWN_FUNCTIONAL if '.functional.' in name else UNKNOWN))
            for name, number in classes(folder)}


def chosen(weights, exclude, filters):
    """Return the weights of those classes that stestr will run tests of.

    A filter may name tests rather than classes; then all are dealt.
    """
    left = {name: weight for name, weight in weights.items()
            if not (exclude and re.search(exclude, name + '.'))}
    named = {name: weight for name, weight in left.items()
             if any(re.search(pattern, name + '.') for pattern in filters)}
    return named or left


def dealt(weights, count):
    """Return so many lists of names, the heaviest first, alike in weight."""
    hands = [(0.0, number, []) for number in range(count)]
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        weight, number, hand = min(hands)
        hand.append(name)
        hands[number] = weight + weights[name], number, hand
    return [hand for _, _, hand in hands]


def workers(weights, count):
    """Return who is to run what, as lists of regular expressions.

    What belongs to no class that is known here is run as well, by the last.
    """
    patterns = [[r'^%s\.' % name.replace('.', r'\.') for name in hand]
                for hand in dealt(weights, count) if hand]
    patterns[-1].append('^(?!%s)' % '|'.join(
        pattern[1:] for hand in patterns for pattern in hand))
    return patterns


def write_workers(folder, hands):
    """Write that as stestr reads it; return the path."""
    path = ROOT / '.tox' / ('workers-%s.yaml' % folder.replace('/', '-'))
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump([
        {'worker': hand} for hand in hands]))
    return path


def run(folder, exclude, filters):
    # A test waits for other processes for a quarter of its time.
    count = int(os.environ.get('WORKERS', os.cpu_count() + 1))
    command = ['stestr', '--test-path', './' + folder,
               '--top-dir', top(folder), 'run',
               '--worker-file', str(write_workers(folder, workers(
                   chosen(weights(folder), exclude, filters), count)))]
    if exclude:
        command += ['--exclude-regex', exclude]
    os.execvp(command[0], command + filters)


def weigh(folder):
    """Take the weights of a folder from stestr's last run."""
    seconds = collections.Counter()
    for name, test in lastrun.tests().items():
        seconds[name.partition('(')[0].rpartition('.')[0]] += test['seconds']
    known = json.loads(WEIGHTS.read_text())
    here = dict(classes(folder))
    known = {name: weight for name, weight in known.items()
             if name not in here or name not in seconds}
    known.update((name, round(seconds[name], 1))
                 for name in here if seconds[name] >= 0.05)
    WEIGHTS.write_text(json.dumps(known, indent=0, sort_keys=True) + '\n')


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--exclude', default='')
    parser.add_argument('--weigh', action='store_true')
    parser.add_argument('folder')
    parser.add_argument('filters', nargs='*')
    given = parser.parse_args()
    if given.weigh:
        weigh(given.folder)
    else:
        run(given.folder, given.exclude, given.filters)


if __name__ == '__main__':
    sys.exit(main())
