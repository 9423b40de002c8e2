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

"""The storage network: which LUN a FCP device of a guest reaches."""

from zvm_simulator.cp import machines
from zvm_simulator.cp import realdevices
from zvm_simulator.disks import bootloader
from zvm_simulator.disks import scsi

LOADDEV = 'LOADDEV'


class Fabric:
    """What lies between FCP devices and storage."""

    def __init__(self, devices: realdevices.RealDevices,
                 storage: scsi.Storage) -> None:
        self._devices = devices
        self._storage = storage

    def sees(self, member: str, real: str, port: str) -> bool:
        """Tell whether a FCP device can log in at a target port."""
        return self._storage.admits(self._wwpn(member, real), port)

    def lun(self, member: str, real: str, port: str,
            lun: str) -> scsi.Lun | None:
        """Return the LUN that a FCP device has through a target port."""
        return self._storage.find(self._wwpn(member, real), port, lun)

    def reaches_any(self, guest: machines.Guest,
                    paths: list[bootloader.Path]) -> bool:
        """Tell whether a guest has a LUN by one of the paths."""
        return any(self.lun(guest.member, guest.dedicated.get(path.vdev, ''),
                            path.port, path.lun) for path in paths)

    def boot_lun(self, guest: machines.Guest) -> scsi.Lun | None:
        """Return the LUN that a guest is IPLed from, if it reaches it.

        IPL names a FCP device, or LOADDEV: then LOADDEV says which device,
        or any one does. A Linux that is up has all paths to its root.
        """
        named = guest.ipl.zfill(4)
        if guest.ipl == LOADDEV:
            named = guest.loaddev.device
        if guest.disk(named):
            return None
        vdevs = [named]
        if not named or guest.linux.state == 'up':
            vdevs = sorted(guest.dedicated)
        for vdev in vdevs:
            lun = self.lun(guest.member, guest.dedicated.get(vdev, ''),
                           guest.loaddev.portname, guest.loaddev.lun)
            if lun:
                return lun
        return None

    def _wwpn(self, member: str, real: str) -> str:
        device = self._devices.find(member, real)
        return device.wwpn if device else ''
