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

import copy
import sys

from nova import exception as nova_exception
from nova import rpc
import oslo_messaging
from oslo_messaging._drivers import common

from nova_zvm.connector import errors
from nova_zvm import driver
from nova_zvm.errors import failures
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory


class TranslatedTestCase(inmemory.ZVMTestCase):

    def raised_for(self, error, instance=None):
        try:
            with failures.translated(instance):
                raise error
        except Exception as exc:
            if exc is not error:
                self.assertIs(error, exc.__cause__)
            if isinstance(exc, failures.ConnectorFailure):
                self.assertIs(error, exc.error)
            return type(exc)

    def test_come_back_later(self):
        for cls in (errors.Unreachable, errors.NotConnected,
                    errors.TlsError):
            self.assertTrue(issubclass(
                self.raised_for(fakes.error(cls)),
                nova_exception.VirtDriverNotReady))

    def test_not_found_is_about_the_instance_if_there_is_one(self):
        self.assertEqual(
            nova_exception.InstanceNotFound,
            self.raised_for(fakes.not_found(), self.instance()))
        self.assertEqual(failures.ConnectorFailure,
                         self.raised_for(fakes.not_found()))

    def test_everything_else_is_a_failure(self):
        for cls in (errors.BadRequest, errors.Unauthorized, errors.Conflict,
                    errors.NotSupported, errors.Busy, errors.OutcomeUnknown,
                    errors.RequestTooLarge, errors.TransferError,
                    errors.ConnectorError):
            self.assertEqual(
                failures.ConnectorFailure,
                self.raised_for(fakes.error(cls), self.instance()))

    def test_what_is_novas_is_left_alone(self):
        for error in (nova_exception.InvalidInput(reason='bad'),
                      ValueError()):
            self.assertEqual(type(error), self.raised_for(error))

    def test_the_error_of_the_client_stays_with_it(self):
        error = fakes.outcome_unknown('guests.create', 600)

        def act():
            with failures.translated():
                raise error

        exc = self.assertRaises(failures.ConnectorFailure, act)
        for kept in (exc, copy.copy(exc)):
            self.assertIs(error, kept.error)
            self.assertEqual(str(error), str(kept))
        self.assertIsNone(failures.ConnectorFailure(reason='token').error)

    def test_the_reason_is_told(self):
        def act():
            with failures.translated():
                raise fakes.error(operation='guests.deploy')

        exc = self.assertRaises(failures.ConnectorFailure, act)
        self.assertIn('guests.deploy', str(exc))


class AnsweredAsTestCase(inmemory.ZVMTestCase):
    """Over RPC, where nova-api gets no class but nova's own."""

    def received(self, error, cls):
        """Return what nova-api has of an error in nova-compute."""
        try:
            with failures.answered_as(cls), failures.translated():
                raise error
        except Exception:
            return common.deserialize_remote_exception(
                common.serialize_remote_exception(sys.exc_info()),
                rpc.get_allowed_exmods())

    def test_the_sentence_arrives_with_novas_class(self):
        for error in (fakes.unreachable(), fakes.error()):
            for cls in (nova_exception.ConsoleNotAvailable,
                        nova_exception.InstanceNotReady,
                        nova_exception.ComputeServiceUnavailable):
                received = self.received(error, cls)
                self.assertIsInstance(received, cls)
                self.assertIn(str(error), received.format_message())

    def test_others_are_left_alone(self):
        gone = nova_exception.InstanceNotFound(instance_id='gone')
        self.assertIsInstance(
            self.received(gone, nova_exception.InstanceNotReady),
            nova_exception.InstanceNotFound)


class LateEffectTestCase(inmemory.ZVMTestCase):

    def lose(self, seen, error=None):
        with failures.late_effect_awaited(self.patience, seen):
            raise error or fakes.outcome_unknown('vswitches.grant', 300)

    def test_the_error_waits_for_the_effect(self):
        looks = iter([False, False, True])
        self.assertRaises(errors.OutcomeUnknown, self.lose,
                          lambda: next(looks))
        self.assertEqual([], list(looks))

    def test_no_longer_than_the_connector_may_be_at_work(self):
        started = self.clock.now
        self.assertRaises(errors.OutcomeUnknown, self.lose, lambda: False)
        self.assertAlmostEqual(300, self.clock.now - started)

    def test_a_look_that_fails_is_repeated(self):
        looks = iter([fakes.error(errors.Unreachable, status=503),
                      fakes.error(), True])

        def seen():
            look = next(looks)
            if look is not True:
                raise look
            return look

        self.assertRaises(errors.OutcomeUnknown, self.lose, seen)
        self.assertEqual([], list(looks))

    def test_a_connector_that_is_gone_does_nothing_more(self):
        def gone():
            raise fakes.unreachable()
        started = self.clock.now
        self.assertRaises(errors.OutcomeUnknown, self.lose, gone)
        self.assertEqual(started, self.clock.now)

    def test_an_answered_request_is_not_waited_for(self):
        self.assertRaises(errors.Conflict, self.lose, None,
                          fakes.error(errors.Conflict))


class RPCTestCase(inmemory.ZVMTestCase):
    """nova-api and nova-compute on a transport that makes text of errors.

    That of nova's own tests hands the object over, of whatever class it is.
    """

    URL = 'kombu+memory:////'

    def setUp(self):
        super().setUp()
        transport = oslo_messaging.get_rpc_transport(
            inmemory.CONF, self.URL, rpc.get_allowed_exmods())
        self.addCleanup(transport.cleanup)
        target = oslo_messaging.Target(topic='compute', server='host')
        server = oslo_messaging.get_rpc_server(
            transport, target, [self], executor='threading')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        self.client = oslo_messaging.get_rpc_client(
            transport, target, timeout=60)

    def set_admin_password(self, context):
        zvm = driver.ZVMDriver.__new__(driver.ZVMDriver)
        zvm.set_admin_password(None, 'secret')

    def test_nova_api_can_tell_why_no_password_is_set(self):
        exc = self.assertRaises(nova_exception.SetAdminPasswdNotSupported,
                                self.client.call, {}, 'set_admin_password')
        self.assertEqual(
            'The z/VM Cloud Connector has no request for a password: set it '
            'inside the server', exc.format_message())
