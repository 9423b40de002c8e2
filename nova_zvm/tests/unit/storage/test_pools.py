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

from nova import exception as nova_exception

from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory


class DiskPoolTestCase(inmemory.ZVMTestCase):

    def test_own_pool_of_the_connector(self):
        pool = self.make_pool()
        pool.check()
        self.assertIsNone(pool.space())
        self.assertIsNone(pool.name)
        self.assertEqual([], self.connector.calls)

    def test_checked_once(self):
        pool = self.make_pool(disk_pool='ECKD:POOL1')
        pool.check()
        pool.check()
        self.assertEqual(1, len(self.connector.calls))

    def test_a_pool_that_does_not_exist(self):
        pool = self.make_pool(disk_pool='ECKD:NOPOOL')
        for cls, verb in (
                (nova_exception.InvalidInput, pool.check),
                (nova_exception.InvalidConfiguration, pool.space)):
            exc = self.assertRaises(cls, verb)
            self.assertIn("[zvm] disk_pool", str(exc))
            self.assertIn("ECKD:NOPOOL", str(exc))

    def test_a_failure_is_no_missing_pool(self):
        pool = self.make_pool(disk_pool='ECKD:POOL1')
        self.connector.faults['host.disk_pool'] = [fakes.error()]
        self.assertRaises(failures.ConnectorFailure, pool.check)
        pool.check()

    def test_space(self):
        pool = self.make_pool(disk_pool='ECKD:POOL1')
        for _ in range(2):
            self.assertEqual((500, 50), (pool.space().total_gb,
                                         pool.space().used_gb))

    def test_units_of_the_option(self):
        for name, units in (('ECKD:A', 'CYL'), ('fba:A', 'BLK')):
            self.assertEqual(units, self.make_pool(disk_pool=name).units())
        self.assertEqual([], self.connector.calls)

    def test_units_of_the_connectors_pool(self):
        pool = self.make_pool()
        self.assertEqual('CYL', pool.units())
        pool.units()
        self.assertEqual(1, self.connector.count('host.volume'))

    def test_units_of_a_connectors_fba_pool(self):
        self.connector.host.volume = lambda name: models.Volume(
            '9336-??', 1)
        self.assertEqual('BLK', self.make_pool().units())

    def test_units_that_cannot_be_found_out(self):
        pool = self.make_pool()
        self.connector.faults['host.disk_pool_volumes'] = [fakes.error()]
        self.assertIsNone(pool.units())
        self.assertIn('[zvm] disk_pool', self.stdlog.logger.output)
        self.assertEqual('CYL', pool.units())

    def test_newer_connectors_are_not_asked_for_volumes(self):
        self.connector.release = '1.6.7'
        self.assertIsNone(self.make_pool().units())
        self.assertEqual([], self.connector.calls)

    def test_units_of_a_pool_without_volumes(self):
        self.connector.host.volumes = []
        self.assertIsNone(self.make_pool().units())
