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

"""zvm-simulator: a simulated z/VM under the real Cloud Connector."""

import argparse
from collections.abc import Callable
import json
import logging
import math
import os
import pathlib
import signal
import sys
import threading
import time
from typing import Any
from typing import NoReturn

from zvm_simulator.connector import install
from zvm_simulator.connector import process
from zvm_simulator.connector import sudo
from zvm_simulator.faults import inforce
from zvm_simulator.ground import addresses
from zvm_simulator.ground import errors
from zvm_simulator.ground import latency
from zvm_simulator.service import announcement
from zvm_simulator.service import remote
from zvm_simulator.service import scenarios
from zvm_simulator.service import server
from zvm_simulator.service import tcpports

DESCRIPTION = """\
A simulated z/VM under the real z/VM Cloud Connector, without a mainframe.

The connector, its REST interface and its databases are the real ones; the
commands that it runs on z/VM are answered by a model with state of its own.
Everything listens on 127.0.0.1, unless run --host says otherwise, and all
files are in one directory.
"""
EXAMPLES = """\
examples:
  zvm-simulator run --dir ~/zvm
  zvm-simulator log --dir ~/zvm --follow
  zvm-simulator cmd --dir ~/zvm -- vmcp query names
  zvm-simulator inject --dir ~/zvm \\
      '{"match": {"command": "Image_Activate"}, "times": 1,
        "action": {"rc": 200, "rs": 12, "text": "Image not active"}}'
"""
CMD_DESCRIPTION = """\
Run smcli, vmcp, vmur, iucvclnt or a script of zthin as root on the Linux of a
connector would, with its output and exit status. It is logged, takes its time
and is subject to faults as if the connector had run it. Files are named by
their absolute paths. The status is 255 when the command is cut off.
"""
EXPOSED = (
    '{host} is reachable by other machines, and all of them can run commands '
    'through the control endpoint, which asks for no password and reads and '
    'writes your files.')
# How often a log that is followed is asked for; real seconds.
FOLLOW_SECONDS = 0.5
LAST_PORT = 65535


class UsageError(Exception):
    """What the user asked for cannot be done as asked."""


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    logging.basicConfig(
        level=logging.DEBUG if args.debug else logging.WARNING,
        format='%(asctime)s %(levelname)s %(name)s %(message)s')
    scenario = scenarios.load(args.scenario)
    if not addresses.is_loopback(args.host):
        _warn(EXPOSED.format(host=args.host))
    simulator = server.Simulator(
        args.dir, None if args.no_connector else install.provide(
            args.connector_python, _warn),
        scenario, speed=args.speed, profile=args.profile,
        connector_path=args.connector_path, host=args.host, port=args.port)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *ignored: ended.set())
    simulator.start()
    try:
        print(_announcement(simulator.describe(), args.json), flush=True)
        ended.wait()
    finally:
        simulator.stop()
    return 0


def _announcement(ready: dict[str, Any], as_json: bool) -> str:
    if as_json or not sys.stdout.isatty():
        return announcement.for_programs(ready)
    return announcement.for_people(ready)


def install_connector(args: argparse.Namespace) -> int:
    """Print the interpreter of the connector's virtual environment."""
    print(install.install(args.venv.absolute()))
    return 0


def state(args: argparse.Namespace) -> int:
    """Show the whole state of the system as JSON."""
    _show(remote.Remote(args.dir).ask('GET', '/state'))
    return 0


def log(args: argparse.Namespace) -> int:
    """Show the commands that have run, one a line."""
    system = remote.Remote(args.dir)
    if args.follow:
        _follow(system, args.since)
    _show_records(system.ask('GET', f'/log?since={args.since}'))
    return 0


def cmd(args: argparse.Namespace) -> int:
    """Run one command, or write a program that does."""
    if bool(args.words) == bool(args.as_sudo):
        raise UsageError('Give either a command, after --, or --as-sudo.')
    channel = remote.Remote(args.dir).channel(args.member)
    if args.words:
        return sudo.run(channel, args.words)
    try:
        sudo.write(str(args.as_sudo), channel)
    except OSError as error:
        raise UsageError(f'--as-sudo {args.as_sudo} cannot be written: '
                         f'{error.strerror}.') from None
    return 0


def faults(args: argparse.Namespace) -> int:
    """Show the faults in force, or take them away."""
    system = remote.Remote(args.dir)
    if args.clear:
        system.ask('DELETE', '/faults')
    _show(system.ask('GET', '/faults'))
    return 0


def inject(args: argparse.Namespace) -> int:
    """Put a fault in force and print its id."""
    try:
        fault = json.loads(args.fault)
    except ValueError as error:
        raise UsageError(f'The fault is not JSON: {error}.') from None
    print(remote.Remote(args.dir).ask('POST', '/faults', fault)['id'])
    return 0


def _follow(system: remote.Remote, since: int) -> NoReturn:
    """Show each command when it has ended."""
    shown: set[int] = set()
    while True:
        records = system.ask('GET', f'/log?since={since}')
        _show_records([record for record in records
                       if record['seq'] not in shown
                       and record['outcome'] != 'running'])
        running = [record['seq'] for record in records
                   if record['outcome'] == 'running']
        # What still runs must be asked for again, and so what came after it.
        since = min(running) - 1 if running else max(
            [since, *(record['seq'] for record in records)])
        shown = {record['seq'] for record in records
                 if record['seq'] > since} - set(running)
        time.sleep(FOLLOW_SECONDS)


def _show_records(records: list[dict[str, Any]]) -> None:
    for record in records:
        status = record['outcome']
        if record['status'] is not None:
            status = f'rc {record["status"]}'
        print(f'{record["seq"]:6} {record["member"]:8} {record["kind"]:5} '
              f'{status:8} {record["command"]}', flush=True)


def _warn(sentence: str) -> None:
    print(f'zvm-simulator: {sentence}', file=sys.stderr, flush=True)


def _show(data: Any) -> None:
    print(json.dumps(data, indent=2))


def positive(text: str) -> float:
    """Return an option's value as a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError('must be a number above 0')
    return value


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f'must be 0 to {LAST_PORT}')
    return int(text)


def _checkout(text: str) -> pathlib.Path:
    path = pathlib.Path(text)
    if not (path / 'zvmsdk').is_dir():
        raise argparse.ArgumentTypeError(
            f'{path} is not a checkout of the connector: it has no zvmsdk')
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='zvm-simulator', description=DESCRIPTION, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--version', action='version',
                        version=f'%(prog)s {announcement.version()}')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    _add_run(commands)
    command = commands.add_parser(
        'install-connector',
        help='make the virtual environment that the connector runs in',
        description='Install the z/VM Cloud Connector of PyPI, with what it '
                    'needs, and print the interpreter that has it.')
    command.add_argument('--venv', type=pathlib.Path, required=True)
    command.set_defaults(function=install_connector)
    _add(commands, state, 'show the whole state as JSON')
    command = _add(commands, log,
                   'show the commands that the connectors have run')
    command.add_argument('--since', type=int, default=0, metavar='N',
                         help='only those after number N')
    command.add_argument('--follow', action='store_true',
                         help='go on with each command that ends, until '
                              'interrupted')
    _add_cmd(commands)
    command = _add(commands, faults, 'show the faults in force')
    command.add_argument('--clear', action='store_true',
                         help='take all of them away first')
    command = _add(commands, inject, 'put a fault in force, print its id',
                   description=inforce.__doc__)
    command.add_argument('fault', help='the fault as JSON')
    return parser


def _add(commands: Any, function: Callable[[argparse.Namespace], int],
         text: str, description: str | None = None
         ) -> argparse.ArgumentParser:
    """Add a command to a running system."""
    command: argparse.ArgumentParser = commands.add_parser(
        function.__name__, help=text,
        description=description or f'{text[0].upper()}{text[1:]}.',
        formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument('--dir', type=pathlib.Path, required=True,
                         help='the directory of the running system')
    command.set_defaults(function=function)
    return command


def _add_cmd(commands: Any) -> None:
    command = _add(commands, cmd, 'run one command of a connector\'s Linux',
                   description=CMD_DESCRIPTION)
    command.usage = ('%(prog)s --dir DIR [--member NAME] '
                     '(--as-sudo PATH | -- PROGRAM [WORD ...])')
    command.add_argument('--member', metavar='NAME',
                         help='the member on which it runs (default: the '
                              'first)')
    command.add_argument('--as-sudo', type=pathlib.Path, metavar='PATH',
                         help='write a program that stands in for sudo and '
                              'runs its arguments so')
    command.add_argument('words', nargs='*', metavar='WORD',
                         help='program and arguments, after --')


def _add_run(commands: Any) -> None:
    command = commands.add_parser(
        'run', help='start a simulated system and its connectors',
        description='Start, print READY and the URLs, serve until SIGTERM or '
                    'SIGINT.')
    command.add_argument('--dir', type=pathlib.Path, required=True,
                         help='where all files go; a later run goes on '
                              'from them')
    command.add_argument('--scenario', type=pathlib.Path, metavar='FILE',
                         help='YAML file that describes the machine, or the '
                              'name of one that comes with the product: '
                              + ', '.join(scenarios.NAMES))
    _add_connector(command)
    command.add_argument('--profile', choices=list(latency.PROFILES),
                         help='how long commands take (default: as the '
                              'scenario says, else instant)')
    command.add_argument('--speed', type=positive, default=1.0, metavar='F',
                         help='simulated seconds in a real one (default: 1)')
    command.add_argument('--host', default=addresses.LOOPBACK,
                         metavar='ADDRESS',
                         help='IPv4 address, or name of one, that REST '
                              'interfaces and control endpoint serve on '
                              '(default: %(default)s)')
    command.add_argument('--json', action='store_true',
                         help='print READY and JSON also on a terminal')
    command.add_argument('--port', type=_port, default=0,
                         help='REST port of the first member; the others '
                              'follow (default: any)')
    command.add_argument('--debug', action='store_true',
                         help='log what the simulator does')
    command.set_defaults(function=run)


def _add_connector(command: argparse.ArgumentParser) -> None:
    """Add what says which connector run() starts, if any."""
    command.add_argument('--connector-python', metavar='PROGRAM',
                         help='interpreter that has zVMCloudConnector '
                              f'(default: ${install.PYTHON_VARIABLE}, else '
                              f'one that is installed into {install.cache()} '
                              'on first use)')
    command.add_argument('--connector-path', type=_checkout,
                         metavar='CHECKOUT',
                         help='run the connector of a source checkout')
    command.add_argument('--no-connector', action='store_true',
                         help='start the simulated system alone')


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    args = _parser().parse_args(argv)
    try:
        return int(args.function(args))
    except (UsageError, errors.ScenarioError, tcpports.PortError,
            install.InstallError, server.SimulatorError,
            process.ConnectorError, remote.RemoteError) as error:
        print(f'zvm-simulator: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Who reads the output has seen enough; nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


if __name__ == '__main__':
    sys.exit(main())
