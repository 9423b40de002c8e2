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

"""The zthin scripts: images to disks and back, disks linked to be formatted.

Exit status and the lines that begin with ERROR: are what the connector
reads of a failure (zvmsdk/smtclient.py guest_deploy).
"""

import dataclasses
import pathlib

from zvm_simulator.commands import coreosimage
from zvm_simulator.commands import request as requests
from zvm_simulator.directory import statements
from zvm_simulator.disks import imagefile
from zvm_simulator.disks import minidisks
from zvm_simulator.ground import codec
from zvm_simulator.ground import errors
from zvm_simulator.ground import replies
from zvm_simulator.ground import wholefile

PROGRAMS = ('unpackdiskimage', 'creatediskimage', 'linkdiskandbringonline',
            'offlinediskanddetach')
SYNTAX = 1
FAILED = 3
_DEVTYPES = {'CKD': '3390', 'FBA': '9336'}
_WRONG_TYPE = {
    'CKD': 'Specified image is of a Count-Key-Data volume, but specified '
           'disk is not a Count-Key-Data volume.',
    'FBA': 'Specified image is of a fixed-block volume, but specified disk '
           'is not a fixed-block volume.',
}

ReadImage = imagefile.ImageFile | coreosimage.Source | str
_DISK_ARGUMENTS = 3
_COREOS_ARGUMENTS = (coreosimage.ECKD, coreosimage.SCSI,
                     coreosimage.SCSI_PRESENT)


def prepare(words: list[str]) -> ReadImage | None:
    """Return what an image file is, or why it is of no use."""
    if _program(words) != 'unpackdiskimage':
        return None
    if len(words) - 1 in _COREOS_ARGUMENTS:
        return coreosimage.prepare(words[1:])
    if len(words) - 1 != _DISK_ARGUMENTS:
        return None
    try:
        return imagefile.read(pathlib.Path(words[3]))
    except OSError:
        return f'Specified image file was not found: {words[3]}'
    except ValueError:
        return f'Unable to determine the image type of {words[3]}'


def run(request: requests.Request) -> str:
    command = {
        'unpackdiskimage': _unpack, 'creatediskimage': _capture,
        'linkdiskandbringonline': _link, 'offlinediskanddetach': _unlink,
    }[_program(request.words)]
    return command(request)


def refuse(words: list[str], error: errors.Refusal) -> replies.Reply:
    status = error.status if isinstance(error, errors.CommandError) else (
        FAILED)
    return replies.failure(status, f'ERROR: {error}\n')


def _unpack(request: requests.Request) -> str:
    """Deploy: unpackdiskimage USERID VDEV FILE, or for CoreOS.

    The partition is made as large as the disk, if the image is not of a whole
    fixed-block disk. The file system in it stays as large as it is: that of
    the guest's cloud-init grows it (unpackdiskimage, resizePartition).
    """
    if len(request.words) - 1 in _COREOS_ARGUMENTS:
        return _unpack_coreos(request)
    if len(request.words) - 1 != _DISK_ARGUMENTS:
        raise errors.CommandError(1, 'Missing required parameter.')
    userid, vdev = request.word(1).upper(), request.word(2)
    disk = _free_disk(request, userid, vdev)
    if isinstance(request.read, str):
        raise errors.CommandError(FAILED, request.read)
    image: imagefile.ImageFile = request.read
    _check_fits(image, disk)
    request.system.dasd.write(disk, _content(request, image, disk))
    return (f'unpackdiskimage {userid} {vdev} {image.name}\n'
            'INFO: Image was deployed successfully.\n')


def _unpack_coreos(request: requests.Request) -> str:
    if len(request.words) - 1 == coreosimage.ECKD:
        userid, vdev = request.word(1).upper(), request.word(2)
        coreosimage.deploy_minidisk(request,
                                    _free_disk(request, userid, vdev))
    else:
        coreosimage.deploy_lun(request)
    return 'INFO: Image was deployed successfully.\n'


def _content(request: requests.Request, image: imagefile.ImageFile,
             disk: minidisks.Minidisk) -> minidisks.Content:
    """Return what an image makes of a disk.

    A captured one brings its files and its Linux; as with a real one, that
    Linux looks for its root at the device number that it was captured of.
    """
    deployed = minidisks.Image(image.name, image.os_version, image.sha256,
                               image.bytes, image.size)
    if image.captured is None:
        return minidisks.Content(
            layout='cdl' if image.kind == 'CKD' else 'fba', partitions=1,
            filesystem='ext4', image=deployed, filesystem_size=image.size,
            partition_size=image.size if image.whole else disk.size)
    content = codec.decode(minidisks.Content, image.captured.content)
    blobs = {path: request.system.dasd.put_blob(disk.name, path, data)
             for path, data in image.captured.blobs.items()}
    if content.image:
        deployed = dataclasses.replace(
            deployed, os_version=content.image.os_version,
            vdev=image.captured.vdev)
    return dataclasses.replace(
        content, blobs=blobs, image=deployed if content.image else None,
        partition_size=disk.size if content.filesystem else 0)


def _check_fits(image: imagefile.ImageFile, disk: minidisks.Minidisk) -> None:
    if _DEVTYPES[image.kind] != disk.devtype:
        raise errors.CommandError(FAILED, _WRONG_TYPE[image.kind])
    if image.size == 0:
        raise errors.CommandError(
            FAILED, f'{image.name} does not contain cylinder/record '
            'information. This appears to be a dummy image file.')
    if image.size > disk.size:
        raise errors.CommandError(
            FAILED, 'Target disk is too small for specified image.')


def _capture(request: requests.Request) -> str:
    """Capture: creatediskimage USERID VDEV FILE [--compression N].

    The file is as long as the one that was deployed, if one was.
    """
    words, level = _capture_words(request.words[1:])
    userid, vdev, target = words[0].upper(), words[1], pathlib.Path(words[2])
    if target.exists():
        raise errors.CommandError(
            FAILED, 'The specified image file already exists.')
    disk = _free_disk(request, userid, vdev, 'source')
    if not disk.content.partitions:
        raise errors.CommandError(
            FAILED, 'An error was encountered while creating disk image: '
            f'{userid} {vdev} has no partition.')
    kind = 'CKD' if disk.devtype == '3390' else 'FBA'
    captured = imagefile.Captured(
        disk.vdev, codec.encode(disk.content),
        {path: request.system.dasd.blob(name)
         for path, name in disk.content.blobs.items()})
    try:
        wholefile.write(
            target, imagefile.captured(kind, disk.size, level, captured),
            length=_deployed_length(disk.content))
    except OSError as error:
        raise errors.CommandError(FAILED, f'{target}: {error.strerror}')
    return (f'SOURCE USER ID: "{userid}"\nDISK CHANNEL:   "{vdev}"\n'
            f'IMAGE FILE:     "{target}"\nCOMPRESSION:    "{level}"\n\n'
            f"Creating {target.name} image file for {userid}'s disk at "
            f'channel {vdev} with disk size {disk.size} '
            f'{"CYL" if kind == "CKD" else "BLK"}.\n'
            'Image creation successful.\n')


def _deployed_length(content: minidisks.Content) -> int:
    """Return the length of the image file that a disk was deployed of."""
    if content.image is None:
        return 0
    return imagefile.HEADER_LENGTH + content.image.bytes


def _capture_words(words: list[str]) -> tuple[list[str], int]:
    """Return the operands and the level, 0 to 9; 6 is the default."""
    level = '6'
    if '--compression' in words:
        position = words.index('--compression')
        level = ''.join(words[position + 1:position + 2])
        words = words[:position] + words[position + 2:]
    if len(level) != 1 or not level.isdigit():
        raise errors.CommandError(
            SYNTAX, 'Compression operand is not between 0 and 9, inclusive: '
            f'{level}')
    if len(words) != 3:
        raise errors.CommandError(SYNTAX, 'Missing required parameter.')
    return words, int(level)


def _link(request: requests.Request) -> str:
    """Link a disk; the connector reads word 10 of the line Success:."""
    userid, vdev = request.word(1).upper(), _vdev(request.word(2))
    disk = request.system.dasd.minidisk(userid, vdev)
    guest = request.system.guests.find(userid)
    if disk is None or (guest and guest.disk(vdev)):
        raise errors.CommandError(2, f'Failed to connect disk: '
                                  f'{userid}:{request.word(2)} rc: 2')
    links, member = request.system.links, request.member.name
    link = links.of_disk(member, userid, vdev) or links.add(
        member, userid, vdev)
    return (f'Success: Userid {userid} vdev {request.word(2)} linked at '
            f'{link.alias} device name {link.device}\n')


def _unlink(request: requests.Request) -> str:
    userid, vdev = request.word(1).upper(), _vdev(request.word(2))
    links = request.system.links
    link = links.of_disk(request.member.name, userid, vdev)
    if link is None:
        raise errors.CommandError(1, f'{userid}:{vdev} is not linked.')
    links.remove(link)
    return f'Success: Userid {userid} vdev {request.word(2)} detached\n'


def _free_disk(request: requests.Request, userid: str, vdev: str,
               role: str = 'target') -> minidisks.Minidisk:
    """Return a disk that no running guest has."""
    if request.system.guests.find(userid):
        raise errors.CommandError(
            FAILED, f'The specified {role} system is currently running.')
    disk = request.system.dasd.minidisk(userid, _vdev(vdev))
    if disk is None:
        raise errors.CommandError(
            FAILED, f'{userid} {vdev} not linked; not in CP directory')
    return disk


def _vdev(text: str) -> str:
    try:
        return statements.vdev(text)
    except ValueError as error:
        raise errors.CommandError(FAILED, str(error))


def _program(words: list[str]) -> str:
    return words[0].rpartition('/')[2]
