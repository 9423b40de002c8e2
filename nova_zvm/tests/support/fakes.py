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

"""A z/VM Cloud Connector in memory, and a clock that tests move."""

import contextlib
import dataclasses
import hashlib
import itertools

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.connector import operation as op
from nova_zvm.connector import timeouts
from nova_zvm.pace import waiting
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import units

HOST = models.Host(
    zcc_userid='ZCCUSER', hypervisor_hostname='ZVMSYS1', vcpus=16,
    vcpus_used=4, memory_mb=131072, memory_mb_used=2048, disk_total_gb=1000,
    disk_used_gb=100, hypervisor_version=730,
    architecture='s390x', cec_model='3906', ipl_time='IPL at 11/23/26')

# What CP gives a NIC that is added to a running guest.
CHOSEN_MAC = '02:00:00:00:00:77'


def error(cls=errors.ConnectorError, operation='guests.delete', status=500,
          rc=(300, 300, 3), settle_seconds=60.0):
    """Return an error as the client raises it."""
    asked = op.Operation(operation, 'POST', '/', op.Effect.WRITE,
                         settle_seconds)
    return cls(asked, 'as the test wants it', status=status,
               envelope=errors.Envelope(*rc))


def not_found(operation='guests.delete'):
    return error(errors.NotFound, operation, 404, (404, 404, 1))


def unreachable():
    return error(errors.NotConnected, status=None, rc=(0, 0, 0))


def outcome_unknown(operation, settle_seconds=600.0):
    return error(errors.OutcomeUnknown, operation, None, (0, 0, 0),
                 settle_seconds)


def transfer_error(url=None, source=None):
    failure = error(errors.TransferError, 'files.upload')
    failure.url, failure.source = url, source
    return failure


class Clock(waiting.Clock):
    """A clock on which sleeping costs nothing."""

    def __init__(self):
        self.now = 1000.0
        self._events = []

    def at(self, seconds, event):
        """Call event when so many seconds have been slept from now."""
        self._events.append((self.now + seconds, event))

    def monotonic(self):
        return self.now

    def time(self):
        return self.now

    def sleep(self, seconds):
        assert seconds >= 0
        self.now += seconds
        due = [event for at, event in self._events if at <= self.now]
        self._events = [(at, event) for at, event in self._events
                        if at > self.now]
        for event in due:
            event()


@dataclasses.dataclass
class Guest:
    """What z/VM and the connector have of one userid."""

    power: str = 'off'
    locked: bool = False
    known: bool = True
    in_directory: bool = True
    definition: dict = dataclasses.field(default_factory=dict)
    image: str | None = None
    transport_file: str | None = None
    mounts: list = dataclasses.field(default_factory=list)
    nics: dict = dataclasses.field(default_factory=dict)
    nic_ids: dict = dataclasses.field(default_factory=dict)
    macs: dict = dataclasses.field(default_factory=dict)
    couplings: dict = dataclasses.field(default_factory=dict)
    # What a guest that is on has: MAC by vdev.
    live: dict = dataclasses.field(default_factory=dict)
    usage: models.Usage = models.Usage(2, 5419, 262144)
    counters: list = dataclasses.field(default_factory=list)
    disks: list = dataclasses.field(default_factory=lambda: ['0100'])
    disk_size: int = 3338
    os_version: str = 'rhel8.6'
    captured: bytes = b'disk' * 1000

    def log_on(self, prefix):
        if self.power == 'off':
            self.power = 'on'
            self.live = {vdev: prefix + mac[8:]
                         for vdev, mac in self.macs.items()}

    def log_off(self):
        self.power = 'off'
        self.live = {}

    def forget_nics(self):
        """Empty the connector's table; the directory keeps them."""
        for part in (self.nics, self.nic_ids, self.couplings):
            part.clear()


# What asks for an operation that does not have its name.
CALLS = {
    'guests.deploy': ('disks', 'deploy'),
    'guests.capture': ('disks', 'capture'),
    'guests.configure_disks': ('disks', 'configure'),
    'guests.create_interface': ('nics', 'create_interface'),
    'guests.delete_interface': ('nics', 'delete_interface'),
    'guests.create_nic': ('nics', 'create'),
    'guests.delete_nic': ('nics', 'delete'),
    'guests.couple': ('nics', 'couple'),
    'guests.nics': ('nics', 'list'),
    'guests.adapters': ('nics', 'adapters'),
    'guests.stats': ('telemetry', 'usage'),
    'guests.interface_stats': ('telemetry', 'nic_counters'),
}


class FakeConnector:
    """Has the interface of connector.client.Connector.

    What it does the cases of support.behaviour tell, which the real one is
    held to as well.

    :ivar calls: the operations in their order, with their arguments
    :ivar faults: by operation, what happens instead: each of the list's
        members serves one call: an exception is raised, a function is
        called with the call's arguments and may raise, None lets it pass
    """

    READS = ('guests.list', 'guests.directory_entry', 'guests.power_state',
             'guests.info', 'guests.console_output', 'guests.nics',
             'guests.adapters', 'guests.stats', 'guests.interface_stats',
             'host.info', 'host.disk_pool', 'host.disk_pool_volumes',
             'host.volume', 'host.free_extents', 'images.list', 'images.get',
             'vswitches.list',
             'vswitches.get', 'volumes.fcp_templates')

    def __init__(self):
        self.release = '1.6.3'
        self.absent = False
        self.calls = []
        self.faults = {}
        self.zvm = {}
        self.repository = {}
        self.uploads = {}
        self.exports = {}
        self.pools = {'ECKD:POOL1': models.DiskPool(500, 50, 450)}
        self.own_pool = 'ECKD:POOL1'
        self.profiles = {'OSDFLT'}
        self.grants = {'VSWITCH1': {}}
        self.adapters = {}
        self.vlan_unaware = set()
        self.mac_prefix = '02:00:00'
        self.first_vdev = 0x100
        self.console = ''
        self.offset = 0.0
        self.expiry = None
        self.certificate = None
        self.switch_status = 'OSA device ready.'
        self.contact = None
        self.guests = _Guests(self)
        self.disks = _Disks(self)
        self.nics = _Nics(self)
        self.telemetry = _Telemetry(self)
        self.host = _Host(self)
        self.images = _Images(self)
        self.vswitches = _Vswitches(self)
        self.volumes = _Volumes(self)
        self.files = _Files(self)

    def asked(self, operation, *args):
        self.calls.append((operation, args))
        if self.faults.get(operation):
            fault = self.faults[operation].pop(0)
            if callable(fault):
                fault(*args)
            elif fault:
                raise fault

    @property
    def operations(self):
        return [operation for operation, args in self.calls]

    @property
    def writes(self):
        return [operation for operation in self.operations
                if operation not in self.READS]

    def count(self, operation):
        return self.operations.count(operation)

    def put_guest(self, userid, **what):
        self.zvm[userid] = Guest(**what)
        return self.zvm[userid]

    def put_image(self, name, size=3338, units='CYL', os_version='rhel8.6',
                  md5='0' * 32, path=None, size_bytes=2048,
                  last_access_time=0.0):
        self.repository[name] = models.Image(
            name=name, os_version=os_version, md5=md5, disk_size=size,
            disk_units=units, size_bytes=size_bytes,
            last_access_time=last_access_time, path=path)

    def version(self):
        """Return what the client asks for once and then remembers."""
        if self.contact:
            raise self.contact
        return models.Version(self.release)

    def found_absent(self, max_age):
        return self.absent

    def clock_offset(self):
        return self.offset

    def token_expiry(self):
        return self.expiry

    def certificate_expiry(self):
        return self.certificate

    def settle_seconds(self, operation):
        return timeouts.Timeouts().read(operation)

    def method(self, operation):
        """Return what asks for an operation."""
        noun, verb = CALLS.get(operation) or operation.split('.')
        return getattr(getattr(self, noun), verb)

    def existing(self, userid):
        guest = self.zvm.get(userid)
        if guest is None or not guest.known:
            raise not_found()
        return guest


class _Resource:

    def __init__(self, connector):
        self._connector = connector


class _Guests(_Resource):

    def list(self):
        self._connector.asked('guests.list')
        return [userid for userid, guest in self._connector.zvm.items()
                if guest.known]

    def directory_entry(self, userid):
        self._connector.asked('guests.directory_entry', userid)
        guest = self._connector.zvm.get(userid)
        if guest is None or not guest.in_directory:
            raise not_found('guests.directory_entry')
        return (['USER %s ****** %dm %s G' % (
                    userid, guest.definition.get('memory_mb', 1024),
                    guest.definition.get('max_memory') or '64G')] +
                ['COMMAND DEFINE CPU %02X TYPE IFL' % number
                 for number in range(guest.definition.get('vcpus', 1))] +
                ['IPL 0100'] +
                ['MDISK %s 3390 1 %d VOL001 MR' % (vdev, guest.disk_size)
                 for vdev in guest.disks] +
                ['NICDEF %s TYPE QDIO MACID %s' % (
                    vdev, mac[8:].replace(':', '').upper())
                 for vdev, mac in guest.macs.items()])

    def create(self, userid, vcpus, memory_mb, disks, *, profile=None,
               max_vcpus=None, max_memory=None):
        definition = dict(
            vcpus=vcpus, memory_mb=memory_mb, disks=disks, profile=profile,
            max_vcpus=max_vcpus, max_memory=max_memory)
        self._connector.asked('guests.create', userid, definition)
        if userid in self._connector.zvm:
            raise error(errors.Conflict, 'guests.create', 409, (8, 400, 8))
        if profile not in (None, *self._connector.profiles):
            raise not_found('guests.create')
        guest = self._connector.put_guest(userid, definition=definition,
                                          disks=[])
        for disk in disks:
            self._add_disk(guest, disk)
        return [models.Disk(vdev, disk.size, disk.boot, disk.pool,
                            disk.format)
                for vdev, disk in zip(guest.disks, disks)]

    def _add_disk(self, guest, disk):
        if disk.pool not in (None, *self._connector.pools):
            raise error(errors.ConnectorError, 'guests.create', 500,
                        (8, 596, 3533))
        guest.disks.append('%04X' % (self._connector.first_vdev +
                                     len(guest.disks)))
        if disk.boot:
            guest.disk_size = (
                int(disk.size) if disk.size.isdigit() else
                units.disk_units(int(disk.size[:-1]), 'CYL'))

    def delete(self, userid):
        self._connector.asked('guests.delete', userid)
        guest = self._connector.zvm.get(userid)
        if guest is None:
            return
        if not guest.known:
            raise not_found()
        if guest.locked:
            raise error(errors.ConnectorError, 'guests.delete', 500,
                        (8, 400, 12))
        del self._connector.zvm[userid]
        for vswitch in guest.couplings.values():
            self._connector.grants.get(vswitch, {}).pop(userid, None)

    def register(self, userid, meta='', port_macs=None):
        self._connector.asked('guests.register', userid)
        guest = self._connector.zvm.get(userid)
        if guest is None or not guest.in_directory:
            raise not_found('guests.register')
        guest.known = True
        for vdev, mac in guest.live.items():
            guest.nics.setdefault(vdev, None)
            guest.nic_ids.setdefault(vdev, (port_macs or {}).get(
                mac[8:].replace(':', '').upper()))

    def deregister(self, userid):
        self._connector.asked('guests.deregister', userid)
        guest = self._connector.zvm.get(userid)
        if guest is None:
            return
        guest.known = False
        guest.forget_nics()
        if not guest.in_directory:
            del self._connector.zvm[userid]

    def unlock(self, userid):
        self._connector.asked('guests.unlock', userid)
        if userid in self._connector.zvm:
            self._connector.zvm[userid].locked = False

    def start(self, userid, reachable_timeout=None):
        self._connector.asked('guests.start', userid, reachable_timeout)
        self._connector.existing(userid).log_on(self._connector.mac_prefix)

    def stop(self, userid):
        self._connector.asked('guests.stop', userid)
        self._connector.existing(userid).log_off()

    def soft_stop(self, userid, timeout=None, poll_interval=None):
        self._connector.asked('guests.soft_stop', userid, timeout,
                              poll_interval)
        self._connector.existing(userid).log_off()

    def reboot(self, userid):
        self._connector.asked('guests.reboot', userid)
        if self._connector.existing(userid).power == 'off':
            raise error(errors.ConnectorError, 'guests.reboot', 500,
                        (2, 4, 101))

    def reset(self, userid):
        self._connector.asked('guests.reset', userid)
        guest = self._connector.existing(userid)
        guest.log_off()
        guest.log_on(self._connector.mac_prefix)

    def pause(self, userid):
        self._connector.asked('guests.pause', userid)
        self._refuse_if_off(userid)

    def unpause(self, userid):
        self._connector.asked('guests.unpause', userid)
        self._refuse_if_off(userid)

    def _refuse_if_off(self, userid):
        if self._connector.existing(userid).power == 'off':
            raise error(errors.Conflict, 'guests.pause', 409, (300, 300, 5))

    def info(self, userid):
        self._connector.asked('guests.info', userid)
        guest = self._connector.existing(userid)
        return models.GuestInfo(
            guest.power, guest.os_version if guest.power == 'on' else '')

    def power_state(self, userid):
        self._connector.asked('guests.power_state', userid)
        guest = self._connector.zvm.get(userid)
        return guest.power if guest else 'off'

    def console_output(self, userid):
        self._connector.asked('guests.console_output', userid)
        if self._connector.existing(userid).power == 'off':
            raise error(errors.ConnectorError, 'guests.console_output', 500,
                        (8, 8, 8))
        return self._connector.console


class _Disks(_Resource):

    def deploy(self, userid, image, transport_file=None, hostname=None):
        self._connector.asked('guests.deploy', userid, image,
                              transport_file, hostname)
        guest = self._connector.existing(userid)
        if image not in self._connector.repository:
            raise not_found('guests.deploy')
        if guest.power == 'on':
            raise error(errors.ConnectorError, 'guests.deploy', 500,
                        (300, 300, 3))
        guest.image = image
        if transport_file:
            guest.transport_file = self._connector.exports[transport_file]

    def configure(self, userid, disks):
        self._connector.asked('guests.configure_disks', userid, disks)
        self._connector.existing(userid).mounts = disks

    def capture(self, userid, image):
        """As the connector: a failure in the middle leaves the guest off."""
        guest = self._connector.existing(userid)
        power, guest.power = guest.power, 'off'
        self._connector.asked('guests.capture', userid, image)
        if image in self._connector.repository:
            raise error(errors.ConnectorError, 'guests.capture', 500,
                        (500, 500, 1))
        self._connector.put_image(
            image, os_version=guest.os_version if power == 'on'
            else guest.os_version.upper(), md5=_md5(guest.captured),
            size_bytes=len(guest.captured))
        self._connector.exports['%s/netboot/%s/%s/%s' % (
            '/var/lib/zvmsdk/images',
            self._connector.repository[image].os_version, image,
            guest.disks[-1])] = guest.captured
        guest.power = power


class _Nics(_Resource):

    def create_interface(self, userid, os_version, networks, active=False):
        self._connector.asked('guests.create_interface', userid, os_version,
                              networks)
        guest = self._connector.existing(userid)
        for network in networks:
            self._add_nic(guest, network.vdev, network.nic_id, network.mac,
                          network, active)

    def takes_interface(self, os_version, networks):
        return len(networks) < 16

    def create(self, userid, vdev, nic_id, mac, active=False):
        self._connector.asked('guests.create_nic', userid, vdev, nic_id, mac)
        self._add_nic(self._connector.existing(userid), vdev, nic_id, mac,
                      None, active)

    @staticmethod
    def _add_nic(guest, vdev, nic_id, mac, network, active):
        if (vdev in guest.nics or guest.locked or
                active and guest.power == 'off'):
            raise error(errors.Conflict, 'guests.create_interface', 409)
        guest.nics[vdev] = network
        guest.nic_ids[vdev] = nic_id
        guest.macs[vdev] = mac
        if active:
            guest.live[vdev] = CHOSEN_MAC

    def delete_interface(self, userid, os_version, vdev, active=False):
        self._connector.asked('guests.delete_interface', userid, os_version,
                              vdev)
        self._delete_nic(userid, vdev, active)

    def delete(self, userid, vdev, active=False):
        self._connector.asked('guests.delete_nic', userid, vdev)
        self._delete_nic(userid, vdev, active)

    def _delete_nic(self, userid, vdev, active):
        guest = self._connector.existing(userid)
        if (active and guest.power == 'off' or
                guest.locked and vdev in guest.macs):
            raise error(errors.Conflict, 'guests.delete_nic', 409)
        for part in (guest.nics, guest.nic_ids, guest.macs, guest.couplings):
            part.pop(vdev, None)
        if active:
            guest.live.pop(vdev, None)

    def list(self, userid=None):
        self._connector.asked('guests.nics', userid)
        return [models.Nic(name, vdev, guest.couplings.get(vdev),
                           guest.nic_ids.get(vdev))
                for name, guest in self._connector.zvm.items()
                for vdev in {**guest.nics, **guest.couplings}
                if userid in (None, name) and guest.known]

    def adapters(self, userid):
        self._connector.asked('guests.adapters', userid)
        guest = self._connector.zvm.get(userid)
        if guest is None or guest.power == 'off':
            return []
        return [models.Adapter(vdev, mac, guest.couplings.get(vdev))
                for vdev, mac in guest.live.items()]

    def couple(self, userid, vdev, vswitch, vlan_id=None, active=False):
        self._connector.asked('guests.couple', userid, vdev, vswitch,
                              vlan_id)
        guest = self._connector.existing(userid)
        guest.locked = False
        if vdev not in {**guest.nics, **guest.macs, **guest.couplings}:
            raise not_found('guests.couple')
        if active and userid not in self._connector.grants.get(vswitch,
                                                                [userid]):
            raise error(errors.Conflict, 'guests.couple', 409,
                        (409, 409, 10))
        guest.couplings[vdev] = vswitch


class _Telemetry(_Resource):

    def usage(self, userids):
        self._connector.asked('guests.stats', userids)
        return {userid: guest.usage for userid, guest in self._on(userids)}

    def nic_counters(self, userids):
        self._connector.asked('guests.interface_stats', userids)
        return {userid: guest.counters for userid, guest
                in self._on(userids) if guest.counters}

    def _on(self, userids):
        guests = [(userid, self._connector.existing(userid))
                  for userid in userids]
        return [(userid, guest) for userid, guest in guests
                if guest.power == 'on']


class _Host(_Resource):

    info_answer = HOST
    volumes = ['VOL001']
    volume_type = '3390-54'
    sizes = {}
    extents = []

    def info(self):
        self._connector.asked('host.info')
        return self.info_answer

    def disk_pool(self, name=None):
        self._connector.asked('host.disk_pool', name)
        name = name or self._connector.own_pool
        if name not in self._connector.pools:
            raise not_found('host.disk_pool')
        return self._connector.pools[name]

    def disk_pool_volumes(self, name=None):
        self._connector.asked('host.disk_pool_volumes', name)
        return self.volumes

    def free_extents(self, name=None):
        self._connector.asked('host.free_extents', name)
        if not models.Version(self._connector.release).tells_free_extents:
            raise error(errors.BadRequest, 'host.free_extents', 400,
                        (400, 400, 400))
        return self.extents

    def volume(self, name):
        self._connector.asked('host.volume', name)
        if name not in self.volumes:
            raise not_found('host.volume')
        return models.Volume(self.volume_type, self.sizes.get(name, 65520))


class _Images(_Resource):

    def list(self):
        self._connector.asked('images.list')
        return list(self._connector.repository.values())

    def get(self, name):
        self._connector.asked('images.get', name)
        if name not in self._connector.repository:
            raise not_found('images.get')
        return self._connector.repository[name]

    def create(self, name, url, os_version, md5=None):
        self._connector.asked('images.create', name, url, os_version, md5)
        if name in self._connector.repository:
            raise error(errors.Conflict, 'images.create', 409,
                        (300, 300, 13))
        if not models.Version(self._connector.release).takes_os_version(
                os_version):
            raise error(errors.BadRequest, 'images.create', 400,
                        (400, 400, 400))
        data = self._connector.uploads.get(url)
        if data is None or md5 not in (None, _md5(data)):
            raise error(errors.ConnectorError, 'images.create', 500,
                        (300, 300, 12 if data is None else 4))
        header = imageheader.parse(data)
        self._connector.put_image(
            name, header.size, header.units, os_version, _md5(data),
            size_bytes=len(data))
        self._connector.exports[name] = data

    def export(self, name, dest_url):
        self._connector.asked('images.export', name, dest_url)
        if name not in self._connector.repository:
            raise not_found('images.export')
        if not self._connector.repository[name].holds():
            raise error(operation='images.export')
        data = self._connector.exports[name]
        if dest_url in self._connector.uploads:
            self._connector.uploads[dest_url] = data
        self._connector.exports[dest_url.removeprefix('file://')] = data

    def delete(self, name):
        self._connector.asked('images.delete', name)
        self._connector.repository.pop(name, None)
        for path in list(self._connector.exports):
            if '/%s/' % name in path:
                del self._connector.exports[path]


class _Vswitches(_Resource):

    def list(self):
        self._connector.asked('vswitches.list')
        return list(self._connector.grants)

    def get(self, name):
        self._connector.asked('vswitches.get', name)
        return models.Vswitch(
            name=name, port_type='',
            status=self._connector.switch_status,
            vlan_aware=name not in self._connector.vlan_unaware,
            authorized={userid: (str(vlan_id or 1),) for userid, vlan_id
                        in self._of(name).items()},
            adapters={**self._adapters(name), **self._connector.adapters})

    def _adapters(self, name):
        return {'%s_%s' % (userid, vdev): mac
                for userid, guest in self._connector.zvm.items()
                for vdev, mac in guest.live.items()
                if guest.couplings.get(vdev) == name}

    def grant(self, name, userid):
        self._connector.asked('vswitches.grant', name, userid)
        self._of(name, userid).setdefault(userid)

    def revoke(self, name, userid):
        """As the connector, which does not tell whether z/VM did so."""
        self._connector.asked('vswitches.revoke', name, userid)
        self._connector.grants.get(name, {}).pop(userid, None)

    def set_vlan(self, name, userid, vlan_id):
        self._connector.asked('vswitches.set_vlan', name, userid, vlan_id)
        authorized = self._of(name, userid)
        if name in self._connector.vlan_unaware:
            raise error(errors.Conflict, 'vswitches.set_vlan', 409,
                        (409, 409, 5))
        authorized[userid] = vlan_id

    def _of(self, name, userid=None):
        if name not in self._connector.grants or (
                userid and userid not in self._connector.zvm):
            raise not_found('vswitches.grant')
        return self._connector.grants[name]


class _Volumes(_Resource):

    templates = []

    def fcp_templates(self):
        self._connector.asked('volumes.fcp_templates')
        return self.templates


class _Files(_Resource):

    def __init__(self, connector):
        super().__init__(connector)
        self._numbers = itertools.count()

    def upload(self, stream, length):
        self._connector.asked('files.upload', length)
        data, failure = b'', None
        try:
            while piece := stream.read(65536):
                data += piece
        except Exception as exc:
            failure = exc
        url = 'file:///var/lib/zvmsdk/files/%d' % next(self._numbers)
        self._connector.uploads[url] = data[:length].ljust(length, b'\0')
        if failure or len(data) != length:
            raise transfer_error(url, failure)
        return models.File(url, len(data), _md5(data))

    @contextlib.contextmanager
    def download(self, path):
        self._connector.asked('files.download', path)
        data = self._connector.exports.get(
            path, self._connector.uploads.get('file://' + path))
        if data is None:
            raise error(errors.ConnectorError, 'files.download', 500,
                        (300, 300, 2))
        yield iter([data[:700], data[700:]])


def _md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
