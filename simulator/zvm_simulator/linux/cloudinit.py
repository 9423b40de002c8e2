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

"""What a Linux lets its cloud-init do, by the files that say so.

A Linux without such files is as its distribution made it: cloud-init runs at
each boot, and resizefs is one of its modules. datasource_list is not looked
at: on s390x cloud-init runs without a datasource, too (tools/ds-identify,
DI_DEFAULT_POLICY_NO_DMI).
"""

from typing import Any

import yaml

CONFIG = '/etc/cloud/cloud.cfg'
MORE_CONFIG = '/etc/cloud/cloud.cfg.d/'
DISABLED = '/etc/cloud/cloud-init.disabled'
_OF_DISTRIBUTION = {'cloud_init_modules': ['growpart', 'resizefs']}


def runs(files: dict[str, str]) -> bool:
    return DISABLED not in files


def grows_root(files: dict[str, str]) -> bool:
    """Tell whether a root file system is made as large as its partition.

    The module resizefs does that at each boot (cc_resizefs.py, PER_ALWAYS).
    """
    settings: dict[str, Any] = dict(_OF_DISTRIBUTION)
    for path in sorted(files):
        if path == CONFIG:
            settings = _read(files[path])
        elif path.startswith(MORE_CONFIG):
            settings.update(_read(files[path]))
    return 'resizefs' in (settings.get('cloud_init_modules') or ())


def _read(text: str) -> dict[str, Any]:
    """Return the settings of a file; cloud-init passes over a broken one."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}
