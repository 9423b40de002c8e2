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

"""Print the rooms of our packages, and the arrows between them.

    python tools/house.py [FOLDER ...]

A room is a folder with modules of its own, on every level, or a single module
directly below the package; __main__ is a way in and none. An arrow leads from
one room to another of which it imports. Imports in functions count, tests do
not. A floor is what stands on the same number of arrows; the rooms of one
folder are one there. An arrow runs back up if what it leads to does not stand
on a lower layer of a contract in .importlinter.

FOLDER is the folder of a package. Without one, nova_zvm and the simulated
z/VM are measured. The exit status is 1 if an arrow runs back up.
"""

import argparse
import ast
from collections import abc
import configparser
import graphlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TESTS = 'tests'
HOUSE = ROOT / 'nova_zvm'
SIMULATOR = ROOT / 'simulator' / 'zvm_simulator'
# A contract's layers by its container: of each module or folder directly
# below that the layer, 0 being the highest.
Layers = dict[str, dict[str, int]]


class House:
    """A package by its rooms.

    :ivar name: such as 'nova_zvm'
    :ivar rooms: the modules of each room
    :ivar imports: pairs of importing and imported module
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.name = _dotted(folder)
        self.rooms: dict[str, set[str]] = {}
        self._files = {
            _dotted(path): path for path in sorted(folder.rglob('*.py'))
            if TESTS not in path.relative_to(folder).parts}
        for module in self._files:
            if self.room(module):
                self.rooms.setdefault(self.room(module), set()).add(module)
        self.imports = {(module, imported) for module in self._files
                        for imported in self._imported(module)}

    def room(self, module: str) -> str:
        """Return the room of a module, '' for the package's own ways in.

        By its name below the package: 'connector.resources'.
        """
        names = module.split('.')[len(self.name.split('.')):]
        if self._files[module].name != '__init__.py' and len(names) > 1:
            names.pop()
        return '.'.join(names).removeprefix('__main__')

    def _imported(self, module: str) -> abc.Iterator[str]:
        tree = ast.parse(self._files[module].read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = ['%s.%s' % (node.module, alias.name)
                         for alias in node.names]
            else:
                continue
            for name in names:
                # What is imported from a module is no module.
                for found in (name, name.rpartition('.')[0]):
                    if found in self._files:
                        yield found
                        break

    def arrows(self) -> set[tuple[str, str]]:
        """Return pairs of rooms of which the first imports the second."""
        pairs = {(self.room(one), self.room(other))
                 for one, other in self.imports}
        return {(one, other) for one, other in pairs
                if one != other and one and other}

    def floors(self) -> int:
        """Return on how many floors the rooms stand.

        :raises graphlib.CycleError: if they import each other in a circle
        """
        below: dict[str, set[str]] = {
            room.partition('.')[0]: set() for room in self.rooms}
        for one, other in self.arrows():
            if one.partition('.')[0] != other.partition('.')[0]:
                below[one.partition('.')[0]].add(other.partition('.')[0])
        sorter = graphlib.TopologicalSorter(below)
        sorter.prepare()
        count = 0
        while sorter.is_active():
            sorter.done(*sorter.get_ready())
            count += 1
        return count

    def back_up(self, layers: Layers) -> list[str]:
        """Return a sentence for each import that does not lead down."""
        return ['%s imports %s, which does not stand below it'
                % (one, other) for one, other in sorted(self.imports)
                if any(not _leads_down(container, known, one, other)
                       for container, known in layers.items())]

    def told(self, layers: Layers) -> abc.Iterator[str]:
        """Give the lines that tell of it."""
        upward = self.back_up(layers)
        arrows = self.arrows()
        yield ('%s: %d rooms, %d arrows, %d floors, back up: %d'
               % (self.name, len(self.rooms), len(arrows), self.floors(),
                  len(upward)))
        for room, modules in sorted(self.rooms.items()):
            yield '  %s (%d) -> %s' % (room, len(modules), ', '.join(sorted(
                other for one, other in arrows if one == room)) or 'nothing')
        yield from upward


def read_layers() -> Layers:
    """Return the layers of all contracts, as import-linter has them."""
    found: Layers = {}
    parser = configparser.ConfigParser()
    parser.read(ROOT / '.importlinter')
    for section in parser.sections():
        if parser.get(section, 'type', fallback='') != 'layers':
            continue
        lines = parser.get(section, 'layers').split('\n')
        for container in parser.get(section, 'containers').split():
            found[container] = {
                name.strip(): number for number, line in enumerate(lines)
                for name in line.split('|')}
    return found


def _leads_down(container: str, known: dict[str, int], one: str,
                other: str) -> bool:
    """Tell whether an import keeps a contract, if that concerns it."""
    prefix = container + '.'
    if not (one.startswith(prefix) and other.startswith(prefix)):
        return True
    upper, lower = (module.removeprefix(prefix).partition('.')[0]
                    for module in (one, other))
    # What has no layer counts as the highest; import-linter tells of it.
    return upper == lower or known.get(upper, 0) < known.get(lower, 0)


def _dotted(path: pathlib.Path) -> str:
    """Return the name of the module or package that lies there."""
    names = [path.stem] if path.name != '__init__.py' else []
    folder = path.parent
    while (folder / '__init__.py').exists():
        names.insert(0, folder.name)
        folder = folder.parent
    return '.'.join(names)


def main(args: abc.Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', nargs='*', type=pathlib.Path)
    folders = parser.parse_args(args).folder
    houses = [House(folder.resolve())
              for folder in folders or (HOUSE, SIMULATOR)]
    layers = read_layers()
    for one in houses:
        print('\n'.join(one.told(layers)))
    return int(any(one.back_up(layers) for one in houses))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
