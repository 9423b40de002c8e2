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

"""One call of the systems management API, as smcli was told to make it."""

from collections.abc import Callable
import dataclasses

from zvm_simulator.cp import members
from zvm_simulator.directory import statements
from zvm_simulator.ground import errors
from zvm_simulator.ground import pending
from zvm_simulator import system as systems


@dataclasses.dataclass(frozen=True)
class Call:
    """Options by letter, -k KEY=VALUE among them, on a member.

    system is as that member's CP knows it; later is what the call has begun
    and waits for.
    """

    system: systems.System
    member: members.Member
    options: dict[str, list[str]]
    file: str | None = None
    later: list[pending.Pending] = dataclasses.field(default_factory=list)

    @property
    def target(self) -> str:
        """The userid or list that -T names; the last one counts."""
        return self.option('T').upper()

    def option(self, letter: str, default: str | None = None) -> str:
        """Return an option's value; SmapiError 24 when it is required."""
        values = self.options.get(letter)
        if values:
            return values[-1].strip()
        if default is None:
            raise syntax(f'missing option -{letter}')
        return default

    def keys(self, name: str) -> list[str]:
        """Return the values of all -k name=value."""
        pairs = (item.strip().partition('=')
                 for item in self.options.get('k', []))
        return [value.strip().strip('\'"') for key, _, value in pairs
                if key.lower() == name.lower()]

    def key(self, name: str, default: str | None = None) -> str:
        """Return the value of -k name=value; SmapiError 24 if required."""
        values = self.keys(name)
        if values:
            return values[-1]
        if default is None:
            raise syntax(f'missing key {name}')
        return default

    def vdev(self, text: str) -> str:
        """Return a device number; SmapiError 24 if text is none."""
        try:
            return statements.vdev(text)
        except ValueError as error:
            raise syntax(str(error))

    def number(self, letter: str) -> int:
        text = self.option(letter)
        if not text.isdigit() or not int(text):
            raise syntax(f'-{letter} {text} is no size')
        return int(text)


Api = Callable[[Call], str]


def syntax(text: str) -> errors.SmapiError:
    """Return the error of a call that is not well formed."""
    return errors.SmapiError(24, 0, f'Syntax error in function parameter; '
                             f'{text}', orc=24)
