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

"""ISO 9660 images, made in memory.

What is on a config drive is secret: so no program makes it, to which its
files would have to be given on a disk.
"""

from collections import abc
import io
import posixpath

import pycdlib


def image(files: abc.Mapping[str, bytes | str], label: str) -> bytes:
    """Return an ISO 9660 image as bytes.

    All of its trees, that of Rock Ridge, of Joliet and the plain one, have
    the same names.

    :param files: contents, bytes or text, by relative path
    :raises PyCdlibException: if a name is too long for one of the trees
    """
    iso = pycdlib.PyCdlib()
    # Level 4 is ISO 9660:1999, whose plain names may be any.
    iso.new(interchange_level=4, joliet=3, rock_ridge='1.09',
            vol_ident=label)
    try:
        for folder in _folders(files):
            iso.add_directory(**_names(folder))
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            iso.add_fp(io.BytesIO(data), len(data), **_names(path))
        output = io.BytesIO()
        iso.write_fp(output)
    finally:
        iso.close()
    return output.getvalue()


def _folders(paths: abc.Iterable[str]) -> list[str]:
    """Return the folders of all paths, each after the one that it is in."""
    found: set[str] = set()
    for path in paths:
        while path := posixpath.dirname(path):
            found.add(path)
    return sorted(found)


def _names(path: str) -> dict[str, str]:
    return {'iso_path': '/' + path, 'joliet_path': '/' + path,
            'rr_name': posixpath.basename(path)}
