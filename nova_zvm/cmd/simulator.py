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

"""nova-zvm-simulator: a simulated z/VM under the real Cloud Connector."""

import argparse
import json
import logging
import os
import pathlib
import signal
import sys
import threading
from typing import Any
import urllib.error
import urllib.request

from nova_zvm.simulator import connector as connectors
from nova_zvm.simulator import errors
from nova_zvm.simulator import install
from nova_zvm.simulator import latency
from nova_zvm.simulator import ports
from nova_zvm.simulator import scenario as scenarios
from nova_zvm.simulator import server

DESCRIPTION = """\
A simulated z/VM under the real z/VM Cloud Connector, without a mainframe.

The connector, its REST interface and its databases are the real ones; the
commands that it runs on z/VM are answered by a model with state of its own.
Everything listens on 127.0.0.1 and all files are in one directory.
"""
EXAMPLES = """\
examples:
  nova-zvm-simulator install-connector --venv ~/connector
  nova-zvm-simulator run --dir ~/zvm --connector-python ~/connector/bin/python
  nova-zvm-simulator log --dir ~/zvm
  nova-zvm-simulator inject --dir ~/zvm \\
      '{"match": {"command": "Image_Activate"}, "times": 1,
        "action": {"rc": 200, "rs": 12, "text": "Image not active"}}'
"""
PYTHON_VARIABLE = 'NOVA_ZVM_CONNECTOR_PYTHON'


class UsageError(Exception):
    """What the user asked for cannot be done as asked."""


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    logging.basicConfig(
        level=logging.DEBUG if args.debug else logging.WARNING,
        format='%(asctime)s %(levelname)s %(name)s %(message)s')
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *ignored: ended.set())
    simulator = server.Simulator(
        args.dir, None if args.no_connector else _connector_python(args),
        scenarios.load(args.scenario), speed=args.speed,
        profile=args.profile, connector_path=args.connector_path,
        port=args.port)
    simulator.start()
    try:
        print('READY ' + json.dumps(simulator.describe()), flush=True)
        ended.wait()
    finally:
        simulator.stop()
    return 0


def install_connector(args: argparse.Namespace) -> int:
    """Print the interpreter of the connector's virtual environment."""
    print(install.install(args.venv.absolute()))
    return 0


def state(args: argparse.Namespace) -> int:
    """Show the whole state of the system as JSON."""
    _show(_ask(args, 'GET', '/state'))
    return 0


def log(args: argparse.Namespace) -> int:
    """Show the commands that have run, one a line."""
    for record in _ask(args, 'GET', f'/log?since={args.since}'):
        status = record['outcome']
        if record['status'] is not None:
            status = f'rc {record["status"]}'
        print(f'{record["seq"]:6} {record["member"]:8} {record["kind"]:5} '
              f'{status:8} {record["command"]}')
    return 0


def faults(args: argparse.Namespace) -> int:
    """Show the faults in force, or take them away."""
    if args.clear:
        _ask(args, 'DELETE', '/faults')
    _show(_ask(args, 'GET', '/faults'))
    return 0


def inject(args: argparse.Namespace) -> int:
    """Put a fault in force and print its id."""
    try:
        fault = json.loads(args.fault)
    except ValueError as error:
        raise UsageError(f'The fault is not JSON: {error}.') from None
    print(_ask(args, 'POST', '/faults', fault)['id'])
    return 0


def _connector_python(args: argparse.Namespace) -> str:
    python = args.connector_python or os.environ.get(PYTHON_VARIABLE)
    if not python:
        raise UsageError(
            f'Name the interpreter that has zVMCloudConnector, with '
            f'--connector-python or {PYTHON_VARIABLE}; "nova-zvm-simulator '
            f'install-connector --venv DIR" makes one.')
    if not os.access(python, os.X_OK):
        raise UsageError(f'--connector-python {python} is not a program.')
    return str(python)


def _ask(args: argparse.Namespace, method: str, path: str,
         body: Any = None) -> Any:
    request = urllib.request.Request(
        _control_url(args.dir) + path, method=method,
        data=None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise UsageError(json.load(error)['error']) from None
    except OSError:
        raise UsageError(_no_simulator(args.dir)) from None


def _control_url(directory: pathlib.Path) -> str:
    try:
        ready = json.loads((directory / 'ready.json').read_text())
    except OSError:
        raise UsageError(_no_simulator(directory)) from None
    return str(ready['control_url'])


def _no_simulator(directory: pathlib.Path) -> str:
    return (f'No simulated z/VM runs in {directory}: start one with '
            f'"nova-zvm-simulator run --dir {directory}".')


def _show(data: Any) -> None:
    print(json.dumps(data, indent=2))


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError('must be above 0')
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='nova-zvm-simulator', description=DESCRIPTION, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    _add_run(commands)
    command = commands.add_parser(
        'install-connector',
        help='make the virtual environment that the connector runs in')
    command.add_argument('--venv', type=pathlib.Path, required=True)
    command.set_defaults(function=install_connector)
    for function, text in (
            (state, 'show the whole state as JSON'),
            (log, 'show the commands that the connectors have run'),
            (faults, 'show the faults in force'),
            (inject, 'put a fault in force')):
        command = commands.add_parser(function.__name__, help=text)
        command.add_argument('--dir', type=pathlib.Path, required=True,
                             help='the directory of the running system')
        command.set_defaults(function=function)
        if function is log:
            command.add_argument('--since', type=int, default=0, metavar='N',
                                 help='only those after number N')
        if function is faults:
            command.add_argument('--clear', action='store_true',
                                 help='take all of them away first')
        if function is inject:
            command.add_argument('fault', help='the fault as JSON')
    return parser


def _add_run(commands: Any) -> None:
    command = commands.add_parser(
        'run', help='start a simulated system and its connectors',
        description='Start, print READY and JSON with the URLs, serve until '
                    'SIGTERM or SIGINT.')
    command.add_argument('--dir', type=pathlib.Path, required=True,
                         help='where all files go; a later run goes on '
                              'from them')
    command.add_argument('--scenario', type=pathlib.Path, metavar='FILE',
                         help='YAML file that describes the machine')
    command.add_argument('--connector-python', metavar='PROGRAM',
                         help='interpreter that has zVMCloudConnector '
                              f'(default: ${PYTHON_VARIABLE})')
    command.add_argument('--connector-path', type=pathlib.Path,
                         metavar='CHECKOUT',
                         help='run the connector of a source checkout')
    command.add_argument('--no-connector', action='store_true',
                         help='start the simulated system alone')
    command.add_argument('--profile', choices=list(latency.PROFILES),
                         help='how long commands take (default: as the '
                              'scenario says, or instant)')
    command.add_argument('--speed', type=_positive, default=1.0, metavar='F',
                         help='simulated seconds in a real one (default: 1)')
    command.add_argument('--port', type=int, default=0,
                         help='REST port of the first member; the others '
                              'follow (default: any)')
    command.add_argument('--debug', action='store_true',
                         help='log what the simulator does')
    command.set_defaults(function=run)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    args = _parser().parse_args(argv)
    try:
        return int(args.function(args))
    except (UsageError, errors.ScenarioError, ports.PortError,
            install.InstallError, server.SimulatorError,
            connectors.ConnectorError) as error:
        print(f'nova-zvm-simulator: {error}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
