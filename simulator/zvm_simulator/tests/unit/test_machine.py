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

"""The machine as a whole: persistence, atomicity, what it never does."""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
from unittest import mock

from zvm_simulator.ground import stores
from zvm_simulator.tests.support import simulated

_CREATOR = """
import pathlib, sys
from zvm_simulator.ground import clocks
from zvm_simulator.machine import execution
from zvm_simulator.service import scenarios
folder = pathlib.Path(sys.argv[1])
simulated = execution.Machine(scenarios.load(), folder / 'zvm.sqlite',
                              clocks.ManualClock())
for number in range(1000):
    userid = f'G{number:05d}'
    entry = folder / 'entry'
    entry.write_text(f'USER {userid} LBYONLY 1G 1G G\\nINCLUDE OSDFLT\\n')
    simulated.execute('ZVMSYS1', ['smcli', 'Image_Create_DM', '-T', userid,
                                  '-f', str(entry)])
    simulated.execute('ZVMSYS1', [
        'smcli', 'Image_Disk_Create_DM', '-T', userid, '-v', '0100', '-t',
        '3390', '-a', 'AUTOG', '-r', 'POOL1', '-z', '100', '-m', 'MR'])
    print(userid, flush=True)
"""


@dataclasses.dataclass(frozen=True)
class Thing:
    name: str


class PersistenceTestCase(simulated.SimulatorTestCase):

    def prepare(self):
        self.bootable()
        self.grant()
        self.boot()
        self.punch('GUEST1', 'note.txt', 'words')
        self.smcli('Name_List_Add', '-T', 'NL', '-n', 'GUEST1')
        self.create('GUEST2')
        self.smcli('Image_Lock_DM', '-T', 'GUEST2')

    def test_state_goes_on(self):
        self.prepare()
        before = self.machine.state()
        self.machine.close()
        self.machine = self.start()
        self.assertEqual(before, self.machine.state())
        self.assertEqual(0, self.iucv('GUEST1', 'echo ping')[0])

    def test_first_scenario_is_the_one_that_counts(self):
        self.create()
        self.machine.close()
        self.machine = self.start({'vswitches': {'OTHER': {}}})
        self.assertIn('GUEST1', self.machine.state()['directory'])
        self.assertIn('VSW1', self.smcli('Virtual_Network_Vswitch_Query',
                                         '-T', 'ZCCSRV', '-s', '*'))

    def test_extents_are_known_after_a_restart(self):
        self.create()
        self.add_disk(size=400)
        self.machine.close()
        self.machine = self.start()
        self.add_disk(vdev='0101', size=100)
        self.assertIn('MDISK 0101 3390 401 100 VOL001 MR',
                      self.machine.directory_text('GUEST1'))

    def test_order_goes_on(self):
        scenario = {'pools': {'POOL1': {'volumes': [
            {'name': name, 'model': '3390-3', 'size': 100}
            for name in ('VOLB', 'VOLA')]}}}
        self.machine = self.start(scenario, 'order.sqlite')
        query = ('Image_Volume_Space_Query_DM', '-q', '1', '-e', '3', '-n',
                 'POOL1')
        self.assertEqual('POOL1 VOLB VOLA\n', self.smcli(*query))
        self.machine.close()
        self.machine = self.start(scenario, 'order.sqlite')
        self.assertEqual('POOL1 VOLB VOLA\n', self.smcli(*query))

    def test_killed_process_leaves_whole_commands(self):
        root = pathlib.Path(simulated.__file__).parents[3]
        process = subprocess.Popen(
            [sys.executable, '-c', _CREATOR, str(self.folder / 'killed')],
            stdout=subprocess.PIPE, text=True,
            env={**os.environ, 'PYTHONPATH': str(root)})
        (self.folder / 'killed').mkdir(exist_ok=True)
        for _ in range(20):
            last = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait()
        state = self.start(name='killed/zvm.sqlite').state()
        entries = {userid: entry['text'] for userid, entry
                   in state['directory'].items() if userid[0] == 'G'}
        self.assertIn(last, entries)
        disks = sum(text.count('MDISK') for text in entries.values())
        self.assertEqual(100 * disks, state['pools']['POOL1']['used'])
        self.assertGreaterEqual(disks, len(entries) - 1)


class AtomicityTestCase(simulated.SimulatorTestCase):

    def test_command_that_cannot_be_written_has_not_happened(self):
        self.create()
        before = self.machine.state()
        with mock.patch.object(stores.Store, '_write',
                               side_effect=OSError('disk full')):
            with self.assertLogs('zvm_simulator', 'ERROR'):
                status, output = self.run_command(
                    'smcli', 'Image_Disk_Create_DM',
                    *simulated.disk_options())
        self.assertNotEqual(0, status)
        self.assertEqual(before, self.machine.state())
        self.machine = self.start()
        self.assertEqual(before, self.machine.state())
        self.add_disk()

    def test_what_was_removed_comes_back_to_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            store = stores.Store(pathlib.Path(folder) / 'store')
            self.addCleanup(store.close)
            table = stores.Table(store, 'thing', Thing)
            with store.transaction():
                for name in ('b', 'a', 'c'):
                    table.put(name, Thing(name))
            with self.assertRaises(ZeroDivisionError):
                with store.transaction():
                    table.put('new', Thing('new'))
                    table.remove('b')
                    table.put('b', Thing('other'))
                    raise ZeroDivisionError
            self.assertEqual(['b', 'a', 'c'],
                             [thing.name for thing in table.values()])
            with store.transaction():
                table.remove('b')
                table.put('b', Thing('b'))
            again = stores.Table(store, 'thing', Thing)
            self.assertEqual(['a', 'c', 'b'],
                             [thing.name for thing in table.values()])
            self.assertEqual(table.values(), again.values())

    def test_broken_command_is_answered(self):
        with self.assertLogs('zvm_simulator', 'ERROR'):
            status, output = self.run_command('vmcp', 'q', 'X',
                                              member='NOSUCH')
        self.assertNotEqual(0, status)
        self.assertIn('broke', output)

    def test_empty_command(self):
        self.assertNotEqual(0, self.run_command('')[0])
        self.assertNotEqual(0, self.run_command("echo 'open")[0])


class ParallelTestCase(simulated.SimulatorTestCase):

    def test_no_extent_has_two_owners(self):
        userids = [f'GUEST{number}' for number in range(8)]
        for userid in userids:
            self.create(userid)

        def add_disks(userid):
            for number in range(10):
                self.run_command('smcli', 'Image_Disk_Create_DM',
                                 *simulated.disk_options(
                                     userid, f'02{number:02X}', 100))
        threads = [threading.Thread(target=add_disks, args=(userid,))
                   for userid in userids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pool = self.machine.state()['pools']['POOL1']
        extents = sorted((name, disk['start'], disk['size'])
                         for name, volume in pool['volumes'].items()
                         for disk in volume['used_extents'])
        self.assertEqual(80, len(extents))
        for first, second in zip(extents, extents[1:]):
            if first[0] == second[0]:
                self.assertLessEqual(first[1] + first[2], second[1])


class DirectoryTextTestCase(simulated.SimulatorTestCase):

    def test_unknown_userid(self):
        with self.assertRaises(KeyError):
            self.machine.directory_text('NOSUCH')
        with self.assertRaises(KeyError):
            self.machine.guest_file('NOSUCH', 'openstack/latest/user_data')
