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

from nova import exception as nova_exception
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.connector import models
from nova_zvm.network import macprefix
from nova_zvm.network import plan
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory

OWN = '02:00:00:12:34:56'
FOREIGN = 'fa:16:3e:12:34:56'
REMEDY = 'base_mac = 02:00:00:00:00:00'


class MacPrefixTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.prefix = macprefix.MacPrefix(self.connector, False)
        self.strict = macprefix.MacPrefix(self.connector, True)
        self.vm = self.connector.put_guest('OTHER', power='on')

    def nics(self, *macs):
        return plan.planned([inmemory.vif(mac=mac) for mac in macs], {})

    def switch(self, *adapters):
        return models.Vswitch(
            name='VSWITCH1', port_type='', status='', vlan_aware=True,
            authorized={}, adapters=dict(adapters))

    def put_nic(self, vdev, mac):
        """Give the other guest a NIC that was there at its logon."""
        self.vm.macs[vdev] = mac
        self.vm.live[vdev] = self.connector.mac_prefix + mac[8:]

    def assert_known(self):
        """See that a prefix is known; then a foreign one is refused."""
        exc = self.assertRaises(nova_exception.InvalidInput,
                                self.strict.check, self.nics(FOREIGN))
        for word in (uuids.port, FOREIGN, REMEDY):
            self.assertIn(word, str(exc))
        self.strict.check(self.nics(OWN))

    def assert_unknown(self):
        self.strict.check(self.nics(FOREIGN))


class SwitchTestCase(MacPrefixTestCase):

    def test_nothing_is_known_at_first(self):
        self.assert_unknown()
        self.strict.learn_from_switch(self.switch())
        self.assert_unknown()
        self.assertEqual([], self.connector.calls)

    def test_a_nic_with_its_macid(self):
        self.put_nic('1000', 'fa:16:3e:ab:cd:ef')
        self.strict.learn_from_switch(
            self.switch(('OTHER_1000', '02:00:00:ab:cd:ef')))
        self.assert_known()

    def test_userid_with_an_underscore(self):
        self.put_nic('1000', OWN)
        self.connector.put_guest('OTHER_X', macs={'1000': OWN})
        self.strict.learn_from_switch(
            self.switch(('OTHER_X_1000', OWN)))
        self.assert_known()

    def test_it_is_looked_for_once(self):
        self.put_nic('1000', OWN)
        switch = self.switch(('OTHER_1000', OWN), ('OTHER_1003', OWN))
        for _ in range(2):
            self.strict.learn_from_switch(switch)
        self.assertEqual(1, len(self.connector.calls))

    def test_a_mac_that_cp_has_chosen_tells_nothing(self):
        self.put_nic('1000', OWN)
        self.strict.learn_from_switch(
            self.switch(('OTHER_1000', fakes.CHOSEN_MAC)))
        self.assert_unknown()

    def test_others_are_looked_at_but_few(self):
        self.put_nic('1000', OWN)
        gone = [('GONE%d_1000' % number, OWN) for number in range(8)]
        self.strict.learn_from_switch(self.switch(*gone))
        self.assert_unknown()
        self.assertEqual(macprefix.LOOKS, len(self.connector.calls))
        self.strict.learn_from_switch(
            self.switch(gone[0], ('OTHER_1000', OWN)))
        self.assert_known()


class GuestTestCase(MacPrefixTestCase):

    def learn(self, prefix, *macs):
        prefix.learn_from_guest('OTHER', self.nics(*macs))

    def test_own_guest(self):
        self.put_nic('1000', OWN)
        self.learn(self.strict, OWN)
        self.assert_known()

    def test_own_guest_with_a_foreign_mac(self):
        self.put_nic('1000', FOREIGN)
        exc = self.assertRaises(nova_exception.InvalidInput, self.learn,
                                self.strict, FOREIGN)
        self.assertIn(REMEDY, str(exc))
        self.assert_known()

    def test_a_warning_is_all_by_default(self):
        self.put_nic('1000', FOREIGN)
        self.learn(self.prefix, FOREIGN)
        self.assertIn(REMEDY, self.stdlog.logger.output)
        self.stdlog.delete_stored_logs()
        self.prefix.check(self.nics(OWN))
        self.assertNotIn('base_mac', self.stdlog.logger.output)

    def test_once_it_is_known_nobody_is_asked(self):
        self.put_nic('1000', OWN)
        for _ in range(2):
            self.learn(self.strict, OWN)
        self.learn(self.strict)
        self.assertEqual(1, len(self.connector.calls))

    def test_a_guest_without_nics_is_not_asked(self):
        self.learn(self.strict)
        self.assertEqual([], self.connector.calls)

    def test_an_answer_that_does_not_come_fails_no_boot(self):
        self.connector.faults['guests.adapters'] = [fakes.error()]
        self.learn(self.strict, FOREIGN)
        self.assert_unknown()
