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

"""What the checks look at, each part asked for once.

A part that is not to be had raises NotChecked: what is wrong with it is the
finding of one check, and the others are left out.
"""

from collections import abc
import contextlib
import functools
from typing import Any

from nova import context as nova_context
from nova.db.main import api as database
from nova import exception as nova_exception
from nova import objects
from nova import servicegroup
from oslo_config import cfg

from nova_zvm.checks import finding
from nova_zvm.conf import options as zvm_options
from nova_zvm.conf import settings
from nova_zvm.connector import client as clients
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.pace import waiting
from nova_zvm.record import instances
from nova_zvm.record import ownership
from nova_zvm.record import parts

# What checked settings and oslo.config say of a value that cannot be.
WRONG_OPTIONS: tuple[type[Exception], ...] = (
    nova_exception.InvalidConfiguration, ValueError, cfg.Error)

NO_DATABASE = ('this nova.conf has no [database] connection; give another '
               '--config-file that has it')

# What a disk pool should have room for: the root disk of a small server.
DISK_GB = 10


class Unreadable(finding.NotChecked):
    """nova's database could not be read."""


def of_command(conf: cfg.ConfigOpts, file_round_trip: bool = False,
               disk_gb: int = DISK_GB) -> 'Deployment':
    """Return the Deployment of a nova.conf, for a command of its own."""
    zvm_options.register_opts(conf)
    objects.register_all()
    # Without it a database that is down costs ten tries of ten seconds.
    conf.set_override('max_retries', 0, 'database')
    database.configure(conf)
    return Deployment(conf, file_round_trip, disk_gb)


class Deployment:
    """One compute service: its options, its connector, its cell.

    :ivar silent: whether the connector, having told its release, has left a
        request without an answer. Its web side tells the release also where
        nothing is behind it, and each further request would end the same way.
    :ivar unreadable: whether reading nova's database has failed
    """

    def __init__(self, conf: cfg.ConfigOpts, file_round_trip: bool = False,
                 disk_gb: int = DISK_GB) -> None:
        self.conf = conf
        self.file_round_trip = file_round_trip
        self.disk_gb = disk_gb
        self.silent = False
        self.unreadable = False
        self.clock = waiting.Clock()

    @functools.cached_property
    def settings(self) -> settings.Settings:
        """The [zvm] options."""
        try:
            return settings.read(self.conf)
        except WRONG_OPTIONS as exc:
            raise finding.NotChecked('the options are wrong') from exc

    # The connector

    @functools.cached_property
    def client(self) -> clients.Connector:
        """The connector's client, whether the connector is there or not."""
        return self.settings.connector()

    @functools.cached_property
    def contact(self) -> errors.ConnectorError | None:
        """The error that a first request has met, None if all is well."""
        try:
            self.client.version()
        except errors.ConnectorError as exc:
            return exc
        return None

    @property
    def lacks_token(self) -> bool:
        """Whether nothing was sent, as the token file has no token."""
        return (isinstance(self.contact, errors.Unauthorized) and
                self.contact.status is None)

    @property
    def connector(self) -> clients.Connector:
        """The client of a connector that answers."""
        self.need_connector()
        return self.client

    def need_connector(self) -> None:
        if self.contact is None and not self.silent:
            return
        reason = 'does not answer as it should'
        if self.silent:
            reason = 'did not answer the request before'
        elif isinstance(self.contact, errors.Unreachable):
            reason = 'is not reachable'
        elif self.lacks_token:
            reason = 'cannot be asked without its token'
        elif isinstance(self.contact, errors.Unauthorized):
            reason = 'does not accept requests from here'
        raise finding.NotChecked('the connector %s' % reason)

    @functools.cached_property
    def host(self) -> models.Host | errors.ConnectorError:
        """What SMAPI tells of the z/VM system, or the error it ends in."""
        try:
            return self.connector.host.info()
        except errors.Unreachable:
            raise
        except errors.ConnectorError as exc:
            return exc

    @property
    def zvm(self) -> clients.Connector:
        """The client of a connector to which SMAPI responds."""
        if isinstance(self.host, errors.ConnectorError):
            raise finding.NotChecked('SMAPI does not respond as it should')
        return self.connector

    @functools.cached_property
    def userids(self) -> frozenset[str]:
        """The userids that the connector knows."""
        return frozenset(self.connector.guests.list())

    # nova's cell

    @functools.cached_property
    def claims(self) -> 'dict[str, objects.Instance]':
        """The instances of the cell that may have a guest, by userid.

        Deleted ones too, whose guest has not been removed yet.
        """
        return {
            part.claimed_userid: instance
            for state in (ownership.BUILDING, ownership.BUILT)
            for instance in self._instances(
                {'system_metadata': {parts.STATE: state}},
                expected_attrs=['system_metadata'])
            for part in ownership.parts_of(instance) if part.claimed_userid}

    @functools.cached_property
    def on_host(self) -> 'list[objects.Instance]':
        """This host's instances, with their ports; no deleted ones."""
        return self._instances(
            {'host': self.conf.host, 'deleted': False, 'soft_deleted': True},
            expected_attrs=['system_metadata', 'info_cache'])

    @functools.cached_property
    def unrecorded(self) -> 'dict[str, objects.Instance]':
        """Those of whose guest the driver has no record, by its userid.

        That is the name that nova's own driver gives a guest, or, as
        instance_name_template may be another by now, who has their ports.
        """
        found = {instance.name.upper(): instance for instance in self.on_host
                 if ownership.claimed_userid(instance) is None}
        owners = {vif['id']: instance for instance in found.values()
                  for vif in instance.get_network_info()}
        if owners:
            found |= {nic.userid: owners[nic.nic_id]
                      for nic in self.connector.nics.list()
                      if nic.nic_id in owners}
        return {userid: instance for userid, instance in found.items()
                if userid not in self.claims}

    @functools.cached_property
    def service_is_up(self) -> bool:
        """Whether nova-compute runs, by its last report."""
        with self._database():
            service = objects.Service.get_by_compute_host(
                nova_context.get_admin_context(), self.conf.host)
            # An operator can force a service down, which ends no process.
            service.forced_down = False
            return servicegroup.API().service_is_up(service)

    @functools.cached_property
    def uploading(self) -> 'list[objects.Instance]':
        """This host's instances whose config drive is on the connector."""
        with self._database():
            return instances.Instances.uploading()

    @functools.cached_property
    def last_instance_id(self) -> int:
        """The highest id that nova has given in the cell, 0 for none."""
        last = self._instances({}, expected_attrs=[], limit=1,
                               sort_keys=['id'], sort_dirs=['desc'])
        return last[0].id if last else 0

    def _instances(self, filters: dict[str, Any],
                   **options: Any) -> 'list[objects.Instance]':
        with self._database():
            return list(objects.InstanceList.get_by_filters(
                nova_context.get_admin_context(read_deleted='yes'), filters,
                **options))

    def need_database(self) -> None:
        """Raise NotChecked unless it is the database of this host's cell.

        Compared with the database of another cell all guests of this one
        look as if no server had them.
        """
        if not self.conf.database.connection:
            raise finding.NotChecked(NO_DATABASE)
        if self.unreadable:
            raise finding.NotChecked("nova's database cannot be read")
        if not self.in_cell:
            raise finding.NotChecked(
                'the database of [database] connection knows no nova-compute '
                "on host '%s'" % self.conf.host)

    @functools.cached_property
    def in_cell(self) -> bool:
        """Whether the database knows the nova-compute of this host."""
        with self._readable():
            return objects.Service.get_by_host_and_binary(
                nova_context.get_admin_context(), self.conf.host,
                'nova-compute') is not None

    @contextlib.contextmanager
    def _database(self) -> abc.Iterator[None]:
        self.need_database()
        with self._readable():
            yield

    @contextlib.contextmanager
    def _readable(self) -> abc.Iterator[None]:
        """Raise Unreadable for whatever a database library raises.

        Its text can hold the password of the connection, so only its class is
        shown.
        """
        try:
            yield
        except Exception as exc:
            self.unreadable = True
            raise Unreadable(
                "nova's database cannot be read by [database] connection (%s)"
                % type(exc).__name__) from None
