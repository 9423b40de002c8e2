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

"""Services of z/VM that are out: whom that hits, and what it is told.

Each stands for a state of the system in which the connector can meet it: the
answers are those that smcli gives then.
"""

from collections.abc import Callable
import dataclasses

from zvm_simulator.commands import smcli
from zvm_simulator.ground import invocation
from zvm_simulator.ground import replies


@dataclasses.dataclass(frozen=True)
class Outage:
    """The commands that it concerns, and their answer."""

    concerns: Callable[[invocation.Invocation], bool]
    reply: replies.Reply


def _is_smapi(call: invocation.Invocation) -> bool:
    return call.kind in ('smapi', 'dirm')


def _changes_directory(call: invocation.Invocation) -> bool:
    return call.kind == 'dirm' and '_Query' not in call.name


def _needs_performance_data(call: invocation.Invocation) -> bool:
    return call.name == 'System_Performance_Information_Query'


TIMEOUT = smcli.unreachable(-108, 0, 'ULGSMC6006E Socket timeout error')
OUTAGES = {
    # No request server (VSMREQIN) listens.
    'smapi_down': Outage(_is_smapi, smcli.unreachable(
        -110, 111, 'Connection refused ULGSMC6009E Socket processing error')),
    # It listens, and no answer comes.
    'smapi_silent': Outage(_is_smapi, TIMEOUT),
    # Somebody else has locked the directory, or the entry that is matched.
    'directory_locked': Outage(_changes_directory, smcli.failure(
        8, 400, 12, 'Image definition is locked')),
    # Nobody fills the segment with performance data.
    'persmapi_off': Outage(_needs_performance_data, smcli.failure(
        8, 8, 3016, 'SMAPIOUT segment empty')),
}
