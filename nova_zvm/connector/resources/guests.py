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

"""Guests: directory entries and power."""

from collections import abc
import contextlib
import typing

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.connector import operation as op
from nova_zvm.connector import session
from nova_zvm.connector import timeouts

# Named here because Guests.list hides list.
Strings = list[str]
Disks = list[models.Disk]

# No minidisk and no NIC of a guest is here.
_UNUSED_VDEV = 'FFFC'


class Guests:
    """The guests of the connector's z/VM system.

    A userid is up to eight letters and digits, in any case.
    """

    def __init__(self, http: session.Session) -> None:
        self._http = http

    # Directory

    def list(self) -> Strings:
        """Return the userids that the connector knows, running or not.

        Not those that are in the directory only, nor those that it moved to
        another member of the cluster.
        """
        return self._http.request('guests.list', 'GET', ('guests',),
                                  parse=_strings)

    def directory_entry(self, userid: str) -> Strings:
        """Return the statements of a directory entry, password masked.

        The connector need not know the guest.

        :raises NotFound: if the directory has no such entry
        """
        return self._http.request(
            'guests.directory_entry', 'GET',
            ('guests', userid, 'user_direct'),
            parse=lambda output: _strings(output['user_direct']))

    def create(self, userid: str, vcpus: int, memory_mb: int,
               disks: abc.Sequence[models.DiskSpec], *,
               profile: str | None = None, max_vcpus: int | None = None,
               max_memory: str | None = None) -> Disks:
        """Create a directory entry with its minidisks, and return these.

        Not atomic: when a disk cannot be made, the entry stays.

        :param max_memory: one to four digits and M or G
        :raises Conflict: if the directory has that userid
        :raises NotFound: if the directory has no such profile
        """
        guest: dict[str, typing.Any] = {
            'userid': userid, 'vcpus': vcpus, 'memory': memory_mb,
            # Without the member the connector fails on len(None) (1.6.3).
            'disk_list': [disk.body() for disk in disks]}
        about = {'userid': userid, 'disks': _told(disks)}
        for member, value in (('user_profile', profile),
                              ('max_cpu', max_vcpus),
                              ('max_mem', max_memory)):
            if value is not None:
                guest[member] = value
        return self._http.request(
            'guests.create', 'POST', ('guests',), body={'guest': guest},
            about=about, parse=lambda output: [models.Disk.parse(disk)
                                               for disk in output])

    def delete(self, userid: str) -> None:
        """Log a guest off and delete it, its disks, reader files and grants.

        Done already is fine.

        :raises NotFound: not that the guest is gone, but that something on
            the way was: it is in the directory and unknown to the connector,
            or coupled to a vswitch that does not exist
        """
        self._http.request('guests.delete', 'DELETE', ('guests', userid),
                           parse=_nothing)

    def register(self, userid: str, meta: str = '',
                 port_macs: abc.Mapping[str, str] | None = None) -> None:
        """Make a guest of the directory known to the connector.

        Its NICs become known only while it is on; of one that is off, or has
        none, the row is written and then 409 answered (zvmsdk/api.py
        guest_register, 1.6.3).

        :param meta: such as 'os_version=rhel8.6'
        :param port_macs: nic_id by the last six digits of the MAC, upper
            case
        :raises NotFound: if the directory has no such entry
        """
        members: dict[str, typing.Any] = {'meta': meta, 'net_set': '1'}
        if port_macs is not None:
            members['port_macs'] = dict(port_macs)
        with contextlib.suppress(errors.Conflict):
            self._act('register', userid, 'register_vm', **members)

    def deregister(self, userid: str) -> None:
        """Let the connector forget a guest and its NICs; z/VM keeps it."""
        self._act('deregister', userid, 'deregister_vm')

    def unlock(self, userid: str) -> None:
        """Free a directory entry that a connector locked which then died.

        To couple a NIC it locks the entry, whether or not it is locked
        already, and replaces it, which frees it. Of a NIC that does not
        exist it says so only then, and has replaced the entry by itself.
        (zvmsdk/smtclient.py couple_nic_to_vswitch, 1.6.3)
        """
        with contextlib.suppress(errors.NotFound):
            self._http.request(
                'guests.couple', 'PUT',
                ('guests', userid, 'nic', _UNUSED_VDEV),
                body={'info': {'couple': True, 'vswitch': 'NONE',
                               'active': False}}, parse=_nothing)

    # Power

    def start(self, userid: str,
              reachable_timeout: int | None = None) -> None:
        """IPL a guest; fine if it is on.

        :param reachable_timeout: seconds to wait until its Linux answers,
            then an error; None does not wait
        """
        members: dict[str, typing.Any] = {}
        if reachable_timeout:
            members['timeout'] = reachable_timeout
        self._act('start', userid, 'start', wait=reachable_timeout or 0,
                  **members)

    def stop(self, userid: str) -> None:
        """Log a guest off at once; fine if it is off."""
        self._act('stop', userid, 'stop')

    def soft_stop(self, userid: str, timeout: int | None = None,
                  poll_interval: int | None = None) -> None:
        """Shut the guest's Linux down, then log the guest off.

        A Linux that answers is given 15 seconds, one that does not none.

        :param timeout: seconds to wait for the end of the logoff; None is
            the connector's own
        """
        members: dict[str, typing.Any] = {}
        if timeout is not None:
            members['timeout'] = timeout
        if poll_interval is not None:
            members['poll_interval'] = poll_interval
        self._act('soft_stop', userid, 'softstop',
                  wait=timeout or timeouts.SOFT_STOP_WAIT, **members)

    def reboot(self, userid: str) -> None:
        """Reboot the guest's Linux, which must answer."""
        self._act('reboot', userid, 'reboot')

    def reset(self, userid: str) -> None:
        """Log a guest off and IPL it again."""
        self._act('reset', userid, 'reset')

    def pause(self, userid: str) -> None:
        """Stop a guest's processors.

        :raises Conflict: if it is off
        """
        self._act('pause', userid, 'pause')

    def unpause(self, userid: str) -> None:
        self._act('unpause', userid, 'unpause')

    def power_state(self, userid: str) -> str:
        """Return 'on' or 'off', with one CP command.

        An unknown userid is off; one that is logged on to another member of
        the cluster is on.
        """
        return self._http.request(
            'guests.power_state', 'GET',
            ('guests', userid, 'power_state_real'), parse=_power_state)

    def info(self, userid: str) -> models.GuestInfo:
        """Return what z/VM and the guest's Linux tell.

        Two to four commands in the guest, each of which takes its time when
        the Linux does not answer.
        """
        return self._http.request(
            'guests.info', 'GET', ('guests', userid, 'info'),
            parse=models.GuestInfo.parse)

    def console_output(self, userid: str) -> str:
        """Return the end of the guest's console.

        The connector moves what is new to a log of its own and keeps that.
        """
        operation = self._http.operation(
            'guests.console_output', 'POST', ('guests', userid, 'action'),
            effect=op.Effect.READ)
        return self._http.send(operation, {'action': 'get_console_output'},
                               str)

    def _act(self, name: str, userid: str, action: str, *, wait: float = 0,
             **members: typing.Any) -> None:
        operation = self._http.operation(
            'guests.' + name, 'POST', ('guests', userid, 'action'),
            wait=wait)
        self._http.send(operation, {'action': action, **members}, _nothing)


def _told(disks: abc.Sequence[models.DiskSpec]) -> str:
    """Return what errors call the disks of a guest."""
    if not disks:
        return 'no disks'
    pools = sorted({op.disk_pool(disk.pool) for disk in disks})
    return 'a disk of %s in %s' % (
        ' and one of '.join('%s' % disk.size for disk in disks),
        ' and '.join(pools))


def _nothing(output: typing.Any) -> None:
    return None


def _strings(output: typing.Any) -> list[str]:
    if not isinstance(output, list):
        raise TypeError('a list was expected')
    return [str(item) for item in output]


def _power_state(output: typing.Any) -> str:
    if output not in ('on', 'off'):
        raise ValueError(output)
    return str(output)
