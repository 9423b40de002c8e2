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

from zvm_simulator.service.page import masking


class TestMasking(testtools.TestCase):

    def test_what_is_shown_as_it_ran(self):
        for kind, command in (
                ('rest', 'GET /guests?userid=INST0001'),
                ('cp', 'vmcp q INST0001'),
                ('cp', 'vmcp transfer * rdr 12 to INST0001 rdr'),
                ('dirm', '/opt/zthin/bin/smcli Image_Disk_Create_DM '
                         '--addRCheader -T INST0001 -v 0100 -t 3390 -r POOL1'
                         ' -u 1 -z 4370 -f 1 -m MR'),
                ('smapi', 'smcli System_WWPN_Query -T ZCCSRV -k OWNER=YES'),
                ('image', 'unpackdiskimage INST0001 0100 /images/rhel/0100'),
                ('image', 'refresh_bootmap --fcpchannel=5C03 '
                          '--wwpn=5005076802100c1b --lun=0')):
            self.assertEqual(command, masking.line(command, kind))

    def test_no_secret_is_shown(self):
        for kind, command in (
                ('rest', 'GET /guests?userid=A&token=S3CRET'),
                ('rest', 'GET /x?X-Auth-Token=S3CRET&a=b'),
                ('cp', "vmcp 'link maint 190 190 rr S3CRET'"),
                ('cp', 'vmcp xautolog INST0001 S3CRET'),
                ('cp', 'vmcp LOGON INST0001 S3CRET NOIPL'),
                ('iucv', "iucvclnt INST0001 'echo root:S3CRET | chpasswd'"),
                ('iucv', 'iucvclnt INST0001 echo S3CRET'),
                ('dirm', 'smcli Image_Disk_Create_DM -T A -R S3CRET -M MR'),
                ('dirm', 'smcli Image_Disk_Create_DM -T A -RS3CRET -z 1'),
                ('dirm', 'smcli Image_Disk_Create_DM -T A -R -R -W S3CRET'),
                ('dirm', 'smcli Image_Password_Set_DM -T A -p S3CRET'),
                ('dirm', 'smcli Image_Definition_Update_DM -k PASSWORD='
                         'S3CRET'),
                ('dirm', "smcli Image_Definition_Update_DM '-k password=a="
                         "S3CRET b'"),
                ('linux', 'tool --password S3CRET file'),
                ('linux', 'tool --admin-token=S3CRET'),
                ('linux', 'tool pass=S3CRET user_data=S3CRET'),
                ('image', 'refresh_bootmap '
                          '--ignitionurl=https://u:S3CRET@host/a?k=S3CRET'),
                ('linux', "tool 'open --password=S3CRET")):
            shown = masking.line(command, kind)
            self.assertNotIn('S3CRET', shown)
            self.assertIn(masking.MASK, shown)

    def test_what_stands_beside_a_secret(self):
        self.assertEqual(
            'smcli Image_Disk_Create_DM -T A -R *** -z 1', masking.line(
                'smcli Image_Disk_Create_DM -T A -R x -z 1', 'dirm'))
        self.assertEqual('iucvclnt A shutdown ***', masking.line(
            "iucvclnt A 'shutdown -h now'", 'iucv'))
        self.assertEqual('tool --ignitionurl=https://host/a?***',
                         masking.line('tool --ignitionurl='
                                      'https://me:x@host/a?k=1', 'image'))
