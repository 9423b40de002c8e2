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

"""The command: bash tools/sandbox.sh [--keep] [options]."""

import argparse
import importlib.metadata
import json
import os
import pathlib
import signal
import sys
import traceback

from tools.sandbox import keep
from tools.sandbox import report
from tools.sandbox import story
from tools.sandbox import workspace
from tools.sandbox import zvm
from zvm_simulator.connector import install
from zvm_simulator.faults import inforce
from zvm_simulator.ground import errors
from zvm_simulator.ground import latency
from zvm_simulator.service import commandline
from zvm_simulator.service import scenarios
from zvm_simulator.service import server
from zvm_simulator.tests.support import fixtures

DESCRIPTION = """\
Boot a server on a simulated z/VM by nova, use it and delete it.
"""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """A signal asks to end."""


class Interrupts:
    """The first signal that asks to end; more of them change nothing.

    It is raised at once. But Python drops what is raised while it runs a
    callback of a weak reference, as each import does, so it is kept too.
    """

    def __init__(self):
        self._caught = None

    def catch(self):
        for number in SIGNALS:
            signal.signal(number, self.take)

    @staticmethod
    def ignore():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def take(self, number, frame):
        self.ignore()
        self._caught = Interrupted(signal.Signals(number).name)
        raise self._caught

    def check(self):
        """Raise what was dropped."""
        if self._caught:
            raise self._caught


def main(root, argv=None):
    """Run the sandbox and end the process with its exit status."""
    args = _parser(root).parse_args(argv)
    os.environ['no_proxy'] = os.environ['NO_PROXY'] = '127.0.0.1'
    try:
        space = workspace.Workspace(args.dir)
        space.use_for_temporary_files()
        system = zvm.ZVM(space, fixtures.connector_python(),
                         scenarios.load(args.scenario), args.profile,
                         args.speed)
        for fault in args.fault:
            system.inject(fault)
    except (workspace.WorkspaceError, errors.ScenarioError,
            inforce.FaultError, install.InstallError,
            server.SimulatorError) as error:
        print(f'sandbox: {error}', file=sys.stderr)
        return 2
    terminal = _redirect_errors(space.path / 'stderr.log')
    told = report.Report(sys.stdout, f'{space.nova_log} and below {space.zvm}')
    status = 1
    try:
        status = _guarded(args, space, system, told)
    except BrokenPipeError:
        pass  # Nobody reads what is printed.
    except BaseException:
        traceback.print_exc(file=terminal)
    # Threads of nova's services may still wait for something; nothing of
    # theirs is needed any more.
    terminal.flush()
    os._exit(status)


def _guarded(args, space, system, told):
    """Run the story so that nothing is left of it, however it ends."""
    interrupts = Interrupts()
    try:
        interrupts.catch()
        return _run(args, space, system, told, interrupts)
    except Interrupted as interrupt:
        told.interrupt(interrupt)
        return 130
    finally:
        interrupts.ignore()
        system.stop()
        space.close()
        told.finish()


def _redirect_errors(path):
    """Have what libraries write to standard error out of the way.

    Returns a stream for where it went before.
    """
    sys.stderr.flush()
    terminal = os.fdopen(os.dup(sys.stderr.fileno()), 'w')
    with path.open('wb') as stream:
        os.dup2(stream.fileno(), sys.stderr.fileno())
    return terminal


def _run(args, space, system, told, interrupts):
    _introduce(told, space, args)
    tale = story.Story(told, system, lambda: _cell(space, system))
    steps = tale.boot() + ([] if args.keep else tale.life())
    done = _follow(told, steps, interrupts)
    if args.keep and done:
        _keep(told, keep.instructions(
            tale.client, system, server=story.SERVER,
            port=story.SECOND_PORT, image=story.IMAGE,
            flavor=story.FLAVOR['name']))
    else:
        _follow(told, tale.end(), interrupts, tale.has_server)
    return 1 if told.failed else 0


def _cell(space, system):
    # Here, since this import of nova and its tests takes some seconds.
    from tools.sandbox import cell
    return cell.Cell(space, system)


def _keep(told, instructions):
    """Say how to use what runs, and wait for the signal to end it."""
    for line in instructions:
        told.line(line)
    try:
        while True:
            signal.pause()
    except Interrupted as interrupt:
        told.interrupt(interrupt)


def _follow(told, steps, interrupts, going=True):
    """Do steps until one fails; return whether none did."""
    for title, action in steps:
        if going:
            going = told.run(title, action)
            interrupts.check()
        else:
            told.skip(title)
    return going


def _introduce(told, space, args):
    told.line('nova_zvm sandbox: nova boots a server on a simulated z/VM')
    told.line()
    told.table([
        ('real', f'nova {_version("nova")}: API, conductor, scheduler, '
                 f'compute manager; Placement '
                 f'{_version("openstack-placement")}'),
        ('', f'the driver, nova-zvm {_version("nova-zvm")}'),
        ('', 'z/VM Cloud Connector from PyPI, in a process of its own'),
        ('in memory', "nova's stand-ins for Neutron, Glance, Cinder, "
                      "Keystone, message bus"),
        ('simulated', 'z/VM: directory manager, SMAPI, CP, and the Linux in '
                      'the guests;'),
        ('', f'its time passes {args.speed:g} times as fast'),
        ('files', f'{space.path}'),
    ])
    told.line()


def _version(name):
    return importlib.metadata.version(name)


def _parser(root):
    parser = argparse.ArgumentParser(prog='sandbox.sh',
                                     description=DESCRIPTION)
    parser.add_argument('--keep', action='store_true',
                        help='leave the server and nova\'s API up until '
                             'Ctrl-C, and say how to use them')
    parser.add_argument('--dir', type=pathlib.Path, metavar='DIR',
                        default=pathlib.Path(root, '.tox', 'sandbox', 'run'),
                        help='where all files go (default: %(default)s)')
    parser.add_argument('--scenario', type=pathlib.Path, metavar='FILE',
                        help='YAML file that describes the z/VM')
    parser.add_argument('--profile', default='typical',
                        choices=list(latency.PROFILES),
                        help='how long z/VM takes for a command '
                             '(default: typical)')
    parser.add_argument('--speed', type=commandline.positive, default=10.0,
                        metavar='F',
                        help='seconds on z/VM in a real one (default: 10)')
    parser.add_argument('--fault', type=json.loads, action='append',
                        default=[], metavar='JSON',
                        help='a fault on z/VM, as zvm-simulator inject '
                             'takes it')
    return parser
