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

"""What the tests of the driver's parts have in common."""

import re
from unittest import mock

import fixtures
from nova import conf
from nova.network import model
from nova import objects
from nova import test
from oslo_concurrency import lockutils
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.conf import options
from nova_zvm.conf import settings
from nova_zvm.guest import lifecycle
from nova_zvm.guest import presence
from nova_zvm.hypervisor import inventory
from nova_zvm.network import macprefix
from nova_zvm.network import switches
from nova_zvm.pace import background
from nova_zvm.pace import locks
from nova_zvm.pace import waiting
from nova_zvm.record import ownership
from nova_zvm.storage import pools
from nova_zvm.tests.support.economy import api
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import lockorder
from nova_zvm.transfer import journal
from nova_zvm.transfer import repository
from nova_zvm.transfer import uploads

CONF = conf.CONF

options.register_opts(CONF)


class ZVMTestCase(test.NoDBTestCase):
    """A test with a connector in memory and a clock of its own."""

    def setUp(self):
        # nova's policy takes three quarters of the time of a test.
        self.useFixture(api.NoDefaults())
        super().setUp()
        self.flags(instance_name_template='abc%05x')
        self.flags(cloud_connector_url='http://zvm.example.org/',
                   image_tmp_path=self.useFixture(fixtures.TempDir()).path,
                   group='zvm')
        self.connector = fakes.FakeConnector()
        self.useFixture(lockorder.LockOrder())
        self.clock = fakes.Clock()
        self.patience = waiting.Patience(self.clock)
        self.background = background.Background(self.clock)
        self.patch(ownership, 'CLOCK', self.clock)
        self.patch(objects.Instance, 'get_by_uuid', self._saved_instance)
        self.saved = {}

    def assert_told(self, *steps):
        """Compare the steps that the log has of guest ABC00001."""
        self.assertEqual(list(steps), re.findall(
            r'Guest ABC00001: (.*) in \d+\.\d seconds',
            self.stdlog.logger.output))

    def patch(self, owner, name, replacement):
        patcher = mock.patch.object(owner, name, replacement)
        patcher.start()
        self.addCleanup(patcher.stop)

    def _saved_instance(self, context, uuid, expected_attrs):
        """Return what nova's database has of an instance."""
        return objects.Instance(
            uuid=uuid, system_metadata=dict(self.saved.get(uuid, {})))

    def instance(self, state=None, **fields):
        """Return an instance, with a guest if there is a state."""
        values = dict(
            id=1, uuid=uuids.instance, image_ref=uuids.image,
            hostname='web', power_state=1, launched_at=None,
            config_drive='', trusted_certs=None, task_state='spawning',
            project_id='project', user_id='user',
            flavor=objects.Flavor(
                vcpus=2, memory_mb=4096, root_gb=10, ephemeral_gb=0, swap=0,
                name='small', extra_specs={}),
            system_metadata={}, metadata={}, deleted=False, host=CONF.host)
        values.update(fields)
        instance = objects.Instance(**values)
        self.saves = []
        self.saved[instance.uuid] = dict(instance.system_metadata)

        def save(expected_task_state=None):
            self.saves.append(dict(instance.system_metadata))
            self.saved[instance.uuid] = dict(instance.system_metadata)
            instance.obj_reset_changes()

        instance.save = save
        if state:
            ownership.claim(instance, 'ABC00001')
            ownership.set_state(instance, state)
        return instance

    def is_locked(self, userid):
        """Tell whether the NICs of a guest are kept from others."""
        return self.is_held(locks.NICS + userid)

    @staticmethod
    def is_held(name):
        """Tell whether a lock of this process is held."""
        lock = lockutils.internal_lock(name)
        free = lock.acquire(blocking=False)
        if free:
            lock.release()
        return not free

    def read_settings(self, **options):
        """Return the settings, with some options set first."""
        self.flags(group='zvm', **options)
        return settings.read(CONF)

    def make_staging(self):
        """Return the uploads of another process on this host."""
        return uploads.Staging(
            self.connector, journal.Journal(CONF.zvm.image_tmp_path),
            self.patience, self.background)

    def make_repository(self):
        return repository.Repository(CONF.zvm.image_repository)

    def make_guests(self, patience=None):
        return lifecycle.Guests(
            self.connector, patience or self.patience,
            presence.Presence(self.connector, self.clock))

    def make_pool(self, **options):
        return pools.DiskPool(self.connector,
                              self.read_settings(**options).disk_pool)

    def make_hypervisor(self, own_disk_gb=lambda: 0, **options):
        return inventory.Hypervisor(
            self.connector, own_disk_gb, self.make_pool(**options),
            self.read_settings(), self.clock)

    def make_network(self, mappings=(), require_mac_prefix=False):
        return switches.Network(
            self.connector, dict(mappings),
            macprefix.MacPrefix(self.connector, require_mac_prefix),
            self.patience)


def subnet(cidr='192.0.2.0/24', address='192.0.2.10', version=4,
           gateway='192.0.2.1', dns=('192.0.2.2',)):
    return model.Subnet(
        cidr=cidr, version=version,
        gateway=model.IP(gateway, version=version) if gateway else None,
        dns=[model.IP(server) for server in dns],
        ips=[model.FixedIP(address=address)] if address else [])


def vif(port_id=uuids.port, subnets=None, physical_network='vswitch1',
        active=True, mac='02:00:00:12:34:56', **details):
    meta = {}
    if physical_network:
        meta['physical_network'] = physical_network
    return model.VIF(
        id=port_id, address=mac, active=active,
        details=details, network=model.Network(
            id=uuids.network, bridge=None, label='private',
            subnets=[subnet()] if subnets is None else subnets, **meta))


def image_meta(size=2048, os_distro='rhel8.6', checksum=None,
               status='active', **properties):
    if os_distro:
        properties['os_distro'] = os_distro
    return objects.ImageMeta.from_dict({
        'id': uuids.image, 'name': 'linux', 'size': size, 'status': status,
        'checksum': checksum, 'properties': properties})
