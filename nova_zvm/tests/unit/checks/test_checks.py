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

"""What each check of nova-zvm-status finds, and the remedy that it tells."""

import datetime
import errno
import os
import os.path
from unittest import mock

import fixtures
from nova.conf import zvm as zvm_opts
from nova import objects
from oslo_config import cfg
from oslo_utils.fixture import uuidsentinel as uuids
from oslo_utils import timeutils

from nova_zvm.checks import catalogue
from nova_zvm.checks import configuration
from nova_zvm.checks import connection
from nova_zvm.checks import deployment
from nova_zvm.checks import finding
from nova_zvm.checks import guests
from nova_zvm.checks import leftovers
from nova_zvm.checks import system
from nova_zvm.checks import volumes
from nova_zvm.conf import options as zvm_options
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.record import ownership
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.transfer import journal
from nova_zvm.zvm import names

Code = finding.Code
URL = 'https://zcc.example.org/'


class ChecksTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.flags(cloud_connector_url=URL, disk_pool='ECKD:POOL1',
                   group='zvm')
        self.flags(connection='sqlite://', group='database')
        self.database = []
        self.patch(objects.InstanceList, 'get_by_filters', self._filtered)
        self.services = {inmemory.CONF.host}
        self.patch(objects.Service, 'get_by_host_and_binary', self._service)

    def _filtered(self, context, filters, expected_attrs, limit=None,
                  sort_keys=None, sort_dirs=None):
        found = [instance for instance in self.database
                 if filters.get('system_metadata', {}).items() <=
                 instance.system_metadata.items() and
                 filters.get('host', instance.host) == instance.host and
                 filters.get('deleted', instance.deleted) == instance.deleted]
        if sort_keys == ['id'] and sort_dirs == ['desc']:
            found.sort(key=lambda instance: -instance.id)
        return found[:limit]

    def _service(self, context, host, binary):
        self.assertEqual('nova-compute', binary)
        return host if host in self.services else None

    def deployment(self, **options):
        looked_at = deployment.Deployment(inmemory.CONF, **options)
        looked_at.client = self.connector
        looked_at.clock = self.clock
        return looked_at

    def put_server(self, number, **fields):
        """Let nova have a server with a guest; return the instance."""
        instance = self.instance(**{
            'id': number, 'uuid': getattr(uuids, 'server%d' % number),
            'task_state': None, **fields})
        instance.get_network_info = lambda: []
        self.database.append(instance)
        userid = names.userid(inmemory.CONF.instance_name_template % number)
        ownership.claim(instance, userid)
        ownership.set_state(instance, ownership.BUILT)
        return instance

    def assert_found(self, found, code, details, remedy=''):
        self.assertEqual(code, found.code, found)
        self.assertIn(details, found.details)
        if not remedy:
            self.assertEqual('', found.remedy)
            self.assertEqual(Code.SUCCESS, code)
        self.assertTrue(found.made)
        self.assertIn(remedy, found.remedy)

    def assert_not_checked(self, found, reason):
        self.assertEqual(
            finding.Finding(Code.SUCCESS, reason, made=False), found)


class FindingTestCase(ChecksTestCase):

    def test_together_is_as_bad_as_the_worst(self):
        found = finding.together([
            finding.warning('One.', 'Do.'), finding.failure('Two.', 'Do.'),
            finding.success('Three.')])
        self.assertEqual(
            finding.Finding(Code.FAILURE, 'One. Two. Three.', 'Do.'), found)

    def test_some(self):
        self.assertEqual('2: A, B', finding.some({'B', 'A'}))
        self.assertEqual('6: A, B, C, D, E, ...', finding.some('FEDCBA'))


class OptionsTestCase(ChecksTestCase):

    def options(self):
        return configuration.options(self.deployment())

    def test_good(self):
        self.flags(instance_name_template='abc%05x')
        self.assert_found(self.options(), Code.SUCCESS, 'good')

    def test_sentence_of_settings(self):
        self.flags(disk_pool='POOL1', group='zvm')
        self.assert_found(self.options(), Code.FAILURE,
                          "[zvm] disk_pool: 'POOL1' must be",
                          'Correct this option')

    def test_value_that_cannot_be(self):
        conf = cfg.ConfigOpts()
        path = os.path.join(inmemory.CONF.zvm.image_tmp_path, 'nova.conf')
        with open(path, 'w') as conf_file:
            conf_file.write('[zvm]\nguest_max_vcpus = many\n')
        conf.register_opts(zvm_opts.zvm_opts, group='zvm')
        zvm_options.register_opts(conf)
        conf(['--config-file', path], project='nova')
        conf.set_override('cloud_connector_url', URL, 'zvm')
        conf.register_opts([
            cfg.StrOpt('instance_name_template', default='abc%05x'),
            cfg.StrOpt('state_path', default='/var/lib/nova'),
            cfg.StrOpt('config_drive_format', default='iso9660')])
        found = configuration.options(deployment.Deployment(conf))
        self.assert_found(found, Code.FAILURE, 'guest_max_vcpus',
                          'Correct this option')

    def test_option_of_an_option_that_is_not_there(self):
        self.flags(token_file='$nosuch/token', group='zvm')
        self.assert_found(self.options(), Code.FAILURE, 'nosuch',
                          'Correct this option')

    def test_wrong_option_that_another_check_reads(self):
        wrong = mock.Mock(side_effect=cfg.ConfigFileValueError('many images'))
        self.patch(catalogue, 'CHECKS', [
            ('One', wrong), ('Another', leftovers.uploads)])
        one, another = catalogue.run(self.deployment())
        self.assert_found(one[1], Code.FAILURE, 'many images.',
                          'Correct this option')
        self.assert_found(another[1], Code.SUCCESS, '')

    def test_template_with_little_room(self):
        self.flags(instance_name_template='abcd%04x')
        self.assert_found(self.options(), Code.WARNING,
                          'has room up to instance 65535', 'prefix')

    def option_names(self, *texts):
        """Return what is found of files in which nova read its options."""
        folder = self.useFixture(fixtures.TempDir()).path
        paths = []
        for number, text in enumerate(texts):
            paths.append(os.path.join(folder, '%d.conf' % number))
            with open(paths[-1], 'w') as conf_file:
                conf_file.write(text)
        conf = cfg.ConfigOpts()
        conf(['--config-file', paths[0], '--config-dir', folder],
             project='nova')
        return configuration.option_names(deployment.Deployment(conf)), paths

    def test_option_names(self):
        found, _ = self.option_names(
            '[DEFAULT]\nwhatever = 1\n[zvm]\ndisk_pool = ECKD:POOL1\n'
            'cloud_connector_url = %s\n[other]\ndisk_pol = 1\n' % URL,
            '[ml2_zvm]\nhosts = zvm1\n')
        self.assert_found(found, Code.SUCCESS, '[ml2_zvm] and [zvm] exist')

    def test_option_names_that_do_not_exist(self):
        found, paths = self.option_names(
            '[zvm]\ndisk_pol = ECKD:POOL1\n[ZVM]\ncolour = blue\n',
            '[ml2_zvm]\nhost = zvm1\n')
        self.assert_found(found, Code.WARNING, 'are ignored, 3: '
                          '[ml2_zvm] host in %s, ' % paths[1],
                          'Correct [ml2_zvm] host: did you mean hosts? '
                          'Remove [zvm] colour. '
                          'Correct [zvm] disk_pol: did you mean disk_pool?')
        self.assertNotIn('blue', str(found))

    def test_wrong_options_leave_the_connector_alone(self):
        self.flags(cloud_connector_url=None, group='zvm')
        found = dict(catalogue.run(deployment.Deployment(inmemory.CONF)))
        self.assert_found(found['Options'], Code.FAILURE,
                          'cloud_connector_url is not set', 'Correct')
        self.assert_not_checked(found['SMAPI'], 'the options are wrong')
        self.assertEqual(found['SMAPI'], found['Connection'])


class ConnectionTestCase(ChecksTestCase):

    def connection(self, error=None):
        self.connector.contact = error
        return connection.connection(self.deployment())

    def token(self, error=None):
        self.connector.contact = error
        return connection.token(self.deployment())

    def test_https(self):
        self.assert_found(self.connection(), Code.SUCCESS,
                          'its certificate is verified')

    def test_http(self):
        for host in ('zcc.example.org', '10.0.0.5', '[fd00::5]'):
            self.flags(cloud_connector_url='http://%s/' % host, group='zvm')
            self.assert_found(self.connection(), Code.WARNING, 'without TLS',
                              'https')

    def test_http_on_this_host(self):
        for host in ('localhost', '127.0.0.1', '[::1]'):
            self.flags(cloud_connector_url='http://%s:8080' % host,
                       group='zvm')
            found = self.connection()
            self.assert_found(found, Code.SUCCESS, host)
            self.assertNotIn('certificate', found.details)

    def test_unreachable(self):
        self.assert_found(self.connection(fakes.unreachable()),
                          Code.FAILURE, 'as the test wants it',
                          'cloud_connector_url is its URL: ' + URL)

    def test_certificate(self):
        self.assert_found(
            self.connection(fakes.error(errors.TlsError)), Code.FAILURE,
            'as the test wants it', '[zvm] ca_file')

    def expires_in(self, days):
        self.connector.certificate = self.clock.now + days * 86400
        return connection.certificate(self.deployment())

    def test_expiry_of_the_certificate(self):
        self.assert_found(self.expires_in(30), Code.SUCCESS,
                          'expires on 1970-01-31, in 30 days.')
        self.assert_found(self.expires_in(29.9), Code.WARNING,
                          'expires on 1970-01-30, in 29 days.', 'Renew it')

    def test_no_certificate(self):
        error = self.assertRaises(finding.NotChecked, connection.certificate,
                                  self.deployment())
        self.assert_not_checked(error.finding,
                                'the connector is asked without TLS')

    def test_connector_that_falls_silent(self):
        """Its web side answers, and a first request is waited for once."""
        looked_at = self.deployment()
        self.connector.faults['host.info'] = [
            fakes.error(errors.Unreachable, 'host.info', None)]
        found = dict(catalogue.run(looked_at))
        self.assert_found(found['Connection'], Code.SUCCESS, 'answers at')
        self.assert_found(found['SMAPI'], Code.FAILURE,
                          'as the test wants it', 'sdkserver runs')
        self.assertIn(system.SMAPI_MACHINES, found['SMAPI'].remedy)
        for name in ('Disk pool', 'Virtual switches', 'Unused images',
                     'Guests without a server'):
            self.assert_not_checked(found[name], 'the connector did not '
                                    'answer the request before')
        self.assertEqual(['host.info'], self.connector.operations)

    def test_no_connector_at_the_url(self):
        for status in (404, 502):
            self.assert_found(self.connection(fakes.error(status=status)),
                              Code.FAILURE, 'as the test wants it',
                              'cloud_connector_url')

    def test_connector_that_fails_itself(self):
        found = self.connection(fakes.error(operation='version'))
        self.assert_found(found, Code.FAILURE, 'as the test wants it',
                          'log of the connector')
        self.assertNotIn('PyJWT', found.remedy)
        self.assert_found(self.connection(fakes.error(operation='token')),
                          Code.FAILURE, 'as the test wants it',
                          'PyJWT older than 2')

    def test_refused_token_is_an_answer(self):
        self.assert_found(
            self.connection(fakes.error(errors.Unauthorized, status=401)),
            Code.SUCCESS, 'answers at')

    def test_asked_once(self):
        looked_at = self.deployment()
        self.connector.version = mock.Mock(side_effect=fakes.unreachable())
        for _, check in catalogue.CHECKS[2:9]:
            try:
                check(looked_at)
            except finding.NotChecked:
                continue
        self.assertEqual(1, self.connector.version.call_count)

    def test_token_file_without_a_token(self):
        """Nothing was sent, so that nobody knows of the connector."""
        error = fakes.error(errors.Unauthorized, status=None)
        self.assert_found(self.token(error), Code.FAILURE,
                          'as the test wants it', '[zvm] token_file')
        unmade = self.assertRaises(finding.NotChecked, self.connection, error)
        self.assert_not_checked(
            unmade.finding,
            'the connector cannot be asked without its token')

    def test_token(self):
        self.assert_found(self.token(), Code.SUCCESS, 'asks for no token')
        path = os.path.join(inmemory.CONF.zvm.image_tmp_path, 'zvm-token')
        with open(path, 'w'):
            self.flags(token_file=path, group='zvm')
        self.assert_found(self.token(), Code.SUCCESS,
                          'accepts the token of %s' % path)

    def test_refused_token(self):
        self.assert_found(
            self.token(fakes.error(errors.Unauthorized, status=401)),
            Code.FAILURE, 'as the test wants it', '[zvm] token_file')

    def test_nothing_more_is_asked_without_a_good_token(self):
        self.connector.contact = fakes.error(errors.Unauthorized, status=401)
        found = dict(catalogue.run(self.deployment()))
        self.assert_not_checked(
            found['SMAPI'],
            'the connector does not accept requests from here')
        self.assertEqual([], self.connector.calls)

    def test_token_that_nobody_could_judge(self):
        error = self.assertRaises(finding.NotChecked, self.token,
                                  fakes.unreachable())
        self.assertEqual('the connector is not reachable', str(error))

    def test_release(self):
        for release, code, details, remedy in (
                ('1.6.3', Code.SUCCESS, 'release 1.6.3', ''),
                ('1.6.2', Code.FAILURE, 'older than 1.6.3', '1.6.3'),
                ('1.6.7', Code.WARNING, 'not tested', '1.6.3')):
            self.connector.release = release
            self.assert_found(connection.version(self.deployment()), code,
                              details, remedy)


class ClockTestCase(ChecksTestCase):

    def compared(self, offset, left=None):
        self.connector.offset = offset
        if left is not None:
            self.connector.expiry = self.clock.now + (offset or 0) + left
        return connection.clock(self.deployment())

    def test_same(self):
        self.assert_found(self.compared(-2.0, 3600), Code.SUCCESS,
                          'to 2 seconds. A new token is good for 60 minutes')

    def test_no_time_and_no_token(self):
        self.assert_found(self.compared(None), Code.SUCCESS,
                          'does not tell its time.')

    def test_skew(self):
        self.assert_found(self.compared(301.0, 3600), Code.WARNING,
                          '301 seconds ahead of', 'synchronised')
        self.assert_found(self.compared(-301.0), Code.WARNING,
                          '301 seconds behind', 'synchronised')
        self.assert_found(self.compared(300.0, 3600), Code.SUCCESS,
                          '300 seconds. A new token is good for 60 minutes')

    def test_short_token(self):
        self.assert_found(self.compared(0.0, 59), Code.WARNING,
                          'ends in 59 seconds', 'token_validation_period')
        self.assert_found(self.compared(0.0, 60), Code.SUCCESS,
                          'A new token is good for ')

    def test_token_that_has_ended(self):
        """By our clock, where the connector does not tell its own."""
        self.assert_found(self.compared(None, -90), Code.WARNING,
                          'ends 90 seconds ago', 'synchronised')


class FileTestCase(ChecksTestCase):

    def round_trip(self):
        def download(path):
            self.connector.exports[path] = self.connector.uploads[
                'file://' + path]
            return original(path)

        original = self.connector.files.download
        self.connector.files.download = download
        return connection.file_round_trip(
            self.deployment(file_round_trip=True))

    def test_only_if_wanted(self):
        error = self.assertRaises(finding.NotChecked,
                                  connection.file_round_trip,
                                  self.deployment())
        self.assertIn('--file-round-trip', error.finding.details)
        self.assertFalse(error.finding.made)
        self.assertEqual([], self.connector.calls)

    def test_there_and_back(self):
        self.assert_found(self.round_trip(), Code.SUCCESS,
                          '512 bytes went to the connector and came back')

    def test_other_bytes_stored(self):
        self.connector.faults['files.upload'] = [fakes.transfer_error()]
        self.assert_found(self.round_trip(), Code.FAILURE,
                          'as the test wants it', 'file_repository')

    def test_other_bytes_come_back(self):
        for data in (b'short', b'z' * 512):
            self.connector.faults['files.download'] = [
                lambda path: self.connector.exports.update({path: data})]
            self.assert_found(
                self.round_trip(), Code.FAILURE,
                '%d bytes that differ came back' % len(data),
                'changes or limits')

    def test_nothing_comes_back(self):
        self.connector.faults['files.download'] = [fakes.error()]
        self.assert_found(self.round_trip(), Code.FAILURE,
                          'as the test wants it', 'file_repository')


class SystemTestCase(ChecksTestCase):

    def disk_pool(self, **options):
        return system.disk_pool(self.deployment(**options))

    def switches(self, **mappings):
        self.flags(vswitch_mappings=mappings, group='zvm')
        return system.switches(self.deployment())

    def test_smapi(self):
        self.assert_found(system.smapi(self.deployment()), Code.SUCCESS,
                          'ZVMSYS1, z/VM 7.3, for userid ZCCUSER')
        self.connector.calls.clear()
        self.connector.faults['host.info'] = [fakes.error()]
        found = dict(catalogue.run(self.deployment()))
        self.assert_found(found['SMAPI'], Code.FAILURE,
                          'as the test wants it', 'VSMREQIU')
        for name in ('Disk pool', 'Virtual switches',
                     'Names of future servers'):
            self.assert_not_checked(found[name],
                                    'SMAPI does not respond as it should')
        self.assert_found(found['FCP templates'], Code.SUCCESS, '')
        self.assertEqual(1, self.connector.count('host.info'))

    def test_disk_pool(self):
        self.connector.host.volumes = ['VOL001', 'VOL002', 'VOL003']
        self.connector.host.sizes = {'VOL001': 3339, 'VOL003': 10017}
        self.assert_found(
            self.disk_pool(), Code.SUCCESS,
            'ECKD:POOL1 has 500 GB, 450 GB free, on 3 ECKD volumes, the '
            'largest of 44 GB.')

    def test_missing_disk_pool(self):
        self.flags(disk_pool='FBA:OTHER', group='zvm')
        self.assert_found(self.disk_pool(), Code.FAILURE,
                          "no disk pool 'FBA:OTHER'", '[zvm] disk_pool')

    def test_own_disk_pool(self):
        self.flags(disk_pool=None, group='zvm')
        self.connector.own_pool = 'ECKD:OWN'
        self.assert_found(self.disk_pool(), Code.FAILURE,
                          'that the connector is configured with',
                          '[zvm] disk_pool')
        self.connector.pools['ECKD:OWN'] = models.DiskPool(0, 0, 0)
        self.assert_found(self.disk_pool(), Code.FAILURE,
                          'No disk pool is named', '[zvm] disk_pool')
        self.connector.pools['ECKD:OWN'] = models.DiskPool(500, 50, 450)
        self.connector.host.volume_type = '9336-ET'
        self.connector.host.sizes = {'VOL001': 104857600}
        self.assert_found(
            self.disk_pool(), Code.SUCCESS, 'own disk pool has 500 GB, 450 '
            'GB free, on 1 FBA volume, the largest of 50 GB.')

    def test_disk_pool_of_another_type(self):
        for wanted, volume_type, named in (
                ('FBA:POOL1', '3390-54', 'ECKD'),
                ('eckd:POOL1', '9336-ET', 'FBA')):
            self.flags(disk_pool=wanted, group='zvm')
            self.connector.pools[wanted] = models.DiskPool(500, 50, 450)
            self.connector.host.volume_type = volume_type
            self.assert_found(
                self.disk_pool(), Code.FAILURE, '[zvm] disk_pool says that '
                'the pool is of type %s, and its volumes are of type %s. ' % (
                    wanted[:-6].upper(), named), 'begin with the type')
        self.connector.host.volume_type = '3390-54'
        self.assert_found(self.disk_pool(), Code.SUCCESS, '450 GB free')

    def test_free_extents_of_a_newer_connector(self):
        self.connector.release = '1.6.7'
        self.connector.host.extents = [models.FreeExtent('3390-54', size)
                                       for size in (2, 38, 7)]
        self.assert_found(
            self.disk_pool(), Code.SUCCESS, 'ECKD:POOL1 has 500 GB, 450 GB '
            'free, in 3 ECKD free extents, the largest of 38 GB.')
        self.connector.host.extents = []
        self.assert_found(self.disk_pool(), Code.WARNING,
                          'in 0 free extents, the largest of 0 GB.',
                          'more volumes')
        self.connector.host.extents = [models.FreeExtent('9336-ET', 2)]
        self.assert_found(self.disk_pool(), Code.FAILURE,
                          'in 1 FBA free extent,', 'begin with the type')
        self.connector.faults['host.free_extents'] = [fakes.error()]
        self.assert_found(self.disk_pool(), Code.SUCCESS,
                          'does not tell its volumes')

    def test_full_disk_pool(self):
        self.connector.pools['ECKD:POOL1'] = models.DiskPool(500, 500, 0)
        self.assert_found(self.disk_pool(), Code.WARNING, ' 0 GB free',
                          'more volumes')

    def test_disk_pool_without_room_for_the_next_disk(self):
        """By its free extents, or by its volumes and the sum."""
        told = 'A disk of %d GB does not fit.'
        self.assert_found(self.disk_pool(disk_gb=44), Code.SUCCESS, '')
        self.assert_found(self.disk_pool(disk_gb=45), Code.WARNING,
                          told % 45, '--disk-gb')
        self.connector.pools['ECKD:POOL1'] = models.DiskPool(500, 491, 9)
        self.assert_found(self.disk_pool(), Code.WARNING, told % 10,
                          'more volumes')
        self.assert_found(self.disk_pool(disk_gb=9), Code.SUCCESS, '')
        self.connector.pools['ECKD:POOL1'] = models.DiskPool(500, 440, 60)
        self.connector.release = '1.6.7'
        self.connector.host.extents = [models.FreeExtent('3390-54', size)
                                       for size in (8, 9, 7)]
        self.assert_found(self.disk_pool(), Code.WARNING, told % 10,
                          'put together')
        self.assert_found(self.disk_pool(disk_gb=9), Code.SUCCESS, '')

    def test_empty_disk_pool(self):
        self.connector.pools['ECKD:POOL1'] = models.DiskPool(0, 0, 0)
        self.connector.host.volumes = []
        self.assert_found(self.disk_pool(), Code.WARNING, 'has 0 GB, 0 GB '
                          'free, on 0 volumes.', 'more volumes')

    def test_volumes_that_are_not_told(self):
        self.connector.faults['host.volume'] = [fakes.not_found()]
        self.assert_found(self.disk_pool(), Code.SUCCESS,
                          'does not tell its volumes')
        self.connector.host.volumes = []
        self.assert_found(self.disk_pool(), Code.SUCCESS, 'on 0 volumes.')

    def test_switches(self):
        self.connector.grants['VSWITCH2'] = {}
        self.connector.vlan_unaware.add('VSWITCH2')
        self.assert_found(
            self.switches(physnet1='vswitch1', physnet2='VSWITCH2'),
            Code.SUCCESS, 'VSWITCH1 is VLAN-aware, its uplink is ready. '
            'VSWITCH2 is VLAN-unaware, its uplink is ready.')

    def test_switches_without_mappings(self):
        self.assert_found(self.switches(), Code.SUCCESS,
                          'VSWITCH1 is VLAN-aware')

    def test_missing_switch(self):
        found = self.switches(physnet1='VSWITCH1', physnet2='OTHER')
        self.assert_found(found, Code.WARNING, "no virtual switch 'OTHER'",
                          '[zvm] vswitch_mappings')
        self.assertIn('VSWITCH1 is', found.details)

    def test_uplink(self):
        self.connector.switch_status = 'Disconnected.'
        self.assert_found(self.switches(physnet1='VSWITCH1'), Code.WARNING,
                          "status is 'Disconnected'.", 'uplink')

    def test_any_other_error_is_a_finding(self):
        self.connector.faults['vswitches.get'] = [fakes.error()]
        self.flags(vswitch_mappings={'physnet1': 'VSWITCH1'}, group='zvm')
        found = dict(catalogue.run(self.deployment()))
        self.assert_found(found['Virtual switches'], Code.FAILURE,
                          'as the test wants it', 'zvmsdk.log')


class VolumesTestCase(ChecksTestCase):

    def templates(self, *templates):
        self.connector.volumes.templates = templates
        return volumes.fcp_templates(self.deployment())

    def test_none(self):
        self.assert_found(self.templates(), Code.SUCCESS, 'has no FCP '
                          'templates; the driver needs none')

    def test_templates(self):
        found = self.templates(
            models.FcpTemplate('t1', True, 2, (models.FcpPath(8, 7),
                                               models.FcpPath(4, 1))),
            models.FcpTemplate('t2', False, 1, (models.FcpPath(2, 2),)))
        self.assert_found(
            found, Code.SUCCESS, 'FCP template t1, the default, has 2 paths, '
            'with 7 of 8 and 1 of 4 devices free. FCP template t2 has 1 '
            'path, with 2 of 2 devices free. The driver needs none')

    def test_no_default(self):
        self.assert_found(
            self.templates(models.FcpTemplate('t1', False, 1, (
                models.FcpPath(2, 2),))),
            Code.SUCCESS, 'free. None is the default. The driver')

    def test_too_few_free_devices(self):
        one_is_enough, two_are_needed = (
            self.templates(models.FcpTemplate('t1', True, least, (
                models.FcpPath(8, 8), models.FcpPath(4, 0))))
            for least in (1, 2))
        self.assert_found(one_is_enough, Code.SUCCESS, '0 of 4')
        self.assert_found(
            two_are_needed, Code.WARNING, '8 of 8 and 0 of 4 devices free; a '
            'guest needs one on 2 of them.', 'Add FCP devices')

    def test_template_without_a_path(self):
        self.assert_found(
            self.templates(models.FcpTemplate('t1', True, 0, ())),
            Code.WARNING, 'has no path; a guest needs one on 1 of them',
            'Add FCP devices')


class ServiceTestCase(ChecksTestCase):

    def is_up(self, seconds_ago, **fields):
        self.patch(
            objects.Service, 'get_by_compute_host',
            lambda context, host: objects.Service(
                host=host, binary='nova-compute', topic='compute',
                last_seen_up=timeutils.utcnow() - (
                    datetime.timedelta(seconds=seconds_ago)),
                created_at=None, updated_at=None, **fields))
        return self.deployment().service_is_up

    def test_last_report(self):
        self.assertTrue(self.is_up(10, forced_down=False))
        self.assertFalse(self.is_up(100, forced_down=False))

    def test_forced_down(self):
        """Which an operator can say of one that runs."""
        self.assertTrue(self.is_up(10, forced_down=True))
        self.assertFalse(self.is_up(100, forced_down=True))


class GuestsTestCase(ChecksTestCase):

    def test_all_well(self):
        ownership.set_state(self.put_server(6), ownership.BUILDING)
        self.put_server(7)
        for userid in ('ABC00006', 'ABC00007', 'MAINT', 'ABC', 'ABC0000G'):
            self.connector.put_guest(userid)
        looked_at = self.deployment()
        self.assert_found(guests.database(looked_at), Code.SUCCESS,
                          "this host's cell")
        self.assert_found(guests.future_names(looked_at), Code.SUCCESS,
                          'from ABC00008 on')
        self.assert_found(guests.without_server(looked_at), Code.SUCCESS, '')
        self.assert_found(guests.without_guest(looked_at), Code.SUCCESS, '')
        self.assertEqual([], self.connector.writes)
        self.assertEqual(1, self.connector.count('guests.list'))

    def test_taken_names(self):
        self.put_server(7)
        for userid in ('ABC00007', 'ABC00006', 'ABC0FFFF'):
            self.connector.put_guest(userid)
        self.connector.put_guest('ABC0000C', known=False)
        self.connector.put_guest('ABC0000D', known=False)
        # The connector makes no guest of a userid in its own database.
        self.connector.put_guest('ABC00008', in_directory=False)
        self.assert_found(
            guests.future_names(self.deployment()), Code.WARNING,
            'on z/VM, 3: ABC00008, ABC0000C, ABC0FFFF.',
            'instance_name_template')

    def test_guest_without_server(self):
        self.put_server(7)
        for userid in ('ABC00007', 'ABC00006', 'ABC0FFFF'):
            self.connector.put_guest(userid)
        self.assert_found(guests.without_server(self.deployment()),
                          Code.WARNING, '1: ABC00006.', 'DELETE /guests')

    def test_guest_of_the_last_server_that_was_deleted(self):
        ownership.set_state(self.put_server(7, deleted=True),
                            ownership.DELETED)
        self.connector.put_guest('ABC00007')
        looked_at = self.deployment()
        self.assert_found(guests.future_names(looked_at), Code.SUCCESS,
                          'from ABC00008 on')
        self.assert_found(guests.without_server(looked_at), Code.WARNING,
                          '1: ABC00007.', 'DELETE /guests')

    def test_guest_without_a_record(self):
        """As nova's own driver leaves them: it may not be deleted."""
        self.put_server(7)
        old = self.put_old_server(6)
        self.put_old_server(5)
        self.put_old_server(4, host='another')
        for userid in ('ABC00007', 'ABC00006', 'ABC00004'):
            self.connector.put_guest(userid)
        looked_at = self.deployment()
        self.assert_found(guests.not_adopted(looked_at), Code.WARNING,
                          '1: ABC00006 (server %s).' % old.uuid,
                          'nova-zvm-adopt')
        self.assert_found(guests.without_server(looked_at), Code.WARNING,
                          '1: ABC00004.', 'DELETE /guests')

    def test_guest_without_a_record_under_an_earlier_template(self):
        """It is known by its port, and not taken for a deleted server's."""
        ownership.set_state(self.put_server(0x17, deleted=True),
                         ownership.DELETED)
        old = self.put_old_server(17, inmemory.vif())
        self.put_guest_with('ABC00017', inmemory.vif())
        looked_at = self.deployment()
        self.assert_found(guests.not_adopted(looked_at), Code.WARNING,
                          '1: ABC00017 (server %s).' % old.uuid,
                          'nova-zvm-adopt')
        self.assert_found(guests.without_server(looked_at), Code.SUCCESS, '')
        self.assertEqual(1, self.connector.count('guests.nics'))

    def test_guest_that_novas_own_driver_has_made_anew(self):
        """As of a server that this driver shelved, and that one unshelved."""
        shelved = self.put_server(7)
        ownership.set_state(shelved, ownership.DELETED)
        self.connector.put_guest('ABC00007')
        looked_at = self.deployment()
        self.assert_found(guests.not_adopted(looked_at), Code.WARNING,
                          '1: ABC00007 (server %s).' % shelved.uuid,
                          'nova-zvm-adopt')
        self.assert_found(guests.without_server(looked_at), Code.SUCCESS, '')

    def test_no_guest_without_a_record(self):
        """Nor is one that is on record as that of another server."""
        self.put_server(7)
        self.put_server(6)
        self.put_old_server(6, inmemory.vif())
        self.put_guest_with('ABC00007', inmemory.vif())
        self.connector.put_guest('ABC00006')
        self.assert_found(guests.not_adopted(self.deployment()),
                          Code.SUCCESS, "nova's own driver")

    def put_old_server(self, number, *ports, **fields):
        instance = self.instance(**{
            'id': number, 'uuid': getattr(uuids, 'old%d' % number), **fields})
        instance.get_network_info = lambda: list(ports)
        self.database.append(instance)
        return instance

    def put_guest_with(self, userid, vif):
        self.connector.put_guest(userid)
        self.connector.nics.create(userid, '1000', vif['id'],
                                   vif['address'])
        self.connector.zvm[userid].nics['1000'] = vif

    def test_server_without_guest(self):
        lost = self.put_server(7)
        self.put_server(8, deleted=True)
        self.put_server(9, host='another')
        ownership.set_state(self.put_server(10), ownership.BUILDING)
        self.assert_found(guests.without_guest(self.deployment()),
                          Code.WARNING, '1: ABC00007 (server %s).'
                          % lost.uuid, 'Rebuild or delete')

    def test_no_database(self):
        self.flags(connection=None, group='database')
        found = dict(catalogue.run(self.deployment()))
        for name in ('Database', 'Names of future servers',
                     'Guests without a server', 'Guests without a record',
                     'Servers without a guest', 'Unused images',
                     'Config drives and captures'):
            self.assert_not_checked(found[name], deployment.NO_DATABASE)

    def test_database_that_cannot_be_read(self):
        self.patch(objects.InstanceList, 'get_by_filters', mock.Mock(
            side_effect=OSError(errno.EIO, 'mysql://nova:secret@db')))
        found = dict(catalogue.run(self.deployment()))
        self.assert_found(
            found['Names of future servers'], Code.WARNING,
            "nova's database cannot be read by [database] "
            'connection (OSError).', 'its schema')
        self.assert_not_checked(found['Servers without a guest'],
                                "nova's database cannot be read")
        self.assertNotIn('secret', str(found))

    def test_database_is_waited_for_once(self):
        asked = mock.Mock(side_effect=OSError(errno.EIO,
                                              'mysql://nova:secret@db'))
        self.patch(objects.Service, 'get_by_host_and_binary', asked)
        found = dict(catalogue.run(self.deployment()))
        self.assert_found(found['Database'], Code.WARNING, '(OSError).',
                          'connect to the database')
        for name in ('Names of future servers', 'Unused images', 'Uploads'):
            self.assert_not_checked(found[name],
                                    "nova's database cannot be read")
        self.assertNotIn('secret', str(found))
        self.assertEqual(1, asked.call_count)

    def test_database_of_another_cell(self):
        """All guests of this cell would look as if nova had lost them."""
        self.services = {'another'}
        self.connector.put_guest('ABC00007')
        found = dict(catalogue.run(self.deployment()))
        told = ("he database of [database] connection knows no nova-compute "
                "on host '%s'" % inmemory.CONF.host)
        self.assert_found(found['Database'], Code.WARNING, told,
                          'the database of the cell')
        for name in ('Names of future servers', 'Guests without a server',
                     'Servers without a guest', 'Unused images',
                     'Config drives and captures', 'Uploads'):
            self.assert_not_checked(found[name], 't' + told)
        self.assertNotIn('ABC00007', str(found))


class LeftoversTestCase(ChecksTestCase):

    def setUp(self):
        super().setUp()
        self.flags(remove_unused_original_minimum_age_seconds=100,
                   manager_interval=10, group='image_cache')

    def put(self, name, age):
        self.connector.put_image(name, last_access_time=self.clock.now - age)

    def test_images(self):
        self.put_server(7, image_ref='used')
        self.put(names.image('used'), 9999)
        self.put(names.image('young'), 109)
        self.put('rhel8', 9999)
        self.put(names.BLANK_IMAGE, 9999)
        self.put(names.config_drive(uuids.any), 9999)
        self.assert_found(leftovers.unused_images(self.deployment()),
                          Code.SUCCESS, '2 images are on the connector')
        self.put(names.image('old'), 110)
        self.assert_found(leftovers.unused_images(self.deployment()),
                          Code.WARNING, '1: nova-old; 2048 bytes',
                          'manager_interval')

    def test_images_that_stay(self):
        self.flags(remove_unused_base_images=False, group='image_cache')
        self.put(names.image('old'), 110)
        self.assert_found(leftovers.unused_images(self.deployment()),
                          Code.SUCCESS, '1 image is on the connector, of '
                          'which no server uses 1')

    def test_passing_images(self):
        busy = self.put_server(7, task_state='spawning')
        captured = self.put_server(8)
        ownership.begin_capture(captured, 'on')
        idle = self.put_server(9)
        self.put(names.config_drive(busy.uuid), 1)
        self.put(names.capture(captured.uuid), 1)
        self.put('rhel8', 1)
        self.assert_found(leftovers.passing_images(self.deployment()),
                          Code.SUCCESS, '')
        left = [names.config_drive(idle.uuid), names.capture(uuids.gone)]
        for name in left:
            self.put(name, 1)
        self.assert_found(leftovers.passing_images(self.deployment()),
                          Code.WARNING, '2: %s.' % ', '.join(sorted(left)),
                          'DELETE /images/NAME')

    def test_uploads(self):
        self.assert_found(leftovers.uploads(self.deployment()),
                          Code.SUCCESS, 'No upload is left.')
        busy = self.put_server(7, task_state='spawning')
        ownership.set_upload(busy, 'file:///1')
        self.assert_found(leftovers.uploads(self.deployment()),
                          Code.SUCCESS, 'No upload is left.')
        ownership.set_upload(self.put_server(8), 'file:///2')
        self.assert_found(leftovers.uploads(self.deployment()),
                          Code.WARNING, '0 of images and 1 of config drives',
                          'overwrites them')
        self.journal().add('file:///3')
        self.assert_found(leftovers.uploads(self.deployment()),
                          Code.WARNING, '1 of images and 1 of config drives',
                          'overwrites them')

    @staticmethod
    def journal():
        return journal.Journal(inmemory.CONF.zvm.image_tmp_path)

    def test_uploads_that_this_user_may_not_see(self):
        """Root may, so that here it is no directory."""
        os.makedirs(inmemory.CONF.zvm.image_tmp_path, exist_ok=True)
        folder = os.path.dirname(self.journal()._path('file:///1'))
        with open(folder, 'w'):
            found = dict(catalogue.run(self.deployment()))['Uploads']
        self.assert_found(found, Code.WARNING, 'This user may not read',
                          "nova's user")

    def test_uploads_without_a_database(self):
        self.flags(connection=None, group='database')
        self.connector.contact = fakes.unreachable()
        self.assertRaises(finding.NotChecked, leftovers.uploads,
                          self.deployment())
        self.journal().add('file:///3')
        self.assert_found(leftovers.uploads(self.deployment()),
                          Code.WARNING, '1 of images.', 'overwrites them')
