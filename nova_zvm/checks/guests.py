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

"""Guests on z/VM against the servers in nova's cell."""

from nova_zvm.checks import deployment as deployments
from nova_zvm.checks import finding
from nova_zvm.guest import presence
from nova_zvm.record import ownership
from nova_zvm.zvm import names

# Userids of the next servers that are looked for in the directory.
AHEAD = 5


def database(deployment: deployments.Deployment) -> finding.Finding:
    """Tell whether the database is one that guests can be compared with."""
    if deployment.conf.database.connection and not deployment.in_cell:
        return finding.warning(
            'The database of [database] connection knows no nova-compute on '
            "host '%s'." % deployment.conf.host,
            'Give the database of the cell that this host is in, and run the '
            'check on this host, once its nova-compute has been started.')
    deployment.need_database()
    return finding.success("The database is that of this host's cell.")


def future_names(deployment: deployments.Deployment) -> finding.Finding:
    """Find userids that servers will be given and that are taken."""
    last = deployment.last_instance_id
    taken = {userid for userid, instance_id in _foreign(deployment).items()
             if instance_id > last}
    found = presence.Presence(deployment.zvm, deployment.clock)
    coming = {_userid(deployment, instance_id)
              for instance_id in range(last + 1, last + 1 + AHEAD)}
    taken |= {userid for userid in coming - taken
              if found.in_directory(userid)}
    if not taken:
        return finding.success(
            'The next %d servers will get userids that are free, from %s on, '
            'and the connector knows no guest with a later name.'
            % (AHEAD, _userid(deployment, last + 1)))
    return finding.warning(
        'Userids that servers of this cell would get are taken on z/VM, '
        '%s. Such a boot is refused.' % finding.some(taken),
        'Change instance_name_template to names that nothing else on this '
        'z/VM uses, no other cell either.')


def without_server(deployment: deployments.Deployment) -> finding.Finding:
    """Find guests named like servers of this cell that belong to none."""
    last = deployment.last_instance_id
    left = [userid for userid, instance_id in _foreign(deployment).items()
            if instance_id <= last and userid not in deployment.unrecorded]
    if not left:
        return finding.success('No guest has the name of a server of this '
                               'cell without being one.')
    return finding.warning(
        'Guests have names of servers of this cell that nova has deleted or '
        'never placed here, %s.' % finding.some(left),
        'Unless another cell with the same instance_name_template has them, '
        'look at what they are and delete them through the connector, by '
        'DELETE /guests/USERID: nova does not touch them.')


def not_adopted(deployment: deployments.Deployment) -> finding.Finding:
    """Find guests that look as if nova's own driver had made them."""
    known = deployment.userids
    found = ['%s (server %s)' % (userid, instance.uuid)
             for userid, instance in deployment.unrecorded.items()
             if userid in known]
    if not found:
        return finding.success("No server of this host has a guest that "
                               "nova's own driver has made.")
    return finding.warning(
        'The driver has no record of guests that have the names or the ports '
        'of servers of this host, %s. It does not touch them: a server that '
        'is deleted now leaves its guest.' % finding.some(found),
        "If nova's own driver has made them, adopt them with nova-zvm-adopt "
        'while nova-compute is stopped.')


def without_guest(deployment: deployments.Deployment) -> finding.Finding:
    """Find servers of this host whose guest the connector does not know."""
    known = deployment.userids
    lost = ['%s (server %s)' % (userid, instance.uuid)
            for userid, instance in deployment.claims.items()
            if userid not in known and not instance.deleted and
            instance.host == deployment.conf.host and
            ownership.claimed_userid(instance) == userid and
            ownership.state(instance) == ownership.BUILT]
    if not lost:
        return finding.success('All servers of this host have their guest.')
    return finding.warning(
        'The connector does not know the guests of servers of this host, '
        '%s.' % finding.some(lost),
        'Rebuild or delete these servers, or bring their guests back into '
        'the directory and register them with the connector.')


def _foreign(deployment: deployments.Deployment) -> dict[str, int]:
    """Return guests that nova does not record, with the id they stand for.

    """
    template = deployment.conf.instance_name_template
    found = {userid: names.template_id(template, userid)
             for userid in deployment.userids - deployment.claims.keys()}
    return {userid: instance_id for userid, instance_id in found.items()
            if instance_id is not None}


def _userid(deployment: deployments.Deployment, instance_id: int) -> str:
    return names.userid(names.template_name(
        deployment.conf.instance_name_template, instance_id))
