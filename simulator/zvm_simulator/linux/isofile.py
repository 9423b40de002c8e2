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

"""Reading config drives: ISO 9660 files as a Linux would mount them."""

import io

import pycdlib
from pycdlib import pycdlibexception


class Drive:
    """The files of an ISO image by the path that Linux shows."""

    def __init__(self, data: bytes) -> None:
        """ValueError if data is no ISO 9660 file system."""
        self._iso = pycdlib.PyCdlib()
        try:
            self._iso.open_fp(io.BytesIO(data))
        except pycdlibexception.PyCdlibException as error:
            raise ValueError(f'no ISO 9660 file system: {error}')
        self._kind = 'iso_path'
        if self._iso.has_rock_ridge():
            self._kind = 'rr_path'
        elif self._iso.has_joliet():
            self._kind = 'joliet_path'

    @property
    def label(self) -> str:
        """The volume identifier, which cloud-init looks for."""
        name: bytes = self._iso.pvd.volume_identifier
        return name.decode(errors='replace').strip()

    def names(self) -> list[str]:
        """Return the paths of all files, without a leading slash."""
        found = []
        for folder, _, files in self._iso.walk(**{self._kind: '/'}):
            base = folder.strip('/')
            found += [f'{base}/{name}'.strip('/') for name in files]
        return sorted(_linux_name(name) for name in found)

    def read(self, path: str) -> bytes:
        """Return a file's content; KeyError if there is no such file."""
        target = '/' + path.strip('/')
        if self._kind == 'iso_path':
            target = target.upper() + ';1'
        output = io.BytesIO()
        try:
            self._iso.get_file_from_iso_fp(output, **{self._kind: target})
        except pycdlibexception.PyCdlibException:
            raise KeyError(path)
        return output.getvalue()


def _linux_name(name: str) -> str:
    return name.partition(';')[0].lower() if ';' in name else name
