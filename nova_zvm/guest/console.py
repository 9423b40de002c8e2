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

"""Console: what a guest's Linux and CP have written."""

from nova import exception as nova_exception
from nova import objects

from nova_zvm.connector import client
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.record import ownership

# SMAPI: the guest has not produced a console file yet.
NO_CONSOLE_FILE = (4, 4, 410)


class Console:
    """The console logs of this host's guests."""

    def __init__(self, connector: client.Connector) -> None:
        self._connector = connector

    def output(self, instance: 'objects.Instance') -> bytes:
        """Return the console log, the last 100 KB by default, as bytes.

        nova encodes text to Latin-1, which has not all characters.

        :raises ConsoleNotAvailable: if the connector or z/VM fails
        """
        with translation.raised_as(nova_exception.ConsoleNotAvailable):
            return self._output(instance).encode()

    def _output(self, instance: 'objects.Instance') -> str:
        userid = ownership.required_userid(instance)
        try:
            with translation.to_nova(instance):
                return self._connector.guests.console_output(userid)
        except failures.ConnectorFailure as exc:
            if exc.error and exc.error.codes == NO_CONSOLE_FILE:
                return ''
            with translation.to_nova(instance):
                answer = self._connector.guests.power_state(userid)
            if answer == 'off':
                raise nova_exception.InstanceNotReady(
                    instance_id=instance.uuid) from exc
            raise
