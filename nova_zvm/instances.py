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

"""This host's instances in nova's database against the guests on z/VM.

An instance has a guest here if its record claims a userid (ownership) and
the connector knows that userid. nova also asks for instances that it has
deleted already, to find guests that should not run any more.
"""

from nova import conf
from nova import context as nova_context
from nova import objects

from nova_zvm import ownership

CONF = conf.CONF


class Instances:
    """The instances of this host that have a guest."""

    def __init__(self, guests):
        self._guests = guests

    def names(self):
        return [instance.name
                for instance in self._with_guest(deleted=False)]

    def uuids(self):
        """Return the uuids, those of deleted instances included."""
        return [instance.uuid for instance in self._with_guest()]

    def count(self):
        return len(self._with_guest(deleted=False))

    def _with_guest(self, **filters):
        context = nova_context.get_admin_context(read_deleted='yes')
        claimed = [
            instance for instance in objects.InstanceList.get_by_filters(
                context, {'host': CONF.host, **filters},
                expected_attrs=['system_metadata'])
            if ownership.owned_userid(instance)]
        if not claimed:
            # A connector that is down must not keep a new host from
            # starting.
            return []
        userids = self._guests.userids()
        return [instance for instance in claimed
                if ownership.owned_userid(instance) in userids]
