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


from nova import conf
from nova import exception as nova_exception
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.errors import failures
from nova_zvm.hypervisor import servicestatus
from nova_zvm.tests.support import inmemory

CONF = conf.CONF


class FakeVirtAPI:
    """Placement, of which this changes one trait."""

    def __init__(self):
        self.enabled = True
        self.fault = None

    def update_compute_provider_status(self, context, rp_uuid, enabled):
        if self.fault:
            raise self.fault
        assert rp_uuid == uuids.node
        self.enabled = enabled


class ServiceStatusTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.virtapi = FakeVirtAPI()
        self.patch(objects.Service, 'get_by_compute_host', self.get_service)
        self.patch(objects.Service, 'save',
                   lambda service: self.save(service))
        self.patch(objects.ComputeNodeList, 'get_all_by_host',
                   self.get_nodes)
        self.service = {'disabled': False, 'disabled_reason': None}
        self.reads = 0
        self.database_fault = None
        self.nodes = [objects.ComputeNode(uuid=uuids.node)]
        self.start()

    def start(self, **options):
        """Start nova-compute, with some [zvm] options."""
        self.status = servicestatus.ServiceStatus(
            self.virtapi, self.read_settings(**options).disable_service_after,
            self.clock)

    def get_service(self, context, host):
        self.reads += 1
        if self.database_fault:
            raise self.database_fault
        if self.service is None:
            raise nova_exception.ComputeHostNotFound(host=host)
        self.assertEqual(CONF.host, host)
        return objects.Service(context, id=1, host=host,
                               binary='nova-compute',
                               **self.service)

    def save(self, service):
        self.service = {name: getattr(service, name)
                        for name in self.service}

    def get_nodes(self, context, host):
        if not self.nodes:
            raise nova_exception.ComputeHostNotFound(host=host)
        return self.nodes

    def look(self, error=None):
        with self.status.following():
            if error:
                raise error

    def fail(self, seconds=0, reason='away'):
        """Look at z/VM after a time, and get no answer."""
        self.clock.sleep(seconds)
        error = failures.ConnectorUnreachable(reason=reason)
        self.assertIs(error, self.assertRaises(
            failures.ConnectorUnreachable, self.look, error))

    def set_service(self, reason):
        self.service = {'disabled': True, 'disabled_reason': reason}

    def assert_enabled(self):
        self.assertEqual({'disabled': False, 'disabled_reason': None},
                         self.service)
        self.assertTrue(self.virtapi.enabled)

    def assert_disabled(self, reason='AUTO: '):
        self.assertTrue(self.service['disabled'])
        self.assertIn(reason, self.service['disabled_reason'])
        self.assertFalse(self.virtapi.enabled)


class DisableTestCase(ServiceStatusTestCase):

    def test_after_the_time(self):
        self.look()
        self.fail()
        self.fail(119)
        self.assert_enabled()
        self.fail(1)
        self.assert_disabled('AUTO: ')
        self.assert_disabled('away')
        self.assertIn('for 120 seconds', self.stdlog.logger.output)

    def test_after_the_time_of_the_option(self):
        self.start(disable_service_after=600)
        self.fail()
        self.fail(599)
        self.assert_enabled()
        self.fail(1)
        self.assert_disabled()

    def test_a_look_that_takes_long_counts(self):
        """An inventory of z/VM can be waited for longer than the option."""
        error = failures.ConnectorUnreachable(reason='no answer')

        def look():
            with self.status.following():
                self.clock.sleep(361)
                raise error

        self.assertRaises(failures.ConnectorUnreachable, look)
        self.assert_disabled('no answer')

    def test_whatever_the_failure_is(self):
        for error in (failures.ZVMNotReady(reason='away'),
                      failures.ConnectorFailure(reason='token'),
                      nova_exception.InvalidConfiguration('pool')):
            self.assertRaises(type(error), self.look, error)
            self.clock.sleep(120)
            self.assertRaises(type(error), self.look, error)
            self.assert_disabled(str(error))
            self.look()
            self.assert_enabled()

    def test_a_success_begins_the_time_again(self):
        self.fail()
        self.fail(119)
        self.look()
        self.fail(60)
        self.fail(119)
        self.assert_enabled()

    def test_never(self):
        self.start(disable_service_after=0)
        self.fail()
        self.fail(10 ** 6)
        self.assert_enabled()

    def test_nor_where_nothing_would_enable_it(self):
        self.flags(update_resources_interval=-1)
        self.fail()
        self.fail(10 ** 6)
        self.assert_enabled()

    def test_a_reason_is_cut_to_what_nova_keeps(self):
        self.fail()
        self.fail(120, 'x' * 1000)
        self.assertEqual(255, len(self.service['disabled_reason']))

    def test_what_an_operator_has_disabled_keeps_its_reason(self):
        self.set_service('a new frame')
        self.virtapi.enabled = False
        self.fail()
        self.fail(120)
        self.look()
        self.assert_disabled('a new frame')

    def test_what_an_operator_enables_is_disabled_again(self):
        self.fail()
        self.fail(120)
        self.service = {'disabled': False, 'disabled_reason': None}
        self.virtapi.enabled = True
        self.fail(60)
        self.assert_disabled()

    def test_without_a_record_it_is_tried_again(self):
        self.service = None
        self.fail()
        self.fail(120)
        self.assertIn('Failed to disable', self.stdlog.logger.output)
        self.service = {'disabled': False, 'disabled_reason': None}
        self.fail(60)
        self.assert_disabled()

    def test_without_a_node_there_is_no_provider(self):
        self.nodes = []
        self.fail()
        self.fail(120)
        self.assertTrue(self.service['disabled'])
        self.assertNotIn('Failed to', self.stdlog.logger.output)

    def test_without_placement_the_trait_is_tried_again(self):
        self.virtapi.fault = nova_exception.ResourceProviderUpdateFailed(
            url='/', error='down')
        self.fail()
        self.fail(120)
        self.assertTrue(self.service['disabled'])
        self.assertTrue(self.virtapi.enabled)
        self.assertIn('Failed to disable', self.stdlog.logger.output)
        self.virtapi.fault = None
        self.fail(60)
        self.assert_disabled()


class EnableTestCase(ServiceStatusTestCase):

    def setUp(self):
        super().setUp()
        self.set_service('AUTO: away')
        self.virtapi.enabled = False

    def test_by_the_first_success_also_of_the_next_process(self):
        self.look()
        self.assert_enabled()

    def test_although_the_option_is_zero_by_now(self):
        self.start(disable_service_after=0)
        self.look()
        self.assert_enabled()

    def test_not_by_a_failure(self):
        self.fail()
        self.assert_disabled('AUTO: away')

    def test_only_if_the_reason_is_automatic(self):
        for reason in ('maintenance', 'not AUTO: ', '', None):
            self.start()
            self.set_service(reason)
            self.look()
            self.assertEqual({'disabled': True, 'disabled_reason': reason},
                             self.service)
            self.assertFalse(self.virtapi.enabled)

    def test_without_nova_s_database_it_is_tried_again(self):
        self.database_fault = nova_exception.NovaException('down')
        self.look()
        self.assertIn('Failed to enable', self.stdlog.logger.output)
        self.database_fault = None
        self.look()
        self.assert_enabled()

    def test_without_placement_the_service_is_enabled(self):
        self.virtapi.fault = nova_exception.ResourceProviderUpdateFailed(
            url='/', error='down')
        self.look()
        self.assertFalse(self.service['disabled'])
        self.assertIn('Failed to enable', self.stdlog.logger.output)

    def test_a_new_service_has_no_record_yet(self):
        self.service = None
        self.look()
        self.assertNotIn('Failed to', self.stdlog.logger.output)
        self.set_service('AUTO: away')
        self.look()
        self.assert_enabled()

    def test_nova_is_asked_once(self):
        for _ in range(3):
            self.look()
        self.assertEqual(1, self.reads)
        self.fail()
        self.look()
        self.look()
        self.assertEqual(2, self.reads)
