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

"""What this process takes of its host: memory, and bytes on its disk."""

import contextlib
import dataclasses
import gc
import pathlib

_PROC = pathlib.Path('/proc/self')
# proc_pid_clear_refs(5): the peak begins anew at what is resident now.
_RESET_PEAK = '5'


@dataclasses.dataclass
class Taken:
    """What was taken during some stretch of time, in bytes.

    :ivar memory: resident at most, over what was resident before
    :ivar files: by which the files in the folders have grown
    :ivar written: to any file at all, logs and databases included, but
        not to sockets
    """

    memory: int = 0
    files: int = 0
    written: int = 0


@contextlib.contextmanager
def taken(folder):
    """Give what is Taken during the block, complete when it ends.

    :param folder: in which no files are expected
    """
    found = Taken()
    gc.collect()
    files, written = _size_of_files(folder), _written()
    (_PROC / 'clear_refs').write_text(_RESET_PEAK)
    idle = _peak()
    yield found
    found.memory = _peak() - idle
    found.files = _size_of_files(folder) - files
    found.written = _written() - written


def _peak():
    return int(_field('status', 'VmHWM').removesuffix('kB')) * 1024


def _written():
    return int(_field('io', 'wchar'))


def _field(file, name):
    for line in (_PROC / file).read_text().splitlines():
        if line.startswith(name + ':'):
            return line.partition(':')[2].strip()
    raise RuntimeError('The kernel does not tell %s.' % name)


def _size_of_files(folder):
    return sum(path.stat().st_size for path in folder.rglob('*')
               if path.is_file())
