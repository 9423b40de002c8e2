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

from nova_zvm.checks import deployment as deployments
from nova_zvm.checks import finding
from nova_zvm import conf as zvm_conf
from nova_zvm import names
from nova_zvm import settings


def options(deployment):
    conf = deployment.conf
    try:
        settings.checked(conf)
        for option in zvm_conf.OPTS:
            getattr(conf.zvm, option.dest)
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
