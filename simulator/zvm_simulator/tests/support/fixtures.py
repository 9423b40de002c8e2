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

"""The simulated z/VM as this project's own tests have it."""

from typing import Any

from zvm_simulator.connector import install
from zvm_simulator import fixture

PYTHON_VARIABLE = install.PYTHON_VARIABLE
# The connector's caches hold nothing, so that the number of commands of an
# operation is always the same.
CONNECTOR_OPTIONS = {'monitor': {'cache_interval': 0}}

connector_python = install.interpreter


class SimulatedZVM(fixture.SimulatedZVM):
    """A simulated z/VM whose connector asks it anew each time."""

    def __init__(self, scenario: dict[str, Any] | None = None,
                 **options: Any) -> None:
        super().__init__(scenario, **{
            'connector_options': CONNECTOR_OPTIONS, **options})
