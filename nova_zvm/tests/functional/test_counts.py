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

"""What nova's verbs cost the connector and z/VM: requests and commands.

Only calls of the driver are counted, with images cached, switches seen and
the token fetched: what a host in service pays each time. The administrator's
page on capacity has the same numbers.
"""

import re

from nova.compute import power_state
from nova import context as nova_context
from nova import objects

from nova_zvm.connector import client
from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import installation
from nova_zvm.tests.support import meter
from nova_zvm.tests.support import networking
from nova_zvm.tests.support import powersync

PAGE = installation.ROOT / 'doc/source/admin/capacity.rst'

# The connector makes sure with two CP queries that a guest is not logged on
# to another member, before nearly everything (zvmsdk/api.py
# check_guest_exist, 1.6.3).
GUARD = ['q', 'q']
# What it takes to put a file into a guest's reader.
READER = ['vmur', 'change', 'transfer']

CREATE = ['Image_Create_DM', 'Image_Disk_Create_DM', 'query user',
          'Name_List_Add']
DEPLOY = GUARD + ['unpackdiskimage', 'System_RDR_File_Manage']
# What the guest needs to take commands of the connector.
AUTHORIZE = ['query userid'] + READER
CONFIG_DRIVE = HOST_NAME = READER
INTERFACE = GUARD + ['Virtual_Network_Adapter_Create_Extended_DM'] + READER
COUPLE = GUARD + ['Image_Query_DM', 'Image_Lock_DM', 'Image_Replace_DM']
GRANT = GUARD + ['query userid', 'Virtual_Network_Vswitch_Set_Extended']
# Whether a guest is on, and the device numbers that it has.
LOOK = ['query user', 'Image_Query_DM']
START = GUARD + ['Image_Activate']


class CountsTestCase(cloud.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.meter = meter.Meter(self.zvm.engine.log)

    def measured_boot(self, **server):
        """Boot a server; return it and what the driver's spawn cost."""
        with self.meter.calls_of(self.driver, 'spawn') as calls:
            server = self.boot(**server)
        return server, calls.total()

    def instance(self, server):
        return objects.Instance.get_by_uuid(
            nova_context.get_admin_context(), server['id'],
            expected_attrs=['system_metadata'])

    def assert_requests(self, limit, usage):
        self.assertTrue(len(usage.requests) <= limit, usage.requests)

    def assert_told(self, operation, usage):
        """Compare with the page, which leaves out what a guest is asked."""
        [told] = re.findall(r'^   \* - %s\n     - (\d+)\n     - (\d+)$' %
                            re.escape(operation), PAGE.read_text(), re.M)
        asked = [name for name in usage.commands if name != 'iucvclnt']
        self.assertEqual(tuple(map(int, told)),
                         (len(usage.requests), len(asked)), operation)


class LifecycleCountsTest(CountsTestCase):

    def setUp(self):
        super().setUp()
        # From here on the image is cached, and all else is known that the
        # driver keeps.
        self._delete_server(self.boot(name='first', config_drive=True))

    def test_boot_and_delete(self):
        server, usage = self.measured_boot(name='one')
        self.assert_requests(8, usage)
        self.assertEqual(
            ['Image_Query_DM'] + CREATE + DEPLOY + AUTHORIZE + HOST_NAME +
            INTERFACE + COUPLE + GRANT + START, self.settled(usage))
        self.assert_told('Boot', usage)
        self.assert_deleted_at_once(server)

        server, usage = self.measured_boot(name='one', config_drive=True)
        self.assert_requests(13, usage)
        self.assertEqual(
            ['Image_Query_DM'] + CREATE + DEPLOY + CONFIG_DRIVE + AUTHORIZE +
            INTERFACE + COUPLE + GRANT + START, self.settled(usage))
        self.assert_told('Boot with a config drive', usage)
        self.assert_deleted_at_once(server)

    def settled(self, usage):
        """Return a boot's commands but for the questions to the guest.

        Those are repeated until its Linux is up.
        """
        self.assertIn('iucvclnt', usage.commands)
        return [name for name in usage.commands if name != 'iucvclnt']

    def assert_deleted_at_once(self, server):
        with self.meter.calls_of(self.driver, 'destroy') as calls:
            self._delete_server(server)
        usage = calls.total()
        self.assert_requests(1, usage)
        self.assert_told('Delete', usage)


class InterfaceCountsTest(CountsTestCase, networking.NetworkingTestCase):

    def setUp(self):
        super().setUp()
        # Both switches have been seen, and a NIC with z/VM's prefix.
        self.ports = [self.make_port(), self.make_port(vlan=networking.VLAN)]
        self.server = self.boot_on(*self.ports)
        self.port = self.make_port(vlan=networking.VLAN)

    def test_of_a_boot(self):
        for ports, limit in ((1, 3), (2, 5), (4, 9)):
            with self.meter.calls_of(self.driver, 'spawn') as calls:
                self.boot_on(*[self.make_port(vlan=networking.VLAN)
                               for _ in range(ports)])
            asked = [request for request in calls.total().requests
                     if '/interface' in request or '/nic' in request or
                     '/adapters' in request or '/vswitches' in request]
            self.assertEqual(limit, len(asked), asked)

    def test_of_a_running_and_a_stopped_server(self):
        usage = self.measured_attach()
        self.assert_requests(7, usage)
        self.assertEqual(
            LOOK + GRANT + GUARD +
            ['query user', 'Virtual_Network_Adapter_Create_Extended_DM',
             'Virtual_Network_Adapter_Create_Extended'] + READER +
            ['iucvclnt'] + COUPLE +
            ['query user', 'Virtual_Network_Adapter_Connect_Vswitch',
             'Virtual_Network_Adapter_Query_Extended'], usage.commands)
        self.assert_told('Attach an interface to a running server', usage)

        usage = self.measured_detach()
        self.assert_requests(7, usage)
        self.assert_told('Detach one from a running server', usage)
        self.assertEqual(
            ['query user'] + GUARD +
            ['query user', 'Virtual_Network_Adapter_Delete_DM',
             'Virtual_Network_Adapter_Delete'] + READER +
            ['iucvclnt', 'query user',
             'Virtual_Network_Adapter_Query_Extended'], usage.commands)

        self.stop(self.server)
        usage = self.measured_attach()
        self.assert_requests(6, usage)
        self.assertEqual(LOOK + GRANT + INTERFACE + COUPLE, usage.commands)
        self.assert_told('Attach an interface to a stopped server', usage)

        usage = self.measured_detach()
        self.assert_requests(6, usage)
        self.assert_told('Detach one from a stopped server', usage)
        self.assertEqual(
            ['query user'] + GUARD +
            ['Virtual_Network_Adapter_Delete_DM'] + READER +
            ['query user'], usage.commands)

        # The last on its switch.
        self.port = self.ports[1]
        usage = self.measured_detach()
        # The connector does not tell whether z/VM has revoked the grant, so
        # it is looked at (zvmsdk/networkops.py revoke_user_from_vswitch,
        # 1.6.3).
        self.assert_requests(8, usage)
        self.assertIn('PUT /vswitches/VSW1', usage.requests)

    def measured_attach(self):
        with self.meter.calls_of(self.driver, 'attach_interface') as calls:
            self.attach(self.server, self.port)
        return calls.total()

    def measured_detach(self):
        with self.meter.calls_of(self.driver, 'detach_interface') as calls:
            self.detach(self.server, self.port)
        return calls.total()


class PowerCountsTest(CountsTestCase):

    def setUp(self):
        super().setUp()
        self.server = self.boot(name='one')

    def test_power(self):
        self.assert_cheap(power_state.RUNNING)
        self.api.post_server_action(self.server['id'], {'pause': None})
        self._wait_for_state_change(self.server, 'PAUSED')
        self.assert_cheap(power_state.PAUSED)
        self.api.post_server_action(self.server['id'], {'unpause': None})
        self._wait_for_state_change(self.server, 'ACTIVE')

        with self.meter.calls_of(self.driver, 'power_off') as calls:
            self._stop_server(self.server)
        self.assert_cheap(power_state.SHUTDOWN)
        # What a soft one has, so that its absence below means something.
        soft = calls.total()
        self.assertEqual([15], soft.waits)
        self.assertIn('shutdown', ' '.join(soft.lines('iucv')))
        self.assert_told('Stop', soft)

        with self.meter.calls_of(self.driver, 'power_on') as calls:
            self._start_server(self.server)
        self.assert_told('Start', calls.total())
        # nova's own way to ask for stops that pull the plug: it asks nothing
        # of the guest and waits for nothing.
        self.flags(shutdown_timeout=0)
        with self.meter.calls_of(self.driver, 'power_off') as calls:
            self._stop_server(self.server)
        hard = calls.total()
        self.assertEqual([], hard.waits)
        self.assertEqual(GUARD + ['Image_Deactivate', 'query user'],
                         hard.commands)
        self.assertIsNone(self.guest(self.server))
        self.assert_told('Stop at once', hard)

    def assert_cheap(self, wanted):
        """See that the power state is right and costs one CP command."""
        instance = self.instance(self.server)
        with self.meter.running() as usage:
            info = self.driver.get_info(instance, use_cache=False)
        self.assertEqual(wanted, info.state)
        self.assert_requests(2, usage)
        self.assertEqual(['query user'], usage.commands)


class SnapshotCountsTest(CountsTestCase):

    def setUp(self):
        super().setUp()
        self.server = self.boot(name='one')

    def take(self):
        with self.meter.calls_of(self.driver, 'snapshot') as calls:
            self.api.post_server_action(self.server['id'],
                                        {'createImage': {'name': 'snap'}})
            self._wait_for_server_parameter(
                self.server, {'OS-EXT-STS:task_state': None})
        return calls.total()

    def test_of_a_running_and_a_stopped_server(self):
        usage = self.take()
        self.assert_requests(8, usage)
        self.assertEqual(
            ['query user'] + GUARD +
            ['query user', 'query userid', 'Image_Performance_Query'] +
            GUARD + ['Image_Deactivate', 'query user', 'creatediskimage',
                     'Image_Activate', 'Image_Query_DM'],
            [name for name in usage.commands if name != 'iucvclnt'])
        self.assert_told('Snapshot of a running server', usage)
        self.assert_received_once(usage)

        self._stop_server(self.server)
        usage = self.take()
        self.assert_requests(7, usage)
        self.assertEqual(
            ['query user'] + GUARD +
            ['iucvclnt', 'Image_Query_DM', 'query user', 'creatediskimage',
             'Image_Query_DM'], usage.commands)
        self.assert_told('Snapshot of a stopped server', usage)

    def assert_received_once(self, usage):
        """See that each byte of the image came, and none was sent."""
        [path] = [path for path in self.connector_files()
                  if path.match('*/nova-%s/*' % self.image_id)]
        size = path.stat().st_size
        self.assertLess(size, usage.received)
        self.assertLess(usage.received, size + 4096)
        self.assertLess(usage.sent, 1024)


class PeriodicCountsTest(CountsTestCase):
    """What a host costs z/VM while nobody asks for anything."""

    SERVERS = 50

    def test_resource_update(self):
        with self.meter.running() as usage:
            self._run_periodics()
        self.assertEqual(['GET /host'], usage.requests)
        self.assertEqual(7, len(usage.commands), usage.commands)
        self.assert_told('Update of resources', usage)

        # What GET /host says is of the connector's own pool.
        self.reconfigure(disk_pool='FBA:FBAPOOL')
        # The first request of a driver needs a token.
        self._run_periodics()
        with self.meter.running() as usage:
            self._run_periodics()
        self.assertEqual(
            ['GET /host', 'GET /host/diskpool?poolname=FBA:FBAPOOL'],
            usage.requests)
        self.assertEqual(9, len(usage.commands), usage.commands)
        self.assert_told('The same with ``[zvm] disk_pool``', usage)

    def test_power_sync(self):
        wanted = powersync.make_servers(
            client.Connector(self.zvm.url, token_file=self.zvm.token_file),
            'host', self.SERVERS)
        self.assertEqual(self.SERVERS, self.driver.get_num_instances())
        with self.meter.running() as usage:
            powersync.run(self.compute.manager)
        self.assert_requests(self.SERVERS + 2, usage)
        self.assertEqual(['query user'] * self.SERVERS, usage.commands)
        self.assert_told('Synchronisation of 50 power states', usage)
        self.assertEqual(wanted, powersync.found_states('host'))
