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

"""How long a command takes on the simulated z/VM, in simulated seconds.

And how long a guest's Linux takes to boot, which no profile makes instant:
the connector sees that a reboot has begun by a Linux that does not answer.
"""

from collections.abc import Mapping
import threading

from zvm_simulator.ground import invocation

BOOT = 'boot'
CLASSES = invocation.KINDS + (BOOT,)
# Orders of magnitude of real systems: an SMAPI call goes through a service
# machine, a CP command does not, an image is written to disk block by block.
PROFILES: dict[str, dict[str, float]] = {
    'instant': {**dict.fromkeys(invocation.KINDS, 0.0), BOOT: 20.0},
    'typical': {'smapi': 1.0, 'dirm': 1.0, 'cp': 0.01, 'iucv': 0.1,
                'image': 30.0, 'vmur': 0.05, 'linux': 0.5, BOOT: 45.0},
    'slow': {'smapi': 5.0, 'dirm': 10.0, 'cp': 0.1, 'iucv': 1.0,
             'image': 300.0, 'vmur': 0.5, 'linux': 5.0, BOOT: 180.0},
}


class LatencyError(ValueError):
    """The wanted latencies are unknown or out of range."""


class Latency:
    """The latency of each kind of command; changeable while it runs."""

    def __init__(self, profile: str = 'instant') -> None:
        self._lock = threading.Lock()
        self.set_profile(profile)

    def seconds(self, kind: str) -> float:
        with self._lock:
            return self._seconds[kind]

    def set_profile(self, profile: str) -> None:
        """Take the latencies of a named profile."""
        if profile not in PROFILES:
            raise LatencyError(
                f'Unknown latency profile {profile!r}: use one of '
                f'{", ".join(PROFILES)}.')
        with self._lock:
            self._profile = profile
            self._seconds = dict(PROFILES[profile])

    def set_classes(self, seconds: Mapping[str, float]) -> None:
        """Change the latency of some kinds of command."""
        for kind, value in seconds.items():
            if kind not in CLASSES:
                raise LatencyError(
                    f'Unknown kind of command {kind!r}: use one of '
                    f'{", ".join(CLASSES)}.')
            if not isinstance(value, (int, float)) or not 0 <= value < 1e6:
                raise LatencyError(
                    f'The latency of {kind!r} must be a number of seconds, '
                    f'0 or more.')
        with self._lock:
            self._profile = 'custom'
            self._seconds.update(seconds)

    def as_dict(self) -> dict[str, object]:
        with self._lock:
            return {'profile': self._profile, 'classes': dict(self._seconds)}
