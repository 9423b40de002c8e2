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

"""A directory entry that is locked, which all who change one may meet.

SMAPI locks an entry during each change, and one that was broken off can
leave it locked for good.
"""

from collections import abc
from typing import Any

from oslo_log import log as logging

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.pace import waiting

LOG = logging.getLogger(__name__)


def overcome(connector: client.Connector, patience: waiting.Patience,
             userid: str, change: abc.Callable[[], Any],
             is_locked: abc.Callable[[errors.ConnectorError], bool]) -> None:
    """Change a guest's entry, forced open if it stays locked.

    :param change: called again as long as the entry is locked
    :param is_locked: tells whether that is why a change was refused
    """
    def is_changed() -> bool:
        try:
            change()
        except errors.ConnectorError as exc:
            if not is_locked(exc):
                raise
            return False
        return True

    try:
        patience.wait_until(is_changed, True, waiting.DIRECTORY_MANAGER)
    except waiting.Expired:
        LOG.warning('Directory entry %s is still locked; forcing it open',
                    userid)
        connector.guests.unlock(userid)
        change()
