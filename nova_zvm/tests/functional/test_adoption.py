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

"""nova-zvm-adopt on guests that nova's own driver has made, and back again.

Where the code of that driver matters it runs here, in nova-compute, against
the real connector. What the agent of networking-zvm did for its guests is
done by the test: it granted and coupled their NICs.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from unittest import mock

from nova.compute import power_state
from nova import context as nova_context
from nova import objects
from oslo_utils import timeutils

from nova_zvm.checks import deployment
from nova_zvm.checks import finding
from nova_zvm.checks import guests
from nova_zvm.cmd import adopt
from nova_zvm.connector import client
from nova_zvm.connector import models
from nova_zvm.operations import adoption
from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import networking
from nova_zvm.tests.support import owndriver
from nova_zvm.tests.support import powersync
from nova_zvm.zvm import names
from zvm_simulator.tests.support import fixtures as zvm_fixtures

SWITCHES = {cloud.PHYSICAL_NETWORK: 'VSW2', 'physnet2': 'VSW1'}

CONF_FILE = """
[DEFAULT]
compute_driver = zvm.ZVMDriver
instance_name_template = %(template)s
host = %(host)s
service_down_time = 1800
transport_url = fake:/
[notifications]
notify_on_state_change = vm_state
[database]
connection = %(database)s
[zvm]
cloud_connector_url = %(url)s
image_tmp_path = %(image_tmp_path)s
vswitch_mappings = physnet2:VSW1
"""


class AdoptionTestCase(networking.NetworkingTestCase):

    def provide_zvm(self):
        """Return one whose connector asks for no token.

        nova's own driver has none.
        """
        return self.useFixture(zvm_fixtures.SimulatedZVM(
            connector_options=dict(zvm_fixtures.CONNECTOR_OPTIONS,
                                   wsgi={'auth': 'none'})))

    def configure(self):
        super().configure()
        self.flags(token_file=None, group='zvm')
        self.flags(vswitch_mappings={'physnet2': 'VSW1'}, group='zvm')
        self.flags(mkisofs_cmd='genisoimage')
        self.connector = client.Connector(self.zvm.url)

    # nova-compute

    @contextlib.contextmanager
    def novas_own_driver(self):
        """Let nova-compute have nova's own driver, then be stopped."""
        os.makedirs(cloud.CONF.zvm.image_tmp_path, exist_ok=True)
        with owndriver.OwnDriver():
            self.restart_compute()
            self.assertEqual('nova.virt.zvm.driver',
                             type(self.driver).__module__)
            yield
            self.stop_compute()

    def stop_compute(self):
        self.compute.stop()
        self.report(3600)

    def start_compute_again(self):
        self.compute = self.start_service(
            'compute', host=self.compute.host,
            cell_name=self.host_mappings[self.compute.host].cell_mapping.name)
        self.report(0)

    def report(self, seconds_ago):
        """Let the last report of nova-compute be so old."""
        service = objects.Service.get_by_compute_host(
            nova_context.get_admin_context(), self.compute.host)
        service.last_seen_up = timeutils.utcnow() - (
            timeutils.datetime.timedelta(seconds=seconds_ago))
        service.save()

    # Servers

    def make_old_port(self, **where):
        """Return a port that was bound before the mechanism driver came."""
        return self.make_port(**where, **{'binding:vif_details': {}})

    def boot_old(self, *ports, **options):
        """Boot a server as nova's own driver and the agent did it."""
        server = self.boot_on(*ports or [self.make_old_port()],
                              config_drive=True, **options)
        for row in self.connector.nics.list(self.userid(server)):
            port = self.neutron._ports[row.nic_id]
            vlan = port['network_id'] == self.neutron.network_2['id']
            switch = 'VSW1' if vlan else 'VSW2'
            if vlan:
                self.connector.vswitches.set_vlan(
                    switch, row.userid, networking.VLAN)
            else:
                self.connector.vswitches.grant(switch, row.userid)
            self.connector.nics.couple(
                row.userid, row.vdev, switch,
                networking.VLAN if vlan else None, active=True)
        return server

    def boot_without_record(self, *ports):
        """Boot a server by this driver, and let it forget that."""
        server = self.boot_on(*ports or [self.make_old_port()])
        ownership.forget(self.instance(server))
        return server

    # The command

    def run_adoption(self, *servers, yes=True):
        """Return the Verdict on each server."""
        return {verdict.instance.uuid: verdict for verdict in adopt.run(
            deployment.Deployment(cloud.CONF),
            [server['id'] for server in servers], yes)}

    def assert_verdict(self, verdicts, server, result, details=''):
        verdict = verdicts[server['id']]
        self.assertEqual(result, verdict.result, verdict)
        self.assertIn(details, verdict.details)

    def everything(self):
        """Return all that an adoption must leave alone, and its record."""
        return self.snapshot(), self.rows('image'), self.uploads(), {
            instance.uuid: dict(instance.system_metadata)
            for instance in objects.InstanceList.get_by_filters(
                nova_context.get_admin_context(), {'deleted': False},
                expected_attrs=['system_metadata'])}


class OwnDriverTest(AdoptionTestCase):
    """Guests that nova's own driver has made."""

    def test_all_that_a_server_can_do(self):
        before = self.snapshot()
        with self.novas_own_driver():
            server = self.boot_old()
        self.assertEqual({}, self.records())
        found = guests.not_adopted(deployment.Deployment(cloud.CONF))
        self.assertEqual(finding.Code.WARNING, found.code)
        on_zvm = self.snapshot()
        host = self.known_of_the_host(server)

        verdicts = self.run_adoption()

        self.assert_verdict(verdicts, server, adoption.ADOPTED,
                            'NIC 1000 is of port')
        self.assertEqual(1, len(verdicts[server['id']].details.split('. ')))
        self.assertEqual(on_zvm, self.snapshot())
        userid = self.userid(server)
        record = self.records()[server['id']]
        self.assertAlmostEqual(time.time(), float(
            record.pop(parts.SINCE)), delta=600)
        self.assertEqual({parts.USERID: userid,
                          parts.STATE: ownership.BUILT,
                          parts.HOST: 'host'}, record)
        self.start_compute_again()
        self._run_periodics()
        self.assertEqual(host, self.known_of_the_host(server))
        self.assert_lives(server)
        self.assert_rebuilds(server)
        self._delete_server(server)
        self.assert_nothing_of_a_guest(before)

    def known_of_the_host(self, server):
        """Return by what nova and placement know it, and what it has given.

        """
        return {
            'nodes': [
                (node.id, node.uuid, node.host, node.hypervisor_hostname)
                for node in objects.ComputeNodeList.get_all(
                    nova_context.get_admin_context())],
            'node of the server': self.instance(server).node,
            'providers': [(provider['uuid'], provider['name'])
                          for provider in self._get_all_providers()],
            'allocations': {
                provider: allocation['resources']
                for provider, allocation in
                self._get_allocations_by_server_uuid(server['id']).items()}}

    def records(self):
        """Return what the driver has recorded, by server."""
        return {uuid: record for uuid, record in (
            (uuid, {key: value for key, value in metadata.items()
                    if key.startswith('zvm_')})
            for uuid, metadata in self.everything()[-1].items()) if record}

    def assert_lives(self, server):
        self.assert_agree(server, switches=SWITCHES)
        powersync.run(self.compute.manager)
        self.assertEqual(
            ('ACTIVE', power_state.RUNNING), (
                self.api.get_server(server['id'])['status'],
                self.api.get_server(server['id'])['OS-EXT-STS:power_state']))
        self.assertEqual([server['id']], self.driver.list_instance_uuids())
        self.stop(server)
        self.assertIsNone(self.guest(server))
        self.act(server, 'os-start', 'ACTIVE')
        self.act(server, 'reboot', 'ACTIVE', {'type': 'SOFT'})
        self.act(server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.act(server, 'pause', 'PAUSED')
        self.act(server, 'unpause', 'ACTIVE')
        image_id = self.api.post_server_action(
            server['id'], {'createImage': {'name': 'snap'}})['image_id']
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})
        self.assertEqual('active', self.images.show(None, image_id)['status'])
        self.assertEqual('running', self.guest(server)['status'])
        old, = self.cached_ports(server).values()
        port = self.make_port()
        self.attach(server, port)
        self.assert_agree(server, hot_plugged=[port], switches=SWITCHES)
        self.detach(server, old)
        self.assert_agree(server, hot_plugged=[port], switches=SWITCHES)

    def assert_rebuilds(self, server):
        """See that a rebuild needs nothing of what nova's own driver left.

        """
        self.connector.images.delete(self.image_id)
        self._rebuild_server(server, self.image_id)
        self.assert_agree(server, switches=SWITCHES)
        self.assertEqual({names.BLANK_IMAGE, names.image(self.image_id)},
                         {row['imagename'] for row in self.rows('image')})

    def assert_nothing_of_a_guest(self, before):
        """Compare with a snapshot, but for files that others left here."""
        after = self.snapshot()
        for part in before:
            if part != 'local files':
                self.assertEqual(before[part], after[part], part)

    def test_what_is_left_by_a_delete(self):
        """Of a stopped and a paused server, one in a VLAN, one with two NICs.

        """
        before = self.snapshot()
        with self.novas_own_driver():
            stopped = self.boot_old(self.make_old_port(vlan=networking.VLAN),
                                    self.make_old_port())
            paused = self.boot_old()
            self.stop(stopped)
            self.act(paused, 'pause', 'PAUSED')
        verdicts = self.run_adoption()
        self.assert_verdict(verdicts, paused, adoption.ADOPTED)
        # Its old binding does not tell the VLAN.
        self.assert_verdict(
            verdicts, stopped, adoption.ADOPTED, 'NIC 1000 is in VLAN 100 of '
            'VSW1, and its port in none: bind the port again before a rebuild')
        self.start_compute_again()
        powersync.run(self.compute.manager)
        self.assertEqual(
            ('PAUSED', power_state.PAUSED), (
                self.api.get_server(paused['id'])['status'],
                self.api.get_server(paused['id'])['OS-EXT-STS:power_state']))
        self.act(paused, 'unpause', 'ACTIVE')
        self.assertEqual(
            'SHUTOFF', self.api.get_server(stopped['id'])['status'])
        self.act(stopped, 'os-start', 'ACTIVE')
        self.assertEqual({'VSW1': [100], 'VSW2': []},
                         self.grants(self.userid(stopped)))

        self._delete_server(paused)
        self._delete_server(stopped)
        self.assert_nothing_of_a_guest(before)

    def test_console_disks_and_a_port_that_neutron_deletes(self):
        before = self.snapshot()
        ports = [self.make_old_port() for number in range(2)]
        with self.novas_own_driver():
            server = self.boot_old(
                *ports, flavor_id=self.create_flavor(ephemeral=1))
        old_disk = self.minidisk(server, '0101')
        self.assert_verdict(self.run_adoption(), server, adoption.ADOPTED)
        self.start_compute_again()

        self.assertIn('Linux is running as a z/VM guest', (
            self.api.post_server_action(
                server['id'], {'os-getConsoleOutput': {}})['output']))
        self.delete_in_neutron(server, ports[0])
        self._wait_for_assert(lambda: self.assert_only(server, ports[1]))
        self._rebuild_server(server, self.image_id)
        self.assert_only(server, ports[1])
        disk = self.minidisk(server, '0101')
        self.assertEqual(old_disk['size'], disk['size'])
        self.assertEqual(('ext3', 'ext4'),
                         (old_disk['filesystem'], disk['filesystem']))
        self.assertEqual(server['id'], json.loads(self.guest_file(
            server, 'openstack/latest/meta_data.json'))['uuid'])
        self._delete_server(server)
        self.assert_nothing_of_a_guest(before)

    def assert_only(self, server, port):
        """See that a server has a port, and no other anywhere."""
        self.assertEqual([port['id']], list(self.cached_ports(server)))
        self.assert_agree(server, switches=SWITCHES)

    def test_back_to_novas_own_driver(self):
        """It knows the servers of this one by their name."""
        before = self.snapshot()
        server = self.boot_on(self.make_old_port(), config_drive=True)
        with self.novas_own_driver():
            self.stop(server)
            self.assertIsNone(self.guest(server))
            self.act(server, 'os-start', 'ACTIVE')
            self.assertEqual('running', self.guest(server)['status'])
            self._delete_server(server)
            self.assert_nothing_of_a_guest(before)


class RefusalTest(AdoptionTestCase):

    def test_one_is_adopted_and_others_are_refused(self):
        good, gone, foreign, busy = [
            self.boot_without_record() for number in range(4)]
        taken = self.userid(foreign)
        self.connector.guests.delete(self.userid(gone))
        self.connector.guests.delete(taken)
        self.connector.guests.create(taken, 1, 1024, [
            models.DiskSpec('3g', boot=True)])
        self.stop_compute()
        instance = self.instance(busy)
        instance.task_state = 'powering-off'
        instance.save()
        before = self.everything()

        told = self.run_adoption(yes=False)

        self.assertEqual(before, self.everything())
        verdicts = self.run_adoption()

        self.assert_verdict(told, good, adoption.READY, 'NIC 1000 is of port')
        self.assert_verdict(verdicts, good, adoption.ADOPTED)
        for server, details in (
                (gone, 'z/VM has no guest %s' % self.userid(gone)),
                (foreign, 'nothing shows that guest %s is this' % taken),
                (busy, "not finished the task 'powering-off'")):
            self.assert_verdict(told, server, adoption.REFUSED, details)
            self.assertEqual(told[server['id']].details,
                             verdicts[server['id']].details)
        after = self.everything()
        self.assertEqual(before[:-1], after[:-1])
        changed = [uuid for uuid in after[-1]
                   if before[-1][uuid] != after[-1][uuid]]
        self.assertEqual([good['id']], changed)

        self.assert_verdict(self.run_adoption(), good, adoption.KNOWN)
        self.assertEqual(after, self.everything())
        self.start_compute_again()
        self._delete_server(good)
        self._delete_server(foreign)
        self.assertIn(taken, self.zvm.machine.state()['directory'])

    def test_what_comes_between(self):
        """First a guest without a record is reported, not as one that may be
        deleted. Then its adoption is refused for one reason after another.
        """
        one = self.boot_without_record()
        deployed = deployment.Deployment(cloud.CONF)
        found = guests.not_adopted(deployed)
        self.assertEqual(finding.Code.WARNING, found.code)
        self.assertIn('1: %s (server %s)' % (
            self.userid(one), one['id']), found.details)
        self.assertIn('nova-zvm-adopt', found.remedy)
        self.assertEqual(finding.Code.SUCCESS,
                         guests.without_server(deployed).code)

        other = self.boot_without_record()
        self.stop_compute()
        self.assert_needs_the_connector()
        self.assert_what_users_do_wins(one)

        # Only those that are named.
        self.assertEqual([other['id']], list(self.run_adoption(other)))
        self.assertIsNone(ownership.state(self.instance(one)))
        error = self.assertRaises(adopt.Impossible, self.run_adoption,
                                  {'id': self.image_id})
        self.assertIn('has no server %s' % self.image_id, str(error))

    def assert_needs_the_connector(self):
        """See that nothing is recorded unless all could be asked."""
        before = self.everything()
        self.addCleanup(self.zvm.engine.faults.clear)
        self.zvm.engine.faults.add({
            'match': {'kind': 'rest', 'command': '^GET /guests/%s/' % (
                cloud.TEMPLATE % 2).upper()},
            'action': {'status': 500, 'output': 'no'}})
        with mock.patch('nova_zvm.connector.session.PAUSES', (0.0, 0.0)):
            self.assertRaises(adopt.Impossible, self.run_adoption)
        self.assertEqual(before, self.everything())
        self.zvm.engine.faults.clear()

    def assert_what_users_do_wins(self, server):
        deployed = deployment.Deployment(cloud.CONF)
        self.assertEqual(2, len(deployed.on_host))
        self.api.post_server_action(server['id'], {'os-stop': None})
        verdict, = adopt.run(deployed, [server['id']], True)
        self.assertEqual((adoption.REFUSED, 'It has been changed or deleted '
                          'meanwhile.'), (verdict.result, verdict.details))
        self.assertIsNone(ownership.state(self.instance(server)))


class CommandTest(AdoptionTestCase):
    """The command as its users run it."""

    def run_command(self, *options, **values):
        path = os.path.join(self.state_path, 'nova.conf')
        with self.database_of_commands() as url:
            with open(path, 'w') as conf_file:
                conf_file.write(CONF_FILE % {
                    'template': cloud.TEMPLATE, 'host': 'host',
                    'database': url, 'url': self.zvm.url,
                    'image_tmp_path': cloud.CONF.zvm.image_tmp_path,
                    **values})
            done = subprocess.run(
                [sys.executable, '-m', 'nova_zvm.cmd.adopt', '--config-file',
                 path, *options], capture_output=True, text=True)
        self.assertNotIn('Traceback', done.stdout + done.stderr)
        return done

    def assert_impossible(self, sentence, *options, **values):
        done = self.run_command(*options, **values)
        self.assertEqual((2, ''), (done.returncode, done.stdout), done.stderr)
        self.assertIn(sentence, done.stderr)

    def test_adopt(self):
        server = self.boot_without_record()
        known = self.boot_on(self.make_old_port())
        done = self.run_command()
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        for line in ('| nova-zvm Adoption ', '| Server: %s' % server['id'],
                     '| Userid: %s ' % self.userid(server),
                     '| Result: Ready ', '| Result: Known ',
                     '\nNothing was changed. '):
            self.assertIn(line, done.stdout)
        self.assert_impossible('nova-compute of host host is up', '--yes')
        self.assertIsNone(ownership.state(self.instance(server)))

        self.stop_compute()
        done = self.run_command('--yes', '--format', 'json',
                                '--name-template', cloud.TEMPLATE,
                                template='new%05x')
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        told = {entry.pop('server'): entry
                for entry in json.loads(done.stdout)}
        self.assertIn('NIC 1000 is of port', told[server['id']].pop('details'))
        self.assertEqual(
            {'userid': self.userid(server), 'result': 'adopted'},
            told[server['id']])
        self.assertEqual('known', told[known['id']]['result'])
        self.assertEqual(self.userid(server),
                         ownership.claimed_userid(self.instance(server)))
        self.start_compute_again()
        self.assertEqual({server['id'], known['id']},
                         set(self.driver.list_instance_uuids()))

    def test_what_makes_it_impossible_and_what_refuses_it(self):
        server = self.boot_without_record()
        self.stop_compute()
        before = self.everything()
        self.assert_impossible('no [database] connection', '--yes',
                               database='')
        self.assert_impossible(
            "nova's database cannot be read", '--yes',
            database='sqlite:////absent/secret-password/nova.sqlite')
        self.assert_impossible('cloud_connector_url', '--yes', url='')
        self.assert_impossible('instance_name_template = ', '--yes',
                               template='much-too-long-%05x')
        self.assert_impossible("knows no nova-compute on host 'elsewhere'",
                               host='elsewhere')
        self.assert_impossible('there is no /absent/nova.conf', '--yes',
                               '--config-file', '/absent/nova.conf')
        connector = self.zvm.simulator.member
        self.addCleanup(connector.start)
        connector.kill()
        self.assert_impossible('The z/VM Cloud Connector cannot be asked',
                               '--yes')
        connector.start()
        self.assertEqual(before[1:], self.everything()[1:])

        self.connector.guests.delete(self.userid(server))
        done = self.run_command()
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertIn('| Result: Refused ', done.stdout)
