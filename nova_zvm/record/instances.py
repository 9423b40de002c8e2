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

"""This host's instances in nova's database against the guests on z/VM.

An instance has a guest here if this host's part of its record claims a userid
and the connector knows that userid. nova also asks for instances that it has
deleted already, to find guests that should not run any more.
"""

from collections import abc
from typing import Protocol

from nova.compute import task_states
from nova import conf
from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from nova.scheduler import utils as scheduler_utils
import os_resource_classes as orc
from oslo_log import log as logging

from nova_zvm.record import ownership
from nova_zvm.record import parts

CONF = conf.CONF
LOG = logging.getLogger(__name__)

# Tasks that nova-compute repeats when it starts in the middle of them.
REPEATED_TASKS = frozenset([
    task_states.DELETING,
    task_states.PAUSING, task_states.UNPAUSING,
    task_states.POWERING_OFF, task_states.POWERING_ON,
    task_states.REBOOTING, task_states.REBOOT_PENDING,
    task_states.REBOOT_STARTED,
    task_states.REBOOTING_HARD, task_states.REBOOT_PENDING_HARD,
    task_states.REBOOT_STARTED_HARD])


class Guests(Protocol):
    """The guests that the connector knows."""

    def userids(self) -> abc.Collection[str]:
        ...


class Instances:
    """The instances of this host that have a guest."""

    def __init__(self, guests: Guests) -> None:
        self._guests = guests

    def names(self) -> list[str]:
        return [instance.name for instance in self._with_guest(
            self._recorded(host=CONF.host, deleted=False))]

    def uuids(self) -> list[str]:
        """Return the uuids, those of deleted instances included.

        And those without a host: nova takes it from a server whose boot
        failed, and its delete then does not come here. If the guest, or an
        upload, could not be removed when the boot failed, nova's periodic
        task does it once it learns of it. A server that another host had when
        it was deleted may have left its first guest here.
        """
        recorded = [instance for instance in self._recorded()
                    if instance.deleted or instance.host in (CONF.host, None)]
        left = self._with_guest(recorded)
        left += [instance for instance in recorded
                 if ownership.upload_url(instance) and instance not in left]
        return [instance.uuid for instance in left]

    def count(self) -> int:
        return len(self._with_guest(
            self._recorded(host=CONF.host, deleted=False)))

    def disk_gb(self) -> int:
        """Return the DISK_GB that placement counts for those with a guest.

        By the record alone: a guest whose disks are being made counts. One
        that is deleted does not, though z/VM may still have its disks.
        """
        # nova leaves soft-deleted ones out otherwise.
        instances = self._recorded('flavor', host=CONF.host, deleted=False,
                                   soft_deleted=True)
        return sum(_disk_gb(instance.flavor) for instance in instances
                   if ownership.claimed_userid(instance))

    @staticmethod
    def give_up_lost_tasks(ask_zvm: abc.Callable[[], object]) -> None:
        """Clear the task state of interrupted instances if z/VM is away.

        Otherwise the start of nova-compute repeats those tasks: an error
        would end it for a reboot, and for a delete leave a server that no
        request can delete. With the state cleared users can repeat the
        request. nova reads the instances for its repetition after the driver's
        init_host (nova/compute/manager.py, init_host and _init_instance, 31 to
        34).

        :param ask_zvm: called if that matters; raises VirtDriverNotReady
        """
        busy = objects.InstanceList.get_by_filters(
            nova_context.get_admin_context(),
            {'host': CONF.host, 'deleted': False,
             'task_state': list(REPEATED_TASKS)})
        try:
            if busy:
                ask_zvm()
        except nova_exception.VirtDriverNotReady:
            for instance in busy:
                LOG.warning('z/VM is unreachable: clearing task state %s; '
                            'repeat the request', instance.task_state,
                            instance=instance)
                instance.task_state = None
                instance.save()

    @classmethod
    def unfinished(cls) -> list['objects.Instance']:
        """Return those with a change that was not seen to end."""
        return [instance for instance in cls._recorded(deleted=False)
                if ownership.of(instance).changes]

    @classmethod
    def uploading(cls) -> list['objects.Instance']:
        """Return those with a config drive on the connector."""
        return [instance for instance in cls._recorded(deleted=False)
                if ownership.upload_url(instance)]

    @staticmethod
    def _recorded(*more_attrs: str,
                  **filters: object) -> list['objects.Instance']:
        """Return the instances that have left something on this host's z/VM.

        nova's database does the search: a periodic task must not load all
        instances that were ever deleted. nova compares key and value apart
        (nova/db/main/api.py _exact_instance_filter, 31 to 34). So one search
        finds a second host's part too, which has the host under another key
        (parts.py), and, by chance, an instance with nothing of this host.
        """
        context = nova_context.get_admin_context(read_deleted='yes')
        found = objects.InstanceList.get_by_filters(
            context, {**filters, 'system_metadata': {parts.HOST: CONF.host}},
            expected_attrs=['system_metadata', *more_attrs])
        return [instance for instance in found
                if ownership.of(instance).has_leavings]

    def _with_guest(self, instances: list['objects.Instance']
                    ) -> list['objects.Instance']:
        claimed = [instance for instance in instances
                   if ownership.claimed_userid(instance)]
        if not claimed:
            # A connector that is down must not keep a new host from
            # starting.
            return []
        userids = self._guests.userids()
        # The connector does not know a guest whose creation was cut off.
        return [instance for instance in claimed
                if ownership.state(instance) == ownership.BUILDING or
                ownership.claimed_userid(instance) in userids]


def _disk_gb(flavor: 'objects.Flavor') -> int:
    """Return what nova asks placement for; extra specs may say another."""
    asked = scheduler_utils.ResourceRequest.from_request_spec(
        objects.RequestSpec(flavor=flavor, is_bfv=False))
    return asked.merged_resources().get(orc.DISK_GB, 0)
