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

"""The simulated z/VM as a fixture of pytest, which finds it by an entry point.

    def test_mine(simulated_zvm):
        requests.post(simulated_zvm.url + '/token', ...)

A test module or a conftest.py that wants another machine than the default
one has a fixture simulated_zvm_scenario that returns it. pytest is imported
here and nowhere else.
"""

from collections.abc import Iterator
import os
from typing import Any

import pytest

Scenario = dict[str, Any] | os.PathLike[str] | None


@pytest.fixture
def simulated_zvm_scenario() -> Scenario:
    """What differs from the default machine: nothing, or as overridden."""
    return None


@pytest.fixture
def simulated_zvm(simulated_zvm_scenario: Scenario) -> Iterator[Any]:
    """A zvm_simulator.fixture.SimulatedZVM, as at its first start."""
    # pytest loads this module in every run of an environment that has it.
    from zvm_simulator import fixture
    with fixture.SimulatedZVM(simulated_zvm_scenario) as zvm:
        yield zvm
