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
import re
from typing import Any

from zvm_simulator.cp import fabrics
from zvm_simulator.cp import machines
from zvm_simulator.cp import metering
from zvm_simulator.cp import program
from zvm_simulator.cp import spools
from zvm_simulator.directory import entries
from zvm_simulator.disks import bootloader
from zvm_simulator.disks import either
from zvm_simulator.disks import minidisks
from zvm_simulator.disks import scsi
from zvm_simulator.ground import latency
from zvm_simulator.linux import activation
from zvm_simulator.linux import boottext
from zvm_simulator.linux import coreos
from zvm_simulator.linux import distribution
from zvm_simulator.linux import isofile
from zvm_simulator.linux import zfcp

AUTHORISED = '/etc/iucv_authorized_userid'
_PARM = re.compile(r'\bPARM (.*?)(?: LOADPARM .*)?$', re.IGNORECASE)
_DEVICE = re.compile(r'^[0-9A-F]{1,4}$')


class GuestOs:
    """The operating systems of all guests."""

    def __init__(self, cp: program.Cp, directory: entries.Directory,
                 dasd: either.Disks, fabric: fabrics.Fabric,
                 spool: spools.Spool, latencies: latency.Latency,
                 senders: tuple[str, ...]) -> None:
        self._cp = cp
        self._directory = directory
        self._dasd = dasd
        self._fabric = fabric
        self._spool = spool
        self._latency = latencies
        self._senders = senders

    def under(self, cp: program.Cp) -> 'GuestOs':
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
        elif guest.ipl != 'LOADDEV' and not _DEVICE.match(guest.ipl):
            self._cp.say(userid, f'{guest.ipl} is loaded', 'Ready;')
        elif root is None or root.content.image is None:
            self._cp.say(userid, *boottext.NO_SYSTEM)
        elif isinstance(root, scsi.Lun) and not (
                self._fabric.reaches_any(
                    guest, bootloader.paths(root.content.files))):
            self._cp.say(userid, *bootloader.MACHINE_LOADER,
                         *bootloader.NO_ROOT)
        elif isinstance(root, minidisks.Minidisk) and (
                not guest.disk(root.vdev)):
            self._cp.say(userid, *boottext.NO_SYSTEM)
        elif isinstance(root, minidisks.Minidisk) and (
                root.content.image.vdev not in ('', root.vdev)):
            self._cp.say(userid, *boottext.lost_root(
                root.content.image.vdev))
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

    def activate(self, userid: str, booting: bool = False) -> None:
        """Run the activation engine of a Linux that is up."""
        guest = self._cp.guests.get(userid)
        root = self.root(userid)
        if root:
            run = activation.Activation(
                self._dasd, self._spool, self._fabric, self._senders, guest,
                root)
            self._cp.guests.put(run.run(booting))

    def halt(self, userid: str, now: float) -> None:
        """Shut Linux down; the guest stays logged on."""
        guest = metering.settled(self._cp.guests.get(userid), now)
        self._cp.guests.put(dataclasses.replace(
            guest, linux=machines.Linux(boots=guest.linux.boots)).saying(
                boottext.HALTED))

    def reboot(self, userid: str, now: float) -> None:
        self.halt(userid, now)
        self._cp.say(userid, 'reboot: Restarting system')
        self.ipl(userid, now)

    def root(self, userid: str) -> either.Disk | None:
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
        if path not in content.files and content.image:
            own = distribution.of(content.image.os_version).release_files
            return own[path].encode()
        return content.files[path].encode()

    def command_line(self, userid: str) -> str:
        """Return the kernel's command line.

        The parameters are those of the boot loader, and what the IPL
        command adds to them (PARM).
        """
        guest, root = self._cp.guests.find(userid), self.root(userid)
        words = bootloader.options(root.content.files) if root else []
        parameters = ' '.join(words) or 'root=/dev/dasda1'
        operands = guest.settings.ipl_operands if guest else ''
        added = _PARM.search(operands)
        return f'{parameters} {added[1].strip() if added else ""}'.strip()

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

    def _drive(self, content: minidisks.Content) -> isofile.Drive:
        blob = content.blobs[activation.CONFIG_DRIVE]
        try:
            return isofile.Drive(self._dasd.blob(blob))
        except ValueError:
            raise KeyError(activation.CONFIG_DRIVE)

    def _begin(self, guest: machines.Guest, root: either.Disk,
               image: minidisks.Image, now: float) -> None:
        guest = metering.settled(guest, now)
        boots = guest.linux.boots + 1
        ready_at = now + self._latency.seconds(latency.BOOT)
        linux = machines.Linux('booting', ready_at, boots=boots,
                               os_version=image.os_version,
                               processors=guest.processors,
                               storage_mib=guest.storage_mib)
        guest = dataclasses.replace(guest, linux=linux)
        loader = (bootloader.MACHINE_LOADER
                  if isinstance(root, scsi.Lun) else ())
        self._cp.guests.put(guest.saying((*loader, *boottext.starting(
            guest, self.command_line(guest.userid)))))

    def _finish(self, guest: machines.Guest) -> None:
        root = self.root(guest.userid)
        if coreos.is_coreos(guest.linux.os_version) and root:
            guest, files = coreos.booted(guest, root)
            self._cp.guests.put(guest)
            self._dasd.write(root, dataclasses.replace(root.content,
                                                       files=files))
            return
        linux = dataclasses.replace(guest.linux, state='up')
        self._cp.guests.put(dataclasses.replace(guest, linux=linux).saying(
            boottext.arriving()))
        self.activate(guest.userid, booting=True)
        guest = self._cp.guests.get(guest.userid)
        self._cp.guests.put(guest.saying(boottext.ready(guest)))
