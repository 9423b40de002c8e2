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

from unittest import mock

from nova import exception as nova_exception
from nova import objects

from nova_zvm import guest
from nova_zvm import instances
from nova_zvm import ownership
from nova_zvm.tests.unit import base
from nova_zvm.tests.unit import fakes


class InstancesTestCase(base.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.instances = instances.Instances(
            guest.Guests(self.connector, 1.0))
        self.database = []
        self.asked_for = []
        patcher = mock.patch.object(
            objects.InstanceList, 'get_by_filters', self._get_by_filters)
        patcher.start()
        self.addCleanup(patcher.stop)

    def _get_by_filters(self, context, filters, expected_attrs):
        self.asked_for.append((filters.get('deleted'), filters['host']))
        return self.database

    def test_without_instances_nobody_is_asked(self):
        self.connector.faults['guests.list'] = [fakes.unreachable()] * 9
        self.database = [self.instance(), self.instance(ownership.DELETED)]
        self.assertEqual([], self.instances.uuids())
        self.assertEqual([], self.instances.names())
        self.assertEqual(0, self.instances.count())
        self.assertEqual([], self.connector.calls)

    def test_those_with_the_mark_and_a_guest(self):
        self.connector.put_guest('ABC00001')
        self.connector.put_guest('ABC00002')
        built = self.instance(ownership.BUILT)
        self.database = [built, self.instance()]
        self.assertEqual([built.uuid], self.instances.uuids())
        self.assertEqual(['abc00001'], self.instances.names())
        self.assertEqual(1, self.instances.count())

    def test_a_guest_that_is_only_in_the_directory_is_not_counted(self):
        self.connector.put_guest('ABC00001', known=False)
        self.database = [self.instance(ownership.BUILT)]
        self.assertEqual([], self.instances.uuids())

    def test_a_name_is_novas_even_if_the_template_has_changed(self):
        self.connector.put_guest('ABC00001')
        self.database = [self.instance(ownership.BUILT)]
        self.flags(instance_name_template='new%04x')
        self.assertEqual(['new0001'], self.instances.names())

    def test_deleted_ones_are_asked_for_by_uuid_only(self):
        self.instances.uuids()
        self.instances.names()
        self.assertEqual([None, False],
                         [deleted for deleted, host in self.asked_for])
        self.assertEqual({base.CONF.host},
                         {host for deleted, host in self.asked_for})

    def test_connector_down(self):
        self.database = [self.instance(ownership.BUILT)]
        self.connector.faults['guests.list'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady,
                          self.instances.uuids)
