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

from nova import context
from nova import exception as nova_exception
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.image import cache
from nova_zvm.operations import precache
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.tests.unit.image import test_cache
from nova_zvm.zvm import names


class FakeGlance(test_cache.FakeGlance):

    def __init__(self):
        super().__init__()
        self.properties = {'os_distro': 'rhel', 'os_version': '8.6'}

    def get(self, context, image_id):
        return {'id': image_id, 'size': 2048, 'status': 'active',
                'properties': self.properties}


class PrecacheTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.start()

    def start(self, **options):
        images = cache.ImageCache(
            self.connector, self.make_staging(), self.patience)
        self.precache = precache.Precache(
            images, self.make_pool(**options))
        self.glance = self.precache._glance = images._glance = FakeGlance()

    def run_it(self):
        return self.precache.run(context.get_admin_context(), uuids.image)

    def assertRefused(self, words):
        exc = self.assertRaises(nova_exception.ImageUnacceptable, self.run_it)
        self.assertIn(words, str(exc))
        self.assertEqual([], self.connector.writes)

    def test_it_is_brought_once(self):
        self.assertIs(True, self.run_it())
        self.assertIs(False, self.run_it())
        image = self.connector.repository[names.image(uuids.image)]
        self.assertEqual('rhel8.6', image.os_version)

    def test_what_a_boot_would_refuse(self):
        for properties, words in (
                ({'os_distro': 'debian12'}, 'debian12'),
                ({'zvm_disk_type': 'FBA'}, 'FBA disk'),
                ({'architecture': 'x86_64'}, 'x86_64')):
            self.glance.properties = {'os_distro': 'rhel8.6', **properties}
            self.assertRefused(words)

    def test_header(self):
        self.start(disk_pool='FBA:POOL')
        self.assertRefused('ECKD disk, the disk pool is FBA')

    def test_connector_down(self):
        self.connector.faults['images.get'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady, self.run_it)
