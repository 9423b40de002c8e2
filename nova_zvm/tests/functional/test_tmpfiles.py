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

"""The rule with which systemd-tmpfiles removes what is left of uploads."""

import os
import pathlib
import subprocess
import time

from nova_zvm.tests import fixtures as zvm_fixtures
from nova_zvm.tests.functional import base
from nova_zvm.tests.functional import installation

RULE = installation.ROOT / 'etc' / 'tmpfiles.d' / 'nova-zvm-connector.conf'
DEFAULT_FOLDER = """
from zvmsdk import config, constants
[repository] = [option.default for option in config.zvm_opts
                if (option.section, option.name) ==
                ('file', 'file_repository')]
print(repository + '/' + constants.FILE_TYPE['IMPORT'])
"""
HOUR = 3600
DAY = 24 * HOUR


class TestRule(base.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.files = pathlib.Path(self.zvm.simulator.member.file_repository)
        [self.rule] = [line for line in RULE.read_text().splitlines()
                       if line and not line.startswith('#')]

    def clean(self):
        """Run the rule on the repository of the test."""
        path = pathlib.Path(self.state_path) / 'rule.conf'
        path.write_text(self.rule.replace(self.rule.split()[1],
                                          str(self.files / 'imported')))
        subprocess.run(['systemd-tmpfiles', '--clean', path], check=True)
        path.unlink()

    def age(self, path, seconds):
        """Let a file have been written some time ago, and read just now."""
        os.utime(path, (time.time(), time.time() - seconds))

    def test_default_folder_of_the_connector(self):
        output = subprocess.run(
            [zvm_fixtures.connector_python(), '-W', 'ignore', '-c',
             DEFAULT_FOLDER], capture_output=True, check=True, text=True)
        self.assertEqual(output.stdout.strip(), self.rule.split()[1])

    def test_what_is_left_of_a_boot(self):
        server = self.boot(config_drive=True)
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
        self._delete_server(server)
        self.boot(config_drive=True)

    def test_what_may_still_be_in_use(self):
        self.boot(config_drive=True)
        young, old, *_ = self.uploads()
        self.age(young, 23 * HOUR)
        self.age(old, 25 * HOUR)
        self.clean()
        self.assertEqual([True, False], [young.exists(), old.exists()])
