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
"""How slow this machine is now, for limits in real seconds.

A limit that is short enough for a test is missed where other programs run at
the same time. So it is multiplied by a factor: how much longer something has
just taken than it takes on a quiet machine.
"""

import time

# A machine that is slower fails its tests rather than to take all day.
MOST = 8
# A machine of such a pace is quiet: what fails there is not for lack of time.
QUIET = 1.5


def factor(seconds, nominal):
    """Return what to multiply limits by, from 1 to MOST.

    :param seconds: that something has just taken
    :param nominal: what it takes on a quiet machine
    """
    return min(max(seconds / nominal, 1), MOST)


def timed(work):
    """Return the seconds that something takes."""
    started = time.monotonic()
    work()
    return time.monotonic() - started
