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

import testtools

from zvm_simulator.ground import invocation


class TestParse(testtools.TestCase):

    def _parse(self, *argv):
        return invocation.parse('ZVMSYS1', list(argv))

    def test_directory_command(self):
        call = self._parse('sudo', '/opt/zthin/bin/smcli', 'Image_Create_DM',
                           '--addRCheader', '-T', 'inst0001', '-f', '/tmp/x')

        self.assertEqual('dirm', call.kind)
        self.assertEqual('Image_Create_DM', call.name)
        self.assertEqual('INST0001', call.userid)
        self.assertEqual(
            '/opt/zthin/bin/smcli Image_Create_DM --addRCheader -T inst0001 '
            '-f /tmp/x', call.line)

    def test_kind_name_and_userid(self):
        smcli = '/opt/zthin/bin/smcli'
        for argv, kind, name, userid in (
                ([smcli, 'Image_Activate', '--addRCheader', '-T', 'U1'],
                 'smapi', 'Image_Activate', 'U1'),
                ([smcli, 'Name_List_Add', '--addRCheader', '-T', 'NLZCC',
                  '-n', 'U1'], 'smapi', 'Name_List_Add', 'U1'),
                ([smcli, 'Virtual_Network_Vswitch_Set_Extended', '-T', 'ZCC',
                  '-k', 'switch_name=VSW1', '-k', 'grant_userid=U1'],
                 'smapi', 'Virtual_Network_Vswitch_Set_Extended', 'U1'),
                (['/sbin/vmcp', 'query', 'user', 'U1'],
                 'cp', 'query user', 'U1'),
                (['/sbin/vmcp', 'query userid'], 'cp', 'query userid', None),
                (['vmcp', 'q', 'U1'], 'cp', 'q', 'U1'),
                (['/sbin/vmcp', 'transfer', '*', 'rdr', '7', 'to', 'U1',
                  'rdr'], 'cp', 'transfer', 'U1'),
                (['/opt/zthin/bin/IUCV/iucvclnt', 'U1', 'pwd'],
                 'iucv', 'iucvclnt', 'U1'),
                (['/opt/zthin/bin/unpackdiskimage', 'U1', '0100', '/i'],
                 'image', 'unpackdiskimage', 'U1'),
                (['/opt/zthin/bin/unpackdiskimage', '1a00', '0x50', '0x00',
                  '/ign', '0.0.1000', 'ip'], 'image', 'unpackdiskimage',
                 None),
                (['vmcp', 'query', 'fcp'], 'cp', 'query fcp', None),
                (['/usr/sbin/vmur', 'list'], 'vmur', 'vmur', None),
                (['/sbin/dasdfmt', '-y', '/dev/dasda'],
                 'linux', 'dasdfmt', None)):
            call = self._parse('sudo', *argv)
            self.assertEqual((kind, name, userid),
                             (call.kind, call.name, call.userid), argv)

    def test_shell_string(self):
        call = invocation.parse('ZVMSYS1', 'sudo /sbin/fdisk /dev/dasda <<E')

        self.assertEqual('linux', call.kind)
        self.assertEqual('fdisk', call.name)
        self.assertEqual('/sbin/fdisk /dev/dasda <<E', call.line)

    def test_nothing(self):
        self.assertEqual('linux', invocation.parse('ZVMSYS1', []).kind)
