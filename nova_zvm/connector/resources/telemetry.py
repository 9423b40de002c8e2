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

"""What guests use, and what goes through their NICs."""

from collections import abc
import typing

from nova_zvm.connector import models
from nova_zvm.connector import session

T = typing.TypeVar('T')

# By userid, in upper case.
Usages = dict[str, models.Usage]
Counters = dict[str, list[models.NicCounters]]


class Telemetry:
    """What the connector measures of its guests."""

    def __init__(self, http: session.Session) -> None:
        self._http = http

    def usage(self, userids: abc.Sequence[str]) -> Usages:
        """Return what guests use; of one that is off nothing.

        As old as the connector's cache, by default up to 300 seconds: one
        that went off meanwhile is still there (zvmsdk/monitor.py, 1.6.3).

        :raises NotFound: if the connector does not know one of them
        """
        return self._monitored('guests.stats', 'stats', userids,
                               models.Usage.parse)

    def nic_counters(self, userids: abc.Sequence[str]) -> Counters:
        """Return what went through the coupled NICs of guests.

        Of a guest that is off, or has no such NIC, nothing. As old as what
        usage returns.

        :raises NotFound: if the connector does not know one of them
        """
        return self._monitored(
            'guests.interface_stats', 'interfacestats', userids,
            lambda output: [models.NicCounters.parse(nic) for nic in output])

    def _monitored(self, name: str, resource: str,
                   userids: abc.Sequence[str],
                   parse: abc.Callable[[typing.Any], T]) -> dict[str, T]:
        return self._http.request(
            name, 'GET', ('guests', resource),
            query={'userid': ','.join(userids)},
            parse=lambda output: {userid: parse(part)
                                  for userid, part in output.items()})
