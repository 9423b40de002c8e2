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

"""What a command costs does not depend on how many guests there are.

Counted, not timed: the rows that are written, and the steps that Python does.
"""

import sys

from zvm_simulator.faults import dispatch
from zvm_simulator.tests.support import simulated

FEW, MANY = 20, 220
# Of the steps with few guests; a bisection has some more with many.
MARGIN = 1.1
ENTRY = 'USER {userid} LBYONLY 1G 2G G\nINCLUDE OSDFLT\nIPL 0100\n'
NIC = 'smcli Virtual_Network_Adapter_'
SWITCH = ('smcli Virtual_Network_Vswitch_Set_Extended -T ZCCSRV -k '
          'switch_name=VSW2 -k ')
# What the life of a guest takes, and the rows that each command writes.
BEGINNING = (
    ('smcli Image_Create_DM -T {userid} -f {path}', 1),
    ('smcli Image_Disk_Create_DM -T {userid} -v 0100 -t 3390 -a AUTOG '
     '-r POOL1 -z 100 -m MR', 2),
    ('smcli Name_List_Add -T NLZCC -n {userid}', 1),
    (NIC + 'Create_Extended_DM -T {userid} -k image_device_number=1000 '
     '-k adapter_type=QDIO', 1),
    (NIC + 'Connect_Vswitch_DM -T {userid} -v 1000 -n VSW2', 1),
    (SWITCH + 'grant_userid={userid}', 1),
    ('vmcp q {userid}', 0),
    ('smcli Image_Activate -T {userid}', 1),
    ('vmcp query user {userid}', 0),
    ('smcli Image_Performance_Query -T {userid}', 0),
    ('smcli Image_Query_DM -T {userid}', 0),
    ('smcli System_WWPN_Query -T {userid} -k OWNER=YES', 0),
    ('smcli Virtual_Network_OSA_Query -T {userid}', 0),
    # Of a spool file: its content, itself, the number given last.
    ('vmur punch -r {path}', 3),
    ('vmcp change rdr {spoolid} class x', 1),
    ('vmcp transfer * rdr {spoolid} to {userid} rdr', 3),
)
END = (
    ('smcli Image_Console_Get -T {userid}', 4),
    ('vmcp purge rdr all', 2),
    ('smcli System_RDR_File_Manage -T {userid} -k spoolids=all', 2),
    ('smcli Image_Deactivate -T {userid} -f IMMED', 1),
    (SWITCH + 'revoke_userid={userid}', 1),
    ('smcli Name_List_Remove -T NLZCC -n {userid}', 1),
    ('smcli Image_Disk_Delete_DM -T {userid} -v 0100', 2),
    ('smcli Image_Delete_DM -T {userid} -e 0', 1),
)


class Steps:
    """Counts the steps of Python meanwhile."""

    def __enter__(self):
        self.count = 0
        sys.settrace(self._begin)
        return self

    def __exit__(self, *exc_info):
        sys.settrace(None)

    def _begin(self, frame, event, argument):
        frame.f_trace_opcodes = True
        return self._step

    def _step(self, frame, event, argument):
        self.count += event == 'opcode'
        return self._step


class ScaleTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.engine = dispatch.Engine(self.machine, self.clock)
        self.punched = 0

    def run_life(self, number, commands):
        """Run commands for a guest; return what each has cost."""
        userid = f'G{number:04d}'
        # Each guest has one file punched.
        self.punched += 1
        fields = {'userid': userid, 'spoolid': f'{self.punched:04d}',
                  'path': self.file('entry', ENTRY.format(userid=userid))}
        costs = [(command, *self.cost(command.format(**fields).split()))
                 for command, _ in commands]
        # The console came into the same reader.
        self.punched += commands is not BEGINNING
        return costs

    def cost(self, words):
        """Return the rows that a command writes, and its steps."""
        written = []
        database = self.machine._store._db
        database.set_trace_callback(
            lambda statement: written.append(statement)
            if statement.startswith(('INSERT', 'DELETE')) else None)
        with Steps() as steps:
            answer = self.engine.execute(simulated.MEMBER, words)
        database.set_trace_callback(None)
        self.assertTrue(answer.status == 0 or words[1] == 'q', words)
        return len(written), steps.count

    def test_cost_of_each_command(self):
        for number in range(FEW):
            self.run_life(number, BEGINNING)
        few = self.run_life(8001, BEGINNING + END)
        for number in range(FEW, MANY):
            self.run_life(number, BEGINNING)
        many = self.run_life(8002, BEGINNING + END)

        self.assertEqual(MANY, sum(
            userid[0] == 'G' for userid in self.machine.state()['guests']))
        self.assertEqual(list(BEGINNING + END),
                         [(command, rows) for command, rows, _ in few])
        for (command, rows, steps), other in zip(few, many):
            self.assertEqual((command, rows), other[:2])
            self.assertLessEqual(other[2], steps * MARGIN, command)
