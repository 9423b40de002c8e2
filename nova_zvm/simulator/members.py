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


@dataclasses.dataclass(frozen=True)
class FcpDevice:
    """A FCP device with its NPIV and physical port names."""

    address: str
    wwpn: str
    physical_wwpn: str
    chpid: str
    status: str = 'Free'


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
    osa_devices: tuple[str, ...]
    fcp_devices: tuple[FcpDevice, ...]

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
    fcp = [device for group in data['fcp'] for device in _fcp_devices(group)]
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
        osa_devices=tuple(item.upper().zfill(4)
                          for item in data['osa_devices']),
        fcp_devices=tuple(fcp))


def _fcp_devices(group: dict[str, Any]) -> list[FcpDevice]:
    first, _, last = group['devices'].partition('-')
    addresses = range(int(first, 16), int(last or first, 16) + 1)
    return [FcpDevice(f'{address:04X}', f'{group["wwpn_prefix"]}{address:08X}',
                      group['physical_wwpn'], group['chpid'])
            for address in addresses]
