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

"""Files that are there as a whole or not at all, whenever we are killed."""

import os
import pathlib


def write(path: pathlib.Path, content: str | bytes,
          mode: int = 0o644, length: int = 0) -> None:
    """Replace a file's content; who reads it sees the old or the new.

    A file that would be shorter than length bytes ends with a hole.
    """
    data = content.encode() if isinstance(content, str) else content
    unfinished = path.with_name(f'{path.name}.new')
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY,
                         mode)
    with os.fdopen(descriptor, 'wb') as stream:
        stream.write(data)
        stream.truncate(max(length, len(data)))
    unfinished.replace(path)
