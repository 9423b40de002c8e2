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

"""A client of the z/VM Cloud Connector's REST API.

It speaks HTTP and z/VM's words and knows nothing of nova. One method is one
request, or several where one would be too large for the connector; there is
no I/O before the first of them.
"""

from collections import abc
import threading
import time

from nova_zvm.connector import models
from nova_zvm.connector.resources import disks
from nova_zvm.connector.resources import files
from nova_zvm.connector.resources import guests
from nova_zvm.connector.resources import host
from nova_zvm.connector.resources import images
from nova_zvm.connector.resources import nics
from nova_zvm.connector.resources import telemetry
from nova_zvm.connector.resources import volumes
from nova_zvm.connector.resources import vswitches
from nova_zvm.connector import session
from nova_zvm.connector import timeouts


class Connector:
    """One z/VM Cloud Connector, safe to be used from several threads.

    :ivar on_request: called after every HTTP request with the operation,
        method, path, bytes sent, bytes received and seconds, if set
    """

    def __init__(self, url: str, *, token_file: str | None = None,
                 ca_file: str | None = None, connect_timeout: float = 10.0,
                 timeout_scale: float = 1.0,
                 sleep: abc.Callable[[float], object] = time.sleep) -> None:
        """Remember where the connector is.

        :param url: http or https, host, optional port (by default the
            scheme's own) and path
        :param token_file: path of a file with the connector's admin token;
            None for a connector that asks for none
        :param ca_file: path of the CAs to trust; None for the system's
        :param timeout_scale: factor on every time to wait for an answer
        :raises InvalidUrl: with a sentence that says what is wrong
        """
        self._timeouts = timeouts.Timeouts(connect_timeout, timeout_scale)
        self._session = session.Session(
            url, self._timeouts, token_file=token_file, ca_file=ca_file,
            sleep=sleep)
        self._version: models.Version | None = None
        self._version_lock = threading.Lock()
        self.host = host.Host(self._session)
        self.guests = guests.Guests(self._session)
        self.disks = disks.Disks(self._session)
        self.nics = nics.Nics(self._session)
        self.telemetry = telemetry.Telemetry(self._session)
        self.images = images.Images(self._session)
        self.vswitches = vswitches.Vswitches(self._session)
        self.volumes = volumes.Volumes(self._session)
        self.files = files.Files(self._session)

    def version(self) -> models.Version:
        """Return the connector's version, asked for once."""
        with self._version_lock:
            if self._version is None:
                self._version = self._session.request(
                    'version', 'GET', (), parse=models.Version.parse)
            return self._version

    def settle_seconds(self, operation: str) -> float:
        """Return how long the connector may be at work on an operation.

        :param operation: such as 'guests.create'
        :raises KeyError: if there is none of that name
        """
        return self._timeouts.read(operation)

    def found_absent(self, max_age: float) -> bool:
        """Tell, without asking, whether the connector was not there lately.

        :param max_age: seconds for which that is worth something
        """
        return self._session.found_absent(max_age)

    def clock_offset(self) -> float | None:
        """Return the seconds that the connector's clock is ahead of ours.

        As its last answer told; None if that told no time.
        """
        return self._session.clock_offset

    def token_expiry(self) -> float | None:
        """Return when our token ends, by the connector's clock.

        In seconds since the epoch; None without a token.
        """
        return self._session.token_expiry()

    def certificate_expiry(self) -> float | None:
        """Return when the connector's certificate expires.

        In seconds since the epoch; None for a URL without TLS.
        """
        return self._session.certificate_expiry()

    @property
    def on_request(self) -> session.Observer | None:
        return self._session.on_request

    @on_request.setter
    def on_request(self, observer: session.Observer | None) -> None:
        self._session.on_request = observer
