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

"""Waiting for z/VM, always with a deadline."""

import time


class Expired(Exception):
    """What was waited for did not come in time."""


def wait_until(probe, wanted, timeout, interval=1.0):
    """Call probe until it returns wanted; return what it returned.

    :raises Expired: after timeout seconds, naming the last and the wanted
        answer. The first probe comes at once, the last one at the deadline.
    """
    deadline = time.monotonic() + timeout
    while True:
        last = probe()
        if last == wanted:
            return last
        left = deadline - time.monotonic()
        if left <= 0:
            raise Expired('still %s, not %s, after %d seconds'
                          % (last, wanted, timeout))
        time.sleep(min(interval, left))
