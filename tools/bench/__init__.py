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

"""The bench: what each operation of nova costs on a simulated z/VM.

nova's services run in this process, as in the sandbox, whose parts are used
here; the simulated z/VM runs in another one, so that neither its memory nor
its work is taken for the driver's.
"""

from tools import sandbox  # noqa: F401  Sets the environment.

from nova import monkey_patch  # noqa: E402, I100

# nova settles how it runs its threads when it is first imported.
monkey_patch.patch(backend='threading')
