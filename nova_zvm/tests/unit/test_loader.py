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

"""How nova.virt.zvm comes to be ours."""

import ast
import importlib
import importlib.util
import os
import pathlib
import sys
from unittest import mock

import os_vif
import testtools

import nova_zvm
from nova_zvm import loader


class LoaderTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        for patch in (mock.patch.dict(sys.modules),
                      mock.patch.object(sys, 'meta_path', sys.meta_path[:])):
            patch.start()
            self.addCleanup(patch.stop)
        sys.meta_path[:] = [finder for finder in sys.meta_path
                            if not isinstance(finder, loader.Finder)]
        self.forget('nova.virt.zvm')
        self.forget('nova_zvm.driver')

    def forget(self, name):
        for module in [module for module in sys.modules
                       if (module + '.').startswith(name + '.')]:
            del sys.modules[module]

    def test_imports_nothing_that_can_be_missing(self):
        """stevedore logs and drops a plugin that cannot be imported."""
        source = pathlib.Path(loader.__file__).read_text()
        imported = set()
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
        self.assertEqual(set(), {
            name.partition('.')[0] for name in imported
        } - sys.stdlib_module_names)

    def test_package_runs_no_code(self):
        self.assertEqual(0, os.path.getsize(nova_zvm.__file__))

    def test_driver_is_not_imported_before_nova_asks(self):
        loader.Loader.load('nova_zvm')
        self.assertNotIn('nova_zvm.driver', sys.modules)
        importlib.import_module('nova.virt.zvm')
        self.assertIn('nova_zvm.driver', sys.modules)

    def test_novas_own_is_there_without_us(self):
        spec = importlib.util.find_spec('nova.virt.zvm')
        self.assertEqual(
            ('nova', 'virt', 'zvm', '__init__.py'),
            pathlib.Path(spec.origin).parts[-4:])

    def test_novas_own_is_forgotten_if_imported_already(self):
        sys.modules['nova.virt.zvm'] = mock.sentinel.novas_own
        sys.modules['nova.virt.zvm.driver'] = mock.sentinel.novas_own
        loader.Loader.load('nova_zvm')
        module = importlib.import_module('nova.virt.zvm')
        from nova.virt import zvm
        self.assertIs(module, zvm)
        self.assertEqual('nova_zvm.driver', module.ZVMDriver.__module__)
        self.assertIs(
            module.ZVMDriver,
            importlib.import_module('nova.virt.zvm.driver').ZVMDriver)

    def test_loaded_twice(self):
        loader.Loader.load('nova_zvm')
        module = importlib.import_module('nova.virt.zvm')
        loader.Loader.load('nova_zvm')
        self.assertIs(module, importlib.import_module('nova.virt.zvm'))
        self.assertEqual(1, sum(isinstance(finder, loader.Finder)
                                for finder in sys.meta_path))

    def test_other_packages_are_left_alone(self):
        finder = loader.Finder()
        for name in ('nova', 'nova.virt', 'nova.virt.zvmx', 'zvm',
                     'nova.virt.zvm.driver', 'nova.virt.fake'):
            self.assertIsNone(finder.find_spec(name))

    def test_plugs_nothing(self):
        os_vif.objects.register_all()
        plugin = loader.Loader.load('nova_zvm')
        described = plugin.describe()
        self.assertEqual('nova_zvm', described.plugin_name)
        self.assertEqual([], described.vif_info)
        self.assertRaises(NotImplementedError, plugin.plug, None, None)
        self.assertRaises(NotImplementedError, plugin.unplug, None, None)
