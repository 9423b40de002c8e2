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

"""What each operation of the connector does, in terms of its client.

Each class is run twice: on the fake of the unit tests, so that this does not
lie, and on the real client, connector and simulated z/VM. A test case that
mixes one in provides

* connector: the client, or what stands for it; of release 1.6.3, with the
  disk pool ECKD:POOL1 that has the volume VOL001, the profile OSDFLT, and the
  virtual switches VSW1, which looks at VLAN tags, and VSW2, which does not
* lock(userid): let a directory entry be locked
"""

import io
import itertools

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.zvm import imageheader

USERID = 'ABC00001'
POOL = 'ECKD:POOL1'
MAC = '02:00:00:12:34:56'
OTHER_MAC = '02:00:00:12:34:57'
# Of a directory entry that is locked, or there already.
LOCKED = (8, 400, 12)
DUPLICATE = (8, 400, 8)
CYLINDERS = 3338


def disk_image(cylinders=CYLINDERS, payload=b'disk' * 1024):
    return imageheader.Header(cylinders, 'CYL').pack() + payload


def network(vdev='1000', mac=MAC):
    return models.GuestNetwork(
        vdev=vdev, nic_id='nic-%s' % vdev, mac=mac, ip='192.0.2.5',
        cidr='192.0.2.0/24', gateway='192.0.2.1', mtu=1500)


class Scene:
    """What the cases have in common."""

    @property
    def guests(self):
        return self.connector.guests

    @property
    def disks(self):
        return self.connector.disks

    @property
    def nics(self):
        return self.connector.nics

    @property
    def telemetry(self):
        return self.connector.telemetry

    def assert_refused(self, cls, act, *args, codes=None, **options):
        """See that the client raises exactly this class, and return it."""
        exc = self.assertRaises(cls, act, *args, **options)
        self.assertIs(cls, type(exc))
        if codes:
            self.assertEqual(codes, (exc.overall_rc, exc.rc, exc.rs))
        return exc

    def define(self, userid=USERID, **options):
        """Create a guest with a root disk and one more."""
        return self.guests.create(
            userid, vcpus=2, memory_mb=1024, disks=[
                models.DiskSpec(str(CYLINDERS), boot=True, pool=POOL),
                models.DiskSpec('1g', pool=POOL, format='ext4')],
            max_vcpus=4, max_memory='8G', **options)

    def upload(self, data):
        return self.connector.files.upload(io.BytesIO(data), len(data))

    def provide_image(self, name='image', data=None):
        stored = self.upload(data or disk_image())
        self.connector.images.create(name, stored.url, 'rhel8.6')
        return stored

    def boot(self, *networks):
        """Define and start a guest whose Linux answers."""
        self.define()
        self.provide_image()
        self.disks.deploy(USERID, 'image')
        if networks:
            self.nics.create_interface(USERID, 'rhel8.6', networks)
        self.guests.start(USERID, 300)

    def power(self):
        return self.guests.power_state(USERID)

    def rows(self):
        """Return switch and id of each NIC that the connector knows."""
        return {row.vdev: (row.vswitch, row.nic_id)
                for row in self.nics.list(USERID)}

    def adapters(self):
        """Return MAC and switch of each NIC that CP knows."""
        return {adapter.vdev: (adapter.mac, adapter.vswitch)
                for adapter in self.nics.adapters(USERID)}

    def authorized(self, name='VSW1'):
        return self.connector.vswitches.get(name).authorized


class Directory(Scene):
    """Guests are defined, known, forgotten and deleted."""

    def test_created(self):
        disks = self.define()
        self.assertEqual(
            [('0100', True, POOL), ('0101', False, POOL)],
            [(disk.vdev, disk.boot, disk.pool) for disk in disks])
        self.assertEqual([USERID], self.guests.list())
        self.assertEqual('off', self.power())
        entry = self.guests.directory_entry(USERID)
        self.assertTrue(entry[0].startswith(
            'USER %s ****** 1024m 8G' % USERID), entry[0])
        self.assertIn('MDISK 0100 3390 1 %d VOL001 MR' % CYLINDERS, entry)
        for wanted in ('IPL 0100', 'COMMAND DEFINE CPU 01 TYPE IFL'):
            self.assertIn(wanted, entry)
        self.assertEqual(2, len([line for line in entry
                                 if line.startswith('MDISK')]))

    def test_created_again(self):
        self.define()
        self.assert_refused(errors.Conflict, self.define, codes=DUPLICATE)
        self.guests.deregister(USERID)
        self.assert_refused(errors.Conflict, self.define, codes=DUPLICATE)

    def test_created_with_a_profile_that_is_missing(self):
        self.assert_refused(errors.NotFound, self.define, profile='NOPROF')
        self.assertEqual([], self.guests.list())

    def test_created_in_a_pool_that_is_missing(self):
        # The entry stays.
        self.assert_refused(
            errors.ConnectorError, self.guests.create, USERID, vcpus=1,
            memory_mb=1024,
            disks=[models.DiskSpec('1g', boot=True, pool='ECKD:NONE')])
        self.assertEqual([USERID], self.guests.list())

    def test_deleted(self):
        self.boot(network())
        self.nics.couple(USERID, '1000', 'VSW1')
        self.connector.vswitches.grant('VSW1', USERID)
        self.guests.delete(USERID)
        self.assertEqual([], self.guests.list())
        self.assertEqual([], self.nics.list())
        self.assertEqual({}, self.authorized())
        self.assertEqual('off', self.power())
        self.assert_refused(errors.NotFound, self.guests.directory_entry,
                            USERID)
        self.guests.delete(USERID)

    def test_deleted_while_locked(self):
        self.define()
        self.lock(USERID)
        self.assert_refused(errors.ConnectorError, self.guests.delete,
                            USERID, codes=LOCKED)
        self.assertEqual([USERID], self.guests.list())
        self.guests.unlock(USERID)
        self.guests.delete(USERID)
        self.assertEqual([], self.guests.list())

    def verbs(self):
        """Give what needs a guest that the connector knows."""
        guests = self.guests
        for verb in (guests.start, guests.stop, guests.soft_stop,
                     guests.reboot, guests.reset, guests.pause,
                     guests.unpause, guests.info, guests.console_output):
            yield verb, USERID
        yield self.telemetry.usage, [USERID]
        yield self.telemetry.nic_counters, [USERID]
        yield self.disks.deploy, USERID, 'image'
        yield self.disks.capture, USERID, 'captured'
        yield (self.disks.configure, USERID,
               [models.DiskMount('0101', 'ext4', '/mnt')])
        yield self.nics.create_interface, USERID, 'rhel8.6', [network()]
        yield self.nics.create, USERID, '1000', 'nic', MAC
        yield self.nics.delete_interface, USERID, 'rhel8.6', '1000'
        yield self.nics.delete, USERID, '1000'
        yield self.nics.couple, USERID, '1000', 'VSW1'

    def test_of_a_guest_that_does_not_exist(self):
        for verb, *args in self.verbs():
            self.assert_refused(errors.NotFound, verb, *args)
        self.assertEqual('off', self.power())
        self.assertEqual({}, self.rows())
        self.assertEqual({}, self.adapters())
        for verb in (self.guests.delete, self.guests.deregister,
                     self.guests.unlock):
            verb(USERID)
        for verb in (self.guests.directory_entry, self.guests.register):
            self.assert_refused(errors.NotFound, verb, USERID)

    def test_of_a_guest_that_the_connector_does_not_know(self):
        self.define()
        self.guests.deregister(USERID)
        self.assertEqual([], self.guests.list())
        for verb, *args in self.verbs():
            self.assert_refused(errors.NotFound, verb, *args)
        self.assert_refused(errors.NotFound, self.guests.delete, USERID)
        self.guests.deregister(USERID)
        self.assertIn('IPL 0100', self.guests.directory_entry(USERID))

    def test_registered(self):
        self.boot(network())
        self.guests.deregister(USERID)
        self.assertEqual('on', self.power())
        self.assertEqual({}, self.rows())
        self.assertEqual({'1000': (MAC, None)}, self.adapters())
        self.guests.register(USERID, 'os_version=rhel8.6',
                             {'123456': 'nic-1000'})
        self.assertEqual([USERID], self.guests.list())
        self.assertEqual({'1000': (None, 'nic-1000')}, self.rows())

    def test_registered_without_nics(self):
        self.define()
        self.guests.deregister(USERID)
        self.guests.register(USERID)
        self.guests.register(USERID)
        self.assertEqual([USERID], self.guests.list())
        self.guests.delete(USERID)


class Power(Scene):
    """Guests are started, stopped and asked."""

    def test_of_a_guest_that_is_off(self):
        self.define()
        for verb in (self.guests.stop, self.guests.soft_stop):
            verb(USERID)
        for verb in (self.guests.pause, self.guests.unpause):
            self.assert_refused(errors.Conflict, verb, USERID)
        for verb in (self.guests.reboot, self.guests.console_output):
            self.assert_refused(errors.ConnectorError, verb, USERID)
        self.assertEqual('off', self.power())
        self.assertEqual(models.GuestInfo('off', ''),
                         self.guests.info(USERID))
        self.assertEqual({}, self.telemetry.usage([USERID]))
        self.assertEqual({}, self.telemetry.nic_counters([USERID]))

    def test_of_a_guest_that_is_on(self):
        self.boot()
        self.guests.start(USERID)
        for verb in (self.guests.pause, self.guests.pause,
                     self.guests.unpause, self.guests.unpause,
                     self.guests.reboot, self.guests.reset):
            verb(USERID)
            self.assertEqual('on', self.power())
        self.guests.start(USERID, 300)
        self.assertEqual(models.GuestInfo('on', 'rhel8.6'),
                         self.guests.info(USERID))
        self.assertIsInstance(self.guests.console_output(USERID), str)
        usage = self.telemetry.usage([USERID])[USERID]
        self.assertEqual(2, usage.vcpus)
        self.assertGreater(usage.cpu_time_us, 0)
        self.assertGreater(usage.used_memory_kib, 0)
        self.assertEqual({}, self.telemetry.nic_counters([USERID]))

    def test_stopped(self):
        self.boot()
        self.guests.soft_stop(USERID, 60, 5)
        self.assertEqual('off', self.power())
        self.guests.start(USERID)
        self.guests.stop(USERID)
        self.assertEqual('off', self.power())

    def test_reset_from_off(self):
        self.define()
        self.guests.reset(USERID)
        self.assertEqual('on', self.power())

    def test_counters_of_one_that_is_not_known(self):
        self.boot()
        self.assert_refused(errors.NotFound, self.telemetry.usage,
                            [USERID, 'NOBODY'])

    def test_deployed(self):
        self.define()
        self.assert_refused(errors.NotFound, self.disks.deploy, USERID,
                            'image')
        self.provide_image()
        self.disks.deploy(USERID, 'image', hostname='web')
        self.disks.configure(
            USERID, [models.DiskMount('0101', 'ext4', '/mnt')])
        self.guests.start(USERID)
        self.assert_refused(errors.ConnectorError, self.disks.deploy,
                            USERID, 'image')

    def test_captured(self):
        self.boot()
        self.disks.capture(USERID, 'captured')
        self.assertEqual('on', self.power())
        image = self.connector.images.get('captured')
        self.assertEqual('rhel8.6', image.os_version)
        self.assertTrue(image.holds())
        self.guests.start(USERID, 300)
        self.guests.stop(USERID)
        self.disks.capture(USERID, 'again')
        self.assertEqual('off', self.power())
        # What was deployed, in upper case.
        self.assertEqual('RHEL8.6',
                         self.connector.images.get('again').os_version)

    def test_captured_to_a_name_that_is_taken(self):
        self.boot()
        self.assert_refused(errors.ConnectorError, self.disks.capture,
                            USERID, 'image')
        self.assertEqual('off', self.power())
        self.assertEqual('rhel8.6',
                         self.connector.images.get('image').os_version)


class Nics(Scene):
    """NICs are made, coupled and deleted, of a guest on and off."""

    def test_of_a_guest_that_is_off(self):
        self.define()
        self.nics.create_interface(USERID, 'rhel8.6', [network()])
        self.nics.create(USERID, '1003', 'other', OTHER_MAC)
        self.assertEqual({'1000': (None, 'nic-1000'),
                          '1003': (None, 'other')}, self.rows())
        self.assertEqual({}, self.adapters())
        entry = self.guests.directory_entry(USERID)
        self.assertEqual(['NICDEF 1000', 'NICDEF 1003'],
                         [line[:11] for line in entry
                          if line.startswith('NICDEF')])
        self.assertIn('MACID 123456', ' '.join(entry))
        self.nics.couple(USERID, '1000', 'VSW1', 7)
        # Nobody checks that it exists.
        self.nics.couple(USERID, '1003', 'NOSWITCH')
        self.assertEqual({'1000': ('VSW1', 'nic-1000'),
                          '1003': ('NOSWITCH', 'other')}, self.rows())
        self.assert_refused(errors.NotFound, self.nics.couple, USERID,
                            '1006', 'VSW1')
        self.nics.delete_interface(USERID, 'rhel8.6', '1000')
        for _ in range(2):
            self.nics.delete(USERID, '1003')
        self.nics.delete_interface(USERID, 'rhel8.6', '1000')
        self.assertEqual({}, self.rows())

    def test_that_is_there_already(self):
        self.define()
        self.nics.create(USERID, '1000', 'first', MAC)
        for act, *args in (
                (self.nics.create, USERID, '1000', 'other', OTHER_MAC),
                (self.nics.create_interface, USERID, 'rhel8.6',
                 [network()])):
            self.assert_refused(errors.Conflict, act, *args)
        self.assertEqual({'1000': (None, 'first')}, self.rows())

    def test_of_a_guest_taken_for_on(self):
        self.define()
        self.nics.create(USERID, '1000', 'first', MAC)
        for act, *args in (
                (self.nics.create, USERID, '1003', 'other', OTHER_MAC),
                (self.nics.create_interface, USERID, 'rhel8.6',
                 [network('1003')]),
                (self.nics.delete, USERID, '1000')):
            self.assert_refused(errors.Conflict, act, *args, active=True)
        self.assertEqual({'1000': (None, 'first')}, self.rows())

    def test_started(self):
        self.boot(network())
        self.nics.create(USERID, '1003', 'other', OTHER_MAC)
        # What is in the directory alone comes with the next logon.
        self.assertEqual({'1000': (MAC, None)}, self.adapters())
        self.guests.stop(USERID)
        self.assertEqual({}, self.adapters())
        self.connector.vswitches.grant('VSW1', USERID)
        self.nics.couple(USERID, '1000', 'VSW1')
        self.guests.start(USERID)
        self.assertEqual({'1000': (MAC, 'VSW1'), '1003': (OTHER_MAC, None)},
                         self.adapters())

    def test_of_a_guest_that_is_on(self):
        self.boot()
        self.connector.vswitches.grant('VSW1', USERID)
        self.nics.create_interface(USERID, 'rhel8.6', [network()], True)
        self.nics.couple(USERID, '1000', 'VSW1', active=True)
        ((mac, vswitch),) = self.adapters().values()
        self.assertEqual('VSW1', vswitch)
        # CP chooses it.
        self.assertNotEqual(MAC, mac)
        self.assertEqual(MAC[:8], mac[:8])
        self.assertEqual({'1000': ('VSW1', 'nic-1000')}, self.rows())
        self.nics.delete_interface(USERID, 'rhel8.6', '1000', True)
        self.nics.delete(USERID, '1000', True)
        self.assertEqual(({}, {}), (self.rows(), self.adapters()))

    def test_coupled_without_a_grant(self):
        self.boot(network())
        self.assert_refused(errors.Conflict, self.nics.couple, USERID,
                            '1000', 'VSW1', active=True)
        self.assertEqual({'1000': (None, 'nic-1000')}, self.rows())
        self.assertEqual({'1000': (MAC, None)}, self.adapters())

    def test_deleted_in_the_directory_alone(self):
        self.boot(network())
        self.nics.delete(USERID, '1000')
        self.assertEqual({}, self.rows())
        self.assertEqual({'1000': (MAC, None)}, self.adapters())

    def test_while_the_entry_is_locked(self):
        self.define()
        self.nics.create(USERID, '1000', 'first', MAC)
        self.lock(USERID)
        for act, *args in (
                (self.nics.create, USERID, '1003', 'other', OTHER_MAC),
                (self.nics.create_interface, USERID, 'rhel8.6',
                 [network('1003')]),
                (self.nics.delete, USERID, '1000'),
                (self.nics.delete_interface, USERID, 'rhel8.6', '1000')):
            self.assert_refused(errors.Conflict, act, *args)
        self.assertEqual({'1000': (None, 'first')}, self.rows())
        self.guests.unlock(USERID)
        self.nics.delete(USERID, '1000')
        self.assertEqual({}, self.rows())

    def test_coupling_frees_an_entry_that_is_locked(self):
        self.define()
        self.nics.create(USERID, '1000', 'first', MAC)
        self.lock(USERID)
        self.nics.couple(USERID, '1000', 'VSW1')
        self.nics.delete(USERID, '1000')
        self.assertEqual({}, self.rows())

    def test_of_all_guests(self):
        for number in (1, 2):
            self.define('ABC%05d' % number)
            self.nics.create('ABC%05d' % number, '1000',
                             'nic%d' % number, MAC[:-1] + str(number))
        self.assertEqual(
            [('ABC00001', 'nic1'), ('ABC00002', 'nic2')],
            sorted((row.userid, row.nic_id) for row in self.nics.list()))

    def test_in_one_request(self):
        few = [network('%04X' % (0x1000 + 3 * number)) for number in range(3)]
        self.assertTrue(self.nics.takes_interface('rhel8.6', few))
        self.assertFalse(self.nics.takes_interface('rhel8.6', few * 20))


class Switches(Scene):
    """Virtual switches and who may couple to them."""

    def setUp(self):
        super().setUp()
        self.vswitches = self.connector.vswitches

    def test_listed(self):
        self.assertEqual(['VSW1', 'VSW2'], sorted(self.vswitches.list()))
        aware, unaware = map(self.vswitches.get, ('VSW1', 'VSW2'))
        self.assertEqual('VSW1', aware.name)
        self.assertEqual((True, False),
                         (aware.vlan_aware, unaware.vlan_aware))
        self.assertEqual({}, aware.authorized)
        self.assertEqual({}, aware.adapters)

    def test_granted_and_revoked(self):
        self.define()
        self.vswitches.grant('VSW1', USERID)
        # z/VM's own VLAN, until one is set.
        self.assertEqual({USERID: ('1',)}, self.authorized())
        self.vswitches.set_vlan('VSW1', USERID, 7)
        self.assertEqual({USERID: ('7',)}, self.authorized())
        # What it may is left as it is.
        self.vswitches.grant('VSW1', USERID)
        self.assertEqual({USERID: ('7',)}, self.authorized())
        for _ in range(2):
            self.vswitches.revoke('VSW1', USERID)
            self.assertEqual({}, self.authorized())

    def test_vlan_grants(self):
        self.define()
        self.vswitches.set_vlan('VSW1', USERID, 7)
        self.assertEqual({USERID: ('7',)}, self.authorized())

    def test_vlan_of_a_switch_that_knows_none(self):
        self.define()
        self.assert_refused(errors.Conflict, self.vswitches.set_vlan, 'VSW2',
                            USERID, 7)
        self.assertEqual({}, self.authorized('VSW2'))

    def test_of_a_guest_that_does_not_exist(self):
        self.assert_refused(errors.NotFound, self.vswitches.grant, 'VSW1',
                            USERID)
        self.assert_refused(errors.NotFound, self.vswitches.set_vlan, 'VSW1',
                            USERID, 7)
        self.vswitches.revoke('VSW1', USERID)

    def test_of_a_switch_that_does_not_exist(self):
        self.define()
        self.assert_refused(errors.NotFound, self.vswitches.get, 'NOSWITCH')
        self.assert_refused(errors.NotFound, self.vswitches.grant,
                            'NOSWITCH', USERID)
        self.assert_refused(errors.NotFound, self.vswitches.set_vlan,
                            'NOSWITCH', USERID, 7)
        self.vswitches.revoke('NOSWITCH', USERID)

    def test_adapters(self):
        self.boot(network())
        self.vswitches.grant('VSW1', USERID)
        self.nics.couple(USERID, '1000', 'VSW1', active=True)
        self.assertEqual({'%s_1000' % USERID: MAC},
                         self.vswitches.get('VSW1').adapters)


class Images(Scene):
    """Images and files come to the connector and go again."""

    def setUp(self):
        super().setUp()
        self.images = self.connector.images

    def test_imported(self):
        stored = self.provide_image()
        image = self.images.get('image')
        self.assertEqual(
            ('image', 'rhel8.6', stored.md5, CYLINDERS, 'CYL', stored.size),
            (image.name, image.os_version, image.md5, image.disk_size,
             image.disk_units, image.size_bytes))
        self.assertTrue(image.holds(stored.size, stored.md5))
        self.assertEqual(['image'], [one.name for one in self.images.list()])
        self.assert_refused(
            errors.Conflict, self.images.create, 'image', stored.url,
            'rhel8.6')

    def test_not_imported(self):
        stored = self.upload(disk_image())
        for url, os_version, md5, cls in (
                (stored.url, 'rhel8.6', '0' * 32, errors.ConnectorError),
                ('file:///nowhere', 'rhel8.6', None, errors.ConnectorError),
                (stored.url, 'debian12', None, errors.BadRequest)):
            self.assert_refused(cls, self.images.create, 'image', url,
                                os_version, md5)
        self.assertEqual([], self.images.list())

    def test_deleted(self):
        self.provide_image()
        for _ in range(2):
            self.images.delete('image')
            self.assert_refused(errors.NotFound, self.images.get, 'image')
        self.assertEqual([], self.images.list())

    def download(self, url):
        with self.connector.files.download(
                url.removeprefix('file://')) as pieces:
            return b''.join(pieces)

    def test_exported(self):
        self.provide_image()
        lying = self.upload(b'something else')
        self.images.export('image', lying.url)
        self.assertEqual(disk_image(), self.download(lying.url))
        self.assert_refused(errors.NotFound, self.images.export, 'other',
                            lying.url)

    def test_uploaded_and_downloaded(self):
        data = bytes(itertools.islice(itertools.cycle(range(251)), 200000))
        stored = self.upload(data)
        self.assertEqual(len(data), stored.size)
        self.assertEqual(data, self.download(stored.url))
        self.assertNotEqual(stored.url, self.upload(data).url)
        exc = self.assert_refused(errors.ConnectorError, self.download,
                                  'file:///nowhere')
        self.assertEqual((500, 300), (exc.status, exc.overall_rc))

    def test_upload_of_another_length(self):
        for length in (9, 11):
            exc = self.assert_refused(
                errors.TransferError, self.connector.files.upload,
                io.BytesIO(b'0123456789'), length)
            self.assertEqual(length, len(self.download(exc.url)))

    def test_upload_that_breaks_off(self):
        failure = OSError('away')

        class Broken:
            def read(self, size=-1):
                raise failure

        exc = self.assert_refused(
            errors.TransferError, self.connector.files.upload, Broken(), 100)
        self.assertIs(failure, exc.source)
        self.assertEqual(bytes(100), self.download(exc.url))


class Host(Scene):
    """The system and the connector tell of themselves."""

    def setUp(self):
        super().setUp()
        self.host = self.connector.host

    def test_info(self):
        info = self.host.info()
        self.assertEqual('ZVMSYS1', info.hypervisor_hostname)
        self.assertEqual('s390x', info.architecture)

    def test_disk_pool(self):
        pool = self.host.disk_pool(POOL)
        self.assertEqual(pool.total_gb, pool.used_gb + pool.available_gb)
        self.assertEqual(pool, self.host.disk_pool())
        self.assertIn('VOL001', self.host.disk_pool_volumes(POOL))
        self.assertIn('VOL001', self.host.disk_pool_volumes())
        self.assert_refused(errors.NotFound, self.host.disk_pool,
                            'ECKD:NONE')
        # 1.6.3 knows no details of a pool.
        self.assert_refused(errors.BadRequest, self.host.free_extents)

    def test_volume(self):
        self.assertEqual('3390-54', self.host.volume('VOL001').type)
        self.assert_refused(errors.NotFound, self.host.volume, 'NOVOL')

    def test_templates(self):
        self.assertEqual([], self.connector.volumes.fcp_templates())

    def test_connector(self):
        version = self.connector.version()
        self.assertEqual((False, False), (version.newer, version.older))
        self.assertIs(False, self.connector.found_absent(60))
        self.assertIsInstance(self.connector.clock_offset(), float)
        self.assertIsNone(self.connector.certificate_expiry())
