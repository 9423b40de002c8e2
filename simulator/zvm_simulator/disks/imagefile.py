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

"""Disk image files as the connector keeps them.

A header of 512 bytes says what kind and size of disk the image was taken
of, and how it is compressed (zthin's creatediskimage and unpackdiskimage;
zvmsdk/smtclient.py _get_disk_size_units); the rest is the disk. Of a disk
that was captured here, that is all that is on it, as text, and then nothing
up to the length of the image that the disk was deployed of; of any other
image it is taken for a disk with a Linux on it. Files are read in pieces:
they may be larger than memory.
"""

import base64
from collections.abc import Mapping
import dataclasses
import gzip
import hashlib
import json
import pathlib
import re
from typing import Any
import zlib

HEADER_LENGTH = 512
_PIECE = 1024 * 1024
_HEADER = re.compile(
    rb'^xCAT (CKD|FBA) (Disk|Part) Image:\s*(\d+)\s*(?:CYL|BLK)', re.DOTALL)
_TITLES = {'CKD': 'xCAT CKD Disk Image:', 'FBA': 'xCAT FBA Part Image:'}
_UNITS = {'CKD': 'CYL', 'FBA': 'BLK'}
_CAPTURED = b'disk of a simulated z/VM\n'
# Of the text, as decimal digits in front of it.
_LENGTH_DIGITS = 12


@dataclasses.dataclass(frozen=True)
class Captured:
    """What was on a disk, and the device number that it had.

    content is JSON data, blobs are the contents of larger files by path.
    """

    vdev: str
    content: Any
    blobs: Mapping[str, bytes]


@dataclasses.dataclass(frozen=True)
class ImageFile:
    """An image file; kind is CKD or FBA, size in cylinders or blocks.

    whole is that of a fixed-block disk with its partition table, not of
    its partition, which does not grow when it is written on a larger disk.
    """

    name: str
    os_version: str
    kind: str
    size: int
    bytes: int
    sha256: str
    whole: bool
    captured: Captured | None = None


def read(path: pathlib.Path) -> ImageFile:
    """Read header and digest of a file, and what was captured.

    OSError if it cannot be read, ValueError if it has no header.
    """
    digest = hashlib.sha256()
    length = 0
    with path.open('rb') as file:
        match = _HEADER.match(file.read(HEADER_LENGTH))
        if not match:
            raise ValueError('the file has no disk image header')
        while piece := file.read(_PIECE):
            digest.update(piece)
            length += len(piece)
    # .../netboot/<os_version>/<image name>/<vdev>
    return ImageFile(path.parent.name, path.parent.parent.name,
                     match[1].decode(), int(match[3]), length,
                     digest.hexdigest(),
                     match[1] == b'FBA' and match[2] == b'Disk',
                     _read_captured(path))


def header(kind: str, size: int, compression: int = 0) -> bytes:
    """Return the header of an image of that kind and size."""
    text = f'{_TITLES[kind]}{size:12d} {_UNITS[kind]} HLen: 0055 ' \
           f'GZIP: {compression}'
    return text.encode().ljust(HEADER_LENGTH)


def captured(kind: str, size: int, compression: int, disk: Captured) -> bytes:
    """Return the file of a captured disk; any bytes may follow it."""
    text = json.dumps({
        'vdev': disk.vdev, 'content': disk.content,
        'blobs': {path: base64.b64encode(data).decode()
                  for path, data in disk.blobs.items()}}).encode()
    payload = _CAPTURED + b'%*d' % (_LENGTH_DIGITS, len(text)) + text
    if compression:
        payload = gzip.compress(payload, compression, mtime=0)
    return header(kind, size, compression) + payload


def _read_captured(path: pathlib.Path) -> Captured | None:
    with path.open('rb') as file:
        file.seek(HEADER_LENGTH)
        packed = file.read(2) == b'\x1f\x8b'
        file.seek(HEADER_LENGTH)
        stream: Any = gzip.GzipFile(fileobj=file) if packed else file
        try:
            if stream.read(len(_CAPTURED)) != _CAPTURED:
                return None
            # Not to the end: gzip would look at each byte that follows.
            data = json.loads(stream.read(int(stream.read(_LENGTH_DIGITS))))
        except (OSError, EOFError, zlib.error):
            return None
    return Captured(data['vdev'], data['content'], {
        name: base64.b64decode(text)
        for name, text in data['blobs'].items()})
