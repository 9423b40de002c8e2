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

"""Install packages for tox: by uv where that is there, otherwise by pip.

Run by the interpreter of the environment, or by another one that has pip and
is given the option --python, with pip's options for `install`.
uv does in seconds what pip takes a minute for, but reads none of pip's
configuration: where that names a package index of its own, pip installs. So
it does where uv fails.
"""

import os
import pathlib
import shutil
import subprocess
import sys

# tools/prepare.sh puts uv beside tox.
BESIDE_TOX = pathlib.Path(__file__).parents[1] / '.tox' / 'tox' / 'bin'
OWN_INDEX = ('index-url', 'no-index')


def uv():
    """Return the path of uv, None where it is not to be used."""
    found = shutil.which('uv', path=os.pathsep.join(
        [str(BESIDE_TOX), os.environ.get('PATH', '')]))
    return found and not pip_has_index() and found


def pip_has_index():
    """Tell whether pip's files or variables name another index."""
    listed = subprocess.run(
        [sys.executable, '-I', '-m', 'pip', 'config', 'list'],
        stdout=subprocess.PIPE, text=True, check=True).stdout
    names = [line.partition('=')[0] for line in listed.splitlines()]
    return any(name.rpartition('.')[2] in OWN_INDEX for name in names)


def main(arguments):
    python = sys.executable
    # tox's environments never write bytecode themselves.
    options = ['--compile-bytecode']
    if arguments[0] == '--python':
        _, python, *arguments = arguments
        options = []
    path = uv()
    if path:
        done = subprocess.call([
            path, 'pip', 'install', '--python', python, *options, *arguments])
        if done == 0:
            return 0
        print('uv could not install, pip tries.', flush=True)
    return subprocess.call(
        [sys.executable, '-I', '-m', 'pip', '--python', python, 'install',
         *arguments])


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
