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

"""The 512-byte header of the disk images that the connector takes.

Layout as its import and deploy read it (zvmsdk/smtclient.py,
_get_disk_size_units; zthin's unpackdiskimage): bytes 0-19 name the device
type, 20-31 its size right-justified, 33-35 the unit, and from 37 on the
header's own length and the compression; blanks up to byte 512.
"""

import dataclasses

LENGTH = 512
_TAGS = {b'xCAT CKD Disk Image:': 'CYL', b'xCAT FBA Disk Image:': 'BLK',
         b'xCAT FBA Part Image:': 'BLK'}


@dataclasses.dataclass(frozen=True)
class Header:
    """Size of the disk that an image was taken of."""

    size: int
    units: str

    def pack(self) -> bytes:
        """Return the 512 bytes."""
        tag = next(tag for tag, units in _TAGS.items() if units == self.units)
        text = b'%s%12d %s HLen: 0055 GZIP: 0' % (
            tag, self.size, self.units.encode())
        return text.ljust(LENGTH)


def parse(data: bytes) -> Header:
    """Return the Header of an image's first bytes; ValueError if none."""
    units = _TAGS.get(bytes(data[:20]))
    size = bytes(data[20:32]).strip()
    if (len(data) < LENGTH or units is None or not size.isdigit() or
            bytes(data[33:36]) != units.encode()):
        raise ValueError('no disk image header')
    return Header(int(size), units)
