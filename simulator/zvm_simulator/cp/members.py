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

"""The z/VM systems: one, or the members of an SSI cluster.

What is said here of a member is what its operator sees in its system
configuration and its hardware; it comes from the scenario at each start and
no command changes it.
"""

import dataclasses
from typing import Any

_WWPN_DIGITS = 16
# The channel path of all OSA devices.
_OSA_CHPID = '20'
# Where a cluster has its persistent data record: volume and device.
PDR = 'VMCOM1 on 0200'


@dataclasses.dataclass(frozen=True)
class RealDevice:
    """A real device that a guest can have for its own.

    kind is FCP or OSA. wwpn and physical_wwpn are the port names that NPIV
    gives to a FCP device and that its channel has.
    """

    address: str
    kind: str
    chpid: str
    wwpn: str = ''
    physical_wwpn: str = ''

    @property
    def pchid(self) -> str:
        """The physical channel behind the channel path."""
        return f'02{self.chpid}'


@dataclasses.dataclass(frozen=True)
class Member:
    """One z/VM system and the guest in which its connector runs.

    No guest may be larger than guest_storage_mib; all together may have
    overcommitment times the storage of the system.
    """

    name: str
    connector: str
    release: str
    service_level: str
    machine_type: str
    machine_model: str
    lpar: str
    processors: int
    processor_type: str
    storage_mib: int
    base_storage_mib: int
    guest_storage_mib: int
    overcommitment: float
    ipl_time: str
    mac_prefix: str
    cec_name: str
    cec_serial: str
    real_devices: tuple[RealDevice, ...]
    eqids: dict[str, str] = dataclasses.field(default_factory=dict)

    def eqid(self, device: str) -> str:
        """Return the equivalency identifier of a real device, or nothing.

        Devices of two members with the same one are interchangeable for
        live guest relocation (RDEVICE EQID in the system configuration).
        """
        return self.eqids.get(device, '')

    def of_kind(self, kind: str) -> list[RealDevice]:
        """Return the FCP or the OSA devices."""
        return [device for device in self.real_devices
                if device.kind == kind]

    def sysinfo(self) -> str:
        """Return /proc/sysinfo of the connector's Linux.

        smtLayer/getHost.py getGeneralInfo reads the lines with Type:,
        Manufacturer:, LPAR CPUs Total, LPAR CPUs Configured and VM00
        Control Program.
        """
        count = self.processors
        return '\n'.join((
            'Manufacturer:         IBM',
            f'Type:                 {self.machine_type}',
            f'Model:                {self.machine_model}',
            f'LPAR Name:            {self.lpar}',
            f'LPAR CPUs Total:      {count}',
            f'LPAR CPUs Configured: {count}',
            'LPAR CPUs Standby:    0',
            'LPAR CPUs Reserved:   0',
            f'VM00 Name:            {self.connector}',
            f'VM00 Control Program: z/VM    {self.release}',
            'VM00 CPUs Total:      2',
            ''))


def from_scenario(data: dict[str, Any]) -> Member:
    """Return the member that one item of the scenario's members tells."""
    devices = [device for group in data['fcp']
               for device in _fcp_devices(group)]
    devices += [RealDevice(f'{number:04X}', 'OSA', _OSA_CHPID)
                for item in data['osa_devices'] for number in _numbers(item)]
    return Member(
        name=data['name'], connector=data['connector'],
        release=data['release'], service_level=data['service_level'],
        machine_type=data['machine_type'],
        machine_model=data['machine_model'], lpar=data['lpar'],
        processors=data['processors'],
        processor_type=data['processor_type'],
        storage_mib=data['storage_mib'],
        base_storage_mib=data['base_storage_mib'],
        guest_storage_mib=data['guest_storage_mib'],
        overcommitment=data['overcommitment'],
        ipl_time=data['ipl_time'], mac_prefix=data['mac_prefix'],
        cec_name=data['cec_name'], cec_serial=data['cec_serial'],
        real_devices=tuple(devices),
        eqids={f'{number:04X}': eqid for devices, eqid in data['eqids'].items()
               for number in _numbers(devices)})


def _fcp_devices(group: dict[str, Any]) -> list[RealDevice]:
    """Return the devices of one channel path.

    The port name of a device ends in its device number.
    """
    prefix = group['wwpn_prefix'].upper()
    addresses = [f'{number:04X}' for number in _numbers(group['devices'])]
    return [RealDevice(address, 'FCP', group['chpid'].upper(),
                       prefix + address.zfill(_WWPN_DIGITS - len(prefix)),
                       group['physical_wwpn'].upper())
            for address in addresses]


def _numbers(devices: str) -> range:
    """Return the device numbers of a range such as 1A00-1A07."""
    first, _, last = devices.partition('-')
    return range(int(first, 16), int(last or first, 16) + 1)
