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

A record is of one host: what the functions here read and write of a server is
this host's part (parts.py).

The record also tells how far the guest has come, since nova calls destroy
after every failed spawn and after every crash:

building  a create may have been sent; z/VM may hold any part of the guest
built     spawn has finished
deleted   nothing of it is ours any more; its directory entry may still be
          going away, since the directory manager deletes asynchronously
"""

from collections import abc
import contextlib

from nova import conf
from nova import exception as nova_exception
from nova import objects

from nova_zvm.pace import locks
from nova_zvm.pace import waiting
from nova_zvm.record import parts
from nova_zvm.record import pending

CONF = conf.CONF

# The record's only clock. Its functions get an instance and nothing else, so
# tests put their own clock here.
CLOCK = waiting.Clock()

BUILDING = parts.BUILDING
BUILT = parts.BUILT
DELETED = parts.DELETED


def refresh(instance: 'objects.Instance') -> None:
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


def _replace(instance: 'objects.Instance', metadata: dict[str, str]) -> None:
    """Take over what nova's database has, and leave nova its own changes.

    Some of these nova saves later than it calls the driver: that the network
    is allocated, without which another host would allocate it once more
    (nova/compute/manager.py _allocate_network_async, 31 to 34).
    """
    now = instance.system_metadata
    saved = instance._orig_system_metadata
    changed = {key: now.get(key) for key in saved.keys() | now.keys()
               if not parts.is_key(key) and saved.get(key) != now.get(key)}
    instance.system_metadata = metadata
    instance.obj_reset_changes(['system_metadata'])
    for key, value in changed.items():
        if value is None:
            instance.system_metadata.pop(key, None)
        else:
            instance.system_metadata[key] = value


@contextlib.contextmanager
def _changing(instance: 'objects.Instance',
              **expected: object) -> abc.Iterator[parts.Record]:
    """Give this host's part, read again, to be changed, and write it.

    The only way to write. nova saves all of an instance's system metadata at
    once. A stale copy, of a capture watcher or of a user's request, would put
    back what another thread has removed, and remove what it has recorded. The
    lock is this process's: what another host writes between the read and the
    save is lost, which no save of nova's can exclude.

    :param expected: as for Instance.save, which may refuse to write
    """
    with locks.record(instance.uuid):
        refresh(instance)
        try:
            part = of(instance)
            part.host = CONF.host
            yield part
            parts.write(instance.system_metadata, part)
            instance.save(**expected)
        except Exception:
            # nova saves the same copy again when it reverts the task.
            _replace(instance, instance._orig_system_metadata)
            raise


def of(instance: 'objects.Instance') -> parts.Record:
    """Return a copy of this host's part, an empty one if it has none."""
    return parts.of_host(parts_of(instance), CONF.host)


def parts_of(instance: 'objects.Instance') -> list[parts.Record]:
    """Return a copy of the part of each host that has one."""
    return parts.read(instance.system_metadata)


def keys_of(instance: 'objects.Instance') -> frozenset[str]:
    """Return all keys of the system metadata that may be the record's."""
    return parts.KEYS.union(filter(parts.is_key, instance.system_metadata))


def recorded_userid(instance: 'objects.Instance') -> str | None:
    """Return the userid recorded for an instance, None before its spawn."""
    return of(instance).userid


def claimed_userid(instance: 'objects.Instance') -> str | None:
    """Return the userid of an instance that may have a guest, or None."""
    return of(instance).claimed_userid


def required_userid(instance: 'objects.Instance') -> str:
    """Return the userid of an instance that must have a guest.

    :raises InstanceNotFound: if it has none
    """
    found = claimed_userid(instance)
    if found is None:
        raise nova_exception.InstanceNotFound(instance_id=instance.uuid)
    return found


def state(instance: 'objects.Instance') -> str | None:
    return of(instance).state


def seconds_in_state(instance: 'objects.Instance') -> float:
    """Return the seconds since the state was recorded.

    By the wall clock, as the record outlives the process; never negative.
    """
    return max(0.0, CLOCK.time() - of(instance).since)


def claim(instance: 'objects.Instance', new_userid: str) -> None:
    """Write to nova's database that a userid is the instance's.

    nova's delete works on a copy of the instance from the time when the
    user asked for it. One from before the claim would leave the guest, so
    after such a delete there is no claim any more.

    :raises UnexpectedTaskStateError: then nothing is recorded
    """
    task = instance.task_state
    with _changing(instance, expected_task_state=task) as part:
        _set_state(part, BUILDING)
        part.userid = new_userid


def adopt(instance: 'objects.Instance', found_userid: str,
          paused: bool) -> None:
    """Write to nova's database that a guest that is whole is the instance's.

    :param paused: whether the guest is paused, which z/VM does not show
    :raises UnexpectedTaskStateError: if a user has asked for something since
        the instance was read; then nothing is recorded
    """
    with _changing(instance, expected_task_state=[None]) as part:
        _set_state(part, BUILT)
        part.userid = found_userid
        part.paused = part.paused or paused


def set_state(instance: 'objects.Instance', new_state: str) -> None:
    """Write the state to nova's database."""
    with _changing(instance) as part:
        _set_state(part, new_state)


def _set_state(part: parts.Record, new_state: str) -> None:
    part.state = new_state
    part.since = CLOCK.time()
    if new_state != BUILT:
        part.end_guest()


def forget(instance: 'objects.Instance') -> None:
    """Take the mark back: nothing on z/VM is the instance's."""
    with _changing(instance) as part:
        part.userid = part.state = None
        part.end_guest()


def set_paused(instance: 'objects.Instance', paused: bool) -> None:
    """Record a pause, which z/VM carries out but does not show."""
    if not paused and not is_paused(instance):
        return
    with _changing(instance) as part:
        part.paused = paused


def is_paused(instance: 'objects.Instance') -> bool:
    return of(instance).paused


# Captures

def begin_capture(instance: 'objects.Instance', power: str) -> None:
    """Record that the connector gets a request to capture a guest.

    :param power: 'on' or 'off', what the guest is
    """
    with _changing(instance) as part:
        part.begin(pending.Capture(power, CLOCK.time()))


def unfinished_capture(instance: 'objects.Instance'
                       ) -> pending.Capture | None:
    """Return the capture that may be under way, None if there is none."""
    return of(instance).unfinished(pending.Capture)


def starts_after_capture(instance: 'objects.Instance') -> bool:
    """Tell whether a guest is captured and to be on after that."""
    found = unfinished_capture(instance)
    return found is not None and found.power == 'on'


def capture_since(instance: 'objects.Instance') -> float:
    """Return when the capture was recorded, in seconds since the epoch."""
    found = unfinished_capture(instance)
    return found.since if found else 0


def leave_off(instance: 'objects.Instance') -> None:
    """Record that a guest need not be started after its capture any more."""
    if not starts_after_capture(instance):
        return
    with _changing(instance) as part:
        found = part.unfinished(pending.Capture)
        if found:
            part.begin(pending.Capture('off', found.since))


def end_capture(instance: 'objects.Instance') -> None:
    with _changing(instance) as part:
        part.end(pending.Capture)


# NICs

def begin_nic_change(instance: 'objects.Instance',
                     change: pending.NicChange) -> None:
    """Record that a NIC is about to be added or removed."""
    with _changing(instance) as part:
        part.begin(change)


def unfinished_nic_change(instance: 'objects.Instance'
                          ) -> pending.NicChange | None:
    """Return the change that was not seen to end, None if there is none."""
    return of(instance).unfinished(pending.NicChange)


def end_nic_change(instance: 'objects.Instance') -> None:
    with _changing(instance) as part:
        part.end(pending.NicChange)


# Config drives

def set_upload(instance: 'objects.Instance', url: str | None) -> None:
    """Record where a config drive lies on the connector, None if nowhere."""
    if not url and not upload_url(instance):
        return
    with _changing(instance) as part:
        if url:
            part.begin(pending.Upload(url))
        else:
            part.end(pending.Upload)


def upload_url(instance: 'objects.Instance') -> str | None:
    """Return where an instance's config drive lies, None if nowhere."""
    found = of(instance).unfinished(pending.Upload)
    return found.url if found else None
