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

"""What nova-zvm-status prints, and how it ends when it cannot."""

import io
import json
import os
import tempfile
from unittest import mock

from oslo_config import cfg
import testtools

from nova_zvm.checks import deployment
from nova_zvm.checks import finding
from nova_zvm.cmd import status
from nova_zvm.cmd import which_driver

WELL = [('Driver', finding.success('All is well.'))]
NAMED = [('Options', finding.warning('n\u00e9%05x is short.', 'Change it.'))]
DOWN = finding.NotChecked('the connector is not reachable').finding
MANY = [
    ('Driver', finding.success('All is well.')),
    ('Connection', finding.failure('No connection.', 'Start it.')),
    ('Token', DOWN), ('SMAPI', DOWN),
    ('Database', finding.NotChecked('there is none').finding),
    ('Uploads', finding.warning('One is left.', 'Wait.')),
]


class StatusCommandTestCase(testtools.TestCase):

    def run_command(self, *options, findings=WELL, raised=None, stdout=None):
        """Return the exit status and what was written to both streams."""
        out = stdout or io.TextIOWrapper(io.BytesIO(), 'ascii')
        err = io.StringIO()
        with mock.patch.object(status, '_findings', side_effect=raised,
                               return_value=findings), \
                mock.patch('sys.stdout', out), mock.patch('sys.stderr', err):
            code = status.main(['check', *options])
        told = '' if stdout else out.buffer.getvalue().decode()
        self.assertNotIn('Traceback', err.getvalue())
        return code, told, err.getvalue()

    def test_table(self):
        """A cause is shown once, and each check that it prevents is named."""
        code, told, _ = self.run_command(findings=MANY)
        self.assertEqual(2, code)
        self.assertEqual(3, told.count('| Check: '))
        self.assertIn('| Details: No connection. Start it.', told)
        self.assertEqual(
            ['Not checked: Token, SMAPI (the connector is not reachable)',
             'Not checked: Database (there is none)',
             '1 failed, 1 warning, 3 not checked, 1 ok'],
            told.splitlines()[-3:])

    def test_problems(self):
        code, told, _ = self.run_command('--problems', findings=MANY)
        self.assertEqual(2, code)
        self.assertEqual(2, told.count('| Check: '))
        self.assertNotIn('Driver', told)
        self.assertTrue(told.endswith(
            '\n1 failed, 1 warning, 3 not checked, 1 ok\n'))
        self.assertEqual(
            (0, '0 failed, 0 warnings, 0 not checked, 1 ok\n', ''),
            self.run_command('--problems'))

    def test_json(self):
        code, told, _ = self.run_command('--format', 'json', findings=MANY)
        self.assertEqual(2, code)
        self.assertEqual(
            ['success', 'failure', 'not checked', 'not checked',
             'not checked', 'warning'],
            [found['result'] for found in json.loads(told)])
        code, told, _ = self.run_command('--format', 'json', '--problems',
                                         findings=MANY)
        self.assertEqual(2, code)
        self.assertEqual(['Connection', 'Uploads'], [
            found['check'] for found in json.loads(told)])

    def test_size_of_the_next_disk(self):
        for text in ('0', '-1', 'large'):
            error = io.StringIO()
            with mock.patch('sys.stderr', error):
                self.assertRaises(SystemExit, status.parse_args,
                                  ['check', '--disk-gb', text])
            self.assertIn('--disk-gb', error.getvalue())
        self.assertEqual(20, status.parse_args(
            ['check', '--disk-gb', '20']).disk_gb)
        out = io.StringIO()
        with mock.patch('sys.stdout', out):
            self.assertRaises(SystemExit, status.parse_args,
                              ['check', '--help'])
        self.assertIn('(default: %d)' % deployment.DISK_GB,
                      ' '.join(out.getvalue().split()))

    def test_names_that_the_terminal_does_not_have(self):
        code, told, _ = self.run_command(findings=NAMED)
        self.assertEqual(1, code)
        self.assertIn('n\\xe9%05x is short.', told)
        code, told, _ = self.run_command('--format', 'json', findings=NAMED)
        self.assertEqual(1, code)
        self.assertEqual('n\u00e9%05x is short.',
                         json.loads(told)[0]['details'])

    def test_reader_that_has_gone(self):
        """It must not look like a warning, whose status is 1."""
        reader, writer = os.pipe()
        os.close(reader)
        for options in ((), ('--format', 'json')):
            with open(os.dup(writer), 'w') as pipe:
                code, _, told = self.run_command(*options, stdout=pipe)
            self.assertEqual(255, code)
            self.assertEqual('Error: the findings cannot be written: Broken '
                             'pipe.\n', told)
        os.close(writer)

    def test_interrupted(self):
        self.assertEqual((255, '', 'Error: interrupted.\n'),
                         self.run_command(raised=KeyboardInterrupt()))

    def test_error_is_not_among_the_json(self):
        code, told, error = self.run_command(
            '--format', 'json', raised=cfg.NoSuchOptError('nosuch'))
        self.assertEqual((255, ''), (code, told))
        self.assertIn('no such option nosuch', error)


class ConfigurationTestCase(testtools.TestCase):
    """Files that nova's configuration cannot be read from."""

    def reason(self, path):
        args = mock.Mock(config_file=[path], config_dir=None)
        conf = cfg.ConfigOpts()
        with mock.patch('nova.conf.CONF', conf):
            return str(self.assertRaises(which_driver.Unreadable,
                                         which_driver.configured, args))

    def file_of(self, data):
        file = tempfile.NamedTemporaryFile()
        self.addCleanup(file.close)
        file.write(data)
        file.flush()
        return file.name

    def test_not_parsed(self):
        path = self.file_of(b'[database]\nconnection of secret\n')
        self.assertEqual('%s cannot be parsed, see line 2' % path,
                         self.reason(path))

    def test_not_text(self):
        path = self.file_of(b'[DEFAULT]\n# caf\xe9\n')
        self.assertIn('is not UTF-8: see its byte 15', self.reason(path))

    def test_directory(self):
        folder = os.path.dirname(__file__)
        self.assertEqual('%s cannot be read: Is a directory' % folder,
                         self.reason(folder))

    def test_not_allowed(self):
        """Root may read all, so that the system's answer is put in."""
        path = self.file_of(b'[DEFAULT]\n')
        with mock.patch('builtins.open', side_effect=PermissionError(
                13, 'Permission denied', path)):
            reason = self.reason(path)
        self.assertIn('this user may not read %s' % path, reason)

    def test_which_driver_tells_it_too(self):
        path = self.file_of(b'[DEFAULT]\n# caf\xe9\n')
        out = io.StringIO()
        with mock.patch('nova.conf.CONF', cfg.ConfigOpts()), \
                mock.patch('sys.stdout', out):
            code = which_driver.main(['--config-file', path])
        self.assertEqual(1, code)
        self.assertIn('nova-compute stops: a configuration file is not UTF-8',
                      out.getvalue())
