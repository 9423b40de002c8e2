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

from nova.compute import task_states
from nova import exception as nova_exception
from nova import objects

from nova_zvm.guest import presence
from nova_zvm.record import instances
from nova_zvm.record import ownership
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory


class InstancesTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.instances = instances.Instances(
            presence.Presence(self.connector, self.clock))
        self.database = []
        self.asked_for = []
        patcher = mock.patch.object(
            objects.InstanceList, 'get_by_filters', self._get_by_filters)
        patcher.start()
        self.addCleanup(patcher.stop)

    def _get_by_filters(self, context, filters, expected_attrs):
        self.asked_for.append(filters)
        self.expected_attrs = expected_attrs
        wanted = filters['system_metadata']
        return [instance for instance in self.database
                if instance.host == filters.get('host', instance.host) and
                instance.deleted == filters.get('deleted',
                                                instance.deleted) and
                # As nova does it.
                wanted.keys() <= instance.system_metadata.keys() and
                set(wanted.values()) <=
                set(instance.system_metadata.values())]

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
        mark = {'system_metadata': {'zvm_host': inmemory.CONF.host}}
        self.assertEqual(
            [mark, {'deleted': False, 'host': inmemory.CONF.host, **mark}],
            self.asked_for)

    def with_disks(self, state=ownership.BUILT, **flavor):
        instance = self.instance(state)
        instance.flavor = objects.Flavor(
            vcpus=2, memory_mb=4096, **{
                'root_gb': 10, 'ephemeral_gb': 0, 'swap': 0,
                'extra_specs': {}, **flavor})
        return instance

    def test_disks_as_placement_counts_them(self):
        for flavor, counted in (
                ({}, 10), ({'root_gb': 0}, 0),
                ({'ephemeral_gb': 5, 'swap': 1025}, 17),
                ({'extra_specs': {'resources:DISK_GB': '25'}}, 25),
                ({'root_gb': 0, 'extra_specs': {
                    'resources_a:DISK_GB': '7'}}, 7)):
            self.database = [self.with_disks(**flavor)]
            self.assertEqual(counted, self.instances.disk_gb(), flavor)

    def test_disks_of_those_that_may_have_a_guest(self):
        self.database = [
            self.with_disks(ownership.BUILDING), self.with_disks(),
            self.with_disks(ownership.DELETED), self.instance()]
        self.assertEqual(20, self.instances.disk_gb())
        self.assertEqual(
            [{'deleted': False, 'soft_deleted': True,
              'host': inmemory.CONF.host,
              'system_metadata': {'zvm_host': inmemory.CONF.host}}],
            self.asked_for)
        # Not each flavor by a query of its own.
        self.assertIn('flavor', self.expected_attrs)
        self.assertEqual([], self.connector.calls)

    def test_disks_of_servers_that_are_not_here(self):
        deleted = self.with_disks()
        deleted.deleted = True
        moved = self.with_disks()
        moved.host = 'another'
        self.database = [deleted, moved]
        self.assertEqual(0, self.instances.disk_gb())

    def test_a_deleted_one_that_has_left_its_guest(self):
        left = self.instance(ownership.BUILT, deleted=True)
        self.connector.put_guest('ABC00001')
        self.database = [left]
        self.assertEqual([left.uuid], self.instances.uuids())
        self.assertEqual([], self.instances.names())
        self.assertEqual(0, self.instances.count())

    def test_what_is_under_way_for_those_that_are_not_deleted(self):
        for begin, found in (
                (lambda instance: ownership.begin_capture(instance, 'on'),
                 self.instances.unfinished),
                (lambda instance: ownership.set_upload(instance, 'file:///a'),
                 self.instances.uploading)):
            busy = self.instance(ownership.BUILT)
            begin(busy)
            deleted = self.instance(ownership.BUILT, deleted=True)
            begin(deleted)
            self.database = [self.instance(ownership.BUILT), busy, deleted]
            self.assertEqual([busy], found())

    def test_a_server_that_another_host_has_now(self):
        left = self.instance(ownership.BUILT)
        left.host = 'another'
        self.connector.put_guest('ABC00001')
        self.database = [left]
        self.assertEqual([], self.instances.uuids())

    def test_what_a_server_has_left_that_was_deleted_elsewhere(self):
        left = self.instance(ownership.BUILDING, deleted=True)
        left.host = 'another'
        self.flags(host='another')
        ownership.claim(left, 'ABC00001')
        ownership.set_state(left, ownership.DELETED)
        self.database = [left]
        self.assertEqual([], self.instances.uuids())
        self.flags(host=left.system_metadata['zvm_host'])
        self.assertEqual([left.uuid], self.instances.uuids())

    def test_a_guest_whose_boot_failed_and_whose_host_nova_forgot(self):
        self.connector.put_guest('ABC00001')
        left = self.instance(ownership.BUILDING)
        left.host = None
        other = self.instance()
        self.flags(host='another')
        ownership.claim(other, 'ABC00001')
        self.flags(host=left.system_metadata['zvm_host'])
        other.host = None
        self.database = [left, other]
        self.assertEqual([left.uuid], self.instances.uuids())
        self.assertEqual([], self.instances.names())

    def test_two_hosts_with_a_part(self):
        self.connector.put_guest('ABC00001')
        moving = self.instance(ownership.BUILT)
        home = inmemory.CONF.host
        moving.host = 'another'
        self.flags(host='another')
        ownership.claim(moving, 'ABC00001')
        self.database = [moving]
        for host, names in ((home, []), ('another', ['abc00001'])):
            self.flags(host=host)
            self.assertEqual(names, self.instances.names())
        ownership.begin_capture(moving, 'on')
        self.assertEqual([moving], self.instances.unfinished())
        self.flags(host=home)
        self.assertEqual([], self.instances.unfinished())

    def test_what_nova_finds_by_chance(self):
        found = self.instance(ownership.BUILT, system_metadata={
            'image_owner': 'another'})
        self.database = [found]
        self.connector.put_guest('ABC00001')
        found.host = 'another'
        self.flags(host='another')
        self.assertEqual([], self.instances.uuids())
        self.assertEqual([], self.connector.calls)

    def test_a_guest_that_the_connector_never_came_to_know(self):
        self.connector.put_guest('ABC00001', known=False)
        left = self.instance(ownership.BUILDING)
        self.database = [left]
        self.assertEqual([left.uuid], self.instances.uuids())

    def test_an_upload_without_a_guest(self):
        left = self.instance()
        ownership.set_upload(left, 'file:///a')
        left.host = None
        self.database = [left]
        self.assertEqual([left.uuid], self.instances.uuids())
        self.assertEqual(0, self.connector.count('guests.list'))

    def test_connector_down(self):
        self.database = [self.instance(ownership.BUILT)]
        self.connector.faults['guests.list'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady,
                          self.instances.uuids)


class LostTasksTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.instances = instances.Instances(None)
        self.idle = self.instance(ownership.BUILT, task_state=None)
        self.busy = self.instance(ownership.BUILT,
                                  task_state=task_states.DELETING)
        self.booting = self.instance(task_state=task_states.SPAWNING)
        self.elsewhere = self.instance(task_state=task_states.DELETING)
        self.elsewhere.host = 'another'
        self.all = [self.idle, self.busy, self.booting, self.elsewhere]
        for instance in self.all:
            instance.save = mock.Mock()
        self.asked = []

    def start(self, recorded, error=None):
        def ask_zvm():
            self.asked.append(1)
            if error:
                raise error

        def get_by_filters(context, filters):
            self.assertIs(False, filters['deleted'])
            return [instance for instance in recorded
                    if instance.host == filters['host'] and
                    instance.task_state in filters['task_state']]

        self.patch(objects.InstanceList, 'get_by_filters', get_by_filters)
        self.instances.give_up_lost_tasks(ask_zvm)

    def test_given_up_while_zvm_is_not_there(self):
        self.start(self.all, nova_exception.VirtDriverNotReady())
        self.elsewhere.save.assert_not_called()
        self.assertIsNone(self.busy.task_state)
        self.busy.save.assert_called_once_with()
        self.assertEqual(task_states.SPAWNING, self.booting.task_state)
        self.idle.save.assert_not_called()
        self.booting.save.assert_not_called()

    def test_left_to_nova_otherwise(self):
        self.start(self.all)
        self.assertEqual(task_states.DELETING, self.busy.task_state)
        self.busy.save.assert_not_called()

    def test_nobody_is_asked_without_such_tasks(self):
        self.start([self.idle, self.booting])
        self.assertEqual([], self.asked)
