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

"""Figures of what guests use: they move with time and never fall."""

import re

from zvm_simulator.tests.support import simulated


class MeteringTestCase(simulated.SimulatorTestCase):

    scenario = {'timing': {'logoff': 30}}

    def setUp(self):
        super().setUp()
        self.grant()
        self.bootable()
        for command, keys in (
                ('Virtual_Network_Adapter_Create_Extended_DM',
                 ('-k', 'image_device_number=1000', '-k',
                  'adapter_type=QDIO')),
                ('Virtual_Network_Adapter_Connect_Vswitch_DM',
                 ('-v', '1000', '-n', 'VSW2'))):
            self.smcli(command, '-T', 'GUEST1', *keys)
        self.boot()
        self.guest()

    def figures(self):
        """Return processor time, samples, bytes of the adapter."""
        guest = self.smcli('Image_Performance_Query', '-T', 'ZCCSRV', '-T',
                           'GUEST1', '-c', '1')
        port = self.smcli('Virtual_Network_Vswitch_Query_Byte_Stats', '-T',
                          'ZCCSRV', '-T', 'ZCCSRV', '-k', 'switch_name=*')
        used = int(re.search(r'Used CPU time: "(\d+)', guest)[1])
        samples = int(re.search(r'Samples CPU in use: "(\d+)', guest)[1])
        traffic = int(re.search(r'nic_rx:\s*(\d+)', port)[1])
        return used, samples, traffic

    def assert_moves(self):
        before = self.figures()
        self.clock.advance(200)
        after = self.figures()
        for old, new in zip(before, after, strict=True):
            self.assertGreater(new, old)
        return after

    def assert_rests(self):
        before = self.figures()
        self.clock.advance(200)
        self.assertEqual(before, self.figures())

    def test_running_guest(self):
        self.assert_moves()
        self.assert_moves()

    def test_paused_guest(self):
        before = self.assert_moves()
        self.smcli('Image_Pause', '-T', 'GUEST1', '-k', 'PAUSE=YES')
        self.assert_rests()
        self.smcli('Image_Pause', '-T', 'GUEST1', '-k', 'PAUSE=NO')
        self.assertEqual(before, self.figures())
        self.assert_moves()

    def test_fewer_processors_use_less_and_take_nothing_back(self):
        two = self.figures()
        self.clock.advance(100)
        before = self.figures()
        self.iucv('GUEST1', 'chcpu -d 1')
        self.assertEqual(before, self.figures())
        self.clock.advance(100)
        self.assertEqual((before[0] - two[0]) // 2,
                         self.figures()[0] - before[0])

    def test_guest_whose_linux_is_down(self):
        self.assert_moves()
        self.iucv('GUEST1', 'shutdown -h now')
        before = self.figures()
        self.clock.advance(200)
        after = self.figures()
        self.assertEqual(before[2], after[2])
        self.assertLess(after[0] - before[0], 1_000_000)
        self.assertGreaterEqual(after[0], before[0])

    def test_restart_of_the_simulation(self):
        before = self.assert_moves()
        self.machine.close()
        self.machine = self.start()
        self.assertEqual(before, self.figures())

    def test_guest_that_is_logging_off(self):
        before = self.assert_moves()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
        self.clock.advance(10)
        for old, new in zip(before, self.figures(), strict=True):
            self.assertGreaterEqual(new, old)

    def test_begins_anew_with_a_logon(self):
        before = self.assert_moves()
        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f IMMED')
        self.clock.advance(30)
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assertLess(self.figures()[0], before[0])
