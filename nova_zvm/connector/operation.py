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

"""One call of the connector: what is asked, and how it is put into HTTP."""

from collections import abc
import dataclasses
import enum
import json
from urllib import parse

# The connector's sdkserver reads a request with a single recv(4096)
# (zvmsdk/sdkserver.py serve_API, 1.6.3). What reaches it is JSON of the
# function's name, the parts of the path and the body with defaults filled
# in: at most 256 bytes more than the body.
BODY_LIMIT = 4096 - 256
# What a body has around its list, at most.
FRAME_BYTES = 64

_NAMED = {'guests': 'userid', 'images': 'image', 'vswitches': 'vswitch'}
# Of all guests together.
_LISTS = ('interfacestats', 'nics', 'stats')


class Effect(enum.Enum):
    """What is known of an operation whose answer does not come."""

    READ = enum.auto()
    WRITE = enum.auto()
    # Leaves a file that nothing refers to.
    UPLOAD = enum.auto()


@dataclasses.dataclass(frozen=True)
class Operation:
    """What was asked, as far as errors and logs speak of it.

    :ivar name: noun and verb of the client, such as 'guests.start'
    :ivar settle_seconds: how long the connector itself may be at work on it
    :ivar about: names by kind: userid, image, vswitch, pool, disks
    """

    name: str
    method: str
    path: str
    effect: Effect
    settle_seconds: float
    about: abc.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return '%s, %s %s' % (self.name, self.method, self.path)


def about(parts: abc.Sequence[str]) -> dict[str, str]:
    """Return the name that a path has, by its kind."""
    if len(parts) > 1 and parts[0] in _NAMED and parts[1] not in _LISTS:
        return {_NAMED[parts[0]]: parts[1]}
    return {}


def disk_pool(name: str | None) -> str:
    """Return what errors call a disk pool; None is the connector's own."""
    return 'disk pool %s' % name if name else "the connector's disk pool"


def path(parts: abc.Sequence[str],
         query: abc.Mapping[str, str] | None = None) -> str:
    """Return a path and query, quoted."""
    for part in parts:
        if part in ('', '.', '..'):
            raise ValueError("'%s' cannot be part of a path" % part)
    quoted = '/' + '/'.join(parse.quote(part, safe='') for part in parts)
    if query:
        quoted += '?' + parse.urlencode(query, safe=':')
    return quoted


def encoded(body: object) -> bytes:
    """Return a body as JSON, written as the connector will write it on."""
    return json.dumps(body).encode()


def fits(body: object) -> bool:
    """Tell whether the connector can read a body of that size."""
    return len(encoded(body)) <= BODY_LIMIT


def parts(items: abc.Sequence[object]) -> abc.Iterator[list[object]]:
    """Divide what a body lists so that each part leaves room for the rest.

    An item is never divided.
    """
    part: list[object] = []
    for item in items:
        if part and len(encoded([*part, item])) > BODY_LIMIT - FRAME_BYTES:
            yield part
            part = []
        part.append(item)
    if part:
        yield part
