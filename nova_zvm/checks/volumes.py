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

"""What the connector has for volumes, which the driver does not attach."""

from nova_zvm.checks import deployment as deployments
from nova_zvm.checks import finding
from nova_zvm.connector import models


def fcp_templates(deployment: deployments.Deployment) -> finding.Finding:
    templates = deployment.connector.volumes.fcp_templates()
    if not templates:
        return finding.success(
            'The connector has no FCP templates; the driver needs none, '
            'since it attaches no volumes.')
    default = any(template.default for template in templates)
    return finding.together([
        *(_template(template) for template in templates),
        *([] if default else [finding.success('None is the default.')]),
        finding.success('The driver needs none, since it attaches no '
                        'volumes.')])


def _template(template: models.FcpTemplate) -> finding.Finding:
    paths = template.paths
    told = 'FCP template %s%s has %s' % (
        template.name, ', the default,' if template.default else '',
        'no path' if not paths else '%d path%s, with %s devices free' % (
            len(paths), 's' if len(paths) > 1 else '',
            ' and '.join('%d of %d' % (path.free, path.devices)
                         for path in paths)))
    usable = sum(1 for path in paths if path.free)
    needed = max(template.min_paths, 1)
    if usable >= needed:
        return finding.success(told + '.')
    return finding.warning(
        '%s; a guest needs one on %d of them.' % (told, needed),
        'Add FCP devices to the template or have some released, if other '
        'users of the connector attach volumes.')
