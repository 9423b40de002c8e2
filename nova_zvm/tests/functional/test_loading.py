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

"""Which driver the real nova-compute loads, in installations of every kind."""

import importlib.metadata
import json
import os
import subprocess
import textwrap

from nova_zvm.tests.support import codeblocks
from nova_zvm.tests.support import installation

OURS = 'nova_zvm.driver.ZVMDriver'
NOVAS_OWN = 'nova.virt.zvm.driver.ZVMDriver'
NOVA = importlib.metadata.version('nova')
PAGE = 'doc/source/install/index.rst'


class LoadingTestCase(installation.CloneTestCase):
    """Tests that share one virtual environment with nova."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.venv = installation.VirtualEnvironment(cls.directory / 'venv')

    def assertLoads(self, expected, done):
        self.assertIn('LOADED %s\n' % expected, done.stdout)
        self.assertEqual(0, done.returncode, done.stdout)


class TestInstallation(LoadingTestCase):

    def _come_and_go(self, install, uninstall, look=lambda: None):
        before = self.venv.checksums()
        install()
        look()
        loaded = self.venv.nova_compute()
        during = self.venv.checksums()
        uninstall()
        self.assertLoads(OURS, loaded)
        self.assertEqual(before, {
            name: during.get(name) for name in before})
        self.assertEqual(before, self.venv.checksums())
        self.assertLoads(NOVAS_OWN, self.venv.nova_compute(
            until=installation.FIND_CLASS))

    def test_as_the_page_tells(self):
        """It finds nothing to fetch: the environment has all beside nova."""
        install, which, remove = codeblocks.to_run(PAGE)

        def look():
            told = which.text.splitlines()[1:]
            found = self.type(which).splitlines()[-len(told):]
            self.assertEqual(*([line.split()[0] for line in lines]
                               for lines in (told, found)))
            self.assertEqual(told[-1], found[-1])

        self._come_and_go(lambda: self.type(install),
                          lambda: self.type(remove), look)

    def type(self, block):
        """Type the commands of a code block and return their output."""
        page = (codeblocks.ROOT / PAGE).read_text()
        conf = self.directory / 'page.conf'
        conf.write_text(textwrap.dedent(
            page.partition('.. code-block:: ini\n')[2].partition(
                '\n``')[0]))
        return installation.checked(
            ['env', f'PATH={self.venv.bin}:{os.environ["PATH"]}',
             f'PIP_PYTHON={self.venv.bin / "python"}', 'PIP_YES=1',
             'PIP_NO_INDEX=1', 'PIP_NO_DEPS=1', 'PIP_NO_COMPILE=1',
             'PIP_NO_BUILD_ISOLATION=0', 'PIP_DISABLE_PIP_VERSION_CHECK=1',
             'sh', '-ec', block.script.replace('/etc/nova/nova.conf',
                                               str(conf))], cwd=self.clone)

    def test_editable(self):
        self._come_and_go(
            lambda: self.venv.install('--editable', self.clone),
            self.venv.uninstall)


class TestInstalled(LoadingTestCase):
    """The package is installed, and some tests break its files."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.venv.install(cls.clone)

    def replace(self, path, content):
        """Give a file of the package other content, or remove it."""
        path = self.venv.site_packages / 'nova_zvm' / path
        self.addCleanup(path.write_text, path.read_text())
        path.unlink()
        if content is not None:
            path.write_text(content)

    # nova-compute, and what is none of its business

    def test_second_name(self):
        """nova's own messages name the driver zvm.driver.ZVMDriver."""
        self.assertLoads(OURS, self.venv.nova_compute('zvm.driver.ZVMDriver'))

    def test_other_services_are_left_alone(self):
        done = self.venv.python(
            'import sys, nova.conf, nova.virt.zvm\n'
            'print("nova_zvm.loader" in sys.modules, nova.virt.zvm.__file__)')
        self.assertIn(
            'False %s\n' % (
                self.venv.site_packages / 'nova/virt/zvm/__init__.py'),
            done.stdout)

    def test_other_drivers_are_left_alone(self):
        self.replace('driver.py', 'raise RuntimeError("imported")')
        self.assertLoads('nova.virt.fake.FakeDriver',
                         self.venv.nova_compute('fake.FakeDriver'))

    # A broken driver stops nova-compute with an error that names us

    def assertStops(self, complaint):
        done = self.venv.nova_compute()
        self.assertNotEqual(0, done.returncode, done.stdout)
        self.assertNotIn('LOADED', done.stdout)
        self.assertIn('nova_zvm', done.stdout)
        self.assertIn(complaint, done.stdout)

    def test_missing_dependency(self):
        self.replace('driver.py', 'import absent_library')
        self.assertStops("No module named 'absent_library'")

    def test_syntax_error_in_a_part(self):
        self.replace('guest/lifecycle.py', 'class :')
        self.assertStops('SyntaxError')

    def test_no_driver_class(self):
        self.replace('driver.py', '')
        self.assertStops("has no attribute 'ZVMDriver'")

    def test_missing_package(self):
        self.replace('_zvm/__init__.py', None)
        self.assertStops('nova_zvm/_zvm/__init__.py')

    # nova-zvm-which-driver

    def which(self, *arguments):
        return installation.run(
            [self.venv.bin / 'nova-zvm-which-driver', *arguments],
            cwd=self.directory)

    def test_which_ours(self):
        version = self.venv.python(
            'from importlib import metadata\n'
            'print(metadata.version("nova-zvm"))').stdout.strip()
        done = self.which(self.venv.conf())
        self.assertEqual(0, done.returncode, done.stdout)
        # Where nova has eventlet, that has warned of itself before.
        self.assertEqual([
            'compute_driver  zvm.ZVMDriver',
            'class           nova_zvm.driver.ZVMDriver',
            'file            %s' % (
                self.venv.site_packages / 'nova_zvm/driver.py'),
            'distribution    nova-zvm %s' % version,
            'nova            %s' % NOVA,
            'nova-compute would load nova_zvm'], done.stdout.splitlines()[-6:])

    def test_which_another_driver(self):
        done = self.which(self.venv.conf('fake.FakeDriver'))
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn('distribution    nova %s\n' % NOVA, done.stdout)
        self.assertIn('set [DEFAULT]compute_driver = zvm.ZVMDriver',
                      done.stdout)

    def test_which_no_driver_set(self):
        path = self.directory / 'empty.conf'
        path.write_text('')
        done = self.which('--config-file', path)
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn('compute_driver is not set', done.stdout)

    def test_which_broken_driver(self):
        self.replace('driver.py', 'import absent_library')
        done = self.which(self.venv.conf())
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn("No module named 'absent_library'", done.stdout)

    def test_which_broken_loader(self):
        """The one case in which nova falls back to its own driver."""
        self.replace('loader.py', 'raise ImportError("cut off")')
        done = self.which(self.venv.conf())
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn('class           nova.virt.zvm.driver.ZVMDriver\n',
                      done.stdout)
        self.assertIn('cut off', done.stdout)

    def test_which_missing_file(self):
        done = self.which('--config-file', '/absent/nova.conf')
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn('/absent/nova.conf', done.stdout)
        self.assertNotIn('Traceback', done.stdout)

    # nova-zvm-status

    def status(self, *arguments, **options):
        return installation.run(
            [self.venv.bin / 'nova-zvm-status', *arguments],
            cwd=self.directory, **options)

    def status_in_json(self, *arguments):
        """Return exit status and what was printed; warnings stand apart."""
        done = self.status('check', '--format', 'json', *arguments,
                           stderr=subprocess.PIPE)
        return done.returncode, json.loads(done.stdout)

    def test_status_without_connector(self):
        done = self.status('check', self.venv.conf())
        self.assertEqual(2, done.returncode, done.stdout)
        self.assertIn('nova-compute would load nova-zvm', done.stdout)
        self.assertIn('See that the connector runs', done.stdout)
        self.assertEqual(1, done.stdout.count('| Result: Failure '))
        self.assertNotIn('Traceback', done.stdout)

    def test_status_of_another_driver(self):
        code, [driver, *_] = self.status_in_json(
            self.venv.conf('fake.FakeDriver'))
        self.assertEqual(2, code)
        self.assertEqual(('Driver', 'failure'),
                         (driver['check'], driver['result']))
        self.assertIn('nova.virt.fake.FakeDriver', driver['details'])
        self.assertIn('compute_driver = zvm.ZVMDriver', driver['remedy'])

    def test_status_of_a_broken_driver(self):
        self.replace('operations/boot/build.py', 'import absent_library')
        code, [driver, *_] = self.status_in_json(self.venv.conf())
        self.assertEqual(2, code)
        self.assertIn("No module named 'absent_library'", driver['details'])

    def test_status_that_fails_itself(self):
        self.replace('checks/catalogue.py', 'import absent_library')
        done = self.status('check', self.venv.conf())
        self.assertEqual(255, done.returncode, done.stdout)
        self.assertIn('absent_library', done.stdout)

    def test_status_of_a_file_that_cannot_be_parsed(self):
        path = self.directory / 'broken.conf'
        path.write_text('[database]\nconnection of secret\n')
        done = self.status('check', '--config-file', path)
        self.assertEqual(255, done.returncode, done.stdout)
        self.assertIn('%s cannot be parsed, see line 2.' % path, done.stdout)
        self.assertNotIn('secret', done.stdout)

    def test_status_missing_file(self):
        done = self.status('check', '--config-file', '/absent/nova.conf')
        self.assertEqual(2, done.returncode, done.stdout)
        self.assertIn('there is no /absent/nova.conf', done.stdout)
