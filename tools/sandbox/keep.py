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

"""A sandbox that stays up, for the `openstack` command in another terminal.

"""

import os
import shlex

from tools.sandbox import commandline

COMMANDS = (
    'server list',
    'server show {server}',
    'console log show {server}',
    'network list',
    'image list',
    'resource provider list',
    'server add port {server} {port}',
    'server remove port {server} {port}',
    'server stop {server}',
    'server start {server}',
    'server reboot --wait {server}',
    'server pause {server}',
    'server unpause {server}',
    'server delete --wait {server}',
    'server create --image {image} --flavor {flavor} --nic auto --wait other',
)


def instructions(script, system, **names):
    """Return what to tell the user.

    system is the zvm.ZVM; names are those that the commands speak of: server,
    port, image, flavor.
    """
    return [
        '',
        "The server runs and nova's API is up. In another terminal, from "
        'this directory:',
        '',
        *(f'    {_typed(script)} {command.format(**names)}'
          for command in COMMANDS),
        '',
        'What z/VM has and does, in a browser:',
        '',
        f'    {system.status_page()}',
        '',
        'What the connector and z/VM were asked so far:',
        '',
        f'    {_typed(commandline.beside_python("zvm-simulator"))} log '
        f'--dir {_typed(system.directory)}',
        '',
        'Ctrl-C here ends it all.',
    ]


def _typed(path):
    """Return a path as short as it can be typed from here."""
    short = os.path.relpath(path)
    return shlex.quote(str(path) if short.startswith(os.pardir) else short)
