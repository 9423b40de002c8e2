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

"""Linux distributions: what one says of itself, and how its tools behave.

An image says only which distribution it is, as the connector writes it:
rhel8.6, sles15.4, ubuntu22.04, rhcos4.
"""

import dataclasses
import re

_NAME = re.compile(r'^([a-z]+)(\d+)(?:(?:\.|sp)?(\d+))?')
_TITLES = {'rhel': 'Red Hat Enterprise Linux', 'sles': 'SLES',
           'ubuntu': 'Ubuntu', 'rhcos': 'Red Hat Enterprise Linux CoreOS'}
_CODE_NAMES = {'6': 'Santiago', '7': 'Maipo', '8': 'Ootpa', '9': 'Plow',
               '10': 'Coughlan'}
# Kernels by what an image's os_version begins with.
_KERNELS = (
    ('rhel6', '2.6.32-754.el6.s390x'), ('rhel7', '3.10.0-1160.el7.s390x'),
    ('rhel8', '4.18.0-372.el8.s390x'), ('rhel9', '5.14.0-427.el9_4.s390x'),
    ('rhcos', '5.14.0-427.el9_4.s390x'), ('rhel10', '6.12.0-55.el10.s390x'),
    ('sles11', '3.0.101-63-default'), ('sles12', '4.12.14-122-default'),
    ('sles15', '5.14.21-150500-default'), ('ubuntu16', '4.4.0-210-generic'),
    ('ubuntu20', '5.4.0-169-generic'), ('ubuntu22', '5.15.0-94-generic'),
    ('ubuntu24', '6.8.0-31-generic'),
)


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A distribution by its short name and version."""

    name: str
    version: str

    @property
    def major(self) -> str:
        return self.version.partition('.')[0]

    @property
    def title(self) -> str:
        """What it writes above its login prompt."""
        title = _TITLES.get(self.name, self.name)
        if self.name == 'rhel' and self.major in ('6', '7'):
            title += ' Server'
        return f'{title} {self.version}'.strip()

    @property
    def kernel(self) -> str:
        """What uname -r says."""
        name = f'{self.name}{self.version}'
        found = [release for prefix, release in _KERNELS
                 if name.startswith(prefix)]
        return found[-1] if found else '6.1.0-18-s390x'

    @property
    def old_tools(self) -> bool:
        """Whether lsmem and chmem are those of s390-tools."""
        return (self.name, self.major) in (
            ('rhel', '6'), ('rhel', '7'), ('sles', '11'), ('sles', '12'),
            ('ubuntu', '16'))

    @property
    def plugs_processors(self) -> bool:
        """Whether a processor that a rescan finds is online at once."""
        return self.name in ('rhel', 'rhcos')

    @property
    def release_files(self) -> dict[str, str]:
        """Return the text of the files /etc/*-release by path."""
        files = {}
        if (self.name, self.major) not in (('rhel', '6'), ('sles', '11')):
            files['/etc/os-release'] = self._os_release()
        if self.name in ('rhel', 'rhcos'):
            text = self._redhat_release()
            files['/etc/redhat-release'] = text
            files['/etc/system-release'] = text
        elif self.name == 'sles' and self.major in ('11', '12'):
            files['/etc/SuSE-release'] = (
                f'SUSE Linux Enterprise Server {self.major} (s390x)\n'
                f'VERSION = {self.major}\n'
                f'PATCHLEVEL = {self.version.partition(".")[2] or 0}\n')
        elif self.name == 'ubuntu':
            files['/etc/lsb-release'] = (
                f'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={self.version}\n'
                f'DISTRIB_DESCRIPTION="{self.title}"\n')
        return files

    def _os_release(self) -> str:
        title = _TITLES.get(self.name, self.name)
        return (f'NAME="{title}"\nVERSION="{self.version}"\n'
                f'ID="{self.name}"\nVERSION_ID="{self.version}"\n'
                f'PRETTY_NAME="{self.title}"\n')

    def _redhat_release(self) -> str:
        name = _CODE_NAMES.get(self.major, '')
        title = self.title.removesuffix(f' {self.version}')
        return f'{title} release {self.version} ({name})\n'


def of(os_version: str) -> Distribution:
    """Return the distribution that an image's os_version names."""
    text = os_version.lower()
    match = _NAME.match(text)
    if not match:
        return Distribution(text or 'linux', '')
    version = match[2] if match[3] is None else f'{match[2]}.{match[3]}'
    if match[1] == 'ubuntu' and len(match[2]) == 4:
        version = f'{match[2][:2]}.{match[2][2:]}'
    return Distribution(match[1], version)
