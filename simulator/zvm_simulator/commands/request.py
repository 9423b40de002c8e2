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

"""One command to run, in words, with what was read before it."""

import dataclasses
from typing import Any
from typing import Protocol

from zvm_simulator.cp import members
from zvm_simulator.ground import errors
from zvm_simulator.ground import pending
from zvm_simulator.ground import replies
from zvm_simulator import system as systems


@dataclasses.dataclass(frozen=True)
class Request:
    """words are those after `sudo`; read is what prepare brought.

    later is what the command has begun and waits for.
    """

    system: systems.System
    member: members.Member
    words: list[str]
    read: Any = None
    later: list[pending.Pending] = dataclasses.field(default_factory=list)

    def word(self, position: int) -> str:
        """Return a word, or nothing when there are not so many."""
        return self.words[position] if position < len(self.words) else ''


class Program(Protocol):
    """A module of commands.

    prepare reads files without holding up other commands; run changes the
    system or raises a refusal, which refuse turns into the program's own
    output.
    """

    def prepare(self, words: list[str]) -> Any:
        ...

    def run(self, request: Request) -> str:
        ...

    def refuse(self, words: list[str],
               error: errors.Refusal) -> replies.Reply:
        ...
