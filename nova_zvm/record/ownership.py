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

"""The mark that makes a guest ours, kept in the instance's own record.

The userid of an instance is made from its name once and written here before
the guest is created; from then on only the record counts. A guest whose
userid merely looks like an instance's name belongs to another owner.

The record also tells how far the guest has come, since nova calls destroy
after every failed spawn and after every crash:

building  a create may have been sent; z/VM may hold any part of the guest
built     spawn has finished
deleted   nothing of it is ours any more; its directory entry may still be
          going away, since the directory manager deletes asynchronously
"""

import contextlib
import time
import typing

from nova import conf
from nova import exception as nova_exception
from nova import objects

from nova_zvm.pace import locks

CONF = conf.CONF

USERID = 'zvm_userid'
STATE = 'zvm_guest'
HOST = 'zvm_host'
SINCE = 'zvm_since'
PAUSED = 'zvm_paused'
# As long as the connector may be at work on a capture: the power state from
# before it, and since when.
CAPTURE = 'zvm_capture'
CAPTURE_SINCE = 'zvm_capture_since'
# A config drive on the connector, which holds secrets until it is
# overwritten.
UPLOAD = 'zvm_upload'
# A NIC that is being added or removed.
NIC = 'zvm_nic'

# What goes with the guest.
_OF_GUEST = (PAUSED, CAPTURE, CAPTURE_SINCE, NIC)
# All that the record consists of.
KEYS = frozenset((USERID, STATE, HOST, SINCE, UPLOAD) + _OF_GUEST)

BUILDING = 'building'
BUILT = 'built'
DELETED = 'deleted'


class NicChange(typing.NamedTuple):
    """A NIC that is being added or removed, and its switch, if any."""

    vdev: str
    vswitch: str


def refresh(instance):
    """Read the record again from nova's database.

    nova's delete works on a copy of the instance from the time when the
    user asked for it, and then waits for a build to end.
    """
    try:
        current = objects.Instance.get_by_uuid(
            instance._context, instance.uuid,
            expected_attrs=['system_metadata'])
    except nova_exception.InstanceNotFound:
        return
    _replace(instance, current.system_metadata)


def _replace(instance, metadata):
    """Take over what nova's database has, and leave nova its own changes.

    Some of these nova saves later than it calls the driver: that the network
    is allocated, without which another host would allocate it once more
    (nova/compute/manager.py _allocate_network_async, 31 to 34).
    """
    now = instance.system_metadata
    saved = instance._orig_system_metadata
    changed = {key: now.get(key) for key in (saved.keys() | now.keys()) - KEYS
               if saved.get(key) != now.get(key)}
    instance.system_metadata = metadata
    instance.obj_reset_changes(['system_metadata'])
    for key, value in changed.items():
        if value is None:
            instance.system_metadata.pop(key, None)
        else:
            instance.system_metadata[key] = value


@contextlib.contextmanager
def _changing(instance, **expected):
    """Give the record, read again, to be changed, and write it.

    nova saves all of an instance's system metadata at once. A stale copy,
    of a capture watcher or of a user's request, would put back what another
    thread has removed, and remove what it has recorded.

    :param expected: as for Instance.save, which may refuse to write
    """
    with locks.record(instance.uuid):
        refresh(instance)
        try:
            yield instance.system_metadata
            instance.save(**expected)
        except Exception:
            # nova saves the same copy again when it reverts the task.
            _replace(instance, instance._orig_system_metadata)
            raise


def userid(instance):
    """Return the userid recorded for an instance, None before its spawn."""
    return instance.system_metadata.get(USERID)


def owned_userid(instance):
    """Return the userid of an instance that may have a guest, or None."""
    metadata = instance.system_metadata
    if metadata.get(STATE) in (BUILDING, BUILT):
        return metadata.get(USERID)
    return None


def guest_of(instance):
    """Return the userid of an instance that must have a guest.

    :raises InstanceNotFound: if it has none
    """
    found = owned_userid(instance)
    if found is None:
        raise nova_exception.InstanceNotFound(instance_id=instance.uuid)
    return found


def state(instance):
    return instance.system_metadata.get(STATE)


def age(instance):
    """Return the seconds since the state was recorded.

    By the wall clock, as the record outlives the process; never negative.
    """
    since = float(instance.system_metadata.get(SINCE, 0))
    return max(0.0, time.time() - since)


def claim(instance, new_userid):
    """Write to nova's database that a userid is the instance's.

    nova's delete works on a copy of the instance from the time when the
    user asked for it. One from before the claim would leave the guest, so
    after such a delete there is no claim any more.

    :raises UnexpectedTaskStateError: then nothing is recorded
    """
    task = instance.task_state
    with _changing(instance, expected_task_state=task) as metadata:
        _set_state(metadata, BUILDING)
        metadata[USERID] = new_userid


def adopt(instance, found_userid, paused):
    """Write to nova's database that a guest that is whole is the instance's.

    :param paused: whether the guest is paused, which z/VM does not show
    :raises UnexpectedTaskStateError: if a user has asked for something since
        the instance was read; then nothing is recorded
    """
    with _changing(instance, expected_task_state=[None]) as metadata:
        _set_state(metadata, BUILT)
        metadata[USERID] = found_userid
        if paused:
            metadata[PAUSED] = 'yes'


def record(instance, new_state):
    """Write the state to nova's database."""
    with _changing(instance) as metadata:
        _set_state(metadata, new_state)


def _set_state(metadata, new_state):
    metadata[STATE] = new_state
    metadata[SINCE] = '%d' % time.time()
    if new_state != BUILT:
        for key in _OF_GUEST:
            metadata.pop(key, None)
    _set_host(metadata)


def _set_host(metadata):
    """Keep the host in the record as long as it has something to remove.

    By the host nova's database is searched for what may be left, among all
    instances that there ever were.
    """
    if metadata.get(STATE) in (BUILDING, BUILT) or UPLOAD in metadata:
        metadata[HOST] = CONF.host
    else:
        metadata.pop(HOST, None)


def forget(instance):
    """Take the mark back: nothing on z/VM is the instance's."""
    with _changing(instance) as metadata:
        for key in (USERID, STATE, SINCE) + _OF_GUEST:
            metadata.pop(key, None)
        _set_host(metadata)


def set_paused(instance, paused):
    """Record a pause, which z/VM carries out but does not show."""
    if not paused and not is_paused(instance):
        return
    with _changing(instance) as metadata:
        if paused:
            metadata[PAUSED] = 'yes'
        else:
            metadata.pop(PAUSED, None)


def is_paused(instance):
    return PAUSED in instance.system_metadata


def begin_capture(instance, power):
    """Record that the connector gets a request to capture a guest.

    :param power: 'on' or 'off', what the guest is
    """
    with _changing(instance) as metadata:
        metadata[CAPTURE] = power
        metadata[CAPTURE_SINCE] = '%d' % time.time()


def capture(instance):
    """Return None, or, of a guest whose capture may be under way, its power.

    'on' is to be brought back, 'off' left to itself.
    """
    return instance.system_metadata.get(CAPTURE)


def capture_since(instance):
    """Return when the capture was recorded, in seconds since the epoch."""
    return float(instance.system_metadata.get(CAPTURE_SINCE, 0))


def leave_power(instance):
    """Record that a guest need not be started after its capture any more."""
    if capture(instance) != 'on':
        return
    with _changing(instance) as metadata:
        if CAPTURE in metadata:
            metadata[CAPTURE] = 'off'


def end_capture(instance):
    with _changing(instance) as metadata:
        for key in (CAPTURE, CAPTURE_SINCE):
            metadata.pop(key, None)


def nics_locked(userid):
    """Keep others from a guest's NICs, and from deleting it, in a block."""
    return locks.nics(userid)


def begin_nic_change(instance, change):
    """Record that a NIC is about to be added or removed."""
    with _changing(instance) as metadata:
        metadata[NIC] = ' '.join(change)


def nic_change(instance):
    """Return the NicChange that was not seen to end, None if there is none.

    """
    recorded = instance.system_metadata.get(NIC)
    return NicChange(*recorded.split(' ')) if recorded else None


def end_nic_change(instance):
    with _changing(instance) as metadata:
        metadata.pop(NIC, None)


def set_upload(instance, url):
    """Record where a config drive lies on the connector, None if nowhere."""
    if not url and not upload(instance):
        return
    with _changing(instance) as metadata:
        if url:
            metadata[UPLOAD] = url
        else:
            metadata.pop(UPLOAD, None)
        _set_host(metadata)


def upload(instance):
    """Return where an instance's config drive lies, None if nowhere."""
    return instance.system_metadata.get(UPLOAD)
