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

import math

from nova import conf
from nova import exception as nova_exception
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.connector import errors
from nova_zvm.connector import timeouts
from nova_zvm.errors import failures as zvm_failures
from nova_zvm.guest import capture
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.record import pending
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.zvm import names

CONF = conf.CONF
NAME = names.capture(uuids.instance)
USERID = 'ABC00001'
# Until a capture must be over.
LOOKS = math.ceil(timeouts.Timeouts().read('guests.capture') /
                  capture.LOOK_SECONDS)


class CaptureTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.looked_after = []
        self.start()
        self.instance = self.instance(ownership.BUILT)
        self.guest = self.connector.put_guest(USERID, power='on')

    def start(self, **options):
        """Start nova-compute, with some [zvm] options."""
        self.captures = self.make_captures(**options)
        self.patch(self.captures, 'look_after', self.looked_after.append)

    def make_captures(self, **options):
        zvm = self.read_settings(**options)
        return capture.Captures(
            self.connector, self.make_repository(),
            zvm.capture_unreachable_guests, self.patience,
            self.background)

    def _saved_instance(self, context, uuid, expected_attrs):
        if uuid not in self.saved:
            raise nova_exception.InstanceNotFound(instance_id=uuid)
        instance = super()._saved_instance(context, uuid, expected_attrs)

        def save():
            self.saved[uuid] = dict(instance.system_metadata)

        instance.save = save
        return instance

    def take(self, power='on'):
        with self.captures.taken(self.instance, power) as captured:
            return captured

    def assert_as_before(self, power='on'):
        self.assertEqual(power, self.guest.power)
        self.assertNotIn(NAME, self.connector.repository)
        for metadata in (self.saved[uuids.instance],
                         self.instance.system_metadata):
            self.assertNotIn(pending.CAPTURE, metadata)
            self.assertNotIn(pending.CAPTURE_SINCE, metadata)
            self.assertEqual(USERID, metadata[parts.USERID])


class PowerTestCase(CaptureTestCase):

    def power(self):
        return self.captures.power(self.instance)

    def assertRefused(self, words):
        exc = self.assertRaises(zvm_failures.SnapshotRefused, self.power)
        self.assertIn(words, str(exc))
        self.assertEqual([], self.connector.writes)

    def test_on(self):
        self.assertEqual('on', self.power())

    def test_off_is_not_asked_for_its_linux(self):
        self.guest.power, self.guest.os_version = 'off', ''
        self.assertEqual('off', self.power())
        self.assertEqual(['guests.power_state'], self.connector.operations)

    def test_paused(self):
        ownership.set_paused(self.instance, True)
        self.assertRefused('unpause')

    def test_not_reachable(self):
        self.guest.os_version = ''
        self.assertRefused('[zvm] capture_unreachable_guests')

    def test_not_reachable_and_allowed(self):
        self.guest.os_version = ''
        self.start(capture_unreachable_guests=True)
        self.assertEqual('on', self.power())
        self.assertEqual(0, self.connector.count('guests.info'))

    def test_capture_under_way(self):
        ownership.begin_capture(self.instance, 'on')
        self.assertRefused('try again later')
        self.assertEqual([self.instance], self.looked_after)

    def test_no_guest(self):
        ownership.forget(self.instance)
        self.assertRefused('no guest')

    def test_guest_that_the_connector_does_not_know(self):
        """nova would leave the server in its task."""
        for operation in ('guests.power_state', 'guests.info'):
            self.connector.faults[operation] = [fakes.not_found(operation)]
            self.assertRaises(zvm_failures.ConnectorFailure, self.power)

    def test_connector_down(self):
        self.connector.faults['guests.power_state'] = [fakes.unreachable()]
        self.assertRaises(nova_exception.VirtDriverNotReady, self.power)


class TakenTestCase(CaptureTestCase):

    def test_image_is_there_in_the_block_only(self):
        with self.captures.taken(self.instance, 'on') as captured:
            self.assertEqual(self.connector.repository[NAME],
                             captured.image)
            self.assertEqual(
                '/var/lib/zvmsdk/images/netboot/rhel8.6/%s/0100' % NAME,
                captured.path)
            self.assertIn(captured.path, self.connector.exports)
            self.assertEqual('on', self.guest.power)
        self.assert_as_before()
        self.assert_told('captured')

    def test_power_is_recorded_first(self):
        self.connector.faults['guests.capture'] = [
            lambda *args: self.assertEqual(
                'on', self.saved[uuids.instance][pending.CAPTURE])]
        self.take()

    def test_guest_that_is_off(self):
        self.guest.power = 'off'
        self.assertIn('/RHEL8.6/', self.take('off').path)
        self.assert_as_before('off')
        self.assertEqual(0, self.connector.count('guests.start'))

    def test_another_disk_was_captured(self):
        self.guest.disks = ['0100', '0101', '0102']
        self.assertTrue(self.take().path.endswith('/0102'))

    def test_the_first_of_several_disks_was_captured(self):
        self.guest.disks = ['0100', '0101']
        path = '/var/lib/zvmsdk/images/netboot/rhel8.6/%s/0100' % NAME
        self.connector.faults['guests.directory_entry'] = [
            lambda userid: self.connector.exports.update({path: b'disk'})]
        self.assertEqual(path, self.take().path)

    def test_newer_connectors_tell_the_path(self):
        put_image = self.connector.put_image
        self.connector.put_image = lambda *args, **fields: put_image(
            *args, **{**fields, 'path': '/images/x/0100'})
        self.assertEqual('/images/x/0100', self.take().path)
        self.assertEqual(0, self.connector.count('guests.directory_entry'))

    def test_repository_is_where_the_option_says(self):
        self.start(image_repository='/other/')
        self.assertTrue(self.take().path.startswith('/other/netboot/'))

    def test_what_an_earlier_one_left_goes_first(self):
        self.connector.put_image(NAME)
        self.take()
        self.assertLess(self.connector.operations.index('images.delete'),
                        self.connector.operations.index('guests.capture'))

    def test_block_that_fails(self):
        def fail():
            with self.captures.taken(self.instance, 'on'):
                raise nova_exception.ImageNotFound(image_id=uuids.image)

        self.assertRaises(nova_exception.ImageNotFound, fail)
        self.assert_as_before()

    def test_guest_that_goes_down_during_the_upload(self):
        with self.captures.taken(self.instance, 'on'):
            self.assertEqual(
                'off', ownership.unfinished_capture(self.instance).power)
            self.guest.power = 'off'
        self.assert_as_before('off')

    def test_refused_by_the_connector(self):
        refusal = fakes.error(errors.Conflict, 'guests.capture', 409)
        refusal.words = ('Failed to capture userid X, error: Internal '
                         'error: Root is on a logical volume')
        self.connector.faults['guests.capture'] = [refusal]
        exc = self.assertRaises(zvm_failures.CaptureFailed, self.take)
        self.assertIn('capture the server: Root is on a logical volume',
                      str(exc))
        self.assert_as_before()

    def test_failed_guest_is_started_again(self):
        self.connector.faults['guests.capture'] = [fakes.error()]
        self.assertRaises(zvm_failures.ConnectorFailure, self.take)
        self.assert_as_before()

    def test_failed_guest_that_was_off_stays_off(self):
        self.guest.power = 'off'
        self.connector.faults['guests.capture'] = [fakes.error()]
        self.assertRaises(zvm_failures.ConnectorFailure, self.take, 'off')
        self.assert_as_before('off')

    def test_failed_after_the_capture(self):
        for operation in ('images.get', 'guests.directory_entry'):
            self.connector.faults[operation] = [fakes.error()]
            self.assertRaises(zvm_failures.ConnectorFailure, self.take)
            self.assert_as_before()

    def test_answer_lost(self):
        self.connector.faults['guests.capture'] = [
            fakes.outcome_unknown('guests.capture')]
        self.assertRaises(zvm_failures.ConnectorFailure, self.take)
        self.assertEqual([self.instance], self.looked_after)
        self.assertTrue(ownership.starts_after_capture(self.instance))

    def test_clean_up_that_fails(self):
        self.connector.faults['guests.capture'] = [fakes.error()]
        self.connector.faults['guests.start'] = [fakes.unreachable()]
        self.assertRaises(zvm_failures.ConnectorFailure, self.take)
        self.assertEqual([self.instance], self.looked_after)

    def test_image_that_cannot_be_removed(self):
        self.connector.faults['images.delete'] = [None, fakes.unreachable()]
        self.take()
        self.assertEqual([self.instance], self.looked_after)

    def test_server_deleted_during_the_capture(self):
        def delete(userid):
            del self.saved[uuids.instance]
            self.instance.save = self.raise_not_found

        self.connector.faults['guests.directory_entry'] = [delete]
        self.assertRaises(nova_exception.InstanceNotFound, self.take)
        self.assertNotIn(NAME, self.connector.repository)
        self.assertEqual([], self.looked_after)

    def raise_not_found(self):
        raise nova_exception.InstanceNotFound(instance_id=uuids.instance)

    def test_database_away_at_the_end(self):
        save = self.instance.save

        def fail():
            if pending.CAPTURE not in self.instance.system_metadata:
                raise RuntimeError()
            save()

        self.instance.save = fail
        self.take()
        self.assertEqual([self.instance], self.looked_after)

    def test_server_deleted_meanwhile(self):
        with self.captures.taken(self.instance, 'on'):
            self.connector.zvm.clear()
            self.saved[uuids.instance].update(
                {parts.STATE: ownership.DELETED})
            for key in (pending.CAPTURE, pending.CAPTURE_SINCE):
                del self.saved[uuids.instance][key]
        self.assertNotIn(NAME, self.connector.repository)
        self.assertEqual(0, self.connector.count('guests.start'))


class LookAfterTestCase(CaptureTestCase):

    def setUp(self):
        super().setUp()
        self.captures._background = self
        ownership.begin_capture(self.instance, 'on')
        self.since = ownership.capture_since(self.instance)
        self.guest.power = 'off'
        self.pauses = 0
        self.events = {}

    def pause(self, seconds):
        """Stand in for the owner of the thread."""
        self.pauses += 1
        self.clock.sleep(seconds)
        return self.events.pop(self.pauses, lambda: None)()

    def look(self):
        self.captures._look_until_settled(uuids.instance, self.since)
        if uuids.instance in self.saved:
            ownership.refresh(self.instance)

    def test_guest_is_started_at_once_and_watched_to_the_end(self):
        self.events[1] = lambda: self.assertEqual('on', self.guest.power)
        self.look()
        self.assert_as_before()
        self.assertEqual(LOOKS, self.pauses)

    def test_guest_that_is_shut_down_late(self):
        def stop():
            self.guest.power = 'off'

        self.events[5] = stop
        self.look()
        self.assert_as_before()

    def test_image_that_comes_late(self):
        self.events[3] = lambda: self.connector.put_image(NAME)
        self.look()
        self.assert_as_before()
        self.assertEqual(3, self.pauses)

    def test_guest_that_was_off(self):
        ownership.begin_capture(self.instance, 'off')
        self.look()
        self.assert_as_before('off')

    def test_user_stops_the_server_meanwhile(self):
        def stop():
            ownership.leave_off(self.instance)
            self.guest.power = 'off'

        self.events[2] = stop
        self.look()
        self.assert_as_before('off')

    def test_user_stops_the_server_while_it_is_looked_at(self):
        def stop(userid):
            self.saved[uuids.instance][pending.CAPTURE] = 'off'

        self.connector.faults['guests.power_state'] = [stop]
        self.look()
        self.assert_as_before('off')

    def test_database_away(self):
        instances = capture._instance
        failures = [RuntimeError()] * 3

        def _instance(uuid):
            if failures:
                raise failures.pop()
            return instances(uuid)

        self.patch(capture, '_instance', _instance)
        self.look()
        self.assert_as_before()

    def test_connector_down_for_longer_than_any_capture(self):
        self.connector.faults['guests.power_state'] = [
            fakes.unreachable() for _ in range(2 * LOOKS)]
        self.look()
        self.assert_as_before()
        self.assertEqual(2 * LOOKS, self.pauses)

    def test_start_that_fails_again_and_again(self):
        self.connector.faults['guests.start'] = [
            fakes.error() for _ in range(2 * LOOKS)]
        self.look()
        self.assertIsNone(ownership.unfinished_capture(self.instance))
        self.assertEqual(LOOKS, self.pauses)

    def test_guest_is_gone(self):
        self.connector.zvm.clear()
        self.connector.faults['guests.start'] = [
            fakes.not_found('guests.start') for _ in range(2 * LOOKS)]
        self.events[3] = lambda: self.connector.put_image(NAME)
        self.look()
        self.assertNotIn(NAME, self.connector.repository)
        self.assertEqual(3, self.pauses)

    def test_server_deleted_meanwhile(self):
        """The image may come all the same."""
        self.events[2] = self.saved.clear
        self.events[5] = lambda: self.connector.put_image(NAME)
        self.look()
        self.assertNotIn(NAME, self.connector.repository)
        self.assertEqual(5, self.pauses)

    def test_server_rebuilt_meanwhile(self):
        self.events[2] = lambda: ownership.end_capture(self.instance)
        self.events[5] = lambda: self.connector.put_image(NAME)
        self.look()
        self.assert_as_before()
        self.assertEqual(5, self.pauses)

    def test_another_capture_meanwhile(self):
        def begin():
            ownership.begin_capture(self.instance, 'on')
            self.connector.put_image(NAME)

        self.events[2] = begin
        self.look()
        self.assertIn(NAME, self.connector.repository)
        self.assertTrue(ownership.starts_after_capture(self.instance))

    def test_capture_that_was_long_ago(self):
        """nova-compute was down meanwhile."""
        self.clock.sleep(3600)
        self.look()
        self.assert_as_before()
        self.assertEqual(0, self.pauses)

    def test_end_of_the_driver(self):
        self.events[2] = lambda: True
        self.look()
        self.assertEqual(2, self.pauses)
        self.assertTrue(ownership.starts_after_capture(self.instance))

    def test_in_the_background(self):
        begun = []

        def start(*work):
            begun.append(work)
            return len(begun) == 1

        self.start = start
        for _ in range(2):
            capture.Captures.look_after(self.captures, self.instance)
        self.assertEqual(
            [('zvm-capture-%s' % uuids.instance,
              self.captures._look_until_settled, uuids.instance,
              self.since)] * 2, begun)
        self.assertEqual(1, self.stdlog.logger.output.count(
            'A capture may still be under way'))
