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

"""The fault matrix as data: the steps of a boot and what can befall each.

A request is a step of the driver, a command one of the connector's below it.
Where nothing is said a fault fails the boot; 'recovers' names the kinds of
fault that a boot gets over.
"""

import dataclasses
import json

BEFORE = 'connector killed before'
AFTER = 'connector killed after'
KILLED = 'nova-compute killed'
# The connector goes on with a request whose client has given up.
MIDDLE = 'late in the middle'

# Unless the connector is down, which the next step needs.
ANY = frozenset(['refused', '500', '503', 'HTML 502', 'HTML 404', 'HTML 504',
                 'reply lost', 'late effect'])
# A query is repeated when it gets no answer.
QUERY = frozenset(['503', 'reply lost', 'late effect'])
# The effect is there and the answer is not.
LOST = ('HTML 504', 'reply lost', 'late effect', AFTER, KILLED)

# What stays with the connector, which has no call to remove it: a file in
# its repository, whose name only the answer tells; a minidisk that it has
# linked; a file in the reader of its Linux; its own copy of a config drive; a
# name in a list that it keeps for its statistics.
UPLOAD = dict.fromkeys(LOST, frozenset(['upload']))
LINK = frozenset(['link'])
PUNCHED = frozenset(['punched'])
COPY = frozenset(['copy'])
NAME = frozenset(['name'])
# The same, if the connector comes to it after the guest has been removed.
LATE_NAME = frozenset(['late name'])

_PAGE = '<html><body><h1>Proxy Error</h1></body></html>'


def _answer(code):
    return json.dumps({'overallRC': code, 'modID': 40, 'rc': code, 'rs': 1,
                       'errmsg': 'as a test wants it', 'output': ''})


# Simulated seconds: of real ones, 0.3 at the speed of the tests.
LATE = 300

# What a request meets.
REQUEST_FAULTS = {
    'refused': {'status': 400, 'output': _answer(400)},
    '500': {'status': 500, 'output': _answer(500)},
    '503': {'status': 503, 'output': _answer(503)},
    'HTML 502': {'status': 502, 'output': _PAGE},
    'HTML 404': {'status': 404, 'output': _PAGE},
    'HTML 504': {'status': 504, 'output': _PAGE, 'lose_answer': True},
    'reply lost': {'lose_answer': True},
    'late effect': {'late': True, 'delay': LATE},
    BEFORE: {'kill_connector': 'before'},
    AFTER: {'kill_connector': 'after'},
}

# Each request meets one of these.
PAGES = ('HTML 504', 'HTML 502', 'HTML 404')

COMMAND_FAULTS = {
    'refused': None,
    BEFORE: {'kill_connector': 'before'},
    AFTER: {'kill_connector': 'after'},
}
# The directory manager is not there.
_SMAPI_REFUSAL = {'rc': 500, 'rs': 8, 'text': 'as a test wants it'}
_REFUSAL = {'status': 1, 'output': 'as a test wants it'}


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of a boot or a delete, found by what it sends.

    :ivar pattern: regular expression on the request or the command
    :ivar nth: which of those that match
    :ivar tries: how often the connector tries a command itself
    :ivar recovers: kinds of fault after which the server becomes ACTIVE
    :ivar stays: what is left with the connector, by kind of fault
    """

    name: str
    pattern: str
    nth: int = 1
    tries: int = 1
    recovers: frozenset = frozenset()
    stays: dict = dataclasses.field(default_factory=dict)

    def gets_over(self, kind):
        return kind in self.recovers


class Request(Step):
    """A request to the connector."""

    def faults(self, kind):
        return [self.fault(REQUEST_FAULTS[kind])]

    def fault(self, action):
        return {'match': {'kind': 'rest', 'command': self.pattern},
                'nth': self.nth, 'action': action}


@dataclasses.dataclass
class Cell:
    """One step with one way to fail.

    :ivar verb: what is asked of nova, such as 'boot'
    :ivar step: name of the request or command
    :ivar kind: how it fails
    :ivar faults: of the simulated z/VM
    :ivar kill: request, its number and maybe whether it is not even sent,
        with which nova-compute is killed
    :ivar stays: what nobody but the connector's administrator can remove
    """

    verb: str
    step: str
    kind: str
    faults: list = dataclasses.field(default_factory=list)
    kill: tuple | None = None
    stays: frozenset = frozenset()

    @property
    def name(self):
        return '%s, %s: %s' % (self.verb, self.step, self.kind)


@dataclasses.dataclass(frozen=True)
class Command(Step):
    """A command of the connector to z/VM.

    :ivar during: the request that it is for
    """

    during: Request | None = None

    def faults(self, kind):
        if kind == MIDDLE:
            return [self.during.fault({'late': True}),
                    self.fault({'delay': LATE}), SLOW_LOOK]
        action = COMMAND_FAULTS[kind]
        if action:
            return [self.fault(action)]
        return [self.fault(
            _SMAPI_REFUSAL if 'smcli' in self.pattern else _REFUSAL,
            self.tries)]

    def fault(self, action, times=1):
        return {'match': {'command': self.pattern}, 'nth': self.nth,
                'times': times, 'action': action}


# At what a failed boot has made: the connector gets to work meanwhile.
SLOW_LOOK = {'match': {'kind': 'rest',
                       'command': '^GET /guests/.*/user_direct'},
             'nth': 2, 'action': {'delay': LATE / 2}}

CREATE = Request('create', '^POST /guests$')
DEPLOY = Request('deploy', '^POST /guests/.*/action')
INTERFACE = Request('interface', '^POST /guests/.*/interface')
COUPLE = Request('couple', '^PUT /guests/.*/nic/1000')
GRANT = Request('grant', '^PUT /vswitches/VSW2')
VLAN = Request('VLAN', '^PUT /vswitches/VSW1')
START = Request('start', '^POST /guests/.*/action', nth=2)

# What a driver asks once.
FIRST_BOOT = (
    Request('switch list', '^GET /vswitches', recovers=QUERY),
    Request('version', '^GET /$', recovers=QUERY),
    Request('volumes of the pool', '^GET /host/diskpool_volumes',
            recovers=ANY),
    Request('type of a volume', '^GET /host/volume', recovers=ANY),
)

# What it does once for an image; the blank image is imported then too.
IMPORT = (
    Request('image query', '^GET /images', recovers=QUERY),
    Request('image upload', '^PUT /files', stays=UPLOAD),
    # What the connector has then is what counts, not its answer. A 500 may be
    # due to an import by another nova-compute, so the import is repeated.
    Request('image import', '^POST /images',
            recovers=frozenset(['500', 'HTML 504', 'reply lost',
                                'late effect'])),
    Request('blanking', '^PUT /images/nova-blank', recovers=ANY),
    Request('blank upload', '^PUT /files', nth=2, recovers=ANY),
    Request('blank import', '^POST /images', nth=2, recovers=ANY),
    # A 500 counts as one of the import.
    Request('image query again', '^GET /images', nth=2,
            recovers=QUERY | {'500'}),
    Request('blank query', '^GET /images', nth=3, recovers=ANY),
)

BOOT = (
    Request('image query', '^GET /images', recovers=QUERY),
    Request('userid query', '^GET /guests/.*/user_direct', recovers=QUERY),
    CREATE,
    Request('config drive upload', '^PUT /files', stays=UPLOAD),
    Request('config drive import', '^POST /images'),
    Request('config drive export', '^PUT /images/nova-cfg'),
    DEPLOY,
    Request('config drive clean-up', '^DELETE /images', recovers=ANY),
    Request('blanking the upload', '^PUT /images/nova-blank', recovers=ANY),
    Request('disk configuration', '^PUT /guests/.*/disks'),
    INTERFACE,
    COUPLE,
    GRANT,
    Request('couple with VLAN', '^PUT /guests/.*/nic/1003'),
    VLAN,
    START,
    Request('power state', '^GET /guests/.*/power_state_real',
            recovers=ANY | {BEFORE, AFTER}),
)

# Those below which the connector runs no command.
BOOT_WITHOUT_COMMANDS = tuple(
    step for step in BOOT
    if step.name.startswith(('image', 'config drive', 'blanking')))

BOOT_COMMANDS = (
    Command('Image_Create_DM', 'smcli Image_Create_DM'),
    Command('root disk', 'smcli Image_Disk_Create_DM .* -v 0100'),
    Command('ephemeral disk', 'smcli Image_Disk_Create_DM .* -v 0101'),
    Command('link', 'linkdiskandbringonline', tries=7,
            stays={AFTER: LINK}),
    Command('dasdfmt', 'dasdfmt', stays={BEFORE: LINK, AFTER: LINK}),
    Command('fdasd', 'fdasd', stays={BEFORE: LINK, AFTER: LINK}),
    Command('mkfs', '^mkfs', tries=7, stays={BEFORE: LINK, AFTER: LINK}),
    Command('offline', 'offlinediskanddetach',
            stays={'refused': LINK, BEFORE: LINK}),
    # The name list is for the connector's own statistics.
    Command('Name_List_Add', 'smcli Name_List_Add',
            recovers=frozenset(['refused'])),
    Command('unpack', 'unpackdiskimage'),
    Command('purge of the reader', 'smcli System_RDR_File_Manage'),
    Command('punch of the config drive', 'vmur punch',
            stays={BEFORE: COPY, AFTER: COPY | PUNCHED}),
    Command('class of the config drive', 'vmcp change rdr',
            stays={BEFORE: COPY | PUNCHED, AFTER: COPY | PUNCHED}),
    Command('transfer of the config drive', 'vmcp transfer',
            stays={BEFORE: COPY | PUNCHED, AFTER: COPY}),
    Command('punch of iucvauth', 'vmur punch', nth=2,
            stays={AFTER: PUNCHED}),
    Command('transfer of iucvauth', 'vmcp transfer', nth=2,
            stays={BEFORE: PUNCHED}),
    Command('punch of the disks', 'vmur punch', nth=3,
            stays={AFTER: PUNCHED}),
    Command('transfer of the disks', 'vmcp transfer', nth=3,
            stays={BEFORE: PUNCHED}),
    Command('NIC', 'smcli Virtual_Network_Adapter_Create_Extended_DM'),
    Command('VLAN NIC', 'smcli Virtual_Network_Adapter_Create_Extended_DM',
            nth=2),
    Command('punch of the network', 'vmur punch', nth=4,
            stays={AFTER: PUNCHED}),
    Command('transfer of the network', 'vmcp transfer', nth=4,
            stays={BEFORE: PUNCHED}),
    Command('Image_Query_DM', 'smcli Image_Query_DM', nth=2),
    Command('Image_Lock_DM', 'smcli Image_Lock_DM'),
    Command('Image_Replace_DM', 'smcli Image_Replace_DM'),
    Command('grant', 'smcli Virtual_Network_Vswitch_Set_Extended'
            '.*switch_name=VSW2'),
    Command('VLAN', 'smcli Virtual_Network_Vswitch_Set_Extended'
            '.*switch_name=VSW1'),
    Command('Image_Activate', 'smcli Image_Activate'),
)

# What each request of the driver begins with; the connector dying between
# two commands is covered by its dying after the first of them.
FIRST_COMMANDS = tuple(
    step for step in BOOT_COMMANDS
    if step.name in ('Image_Create_DM', 'Name_List_Add', 'unpack',
                     'punch of the disks', 'NIC', 'Image_Query_DM', 'grant',
                     'VLAN', 'Image_Activate'))

# The commands in which a client can give up that matter most.
LATE_COMMANDS = (
    Command('Image_Create_DM', 'smcli Image_Create_DM', during=CREATE,
            stays={MIDDLE: LATE_NAME}),
    Command('root disk', 'smcli Image_Disk_Create_DM .* -v 0100',
            during=CREATE, stays={MIDDLE: LATE_NAME}),
    Command('ephemeral disk', 'smcli Image_Disk_Create_DM .* -v 0101',
            during=CREATE, stays={MIDDLE: LATE_NAME}),
    Command('unpack', 'unpackdiskimage', during=DEPLOY),
    Command('NIC', 'smcli Virtual_Network_Adapter_Create_Extended_DM',
            during=INTERFACE),
    Command('Image_Lock_DM', 'smcli Image_Lock_DM', during=COUPLE),
    Command('Image_Replace_DM', 'smcli Image_Replace_DM', during=COUPLE),
    Command('grant', 'smcli Virtual_Network_Vswitch_Set_Extended',
            during=GRANT),
    Command('VLAN', 'smcli Virtual_Network_Vswitch_Set_Extended'
            '.*switch_name=VSW1', during=VLAN),
    Command('Image_Activate', 'smcli Image_Activate', during=START),
)

# Of a delete 'recovers' says that its user need not repeat it.
DELETE = (
    Request('delete', '^DELETE /guests',
            recovers=frozenset(['HTML 502', 'HTML 504', 'reply lost',
                                'late effect', KILLED])),
)

DELETE_COMMANDS = (
    Command('Image_Deactivate', 'smcli Image_Deactivate'),
    Command('purge of the reader', 'smcli System_RDR_File_Manage',
            recovers=frozenset(['refused'])),
    Command('Image_Delete_DM', 'smcli Image_Delete_DM'),
    Command('Name_List_Remove', 'smcli Name_List_Remove',
            recovers=frozenset(['refused']), stays={'refused': NAME}),
    Command('revoke', 'smcli Virtual_Network_Vswitch_Set_Extended'
            '.*switch_name=VSW2'),
    Command('revoke of the VLAN', 'smcli Virtual_Network_Vswitch_Set'
            '_Extended.*switch_name=VSW1'),
)

# What removes a guest whose start was refused; nova itself asks the driver
# once more.
UNDO = (
    Request('look', '^GET /guests/.*/user_direct', nth=2),
    Request('delete', '^DELETE /guests'),
    Request('look afterwards', '^GET /guests/.*/user_direct', nth=3),
    Request('list', '^GET /guests$'),
    Request('revoke', '^PUT /vswitches/VSW2', nth=2),
    Request('revoke of the VLAN', '^PUT /vswitches/VSW1', nth=2),
)
