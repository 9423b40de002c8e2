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

"""What nova's own fixtures do again for each test, and need not.

Nothing that the product uses is replaced. Connections to SQLite are kept,
statements are compiled once in a process, an empty database is copied, and
waits end with the event that they wait for instead of at the next look.
"""

import logging

import fixtures

from nova_zvm.tests.support.economy import api
from nova_zvm.tests.support.economy import databases
from nova_zvm.tests.support.economy import wakeups
from nova_zvm.tests.support import policies


class Economy(fixtures.Fixture):
    """All of it; to be used before nova's own fixtures are.

    :ivar instances: counts the changes of instances, to be waited for
    """

    def _setUp(self):
        # It tells on standard error of each executor that ends, when nova's
        # fixture of the log is gone already.
        logging.getLogger('nova.thread_pool_factory').setLevel(
            logging.WARNING)
        for cls in (databases.Statements, databases.Connections,
                    databases.Schemas, api.KeptAPI, api.Validators,
                    api.NoDefaults, policies.SharedRules,
                    wakeups.Messages, wakeups.Workers):
            self.useFixture(cls())
        self.instances = self.useFixture(wakeups.Instances()).changes
