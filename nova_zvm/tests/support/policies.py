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

"""Policies of nova and neutron that cost little to load for each test."""

import fixtures


class SharedRules(fixtures.Fixture):
    """Let oslo.policy take the default rules as they are.

    It copies each of hundreds deeply, since a policy file may change it
    (oslo_policy/policy.py register_default); no test has such a file.
    """

    def _setUp(self):
        self.useFixture(fixtures.MonkeyPatch('oslo_policy.policy.copy', self))

    @staticmethod
    def deepcopy(rule):
        return rule
