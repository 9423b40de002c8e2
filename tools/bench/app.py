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

"""The command: bash tools/bench.sh [--json FILE] [options]."""

import argparse
import dataclasses
import importlib.metadata
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import traceback

from tools.bench import images
from tools.bench import operations
from tools.bench import scale
from tools.bench import table
from tools.bench import zvm
from tools.sandbox import cell

DESCRIPTION = """\
Count and time what each operation of nova costs on a simulated z/VM.
"""
IMAGES_LEGEND = """\
nova, a stand-in for Glance and the driver are this process; the connector
and z/VM are others. The worst of %d runs counts, of speeds the best.

memory    of this process while an image passed, over what it had before
on disk   files that are left in nova-compute's folders
written   to any file of this host: the log and the databases of nova
moved     bytes that the connector took (import) or gave (snapshot), over
          those of the image
driver    speed of the transfer alone, until the connector has answered
curl      the same of curl with a file of that size and the same connector
ratio     of the two speeds
"""
LEGEND = """\
Of an operation only the driver's own calls are measured.

requests  to the z/VM Cloud Connector        IUCV  commands in the guest
SMAPI     calls, the directory's included    CP    commands of the hypervisor
other     commands on the connector's own Linux, and moves of an image
memory    of this process, at most, while the driver was called
wall s    real seconds, slowed down by looking at the memory
z/VM s    seconds that a real z/VM would take, by a model: an SMAPI call 1 s,
          a CP command 10 ms, a deploy 30 s (latency profile 'typical'), and
          the connector's own sleeps
"""
TITLES = {
    'instant': 'z/VM answers at once',
    'typical': 'z/VM takes its time',
}


class Workspace:
    """What a cell needs of the sandbox's workspace, in a directory."""

    def __init__(self, path):
        self.path = path
        self.nova = path / 'nova'
        self.nova_log = path / 'nova.log'
        self.nova.mkdir()


def main(argv=None):
    """Run the bench and end the process with its exit status."""
    args = _checked(_parser(), argv)
    run = _PARTS[args.part]
    os.environ['no_proxy'] = os.environ['NO_PROXY'] = '127.0.0.1'
    space = Workspace(pathlib.Path(tempfile.mkdtemp(prefix='zvm-bench-')))
    terminal = _redirect_errors(space.path / 'stderr.log')
    options = ['--no-connector'] if args.part == 'scale' else []
    system = zvm.ZVM(space.path / 'zvm', args.speed, *options)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    status = 1
    try:
        system.start()
        run(args, space, system)
        status = 0
    except KeyboardInterrupt:
        status = 130
    except Exception:
        traceback.print_exc(file=terminal)
        print('The logs are in %s.' % space.path, file=terminal)
    finally:
        system.stop()
    if status != 1:
        shutil.rmtree(space.path)
    sys.stdout.flush()
    terminal.flush()
    # Threads of nova's services may still wait for something.
    os._exit(status)


def _run_operations(args, space, system):
    nova = cell.Cell(space, system)
    nova.keep_uploads = False
    nova.start()
    print(LEGEND)
    todo = operations.Operations(nova, system, args.servers)
    result = {**_facts(args, system), 'runs': {}}
    for profile in args.profile or TITLES:
        title = '%s, and it runs %g times as fast' % (
            TITLES[profile], args.speed)
        print('%s\n%s\n%s' % (title, '=' * len(title),
                              table.head(table.OPERATIONS)))
        system.take_time(profile)
        costs = result['runs'][profile] = []
        for cost in todo.run():
            print(table.row(table.OPERATIONS, cost), flush=True)
            costs.append(dataclasses.asdict(cost))
        print()
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + '\n')


def _run_scale(args, space, system):
    print('%d guests, %d clients at once: CPU time of the simulated z/VM\n'
          % (args.guests, scale.CLIENTS))
    todo = scale.Scale(system, space.path, args.guests)
    costs = []
    for cost in todo.run():
        print('%-32s %6d commands  %6.3f ms each' % (
            cost.what, cost.commands, cost.cpu), flush=True)
        costs.append(dataclasses.asdict(cost))
    print('%-32s %s' % ('memory, at most', table.amount(todo.peak())))
    if args.json:
        args.json.write_text(json.dumps(
            {'guests': args.guests, 'clients': scale.CLIENTS,
             'costs': costs, 'memory': todo.peak()}, indent=2) + '\n')


def _run_images(args, space, system):
    transfers = images.Transfers()
    nova = cell.Cell(space, system)
    nova.keep_uploads = False
    with transfers.watched():
        nova.start()
    todo = images.Images(nova, system, transfers, space.nova, args.runs)
    print(IMAGES_LEGEND % args.runs)
    print(table.head(table.IMAGES))
    costs = []
    for cost in todo.run(args.size or images.SIZES):
        print(table.row(table.IMAGES, cost), flush=True)
        costs.append({**dataclasses.asdict(cost), 'ratio': cost.ratio})
    print('\nLeft on the connector: %d files of uploads, %s at most'
          % (len(cost.remains), table.amount(max(cost.remains))))
    if args.json:
        args.json.write_text(json.dumps(
            {**_facts(args, system), 'images': costs}, indent=2) + '\n')


_PARTS = {'operations': _run_operations, 'scale': _run_scale,
          'images': _run_images}


def _facts(args, system):
    return {
        'nova': importlib.metadata.version('nova'),
        'nova-zvm': importlib.metadata.version('nova-zvm'),
        'connector': system.connector().version().version,
        'python': sys.version.split()[0],
        'speed': args.speed,
    }


def _redirect_errors(path):
    """Have what libraries write to standard error out of the way.

    Returns a stream for where it went before.
    """
    terminal = os.fdopen(os.dup(sys.stderr.fileno()), 'w')
    with path.open('wb') as stream:
        os.dup2(stream.fileno(), sys.stderr.fileno())
    return terminal


def _checked(parser, argv):
    """Return the arguments, if what they ask for can be done here."""
    args = parser.parse_args(argv)
    if args.part == 'images':
        problem = images.obstacle(tempfile.gettempdir(),
                                  args.size or images.SIZES)
        if problem:
            parser.error(problem)
    return args


def _parser():
    parser = argparse.ArgumentParser(prog='bench.sh',
                                     description=DESCRIPTION)
    parser.add_argument('part', nargs='?', choices=list(_PARTS),
                        default='operations',
                        help='operations of nova; scale: what a command '
                             'costs the simulated z/VM itself; or images: '
                             'what their size costs')
    parser.add_argument('--servers', type=_positive,
                        default=operations.SERVERS, metavar='N',
                        help='of the power sync, of the part operations '
                        '(default: %(default)s)')
    parser.add_argument('--guests', type=int, default=scale.GUESTS,
                        metavar='N', help='of the part scale '
                        '(default: %(default)s)')
    parser.add_argument('--size', type=_positive, action='append',
                        metavar='MIB', help='of the part images; may be '
                        'repeated (default: %s)' % ', '.join(
                            map(str, images.SIZES)))
    parser.add_argument('--runs', type=_positive, default=images.RUNS,
                        metavar='N', help='of each size, of the part images '
                        '(default: %(default)s)')
    parser.add_argument('--json', type=pathlib.Path, metavar='FILE',
                        help='write the figures there, too; a path from the '
                             'top of the checkout')
    parser.add_argument('--profile', action='append', choices=list(TITLES),
                        help='how long z/VM takes for a command; may be '
                             'repeated (default: each)')
    parser.add_argument('--speed', type=float, default=20.0, metavar='F',
                        help='seconds on z/VM in a real one (default: 20)')
    return parser


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError('%d is less than 1' % number)
    return number
