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

"""Boots on the connector in memory."""

import contextlib

from nova import context
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.errors import failures
from nova_zvm.guest import configdrive
from nova_zvm.image import cache
from nova_zvm.operations.boot import build
from nova_zvm.operations.boot import plan
from nova_zvm.operations import destroy
from nova_zvm.record import ownership
from nova_zvm.tests.support import inmemory
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names

IMAGE = names.image(uuids.image)


class FakeVirtAPI:
    """Neutron sends what is in outcomes, of all else nothing."""

    def __init__(self):
        self.waited_for = None
        self.outcome = 'completed'
        self.gave_up = False

    @contextlib.contextmanager
    def wait_for_instance_event(self, instance, events, timeout,
                                error_callback=None):
        yield
        self.waited_for = events
        if events and self.outcome == 'late':
            raise failures.EventTimeout()
        if events and self.outcome == 'failed':
            # nova/compute/manager.py, wait_for_instance_event
            self.gave_up = error_callback('network-vif-plugged',
                                          instance) is False


class Drives(configdrive.ConfigDrives):
    """Config drives that nobody has to make."""

    drive = None

    def built(self, instance, *args):
        self.tagged = instance.device_metadata
        return self.drive


class BootingTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.staging = self.make_staging()
        self.drives = Drives(self.connector, self.staging,
                             self.make_repository(), None, self.background)
        self.virtapi = FakeVirtAPI()
        self.start()
        self.connector.put_image(IMAGE)
        self.connector.put_guest('MAINT', power='on')
        self.booting = self.instance()
        for cls in (objects.VirtualInterfaceList,
                    objects.BlockDeviceMappingList):
            self.patch(cls, 'get_by_instance_uuid', lambda *_: [])

    def start(self, **options):
        """Start nova-compute, with some [zvm] options."""
        guests = self.make_guests()
        nics = self.make_network()
        self.planner = plan.Planner(
            guests,
            cache.ImageCache(self.connector, self.staging, self.patience),
            nics, self.make_pool(**options), self.read_settings())
        self.booter = build.Boot(
            self.planner,
            build.Builder(self.connector, guests, nics, self.drives,
                          self.virtapi),
            guests, self.drives,
            destroy.Destroy(guests, nics, self.drives, 600,
                            self.patience).undo_spawn)

    def request(self, vifs=(), ephemerals=(), swap=None, **image):
        return plan.Request(
            context.get_admin_context(), self.booting,
            inmemory.image_meta(**image), list(vifs),
            {'root_device_name': None, 'ephemerals': list(ephemerals),
             'block_device_mapping': [], 'swap': swap})

    def boot(self, vifs=(), power_on=True, **request):
        self.booter.boot(self.request(vifs, **request), [], None, power_on)
        return self.connector.zvm['ABC00001']

    def with_config_drive(self):
        self.drives.drive = imageheader.Header(1, 'CYL').pack() + b'drive'

    def assertNothingStays(self):
        self.assertEqual(['MAINT'], list(self.connector.zvm))
        self.assertEqual({'VSWITCH1': {}}, self.connector.grants)
        self.assertIsNone(ownership.claimed_userid(self.booting))
