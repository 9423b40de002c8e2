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

"""unpackdiskimage for Red Hat CoreOS: the image, Ignition, the network.

The connector (zvmsdk/smtclient.py _get_unpackdiskimage_cmd_rhcos) names

* userid, minidisk, image, Ignition file, ECKD, NIC and address, or
* FCP device, port, LUN, image, Ignition file, SCSI, NIC and address, or,
* to leave the image that is there, the same without image and SCSI.
"""

import dataclasses
import hashlib
import pathlib

from zvm_simulator.commands import ignition
from zvm_simulator.commands import request as requests
from zvm_simulator.disks import bootloader
from zvm_simulator.disks import minidisks
from zvm_simulator.disks import scsi
from zvm_simulator.ground import errors
from zvm_simulator.linux import coreos

FAILED = 3
NO_IGNITION = 9
_PIECE = 1024 * 1024
_GPT_PARTITIONS = 4
# How many arguments each form has, and which of them is the image.
ECKD, SCSI, SCSI_PRESENT = 7, 8, 6
_IMAGE = {ECKD: 2, SCSI: 3}


@dataclasses.dataclass(frozen=True)
class Source:
    """What is read of the files that the command names."""

    image: minidisks.Image | None
    ignition: str | None


def prepare(arguments: list[str]) -> Source:
    """Read image and Ignition file."""
    position = _IMAGE.get(len(arguments))
    image = None
    if position is not None:
        image = _read_image(pathlib.Path(arguments[position]))
    ignition_at = (position + 1) if position is not None else 3
    return Source(image, ignition.read(arguments[ignition_at]))


def deploy_minidisk(request: requests.Request,
                    disk: minidisks.Minidisk) -> None:
    """Write the image on a minidisk of a guest that is logged off."""
    *_, image_path, ignition_file, kind, nics, address = request.words[1:]
    if kind != 'ECKD' or disk.devtype != '3390':
        raise errors.CommandError(FAILED, f'Disk type {kind} does not fit '
                                  f'a disk {disk.devtype}.')
    image = _image(request.read, image_path)
    if image.bytes > disk.size * minidisks.UNIT_BYTES[disk.devtype]:
        raise errors.CommandError(
            FAILED, 'Target disk is too small for specified image.')
    content = _content(image, disk.size)
    root = 'root=/dev/disk/by-label/root'
    request.system.dasd.write(disk, _configured(
        content, request.read, ignition_file, [root], nics, address))


def deploy_lun(request: requests.Request) -> None:
    """Write the image on a LUN, or configure the one that is there."""
    words = request.words[1:]
    device, port, number = (word.lower().removeprefix('0x').upper()
                            for word in words[:3])
    nics, address = words[-2:]
    path = bootloader.Path(device, port, number)
    lun = _lun(request, path)
    content, ignition_file = lun.content, words[3]
    if len(words) == SCSI:
        image = _image(request.read, words[3])
        if image.bytes > lun.size * scsi.BLOCK_BYTES:
            raise errors.CommandError(
                FAILED, 'Target disk is too small for specified image.')
        content, ignition_file = _content(image, lun.size), words[4]
    elif content.image is None:
        raise errors.CommandError(FAILED, 'failed mounting boot partition')
    request.system.storage.write(lun, _configured(
        content, request.read, ignition_file, [path.parameter()], nics,
        address))


def _lun(request: requests.Request, path: bootloader.Path) -> scsi.Lun:
    """Return the LUN; the FCP device must be free to be used for it."""
    member = request.member.name
    try:
        request.system.devices.check_free(member, path.vdev, 'ATR')
    except errors.CpError as error:
        raise errors.CommandError(FAILED, error.message())
    lun = request.system.fabric.lun(member, path.vdev, path.port, path.lun)
    if lun is None:
        raise errors.CommandError(
            FAILED, f'Unable to find the disk 0.0.{path.vdev.lower()}:'
            f'0x{path.port.lower()}:0x{path.lun.lower()}.')
    return lun


def _image(source: Source, path: str) -> minidisks.Image:
    if source.image is None:
        raise errors.CommandError(
            FAILED, f'Specified image file was not found: {path}')
    return source.image


def _content(image: minidisks.Image, size: int) -> minidisks.Content:
    return minidisks.Content('gpt', _GPT_PARTITIONS, 'xfs', size, image)


def _configured(content: minidisks.Content, source: Source, ignition_file: str,
                root: list[str], nics: str, address: str) -> minidisks.Content:
    if source.ignition is None:
        raise errors.CommandError(
            NO_IGNITION, f'failed fetching ignition config from '
            f'{ignition_file}')
    files = bootloader.with_options(
        content.files, root + coreos.parameters(nics, address))
    files[coreos.IGNITION] = source.ignition
    return dataclasses.replace(content, files=files)


def _read_image(path: pathlib.Path) -> minidisks.Image | None:
    """Read digest and length; the file is a disk without any header."""
    digest, length = hashlib.sha256(), 0
    try:
        with path.open('rb') as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                length += len(piece)
    except OSError:
        return None
    cylinders = -(-length // minidisks.UNIT_BYTES['3390'])
    # .../netboot/<os_version>/<image name>/<vdev>
    return minidisks.Image(path.parent.name, path.parent.parent.name,
                           digest.hexdigest(), length, cylinders)
