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

"""Boot: claim the userid, create the user with its disks, deploy, start.

A failure of any step removes all that was made.
"""

from collections import abc
import contextlib
import typing

from nova import conf
from nova import exception as nova_exception
from nova.network import model
from nova import objects
from oslo_log import log as logging
from oslo_utils import excutils

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.errors import translation
from nova_zvm.guest import configdrive
from nova_zvm.guest import devicetags
from nova_zvm.guest import lifecycle
from nova_zvm.network import plan as network_plan
from nova_zvm.network import switches
from nova_zvm.operations.boot import plan
from nova_zvm.pace import progress
from nova_zvm.record import ownership
from nova_zvm.storage import disks

CONF = conf.CONF
LOG = logging.getLogger(__name__)

# Removes what a failed boot has made: of this instance, with these ports,
# by a connector that may still be at work on it for so many seconds.
Undo: typing.TypeAlias = abc.Callable[
    [typing.Any, model.NetworkInfo | None, float], None]


class Builder:
    """What makes guests as they are planned."""

    def __init__(self, connector: client.Connector,
                 guests: lifecycle.Guests, network: switches.Network,
                 config_drives: configdrive.ConfigDrives,
                 virtapi: typing.Any) -> None:
        self._connector = connector
        self._guests = guests
        self._network = network
        self._config_drives = config_drives
        self._virtapi = virtapi

    def build(self, instance: 'objects.Instance', planned: plan.Plan,
              drive: bytes | None, power_on: bool) -> None:
        """Make the guest of an instance; what fails leaves its half behind.

        :param drive: its config drive, None if it has none
        :param power_on: whether to log it on
        """
        userid = planned.userid
        with progress.step(instance, userid, 'created with its disks'):
            made = self._create(instance, planned)
        devicetags.check(instance, planned.disks, made)
        with progress.step(instance, userid,
                           'image %s deployed' % planned.root.name):
            self._deploy(instance, planned, drive)
        mounts = disks.mounts(planned.disks, made)
        if mounts:
            with progress.step(instance, userid, 'mounts configured'):
                self._connector.disks.configure(userid, mounts)
        with progress.step(instance, userid, 'network set up'):
            with self._plugged_events(instance, planned.nics):
                self._network.create(userid, planned.os_version,
                                     planned.nics, planned.hostname)
        if power_on:
            self._start(instance, planned)

    def _create(self, instance: 'objects.Instance',
                planned: plan.Plan) -> list[models.Disk]:
        return self._guests.create(
            instance, planned.userid, vcpus=planned.vcpus,
            memory_mb=planned.memory_mb,
            disks=[disk.spec for disk in planned.disks],
            profile=planned.profile, max_vcpus=planned.max_vcpus,
            max_memory=planned.max_memory)

    def _deploy(self, instance: 'objects.Instance', planned: plan.Plan,
                drive: bytes | None) -> None:
        with self._config_drives.delivered(
                instance, drive, planned.root) as path:
            self._connector.disks.deploy(
                planned.userid, planned.root.name, path,
                hostname=None if path else planned.hostname)

    def _start(self, instance: 'objects.Instance', planned: plan.Plan) -> None:
        timeout = planned.reachable_timeout
        with progress.step(instance, planned.userid,
                           'logged on and responding'
                           if timeout else 'logged on'):
            self._connector.guests.start(planned.userid, timeout)
        self._network.check_macs(planned.userid, planned.nics)

    @contextlib.contextmanager
    def _plugged_events(self, instance: 'objects.Instance',
                        nics: abc.Iterable[network_plan.Nic]
                        ) -> abc.Iterator[None]:
        """Wait on exit for ports that an agent still has to bring up."""
        events = [('network-vif-plugged', nic.port['id'])
                  for nic in nics if nic.port.get('active') is False]
        timeout = CONF.vif_plugging_timeout
        try:
            with self._virtapi.wait_for_instance_event(
                    instance, events if timeout else [], timeout,
                    error_callback=_plugging_failed):
                yield
        except failures.EventTimeout:
            LOG.warning('Neutron did not bring up the ports within %d '
                        'seconds', timeout, instance=instance)
            if CONF.vif_plugging_is_fatal:
                raise nova_exception.VirtualInterfaceCreateException()


class Boot:
    """Boots of instances on this host."""

    def __init__(self, planner: plan.Planner, builder: Builder,
                 guests: lifecycle.Guests,
                 config_drives: configdrive.ConfigDrives,
                 undo: Undo) -> None:
        self._planner = planner
        self._builder = builder
        self._guests = guests
        self._config_drives = config_drives
        self._undo = undo

    def boot(self, request: plan.Request, injected_files: typing.Any,
             admin_password: str | None, power_on: bool) -> None:
        """Boot an instance; nothing is left of it if that fails."""
        instance = request.instance
        userid = plan.userid_of(instance)
        with progress.step(instance, userid, 'booted'):
            with progress.step(instance, userid, 'boot prepared'):
                planned = self._planner.plan(request)
                devicetags.record(request.context, instance, planned.nics,
                                  planned.disks)
                drive = self._config_drives.built(
                    instance, injected_files, admin_password,
                    request.network_info)
                self._guests.claim(instance, planned.userid)
            try:
                # "Not found" is never about the instance here: nova would
                # leave the server building for ever.
                with translation.to_nova():
                    self._builder.build(instance, planned, drive, power_on)
            except Exception as exc:
                with excutils.save_and_reraise_exception():
                    self._clean_up(request, userid, exc)
            ownership.set_state(instance, ownership.BUILT)

    def _clean_up(self, request: plan.Request, userid: str,
                  exc: Exception) -> None:
        instance = request.instance
        LOG.error('The boot failed, removing its guest: %s', exc,
                  instance=instance)
        try:
            with progress.step(instance, userid, 'removed'):
                self._undo(instance, request.network_info,
                           _settle_seconds(exc))
        except Exception as cleanup_exc:
            LOG.error('Could not remove the guest; delete the server to try '
                      'again: %s', cleanup_exc, instance=instance)


def _settle_seconds(exc: Exception) -> float:
    """Return how long the connector may still be at work on the boot."""
    if (isinstance(exc, failures.ConnectorFailure) and
            isinstance(exc.error, errors.OutcomeUnknown)):
        return exc.error.settle_seconds
    return 0


def _plugging_failed(event_name: str, instance: 'objects.Instance') -> bool:
    LOG.error('Neutron reports that %s failed', event_name,
              instance=instance)
    if CONF.vif_plugging_is_fatal:
        raise nova_exception.VirtualInterfaceCreateException()
    return True
