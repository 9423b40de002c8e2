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

"""A Linux reads the config drives that others have made."""

import io
import pathlib
import shutil
import subprocess

import fixtures
import pycdlib
import testtools

from zvm_simulator.linux import isofile

FILES = {
    'openstack/latest/meta_data.json': b'{"hostname": "vm1"}',
    'openstack/content/0000': b'\0\xff' * 3000,
    # More than a record's 255 bytes have room for beside its other entries.
    'openstack/' + 'long-name' * 24 + '.txt': b'of a long name',
    'empty': b''}


def made(files, **trees):
    """Return an image that pycdlib makes, as nova does."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=4, vol_ident='config-2', **trees)
    folders = sorted({str(parent) for path in files
                      for parent in pathlib.PurePath(path).parents} - {'.'})
    for path in folders:
        iso.add_directory(**names(path, trees))
    for path, content in files.items():
        iso.add_fp(io.BytesIO(content), len(content), **names(path, trees))
    output = io.BytesIO()
    iso.write_fp(output)
    iso.close()
    return output.getvalue()


def names(path, trees):
    found = {'iso_path': '/' + path}
    if 'rock_ridge' in trees:
        found['rr_name'] = path.rpartition('/')[2]
    if 'joliet' in trees:
        found['joliet_path'] = '/' + path
    return found


class TestDrive(testtools.TestCase):

    def assert_drive(self, files, data):
        drive = isofile.Drive(data)
        self.assertEqual('config-2', drive.label)
        self.assertEqual(sorted(files), drive.names())
        for path, content in files.items():
            self.assertEqual(content, drive.read('/' + path), path)
        self.assertRaises(KeyError, drive.read, 'openstack')
        self.assertRaises(KeyError, drive.read, 'absent')

    def test_rock_ridge(self):
        files = {path.replace('long-name', 'Long-Name'): content
                 for path, content in FILES.items() if len(path) < 200}
        self.assert_drive(files, made(files, rock_ridge='1.09'))

    def test_joliet(self):
        files = {'openstack/Latest/meta_data \u00fc.json': b'x'}
        self.assert_drive(files, made(files, joliet=3))

    def test_plain(self):
        files = {'openstack/latest/meta_data.json': b'x', 'ec2/user': b'y'}
        self.assert_drive(files, made(files))

    def test_all_trees(self):
        files = {'openstack/latest/user_data': b'x' * 5000}
        self.assert_drive(files, made(files, joliet=3, rock_ridge='1.09'))

    def test_folder_of_many_sectors(self):
        files = {'openstack/content/%04d' % number: b'%d' % number
                 for number in range(200)}
        self.assert_drive(files, made(files, joliet=3, rock_ridge='1.09'))

    def test_of_another_program(self):
        """As nova makes it where mkisofs_cmd is set."""
        program = shutil.which('genisoimage')
        if not program:
            self.skipTest('There is no genisoimage.')
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for path, content in FILES.items():
            (folder / 'drive' / path).parent.mkdir(parents=True,
                                                   exist_ok=True)
            (folder / 'drive' / path).write_bytes(content)
        for trees in (['-J', '-joliet-long', '-r'], ['-r']):
            subprocess.run(
                [program, '-quiet', '-o', folder / 'iso', *trees,
                 '-ldots', '-allow-lowercase', '-allow-multidot', '-l',
                 '-V', 'config-2', folder / 'drive'],
                check=True, capture_output=True)
            self.assert_drive(FILES, (folder / 'iso').read_bytes())

    def test_not_one(self):
        for data in (b'', b'no iso', b'\0' * 65536,
                     made({'a': b''})[:16 * isofile.SECTOR + 100]):
            self.assertRaises(ValueError, isofile.Drive, data)

    def test_broken_one(self):
        """No byte of it makes a read go on for ever or break."""
        data = made({'openstack/latest/a': b'x'}, rock_ridge='1.09')
        for position in range(16 * isofile.SECTOR, len(data), 7):
            broken = bytearray(data)
            broken[position] ^= 0xff
            try:
                drive = isofile.Drive(bytes(broken))
                for name in drive.names():
                    drive.read(name)
            except (KeyError, ValueError):
                pass
