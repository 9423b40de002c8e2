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

"""Adoption: guests that nova's own z/VM driver made become this driver's.

That driver knows a guest by the instance's name alone and records nothing
(nova/virt/zvm/hypervisor.py guest_exists, 34.0.0). A name proves nothing, so
a guest is an instance's only if a NIC of it was made for one of the
instance's ports: the connector's table has the port's id, and the directory
entry the port's MAC address. All other differences are reported.

Nothing is changed on z/VM. What is written is one record in nova's database,
whole or not at all.
"""

from collections import abc
import dataclasses
import functools
import typing

from nova.compute import vm_states
from nova import exception as nova_exception
from nova.network import model
from nova import objects

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.network import macprefix
from nova_zvm.network import plan
from nova_zvm.record import ownership
from nova_zvm.zvm import directory
from nova_zvm.zvm import units

# What becomes of an instance.
KNOWN = 'known'
READY = 'ready'
ADOPTED = 'adopted'
REFUSED = 'refused'

# What a server that was booted by nova's own driver can be, and has a guest.
# One in ERROR too: only who owns its guest removes that when it is deleted.
STATES = (vm_states.ACTIVE, vm_states.STOPPED, vm_states.PAUSED,
          vm_states.ERROR, vm_states.SHELVED, vm_states.SOFT_DELETED)

# The ports of a server by their ids; the connector may have a NIC of none.
_Ports: typing.TypeAlias = abc.Mapping[str | None, model.VIF]

# The VLAN of who is granted a VLAN-aware switch without one.
DEFAULT_VLAN = 1


class _Refused(Exception):
    """An instance is not adopted; the text is one sentence that says why."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is to become of an instance, or has.

    :ivar userid: the name that its guest has, or would have
    :ivar details: sentences for the operator
    :ivar paused: whether its guest is
    """

    instance: 'objects.Instance'
    userid: str
    result: str
    details: str
    paused: bool = False

    @property
    def refused(self) -> bool:
        return self.result == REFUSED


class Adoption:
    """Instances of one host, and the guests of its connector."""

    def __init__(self, connector: client.Connector,
                 mappings: abc.Mapping[str, str],
                 claims: abc.Mapping[str, 'objects.Instance']) -> None:
        """Prepare.

        :param mappings: virtual switch by physical network
        :param claims: instances with a record, by userid
        """
        self._connector = connector
        self._mappings = mappings
        self._claims = claims
        self._switch = functools.cache(connector.vswitches.get)

    # What is asked

    def judge(self, instance: 'objects.Instance') -> Verdict:
        """Return the Verdict on an instance; nothing is changed."""
        recorded = ownership.claimed_userid(instance)
        if recorded:
            return Verdict(instance, recorded, KNOWN,
                           'The driver has a record of it.')
        userid = instance.name.upper()
        try:
            details = self._check(instance, userid)
        except _Refused as exc:
            return Verdict(instance, userid, REFUSED, '%s.' % exc)
        return Verdict(instance, userid, READY, ' '.join(details),
                       self._is_paused(instance, userid))

    def _check(self, instance: 'objects.Instance', userid: str) -> list[str]:
        """Return what is to be told of an instance that can be adopted.

        :raises _Refused: if it cannot
        """
        _check_state(instance)
        if userid in self._claims:
            raise _Refused('guest %s is on record as that of server %s'
                           % (userid, self._claims[userid].uuid))
        entry = self._entry(userid)
        if userid not in self._userids:
            raise _Refused(
                'guest %s is in the directory, and the connector does not '
                'know it: register it there with its ports, by the action '
                'register_vm' % userid)
        rows = [row for row in self._nics if row.userid == userid]
        vifs = {vif['id']: vif for vif in instance.get_network_info()}
        return [*_proof(userid, entry, rows, vifs),
                *_sizes(instance, entry),
                *_strays(rows, vifs),
                *self._couplings(userid, rows, vifs)]

    def _entry(self, userid: str) -> list[str]:
        try:
            return self._connector.guests.directory_entry(userid)
        except (errors.NotFound, errors.BadRequest):
            raise _Refused(
                'z/VM has no guest %s: rebuild or delete the server, or run '
                'this with the instance_name_template that it was booted '
                'with' % userid)

    @functools.cached_property
    def _userids(self) -> frozenset[str]:
        return frozenset(self._connector.guests.list())

    @functools.cached_property
    def _nics(self) -> list[models.Nic]:
        return self._connector.nics.list()

    def _is_paused(self, instance: 'objects.Instance', userid: str) -> bool:
        return (instance.vm_state == vm_states.PAUSED and
                self._connector.guests.power_state(userid) == 'on')

    def _couplings(self, userid: str, rows: abc.Collection[models.Nic],
                   vifs: _Ports) -> abc.Iterator[str]:
        """Tell what a rebuild would change in the server's network."""
        for row in rows:
            if row.nic_id in vifs:
                told = self._coupling(userid, row, vifs[row.nic_id])
                if told:
                    yield 'NIC %s %s.' % (row.vdev, told)

    def _coupling(self, userid: str, row: models.Nic, vif: model.VIF
                 ) -> str | None:
        """Return what is to be told of a NIC, None if all is well."""
        if not row.vswitch:
            return ('is coupled to no virtual switch: the server is not on '
                    'that network until it is rebuilt')
        wanted = plan.vswitch_of(vif, self._mappings)
        if row.vswitch.upper() != wanted:
            return ('is coupled to %s, and its port is for %s: bind the port '
                    'again or set [zvm] vswitch_mappings before a rebuild'
                    % (row.vswitch, wanted or 'no virtual switch'))
        try:
            switch = self._switch(wanted)
        except (errors.NotFound, errors.BadRequest):
            return 'is coupled to %s, which z/VM does not have' % wanted
        found = {int(vlan) for vlan in switch.authorized.get(userid, ())}
        vlan = plan.vlan_id_of(vif)
        if found and found != {vlan or DEFAULT_VLAN}:
            return ('is in VLAN %s of %s, and its port in %s: bind the port '
                    'again before a rebuild' % (
                        ', '.join(map(str, sorted(found))), wanted,
                        'VLAN %d' % vlan if vlan else 'none'))
        return None

    # What is written

    def adopt(self, verdict: Verdict) -> Verdict:
        """Record an instance that can be adopted; return its Verdict."""
        try:
            ownership.adopt(verdict.instance, verdict.userid, verdict.paused)
        except (nova_exception.InstanceUpdateConflict,
                nova_exception.InstanceNotFound):
            return dataclasses.replace(
                verdict, result=REFUSED,
                details='It has been changed or deleted meanwhile.')
        return dataclasses.replace(verdict, result=ADOPTED)


def _check_state(instance: 'objects.Instance') -> None:
    if instance.task_state:
        raise _Refused(
            "nova has not finished the task '%s' of the server: let nova's "
            'own driver finish it, or reset the state of the server'
            % instance.task_state)
    if instance.vm_state == vm_states.BUILDING:
        raise _Refused("its boot has not ended: delete the server by nova's "
                       'own driver')
    if instance.vm_state not in STATES:
        raise _Refused("it is in the state '%s', to which nova's own driver "
                       'brings no server' % instance.vm_state)


def _proof(userid: str, entry: abc.Collection[str],
           rows: abc.Collection[models.Nic], vifs: _Ports
          ) -> list[str]:
    """Return which NICs show that a guest is an instance's.

    :raises _Refused: if none does
    """
    proofs = ['NIC %s is of port %s.' % (row.vdev, row.nic_id)
              for row in rows if row.nic_id in vifs and
              directory.macid(entry, row.vdev) == _macid(vifs[row.nic_id])]
    if not proofs:
        raise _Refused(
            "nothing shows that guest %s is this server's: %s" % (
                userid, 'no NIC of it has the id and the MAC address of a '
                'port of the server' if vifs else
                'the server has no port by which its guest could be known'))
    return proofs


def _macid(vif: model.VIF) -> str:
    return vif['address'][macprefix.PREFIX:].replace(':', '').lower()


def _sizes(instance: 'objects.Instance', entry: abc.Collection[str]
          ) -> abc.Iterator[str]:
    """Tell what is not as the instance's flavor says."""
    if directory.processors(entry) != instance.vcpus:
        yield 'It has %d processors, the flavor %d.' % (
            directory.processors(entry), instance.vcpus)
    storage = directory.storage_mib(entry)
    if storage != instance.memory_mb:
        yield 'It has %s MiB of storage, the flavor %d.' % (
            storage or 'an unknown number of', instance.memory_mb)
    disk = directory.boot_disk(entry)
    if disk is None:
        yield 'Its entry has no minidisk that it is started from.'
    # Without a size in the flavor the image's own counts.
    elif instance.root_gb and disk[0] != units.disk_units(
            instance.root_gb, disk[1]):
        yield 'Its root disk has %d %s, the flavor %d GiB.' % (
            disk[0], {'CYL': 'cylinders', 'BLK': 'blocks'}[disk[1]],
            instance.root_gb)


def _strays(rows: abc.Collection[models.Nic], vifs: _Ports
           ) -> abc.Iterator[str]:
    """Tell of NICs without a port and of ports without a NIC."""
    for row in rows:
        if row.nic_id not in vifs:
            yield 'NIC %s is of no port of the server.' % row.vdev
    for port_id in vifs.keys() - {row.nic_id for row in rows}:
        yield 'Port %s has no NIC.' % port_id
