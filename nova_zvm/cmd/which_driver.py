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

"""Tell which driver a nova.conf makes nova-compute load.

nova logs the same "Loading compute driver 'zvm.ZVMDriver'" for its own driver
and for this one. This command takes nova-compute's own first steps, in its
order (import, configuration, os_vif plugins), resolves the class as
``nova.virt.driver.load_compute_driver`` does and stops before making one.
"""

import argparse
from collections import abc
import importlib
import importlib.metadata
import os.path
import re
import sys

from oslo_config import cfg

WANTED = 'zvm.ZVMDriver'


class NotLoaded(Exception):
    """nova-compute would stop; the text says why."""


class Unreadable(Exception):
    """nova's configuration cannot be read; the text says why."""


def parse_args(argv: abc.Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='nova-zvm-which-driver',
        description='Print which virt driver nova-compute would load with '
                    'the given configuration, from which file, distribution '
                    'and version. Exit status: 0 when it is nova_zvm, 1 when '
                    'it is another or none.')
    add_config_options(parser)
    return parser.parse_args(argv)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--config-file', action='append', metavar='PATH',
        help="nova's configuration file, may be given more than once; "
             "without it, the files that nova-compute would read")
    parser.add_argument(
        '--config-dir', action='append', metavar='DIR',
        help='a directory of configuration files, as for nova-compute')


def missing(args: argparse.Namespace) -> str | None:
    """Return the first file or directory that is not there, or None."""
    return next((path for path in (args.config_file or []) +
                 (args.config_dir or []) if not os.path.exists(path)), None)


def configured(args: argparse.Namespace) -> cfg.ConfigOpts:
    """Return nova's configuration, read as nova-compute does.

    :raises Unreadable: naming the file
    """
    try:
        return _read(args)
    except cfg.ConfigFileParseError as exc:
        # Its text repeats the line, which may hold a password.
        line = re.search(r':(\d+), ', exc.msg)
        raise Unreadable('%s cannot be parsed%s' % (
            exc.config_file, ', see line %s' % line[1] if line else ''))
    except cfg.ConfigFilesPermissionDeniedError as exc:
        raise Unreadable('this user may not read %s; run the command as '
                         "nova's user" % ', '.join(exc.config_files))
    except UnicodeDecodeError as exc:
        raise Unreadable('a configuration file is not UTF-8: see its byte %d'
                         % exc.start)
    except OSError as exc:
        raise Unreadable('%s cannot be read: %s' % (
            exc.filename, exc.strerror))


def _read(args: argparse.Namespace) -> cfg.ConfigOpts:
    """Read the configuration.

    nova reads the concurrency to use when it is imported, from the files
    that the command line names: so it is imported only now.
    """
    import nova.cmd.compute  # noqa: F401
    import nova.conf
    arguments: list[str] = []
    for option in ('config_file', 'config_dir'):
        for value in getattr(args, option) or []:
            arguments += ['--' + option.replace('_', '-'), value]
    nova.conf.CONF(arguments, project='nova', prog='nova-compute')
    return nova.conf.CONF


def load_class(compute_driver: str | None) -> type:
    """Return the class that nova.virt.driver.load_compute_driver makes.

    :raises NotLoaded: if nova-compute would not come so far
    """
    import os_vif
    from oslo_utils import importutils
    if not compute_driver:
        raise NotLoaded('[DEFAULT]compute_driver is not set; for nova_zvm '
                        'set it to %s' % WANTED)
    try:
        os_vif.initialize()
        return importutils.import_class('nova.virt.' + compute_driver)
    except Exception as exc:
        raise NotLoaded("compute_driver '%s' cannot be loaded: %s: %s" % (
            compute_driver, type(exc).__name__, exc)) from exc


def distribution_of(cls: type) -> tuple[str, str]:
    """Return the name and version of what has brought the class."""
    top = cls.__module__.partition('.')[0]
    name = 'nova-zvm' if top == 'nova_zvm' else top
    return name, importlib.metadata.version(name)


def report(compute_driver: str, cls: type) -> None:
    name, version = distribution_of(cls)
    for label, value in (
            ('compute_driver', compute_driver),
            ('class', '%s.%s' % (cls.__module__, cls.__qualname__)),
            ('file', sys.modules[cls.__module__].__file__),
            ('distribution', '%s %s' % (name, version)),
            ('nova', importlib.metadata.version('nova'))):
        print('%-15s %s' % (label, value))


def reason_against(compute_driver: str, cls: type) -> str | None:
    """Say why the class is not ours, or return None when it is."""
    if cls.__module__.partition('.')[0] == 'nova_zvm':
        return None
    if not compute_driver.startswith('zvm.'):
        return ('compute_driver names another driver; for nova_zvm set '
                '[DEFAULT]compute_driver = %s' % WANTED)
    try:
        importlib.import_module('nova_zvm.loader')
    except Exception as exc:
        return ('nova_zvm.loader cannot be imported (%s: %s), so nova has '
                'its own zvm driver; install nova-zvm again' % (
                    type(exc).__name__, exc))
    return ("the os_vif plugin 'nova_zvm' is not registered with %s, so nova "
            'has its own zvm driver; install nova-zvm there' % sys.executable)


def main(argv: abc.Sequence[str] | None = None) -> int:
    args = parse_args(sys.argv[1:] if argv is None else argv)
    absent = missing(args)
    if absent:
        print('there is no %s' % absent)
        return 1
    try:
        compute_driver = configured(args).compute_driver
        cls = load_class(compute_driver)
    except (NotLoaded, Unreadable) as exc:
        print('nova-compute stops: %s' % exc)
        return 1
    report(compute_driver, cls)
    against = reason_against(compute_driver, cls)
    print('not nova_zvm: %s' % against if against
          else 'nova-compute would load nova_zvm')
    return 1 if against else 0
