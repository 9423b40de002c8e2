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

"""Minidisks and LUNs alike: what a Linux can have its root on."""

from zvm_simulator.disks import minidisks
from zvm_simulator.disks import scsi

Disk = minidisks.Minidisk | scsi.Lun


class Disks:
    """Reads and writes a disk, whichever kind it is of."""

    def __init__(self, dasd: minidisks.Dasd, storage: scsi.Storage) -> None:
        self._dasd = dasd
        self._storage = storage

    def minidisk(self, userid: str, vdev: str) -> minidisks.Minidisk | None:
        return self._dasd.minidisk(userid, vdev)

    def write(self, disk: Disk, content: minidisks.Content) -> Disk:
        """Put other content on a disk."""
        if isinstance(disk, scsi.Lun):
            return self._storage.write(disk, content)
        return self._dasd.write(disk, content)

    def put_blob(self, disk: Disk, path: str, data: bytes) -> str:
        """Keep the content of a file of the disk; return its blob name."""
        return self._dasd.put_blob(disk.name, path, data)

    def blob(self, name: str) -> bytes:
        return self._dasd.blob(name)
