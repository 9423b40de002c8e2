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

"""What programs that are not ours find in an ISO 9660 image."""

import os
import re
import subprocess

# As ls -l shows a file, with its extent and its flags in brackets.
_ENTRY = re.compile(r'([d-])([r-][w-][x-]){3} .* \[ *\d+ \d\d\] +(.*?) ?')


def files(path, tree='-R'):
    """Return the contents of all files by path.

    :param tree: -R for the names of Rock Ridge, -J for those of Joliet
    """
    return {name: _run('isoinfo', tree, '-x', '/' + name, '-i', path)
            for name in modes(path, tree)}


def modes(path, tree='-R'):
    """Return the modes of all files by path, such as -r--r--r--."""
    found = {}
    folder = ''
    for line in _run('isoinfo', tree, '-l', '-i', path).decode().splitlines():
        if line.startswith('Directory listing of /'):
            folder = line.partition('/')[2]
        entry = _ENTRY.fullmatch(line)
        if entry and entry[1] == '-':
            found[folder + entry[3]] = line.split()[0]
    return found


def label(path):
    """Return the label as cloud-init in a guest finds it."""
    return _run('blkid', '--probe', '--match-tag', 'LABEL', '--output',
                'value', path).decode().strip()


def _run(*command):
    # A user's PATH has no /usr/sbin, where blkid is.
    environment = dict(os.environ, PATH=os.environ['PATH'] + ':/usr/sbin')
    return subprocess.run(command, env=environment, check=True,
                          capture_output=True).stdout
