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

import threading

from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.image import ageing as image_ageing
from nova_zvm.image import cache
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.zvm import names

NAME = names.image(uuids.image)
AGE = 100
# Real seconds; only a test that fails waits so long.
PATIENCE = 30


class AgeingTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        files = self.make_staging()
        self.images = cache.ImageCache(self.connector, files, self.patience)
        self.ageing = image_ageing.ImageAgeing(self.connector, self.images,
                                               files, self.clock)
        self.flags(remove_unused_original_minimum_age_seconds=AGE,
                   group='image_cache')

    def put(self, name=NAME, idle=AGE, **fields):
        self.connector.put_image(
            name, last_access_time=self.clock.now - idle, **fields)

    def assertKept(self, name=NAME, instances=()):
        self.ageing.run(instances)
        self.assertIn(name, self.connector.repository)

    def assertGone(self, name=NAME, instances=()):
        self.ageing.run(instances)
        self.assertNotIn(name, self.connector.repository)

    def test_unused_and_old(self):
        self.put(size_bytes=4711)
        self.assertGone()
        self.assertIn('Deleted the unused image %s' % NAME,
                      self.stdlog.logger.output)
        self.assertIn('4711 bytes', self.stdlog.logger.output)
        self.assertIn('last used 1970-01-01T00:15:00+00:00',
                      self.stdlog.logger.output)

    def test_read_lately(self):
        self.put(idle=AGE - 1)
        self.assertKept()

    def test_used(self):
        self.put()
        self.assertKept(instances=[self.instance()])
        self.assertGone(instances=[self.instance(image_ref=uuids.other)])

    def test_a_file_that_is_missing(self):
        self.connector.put_image(NAME, last_access_time=-1.0)
        self.clock.now = 1795500000.0
        self.assertGone()
        self.assertIn('its file was missing', self.stdlog.logger.output)

    def test_provided_lately(self):
        self.put()
        self.images._provided[NAME] = self.clock.now
        self.clock.sleep(AGE - 1)
        self.assertKept()
        self.clock.sleep(1)
        self.assertGone()

    def test_what_is_not_the_drivers(self):
        for name in (names.BLANK_IMAGE, 'rhel', 'anova-image', uuids.image):
            self.put(name)
            self.assertKept(name)

    def test_leftovers(self):
        drive = names.config_drive(uuids.instance)
        self.put(drive)
        self.put('nova-cap-1')
        self.assertKept(drive, [self.instance()])
        self.assertGone(drive)
        self.assertNotIn('nova-cap-1', self.connector.repository)

    def test_switched_off(self):
        self.flags(remove_unused_base_images=False, group='image_cache')
        self.put()
        self.assertKept()
        self.assertEqual([], self.connector.calls)

    def test_one_question(self):
        for number in range(5):
            self.put('nova-%d' % number, idle=0)
        self.ageing.run([])
        self.assertEqual(['images.list'], self.connector.operations)

    def test_connector_down(self):
        for operation in ('images.list', 'images.delete'):
            self.put()
            self.connector.faults[operation] = [fakes.unreachable()]
            self.assertKept()
            self.assertIn('Could not remove unused images',
                          self.stdlog.logger.output)

    def test_a_boot_is_at_work_on_it(self):
        """The periodic task, and all others of nova, wait for no import."""
        self.put()
        self.put('nova-other')
        with self.images.locked(NAME):
            ageing = threading.Thread(
                target=self.ageing.run, args=([],), daemon=True)
            ageing.start()
            ageing.join(PATIENCE)
            self.assertFalse(ageing.is_alive())
        self.assertEqual([NAME], list(self.connector.repository))

    def test_one_that_cannot_be_deleted(self):
        self.put()
        self.put('nova-other')
        self.connector.faults['images.delete'] = [fakes.error()]
        self.ageing.run([])
        self.assertEqual([NAME], list(self.connector.repository))
        self.assertIn('Could not delete unused image %s' % NAME,
                      self.stdlog.logger.output)
