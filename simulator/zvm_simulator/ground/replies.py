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

"""What a command gives back to the process that ran it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Reply:
    """Exit status and standard output, with standard error merged in."""

    status: int
    output: bytes


def success(text: str = '') -> Reply:
    """Answer with status 0 and text."""
    return Reply(0, text.encode())


def failure(status: int, text: str) -> Reply:
    """Answer with a status other than 0 and the message."""
    return Reply(status, text.encode())
