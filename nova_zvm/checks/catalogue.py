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

"""All checks in their order, each under the name that it is shown by."""

from collections import abc

from oslo_config import cfg

from nova_zvm.checks import configuration
from nova_zvm.checks import connection
from nova_zvm.checks import deployment as deployments
from nova_zvm.checks import finding
from nova_zvm.checks import guests
from nova_zvm.checks import leftovers
from nova_zvm.checks import system
from nova_zvm.checks import volumes
from nova_zvm.connector import errors

Check = abc.Callable[[deployments.Deployment], finding.Finding]

CHECKS: tuple[tuple[str, Check], ...] = (
    ('Options', configuration.options),
    ('Option names', configuration.option_names),
    ('Connection', connection.connection),
    ('Certificate', connection.certificate),
    ('Token', connection.token),
    ('Connector release', connection.version),
    ('Clock', connection.clock),
    ('SMAPI', system.smapi),
    ('Disk pool', system.disk_pool),
    ('Virtual switches', system.switches),
    ('FCP templates', volumes.fcp_templates),
    ('File transfer', connection.file_round_trip),
    ('Database', guests.database),
    ('Names of future servers', guests.future_names),
    ('Guests without a server', guests.without_server),
    ('Guests without a record', guests.not_adopted),
    ('Servers without a guest', guests.without_guest),
    ('Unused images', leftovers.unused_images),
    ('Config drives and captures', leftovers.passing_images),
    ('Uploads', leftovers.uploads),
)


def run(deployment: deployments.Deployment
        ) -> list[tuple[str, finding.Finding]]:
    """Return the name and the finding of each check."""
    return [(name, _found(check, deployment)) for name, check in CHECKS]


def _found(check: Check,
           deployment: deployments.Deployment) -> finding.Finding:
    try:
        return check(deployment)
    except deployments.Unreadable as exc:
        return finding.warning(
            finding.sentence(exc),
            'See that [database] connection is right, that this host can '
            'connect to the database, and that its schema is that of the '
            'installed nova.')
    except finding.NotChecked as exc:
        return exc.finding
    except cfg.Error as exc:
        return finding.failure(finding.sentence(exc),
                               'Correct this option in nova.conf.')
    except errors.Unreachable as exc:
        deployment.silent = True
        return finding.failure(
            finding.sentence(exc),
            "See that the connector's sdkserver runs, and that the web "
            'server in front of it waits long enough. If both is so, SMAPI '
            'leaves it without an answer: see that its service machines '
            '(%s) are logged on.' % system.SMAPI_MACHINES)
    except errors.ConnectorError as exc:
        return finding.failure(
            finding.sentence(exc),
            "The reason is in the connector's zvmsdk.log.")
