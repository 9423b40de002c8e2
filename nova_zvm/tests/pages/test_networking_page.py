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

"""The page on networking quotes messages and options that there are."""

import ast
import configparser
import re

from nova import conf
import testtools

from nova_zvm.conf import options
from nova_zvm.tests.support import pages

PAGE = 'admin/networking.rst'

options.register_opts(conf.CONF)


def options_of(path):
    """Return the names of the options that a module defines."""
    return {node.args[0].value for node in ast.walk(
        ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and node.args and
        isinstance(node.func, ast.Attribute) and
        node.func.attr.endswith('Opt') and
        isinstance(node.args[0], ast.Constant)}


class TestPage(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.text = pages.read(PAGE)

    def files(self, name):
        """Return the sections and options shown of a configuration file."""
        found = []
        for caption, content in pages.blocks(self.text, 'ini'):
            if caption == name:
                parser = configparser.ConfigParser(
                    default_section='none of these', interpolation=None)
                parser.read_string(content.replace('   ', ''))
                found += [(section, option) for section in parser.sections()
                          for option in parser[section]]
        return found

    def test_messages(self):
        messages = pages.messages(PAGE)
        self.assertGreater(len(messages), 20)
        self.assertEqual([], pages.unknown(messages))

    def test_options_of_nova(self):
        shown = self.files('nova.conf') + re.findall(
            r'``\[(DEFAULT|zvm)\] (\w+)``', ' '.join(self.text.split()))
        self.assertIn(('zvm', 'vswitch_mappings'), shown)
        for section, option in shown:
            known = (conf.CONF if section == 'DEFAULT'
                     else conf.CONF[section])
            self.assertIn(option, known, section)

    def test_options_of_the_mechanism_driver(self):
        shown = {option for section, option in self.files('ml2_conf.ini')
                 if section == 'ml2_zvm'} | set(re.findall(
                     r'``\[ml2_zvm\] (\w+)``', ' '.join(self.text.split())))
        self.assertEqual(options_of(pages.PACKAGE / 'neutron/conf.py'), shown)
