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

"""The sandbox: nova boots a server on a simulated z/VM, watched step by step.

nova's services run in this process by means of nova's own test fixtures. How
nova runs its threads is settled when it is first imported, and so are its
fixtures' ways with the output and time limits of a test; that is why these
variables are set here.
"""

import os

os.environ['OS_NOVA_DISABLE_EVENTLET_PATCHING'] = '1'
for _variable in ('OS_STDOUT_CAPTURE', 'OS_STDERR_CAPTURE', 'OS_DEBUG',
                  'OS_TEST_TIMEOUT'):
    os.environ.pop(_variable, None)
