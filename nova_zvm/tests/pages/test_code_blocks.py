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

"""All that README and documentation tell a reader to type is run, or marked.

The commands of tools/ are tests themselves, or have theirs: test_sandbox and
test_bench. test_contributor_pages holds their words to what there is.
"""

import configparser

from nova import conf
import testtools

from nova_zvm.conf import options as zvm_options
from nova_zvm.neutron import conf as neutron_conf
from nova_zvm.tests.support import codeblocks

FUNCTIONAL = codeblocks.ROOT / 'nova_zvm' / 'tests' / 'functional'
# Where codeblocks.to_run() of a page is run.
RUNNERS = {
    'doc/source/admin/images.rst': 'test_images_page.py',
    'doc/source/admin/securing.rst': 'test_securing.py',
    'doc/source/install/index.rst': 'test_loading.py',
    'doc/source/simulator/faults.rst': 'test_quick_start.py',
    'doc/source/simulator/index.rst': 'test_quick_start.py',
    'doc/source/simulator/machines.rst': 'test_quick_start.py',
    'doc/source/simulator/tests.rst': 'test_quick_start.py',
}


class TestCodeBlocks(testtools.TestCase):

    def blocks(self, languages=codeblocks.RUN):
        return [block for page in codeblocks.PAGES
                for block in codeblocks.found(
                    page.relative_to(codeblocks.ROOT), languages)]

    def test_marks(self):
        self.assertEqual([], [
            block.where for block in self.blocks()
            if block.mark not in (None, *codeblocks.MARKS)])

    def test_each_is_run_or_marked(self):
        run = {command for page in RUNNERS
               for block in codeblocks.to_run(page)
               for command in block.commands}
        self.assertNotEqual(set(), run)
        self.assertEqual([], [
            block.where for block in self.blocks()
            if not block.mark and not block.is_of_tools
            and not run.issuperset(block.commands)],
            'These code blocks are neither run by a test nor marked; '
            'nova_zvm/tests/support/codeblocks.py says how to mark one.')

    def test_runners(self):
        """Each asks for the blocks of the page that it runs."""
        for page, runner in RUNNERS.items():
            source = (FUNCTIONAL / runner).read_text()
            self.assertIn(f"'{page}'", source)
            self.assertRegex(source, r'codeblocks\.to_run\((PAGE|page)\)')

    def test_options(self):
        """What a page shows of nova.conf and of ML2's file exists."""
        zvm_options.register_opts(conf.CONF)
        known = {'zvm': set(conf.CONF.zvm), 'ml2_zvm': {
            option.dest for _, options in neutron_conf.list_opts()
            for option in options}}
        shown = {name: [] for name in known}
        for block in self.blocks(['ini']):
            for section, options in self.sections(block).items():
                shown.get(section, []).extend(
                    (block.where, name) for name in options)
        for section, options in shown.items():
            self.assertNotEqual([], options)
            self.assertEqual([], [(where, name) for where, name in options
                                  if name not in known[section]])

    def sections(self, block):
        parser = configparser.ConfigParser(
            interpolation=None, default_section='none', allow_no_value=True)
        # Some show what belongs to no section.
        parser.read_string('[of none]\n' + block.text)
        return parser
