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

"""The z/VM system, its disk pools and their volumes."""

import typing

from nova_zvm.connector import models
from nova_zvm.connector import operation as op
from nova_zvm.connector import session


class Host:
    """The connector's z/VM system."""

    def __init__(self, http: session.Session) -> None:
        self._http = http

    def info(self) -> models.Host:
        """Return what the system has; six or seven SMAPI commands."""
        return self._http.request('host.info', 'GET', ('host',),
                                  parse=models.Host.parse)

    def disk_pool(self, name: str | None = None) -> models.DiskPool:
        """Return the space of a disk pool.

        :param name: such as 'ECKD:POOL1'; None is the connector's own
        :raises NotFound: if z/VM has no such pool
        """
        return self._http.request(
            'host.disk_pool', 'GET', ('host', 'diskpool'),
            query=_pool(name), about={'pool': op.disk_pool(name)},
            parse=models.DiskPool.parse)

    def disk_pool_volumes(self, name: str | None = None) -> list[str]:
        """Return the volume labels of a disk pool.

        Releases from 1.6.4 to 1.6.7 answer 500
        (zvmsdk/api.py host_get_diskpool_volumes).
        """
        return self._http.request(
            'host.disk_pool_volumes', 'GET', ('host', 'diskpool_volumes'),
            query=_pool(name), parse=_volumes)

    def free_extents(self, name: str | None = None
                     ) -> list[models.FreeExtent]:
        """Return the free extents of a disk pool.

        1.6.3 answers 400: it knows no details of a pool.
        """
        return self._http.request(
            'host.free_extents', 'GET', ('host', 'diskpool'),
            query={**(_pool(name) or {}), 'details': 'true'},
            about={'pool': op.disk_pool(name)},
            parse=lambda output: [
                models.FreeExtent.parse(extent)
                for extents in output.values() for extent in extents])

    def volume(self, name: str) -> models.Volume:
        """Return a volume that the directory manager knows, of any pool.

        :raises NotFound: if there is no such volume
        """
        return self._http.request(
            'host.volume', 'GET', ('host', 'volume'),
            query={'volumename': name}, parse=models.Volume.parse)


def _pool(name: str | None) -> dict[str, str] | None:
    return {'poolname': name} if name else None


def _volumes(output: typing.Any) -> list[str]:
    """Return the labels of {'diskpool_volumes': 'A B'} or {pool: {...}}."""
    labels: list[str] = []
    for value in output.values():
        if isinstance(value, dict):
            labels += _volumes(value)
        elif isinstance(value, list):
            labels += value
        else:
            labels += value.split()
    return labels
