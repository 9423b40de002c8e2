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

"""What systemd-tmpfiles removes of uploads and captures, by our rule."""

import os
import pathlib
import subprocess
import time

import testtools

from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import installation
from zvm_simulator.tests.support import fixtures as zvm_fixtures

RULE = installation.ROOT / 'etc' / 'tmpfiles.d' / 'nova-zvm-connector.conf'
DEFAULT_FOLDERS = """
from zvmsdk import config, constants
default = {option.name: option.default for option in config.zvm_opts}
print(default['file_repository'] + '/' + constants.FILE_TYPE['IMPORT'])
print(default['sdk_image_repository'] + '/' +
      constants.IMAGE_TYPE['CAPTURE'])
"""
HOUR = 3600
DAY = 24 * HOUR


def rules():
    return [line for line in RULE.read_text().splitlines()
            if line and not line.startswith('#')]


def folders_of_rules():
    return [rule.split()[1] for rule in rules()]


class TestFolders(testtools.TestCase):

    def test_default_folders_of_the_connector(self):
        output = subprocess.run(
            [zvm_fixtures.connector_python(), '-W', 'ignore', '-c',
             DEFAULT_FOLDERS], capture_output=True, check=True, text=True)
        self.assertEqual(output.stdout.split(), folders_of_rules())


class TestRule(cloud.ZVMTestCase):
    """What is left of a boot with a config drive, and of captures."""

    def setUp(self):
        super().setUp()
        member = self.zvm.simulator.member
        self.files = pathlib.Path(member.file_repository)
        self.staging = pathlib.Path(member.image_repository) / 'staging'
        self.server = self.boot(config_drive=True)

    def clean(self):
        """Run the rules on the repositories of the test."""
        path = pathlib.Path(self.state_path) / 'rule.conf'
        path.write_text(''.join(
            rule.replace(default, str(folder)) + '\n'
            for rule, default, folder in zip(
                rules(), folders_of_rules(),
                [self.files / 'imported', self.staging])))
        subprocess.run(['systemd-tmpfiles', '--clean', path], check=True)
        path.unlink()

    def age(self, path, seconds):
        """Let a file have been written some time ago, and read just now."""
        os.utime(path, (time.time(), time.time() - seconds))

    def test_uploads(self):
        # Those that may still be in use are kept.
        young, old, *_ = self.uploads()
        self.age(young, 23 * HOUR)
        self.age(old, 25 * HOUR)
        self.clean()
        self.assertEqual([True, False], [young.exists(), old.exists()])

        self.assertNotEqual([], self.uploads())
        kept = self.files / 'exported' / 'file'
        kept.parent.mkdir(exist_ok=True)
        kept.write_text('of somebody else')
        files = set(self.connector_files())
        folders = [self.files, self.files / 'imported']
        for path in [*files, *folders]:
            self.age(path, 30 * DAY)
        imported = set((self.files / 'imported').iterdir())

        self.clean()

        self.assertEqual(files - imported, set(self.connector_files()))
        self.assertEqual([True, True], [path.is_dir() for path in folders])
        self._delete_server(self.server)
        self.boot(config_drive=True)

    def test_captures(self):
        old, young = [self.staging / 'rhel8.6' / name / '0100'
                      for name in ('nova-cap-1', 'nova-cap-2')]
        for path, seconds in ((old, 25 * HOUR), (young, 23 * HOUR)):
            path.parent.mkdir(parents=True)
            path.write_bytes(b'half an image')
            self.age(path, seconds)
        images = list(self.staging.with_name('netboot').rglob('0100'))
        self.assertNotEqual([], images)
        for path in images:
            self.age(path, 30 * DAY)

        self.clean()

        self.assertEqual([False, True], [old.exists(), young.exists()])
        self.assertTrue(all(path.exists() for path in images))
