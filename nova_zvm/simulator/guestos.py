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

"""The Linux in each guest: it boots, runs, and goes down.

It boots when the guest is IPLed from a minidisk or a LUN on which an image
was deployed, and takes its time for it; then it runs its activation engine.
What it writes on its disks is still there at the next boot.
"""

import copy
import dataclasses
from typing import Any

from nova_zvm.simulator import activation
from nova_zvm.simulator import bootloader
from nova_zvm.simulator import coreos
from nova_zvm.simulator import cp as cps
from nova_zvm.simulator import dasd as dasds
from nova_zvm.simulator import directory as directories
from nova_zvm.simulator import disks
from nova_zvm.simulator import fabric as fabrics
from nova_zvm.simulator import guests as logons
from nova_zvm.simulator import isofile
from nova_zvm.simulator import spool as spools
from nova_zvm.simulator import storage as storages
from nova_zvm.simulator import zfcp

AUTHORISED = '/etc/iucv_authorized_userid'
# Kernels by what an image's os_version begins with.
_KERNELS = (
    ('rhel6', '2.6.32-754.el6.s390x'), ('rhel7', '3.10.0-1160.el7.s390x'),
    ('rhel8', '4.18.0-372.el8.s390x'), ('rhel9', '5.14.0-427.el9_4.s390x'),
    ('rhcos4', '5.14.0-284.el9_2.s390x'),
    ('sles11', '3.0.101-63-default'), ('sles12', '4.12.14-122-default'),
    ('sles15', '5.14.21-150500-default'), ('ubuntu16', '4.4.0-210-generic'),
    ('ubuntu20', '5.4.0-169-generic'), ('ubuntu22', '5.15.0-94-generic'),
)


class GuestOs:
    """The operating systems of all guests."""

    def __init__(self, cp: cps.Cp, directory: directories.Directory,
                 dasd: disks.Disks, fabric: fabrics.Fabric,
                 spool: spools.Spool, boot_time: float,
                 senders: tuple[str, ...]) -> None:
        self._cp = cp
        self._directory = directory
        self._dasd = dasd
        self._fabric = fabric
        self._spool = spool
        self._boot_time = boot_time
        self._senders = senders

    def under(self, cp: cps.Cp) -> 'GuestOs':
        """Return the same for the guests that a CP acts on."""
        here = copy.copy(self)
        here._cp = cp
        return here

    def ipl(self, userid: str, now: float) -> None:
        """IPL a logged-on guest as its directory entry says."""
        guest = self._cp.guests.get(userid)
        root = self.root(userid)
        if not guest.ipl:
            self._cp.say(userid, 'CP READ')
        elif root is None or root.content.image is None or (
                isinstance(root, dasds.Minidisk) and
                not guest.disk(root.vdev)):
            self._cp.say(userid, 'HCPGIR450W CP entered; disabled wait PSW '
                         '00020001 80000000 00000000 00000000')
        elif isinstance(root, storages.Lun) and not (
                self._fabric.reaches_any(
                    guest, bootloader.paths(root.content.files))):
            self._cp.say(userid, *bootloader.MACHINE_LOADER,
                         *bootloader.NO_ROOT)
        else:
            self._begin(guest, root, root.content.image, now)

    def finish_boots(self, now: float) -> None:
        """Let the guests come up whose time it is."""
        for guest in self._cp.guests.waiting():
            if (guest.linux.state == 'booting' and
                    guest.paused_at is None and
                    guest.leaving_at is None and
                    guest.linux.ready_at <= now):
                self._finish(guest)

    def activate(self, userid: str) -> None:
        """Run the activation engine of a Linux that is up."""
        guest = self._cp.guests.get(userid)
        root = self.root(userid)
        if root:
            self._cp.guests.put(activation.Activation(
                self._dasd, self._spool, self._fabric, self._senders,
                guest, root).run())

    def halt(self, userid: str) -> None:
        """Shut Linux down; the guest stays logged on."""
        guest = self._cp.guests.get(userid)
        self._cp.guests.put(dataclasses.replace(
            guest, linux=logons.Linux(boots=guest.linux.boots)).saying((
                'Stopping all services.', 'Unmounted all file systems.',
                'reboot: System halted',
                'HCPGSP2629I The virtual machine is placed in CP mode due '
                'to a SIGP stop from CPU 00.')))

    def reboot(self, userid: str, now: float) -> None:
        self.halt(userid)
        self._cp.say(userid, 'reboot: Restarting system')
        self.ipl(userid, now)

    def root(self, userid: str) -> disks.Disk | None:
        """Return the disk that a guest is or would be IPLed from.

        Only a guest that is logged on has a way to a LUN.
        """
        guest = self._cp.guests.find(userid)
        lun = self._fabric.boot_lun(guest) if guest else None
        if lun:
            return lun
        entry = self._directory.find(userid)
        vdev = guest.ipl if guest else entry.ipl if entry else ''
        return self._dasd.minidisk(userid, vdev.zfill(4)) if vdev else None

    def authorised(self, userid: str) -> str:
        """Return the userid from which IUCV commands may come."""
        root = self.root(userid)
        files = root.content.files if root else {}
        return files.get(AUTHORISED, '').strip()

    def file(self, userid: str, path: str) -> bytes:
        """Return a file that the Linux has; KeyError if it has not.

        A relative path and one below /mnt/config is of the config drive.
        """
        root = self.root(userid)
        if root is None:
            raise KeyError(path)
        content = root.content
        relative = path.removeprefix('/mnt/config/')
        if not relative.startswith('/'):
            return self._drive(content).read(relative)
        if path in content.blobs:
            return self._dasd.blob(content.blobs[path])
        return content.files[path].encode()

    def write_file(self, userid: str, path: str, text: str) -> None:
        """Write a text file on a guest's root disk."""
        root = self.root(userid)
        if root:
            self._dasd.write(root, dataclasses.replace(
                root.content, files={**root.content.files, path: text}))

    def volumes(self, userid: str) -> list[dict[str, Any]]:
        """Return the SCSI volumes that a Linux has while it is up."""
        guest = self._cp.guests.get(userid)
        root = self.root(userid)
        if root is None or guest.linux.state != 'up':
            return []
        return zfcp.Zfcp(self._fabric, guest,
                         dict(root.content.files)).volumes()

    def drive_names(self, userid: str) -> list[str]:
        """Return the paths on the config drive that the Linux mounted."""
        root = self.root(userid)
        try:
            return self._drive(root.content).names() if root else []
        except KeyError:
            return []

    def _drive(self, content: dasds.Content) -> isofile.Drive:
        blob = content.blobs[activation.CONFIG_DRIVE]
        try:
            return isofile.Drive(self._dasd.blob(blob))
        except ValueError:
            raise KeyError(activation.CONFIG_DRIVE)

    def _begin(self, guest: logons.Guest, root: disks.Disk,
               image: dasds.Image, now: float) -> None:
        boots = guest.linux.boots + 1
        linux = logons.Linux('booting', now + self._boot_time, boots=boots,
                             os_version=image.os_version,
                             processors=guest.processors,
                             storage_mib=guest.storage_mib)
        kernel = kernel_release(image.os_version)
        loader = (bootloader.MACHINE_LOADER
                  if isinstance(root, storages.Lun) else ())
        parameters = ' '.join(bootloader.options(root.content.files)) or (
            'root=/dev/disk/by-path/ccw-0.0.'
            f'{guest.ipl.lower()}-part1')
        self._cp.guests.put(dataclasses.replace(guest, linux=linux).saying((
            *loader, 'Booting default (grub2/zipl)',
            f'Linux version {kernel} (boot {boots})',
            'setup: Linux is running as a z/VM guest operating system in '
            '64-bit mode',
            f'Command line: {parameters}')))

    def _finish(self, guest: logons.Guest) -> None:
        root = self.root(guest.userid)
        if coreos.is_coreos(guest.linux.os_version) and root:
            guest, files = coreos.booted(guest, root)
            self._cp.guests.put(guest)
            self._dasd.write(root, dataclasses.replace(root.content,
                                                       files=files))
            return
        linux = dataclasses.replace(guest.linux, state='up')
        self._cp.guests.put(dataclasses.replace(guest, linux=linux))
        self.activate(guest.userid)
        hostname = self._cp.guests.get(guest.userid).linux.hostname
        self._cp.say(guest.userid, 'Reached target Multi-User System.',
                     f'{hostname} login:')


def kernel_release(os_version: str) -> str:
    """Return what uname -r says in a Linux of that distribution."""
    for prefix, release in _KERNELS:
        if os_version.lower().startswith(prefix):
            return release
    return '6.1.0-18-s390x'
