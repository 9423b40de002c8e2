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

"""The call flow of a boot and of a snapshot, through all four lanes.

nova calls the driver, the driver the connector, the connector the commands
of system management. The pages contributor/spawn.rst and snapshot.rst show
what comes out here, and a difference fails.
"""

import pathlib
import re

from nova_zvm.tests.support import cloud

PAGES = pathlib.Path(__file__).parents[3].joinpath(
    'doc', 'source', 'contributor')

# What each lane shows of a call: names, without the values of this server.
VALUES = (
    (re.compile(r'NVT[0-9A-F]{5}'), 'USERID'),
    (re.compile(r'nova-(cfg-|cap-)?[0-9a-f-]{36}'), r'nova-\1UUID'),
    (re.compile(r'\?.*'), ''),
)


class LanesTestCase(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.server = self.boot()
        self.lanes = []

    def watch(self, verb):
        """Note the next call of a driver's verb, through all lanes."""
        connector = self.driver._diagnostics._connector
        original = getattr(self.driver, verb)

        def call(*args, **kwargs):
            self.lanes.append(('nova', verb))
            self.zvm.engine.clear_log()
            connector.on_request = self.note_driver
            try:
                original(*args, **kwargs)
            finally:
                connector.on_request = None

        setattr(self.driver, verb, call)

    def note_driver(self, operation, *figures):
        """Put a call of the driver before what it made the connector do."""
        self.lanes.append(('driver', operation))
        for record in self.zvm.engine.log():
            if record['kind'] == 'rest':
                self.lanes.append(('connector', self.plain(
                    record['command'])))
            elif record['kind'] != 'wait':
                self.lanes.append(('system', record['name']))
        self.zvm.engine.clear_log()

    @staticmethod
    def plain(text):
        for pattern, replacement in VALUES:
            text = pattern.sub(replacement, text)
        return text

    def flow(self):
        """Return the lanes as the lines of the page, repeats taken once."""
        columns = {'nova': 0, 'driver': 2, 'connector': 4, 'system': 6}
        lines = []
        for lane, call in self.lanes:
            line = '%s%s' % (' ' * columns[lane], call)
            if not lines or lines[-1] != line:
                lines.append(line)
        return lines

    def assert_shown_on(self, page):
        text = (PAGES / page).read_text()
        shown = [line[4:] for line in text.partition(
            'lanes-begin')[2].partition('lanes-end')[0].splitlines()
            if line.startswith('    ')]
        self.assertEqual(shown, self.flow())


class SpawnTest(LanesTestCase):

    def configure(self):
        super().configure()
        self.flags(reachable_timeout=0, group='zvm')

    def test_page_shows_what_happens_in_which_order(self):
        self._delete_server(self.server)
        self.watch('spawn')
        self.boot(config_drive=True,
                  flavor_id=self.create_flavor(ephemeral=1))
        self.assert_shown_on('spawn.rst')
        calls = [call for lane, call in self.lanes if lane == 'driver']
        steps = ['guests.create', 'guests.deploy', 'guests.create_interface',
                 'guests.couple', 'vswitches.grant', 'guests.start']
        self.assertEqual(steps, [call for call in calls if call in steps])


class SnapshotTest(LanesTestCase):

    def test_page_shows_what_happens(self):
        self.watch('snapshot')
        self.api.post_server_action(self.server['id'],
                                    {'createImage': {'name': 'snap'}})
        self._wait_for_server_parameter(
            self.server, {'OS-EXT-STS:task_state': None})
        self.assert_shown_on('snapshot.rst')
