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

A script of that name in the sandbox's directory calls the real one with a
clouds.yaml of the sandbox's own; whatever else is configured on this host
plays no part.
"""

import os
import pathlib
import shlex
import sys

CLOUD = 'sandbox'
CLOUDS = """\
clouds:
  {cloud}:
    auth_type: none
    identity_api_version: '3'
    auth:
      endpoint: {compute}
    compute_endpoint_override: {compute}
    image_endpoint_override: {image}
"""
SCRIPT = """\
#!/bin/sh
# The openstack command for the sandbox that has this directory.
unset $(env | sed -n 's/^\\(OS_[A-Z_]*\\)=.*/\\1/p')
OS_CLIENT_CONFIG_FILE={clouds} OS_CLOUD={cloud} no_proxy=127.0.0.1 \\
    exec {openstack} "$@"
"""
COMMANDS = (
    'server list',
    'server show {server}',
    'console log show {server}',
    'server stop {server}',
    'server start {server}',
    'server reboot --wait {server}',
    'server pause {server}',
    'server unpause {server}',
    'server delete --wait {server}',
    'server create --image {image} --flavor {flavor} --nic auto --wait other',
)


def prepare(directory, zvm_directory, endpoint, **names):
    """Write the script and return what to tell the user.

    names are those that the commands speak of: server, image, flavor.
    """
    script = _write_client(directory, endpoint)
    return [
        '',
        "The server runs and nova's API is up. In another terminal, from "
        'this directory:',
        '',
        *(f'    {_typed(script)} {command.format(**names)}'
          for command in COMMANDS),
        '',
        'What the connector and z/VM were asked so far:',
        '',
        f'    {_typed(_beside_python("nova-zvm-simulator"))} log '
        f'--dir {_typed(zvm_directory)}',
        '',
        'Ctrl-C here ends it all.',
    ]


def _write_client(directory, endpoint):
    clouds = directory / 'clouds.yaml'
    clouds.write_text(CLOUDS.format(
        cloud=CLOUD, compute=endpoint.compute_url, image=endpoint.image_url))
    script = directory / 'openstack'
    script.write_text(SCRIPT.format(
        clouds=shlex.quote(str(clouds)), cloud=CLOUD,
        openstack=shlex.quote(str(_beside_python('openstack')))))
    script.chmod(0o700)
    return script


def _beside_python(program):
    return pathlib.Path(sys.executable).with_name(program)


def _typed(path):
    """Return a path as short as it can be typed from here."""
    short = os.path.relpath(path)
    return shlex.quote(str(path) if short.startswith(os.pardir) else short)
