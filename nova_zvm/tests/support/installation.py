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

"""Virtual environments that this project can be installed into.

Installing nova takes half a minute. A VirtualEnvironment gets links to what
stands in the running one, and a true copy of nova's own files, so that an
installation which overwrote one of them would be seen. An EmptyEnvironment
has nothing but what pip fetches for it, from where its configuration says.
"""

import hashlib
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv

import testtools

ROOT = pathlib.Path(__file__).resolve().parents[3]

NOVA_CONF = """
[DEFAULT]
compute_driver = %s
instance_name_template = abc%%05x
transport_url = fake:/
[zvm]
cloud_connector_url = http://127.0.0.1:1/
"""

# The real entry function of nova-compute. Before it makes its driver it would
# wait for a nova-conductor and ask keystone for placement's address.
NOVA_COMPUTE = """
from unittest import mock
from nova.cmd import compute
from nova.conductor import api
from nova import utils
api.API.wait_until_ready = mock.Mock()
utils.get_sdk_adapter = mock.Mock()
%s
compute.main()
"""

# What to do where nova loads its driver: have it loaded, report it and stop.
MAKE_DRIVER = """
from nova.virt import driver
load_compute_driver = driver.load_compute_driver
def report(*args, **kwargs):
    cls = type(load_compute_driver(*args, **kwargs))
    print('LOADED %s.%s' % (cls.__module__, cls.__qualname__))
    raise SystemExit(0)
driver.load_compute_driver = report
"""

# The same one step earlier, where nova has found the class: nova's own zvm
# driver is made only if its connector answers.
FIND_CLASS = """
from oslo_utils import importutils
import_object = importutils.import_object
def report(name, *args, **kwargs):
    if not name.startswith('nova.virt.'):
        return import_object(name, *args, **kwargs)
    cls = importutils.import_class(name)
    print('LOADED %s.%s' % (cls.__module__, cls.__qualname__))
    raise SystemExit(0)
importutils.import_object = report
"""


def environment(bytecode=None):
    """Return the variables of a process that is to know of no checkout.

    :param bytecode: a directory where Python keeps what it has compiled
    """
    return {
        **{name: value for name, value in os.environ.items()
           if not name.startswith(('PBR_', 'PYTHON', 'GIT_'))},
        **({'PYTHONPYCACHEPREFIX': str(bytecode)} if bytecode
           else {'PYTHONDONTWRITEBYTECODE': '1'}),
        'GIT_CONFIG_GLOBAL': os.devnull}


def run(command, stderr=subprocess.STDOUT, timeout=120, bytecode=None,
        **kwargs):
    """Run a command and return it completed, output as text.

    By default in one stream.
    """
    return subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE,
        stderr=stderr, text=True, env=environment(bytecode),
        timeout=timeout, **kwargs)


def checked(command, **kwargs):
    done = run(command, **kwargs)
    if done.returncode:
        raise AssertionError('%s failed:\n%s' % (command, done.stdout))
    return done.stdout


def clone(directory):
    """Make a fresh clone, without tags, of the files as they are now."""
    listed = checked(['git', 'ls-files', '-z', '--cached', '--others',
                      '--exclude-standard'], cwd=ROOT)
    for name in listed.split('\0'):
        source = ROOT / name
        if name and source.is_file():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    commit = ['-c', 'user.name=test', '-c', 'user.email=test@test',
              'commit', '--quiet', '--allow-empty', '--message']
    # pbr takes the first commit for a release 0.0.0.
    for arguments in (['init', '--quiet'], [*commit, 'none'],
                      ['add', '--all'], [*commit, 'all']):
        checked(['git', *arguments], cwd=directory)
    return directory


def wheel(source, directory):
    """Build a wheel and return its path."""
    checked([sys.executable, '-m', 'pip', '--disable-pip-version-check',
             'wheel', '--quiet', '--no-deps', '--no-index',
             '--no-build-isolation', '--wheel-dir', directory, source])
    return next(directory.glob('*.whl'))


class CloneTestCase(testtools.TestCase):
    """Tests that share a fresh clone and a directory for what they make."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.directory = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.clone = clone(cls.directory / 'clone')


class EmptyEnvironment:
    """A virtual environment without any packages, not even pip.

    :ivar bytecode: where its Python keeps what it has compiled, None if what
        was installed has been compiled
    """

    def __init__(self, directory):
        self.directory = directory
        self.bytecode = directory / 'bytecode'
        venv.create(directory, symlinks=True)
        self.site_packages = pathlib.Path(sysconfig.get_path(
            'purelib', 'venv', vars={'base': str(directory)}))

    @property
    def bin(self):
        return self.directory / 'bin'

    def pip(self, *arguments, **kwargs):
        return checked([sys.executable, '-m', 'pip', '--python',
                        self.bin / 'python', '--disable-pip-version-check',
                        *arguments], **kwargs)

    def fetch(self, *requirements):
        """Install from the package index, in the constraints' versions."""
        arguments = ('install', '--quiet', '--constraint',
                     ROOT / 'constraints.txt', *requirements)
        uv = runpy.run_path(str(ROOT / 'tools' / 'install.py'))['uv']()
        if uv:
            checked([uv, 'pip', *arguments, '--python',
                     self.bin / 'python'], timeout=600)
        else:
            self.pip(*arguments, '--no-compile', timeout=600)

    def python(self, code, *arguments):
        return run([self.bin / 'python', '-c', code, *arguments],
                   cwd=self.directory, bytecode=self.bytecode)

    def conf(self, compute_driver='zvm.ZVMDriver'):
        """Write a nova.conf and return the option that names it."""
        path = self.directory / 'nova.conf'
        path.write_text(NOVA_CONF % compute_driver)
        return '--config-file=%s' % path

    def nova_compute(self, compute_driver='zvm.ZVMDriver', until=MAKE_DRIVER):
        return self.python(NOVA_COMPUTE % until, self.conf(compute_driver))


class VirtualEnvironment(EmptyEnvironment):
    """A virtual environment with nova, and all that nova needs."""

    def __init__(self, directory):
        super().__init__(directory)
        self.bytecode = None
        for entry in pathlib.Path(sysconfig.get_path('purelib')).iterdir():
            self._take(entry)
        # What nova's own zvm driver imports, and nobody calls here.
        client = self.site_packages / 'zvmconnector'
        client.mkdir()
        (client / 'connector.py').touch()

    def _take(self, entry):
        if 'nova_zvm' in entry.name or entry.name == '__pycache__':
            return
        target = self.site_packages / entry.name
        if entry.name == 'nova' or entry.name.startswith('nova-'):
            shutil.copytree(entry, target)
        else:
            target.symlink_to(entry)

    def install(self, *arguments):
        self.pip('install', '--quiet', '--no-deps', '--no-index',
                 '--no-build-isolation', '--no-compile', *arguments)

    def uninstall(self):
        self.pip('uninstall', '--quiet', '--yes', 'nova-zvm')

    def checksums(self):
        """Return the checksums of nova's files, and the names beside nova."""
        sums = {entry.name: None for entry in self.site_packages.iterdir()}
        for top in 'nova', *(name for name in sums if name[:5] == 'nova-'):
            sums.update(
                (str(path), hashlib.sha256(path.read_bytes()).hexdigest())
                for path in (self.site_packages / top).rglob('*')
                if path.is_file())
        return sums
