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

"""The disk pool that this host's guests have their minidisks in."""

from nova import exception as nova_exception
from oslo_log import log as logging

from nova_zvm.conf import settings
from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import translation

LOG = logging.getLogger(__name__)


class DiskPool:
    """The pool that [zvm] disk_pool names, or the connector's own.

    :ivar name: as the connector takes it, None for its own
    """

    def __init__(self, connector: client.Connector,
                 named: settings.Pool | None) -> None:
        """Prepare; nothing is asked yet."""
        self._connector = connector
        self._named = named
        self.name = named.text if named else None
        self._seen = False
        self._units: str | None = None

    def space(self) -> models.DiskPool | None:
        """Return the sizes of the pool, None of the connector's own.

        :raises InvalidConfiguration: if z/VM has no such pool
        """
        if not self.name:
            return None
        try:
            return self._connector.host.disk_pool(self.name)
        except errors.NotFound as exc:
            raise nova_exception.InvalidConfiguration(
                self._missing()) from exc

    def check(self) -> None:
        """See that z/VM has the pool, once.

        :raises InvalidInput: if it has not
        """
        if not self.name or self._seen:
            return
        with translation.to_nova():
            try:
                self._connector.host.disk_pool(self.name)
            except errors.NotFound as exc:
                raise nova_exception.InvalidInput(
                    reason=self._missing()) from exc
        self._seen = True

    def units(self) -> str | None:
        """Return 'CYL' if the pool is ECKD, 'BLK' if FBA, None if unknown.

        Of the connector's own pool the first volume tells, looked up once,
        if this connector can list a pool's volumes.
        """
        if self._named:
            return self._named.units
        if self._units is None:
            self._units = self._first_volume_units()
        return self._units

    def _first_volume_units(self) -> str | None:
        try:
            if not self._connector.version().lists_pool_volumes:
                return None
            volumes = self._connector.host.disk_pool_volumes()
            kind = self._connector.host.volume(volumes[0]).type
        except (errors.ConnectorError, IndexError) as exc:
            LOG.warning('Cannot determine the type of the disk pool, so '
                        'images are not checked against it; set [zvm] '
                        'disk_pool: %s', exc)
            return None
        return 'CYL' if kind.startswith('3390') else 'BLK'

    def _missing(self) -> str:
        return ("[zvm] disk_pool: z/VM has no disk pool '%s'; name one that "
                "it has" % self.name)
