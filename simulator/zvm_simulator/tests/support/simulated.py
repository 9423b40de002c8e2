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

"""A simulated z/VM in memory of one test, and the commands to drive it."""

import io
import pathlib
import tarfile
import tempfile
import unittest

import pycdlib

from zvm_simulator.disks import imagefile
from zvm_simulator.ground import clocks
from zvm_simulator.ground import latency
from zvm_simulator.machine import execution
from zvm_simulator.service import scenarios

MEMBER = 'ZVMSYS1'
CONNECTOR = 'ZCCSRV'
BOOT_TIME = 20
# A store waits for its disk at each close; one in memory has none.
MEMORY = '/dev/shm' if pathlib.Path('/dev/shm').is_dir() else None
ENTRY = """USER {userid} LBYONLY 2048m 8G G
INCLUDE OSDFLT
MACHINE ESA 4
COMMAND SET VCONFIG MODE LINUX
COMMAND DEFINE CPU 00 TYPE IFL
COMMAND DEFINE CPU 01 TYPE IFL
SHARE RELATIVE 200
IPL 0100
COMMAND DEF STOR RESERVED 6144M
"""
ECKD_SIZE = 4370
IMAGE_SIZE = 3338


class SimulatorTestCase(unittest.TestCase):
    """Tests that run commands as a connector would."""

    scenario: dict = {}

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.clock = clocks.ManualClock()
        self.latency = latency.Latency()
        self.machine = self.start(self.scenario)

    def start(self, scenario=None, name='zvm.sqlite'):
        """Start a machine, or go on with the one of that name."""
        machine = execution.Machine(
            scenarios.complete(scenario or self.scenario, 'test'),
            self.folder / name, self.clock, self.latency)
        self.addCleanup(machine.close)
        return machine

    def run_command(self, *words, member=MEMBER):
        """Return exit status and output; one word is a shell string."""
        argv = words[0] if len(words) == 1 else ['sudo', *words]
        answer = self.machine.execute(member, argv)
        return answer.status, answer.output.decode()

    def smcli(self, api, *words, member=MEMBER):
        """Return the response of a call that succeeds."""
        status, output = self.run_command(
            '/opt/zthin/bin/smcli', api, '--addRCheader', *words,
            member=member)
        self.assertEqual(0, status, output)
        header, _, response = output.partition('\n')
        self.assertEqual('0 0 0 (details) None', header)
        return response

    def assert_refused(self, codes, api, *words):
        """Check that a call is refused with (return code, reason code)."""
        status, output = self.run_command(
            '/opt/zthin/bin/smcli', api, '--addRCheader', *words)
        self.assertNotEqual(0, status, output)
        header = output.splitlines()[0].split()
        self.assertEqual(codes, tuple(int(word) for word in header[1:3]),
                         output)
        self.assertEqual('(details)', header[3])
        self.assertIn(f'  Return Code: {codes[0]}\n', output)

    def vmcp(self, *words):
        """Return the response of a CP command that succeeds."""
        status, output = self.run_command('/sbin/vmcp', *words)
        self.assertEqual(0, status, output)
        return output

    def iucv(self, userid, command):
        return self.run_command('/opt/zthin/bin/IUCV/iucvclnt', userid,
                                command)

    def file(self, name, content):
        """Write a file on the connector's Linux; return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return str(path)

    def create(self, userid='GUEST1', text=ENTRY):
        path = self.file('entry', text.format(userid=userid))
        self.smcli('Image_Create_DM', '-T', userid, '-f', path)

    def add_disk(self, userid='GUEST1', vdev='0100', size=ECKD_SIZE,
                 pool='POOL1', devtype='3390'):
        self.smcli('Image_Disk_Create_DM', *disk_options(
            userid, vdev, size, pool, devtype))

    def image(self, kind='CKD', size=IMAGE_SIZE, payload=b'disk'):
        """Write an image file where the connector would keep it."""
        return self.file('netboot/rhel8.6/image1/0100',
                         imagefile.header(kind, size) + payload)

    def deploy(self, userid='GUEST1'):
        status, output = self.run_command(
            '/opt/zthin/bin/unpackdiskimage', userid, '0100', self.image())
        self.assertEqual(0, status, output)

    def punch(self, userid, name, content, spool_class='X'):
        """Send a file to a guest's reader, as smtLayer does."""
        status, output = self.run_command(
            '/usr/sbin/vmur', 'punch', '-r', self.file(name, content))
        self.assertEqual(0, status, output)
        spoolid = output.split()[4]
        self.vmcp('change', 'rdr', spoolid, 'class', spool_class)
        self.vmcp('transfer', '*', 'rdr', spoolid, 'to', userid, 'rdr')

    def authorise(self, userid='GUEST1'):
        self.punch(userid, 'iucvauth.sh', '#!/bin/bash\necho -n ' +
                   CONNECTOR + ' > /etc/iucv_authorized_userid\n', 'x')

    def grant(self, userid='GUEST1', switch='VSW2', *more):
        self.smcli('Virtual_Network_Vswitch_Set_Extended', '-T', CONNECTOR,
                   '-k', f'switch_name={switch}', '-k',
                   f'grant_userid={userid}', *more, '-k', 'persist=YES')

    def bootable(self, userid='GUEST1'):
        """Make a guest that boots when it is activated."""
        self.create(userid)
        self.add_disk(userid)
        self.deploy(userid)
        self.authorise(userid)

    def boot(self, userid='GUEST1'):
        self.smcli('Image_Activate', '-T', userid)
        self.clock.advance(BOOT_TIME)

    def guest(self, userid='GUEST1'):
        """Return what the state says of a logged-on guest."""
        return self.machine.state()['guests'][userid]

    def reader(self, userid='GUEST1'):
        """Return name and type of the files in a reader."""
        files = self.machine.state()['spool'].get(userid, [])
        return [f'{file["name"]}.{file["type"]}' for file in files]


def disk_options(userid='GUEST1', vdev='0100', size=ECKD_SIZE, pool='POOL1',
                 devtype='3390'):
    """Return the options of smtLayer/changeVM.py add3390 and add9336."""
    return ('-T', userid, '-v', vdev, '-t', devtype, '-a', 'AUTOG', '-r',
            pool, '-u', '1', '-z', str(size), '-f', '1', '-m', 'MR')


def archive(files):
    """Return a tar file of texts by name."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode='w') as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return output.getvalue()


def config_drive(files, label='config-2'):
    """Return an ISO 9660 file of texts by path, two folders deep."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge='1.09',
            vol_ident=label)
    folders = set()
    for number, (path, text) in enumerate(sorted(files.items())):
        parts = path.split('/')[:-1]
        for depth in range(1, len(parts) + 1):
            folder = '/'.join(parts[:depth])
            if folder not in folders:
                folders.add(folder)
                iso.add_directory(
                    '/' + folder.upper(), rr_name=parts[depth - 1],
                    joliet_path='/' + folder)
        base = '/'.join(parts).upper()
        iso.add_fp(io.BytesIO(text.encode()), len(text.encode()),
                   f'/{base}/F{number}.;1', rr_name=path.split('/')[-1],
                   joliet_path='/' + path)
    output = io.BytesIO()
    iso.write_fp(output)
    iso.close()
    return output.getvalue()
