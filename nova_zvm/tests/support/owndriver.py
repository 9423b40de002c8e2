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

"""nova's own z/VM driver, as it is in nova, with the client that it uses.

That client is the one of the connector's distribution, which is in the
connector's own virtual environment. Two things are not as at a site: the
connector asks for no token, since that client never has one, and fetches
files from its own disk, where the simulated z/VM has no other host.
"""

import contextlib
import importlib
import subprocess
import sys

import fixtures

from nova_zvm import loader
from zvm_simulator.tests.support import fixtures as zvm_fixtures

WHERE = ('import pathlib, zvmconnector; '
         'print(pathlib.Path(zvmconnector.__file__).parents[1])')


class OwnDriver(fixtures.Fixture):
    """Let nova.virt.zvm be nova's own until the fixture is cleaned up."""

    def _setUp(self):
        for finder in [finder for finder in sys.meta_path
                       if isinstance(finder, loader.Finder)]:
            sys.meta_path.remove(finder)
        self.addCleanup(loader.install)
        loader._forget_imported()
        with _connector_packages():
            client = importlib.import_module('zvmconnector.connector')
            importlib.import_module('nova.virt.zvm.driver')
        self.useFixture(fixtures.MonkeyPatch(
            'zvmconnector.connector.ZVMConnector.send_request',
            _from_its_own_disk(client.ZVMConnector.send_request)))


@contextlib.contextmanager
def _connector_packages():
    """Let the connector's packages be found after all others."""
    path = subprocess.run(
        [zvm_fixtures.connector_python(), '-c', WHERE], check=True,
        capture_output=True, text=True).stdout.strip()
    sys.path.append(path)
    try:
        yield
    finally:
        sys.path.remove(path)


def _from_its_own_disk(send_request):
    def send(connector, api_name, *args, **options):
        return send_request(connector, api_name, *args, **{
            name: value for name, value in options.items()
            if name not in ('remote_host', 'remotehost')})
    return send
