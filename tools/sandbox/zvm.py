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

"""The simulated z/VM and its connector, and what can be seen of them."""

import contextlib
import re
import sqlite3

from nova_zvm.connector import client
from zvm_simulator.service import server

# What the commands of a boot are for, by their text.
MEANINGS = (
    (r'smcli Image_Create_DM', 'create the user'),
    (r'smcli Image_Disk_Create_DM .* -v (\w+)', 'add minidisk {}'),
    (r'^mkfs .* -t (\w+)', 'make a file system, {}'),
    (r'unpackdiskimage \w+ (\w+)', 'deploy the image to minidisk {}'),
    (r'vmur punch -r .*/(\S+)', 'put {} into the reader'),
    (r'Adapter_Create_Extended_DM .*image_device_number=(\w+)',
     'set up the network: add NIC {}'),
    (r'smcli Image_Replace_DM', 'couple the NIC in the directory'),
    (r'Vswitch_Set_Extended .*switch_name=(\w+) .*user_vlan_id=(\d+)',
     'grant virtual switch {}, VLAN {}'),
    (r'Vswitch_Set_Extended .*switch_name=(\w+) .*grant_userid',
     'grant virtual switch {}'),
    (r'smcli Image_Activate', 'start: log the user on'),
)
REQUEST = 'rest'
# Kinds of command that may change something.
ACTING = ('smapi', 'dirm', 'image', 'iucv')


class ZVM:
    """One simulated system with the real connector on it."""

    def __init__(self, workspace, connector_python, scenario, profile, speed):
        self.directory = workspace.zvm
        self._simulator = server.Simulator(
            self.directory, connector_python, scenario, profile=profile,
            speed=speed)
        self._runs = False

    def start(self):
        self._simulator.start()  # It stops itself if that is cut short.
        self._runs = True

    def stop(self):
        if self._runs:
            self._simulator.stop()

    def inject(self, fault):
        """Have z/VM misbehave as a fault says (zvm-simulator inject).

        """
        self._simulator.engine.faults.add(fault)

    @property
    def connector(self):
        return self._simulator.member

    def status_page(self):
        return self._simulator.control_url

    def connector_version(self):
        return client.Connector(
            self.connector.rest_url,
            token_file=str(self.connector.token_file)).version().version

    def options(self):
        """Return what the driver has to be told, as options of [zvm]."""
        return {
            'cloud_connector_url': self.connector.rest_url,
            'token_file': str(self.connector.token_file),
            'image_repository': str(self.connector.image_repository),
        }

    def state(self):
        return self._simulator.machine.state()

    def directory_entry(self, userid):
        """Return the statements of a user's directory entry."""
        return self._simulator.machine.directory_text(userid).splitlines()

    def guest_file(self, userid, path):
        """Return a file as cloud-init in a guest sees it."""
        return self._simulator.machine.guest_file(userid, path)

    def guest(self, userid):
        """Return what z/VM knows of a guest; None when not logged on."""
        return self.state()['guests'].get(userid)

    def switches(self):
        """Return the virtual switches by name."""
        member, = self.state()['members'].values()
        return member['vswitches']

    def log(self, since):
        """Return the records of requests and commands since a number."""
        return self._simulator.engine.log(since)

    def lasting(self):
        """Return all that a boot and a delete must leave as it was."""
        state = self.state()
        del state['time']
        return {'z/VM': state, 'connector': self._rows()}

    def _rows(self):
        rows = {}
        for path in sorted(self.connector.databases.glob('*.sqlite')):
            if path.name == 'sdk_image.sqlite':
                continue  # An image stays there for the next boot.
            with contextlib.closing(sqlite3.connect(path)) as database:
                names = [name for name, in database.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'")]
                for name in names:
                    rows[name] = sorted(map(repr, database.execute(
                        f'SELECT * FROM "{name}"')))
        return rows


class Watch:
    """The requests and commands from one moment on."""

    def __init__(self, zvm):
        self._zvm = zvm
        self._shown = self._first = max(
            (record['seq'] for record in zvm.log(0)), default=0)

    def new(self):
        """Return the records that were not returned before."""
        records = self._zvm.log(self._shown)
        if records:
            self._shown = records[-1]['seq']
        return records

    def summary(self):
        """Say what the connector was asked and did on z/VM."""
        records = self._zvm.log(self._first)
        requests = [record for record in records if record['kind'] == REQUEST]
        commands = [record for record in records
                    if record['kind'] not in (REQUEST, 'wait')]
        if not records:
            return 'nothing had to be asked of the connector'
        acting = [record['name'] for record in commands
                  if record['kind'] in ACTING
                  and 'Query' not in record['name']]
        return (f'{_many(len(requests), "request")}, '
                f'{_many(len(commands), "command")} on z/VM: '
                f'{", ".join(_counted(acting)) or "queries only"}')


def meaning(command):
    """Say what a command of a boot is for; None if it is a lesser one."""
    for pattern, text in MEANINGS:
        match = re.search(pattern, command)
        if match:
            return text.format(*match.groups())
    return None


def _many(number, word):
    return f'{number} {word}' if number == 1 else f'{number} {word}s'


def _counted(names):
    found = dict.fromkeys(names, 0)
    for name in names:
        found[name] += 1
    return [name if count == 1 else f'{name} x {count}'
            for name, count in found.items()]
