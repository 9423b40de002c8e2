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

from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import guests


class ConsoleTestCase(guests.GuestTestCase):

    def test_output(self):
        self.connector.console = 'login:'
        self.assertEqual(b'login:', self.console.output(self.built))

    def test_any_character(self):
        # nova would encode text to Latin-1 and fail
        self.connector.console = '\u017elut\xfd \u20ac'
        self.assertEqual(self.connector.console,
                         self.console.output(self.built).decode())

    def test_nothing_written_yet(self):
        self.connector.faults['guests.console_output'] = [
            fakes.error(rc=(4, 4, 410))]
        self.assertEqual(b'', self.console.output(self.built))

    def test_of_a_guest_that_is_off(self):
        self.vm.power = 'off'
        self.connector.faults['guests.console_output'] = [
            fakes.error(rc=(8, 8, 8))]
        self.assertRaises(nova_exception.InstanceNotReady,
                          self.console.output, self.built)

    def test_any_other_failure_is_told(self):
        for error in (fakes.error(), fakes.unreachable()):
            self.connector.faults['guests.console_output'] = [error]
            self.assertIn(str(error), str(self.assertRaises(
                nova_exception.ConsoleNotAvailable,
                self.console.output, self.built)))
