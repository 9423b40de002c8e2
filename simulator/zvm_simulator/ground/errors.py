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

"""Refusals of the simulated z/VM, as the model raises them.

The model raises; each command family turns a refusal into the output of the
real command, once, at its own entry point.
"""


class Refusal(Exception):
    """The system answers no."""


class SmapiError(Refusal):
    """The systems management API refuses with a return and a reason code.

    details is what the error buffer of some calls says besides.
    """

    def __init__(self, rc: int, rs: int, text: str, orc: int = 8,
                 details: str = '') -> None:
        super().__init__(text)
        self.details = details
        self.orc = orc
        self.rc = rc
        self.rs = rs
        self.text = text


class CpError(Refusal):
    """CP refuses with the message HCPmmm<number>E."""

    def __init__(self, module: str, number: int, text: str,
                 severity: str = 'E') -> None:
        super().__init__(text)
        self.module = module
        self.number = number
        self.text = text
        self.severity = severity

    def message(self) -> str:
        """Return the line that CP writes."""
        return (f'HCP{self.module}{self.number:03d}{self.severity} '
                f'{self.text}')


class CommandError(Refusal):
    """A Linux command ends with an exit status other than 0.

    done: what the command did until then stays done.
    """

    def __init__(self, status: int, text: str, done: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.done = done


class ScenarioError(Exception):
    """The scenario cannot be used: which file, which path, what is allowed."""
