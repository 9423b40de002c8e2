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

"""What is used and what is free on one volume, by place.

Kept as it changes, so that to find room does not mean to look at every
minidisk.
"""

import bisect
import math


class Extents:
    """The extents of a volume; its first cylinder or block is the label's.

    A volume that nobody has defined has no free ones.
    """

    def __init__(self, size: int = 1) -> None:
        self._size = size
        self._used: list[tuple[int, int, str]] = []
        self._free = [(1, size - 1)] if size > 1 else []

    def used(self) -> list[str]:
        """Return the names of the owners by place."""
        return [name for _, _, name in self._used]

    def free(self) -> list[tuple[int, int]]:
        """Return start and size of what has no owner."""
        return [(start, end - start + 1) for start, end in self._free]

    def is_free(self, start: int, end: int) -> bool:
        place = self._gap(start)
        return place >= 0 and end <= self._free[place][1]

    def take(self, start: int, end: int, name: str) -> None:
        """Give an extent to an owner."""
        bisect.insort(self._used, (start, end, name))
        if self.is_free(start, end):
            place = self._gap(start)
            first, last = self._free[place]
            self._free[place:place + 1] = [
                part for part in ((first, start - 1), (end + 1, last))
                if part[0] <= part[1]]

    def give_back(self, start: int, end: int, name: str) -> None:
        """Take an extent from its owner; one part with what is beside."""
        del self._used[bisect.bisect_left(self._used, (start, end, name))]
        if end >= self._size:
            return
        place = self._gap(start) + 1
        before, after = self._free[:place][-1:], self._free[place:place + 1]
        if before and before[0][1] == start - 1:
            place, start = place - 1, before[0][0]
        else:
            before = []
        if after and after[0][0] == end + 1:
            end = after[0][1]
        else:
            after = []
        self._free[place:place + len(before) + len(after)] = [(start, end)]

    def _gap(self, start: int) -> int:
        """Return the number of the last free extent up to start, or -1."""
        return bisect.bisect_right(self._free, (start, math.inf)) - 1
