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

"""What the connector takes and answers, as typed objects.

Data from the wire are turned into these once, here; a member that is missing
or of the wrong kind raises LookupError, TypeError or ValueError, which the
session reports as an answer of unexpected shape.
"""

import dataclasses
import math
import re
import typing

Output = typing.Any

# The last release on PyPI; newer ones come from the upstream repository.
_OLDEST = (1, 6, 3)

# The os_version that the REST schema takes, but for RHCOS, which is deployed
# in another way (zvmsdk/sdkwsgi/validation/parameter_types.py).
_OS_VERSIONS = re.compile(
    r'rhel[6-9](\.\d)?|redhat[67](\.\d)?|'
    r'(sles|suse)(11|12|15)((\.|sp)\d)?|'
    r'ubuntu(16|20|22)(\.\d{2})?(\.\d)?', re.IGNORECASE)
_NEWER_OS_VERSIONS = re.compile(
    r'rhel([6-9]|10)(\.\d{1,2})?|redhat[67](\.\d)?|'
    r'(sles|suse)(11|12|15)((\.|sp)\d)?|'
    r'ubuntu(16|20|22|24|25)(\.\d{2})?(\.\d)?', re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Version:
    """What GET / says, and what follows from it: the only place for that.

    :ivar newer: whether it is newer than 1.6.3
    :ivar older: whether it is older
    """

    version: str
    api_version: str = ''

    @property
    def newer(self) -> bool:
        return self._numbers > _OLDEST

    @property
    def older(self) -> bool:
        return self._numbers < _OLDEST

    @property
    def _numbers(self) -> tuple[int, ...]:
        return tuple(int(number) for number in
                     re.findall(r'\d+', self.version)[:3])

    @property
    def lists_pool_volumes(self) -> bool:
        """Tell whether GET /host/diskpool_volumes works.

        Newer ones, up to 1.6.7, answer 500 (zvmsdk/api.py).
        """
        return not self.newer

    @property
    def tells_free_extents(self) -> bool:
        """Tell whether GET /host/diskpool takes details=true (1.6.7)."""
        return self.newer

    def takes_os_version(self, os_version: str) -> bool:
        """Tell whether an image of this operating system can be imported."""
        pattern = _NEWER_OS_VERSIONS if self.newer else _OS_VERSIONS
        return pattern.fullmatch(os_version) is not None

    @classmethod
    def parse(cls, output: Output) -> 'Version':
        return cls(str(output['version']), str(output['api_version']))


@dataclasses.dataclass(frozen=True)
class Host:
    """The z/VM system under the connector.

    The disk numbers are of the connector's own disk pool, zero if it has
    none. memory_mb_used is what z/VM has paged in, not what guests were
    promised.
    """

    zcc_userid: str
    hypervisor_hostname: str
    vcpus: int
    vcpus_used: int
    memory_mb: int
    memory_mb_used: int
    disk_total_gb: int
    disk_used_gb: int
    hypervisor_version: int
    architecture: str
    cec_model: str
    ipl_time: str

    @classmethod
    def parse(cls, output: Output) -> 'Host':
        return cls(
            zcc_userid=output['zcc_userid'],
            hypervisor_hostname=output['hypervisor_hostname'],
            vcpus=int(output['vcpus']),
            vcpus_used=int(output['vcpus_used']),
            memory_mb=math.floor(output['memory_mb']),
            memory_mb_used=math.ceil(output['memory_mb_used']),
            disk_total_gb=int(output['disk_total']),
            disk_used_gb=int(output['disk_used']),
            hypervisor_version=int(output['hypervisor_version']),
            architecture=output['cpu_info']['architecture'],
            cec_model=output['cpu_info']['cec_model'],
            ipl_time=output['ipl_time'])


@dataclasses.dataclass(frozen=True)
class DiskPool:
    total_gb: int
    used_gb: int
    available_gb: int

    @classmethod
    def parse(cls, output: Output) -> 'DiskPool':
        return cls(int(output['disk_total']), int(output['disk_used']),
                   int(output['disk_available']))


@dataclasses.dataclass(frozen=True)
class Volume:
    """A real disk.

    :ivar type: such as '3390-54', '9336-??'
    :ivar size: cylinders (3390) or 512-byte blocks
    """

    type: str
    size: int

    @classmethod
    def parse(cls, output: Output) -> 'Volume':
        return cls(str(output['volume_type']), int(output['volume_size']))


@dataclasses.dataclass(frozen=True)
class FreeExtent:
    """Space of a real disk in which one minidisk can lie.

    :ivar type: of the disk, such as '3390-54'
    """

    type: str
    size_gib: int

    @classmethod
    def parse(cls, output: Output) -> 'FreeExtent':
        return cls(str(output['device_type']), int(output['free_size']))


@dataclasses.dataclass(frozen=True)
class GuestInfo:
    """A guest as z/VM and its Linux tell.

    :ivar power_state: 'on' or 'off'
    :ivar os_version: such as 'rhel8.6'; empty if the Linux does not answer
    """

    power_state: str
    os_version: str

    @classmethod
    def parse(cls, output: Output) -> 'GuestInfo':
        return cls(output['power_state'], output['os_distro'])


@dataclasses.dataclass(frozen=True)
class DiskSpec:
    """A minidisk to be made.

    :ivar size: '10g', '512m', or a number of cylinders or blocks
    :ivar pool: such as 'ECKD:POOL1'; None is the connector's own
    :ivar format: 'ext2', 'ext3', 'ext4', 'xfs', 'swap', 'none'; only for a
        disk that is not the boot disk
    """

    size: str
    boot: bool = False
    pool: str | None = None
    format: str | None = None
    vdev: str | None = None

    def body(self) -> dict[str, typing.Any]:
        return _without_none(
            size=self.size, is_boot_disk=self.boot or None,
            disk_pool=self.pool, format=self.format, vdev=self.vdev)


@dataclasses.dataclass(frozen=True)
class Disk:
    """A minidisk that was made."""

    vdev: str
    size: str
    boot: bool = False
    pool: str | None = None
    format: str | None = None

    @classmethod
    def parse(cls, output: Output) -> 'Disk':
        return cls(output['vdev'], output['size'],
                   bool(output.get('is_boot_disk', False)),
                   output.get('disk_pool'), output.get('format'))


@dataclasses.dataclass(frozen=True)
class DiskMount:
    """How the guest is to use a minidisk; swap has no mount point."""

    vdev: str
    format: str
    mount_point: str | None = None

    def body(self) -> dict[str, typing.Any]:
        return _without_none(vdev=self.vdev, format=self.format,
                             mntdir=self.mount_point)


@dataclasses.dataclass(frozen=True)
class GuestNetwork:
    """A NIC and the IPv4 network configuration of its interface.

    :ivar mac: only its last six digits are used, the rest is the system's
    :ivar cidr: the subnet, such as '192.0.2.0/24'
    :ivar mtu: Ubuntu's configuration is not valid without it, nor is it
        without a gateway (zvmsdk/dist.py, 1.6.3)
    """

    vdev: str
    nic_id: str
    mac: str
    ip: str
    cidr: str
    gateway: str | None = None
    dns: list[str] = dataclasses.field(default_factory=list)
    hostname: str | None = None
    mtu: int | None = None

    def body(self) -> dict[str, typing.Any]:
        # A null gateway is refused by the REST schema, a missing one is not.
        # mtu is not in the schema, which allows what it does not name; the
        # file generators in zvmsdk/dist.py read it (1.6.3).
        return _without_none(
            nic_vdev=self.vdev, nic_id=self.nic_id, mac_addr=self.mac,
            ip_addr=self.ip, cidr=self.cidr, gateway_addr=self.gateway,
            dns_addr=list(self.dns), hostname=self.hostname, mtu=self.mtu)


@dataclasses.dataclass(frozen=True)
class Nic:
    """A row of the connector's own table of NICs.

    :ivar vswitch: None if the NIC is not coupled
    :ivar nic_id: what create_interface was given
    """

    userid: str
    vdev: str
    vswitch: str | None
    nic_id: str | None

    @classmethod
    def parse(cls, output: Output) -> 'Nic':
        return cls(output['userid'], output['interface'],
                   output['switch'] or None, output['port'])


@dataclasses.dataclass(frozen=True)
class Adapter:
    """A NIC of a guest that is on.

    :ivar vdev: four digits, upper case
    :ivar mac: lower case with colons; empty if CP does not tell one
    :ivar vswitch: None if the NIC is not coupled
    """

    vdev: str
    mac: str
    vswitch: str | None

    @classmethod
    def parse(cls, output: Output) -> 'Adapter':
        return cls(output['adapter_address'].zfill(4).upper(),
                   output.get('mac_address', '').lower(),
                   output.get('lan_name') or None)


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a guest that is on uses.

    :ivar cpu_time_us: of all its processors together
    :ivar used_memory_kib: how much of its storage is in real storage
    """

    vcpus: int
    cpu_time_us: int
    used_memory_kib: int

    @classmethod
    def parse(cls, output: Output) -> 'Usage':
        return cls(output['guest_cpus'], output['used_cpu_time_us'],
                   output['used_mem_kb'])


@dataclasses.dataclass(frozen=True)
class NicCounters:
    """What went through a NIC that is coupled to a vswitch.

    The counters of Virtual_Network_Vswitch_Query_Byte_Stats that the
    connector passes on (zvmsdk/monitor.py, 1.6.3). "rx" is taken for what
    the NIC received, as they are called nic_rx beside uplink_rx of the
    switch's own port, and as OpenStack's ceilometer-zvm took them
    (inspector.py, inspect_vnics).

    :ivar vdev: four digits, upper case
    :ivar rx_bytes: nic_rx
    :ivar rx_frames: nic_fr_rx
    :ivar rx_discarded: nic_fr_rx_dsc
    :ivar rx_errors: nic_fr_rx_err
    """

    vdev: str
    rx_bytes: int
    rx_frames: int
    rx_discarded: int
    rx_errors: int
    tx_bytes: int
    tx_frames: int
    tx_discarded: int
    tx_errors: int

    @classmethod
    def parse(cls, output: Output) -> 'NicCounters':
        return cls(
            vdev=output['nic_vdev'].zfill(4).upper(),
            rx_bytes=output['nic_rx'], rx_frames=output['nic_fr_rx'],
            rx_discarded=output['nic_fr_rx_dsc'],
            rx_errors=output['nic_fr_rx_err'],
            tx_bytes=output['nic_tx'], tx_frames=output['nic_fr_tx'],
            tx_discarded=output['nic_fr_tx_dsc'],
            tx_errors=output['nic_fr_tx_err'])


@dataclasses.dataclass(frozen=True)
class Vswitch:
    """A virtual switch of the z/VM system.

    :ivar vlan_aware: whether it looks at VLAN tags
    :ivar authorized: the VLAN ids, as z/VM writes them, of each userid that
        may couple
    :ivar adapters: MAC of each coupled NIC by 'USERID_VDEV'
    """

    name: str
    port_type: str
    status: str
    vlan_aware: bool
    authorized: dict[str, tuple[str, ...]]
    adapters: dict[str, str]

    @classmethod
    def parse(cls, output: Output) -> 'Vswitch':
        return cls(
            name=output['switch_name'],
            port_type=output['port_type'],
            status=output['switch_status'],
            vlan_aware=output['vlan_awareness'] == 'AWARE',
            authorized={
                userid: tuple(user.get('vlan_ids') or ())
                for userid, user in output['authorized_users'].items()},
            adapters={nic: adapter['mac'].replace('-', ':').lower()
                      for nic, adapter in output['adapters'].items()})


@dataclasses.dataclass(frozen=True)
class FcpPath:
    """The FCP devices of a template of which a guest is given one."""

    devices: int
    free: int

    @classmethod
    def parse(cls, output: Output) -> 'FcpPath':
        return cls(_count(output['total_count']),
                   _count(output['available_count']))


@dataclasses.dataclass(frozen=True)
class FcpTemplate:
    """FCP devices on one or more paths to the same storage.

    :ivar default: whether it is the host's default
    :ivar min_paths: of so many a guest has to be given a device
    """

    name: str
    default: bool
    min_paths: int
    paths: tuple[FcpPath, ...]

    @classmethod
    def parse(cls, output: Output) -> 'FcpTemplate':
        return cls(
            str(output['name']), bool(output['host_default']),
            int(output['min_fcp_paths_count']),
            tuple(FcpPath.parse(path) for _number, path
                  in sorted(output['statistics'].items())))


def _count(output: Output) -> int:
    """Return a number of devices; newer releases tell it by PCHID."""
    return sum(output.values()) if isinstance(output, dict) else int(output)


@dataclasses.dataclass(frozen=True)
class Image:
    """A disk image in the connector's repository.

    :ivar disk_units: 'CYL' or 'BLK'
    :ivar last_access_time: seconds since the epoch; an import or a deploy
    :ivar path: of its file on the connector's host; None from 1.6.3
    """

    name: str
    os_version: str
    md5: str
    disk_size: int
    disk_units: str
    size_bytes: int
    last_access_time: float
    path: str | None = None

    def holds(self, size: int | None = None, md5: str | None = None) -> bool:
        """Tell whether its file is there, of that size and checksum if any.

        Of a file that is gone the last access is -1 (zvmsdk/smtclient.py
        _get_image_last_access_time, 1.6.3).
        """
        return (self.last_access_time >= 0 and
                size in (None, self.size_bytes) and md5 in (None, self.md5))

    def is_for(self, os_version: str) -> bool:
        """Tell whether it was imported as one of this operating system.

        The connector keeps that in lower case.
        """
        return self.os_version.lower() == os_version.lower()

    @classmethod
    def parse(cls, output: Output) -> 'Image':
        size, units = output['disk_size_units'].split(':')
        return cls(
            name=output['imagename'],
            os_version=output['imageosdistro'],
            md5=output['md5sum'],
            disk_size=int(size),
            disk_units=units,
            size_bytes=int(output['image_size_in_bytes']),
            last_access_time=float(output['last_access_time']),
            path=output.get('image_path'))


@dataclasses.dataclass(frozen=True)
class File:
    """An upload in the connector's file repository.

    :ivar url: 'file:///...' as an image import takes it
    """

    url: str
    size: int
    md5: str

    @classmethod
    def parse(cls, output: Output) -> 'File':
        return cls(output['dest_url'], int(output['filesize_in_bytes']),
                   output['md5sum'])


def _without_none(**members: typing.Any) -> dict[str, typing.Any]:
    return {name: value for name, value in members.items()
            if value is not None}
