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
of (zthin's unpackdiskimage; zvmsdk/smtclient.py _get_disk_size_units); the
rest is the disk. Files are read in pieces: they may be larger than memory.
"""

import dataclasses
import hashlib
import pathlib
import re

HEADER_LENGTH = 512
_PIECE = 1024 * 1024
_HEADER = re.compile(
    rb'^xCAT (CKD|FBA) Disk Image:\s*(\d+)\s*(?:CYL|BLK)', re.DOTALL)
_UNITS = {'CKD': 'CYL', 'FBA': 'BLK'}


@dataclasses.dataclass(frozen=True)
class ImageFile:
    """An image file; kind is CKD or FBA, size in cylinders or blocks."""

    name: str
    os_version: str
    kind: str
    size: int
    bytes: int
    sha256: str


def read(path: pathlib.Path) -> ImageFile:
    """Read header and digest of a file.

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
                     match[1].decode(), int(match[2]), length,
                     digest.hexdigest())


def header(kind: str, size: int) -> bytes:
    """Return the header of an image of that kind and size."""
    text = f'xCAT {kind} Disk Image:{size:12d} {_UNITS[kind]} HLen: 0055 ' \
           'GZIP: 0'
    return text.encode().ljust(HEADER_LENGTH)
