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

"""How nova runs its threads in tests: as nova-compute of its release does.

That is native threads since nova 34, and eventlet before (nova/cmd/compute.py
and nova/monkey_patch.py); 33 can be told to run threads. nova's own tests
default to eventlet in all of them.
"""

import importlib.metadata
import os

VARIABLE = 'OS_NOVA_DISABLE_EVENTLET_PATCHING'
THREADS = 'native threads'
EVENTLET = 'eventlet'


def of(release):
    return THREADS if release >= 34 else EVENTLET


def installed_release():
    return int(importlib.metadata.version('nova').partition('.')[0])


def settle():
    """Settle it for this process, before anything else imports nova.

    What the environment says has precedence.
    """
    os.environ.setdefault(
        VARIABLE, '1' if of(installed_release()) == THREADS else '0')
    # nova 31 does it when this is imported, later ones when they are asked.
    from nova import monkey_patch
    if hasattr(monkey_patch, 'patch'):
        monkey_patch.patch()
