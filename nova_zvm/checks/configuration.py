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

"""What nova.conf alone tells."""

from collections import abc
import difflib
import glob
from importlib import metadata
import os.path

from oslo_config import cfg

from nova_zvm.checks import deployment as deployments
from nova_zvm.checks import finding
from nova_zvm.conf import settings
from nova_zvm.zvm import names


def options(deployment: deployments.Deployment) -> finding.Finding:
    conf = deployment.conf
    try:
        settings.read(conf)
    except deployments.WRONG_OPTIONS as exc:
        return finding.failure(
            finding.sentence(exc),
            'Correct this option; nova-compute does not start with it.')
    template = conf.instance_name_template
    capacity = names.template_capacity(template)
    if capacity < settings.GOOD_CAPACITY:
        return finding.warning(
            'instance_name_template = %s has room up to instance %d of the '
            'whole cell.' % (template, capacity),
            'Choose a shorter prefix or hexadecimal numbers before the cell '
            'has had so many.')
    return finding.success('The options are good.')


def option_names(deployment: deployments.Deployment) -> finding.Finding:
    """Find options in our sections that do not exist.

    oslo.config ignores them. Its own validator compares the files in the same
    way, with all sections; those of nova's libraries it does not know whole.
    """
    known = _known_options()
    unknown = {(section, name): path
               for path in _files(deployment.conf)
               for section, found in _sections(path).items()
               for name in found if name not in known.get(section, found)}
    if not unknown:
        return finding.success('All options in the sections %s exist.' %
                               ' and '.join('[%s]' % section
                                            for section in sorted(known)))
    return finding.warning(
        'Options do not exist and are ignored, %s.' % finding.some(
            '[%s] %s in %s' % (*option, path)
            for option, path in unknown.items()),
        ' '.join(_instead(section, name, known[section])
                 for section, name in sorted(unknown)[:finding.FEW]))


def _known_options() -> dict[str, set[str]]:
    """Return the names of our options, by their section.

    By their entry points, as oslo.config itself finds options: the mechanism
    driver's module is not for code beside nova.
    """
    return {
        group: {option.dest for option in options}
        for entry_point in metadata.entry_points(group='oslo.config.opts')
        if entry_point.name in ('nova_zvm', 'nova_zvm.neutron')
        for group, options in entry_point.load()()}


def _files(conf: cfg.ConfigOpts) -> list[str]:
    """Return the paths of the configuration files that were read."""
    return [*conf.config_file, *(
        path for folder in conf.config_dir
        for path in sorted(glob.glob(os.path.join(folder, '*.conf'))))]


def _sections(path: str) -> dict[str, set[str]]:
    """Return the names of the options in a file, by their section."""
    parsed: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(path, parsed).parse()
    found: dict[str, set[str]] = {}
    for section, options in parsed.items():
        found.setdefault(section.lower(), set()).update(options)
    return found


def _instead(section: str, name: str, known: abc.Collection[str]) -> str:
    similar = difflib.get_close_matches(name, known, 1)
    if similar:
        return 'Correct [%s] %s: did you mean %s?' % (section, name,
                                                      similar[0])
    return 'Remove [%s] %s.' % (section, name)
