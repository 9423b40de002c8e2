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

"""Options: each is explained, and pages name none that there is not."""

import configparser
import dataclasses
from importlib import metadata
import io
import re

from nova import conf
from nova.conf import zvm as novas
from oslo_config import cfg
from oslo_config import generator
import testtools

from nova_zvm.conf import options as ours
from nova_zvm.conf import settings
from nova_zvm.neutron import conf as neutrons
from nova_zvm.tests.support import pages

PAGE = 'configuration/index.rst'
NAMESPACES = {'nova_zvm': ours, 'nova_zvm.neutron': neutrons}
ROOT = pages.PACKAGE.parent

# Pages whose options are looked up.
PAGES = [path.relative_to(pages.SOURCE)
         for folder in ('admin', 'cli', 'configuration', 'install', 'user')
         for path in sorted((pages.SOURCE / folder).glob('*.rst'))]
# What they say of the connector's own configuration, zvmsdk.conf. Its
# sections wsgi and zvm are the names of sections of nova's, too.
OF_THE_CONNECTOR = {
    ('guest', 'console_log_size'),
    ('image', 'sdk_image_repository'),
    ('logging', 'log_dir'),
    ('logging', 'log_level'),
    ('sdkserver', 'max_worker_count'),
    ('wsgi', 'auth'),
    ('wsgi', 'max_concurrent_deploy_capture'),
    ('wsgi', 'token_path'),
    ('wsgi', 'token_validation_period'),
    ('zvm', 'disk_pool'),
    ('zvm', 'user_root_vdev'),
}
# Sections that only neutron has, and an option that nova lacks.
OF_NEUTRON = {'ml2', 'ml2_type_flat', 'ml2_type_vlan'}
NOVA_NOTIFIED = ('DEFAULT', 'notify_nova_on_port_status_changes')
# Libraries with options that a service registers as it starts.
LIBRARIES = ('oslo.log', 'oslo.policy')

ours.register_opts(conf.CONF)


def text_of(names):
    """Return the text of pages on one line."""
    return ' '.join(' '.join(pages.read(name).split()) for name in names)


def named(text):
    """Return section and name of the options that a text quotes."""
    return set(re.findall(r'``\[(\w+)\] (\w+)(?: = [^`]*)?``', text))


class HelpTest(testtools.TestCase):

    def options(self):
        for module in NAMESPACES.values():
            for group, options in module.list_opts():
                for option in options:
                    yield group, option

    def test_begins_with_a_sentence(self):
        for group, option in self.options():
            first = ' '.join(option.help.strip().split('\n\n')[0].split())
            self.assertTrue(
                re.fullmatch(r'[A-Z].*[.]', first) and
                len(first.split()) >= 5,
                '[%s] %s: %r' % (group, option.name, first))

    def test_pages_tell_what_each_is_for(self):
        """Besides the reference that is made of the help."""
        text = text_of(path.relative_to(pages.SOURCE)
                       for path in pages.SOURCE.rglob('*.rst'))
        self.assertEqual([], [
            '[%s] %s' % (group, option.name)
            for group, option in self.options()
            if (group, option.name) not in named(text) and
            not re.search(r'\[%s\][^[]* %s =' % (group, option.name), text)])


class PageTest(testtools.TestCase):

    def test_shows_all_of_both_drivers(self):
        shown = re.findall(r'(?m)^\.\. show-options::\n\n   (\S+)$',
                           pages.read(PAGE))
        self.assertEqual(sorted(NAMESPACES), sorted(shown))
        setup = configparser.ConfigParser()
        setup.read(ROOT / 'setup.cfg')
        self.assertEqual(
            {'%s = %s:list_opts' % (name, module.__name__)
             for name, module in NAMESPACES.items()},
            set(setup['entry_points']['oslo.config.opts'].split('\n')[1:]))

    def test_tells_which_options_of_the_section_are_novas(self):
        part = pages.read(PAGE).partition('Options of the driver\n')[
            2].partition('.. show-options')[0]
        self.assertEqual(
            [option.name for option in novas.zvm_opts],
            re.findall(r'``(\w+)``', part))

    def test_the_sample_has_all_that_the_driver_reads(self):
        """Of its section: what is in others, nova's own sample has."""
        read = {field.name for field in dataclasses.fields(settings.Settings)
                if field.name != 'guest_max_mib'}
        self.assertLessEqual({option.name for option in novas.zvm_opts}, read)
        (_, options), = ours.list_opts()
        self.assertEqual(set(), read - {option.name for option in options})

    def test_the_sample_has_novas_options_as_nova_has_them(self):
        """But for the help, which is right for this driver."""
        self.assertEqual(
            [(option.name, type(option), option.sample_default or
              option.default) for option in novas.zvm_opts],
            [(option.name, type(option), option.sample_default or
              option.default) for option in ours.OF_NOVA])

    def test_the_sample_has_all(self):
        for name, module in NAMESPACES.items():
            sample = io.StringIO()
            maker = cfg.ConfigOpts()
            generator.register_cli_opts(maker)
            maker(['--namespace', name], default_config_files=[])
            generator.generate(maker, sample)
            for _, options in module.list_opts():
                for option in options:
                    self.assertRegex(sample.getvalue(),
                                     r'(?m)^#%s =' % option.name)

    def test_the_sample_is_made_of_both(self):
        made = [
            name for path in
            (ROOT / 'etc/nova-zvm').glob('*config-generator.conf')
            for name in re.findall(r'(?m)^namespace = (.*)$',
                                   path.read_text())]
        self.assertEqual(sorted(NAMESPACES), sorted(made))


def of_libraries():
    """Return the functions that list the options of LIBRARIES."""
    return [point.load() for point in metadata.entry_points(
        group='oslo.config.opts') if point.name in LIBRARIES]


class NamedTest(testtools.TestCase):

    def test_options_exist(self):
        others = {(group or 'DEFAULT', option.name)
                  for options_of in (neutrons.list_opts, *of_libraries())
                  for group, options in options_of()
                  for option in options}
        wrong = [
            '[%s] %s' % (section, name)
            for section, name in named(text_of(PAGES))
            if (section, name) not in (
                OF_THE_CONNECTOR | others | {NOVA_NOTIFIED}) and
            section not in OF_NEUTRON and not self.is_of_nova(section, name)]
        self.assertEqual([], wrong)

    @staticmethod
    def is_of_nova(section, name):
        if section == 'DEFAULT':
            return name in conf.CONF
        return section in conf.CONF and name in conf.CONF[section]

    def test_the_connectors_are_named(self):
        self.assertEqual(set(), OF_THE_CONNECTOR - named(text_of(PAGES)))
