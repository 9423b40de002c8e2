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

"""Make nova find this driver where it looks for ``zvm.ZVMDriver``.

nova has a driver of its own in ``nova/virt/zvm`` and takes compute drivers
from ``nova.virt`` only. No file of nova is changed: a finder tells the
import system that ``nova.virt.zvm`` is ``nova_zvm/_zvm``. The place for it is
an ``os_vif`` plugin, since ``nova.cmd.compute.main`` loads all of these
(``os_vif.initialize``) before it loads its driver, and no other nova service
does. Without this package's entry point nova has its own driver back.

The rule kept here: the module imports the standard library only, and the work
is done in ``Loader.load``. stevedore logs and then forgets a plugin that
cannot be imported, which would leave nova with its own driver and no
complaint; what ``load`` raises stops nova-compute. For the same reason the
driver itself is imported only when nova asks for it.
"""

from collections import abc
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from typing import Any
from typing import Self

PACKAGE = 'nova.virt.zvm'
DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '_zvm')


class Finder(importlib.abc.MetaPathFinder):
    """Find ``nova.virt.zvm`` in this distribution instead of in nova."""

    def find_spec(self, fullname: str,
                  path: abc.Sequence[str] | None = None,
                  target: types.ModuleType | None = None
                  ) -> importlib.machinery.ModuleSpec | None:
        if fullname != PACKAGE:
            return None
        return importlib.util.spec_from_file_location(
            fullname, os.path.join(DIRECTORY, '__init__.py'),
            submodule_search_locations=[DIRECTORY])


def is_installed() -> bool:
    return any(isinstance(finder, Finder) for finder in sys.meta_path)


def install() -> None:
    """Put the finder before all others; a second call changes nothing."""
    if is_installed():
        return
    sys.meta_path.insert(0, Finder())
    _forget_imported()


def _forget_imported() -> None:
    """Drop nova's own package if something has imported it already."""
    for name in list(sys.modules):
        if name == PACKAGE or name.startswith(PACKAGE + '.'):
            del sys.modules[name]
    parent, _, child = PACKAGE.rpartition('.')
    if parent in sys.modules:
        vars(sys.modules[parent]).pop(child, None)


class Loader:
    """An os_vif plugin in form, which plugs nothing.

    It has the methods of ``os_vif.plugin.PluginBase`` and does not derive
    from it, so that importing this module cannot fail.
    """

    @classmethod
    def load(cls, plugin_name: str) -> Self:
        install()
        return cls()

    def describe(self) -> Any:
        from os_vif import objects
        return objects.host_info.HostPluginInfo(
            plugin_name='nova_zvm', vif_info=[])

    def plug(self, vif: object, instance_info: object) -> None:
        raise NotImplementedError(
            'nova_zvm plugs no os-vif interfaces on this host')

    def unplug(self, vif: object, instance_info: object) -> None:
        raise NotImplementedError(
            'nova_zvm unplugs no os-vif interfaces on this host')
