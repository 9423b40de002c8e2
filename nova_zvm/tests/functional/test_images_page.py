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

"""The page on images tells how one is captured by hand: this does it."""

import pathlib
import re
import subprocess

import fixtures

from nova_zvm.tests.support import codeblocks
from zvm_simulator.tests.functional import test_guests

PAGE = 'doc/source/admin/images.rst'
FILES = ('register.json', 'capture.json', 'download.json')
USERID = 'GOLDEN'


def section() -> str:
    return (codeblocks.ROOT / PAGE).read_text().partition(
        "\nThe connector's REST interface\n---")[2].partition(
        "\nOn the connector's Linux\n---")[0]


class TestCaptureByHand(test_guests.GuestTest):

    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def adapted(self, text: str) -> str:
        """Return a text of the page for this connector, which has no TLS."""
        for told, here in (
                ('https://zvm.example.org', self.zvm.url),
                (' --cacert /etc/nova/zvm-ca.pem', ''),
                ('/etc/nova/zvm-token', self.zvm.token_file),
                ('/var/lib/zvmsdk/images',
                 str(self.connector.image_repository))):
            text = text.replace(told, here)
        return text

    def test_commands(self) -> None:
        self.define(USERID)
        self.image()
        self.rest.action(USERID, 'deploy', image='rhel')
        self.rest.action(USERID, 'deregister_vm')
        self.rest.output('DELETE', '/images/rhel')
        bodies = re.findall(r'(?m)^   (\{"\w+": .*\})$', section())
        for name, body in zip(FILES, bodies, strict=True):
            (self.folder / name).write_text(self.adapted(body))
        blocks = codeblocks.to_run(PAGE)

        told = subprocess.run(
            ['sh', '-c', 'set -e\n' + self.adapted(
                ''.join(block.script for block in blocks))],
            cwd=self.folder, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)

        self.assertEqual(0, told.returncode, told.stdout)
        self.assertEqual({*FILES, 'rhel86.img'},
                         {path.name for path in self.folder.iterdir()})
        header = (self.folder / 'rhel86.img').read_bytes()[:55]
        self.assertTrue(header.startswith(b'xCAT CKD Disk Image:        4370'),
                        header)
        self.assertEqual([], self.rest.output('GET', '/images'))
        self.assertEqual([], self.rest.output('GET', '/guests'))
        self.assertIn(USERID, self.rest.output('GET', '/host/guests'))
        token = pathlib.Path(self.zvm.token_file).read_text().strip()
        self.assertNotIn(token, told.stdout)
