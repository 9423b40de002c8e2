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

"""The activation engine of a guest's Linux, zvmguestconfigure.

It looks at class X reader files only, of authorised senders only, and of
the types sh, doscript and iso only; whatever else lies in the reader stays
there, unseen. What cloud-init finds is the file cfgdrive.iso and no other.
"""

from collections.abc import Callable
import dataclasses
import io
import json
import tarfile

from zvm_simulator.cp import fabrics
from zvm_simulator.cp import machines
from zvm_simulator.cp import spools
from zvm_simulator.disks import either
from zvm_simulator.disks import scsi
from zvm_simulator.linux import cloudinit
from zvm_simulator.linux import isofile
from zvm_simulator.linux import scripts
from zvm_simulator.linux import zfcp

# The script that grows a root file system (vmops.py guest_grow_root_volume).
GROW_ROOT = 'gpartvol'
TAKEN_TYPES = ('sh', 'doscript', 'iso')
CONFIG_DRIVE = '/var/opt/zthin/cfgdrive.iso'
TRANSPORT = '/var/opt/zthin/transport'
CONFIG_DRIVE_LABEL = 'config-2'
FSTAB = '/etc/fstab'
HOSTNAME = '/etc/hostname'
_FSTAB_LINE = '/dev/disk/by-path/ccw-0.0.{}-part1 {} {} defaults 0 0\n'


class Activation:
    """One run of the engine in one guest."""

    def __init__(self, dasd: either.Disks, spool: spools.Spool,
                 fabric: fabrics.Fabric, senders: tuple[str, ...],
                 guest: machines.Guest, root: either.Disk) -> None:
        self._dasd = dasd
        self._fabric = fabric
        self._spool = spool
        self._senders = senders
        self._guest = guest
        self._root = root
        self._files = dict(root.content.files)
        self._blobs = dict(root.content.blobs)
        self._script = scripts.Script(self._files, self._call)
        self._messages: list[str] = []
        self._status = 0

    def run(self, booting: bool) -> machines.Guest:
        """Take what the reader has for the engine, and mount the disks.

        cloud-init comes after it while Linux boots, and then only.
        """
        self._say('zvmguestconfigure is starting')
        for file in self._spool.files(self._guest.userid):
            if self._takes(file):
                self._receive(file)
        self._say('zvmguestconfigure has successfully processed the reader '
                  'files.')
        if booting:
            self._cloud_init()
        mounts = self._mounts()
        self._root = self._dasd.write(self._root, dataclasses.replace(
            self._root.content, files=self._files, blobs=self._blobs))
        linux = dataclasses.replace(
            self._guest.linux, mounts=mounts,
            activation_status=self._status,
            hostname=self._files.get(HOSTNAME, '').strip() or 'localhost')
        return dataclasses.replace(
            self._guest, linux=linux).saying(self._messages)

    def _takes(self, file: spools.SpoolFile) -> bool:
        return (file.spool_class == 'X' and file.type in TAKEN_TYPES and
                ('*' in self._senders or file.origin in self._senders))

    def _receive(self, file: spools.SpoolFile) -> None:
        data = self._spool.content(file)
        self._say(f'Downloading record {file.spoolid:04d}: '
                  f'{file.name}.{file.type}')
        handle: Callable[[spools.SpoolFile, bytes], None] = {
            'sh': self._run_script, 'doscript': self._run_archive,
            'iso': self._keep_iso}[file.type]
        handle(file, data)
        self._spool.purge(file)

    def _run_script(self, file: spools.SpoolFile, data: bytes) -> None:
        text = data.decode(errors='replace')
        if file.name == GROW_ROOT:
            self._grow_root()
        elif file.name in (zfcp.ATTACH, zfcp.DETACH):
            self._run_volume_script(file, text)
        self._script.run(text)
        self._take_hostname()

    def _grow_root(self) -> None:
        """The script is for multipath volumes, and leaves others alone."""
        if not isinstance(self._root, scsi.Lun):
            self._say('multipathd service is inactive, abort extending the '
                      'root partition.')
            return
        self._grow_file_system(self._root.size)

    def _grow_file_system(self, size: int) -> None:
        self._root = self._dasd.write(self._root, dataclasses.replace(
            self._root.content, filesystem_size=size))

    def _run_volume_script(self, file: spools.SpoolFile, text: str) -> None:
        status = zfcp.Zfcp(self._fabric, self._guest, self._files).run(
            file.name, text)
        if status:
            self._status = status
            self._say(f'{file.name}.{file.type} exits with code {status}')

    def _run_archive(self, file: spools.SpoolFile, data: bytes) -> None:
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                folder = {member.name: _text(archive, member)
                          for member in archive.getmembers()
                          if member.isfile()}
        except tarfile.TarError as error:
            self._say(f'tar: {file.name}.{file.type}: {error}')
            return
        name = 'invokeScript.sh'
        if name not in folder:
            self._say(f'/bin/bash: {name}: No such file or directory')
            return
        self._script.run(folder[name], folder)
        self._take_hostname()

    def _keep_iso(self, file: spools.SpoolFile, data: bytes) -> None:
        path = f'{TRANSPORT}/{file.name}.iso'
        if f'{file.name}.iso' == CONFIG_DRIVE.rpartition('/')[2]:
            path = CONFIG_DRIVE
        self._blobs[path] = self._dasd.put_blob(self._root, path, data)

    def _take_hostname(self) -> None:
        if self._script.hostname:
            self._files[HOSTNAME] = self._script.hostname + '\n'
            self._script.hostname = ''

    def _call(self, name: str, arguments: list[str]) -> None:
        values = dict(item.partition('=')[::2] for item in arguments)
        if (name.rpartition('/')[2] == 'setupDisk' and
                values.get('action') == 'addMdisk'):
            self._add_disk(values)

    def _add_disk(self, values: dict[str, str]) -> None:
        vdev = values.get('vaddr', '').upper().zfill(4)
        place = values.get('mntdir', '')
        if self._guest.disk(vdev) is None:
            self._say(f'onlineDevice (Error) Could not activate the virtual '
                      f'device {vdev.lower()}')
            return
        line = _FSTAB_LINE.format(vdev.lower(), place,
                                  values.get('filesys', ''))
        fstab = self._files.get(FSTAB, '')
        if line not in fstab:
            self._files[FSTAB] = fstab + line

    def _mounts(self) -> dict[str, str]:
        mounts = {'/': self._root.device}
        for line in self._files.get(FSTAB, '').splitlines():
            words = line.split()
            vdev = words[0].rpartition('ccw-0.0.')[2][:4].upper()
            disk = self._dasd.minidisk(self._guest.userid, vdev)
            present = self._guest.disk(vdev) is not None
            if disk and present and disk.content.filesystem == words[2]:
                mounts[words[1]] = vdev
            else:
                self._say(f'mount: {words[1]}: special device {words[0]} '
                          'does not exist or has no such file system.')
        return mounts

    def _cloud_init(self) -> None:
        if not cloudinit.runs(self._files):
            return
        content = self._root.content
        if cloudinit.grows_root(self._files):
            self._grow_file_system(max(content.filesystem_size,
                                       content.partition_size))
        source = 'DataSourceNone'
        blob = self._blobs.get(CONFIG_DRIVE)
        if blob:
            source = self._config_drive(self._dasd.blob(blob)) or source
        self._say(f'cloud-init: Cloud-init finished. Datasource {source}')

    def _config_drive(self, data: bytes) -> str:
        try:
            drive = isofile.Drive(data)
            meta = json.loads(drive.read('openstack/latest/meta_data.json'))
        except (ValueError, KeyError):
            return ''
        if drive.label != CONFIG_DRIVE_LABEL:
            return ''
        hostname = str(meta.get('hostname', '')).partition('.')[0]
        if hostname:
            self._files[HOSTNAME] = hostname + '\n'
        return 'DataSourceConfigDrive [net,ver=2][source=/dev/loop0]'

    def _say(self, line: str) -> None:
        self._messages.append(line)


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = archive.extractfile(member)
    return file.read().decode(errors='replace') if file else ''
