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

"""The `openstack` command for a sandbox, as a script in its directory.

It calls the real one with a clouds.yaml of the sandbox's own; whatever else
is configured on this host plays no part. Without authentication the plugin for
Placement knows no address but that of the authentication.
"""

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
      endpoint: {placement}
    compute_endpoint_override: {compute}
    image_endpoint_override: {image}
    network_endpoint_override: {network}
"""
SCRIPT = """\
#!/bin/sh
# The openstack command for the sandbox that has this directory.
unset $(env | sed -n 's/^\\(OS_[A-Z_]*\\)=.*/\\1/p')
OS_CLIENT_CONFIG_FILE={clouds} OS_CLOUD={cloud} no_proxy=127.0.0.1 \\
    exec {openstack} "$@"
"""


def write(directory, endpoint):
    """Write the script; return its path."""
    clouds = directory / 'clouds.yaml'
    clouds.write_text(CLOUDS.format(
        cloud=CLOUD, compute=endpoint.compute_url, image=endpoint.image_url,
        network=endpoint.network_url, placement=endpoint.placement_url))
    script = directory / 'openstack'
    script.write_text(SCRIPT.format(
        clouds=shlex.quote(str(clouds)), cloud=CLOUD,
        openstack=shlex.quote(str(beside_python('openstack')))))
    script.chmod(0o700)
    return script


def beside_python(program):
    return pathlib.Path(sys.executable).with_name(program)
