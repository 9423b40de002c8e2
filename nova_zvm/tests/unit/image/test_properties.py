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

from nova_zvm.connector import models
from nova_zvm.image import properties as image_properties
from nova_zvm.tests.support import inmemory
from nova_zvm.zvm import imageheader


class OsVersionTestCase(inmemory.ZVMTestCase):

    def os_version(self, release='1.6.3', version=None, **properties):
        return image_properties.os_version(
            inmemory.image_meta(**properties), {'os_version': version},
            models.Version(release))

    def test_supported(self):
        for distro in ('rhel7', 'rhel8.6', 'RHEL8.1', 'redhat7.2',
                       'sles12sp3', 'sles15.4', 'suse11', 'ubuntu16.04',
                       'ubuntu22.04', 'ubuntu20.04.1'):
            for release in ('1.6.3', '1.6.7'):
                self.assertEqual(
                    distro, self.os_version(release, os_distro=distro))

    def test_supported_by_newer_connectors(self):
        for distro in ('rhel8.10', 'rhel10', 'ubuntu24.04'):
            self.assertEqual(distro,
                             self.os_version('1.6.7', os_distro=distro))
            self.assertRaises(nova_exception.ImageUnacceptable,
                              self.os_version, os_distro=distro)

    def test_unsupported(self):
        for distro in ('debian11', 'rhel', 'rhel5', 'windows', 'rhel8.6\n',
                       'xrhel8', 'rhcos4'):
            exc = self.assertRaises(
                nova_exception.ImageUnacceptable, self.os_version, '1.6.7',
                os_distro=distro)
            self.assertIn(distro.strip(), str(exc))
            self.assertIn('os_distro', str(exc))
            self.assertIn('1.6.7', str(exc))

    def test_missing(self):
        exc = self.assertRaises(
            nova_exception.ImageUnacceptable, self.os_version,
            os_distro=None)
        self.assertIn('os_distro', str(exc))

    def test_architecture(self):
        self.os_version(hw_architecture='s390x')
        exc = self.assertRaises(
            nova_exception.ImageUnacceptable, self.os_version,
            hw_architecture='x86_64')
        self.assertIn('x86_64', str(exc))
        self.assertIn('s390x', str(exc))

    def test_version_of_its_own(self):
        for distro, version, expected in (
                ('rhel', '8.6', 'rhel8.6'), ('sles', '15-SP4', 'sles15sp4'),
                ('sles', '15 SP4', 'sles15sp4'), ('sles', '15.4', 'sles15.4'),
                ('ubuntu', '22.04', 'ubuntu22.04'), ('rhel', '9', 'rhel9'),
                ('rhel8.6', '9.1', 'rhel8.6'), ('rhel', None, None),
                ('rhel', '', None), ('rhel', '3', None),
                ('debian', '12', None)):
            if expected:
                self.assertEqual(expected, self.os_version(
                    version=version, os_distro=distro))
            else:
                exc = self.assertRaises(
                    nova_exception.ImageUnacceptable, self.os_version,
                    version=version, os_distro=distro)
                self.assertIn(distro, str(exc))
                self.assertEqual(bool(version), 'os_version' in str(exc))

    def test_of_an_instance(self):
        instance = self.instance(system_metadata={
            'image_os_version': '8.6', 'image_zvm_disk_type': 'ECKD'})
        properties = image_properties.of_instance(instance)
        self.assertEqual('8.6', properties['os_version'])
        self.assertEqual('ECKD', properties['zvm_disk_type'])


class DiskTypeTestCase(inmemory.ZVMTestCase):

    def check(self, kind, pool_units):
        image_properties.check_disk_type(
            inmemory.image_meta(), {'zvm_disk_type': kind} if kind else {},
            pool_units)

    def test_fitting(self):
        for kind, pool_units in (('ECKD', 'CYL'), ('FBA', 'BLK'),
                                 ('eckd', 'CYL'), (None, 'CYL'),
                                 ('FBA', None)):
            self.check(kind, pool_units)

    def test_not_fitting(self):
        for kind, pool_units, words in (
                ('FBA', 'CYL', 'of an FBA disk, the disk pool is ECKD'),
                ('ECKD', 'BLK', 'of an ECKD disk, the disk pool is FBA'),
                ('SCSI', None, "zvm_disk_type 'SCSI' must be ECKD or FBA")):
            exc = self.assertRaises(nova_exception.ImageUnacceptable,
                                    self.check, kind, pool_units)
            self.assertIn(words, str(exc))

    def test_header(self):
        header = imageheader.Header(3338, 'CYL')
        for pool_units in ('CYL', None):
            image_properties.check_header(inmemory.image_meta(), header,
                                          pool_units)
        exc = self.assertRaises(
            nova_exception.ImageUnacceptable, image_properties.check_header,
            inmemory.image_meta(), header, 'BLK')
        self.assertIn('ECKD disk, the disk pool is FBA', str(exc))
