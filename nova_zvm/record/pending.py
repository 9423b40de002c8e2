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

"""Changes of a guest that have begun and were not seen to end.

Each is recorded before the driver sends anything for it, so that a crash
leaves word of it; operations/recovery.py says who finishes it. A change knows
the keys under which it is recorded; an instance has at most one of each kind.
"""

from collections import abc
import dataclasses
from typing import ClassVar
from typing import get_args
from typing import Self
from typing import TypeAlias

CAPTURE = 'zvm_capture'
CAPTURE_SINCE = 'zvm_capture_since'
NIC = 'zvm_nic'
UPLOAD = 'zvm_upload'

# All keys of these.
KEYS = frozenset((CAPTURE, CAPTURE_SINCE, NIC, UPLOAD))


@dataclasses.dataclass(frozen=True)
class NicChange:
    """A NIC that is being added or removed.

    :ivar vdev: its virtual device, as z/VM writes it
    :ivar vswitch: the switch to which it is coupled, '' if to none
    """

    # Whether the end of the guest is the end of the change, too.
    ends_with_guest: ClassVar[bool] = True

    vdev: str
    vswitch: str

    def written(self) -> dict[str, str]:
        return {NIC: '%s %s' % (self.vdev, self.vswitch)}

    @classmethod
    def read(cls, recorded: abc.Mapping[str, str]) -> Self | None:
        written = recorded.get(NIC)
        return cls(*written.split(' ')) if written else None


@dataclasses.dataclass(frozen=True)
class Capture:
    """A capture that the connector may be at work on.

    :ivar power: of the guest before it: 'on' is to be brought back, 'off'
        left to itself
    :ivar since: seconds since the epoch
    """

    ends_with_guest: ClassVar[bool] = True

    power: str
    since: float

    def written(self) -> dict[str, str]:
        return {CAPTURE: self.power, CAPTURE_SINCE: '%d' % self.since}

    @classmethod
    def read(cls, recorded: abc.Mapping[str, str]) -> Self | None:
        power = recorded.get(CAPTURE)
        since = float(recorded.get(CAPTURE_SINCE, 0))
        return cls(power, since) if power else None


@dataclasses.dataclass(frozen=True)
class Upload:
    """A config drive on the connector; it holds secrets until overwritten.

    :ivar url: where it lies
    """

    # It may be there before the guest, and stay when that is gone.
    ends_with_guest: ClassVar[bool] = False

    url: str

    def written(self) -> dict[str, str]:
        return {UPLOAD: self.url}

    @classmethod
    def read(cls, recorded: abc.Mapping[str, str]) -> Self | None:
        url = recorded.get(UPLOAD)
        return cls(url) if url else None


Pending: TypeAlias = NicChange | Capture | Upload
KINDS: tuple[type[Pending], ...] = get_args(Pending)
