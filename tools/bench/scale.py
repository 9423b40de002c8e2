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

"""What a command costs the simulated z/VM itself when it has many guests.

Clients in parallel give commands on its command channel, as connectors do.
CPU time is that of its process, channel and threads included; what the
clients and a connector take is not in it.
"""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import socket

GUESTS = 1000
CLIENTS = 16
CYLINDERS = 200
ENTRY = 'USER {} LBYONLY 1G 2G G\nINCLUDE OSDFLT\nIPL 0100\n'
_SWITCH = ('smcli Virtual_Network_Vswitch_Set_Extended -T ZCCSRV '
           '-k switch_name=VSW2 -k persist=YES -k ')
_NIC = 'smcli Virtual_Network_Adapter_'
CREATE = (
    'vmcp q {userid}',
    'smcli Image_Create_DM -T {userid} -f {path}',
    f'smcli Image_Disk_Create_DM -T {{userid}} -v 0100 -t 3390 -a AUTOG '
    f'-r POOL1 -z {CYLINDERS} -m MR',
    'smcli Name_List_Add -T NLZCCSRV -n {userid}',
    _NIC + 'Create_Extended_DM -T {userid} -k image_device_number=1000 '
    '-k adapter_type=QDIO',
    _NIC + 'Connect_Vswitch_DM -T {userid} -v 1000 -n VSW2',
    _SWITCH + 'grant_userid={userid}',
    'vmur punch -r {path}',
    'smcli Image_Activate -T {userid}',
)
LOOK = ('vmcp query user {userid}',
        'smcli Image_Performance_Query -T {userid}',
        'smcli Image_Query_DM -T {userid}')
DELETE = (
    'smcli Image_Deactivate -T {userid} -f IMMED',
    'smcli System_RDR_File_Manage -T {userid} -k spoolids=all',
    _SWITCH + 'revoke_userid={userid}',
    'smcli Name_List_Remove -T NLZCCSRV -n {userid}',
    'smcli Image_Delete_DM -T {userid} -e 0',
)
# Those that tell of every guest.
LISTS = ('vmcp query names', 'smcli Image_Name_Query_DM -T ZCCSRV',
         'smcli Image_Volume_Space_Query_DM -q 3 -e 3 -n POOL1',
         'smcli System_Image_Performance_Query -T NLZCCSRV',
         'smcli Virtual_Network_Vswitch_Query_Byte_Stats -T ZCCSRV '
         '-k switch_name=*')


@dataclasses.dataclass
class Cost:
    """What commands of one sort have cost.

    :ivar cpu: milliseconds of CPU time for each
    """

    what: str
    commands: int
    cpu: float


class Scale:
    """A system without connectors that is filled with guests."""

    def __init__(self, system, folder, guests=GUESTS, clients=CLIENTS):
        self._system = system
        self._folder = pathlib.Path(folder)
        self._guests = guests
        self._pool = concurrent.futures.ThreadPoolExecutor(clients)

    def run(self):
        """Yield the Cost of each sort of commands, one after the other."""
        userids = [f'G{number:05d}' for number in range(self._guests)]
        yield self._cost('create, the first to the last', CREATE, userids)
        yield self._cost('look, all guests there', LOOK, userids)
        more = [f'H{number:05d}' for number in range(self._guests // 10)]
        yield self._cost('create, all guests there', CREATE, more)
        yield self._cost('delete, all guests there', DELETE, more)
        yield self._cost('list all guests', LISTS, more[:10])

    def peak(self):
        """Return the most memory that the process has had, in bytes."""
        status = pathlib.Path(f'/proc/{self._system.pid}/status').read_text()
        return int(status.split('VmHWM:')[1].split()[0]) * 1024

    def _cost(self, what, commands, userids):
        before = self._cpu()
        done = sum(self._pool.map(
            lambda userid: self._run(commands, userid), userids))
        return Cost(what, done, (self._cpu() - before) * 1000 / done)

    def _run(self, commands, userid):
        path = self._folder / f'{userid}.direct'
        path.write_text(ENTRY.format(userid))
        for command in commands:
            self._execute(command.format(userid=userid, path=path))
        path.unlink()
        return len(commands)

    def _execute(self, command):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._system.channel)
            connection.sendall(json.dumps({
                'op': 'execute', 'argv': command.split()}).encode() + b'\n')
            with connection.makefile('rb') as stream:
                answer = json.loads(stream.read())
        if answer['status'] and not command.startswith('vmcp q '):
            raise RuntimeError('%s: %s' % (command, answer['output']))

    def _cpu(self):
        """Return the seconds of CPU time of the simulated system."""
        stat = pathlib.Path(f'/proc/{self._system.pid}/stat').read_text()
        fields = stat.rpartition(')')[2].split()
        # proc(5): utime and stime are fields 14 and 15, the third is first.
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
