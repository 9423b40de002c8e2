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

"""Why the connector refused a request: one sentence for each kind of code.

The first row that fits counts. Rows go by the HTTP status, overallRC and what
was asked. rc and rs only refine that, and only where the connector's own words
agree: its threads share and overwrite the tables that rc and rs of its own
errors come from (zvmsdk/exception.py, 1.6.3), but each error has its own text.
"""

import collections
from collections import abc
import dataclasses

from nova_zvm.connector import errors
from nova_zvm.connector import operation as op

# The HTTP statuses that tell more than overallRC.
_TELLING = (400, 401, 404, 409, 501, 503)
_OWN_ERROR = 500
# overallRC of errors whose rc and rs no other thread overwrites.
_OF_ZVM = (4, 8)

# How smcli fails to talk to SMAPI (zthin-parts/zthin/include/smPublic.h).
_SMAPI_SOCKET = range(-111, -99)

_NOUNS = {'userid': 'guest ', 'image': 'image ',
          'vswitch': 'virtual switch ', 'pool': ''}


@dataclasses.dataclass(frozen=True)
class Row:
    """One kind of refusal.

    :ivar code: an HTTP status that tells, otherwise overallRC; None fits all
    :ivar asked: names of operations, or what these begin with; none fits all
    :ivar rc: to be confirmed by the connector's words
    :ivar words: which confirm rc and rs where these words repeat no result
    :ivar sentence: with the names that the operation is about; {about} is
        one of them with its kind, or nothing
    """

    code: int | None
    sentence: str
    asked: tuple[str, ...] = ()
    rc: int | range | None = None
    rs: int | None = None
    words: str = ''

    def fits(self, operation: op.Operation, status: int,
             envelope: errors.Envelope) -> bool:
        return (self.code in (None, _code(status, envelope)) and
                (not self.asked or operation.name.startswith(self.asked)) and
                (self.rc is None or self._is_confirmed(envelope)))

    def _is_confirmed(self, envelope: errors.Envelope) -> bool:
        wanted = self.rc if isinstance(self.rc, range) else (self.rc,)
        if envelope.rc not in wanted or self.rs not in (None, envelope.rs):
            return False
        if envelope.result is not None:
            return envelope.result == (envelope.rc, envelope.rs)
        return (envelope.overall_rc in _OF_ZVM or
                bool(self.words) and self.words in envelope.errmsg)


TABLE = (
    # Of the connector's web side.
    Row(401, 'The z/VM Cloud Connector does not accept the token'),
    Row(400, 'The z/VM Cloud Connector does not accept the request{about}'),
    Row(100, 'The z/VM Cloud Connector does not accept the request{about}'),
    Row(101, 'The server process of the z/VM Cloud Connector does not '
        'respond'),
    Row(501, 'The z/VM Cloud Connector does not support the request{about}'),
    Row(503, 'The z/VM Cloud Connector has too many deploys and captures '
        'under way'),

    # What is not there.
    Row(404, 'Guest {userid}, its root disk or image {image} does not exist',
        ('guests.deploy',)),
    Row(404, 'The z/VM directory has no guest {userid}', ('guests.',), 400, 4),
    Row(404, 'The z/VM Cloud Connector does not know guest {userid}',
        ('guests.',), 404, words="Guest '"),
    Row(404, 'The z/VM Cloud Connector has no image {image}', ('images.',)),
    Row(404, 'z/VM has no virtual switch {vswitch}', ('vswitches.get',)),
    Row(404, 'z/VM has no virtual switch {vswitch}, or the z/VM Cloud '
        'Connector does not know guest {userid}', ('vswitches.',)),
    Row(404, 'z/VM does not have {pool}',
        ('host.disk_pool', 'host.free_extents')),
    Row(404, 'What the request{about} names does not exist'),

    # What is in the way.
    Row(409, 'The z/VM directory already has a guest {userid}',
        ('guests.create',)),
    Row(409, 'The z/VM Cloud Connector already has an image {image}',
        ('images.',)),
    Row(409, 'Guest {userid} cannot be captured', ('guests.capture',)),
    Row(409, 'The directory entry of guest {userid} is locked',
        ('guests.',), rc=409, words='is locked'),
    Row(409, 'Guest {userid} is not in a state that allows the request',
        ('guests.',)),
    Row(409, 'The state of z/VM does not allow the request{about}'),

    # Of SMAPI, CP and the directory manager.
    Row(_OWN_ERROR, 'The z/VM Cloud Connector cannot reach SMAPI on z/VM',
        rc=_SMAPI_SOCKET),
    Row(_OWN_ERROR, 'The z/VM Cloud Connector failed because of an internal '
        'error'),
    Row(8, 'CP refused the request{about}', rc=396),
    Row(8, 'The directory entry of guest {userid} is locked', ('guests.',),
        400, 12),
    Row(8, 'The directory manager could not create guest {userid} with '
        '{disks}', ('guests.create',), 596),
    Row(8, 'The directory manager refused the request{about}', rc=596),
    Row(8, 'z/VM has no console log of guest {userid}',
        ('guests.console_output',)),
    Row(8, 'SMAPI refused the request{about}'),
    Row(24, 'SMAPI does not accept the request{about}'),

    # Of the connector's own host.
    Row(300, 'The operating system of guest {userid} did not respond in time',
        ('guests.start',), 300, 16, 'not able to connect'),
    Row(300, 'The config drive could not be put into the reader of guest '
        '{userid}', ('guests.deploy',), 300, 4, 'copy configure drive'),
    Row(300, 'Image {image} could not be written to the root disk of guest '
        '{userid}', ('guests.deploy',)),
    Row(300, 'Guest {userid} could not be captured', ('guests.capture',)),
    Row(300, 'Image {image} did not arrive intact on the z/VM Cloud '
        'Connector', ('images.create',), 300, 4, 'md5sum'),
    Row(300, 'The z/VM Cloud Connector could not import image {image}',
        ('images.create',)),
    Row(300, 'The z/VM Cloud Connector could not copy image {image}',
        ('images.export',)),
    Row(300, 'The z/VM Cloud Connector could not read or write a file',
        ('files.',)),
    Row(300, 'A step of the request{about} failed on the z/VM Cloud '
        "Connector's host"),
    Row(None, 'The z/VM Cloud Connector could not do what was '
        'asked{about}'),
)


def _code(status: int, envelope: errors.Envelope) -> int:
    if status in _TELLING:
        return status
    if status == _OWN_ERROR and envelope.overall_rc == 400:
        # A mistake of the web side (zvmsdk/sdkwsgi/deploy.py, 1.6.3).
        return _OWN_ERROR
    return envelope.overall_rc


def sentence(operation: op.Operation, status: int,
             envelope: errors.Envelope) -> str:
    """Return why a request was refused, with names."""
    row = next(row for row in TABLE if row.fits(operation, status, envelope))
    about = next((' for %s%s' % (noun, operation.about[kind])
                  for kind, noun in _NOUNS.items()
                  if kind in operation.about), '')
    names: abc.Mapping[str, str] = collections.defaultdict(
        lambda: '?', operation.about, about=about)
    return row.sentence.format_map(names)
