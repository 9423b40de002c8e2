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

"""nova's periodic power sync over many servers, made at little cost."""

from concurrent import futures

from nova.compute import power_state
from nova.compute import vm_states
from nova import context as nova_context
from nova import objects
from oslo_utils import uuidutils

from nova_zvm.connector import models
from nova_zvm.pace import waiting
from nova_zvm.record import ownership

# Of five servers three run, one is off, one is paused.
STATES = [(power_state.RUNNING, vm_states.ACTIVE),
          (power_state.RUNNING, vm_states.ACTIVE),
          (power_state.RUNNING, vm_states.ACTIVE),
          (power_state.SHUTDOWN, vm_states.STOPPED),
          (power_state.PAUSED, vm_states.PAUSED)]

# Real seconds; only a sync that does not end takes so long.
PATIENCE = 150


def make_servers(connector, host, count):
    """Make guests, and say in nova's database that they are servers.

    Returns the states that nova must find, by uuid.

    :param connector: the connector client
    """
    with futures.ThreadPoolExecutor(4) as pool:
        return dict(pool.map(
            lambda number: _make_server(connector, host, number,
                                        *STATES[number % len(STATES)]),
            range(count)))


def _make_server(connector, host, number, power, vm_state):
    userid = 'SYNC%04d' % number
    connector.guests.create(userid, 1, 512,
                            [models.DiskSpec(size='1', boot=True)])
    # The power state is for the sync to find out.
    instance = objects.Instance(
        nova_context.get_admin_context(), host=host,
        uuid=uuidutils.generate_uuid(), user_id='user', project_id='project',
        power_state=power_state.NOSTATE, vm_state=vm_state, task_state=None,
        system_metadata={}, old_flavor=None, new_flavor=None,
        flavor=objects.Flavor(
            name='small', flavorid='small', vcpus=1, memory_mb=512, root_gb=1,
            ephemeral_gb=0, swap=0, extra_specs={}))
    instance.create()
    ownership.claim(instance, userid)
    ownership.set_state(instance, ownership.BUILT)
    if power != power_state.SHUTDOWN:
        connector.guests.start(userid)
    if power == power_state.PAUSED:
        ownership.set_paused(instance, True)
    return instance.uuid, (power, vm_state, None)


def found_states(host):
    """Return what nova's database says, in the shape of make_servers."""
    return {instance.uuid: (instance.power_state, instance.vm_state,
                            instance.task_state)
            for instance in objects.InstanceList.get_by_host(
                nova_context.get_admin_context(), host)}


def run(manager):
    """Run the periodic task of a compute manager to the end of all of it."""
    manager._sync_power_states(nova_context.get_admin_context())
    # The uuids of the servers: a dict before nova 33.
    waiting.Patience(waiting.Clock()).wait_at_most(
        PATIENCE, lambda: set(manager._syncs_in_progress), set(), pause=0.01)
