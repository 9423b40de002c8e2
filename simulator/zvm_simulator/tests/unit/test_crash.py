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

"""Killed at any moment: each command has happened, or it has not.

While a command runs, the files of the store are copied before each statement
that it makes, which is all that a process that was killed there leaves; and
the log of the last commit is cut off in each frame, as when it was killed in
the middle of writing.
"""

import json
import pathlib
import shutil
import sqlite3
from unittest import mock

from zvm_simulator.ground import wholefile
from zvm_simulator.machine import execution
from zvm_simulator.service import scenarios
from zvm_simulator.tests.support import invariants
from zvm_simulator.tests.support import simulated

SCENARIO = {'timing': {'logoff': 5, 'directory_delete': 5}}
COMPLETE = scenarios.complete(SCENARIO, 'test')
# Of the log that SQLite writes ahead: fileformat2.html, "WAL format".
WAL_HEADER = 32
WAL_FRAME = 24 + 4096


class CrashTestCase(simulated.SimulatorTestCase):

    scenario = SCENARIO

    def setUp(self):
        super().setUp()
        self.copies = []
        self.moments = 0

    def copy(self, cut=None):
        """Copy what a process that dies now leaves of the store."""
        folder = self.folder / f'copy{len(self.copies)}'
        folder.mkdir()
        for name in ('zvm.sqlite', 'zvm.sqlite-wal'):
            shutil.copyfile(self.folder / name, folder / name)
        if cut is not None:
            with (folder / 'zvm.sqlite-wal').open('r+b') as stream:
                stream.truncate(cut)
        self.copies.append(folder / 'zvm.sqlite')

    def reopened(self, path):
        """Return the state, and every blob, of a store that was left."""
        machine = execution.Machine(COMPLETE, path, self.clock)
        try:
            state = machine.state()
        finally:
            machine.close()
        shutil.rmtree(path.parent)
        return state

    def blobs(self, path):
        database = sqlite3.connect(path)
        try:
            wanted = [json.loads(body) for body, in database.execute(
                "SELECT body FROM thing WHERE kind IN ('spool', 'minidisk')")]
            names = [file['blob'] for file in wanted if 'blob' in file] + [
                blob for disk in wanted if 'content' in disk
                for blob in disk['content']['blobs'].values()]
            found = [name for name, in database.execute(
                'SELECT name FROM blob')]
        finally:
            database.close()
        return sorted(names), sorted(found)

    def watch(self):
        """Look at what each kill in each command from now on leaves."""
        execute = self.machine.execute

        def watched(member, argv):
            answers = []
            self.killed(lambda: answers.append(execute(member, argv)))
            return answers[0]

        self.machine.execute = watched

    def killed(self, action):
        before = self.machine.state()
        self.copy()
        log = self.folder / 'zvm.sqlite-wal'
        begin = log.stat().st_size
        self.machine._store._db.set_trace_callback(
            lambda statement: self.copy())
        try:
            action()
        finally:
            self.machine._store._db.set_trace_callback(None)
        end = log.stat().st_size
        for frame in range(max(begin, WAL_HEADER), end, WAL_FRAME):
            self.copy(cut=frame)
            self.copy(cut=frame + WAL_FRAME // 2)
        self.copy()
        self.assert_left(before, self.machine.state())

    def assert_left(self, before, after):
        states = []
        for path in self.copies:
            names, found = self.blobs(path)
            self.assertEqual(names, found)
            states.append(self.reopened(path))
            invariants.check(states[-1])
            if states[-1] not in (before, after):
                self.assertEqual(after, states[-1])
        self.assertEqual(before, states[0])
        self.assertEqual(after, states[-1])
        self.moments += len(states) if before != after else 0
        self.copies.clear()

    def test_commands(self):
        self.watch()
        self.create()
        self.grant()
        self.add_disk(vdev='0100')
        self.add_disk(vdev='0101', size=10)
        self.deploy()
        self.authorise()
        self.punch('GUEST1', 'cfgdrive.iso', simulated.config_drive(
            {'openstack/latest/meta_data.json': '{"hostname": "vm1"}'}))
        self.smcli('Name_List_Add', '-T', 'NL', '-n', 'GUEST1')
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.smcli('Image_Console_Get', '-T', 'GUEST1')
        self.vmcp('purge', 'rdr', 'all')
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.clock.advance(5)
        self.smcli('System_RDR_File_Manage', '-T', 'GUEST1', '-k',
                   'spoolids=all')
        self.smcli('Image_Disk_Delete_DM', '-T', 'GUEST1', '-v', '0101')
        self.smcli('Image_Delete_DM', '-T', 'GUEST1')
        self.assertGreater(self.moments, 100)

    def test_content_of_files_ends_with_them(self):
        self.bootable()
        for remove in (self.deploy, lambda: self.smcli(
                'Image_Disk_Delete_DM', '-T', 'GUEST1', '-v', '0100')):
            self.punch('GUEST1', 'cfgdrive.iso', 'drive')
            self.boot()
            self.smcli('Image_Deactivate', '-T', 'GUEST1')
            self.clock.advance(5)
            names, found = self.blobs(self.folder / 'zvm.sqlite')
            self.assertEqual(1, len(names))
            self.assertEqual(names, found)
            remove()
            self.assertEqual(([], []),
                             self.blobs(self.folder / 'zvm.sqlite'))

    def test_what_has_become_due(self):
        """Who starts again finds that it is time, and does it then."""
        self.bootable()
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.clock.advance(simulated.BOOT_TIME)
        self.machine._store._db.set_trace_callback(
            lambda statement: self.copy())
        self.machine.tick()
        self.machine._store._db.set_trace_callback(None)
        booted = self.machine.state()
        self.assertEqual('up', booted['guests']['GUEST1']['linux']['state'])
        self.assertGreater(len(self.copies), 3)
        for path in self.copies:
            self.assertEqual(booted, self.reopened(path))

    def test_first_start(self):
        """A machine that dies while it is founded is founded again."""
        whole = self.machine.state()
        self.machine.close()
        connect, copies = sqlite3.connect, []

        def watched(path, **options):
            database = connect(path, **options)
            folder = pathlib.Path(path).parent
            if folder == self.folder:
                database.set_trace_callback(lambda statement: copies.append(
                    self._copy_all(folder, len(copies))))
            return database

        with mock.patch.object(sqlite3, 'connect', watched):
            self.start(name='new.sqlite').close()
        self.assertGreater(len(copies), 30)
        for folder in copies:
            self.assertEqual(whole, self.reopened(folder / 'new.sqlite'))

    def _copy_all(self, folder, number):
        target = folder / f'new{number}'
        target.mkdir()
        for path in folder.glob('new.sqlite*'):
            if path.suffix != '.sqlite-shm':
                shutil.copyfile(path, target / path.name)
        return target


class WholeFileTestCase(simulated.SimulatorTestCase):

    def test_old_or_new(self):
        path = self.folder / 'file'
        wholefile.write(path, 'old')
        with mock.patch.object(pathlib.Path, 'replace',
                               side_effect=OSError('killed')):
            with self.assertRaises(OSError):
                wholefile.write(path, 'new and longer')
        self.assertEqual('old', path.read_text())
        wholefile.write(path, b'new', 0o600)
        self.assertEqual(('new', 0o600),
                         (path.read_text(), path.stat().st_mode & 0o777))
