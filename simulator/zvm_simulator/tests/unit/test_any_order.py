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

"""Any commands in any order leave the simulated z/VM consistent."""

import contextlib
import pathlib
import re
import tempfile
import unittest

import hypothesis
from hypothesis import strategies

from zvm_simulator.ground import clocks
from zvm_simulator.machine import execution
from zvm_simulator.service import scenarios
from zvm_simulator.tests.support import invariants
from zvm_simulator.tests.support import simulated

MEMBERS = {'ZVM1': 'ZCC1', 'ZVM2': 'ZCC2'}
# Small, so that it is full soon and in pieces.
SCENARIO = {
    'ssi': 'SSI', 'timing': {'logoff': 5, 'directory_delete': 5},
    'members': [{'name': name, 'connector': connector}
                for name, connector in MEMBERS.items()],
    'pools': {'POOL1': {'volumes': [
        {'name': 'VOLB', 'model': '3390-3', 'size': 101},
        {'name': 'VOLA', 'model': '3390-3', 'size': 61}]}},
    'vswitches': {'VSW1': {'vlan': 'AWARE'}, 'VSW2': {}}}
USERIDS = ('GUEST1', 'GUEST2', 'GUEST3')
ENTRIES = {
    'plain': 'USER {} LBYONLY 1G 2G G\nINCLUDE OSDFLT\nIPL 0100\n',
    'mobile': 'USER {} LBYONLY 1G 2G G\nOPTION CHPIDV ONE\n'
              'NICDEF 1000 TYPE QDIO DEVICES 3\n',
    'adapter': 'USER {} LBYONLY 1G 2G G\nIPL 0100\nCPU 00\n'
               'NICDEF 1000 TYPE QDIO DEVICES 3\n'
               'NICDEF 1000 LAN SYSTEM VSW1\nDEDICATE 0200 0A00\n',
    'disk': 'USER {} LBYONLY 1G 2G G\nMDISK 0100 3390 11 20 VOLA MR\n'
            'MDISK 0101 3390 40 10 VOLB MR\n',
    'outside': 'USER {} LBYONLY 1G 2G G\nMDISK 0100 3390 60 2 VOLA MR\n',
    'twice': 'USER {} LBYONLY 1G 2G G\nMDISK 0100 3390 1 2 VOLA MR\n'
             'MDISK 0100 3390 5 2 VOLA MR\n',
    'crossed': 'USER {} LBYONLY 1G 2G G\nNICDEF 1000 TYPE QDIO\n'
               'NICDEF 1001 TYPE QDIO\nMDISK 1002 3390 5 2 VOLA MR\n',
    'no profile': 'USER {} LBYONLY 1G 2G G\nINCLUDE NOPROF\n',
    'nonsense': 'USER {} LBYONLY much 2G G\n'}
# What is drawn for the words in braces of a command.
FIELDS = {
    'userid': ('GUEST1', 'GUEST1', 'GUEST2', 'GUEST3'),
    'entry': tuple(f'<{name}>' for name in ENTRIES),
    'vdev': ('0100', '0101', '0200', '1000', '1002', '1003', '101'),
    'switch': ('VSW1', 'VSW1', 'VSW2', 'VSW3'),
    'member': tuple(MEMBERS),
    'pool': ('POOL1', 'POOL1', 'POOL1', 'NOPOOL'),
    'size': ('1', '7', '30', '60', '90', '0', 'x'),
    'real': ('0A00', '0A01'),
    'vlan': ('10', '10', '9999'),
    'operand': ('CPU=CPUADDR=01', 'SHARE=RELATIVE=100', 'CPU=CPUADDR=XX'),
    'pause': ('YES', 'NO'),
    'spoolid': ('0001', '0002', '0003'),
}
# later lets time pass, restart closes the machine and opens it again.
COMMANDS = """\
smcli Image_Create_DM -T {userid} -f {entry}
smcli Image_Create_DM -T {userid} -f {entry}
smcli Image_Replace_DM -T {userid} -f {entry}
smcli Image_Lock_DM -T {userid}
smcli Image_Unlock_DM -T {userid}
smcli Image_Delete_DM -T {userid} -e 0
smcli Image_Query_DM -T {userid}
smcli Image_IPL_Set_DM -T {userid} -s {vdev}
smcli Image_IPL_Delete_DM -T {userid}
smcli Image_Definition_Update_DM -T {userid} -k {operand}
smcli Image_Definition_Delete_DM -T {userid} -k {operand}
smcli Image_Disk_Create_DM -T {userid} -v {vdev} -t 3390 -a AUTOG -r {pool} \
-z {size} -m MR
smcli Image_Disk_Create_DM -T {userid} -v {vdev} -t FB-512 -a V-DISK \
-z {size} -m MR
smcli Image_Disk_Delete_DM -T {userid} -v {vdev} -e 0
smcli Image_Disk_Create -T {userid} -v {vdev} -m MR
smcli Image_Disk_Delete -T {userid} -v {vdev}
smcli Virtual_Network_Adapter_Create_Extended_DM -T {userid} \
-k image_device_number={vdev} -k adapter_type=QDIO
smcli Virtual_Network_Adapter_Create_Extended -T {userid} \
-k image_device_number={vdev} -k adapter_type=QDIO
smcli Virtual_Network_Adapter_Delete_DM -T {userid} -v {vdev}
smcli Virtual_Network_Adapter_Delete -T {userid} -v {vdev}
smcli Virtual_Network_Adapter_Connect_Vswitch_DM -T {userid} -v {vdev} \
-n {switch}
smcli Virtual_Network_Adapter_Connect_Vswitch -T {userid} -v {vdev} \
-n {switch}
smcli Virtual_Network_Adapter_Disconnect_DM -T {userid} -v {vdev}
smcli Virtual_Network_Adapter_Disconnect -T {userid} -v {vdev}
smcli Image_Device_Dedicate_DM -T {userid} -v {vdev} -r {real}
smcli Image_Device_Undedicate_DM -T {userid} -v {vdev}
smcli Image_Device_Dedicate -T {userid} -v {vdev} -r {real}
smcli Image_Device_Undedicate -T {userid} -v {vdev}
smcli Virtual_Network_Vswitch_Set_Extended -T ZCC1 -k switch_name={switch} \
-k grant_userid={userid}
smcli Virtual_Network_Vswitch_Set_Extended -T ZCC1 -k switch_name={switch} \
-k grant_userid={userid} -k user_vlan_id={vlan}
smcli Virtual_Network_Vswitch_Set_Extended -T ZCC1 -k switch_name={switch} \
-k revoke_userid={userid}
smcli Virtual_Network_Vswitch_Create_Extended -T ZCC1 \
-k switch_name={switch}
smcli Virtual_Network_Vswitch_Delete_Extended -T ZCC1 \
-k switch_name={switch}
smcli Image_Activate -T {userid}
smcli Image_Activate -T {userid}
smcli Image_Activate -T {userid}
smcli Image_Deactivate -T {userid}
smcli Image_Recycle -T {userid}
smcli VMRELOCATE -T {userid} -k action=MOVE -k destination={member}
smcli VMRELOCATE -T {userid} -k action=MOVE -k destination={member}
smcli Image_Pause -T {userid} -k PAUSE={pause}
smcli Image_Console_Get -T {userid}
smcli Name_List_Add -T NLZCC1 -n {userid}
smcli Name_List_Remove -T NLZCC1 -n {userid}
smcli Name_List_Destroy -T NLZCC1
smcli System_RDR_File_Manage -T {userid} -k spoolids=all
vmur punch -r {entry}
vmcp change rdr {spoolid} class x
vmcp transfer * rdr {spoolid} to {userid} rdr
vmcp purge rdr {spoolid}
vmcp purge rdr all
vmcp query names
later
later
restart
""".splitlines()
# Those whose answers depend on numbers that were given and on what came
# first.
IN_ORDER = """\
smcli Image_Create_DM -T {userid} -f <plain>
smcli Image_Delete_DM -T {userid} -e 0
smcli Image_Disk_Create_DM -T {userid} -v {vdev} -t 3390 -a AUTOG -r POOL1 \
-z 7 -m MR
smcli Image_Disk_Delete_DM -T {userid} -v {vdev} -e 0
smcli Image_Volume_Space_Query_DM -q 1 -e 3 -n *
smcli Image_Volume_Space_Query_DM -q 3 -e 3 -n *
linkdiskandbringonline {userid} {vdev} w
offlinediskanddetach {userid} {vdev}
smcli Image_Activate -T {userid}
smcli Image_Deactivate -T {userid}
smcli System_Image_Performance_Query -T NLZCC1
smcli Virtual_Network_Vswitch_Set_Extended -T ZCC1 -k switch_name=VSW1 \
-k grant_userid={userid}
smcli Virtual_Network_Vswitch_Set_Extended -T ZCC1 -k switch_name=VSW1 \
-k revoke_userid={userid}
smcli Virtual_Network_Vswitch_Create_Extended -T ZCC1 -k switch_name={switch}
smcli Virtual_Network_Vswitch_Delete_Extended -T ZCC1 -k switch_name={switch}
smcli Virtual_Network_Vswitch_Query_Extended -T ZCC1 -k switch_name=VSW1
smcli Name_List_Add -T NLZCC1 -n {userid}
smcli Name_List_Remove -T NLZCC1 -n {userid}
smcli Name_List_Query -T NLZCC1
smcli Image_Console_Get -T {userid}
vmur punch -r <plain>
vmur punch -r <plain>
vmur list
vmcp transfer * rdr {spoolid} to {userid} rdr
vmcp purge rdr {spoolid}
vmcp purge rdr all
later
""".splitlines()
GIVES_LIVE = {'Virtual_Network_Adapter_Create_Extended': 3,
              'Image_Device_Dedicate': 1, 'Image_Disk_Create': 1}


def steps(commands):
    """Return a strategy of lists of commands, each of some member."""
    return strategies.lists(
        strategies.builds(
            lambda member, command, fields: (member,
                                             command.format(**fields)),
            strategies.sampled_from(sorted(MEMBERS)),
            strategies.sampled_from(commands),
            strategies.fixed_dictionaries({
                name: strategies.sampled_from(values)
                for name, values in FIELDS.items()})),
        min_size=30, max_size=50)


# Without it most of what is drawn would be refused for want of a guest.
BEGINNING = [
    'smcli Image_Create_DM -T GUEST1 -f <adapter>',
    'smcli Image_Disk_Create_DM -T GUEST1 -v 0100 -t 3390 -a AUTOG -r POOL1 '
    '-z 30 -m MR',
    'smcli Virtual_Network_Vswitch_Set_Extended -T ZCC1 -k switch_name=VSW1 '
    '-k grant_userid=GUEST1',
    'smcli Image_Activate -T GUEST1',
    'smcli Image_Create_DM -T GUEST2 -f <plain>',
    'smcli Image_Create_DM -T GUEST3 -f <mobile>',
    'smcli Image_Activate -T GUEST3',
]


class System:
    """A machine in a folder, and what its guests were given while on."""

    def __init__(self, folder):
        self._folder = folder
        self._scenario = scenarios.complete(SCENARIO, 'test')
        self._clock = clocks.ManualClock()
        self._live = set()
        self.machine = self._start()

    def state(self):
        return self.machine.state()

    def do(self, member, command):
        """Do a step; a command that is refused must change nothing."""
        before, answer = self.state(), None
        if command == 'later':
            self._clock.advance(6)
        elif command == 'restart':
            self.restart()
            assert before == self.state(), 'It is another one afterwards.'
        else:
            answer = self._execute(member, self._words(command), before)
        state = self.state()
        self._live = {(userid, vdev) for userid, vdev in self._live
                      if userid in state['guests'] and
                      vdev in invariants.attached(state, userid)}
        invariants.check(state, self._live)
        return answer

    def restart(self):
        self.machine.close()
        self.machine = self._start()

    def _start(self):
        return execution.Machine(self._scenario, self._folder / 'zvm.sqlite',
                                 self._clock)

    def _execute(self, member, words, before):
        answer = self.machine.execute(member, words)
        output = answer.output.decode()
        assert 'the simulated z/VM broke' not in output, words
        if answer.status:
            assert before == self.state(), f'{words}: {output}'
        elif words[0] == 'smcli':
            self._note(words, before)
        return answer

    def _note(self, words, before):
        """Note who has which device other than from its entry.

        That is what was attached to it while it was logged on, and what its
        entry lost meanwhile: a guest has what it had at its logon.
        """
        options = dict(zip(words, words[1:]))
        userid = options.get('-T', '')
        if userid in before['guests']:
            self._live |= {(userid, vdev) for vdev
                           in invariants.attached(before, userid)}
        if words[1] in GIVES_LIVE:
            number = re.search(r'(?:-v |device_number=)(\S+)',
                               ' '.join(words))[1]
            self._live |= {(userid, f'{int(number, 16) + item:04X}')
                           for item in range(GIVES_LIVE[words[1]])}

    def _words(self, command):
        """Put the file that the command names in <> in its place."""
        match = re.search('<(.*)>', command)
        if not match:
            return command.split()
        path = self._folder / 'entry.file'
        userid = re.search(r'-T (\S+)', command)
        path.write_text(ENTRIES[match[1]].format(userid and userid[1]))
        return command.replace(match[0], str(path)).split()


SETTINGS = hypothesis.settings(
    max_examples=20, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    # To make a sequence that fails shorter takes minutes: add Phase.shrink
    # while you look for the cause.
    phases=[hypothesis.Phase.generate])


class TestAnyOrder(unittest.TestCase):

    @contextlib.contextmanager
    def started(self):
        with tempfile.TemporaryDirectory(dir=simulated.MEMORY) as folder:
            system = System(pathlib.Path(folder))
            try:
                for command in BEGINNING:
                    system.do('ZVM1', command)
                yield system
            finally:
                system.machine.close()

    @SETTINGS
    @hypothesis.given(steps(COMMANDS))
    def test_consistent(self, todo):
        with self.started() as system:
            for member, command in todo:
                system.do(member, command)

    @SETTINGS
    @hypothesis.given(steps(IN_ORDER))
    def test_restart_changes_no_answer(self, todo):
        with self.started() as one, self.started() as other:
            for number, (member, command) in enumerate(todo):
                if number % 3 == 0:
                    other.restart()
                self.assertEqual(one.do(member, command),
                                 other.do(member, command), command)
            self.assertEqual(one.state(), other.state())
