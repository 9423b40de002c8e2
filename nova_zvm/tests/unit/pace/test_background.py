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

import ast
import pathlib
import threading
from unittest import mock

import nova_zvm
from nova_zvm.pace import background
from nova_zvm.tests.support import inmemory

# Real seconds; only a test that fails waits so long.
PATIENCE = 30

# Within a block, or of the client.
OTHERS = {'connector', 'streaming.py', 'tests'}


class BackgroundTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.patch(background, 'STOP_SECONDS', PATIENCE)
        self.go_on = threading.Event()
        self.addCleanup(self.go_on.set)
        self.done = []

    def work(self, name):
        """Do what lasts until the test lets it go on."""
        self.go_on.wait(PATIENCE)
        self.done.append(name)

    def watch(self):
        """Do what lasts until it has to end."""
        self.done.append(self.background.pause(PATIENCE))

    def test_the_caller_does_not_wait(self):
        self.assertTrue(self.background.start('b', self.work, 'b'))
        self.assertTrue(self.background.start('a', self.work, 'a'))
        self.assertEqual(['a', 'b'], self.background.names())
        self.assertEqual([], self.done)
        self.go_on.set()
        self.background.join('a', PATIENCE)
        self.background.join('b', PATIENCE)
        self.assertEqual(['a', 'b'], sorted(self.done))
        self.assertEqual([], self.background.names())

    def test_threads_have_the_name_and_do_not_keep_the_process(self):
        self.background.start('zvm-work', self.work, None)
        [thread] = [thread for thread in threading.enumerate()
                    if thread.name == 'zvm-work']
        self.assertTrue(thread.daemon)

    def test_one_of_a_name_at_a_time(self):
        starts = []
        together = threading.Barrier(8)

        def start():
            together.wait(PATIENCE)
            starts.append(self.background.start('a', self.work, 'a'))

        callers = [threading.Thread(target=start) for _ in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        self.assertEqual([False] * 7 + [True], sorted(starts))
        self.go_on.set()
        self.background.join('a', PATIENCE)
        self.assertTrue(self.background.start('a', self.work, 'a'))

    def test_one_that_fails_can_be_begun_again(self):
        self.patch(threading, 'excepthook', lambda _: None)

        def fail():
            self.go_on.wait(PATIENCE)
            raise KeyError()

        self.background.start('a', fail)
        self.go_on.set()
        self.background.join('a', PATIENCE)
        self.assertTrue(self.background.start('a', self.work, 'a'))

    def test_stop(self):
        self.background.start('a', self.watch)
        self.background.stop()
        self.assertEqual([True], self.done)
        self.assertEqual([], self.background.names())

    def test_nothing_begins_while_all_ends(self):
        def watch():
            self.background.pause(PATIENCE)
            self.done.append((
                self.background.is_ending(),
                self.background.start('b', self.work, 'b')))

        self.background.start('a', watch)
        self.background.stop()
        self.assertEqual([(True, False)], self.done)

    def test_a_request_holds_up_the_end_for_a_moment_only(self):
        self.patch(background, 'STOP_SECONDS', 0)
        ending = []

        def work():
            self.go_on.wait(PATIENCE)
            ending.append(self.background.is_ending())

        self.background.start('a', work)
        [survivor] = [thread for thread in threading.enumerate()
                      if thread.name == 'a']
        self.background.stop()
        # On SIGHUP the service begins again before that request has ended.
        self.assertTrue(self.background.start('a', self.watch))
        self.go_on.set()
        survivor.join(PATIENCE)
        self.assertEqual([True], ending)
        self.assertEqual(['a'], self.background.names())
        self.assertEqual([], self.done)

    def test_a_thread_that_cannot_begin(self):
        with mock.patch.object(threading.Thread, 'start',
                               side_effect=RuntimeError("can't start")):
            self.assertRaises(RuntimeError, self.background.start, 'a',
                              self.work, 'a')
        self.assertEqual([], self.background.names())
        self.background.stop()
        self.assertTrue(self.background.start('a', self.work, 'a'))

    def test_begins_again_after_a_stop(self):
        """As nova-compute does in the same process, on SIGHUP."""
        self.background.stop()
        self.assertTrue(self.background.start('a', self.watch))
        self.assertFalse(self.background.is_ending())
        self.background.stop()
        self.assertEqual([True], self.done)


class ThreadsTestCase(inmemory.ZVMTestCase):

    def test_are_begun_in_one_place(self):
        package = pathlib.Path(nova_zvm.__file__).parent
        self.assertEqual(['pace/background.py'], [
            str(path.relative_to(package))
            for path in sorted(package.rglob('*.py'))
            if not OTHERS & set(path.relative_to(package).parts) and any(
                isinstance(node, ast.Attribute) and node.attr == 'Thread'
                for node in ast.walk(ast.parse(path.read_text())))])
