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

"""What nova's database remembers of a server's guest, host by host.

The system metadata of an instance hold it. Two hosts can have a part in it,
each with a guest, or the rest of one, on its z/VM: after a boot that failed at
one and went on at the other. The plain keys (zvm_guest) are one host's part,
the one that zvm_host names; a second host has the same keys with its name
behind them (zvm_guest@HOST). So a server that stays where it is has the keys
that it always had, and what the driver wrote before there were two parts is
read as what it is.

First, and thus plain, is a part that may have a guest, then one that has
something else to be removed. nova's search for zvm_host or zvm_guest depends
on that (instances.py). A part of which nothing is left on z/VM ("deleted")
names no host if it is the only one: whichever host boots the server next waits
for the directory entry to go away.

A key and its value have at most 255 characters in nova's database, so behind
the longest key there is room for a host's name of 237.
"""

from collections import abc
import dataclasses
from typing import TypeVar

from nova_zvm.record import pending

USERID = 'zvm_userid'
STATE = 'zvm_guest'
HOST = 'zvm_host'
SINCE = 'zvm_since'
PAUSED = 'zvm_paused'

# All that a part consists of.
KEYS = frozenset((USERID, STATE, HOST, SINCE, PAUSED)) | pending.KEYS

BUILDING = 'building'
BUILT = 'built'
DELETED = 'deleted'

_K = TypeVar('_K', bound=pending.Pending)


@dataclasses.dataclass
class Record:
    """One host's part in a server.

    :ivar host: None if nothing is left on a z/VM
    :ivar userid: of the guest, None before the first
    :ivar state: how far the guest has come, None if there never was one
    :ivar since: when the state was recorded, in seconds since the epoch
    :ivar paused: whether the guest is paused, which z/VM does not show
    :ivar changes: what has begun and was not seen to end
    """

    host: str | None = None
    userid: str | None = None
    state: str | None = None
    since: float = 0
    paused: bool = False
    changes: list[pending.Pending] = dataclasses.field(default_factory=list)

    @property
    def may_have_guest(self) -> bool:
        return self.state in (BUILDING, BUILT)

    @property
    def claimed_userid(self) -> str | None:
        return self.userid if self.may_have_guest else None

    @property
    def has_leavings(self) -> bool:
        """Whether there is anything on this host's z/VM to be removed."""
        return self.may_have_guest or bool(self.unfinished(pending.Upload))

    def unfinished(self, kind: type[_K]) -> _K | None:
        """Return the change of a kind that was not seen to end, if any."""
        return next((change for change in self.changes
                     if isinstance(change, kind)), None)

    def begin(self, change: pending.Pending) -> None:
        self.end(type(change))
        self.changes.append(change)

    def end(self, kind: type[pending.Pending]) -> None:
        self.changes = [change for change in self.changes
                        if not isinstance(change, kind)]

    def end_guest(self) -> None:
        """Drop what goes with the guest."""
        self.paused = False
        self.changes = [change for change in self.changes
                        if not change.ends_with_guest]

    def written(self) -> dict[str, str]:
        """Return the part by its plain keys."""
        keys = {
            USERID: self.userid, STATE: self.state,
            SINCE: '%d' % self.since if self.state else None,
            HOST: self.host if self.has_leavings else None,
            PAUSED: 'yes' if self.paused else None}
        written = {key: value for key, value in keys.items() if value}
        for change in self.changes:
            written |= change.written()
        return written


def is_key(key: str) -> bool:
    """Tell whether a key of the system metadata is of a record."""
    return key.partition('@')[0] in KEYS


def read(metadata: abc.Mapping[str, str]) -> list[Record]:
    """Return the parts of all hosts that have one."""
    written: dict[str, dict[str, str]] = {}
    for key, value in metadata.items():
        if is_key(key):
            name, _at, host = key.partition('@')
            written.setdefault(host, {})[name] = value
    return [_part(host or None, written[host]) for host in sorted(written)]


def _part(host: str | None, written: abc.Mapping[str, str]) -> Record:
    begun = [kind.read(written) for kind in pending.KINDS]
    return Record(
        host=host or written.get(HOST), userid=written.get(USERID),
        state=written.get(STATE), since=float(written.get(SINCE, 0)),
        paused=PAUSED in written,
        changes=[change for change in begun if change])


def of_host(parts: list[Record], host: str) -> Record:
    """Return a host's part, an empty one if it has none.

    One that names no host is everyone's.
    """
    for owner in (host, None):
        for part in parts:
            if part.host == owner:
                return part
    return Record(host)


def write(metadata: abc.MutableMapping[str, str], changed: Record) -> None:
    """Put one host's part into the system metadata.

    Of the others stays what has something on z/VM.
    """
    parts = []
    for part in read(metadata):
        if part.host in (changed.host, None):
            part = changed
        if part not in parts and (part is changed or part.has_leavings):
            parts.append(part)
    if changed not in parts:
        parts.append(changed)
    parts.sort(key=lambda part: (not part.may_have_guest,
                                 not part.has_leavings))
    for key in [key for key in metadata if is_key(key)]:
        del metadata[key]
    for number, part in enumerate(parts):
        suffix = '@%s' % part.host if number else ''
        for key, value in part.written().items():
            metadata[key + suffix] = value
