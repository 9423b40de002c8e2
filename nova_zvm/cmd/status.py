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

"""nova-zvm-status: check nova.conf, the connector and z/VM, change nothing.

As nova-status does for nova itself, with its table and its exit codes.
"""

import argparse
import collections
from collections import abc
import json
import logging
import sys
import traceback
import typing

from oslo_config import cfg

from nova_zvm.cmd import output
from nova_zvm.cmd import which_driver

if typing.TYPE_CHECKING:
    from nova_zvm.checks import finding as found_by_checks

_Findings = list[tuple[str, 'found_by_checks.Finding']]


def parse_args(argv: abc.Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='nova-zvm-status',
        description='Check the driver that nova-compute would load with the '
                    'given configuration, its options, its z/VM Cloud '
                    'Connector, and what z/VM has.')
    check = parser.add_subparsers(
        required=True, metavar='COMMAND').add_parser(
            'check', help='run all checks',
            description='Run all checks; change nothing. Exit status: 0 when '
                        'all is well, 1 after a warning, 2 after a failure, '
                        '255 when the command itself failed.')
    which_driver.add_config_options(check)
    check.add_argument(
        '--format', choices=['table', 'json'], default='table',
        help='how findings are printed (default: %(default)s)')
    check.add_argument(
        '--problems', action='store_true',
        help='print only warnings and failures')
    check.add_argument(
        '--disk-gb', type=gigabytes, metavar='N',
        help='size of the next root disk, which the disk pool should have '
             'room for (default: 10)')
    check.add_argument(
        '--file-round-trip', action='store_true',
        help='also send a file to the connector and fetch it back; 512 '
             'bytes stay there')
    args = parser.parse_args(argv)
    absent = which_driver.missing(args)
    if absent:
        check.error('there is no %s' % absent)
    return args


def gigabytes(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def main(argv: abc.Sequence[str] | None = None) -> int:
    args = parse_args(sys.argv[1:] if argv is None else argv)
    # What is logged on the way is in the findings.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        findings = _findings(args)
    except (which_driver.Unreadable, cfg.Error) as exc:
        return output.failed('%s.' % exc)
    except KeyboardInterrupt:
        return output.failed('interrupted.')
    except Exception:
        return output.failed('\n' + traceback.format_exc())
    write = _print_json if args.format == 'json' else _print_table
    return output.written(lambda: write(findings, args.problems),
                          'the findings')


def _findings(args: argparse.Namespace) -> _Findings:
    """Return the name and the finding of each check.

    nova is imported by the first step, which has to know the options.
    """
    conf = which_driver.configured(args)
    driver = _driver(conf.compute_driver)
    from nova_zvm.checks import catalogue
    from nova_zvm.checks import deployment
    return [('Driver', driver), *catalogue.run(deployment.of_command(
        conf, file_round_trip=args.file_round_trip,
        disk_gb=args.disk_gb or deployment.DISK_GB))]


def _driver(compute_driver: str | None) -> 'found_by_checks.Finding':
    from nova_zvm.checks import finding
    try:
        cls = which_driver.load_class(compute_driver)
    except which_driver.NotLoaded as exc:
        return finding.failure(
            'nova-compute stops: %s.' % exc,
            'Correct nova.conf, or install nova-zvm again.')
    assert compute_driver, 'load_class() refuses one that is not set.'
    against = which_driver.reason_against(compute_driver, cls)
    if against:
        return finding.failure(
            'nova-compute would load %s.%s.' % (
                cls.__module__, cls.__qualname__),
            'That is not nova_zvm: %s.' % against)
    return finding.success('nova-compute would load %s %s.' %
                           which_driver.distribution_of(cls))


def _print_json(findings: _Findings, problems: bool) -> int:
    print(json.dumps([
        {'check': name, 'result': found.result, 'details': found.details,
         'remedy': found.remedy}
        for name, found in findings if found.code or not problems], indent=2))
    return _worst(findings)


def _worst(findings: _Findings) -> int:
    return int(max(found.code for _, found in findings))


def _print_table(findings: _Findings, problems: bool) -> int:
    """Print the table of oslo.upgradecheck, and what was not checked."""
    from oslo_upgradecheck import upgradecheck
    rows = [(name, found) for name, found in findings
            if found.made and (found.code or not problems)]

    class Table(upgradecheck.UpgradeCommands):
        display_title = 'nova-zvm Status'
        _upgrade_checks = tuple(
            (name, lambda self, found=found: upgradecheck.Result(
                found.code, ' '.join(filter(None, [
                    found.details, found.remedy]))))
            for name, found in rows)

    if rows:
        Table().check()
    _print_not_checked(findings)
    _print_counts(findings)
    return _worst(findings)


def _print_not_checked(findings: _Findings) -> None:
    """Print a line for each reason, with the checks that it prevents."""
    prevented: dict[str, list[str]] = {}
    for name, found in findings:
        if not found.made:
            prevented.setdefault(found.details, []).append(name)
    for reason, names in prevented.items():
        print('Not checked: %s (%s)' % (', '.join(names), reason))


def _print_counts(findings: _Findings) -> None:
    results = collections.Counter(found.result for _, found in findings)
    print('%d failed, %d warning%s, %d not checked, %d ok' % (
        results['failure'], results['warning'],
        '' if results['warning'] == 1 else 's', results['not checked'],
        results['success']))


if __name__ == '__main__':
    sys.exit(main())
