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

"""What becomes of the client's errors."""

import copy
import sys

from nova import exception as nova_exception
from nova import rpc
from oslo_messaging._drivers import common

from nova_zvm.connector import errors
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory


class TranslatedTestCase(inmemory.ZVMTestCase):

    def raised_for(self, error, instance=None):
        try:
            with translation.to_nova(instance):
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
            with translation.to_nova():
                raise error

        exc = self.assertRaises(failures.ConnectorFailure, act)
        for kept in (exc, copy.copy(exc)):
            self.assertIs(error, kept.error)
            self.assertEqual(str(error), str(kept))
        self.assertIsNone(failures.ConnectorFailure(reason='token').error)

    def test_the_reason_is_told(self):
        def act():
            with translation.to_nova():
                raise fakes.error(operation='guests.deploy')

        exc = self.assertRaises(failures.ConnectorFailure, act)
        self.assertIn('guests.deploy', str(exc))


class AnsweredAsTestCase(inmemory.ZVMTestCase):
    """Over RPC, where nova-api gets no class but nova's own."""

    def received(self, error, cls):
        """Return what nova-api has of an error in nova-compute."""
        try:
            with translation.raised_as(cls), translation.to_nova():
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
