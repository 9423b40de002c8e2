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

"""Base of the functional tests: nova above, simulated z/VM below.

nova's API, conductor, scheduler, placement and compute manager run in the
test's process with nova's own in-memory Neutron, Glance and Cinder; the
driver, the connector (a process of its own) and its z/VM are the real chain.
"""

import contextlib
import copy
import io
import os
import pathlib
import sqlite3
import sys
import time

import fixtures
from nova import conf
from nova import context as nova_context
from nova.db.main import api as database
from nova import objects
from nova import test
from nova.tests import fixtures as nova_fixtures
from nova.tests.functional.api import client as api_client
from nova.tests.functional import integrated_helpers
from nova.virt import driver as virt_driver
import os_vif
from oslo_utils.fixture import uuidsentinel
from oslo_utils import uuidutils

from nova_zvm.conf import options
from nova_zvm.connector import client
from nova_zvm.connector import models
from nova_zvm.guest import configdrive
from nova_zvm.tests.support import economy
from nova_zvm.tests.support import glance
from nova_zvm.tests.support import lockorder
from nova_zvm.transfer import uploads
from nova_zvm.zvm import imageheader
from zvm_simulator.tests.support import fixtures as zvm_fixtures

CONF = conf.CONF

options.register_opts(CONF)

PHYSICAL_NETWORK = 'vsw2'
TEMPLATE = 'nvt%05x'

# Real seconds; only a test that fails waits so long.
PATIENCE = 150
LOOK_SECONDS = 0.5

_DATABASES = {'guests': 'sdk_guest.sqlite', 'switch': 'sdk_network.sqlite',
              'image': 'sdk_image.sqlite'}


class ZVMTestCase(integrated_helpers.ProviderUsageBaseTestCase):
    """A nova cell whose one compute host is a simulated z/VM."""

    compute_driver = 'zvm.ZVMDriver'
    start_compute = True
    #: Whether nova's services are there. A test of parts of the driver that
    #: need none of them has Glance only, and sets USES_DB to False as well.
    services = True
    #: What differs from the default scenario of the simulated z/VM.
    scenario = None

    def setUp(self):
        os_vif.initialize()
        self.flags(api_paste_config=os.path.join(
            sys.prefix, 'etc', 'nova', 'api-paste.ini'), group='wsgi')
        # A report of a service waits for the lock of CellDatabases while it
        # has that of DatabaseWriteLock, and others the other way round
        # (nova/tests/fixtures/nova.py, 34).
        self.flags(report_interval=0, service_down_time=1800)
        self.useFixture(lockorder.LockOrder())
        self._changes = self.useFixture(economy.Economy()).instances
        self._userids = {}
        if self.services:
            super().setUp()
        else:
            test.TestCase.setUp(self)
            self.glance = self.useFixture(nova_fixtures.GlanceFixture(self))
        self.zvm = self.provide_zvm()
        self.state_path = self.useFixture(fixtures.TempDir()).path
        self.flags(instance_name_template=TEMPLATE,
                   instances_path=os.path.join(self.state_path, 'instances'))
        self.configure()
        self.images = glance.Service(self.glance)
        self.image_id = self.create_image()
        if not self.services:
            return
        self._use_physical_network()
        self.flavor_id = self.create_flavor()
        if self.start_compute:
            self.compute = self._start_compute('host')

    def provide_zvm(self):
        """Return the fixture below the driver."""
        return self.useFixture(zvm_fixtures.SimulatedZVM(self.scenario))

    def configure(self):
        """Set the driver's options; tests override it to set others."""
        self.flags(cloud_connector_url=self.zvm.url,
                   token_file=self.zvm.token_file,
                   image_repository=str(
                       self.zvm.simulator.member.image_repository),
                   image_tmp_path=os.path.join(self.state_path, 'images'),
                   group='zvm')

    @property
    def driver(self):
        return self.compute.manager.driver

    def restart_compute(self):
        """Start nova-compute anew, with a new driver."""
        self.compute = self.restart_compute_service(
            self.compute, keep_hypervisor_state=False)
        # nova runs the periodic tasks of these.
        self.computes[self.compute.host] = self.compute

    def reconfigure(self, **options):
        """Give nova-compute a driver that has read other [zvm] options.

        As at its start, but that the last report of the host stays.
        """
        self.flags(group='zvm', **options)
        manager, before = self.compute.manager, self.driver
        before.cleanup_host(manager.host)
        manager.driver = virt_driver.load_compute_driver(manager.virtapi)
        manager.rt.driver = manager.driver
        manager.driver._hypervisor._host = before._hypervisor._host
        manager.driver.init_host(manager.host)

    def replace_compute(self):
        """Start a new nova-compute in the place of one that is killed."""
        old = self.compute
        old.rpcserver.stop()
        # nova-compute has a second one since nova 33.
        if hasattr(old, 'rpcserver_alt'):
            old.rpcserver_alt.stop()
        self.compute = self.start_service(
            'compute', host=old.host,
            cell_name=self.host_mappings[old.host].cell_mapping.name)

    def end_sweeps(self):
        """Wait for what nova-compute cleans up in the background."""
        for name in (uploads.SWEEP, configdrive.SWEEP):
            self.driver._background.join(name, PATIENCE)

    def _use_physical_network(self):
        network = self.neutron._networks[self.neutron.network_1['id']]
        network['provider:network_type'] = 'flat'
        network['provider:physical_network'] = PHYSICAL_NETWORK
        network['provider:segmentation_id'] = None

    def provide_vlan_network(self, physical_network):
        """Let Neutron have a second network, on VLANs."""
        network = dict(
            self.neutron.network_2,
            **{'provider:physical_network': physical_network,
               'provider:network_type': 'vlan'})
        self.neutron._networks[network['id']] = network
        self.neutron._subnets[network['subnets'][0]] = self.neutron.subnet_2

    def make_vlan_port(self):
        """Make a port on the second network; return it."""
        port = dict(
            copy.deepcopy(self.neutron.port_1),
            id=uuidutils.generate_uuid(),
            network_id=self.neutron.network_2['id'],
            mac_address='fa:16:3e:00:00:99',
            fixed_ips=[{'ip_address': '192.168.1.77',
                        'subnet_id': self.neutron.subnet_2['id']}],
            **{'binding:vif_details': {'vlan': 100}})
        self.neutron._ports[port['id']] = port
        return port

    # What users bring

    def create_image(self, size=3338, units='CYL', payload=b'\0' * 4096,
                     header=None, **properties):
        """Put a disk image into Glance; return its id."""
        header = (imageheader.Header(size, units).pack()
                  if header is None else header)
        data = header + payload
        values = {'os_distro': 'rhel8.6', 'hw_architecture': 's390x'}
        values.update(properties)
        image = self.images.create(None, {
            'name': 'linux',
            'id': getattr(uuidsentinel, 'image%d' % next(_NUMBERS)),
            'status': 'active', 'disk_format': 'raw',
            'container_format': 'bare', 'size': len(data),
            'min_disk': 0, 'min_ram': 0, 'visibility': 'public',
            'properties': {name: value for name, value in values.items()
                           if value is not None},
        }, data=io.BytesIO(data))
        return image['id']

    def create_flavor(self, vcpu=1, memory_mb=1024, disk=3, ephemeral=0,
                      swap=0):
        return self._create_flavor(vcpu=vcpu, memory_mb=memory_mb, disk=disk,
                                   ephemeral=ephemeral, swap=swap)

    def boot(self, expected_state='ACTIVE', networks='auto', **server):
        """Boot a server through nova's API and wait for it."""
        request = self._build_server(
            image_uuid=server.pop('image_id', self.image_id),
            flavor_id=server.pop('flavor_id', self.flavor_id),
            networks=networks)
        request.update(server)
        created = self.api.post_server({'server': request})
        return self._wait_for_state_change(created, expected_state)

    # nova's own helpers look every half second, and give up after ten looks.

    def _wait_for_server_parameter(self, server, expected_params,
                                   max_retries=10, api=None,
                                   wait_for_fault_key=True):
        def look():
            found = self.api.get_server(server['id'])
            if all(found[name] == value
                   for name, value in expected_params.items()) and (
                       'fault' in found or not with_fault):
                return found
            seen.append({name: found[name] for name in expected_params})

        # nova records the fault after the state.
        with_fault = (wait_for_fault_key and
                      expected_params.get('status') == 'ERROR')
        seen = []
        return self.wait_for(look, lambda: 'The server is %s, not %s' % (
            seen[-1], expected_params))

    def _wait_until_deleted(self, server):
        def is_gone():
            try:
                found = self.api.get_server(server['id'])
            except api_client.OpenStackApiNotFoundException:
                return True
            if server.get('status') != 'ERROR' == found['status']:
                self.fail('The server could not be deleted: %s' %
                          found.get('fault'))

        self.wait_for(is_gone, lambda: 'The server is not deleted')

    def _wait_for_assert(self, assert_func, max_retries=10, sleep=0.5):
        def look():
            try:
                assert_func()
                return True
            except AssertionError as exc:
                failures.append(exc)

        failures = []
        self.wait_for(look, lambda: str(failures[-1]), sleep)

    def wait_for(self, probe, failure, interval=LOOK_SECONDS):
        """Return what probe returns, as soon as it is true.

        :param failure: gives the text with which the test fails, after a
            time that only a test that fails takes
        :param interval: seconds between looks at what nobody tells
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            self._changes.look()
            found = probe()
            if found:
                return found
            if time.monotonic() > deadline:
                self.fail(failure())
            self._changes.sleep(interval)

    def import_image(self):
        """Let the default image be on the connector before a test begins."""
        self.driver.cache_image(self.context_of_admin(), self.image_id)

    def context_of_admin(self):
        return nova_context.get_admin_context()

    def next_userid(self):
        """Return the userid that the next server will want."""
        context = nova_context.get_admin_context(read_deleted='yes')
        with nova_context.target_cell(context, self.cell_of_host()) as cell:
            instances = objects.InstanceList.get_by_filters(cell, {})
        last = max([instance.id for instance in instances], default=0)
        return (TEMPLATE % (last + 1)).upper()

    def cell_of_host(self):
        return self.cell_mappings[test.CELL1_NAME]

    @contextlib.contextmanager
    def database_of_commands(self, mapping=None):
        """Give the URL by which a process of its own has nova's database.

        With eventlet nova's tests have it in memory: a file takes its place
        for the time of the block.

        :param mapping: of the cell, by default that of the host
        """
        context = nova_context.get_admin_context()
        with nova_context.target_cell(
                context, mapping or self.cell_of_host()) as cell:
            engine = database.get_engine(context=cell)
        if engine.url.database:
            yield engine.url.render_as_string(hide_password=False)
            return
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'nova')
        with contextlib.closing(engine.raw_connection()) as pooled, (
                contextlib.closing(sqlite3.connect(path))) as copy_of_it:
            pooled.dbapi_connection.backup(copy_of_it)
            yield 'sqlite:///' + path
            copy_of_it.backup(pooled.dbapi_connection)

    def delete_in_database_only(self, server):
        """Delete an instance as nova-api does when a host is down."""
        context = nova_context.get_admin_context()
        with nova_context.target_cell(context, self.cell_of_host()) as cell:
            objects.Instance.get_by_uuid(cell, server['id']).destroy()

    def disable_image_filters(self):
        """Let the scheduler pass an image that no host can run."""
        self.scheduler_service.stop()
        self.flags(enabled_filters=['ComputeFilter'],
                   group='filter_scheduler')
        self.scheduler_service = self.start_service('scheduler')

    # What others bring

    def foreign_guest(self, userid):
        """Let the connector create a guest of which nova knows nothing."""
        connector = client.Connector(self.zvm.url,
                                     token_file=self.zvm.token_file)
        connector.guests.create(userid, 1, 512,
                                [models.DiskSpec('1g', format='ext4')])
        return connector

    # What z/VM says

    def userid(self, server):
        """Return the userid that a server must have, by its name."""
        # A request to nova's API costs as much as a fixture.
        if server['id'] not in self._userids:
            self._userids[server['id']] = self.instance_name(server).upper()
        return self._userids[server['id']]

    def instance_name(self, server):
        return self.api.get_server(
            server['id'])['OS-EXT-SRV-ATTR:instance_name']

    def entry(self, server):
        """Return the directory entry of a server's guest, as text."""
        return self.zvm.machine.directory_text(self.userid(server))

    def guest(self, server):
        """Return what is known of a guest that is logged on, or None."""
        return self.zvm.machine.state()['guests'].get(self.userid(server))

    def minidisk(self, server, vdev):
        """Return extent and content of a guest's minidisk."""
        userid = self.userid(server)
        for pool in self.zvm.machine.state()['pools'].values():
            for volume in pool['volumes'].values():
                for disk in volume['used_extents']:
                    if (disk['userid'], disk['vdev']) == (userid, vdev):
                        return disk
        self.fail('%s has no minidisk %s' % (userid, vdev))

    def guest_file(self, server, path):
        """Return a file of the config drive as the guest's Linux sees it.

        """
        return self.zvm.machine.guest_file(self.userid(server), path)

    def vswitch(self, name):
        members = self.zvm.machine.state()['members']
        return next(iter(members.values()))['vswitches'][name]

    def rows(self, table):
        """Return a table of the connector's own databases."""
        member = self.zvm.simulator.member
        path = os.path.join(member.databases, _DATABASES[table])
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in
                    database.execute('SELECT * FROM %s' % table)]

    def connector_files(self):
        """Return the paths of all files in the connector's directory."""
        return [path for path in pathlib.Path(
            self.zvm.simulator.member.directory).rglob('*')
            if path.is_file()]

    def uploads(self):
        """Return the paths of the files in its file repository."""
        repository = pathlib.Path(self.zvm.simulator.member.file_repository)
        return [path for path in repository.rglob('*') if path.is_file()]

    def assert_no_secret_on_connector(self, secret, exceptions=()):
        for path in self.connector_files():
            if path not in exceptions:
                self.assertNotIn(secret, path.read_bytes(), path)

    def assert_no_secret_here(self, secret):
        """Look into all that the driver has on the disk of its host."""
        for path in self._local_files():
            self.assertNotIn(secret, pathlib.Path(path).read_bytes(), path)

    def assert_nothing_left(self, before):
        """Compare z/VM, connector and this host with an earlier snapshot.

        """
        after = self.snapshot()
        for part in before:
            self.assertEqual(before[part], after[part], part)

    def snapshot(self):
        """Return everything that a boot and a delete must leave alike.

        Not the images, which stay as the cache, and not simulated time.
        """
        state = self.zvm.machine.state()
        return {
            'directory': state['directory'],
            'disk pools': state['pools'],
            'guests': sorted(state['guests']),
            'reader files': state['spool'],
            'name lists': state['namelists'],
            'links': state['links'],
            'switches': {name: member['vswitches']
                         for name, member in state['members'].items()},
            'connector guests': self.rows('guests'),
            'connector NICs': self.rows('switch'),
            'connector config drives': [
                row for row in self.rows('image')
                if row['imagename'].startswith('nova-cfg')],
            'local files': self._local_files(),
        }

    def _local_files(self):
        return sorted(
            os.path.join(folder, name)
            for folder, _, names in os.walk(self.state_path)
            for name in names)


def _numbers():
    number = 0
    while True:
        yield number
        number += 1


_NUMBERS = _numbers()
