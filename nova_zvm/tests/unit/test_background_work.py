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

"""What the driver does in the background, from start to end of the service."""

import threading
from unittest import mock

from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm import driver
from nova_zvm.record import instances
from nova_zvm.record import ownership
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory

# Real seconds; only a test that fails waits so long.
PATIENCE = 30

ALL = ['zvm-capture-%s' % uuids.instance, 'zvm-config-drives', 'zvm-uploads']


class BackgroundWorkTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        server = self.instance(ownership.BUILT)
        ownership.begin_capture(server, 'on')
        ownership.set_upload(server, 'file:///drive')
        self.patch(instances.Instances, 'unfinished', lambda *_: [server])
        self.patch(instances.Instances, 'give_up_lost_tasks',
                   lambda *_: None)
        with mock.patch('nova_zvm.connector.client.Connector',
                        return_value=self.connector):
            self.driver = driver.ZVMDriver(None)
        self.driver._staging._journal.add('file:///image')
        self.driver._staging._journal.close('file:///image')
        self.answered = threading.Event()
        self.addCleanup(self.answered.set)
        for operation in ('guests.power_state', 'images.export',
                          'images.delete'):
            self.connector.faults[operation] = [self.wait_and_fail] * 9

    def wait_and_fail(self, *args):
        self.answered.wait(PATIENCE)
        raise fakes.unreachable()

    def test_all_of_it_begins_and_ends_with_the_service(self):
        for _ in range(2):
            self.answered.clear()
            self.driver.init_host('host')
            self.assertEqual(ALL, self.driver._background.names())
            self.answered.set()
            self.driver.cleanup_host('host')
            self.assertEqual([], self.driver._background.names())
