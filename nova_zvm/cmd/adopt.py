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

"""nova-zvm-adopt: take over the servers that nova's own z/VM driver booted.

Without --yes it tells what it would do. All that can be asked is asked before
the first server is recorded, so that a connector or a database that is not
there leaves everything as it was.
"""

import argparse
from collections import abc
import json
import logging
import sys
import textwrap
import traceback
import typing

from oslo_config import cfg

from nova_zvm.cmd import output
from nova_zvm.cmd import which_driver
from nova_zvm.zvm import names

if typing.TYPE_CHECKING:
    from nova import objects

    from nova_zvm.checks import deployment as deployments
    from nova_zvm.operations import adoption as adoptions

DONE = 0
SOME_REFUSED = 1
IMPOSSIBLE = 2

# As of the tables of nova-status and nova-zvm-status.
WIDTH = 60


class Impossible(Exception):
    """What is asked cannot be done; the text says why."""


def parse_args(argv: abc.Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='nova-zvm-adopt',
        description="Record the servers of this host that nova's own z/VM "
                    'driver has booted, so that this driver has them. '
                    'Nothing is changed on z/VM. Exit status: 0 when no '
                    'server is refused, 1 when one is, 2 when it cannot '
                    'be done, 255 when the command itself failed.')
    which_driver.add_config_options(parser)
    parser.add_argument(
        '--yes', action='store_true',
        help='record the servers; without it only tell what would be done')
    parser.add_argument(
        '--name-template', metavar='TEMPLATE',
        help='the instance_name_template that the servers were booted with, '
             'if nova.conf has another one now')
    parser.add_argument(
        '--format', choices=['table', 'json'], default='table',
        help='how the outcome is printed (default: %(default)s)')
    parser.add_argument(
        'servers', nargs='*', metavar='SERVER',
        help='the uuid of a server; without any, all of this host')
    args = parser.parse_args(argv)
    absent = which_driver.missing(args)
    if absent:
        parser.error('there is no %s' % absent)
    if args.name_template and not _makes_names(args.name_template):
        parser.error("--name-template: '%s' does not make each server a name "
                     'of its own; give the one of the old nova.conf, such as '
                     'abc%%05x' % args.name_template)
    return args


def _makes_names(template: str) -> bool:
    try:
        return names.template_name(template, 0) != names.template_name(
            template, 1)
    except (ValueError, TypeError, KeyError):
        return False


def main(argv: abc.Sequence[str] | None = None) -> int:
    args = parse_args(sys.argv[1:] if argv is None else argv)
    # What is logged on the way is in what is printed.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        verdicts = run(_deployment(args), args.servers, args.yes)
    except Impossible as exc:
        return output.failed(exc, IMPOSSIBLE)
    except KeyboardInterrupt:
        return output.failed('interrupted; those that were adopted before '
                             'stay so: run this again.')
    except Exception:
        return output.failed('\n' + traceback.format_exc())
    return output.written(lambda: _print(verdicts, args), 'the results')


def _deployment(args: argparse.Namespace) -> 'deployments.Deployment':
    """Return what is looked at.

    nova is imported by the first step, which has to know the options.
    """
    try:
        conf = which_driver.configured(args)
    except (which_driver.Unreadable, cfg.Error) as exc:
        raise Impossible('%s.' % exc)
    from nova_zvm.checks import deployment
    from nova_zvm.checks import finding
    from nova_zvm.conf import settings
    deployed = deployment.of_command(conf)
    try:
        settings.read(conf)
    except deployment.WRONG_OPTIONS as exc:
        raise Impossible(finding.sentence(exc))
    if args.name_template:
        conf.set_override('instance_name_template', args.name_template)
    return deployed


def run(deployed: 'deployments.Deployment', uuids: abc.Sequence[str],
        yes: bool) -> 'list[adoptions.Verdict]':
    """Return the Verdict on each server.

    :param uuids: of the servers, none for all of the host
    :param yes: whether they are recorded
    """
    from nova_zvm.checks import finding
    from nova_zvm.connector import errors
    from nova_zvm.operations import adoption
    try:
        instances = _chosen(deployed, uuids)
        if yes:
            _see_that_nova_compute_is_down(deployed)
        if deployed.contact:
            raise Impossible(
                'The z/VM Cloud Connector cannot be asked: %s '
                'nova-zvm-status check tells what to do about it.'
                % finding.sentence(deployed.contact))
        adopting = adoption.Adoption(
            deployed.connector, deployed.settings.vswitch_mappings,
            deployed.claims)
        verdicts = [adopting.judge(instance) for instance in instances]
    except finding.NotChecked as exc:
        raise Impossible('%s.' % exc)
    except errors.ConnectorError as exc:
        raise Impossible(finding.sentence(exc))
    return [_adopted(adopting, verdict)
            if yes and verdict.result == adoption.READY else verdict
            for verdict in verdicts]


def _adopted(adopting: 'adoptions.Adoption',
             verdict: 'adoptions.Verdict') -> 'adoptions.Verdict':
    try:
        return adopting.adopt(verdict)
    except Exception as exc:
        # The text of a database library can hold the password.
        raise Impossible(
            "nova's database cannot be written by [database] connection "
            '(%s): server %s is not adopted. Those before it are; run this '
            'again.' % (type(exc).__name__, verdict.instance.uuid)) from None


def _chosen(deployed: 'deployments.Deployment',
            uuids: abc.Sequence[str]) -> 'list[objects.Instance]':
    on_host = {instance.uuid: instance for instance in deployed.on_host}
    unknown = [uuid for uuid in uuids if uuid not in on_host]
    if unknown:
        raise Impossible(
            'Host %s has no server %s: give the uuids of servers of this '
            'host, or none for all of them.' % (
                deployed.conf.host, ', '.join(unknown)))
    return [on_host[uuid] for uuid in dict.fromkeys(uuids or on_host)]


def _see_that_nova_compute_is_down(
        deployed: 'deployments.Deployment') -> None:
    """Refuse to write while nova-compute runs.

    It would write back the system metadata that it has read before.
    """
    if deployed.service_is_up:
        raise Impossible(
            'nova-compute of host %s is up: stop it, and wait until nova '
            'takes it for down, which is %d seconds after its last report.'
            % (deployed.conf.host, deployed.conf.service_down_time))


def _print(verdicts: 'list[adoptions.Verdict]',
           args: argparse.Namespace) -> int:
    if args.format == 'json':
        _print_json(verdicts)
    else:
        _print_table(verdicts, args.yes)
    return SOME_REFUSED if any(
        verdict.refused for verdict in verdicts) else DONE


def _print_json(verdicts: 'list[adoptions.Verdict]') -> None:
    print(json.dumps([
        {'server': verdict.instance.uuid, 'userid': verdict.userid,
         'result': verdict.result, 'details': verdict.details}
        for verdict in verdicts], indent=2))


def _print_table(verdicts: 'list[adoptions.Verdict]', yes: bool) -> None:
    """Print a table as nova-zvm-status does."""
    blocks = [['nova-zvm Adoption']] + [_lines(verdict)
                                        for verdict in verdicts]
    width = max(len(line) for block in blocks for line in block)
    edge = '+%s+' % ('-' * (width + 2))
    print(edge)
    for block in blocks:
        for line in block:
            print('| %s |' % line.ljust(width))
        print(edge)
    if not yes:
        print('Nothing was changed. With --yes, those that are ready are '
              'adopted.')


def _lines(verdict: 'adoptions.Verdict') -> list[str]:
    return [line for label, text in (
        ('Server', verdict.instance.uuid), ('Userid', verdict.userid),
        ('Result', verdict.result.capitalize()),
        ('Details', verdict.details))
        for line in textwrap.wrap('%s: %s' % (label, text), WIDTH,
                                  subsequent_indent='  ')]


if __name__ == '__main__':
    sys.exit(main())
