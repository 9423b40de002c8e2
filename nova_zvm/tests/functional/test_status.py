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

"""nova-zvm-status against nova's cell, a real connector and its z/VM.

Nothing on z/VM may change by it, so each test compares before and after.
"""

import json
import os
import subprocess
import sys

import fixtures
from nova import context as nova_context
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

from nova_zvm.checks import catalogue
from nova_zvm.checks import deployment
from nova_zvm.checks import finding
from nova_zvm.record import ownership
from nova_zvm.tests.support import cloud
from nova_zvm.tests.support import meter
from nova_zvm.zvm import names
from zvm_simulator.tests.support import rest

Code = finding.Code

CONF_FILE = """
[DEFAULT]
compute_driver = zvm.ZVMDriver
instance_name_template = %(template)s
host = host
transport_url = fake:/
[database]
connection = %(database)s
[zvm]
cloud_connector_url = %(url)s
token_file = %(token_file)s
image_tmp_path = %(image_tmp_path)s
%(option)s = %(disk_pool)s
vswitch_mappings = physnet1:VSW1,physnet2:VSW2
"""


class StatusTestCase(cloud.ZVMTestCase):

    disk_pool = 'ECKD:POOL1'

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.connector.session.PAUSES', (0.0, 0.0)))

    def configure(self):
        super().configure()
        self.flags(disk_pool=self.disk_pool, vswitch_mappings={
            'physnet1': 'VSW1', 'physnet2': 'vsw2'}, group='zvm')

    def check(self, **options):
        """Run all checks; return the findings by their name."""
        return dict(catalogue.run(
            deployment.Deployment(cloud.CONF, **options)))

    def check_unchanged(self):
        """Run all checks; see that they leave everything as it is."""
        before = self.snapshot(), self.rows('image'), self.uploads()
        findings = self.check()
        self.assertEqual(
            before, (self.snapshot(), self.rows('image'), self.uploads()))
        return findings

    def assert_only(self, findings, **expected):
        """See that only these, by their first word, are not a success."""
        self.assertEqual(expected, {
            name.split()[0].lower(): found.code.name.lower()
            for name, found in findings.items()
            if found.code != Code.SUCCESS}, findings)
        for found in findings.values():
            if found.code != Code.SUCCESS:
                self.assertNotEqual('', found.remedy)

    def assert_not_checked(self, found, reason):
        self.assertEqual(
            finding.Finding(Code.SUCCESS, reason, made=False), found)

    def instance(self, server):
        return objects.Instance.get_by_uuid(
            nova_context.get_admin_context(), server['id'],
            expected_attrs=['system_metadata'])


class WellTest(StatusTestCase):

    def test_all_well_and_file_round_trip(self):
        self.boot(config_drive=True)
        seen = meter.Meter(self.zvm.engine.log)
        with seen.running() as usage:
            findings = self.check_unchanged()

        self.assert_only(findings)
        details = {name: found.details for name, found in findings.items()}
        self.assertIn(self.zvm.token_file, details['Token'])
        self.assertIn('1.6.3', details['Connector release'])
        self.assertIn('A new token is good for 60 minutes',
                      details['Clock'])
        self.assertIn('ZVMSYS1, z/VM 7.3', details['SMAPI'])
        self.assertIn('ECKD:POOL1 has ', details['Disk pool'])
        self.assertIn('on 4 ECKD volumes, the largest of 41 GB',
                      details['Disk pool'])
        self.assertIn('VSW1 is VLAN-aware, its uplink is ready. VSW2 is '
                      'VLAN-unaware', details['Virtual switches'])
        self.assertIn('has no FCP templates', details['FCP templates'])
        self.assertIn('--file-round-trip', details['File transfer'])
        self.assertIn('1 image is on the connector',
                      details['Unused images'])
        methods = {request.split()[0] for request in usage.requests}
        self.assertEqual({'GET', 'POST'}, methods)
        self.assertEqual(['POST /token'], [
            request for request in usage.requests
            if request.startswith('POST')])
        self.assertEqual(20, len(usage.requests), usage.requests)

        before = len(self.uploads())
        findings = self.check(file_round_trip=True)
        self.assert_only(findings)
        self.assertIn('512 bytes went to the connector and came back',
                      findings['File transfer'].details)
        self.assertEqual(before + 1, len(self.uploads()))


class ConnectorTest(StatusTestCase):

    def test_token(self):
        path = os.path.join(self.state_path, 'token')
        with open(path, 'w') as token_file:
            token_file.write('not-the-token')
        self.flags(token_file=path, group='zvm')
        findings = self.check_unchanged()

        self.assertEqual(Code.SUCCESS, findings['Connection'].code)
        self.assertEqual(Code.FAILURE, findings['Token'].code)
        self.assertIn('refuses the admin token', findings['Token'].details)
        self.assert_not_checked(findings['SMAPI'], 'the connector does not '
                                'accept requests from here')
        self.assertNotIn('not-the-token', str(findings))

        # None where one is needed.
        self.flags(token_file=None, group='zvm')
        found = self.check_unchanged()['Token']
        self.assertEqual(Code.FAILURE, found.code)
        self.assertIn('no token file is configured', found.details)

    def test_what_is_behind(self):
        self.addCleanup(self.zvm.engine.faults.clear)
        self.assert_nothing_behind_the_web_server()
        self.zvm.engine.faults.clear()
        self.assert_connector_that_fails_itself()
        self.zvm.engine.faults.clear()
        self.assert_smapi_down()
        self.zvm.engine.faults.clear()
        self.assert_connector_down()

    def assert_nothing_behind_the_web_server(self):
        """Only the version is reported, after the first request."""
        self.zvm.engine.faults.add({
            'match': {'kind': 'rest', 'command': '^GET /host'},
            'action': {'status': 504, 'output': '<html>Timeout</html>'}})
        with meter.Meter(self.zvm.engine.log).running() as usage:
            findings = self.check_unchanged()
        self.assertEqual(Code.SUCCESS, findings['Connection'].code)
        self.assertEqual(Code.FAILURE, findings['SMAPI'].code)
        self.assertIn("connector's sdkserver runs", findings['SMAPI'].remedy)
        for name in ('Disk pool', 'Virtual switches', 'FCP templates',
                     'Guests without a server', 'Unused images'):
            self.assert_not_checked(findings[name], 'the connector did not '
                                    'answer the request before')
        self.assertEqual(['GET /', 'GET /host'], [
            request for request in usage.requests
            if request.startswith('GET')])

    def assert_connector_that_fails_itself(self):
        """As 1.6.3 does with a PyJWT that is too new for it."""
        self.zvm.engine.faults.add({
            'match': {'kind': 'rest', 'command': '^POST /token'},
            'action': {'status': 500, 'output': 'Internal error'}})
        findings = self.check_unchanged()
        self.assertEqual(Code.FAILURE, findings['Connection'].code)
        self.assertIn('PyJWT older than 2', findings['Connection'].remedy)

    def assert_smapi_down(self):
        self.zvm.engine.faults.add({
            'match': {'command': 'smcli'}, 'action': {
                'status': 25, 'output': '25 -110 111 (details) Connection '
                'refused ULGSMC6009E Failed to connect\n'}})
        findings = self.check_unchanged()
        self.assert_only(findings, smapi='failure')
        self.assertIn('VSMGUARD', findings['SMAPI'].remedy)
        for name in ('Disk pool', 'Virtual switches',
                     'Names of future servers'):
            self.assert_not_checked(findings[name],
                                    'SMAPI does not respond as it should')

    def assert_connector_down(self):
        connector = self.zvm.simulator.member
        self.addCleanup(connector.start)
        connector.kill()
        findings = self.check()

        self.assertEqual(Code.FAILURE, findings['Connection'].code)
        self.assertIn('cloud_connector_url', findings['Connection'].remedy)
        for name in ('Certificate', 'Token', 'Connector release', 'Clock',
                     'SMAPI', 'Disk pool', 'Virtual switches', 'FCP templates',
                     'Names of future servers', 'Guests without a server',
                     'Guests without a record', 'Servers without a guest',
                     'Unused images', 'Config drives and captures'):
            self.assert_not_checked(findings[name],
                                    'the connector is not reachable')
        self.assertEqual(Code.SUCCESS, findings['Options'].code)
        self.assertEqual(Code.SUCCESS, findings['Uploads'].code)


class SystemTest(StatusTestCase):

    def test_disk_pools_and_switches(self):
        self.flags(disk_pool='ECKD:NOPOOL', group='zvm')
        findings = self.check_unchanged()
        self.assert_only(findings, disk='failure')
        self.assertIn("no disk pool 'ECKD:NOPOOL'",
                      findings['Disk pool'].details)
        self.assertIn('[zvm] disk_pool', findings['Disk pool'].remedy)

        # The connector's own pool.
        self.flags(disk_pool=None, group='zvm')
        findings = self.check_unchanged()
        self.assert_only(findings)
        self.assertIn("The connector's own disk pool has ",
                      findings['Disk pool'].details)

        # The connector looks only at a pool's name, until it makes a disk.
        self.flags(disk_pool='ECKD:FBAPOOL', group='zvm')
        findings = self.check_unchanged()
        self.assert_only(findings, disk='failure')
        self.assertIn('says that the pool is of type ECKD, and its volumes '
                      'are of type FBA. ECKD:FBAPOOL has 100 GB',
                      findings['Disk pool'].details)
        self.flags(disk_pool='FBA:FBAPOOL', group='zvm')
        self.assert_only(self.check_unchanged())

        # What no volume is large enough for.
        found = self.check(disk_gb=51)['Disk pool']
        self.assertEqual(Code.WARNING, found.code)
        self.assertIn('on 2 FBA volumes, the largest of 50 GB. A disk of 51 '
                      'GB does not fit.', found.details)

        self.flags(vswitch_mappings={'physnet1': 'VSW1',
                                     'physnet2': 'VSW9'}, group='zvm')
        findings = self.check_unchanged()
        self.assert_only(findings, virtual='warning')
        found = findings['Virtual switches']
        self.assertIn("no virtual switch 'VSW9', to which physical network "
                      "'physnet2' is mapped", found.details)
        self.assertIn('[zvm] vswitch_mappings', found.remedy)

    def test_connector_without_a_disk_pool(self):
        self.flags(disk_pool=None, group='zvm')
        connector = self.zvm.simulator.member
        text = connector.config_file.read_text()
        # Later tests may have the same connector.
        self.addCleanup(connector.restart)
        self.addCleanup(connector.config_file.write_text, text)
        connector.config_file.write_text('\n'.join(
            line for line in text.splitlines()
            if not line.startswith('disk_pool')))
        connector.restart()
        findings = self.check_unchanged()
        self.assert_only(findings, disk='failure')
        self.assertIn('No disk pool is named',
                      findings['Disk pool'].details)


class VolumesTest(StatusTestCase):

    def setUp(self):
        super().setUp()
        self.rest = rest.Rest(self.zvm.url, self.zvm.token_file)
        self.template = self.rest.output('POST', '/volumes/fcptemplates', {
            'name': 'both', 'fcp_devices': '1a00-1a07;1b00',
            'host_default': True})['fcp_template']['id']

    def test_template(self):
        """Without a number of its own, a guest needs all of its paths."""
        findings = self.check_unchanged()
        self.assert_only(findings)
        self.assertIn('FCP template both, the default, has 2 paths, with 8 '
                      'of 8 and 1 of 1 devices free.',
                      findings['FCP templates'].details)
        connector = self.foreign_guest('SOMEBODY')
        with meter.Meter(self.zvm.engine.log).running() as usage:
            connector.volumes.fcp_templates()
        self.assertEqual([], usage.commands)
        self.rest.output('GET', '/volumes/conn/SOMEBODY', {'info': {
            'reserve': True, 'fcp_template_id': self.template}})
        findings = self.check_unchanged()
        self.assert_only(findings, fcp='warning')
        self.assertIn('with 7 of 8 and 0 of 1 devices free; a guest needs '
                      'one on 2 of them.', findings['FCP templates'].details)


class GuestsTest(StatusTestCase):

    def test_taken_names(self):
        self._delete_server(self.boot())
        coming = self.next_userid()
        last = names.template_id(cloud.TEMPLATE, coming) - 1
        guests = self.foreign_guest(coming).guests
        later = (cloud.TEMPLATE % (last + 4711)).upper()
        self.foreign_guest(later)
        self.foreign_guest('SOMEBODY')
        self.assert_taken(coming, later)
        # It stays in the directory.
        guests.deregister(coming)
        self.assert_taken(coming, later)

        # Without a database, as on most hosts of nova-compute.
        self.flags(connection='', group='database')
        findings = self.check_unchanged()
        self.assert_only(findings)
        for name in ('Database', 'Names of future servers',
                     'Guests without a server', 'Guests without a record',
                     'Servers without a guest', 'Unused images',
                     'Config drives and captures'):
            self.assert_not_checked(findings[name], deployment.NO_DATABASE)
        self.assertIn(deployment.NO_DATABASE, findings['Uploads'].details)

    def assert_taken(self, *userids):
        findings = self.check_unchanged()
        self.assert_only(findings, names='warning')
        self.assertIn('%d: %s.' % (len(userids), ', '.join(userids)),
                      findings['Names of future servers'].details)

    def test_servers_and_guests(self):
        # nova still removes the guest of a server that was deleted while its
        # host was down.
        self.delete_in_database_only(self.boot())
        self.assert_only(self.check_unchanged())

        server = self.boot()
        userid = self.userid(server)
        guests = self.foreign_guest('SOMEBODY').guests
        guests.delete(userid)
        findings = self.check_unchanged()
        self.assert_only(findings, servers='warning')
        self.assertIn('1: %s (server %s)' % (userid, server['id']),
                      findings['Servers without a guest'].details)

        self._delete_server(server)
        self.foreign_guest(userid)
        findings = self.check_unchanged()
        self.assert_only(findings, guests='warning')
        found = findings['Guests without a server']
        self.assertIn('1: %s.' % userid, found.details)
        self.assertIn('DELETE /guests/USERID', found.remedy)


class LeftoversTest(StatusTestCase):

    def copy_image(self, name):
        """Give the one cached image a second name on the connector."""
        images = self.driver._diagnostics._connector.images
        copy = 'file://%s' % os.path.join(self.state_path, 'exported')
        images.export(names.image(self.image_id), copy)
        images.create(name, copy, 'rhel8')
        return images

    def test_images(self):
        self.import_image()
        self.flags(remove_unused_original_minimum_age_seconds=0,
                   manager_interval=-1, group='image_cache')
        findings = self.check_unchanged()
        self.assert_only(findings, unused='warning')
        self.assertIn('1: %s; ' % names.image(self.image_id),
                      findings['Unused images'].details)
        self.flags(remove_unused_base_images=False, group='image_cache')
        self.assert_only(self.check_unchanged())

    def test_of_a_server(self):
        server = self.boot()
        name = names.capture(uuids.instance)
        images = self.copy_image(name)
        findings = self.check_unchanged()
        self.assert_only(findings, config='warning')
        found = findings['Config drives and captures']
        self.assertIn('1: %s.' % name, found.details)
        self.assertIn('DELETE /images/NAME', found.remedy)
        self.assertEqual('ACTIVE', self.api.get_server(
            server['id'])['status'])
        images.delete(name)

        ownership.set_upload(self.instance(server), 'file:///left')
        findings = self.check_unchanged()
        self.assert_only(findings, uploads='warning')
        self.assertIn('1 of config drives', findings['Uploads'].details)
        self.driver._staging._journal.add('file:///left')
        findings = self.check_unchanged()
        self.assert_only(findings, uploads='warning')
        self.assertIn('1 of images', findings['Uploads'].details)


class CommandTest(StatusTestCase):
    """The command as its users run it."""

    def run_command(self, *options, mapping=None, **values):
        path = os.path.join(self.state_path, 'nova.conf')
        with self.database_of_commands(mapping) as url:
            with open(path, 'w') as conf_file:
                conf_file.write(CONF_FILE % {
                    'template': cloud.TEMPLATE, 'database': url,
                    'url': self.zvm.url, 'token_file': self.zvm.token_file,
                    'image_tmp_path': cloud.CONF.zvm.image_tmp_path,
                    'option': 'disk_pool', 'disk_pool': self.disk_pool,
                    **values})
            done = subprocess.run(
                [sys.executable, '-W', 'ignore', '-m',
                 'nova_zvm.cmd.status', 'check',
                 '--config-file', path, *options],
                capture_output=True, text=True)
        self.assertNotIn('Traceback', done.stdout + done.stderr)
        return done

    def test_of_a_host_with_a_server(self):
        server = self.boot()
        done = self.run_command()
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual('', done.stderr)
        self.assertIn('| nova-zvm Status ', done.stdout)
        self.assertEqual(19, done.stdout.count('| Result: Success '))
        self.assertTrue(done.stdout.endswith(
            '\n0 failed, 0 warnings, 2 not checked, 19 ok\n'), done.stdout)
        self.assertIn('nova-compute would load nova-zvm', done.stdout)
        self.assertIn('All servers of this host have their guest',
                      done.stdout)

        self.foreign_guest(self.next_userid())
        code, checks = self.run_in_json()
        self.assertEqual(1, code)
        self.assertEqual(
            ['Driver', *(name for name, _ in catalogue.CHECKS)],
            list(checks))
        for check in checks.values():
            self.assertEqual({'check', 'result', 'details', 'remedy'},
                             set(check))
        warned, = [check for check in checks.values()
                   if check['result'] == 'warning']
        self.assertEqual(('Names of future servers', 'warning'),
                         (warned['check'], warned['result']))
        self.assertIn(self.next_userid(), warned['details'])
        self.assertIn('instance_name_template', warned['remedy'])

        # By another cell's database the guests of this one must not be said
        # to be nobody's.
        code, checks = self.run_in_json(mapping=self.cell_mappings['cell0'])
        self.assertEqual(1, code)
        self.assertNotIn(self.userid(server), str(checks))
        self.assertEqual('warning', checks['Database']['result'])
        self.assertIn('the database of the cell',
                      checks['Database']['remedy'])
        for name in ('Database', 'Names of future servers',
                     'Guests without a server'):
            self.assertIn("knows no nova-compute on host 'host'",
                          checks[name]['details'])
        self.assertEqual('ACTIVE', self.api.get_server(
            server['id'])['status'])

    def run_in_json(self, **values):
        """Return exit status and checks, by their name."""
        done = self.run_command('--format', 'json', **values)
        checks = json.loads(done.stdout)
        return done.returncode, {check['check']: check for check in checks}

    def test_failure_and_database_that_is_not_there(self):
        done = self.run_command(disk_pool='ECKD:NOPOOL')
        self.assertEqual(2, done.returncode, done.stdout + done.stderr)
        self.assertEqual(1, done.stdout.count('| Result: Failure '))

        # A name with an error in it.
        done = self.run_command('--format', 'json', '--problems',
                                option='disk_pol')
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        warned, = json.loads(done.stdout)
        self.assertEqual('Option names', warned['check'])
        self.assertIn('did you mean disk_pool?', warned['remedy'])

        done = self.run_command(
            database='sqlite:////absent/secret-password/nova.sqlite')
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertIn("nova's database cannot be read", done.stdout)
        self.assertNotIn('secret-password', done.stdout + done.stderr)
