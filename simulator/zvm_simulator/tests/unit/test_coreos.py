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

"""Red Hat CoreOS: deployed on a minidisk or a LUN, set up by Ignition."""

from zvm_simulator.disks import minidisks
from zvm_simulator.tests.support import simulated
from zvm_simulator.tests.support import volumes

NICS = '0.0.1000,0.0.1001,0.0.1002'
ADDRESS = '192.0.2.5::192.0.2.1:24:vm1:enc1000:none:192.0.2.3:;1500'
IGNITION = '{"ignition": {"version": "3.2.0"}}'
SCSI_ENTRY = simulated.ENTRY.replace('IPL 0100', 'IPL 1A00') + (
    f'LOADDEV PORTname {volumes.PORT}\nLOADDEV LUN {volumes.DATA_LUN}\n'
    'DEDICATE 1A00 1A00\n')


class CoreOsTestCase(volumes.VolumeTestCase):

    def source(self, size=4096):
        return self.file('netboot/rhcos4/coreos/0100', b'\0' * size)

    def config(self, text=IGNITION):
        return self.file('config.ign', text)

    def unpack(self, *words):
        return self.run_command('/opt/zthin/bin/unpackdiskimage', *words)

    def to_minidisk(self, **values):
        return self.unpack(
            'GUEST1', values.get('vdev', '0100'),
            values.get('image') or self.source(),
            values.get('ignition') or self.config(),
            values.get('kind', 'ECKD'), NICS, ADDRESS)

    def to_lun(self, device='1a00', port=volumes.PORT,
               lun=volumes.DATA_LUN, image=None, ignition=None):
        return self.unpack(
            device, f'0x{port}', f'0x{lun}', image or self.source(),
            ignition or self.config(), 'SCSI', NICS, ADDRESS)

    def assert_fails(self, answer, text):
        status, output = answer
        self.assertNotEqual(0, status)
        self.assertIn('ERROR: ', output)
        self.assertIn(text, output)


class MinidiskTestCase(CoreOsTestCase):

    def setUp(self):
        super().setUp()
        self.create()
        self.add_disk()

    def test_boot(self):
        self.assertEqual(0, self.to_minidisk()[0])
        self.boot()
        linux = self.guest()['linux']
        self.assertEqual(('up', 'vm1', 'rhcos4', {'/': '0100'}),
                         (linux['state'], linux['hostname'],
                          linux['os_version'], linux['mounts']))
        network, = linux['networks']
        self.assertEqual(
            ('1000', '192.0.2.5', 24, '192.0.2.1', ['192.0.2.3'], 1500),
            tuple(network[key] for key in ('vdev', 'ip', 'prefix', 'gateway',
                                           'dns', 'mtu')))
        self.assertIn('user-provided config was applied', self.console())
        self.assertIn('ignition.firstboot=1', self.console())

    def test_first_boot_is_the_first_only(self):
        self.to_minidisk()
        self.boot()
        self.smcli('Image_Deactivate', '-T', 'GUEST1')
        self.boot()
        self.assertEqual('up', self.guest()['linux']['state'])
        self.assertNotIn('ignition.firstboot=1', self.console())

    def test_no_agent(self):
        self.to_minidisk()
        self.authorise()
        self.boot()
        status, output = self.iucv('GUEST1', 'pwd')
        self.assertEqual(4, status)
        self.assertIn('Return code 4,', output)
        self.assertEqual(['iucvauth.sh'], self.reader())

    def test_ignition_file_that_is_none(self):
        for text in ('not JSON', '{}', '[]'):
            with self.subTest(text=text):
                self.to_minidisk(ignition=self.config(text))
                self.boot()
                self.assertEqual('down', self.guest()['linux']['state'])
                self.assertIn('Ignition failed', self.console())
                self.smcli('Image_Deactivate', '-T', 'GUEST1')

    def test_refusals(self):
        for text, values in (
                ('not found', {'image': '/nonexistent/0100'}),
                ('ignition config', {'ignition': '/nonexistent.ign'}),
                ('ignition config', {'ignition': 'http://192.0.2.9/c.ign'}),
                ('not in CP directory', {'vdev': '0101'}),
                ('does not fit', {'kind': 'SCSI'})):
            with self.subTest(values=values):
                self.assert_fails(self.to_minidisk(**values), text)
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assert_fails(self.to_minidisk(), 'currently running')

    def test_too_small(self):
        self.add_disk(vdev='0101', size=2)
        size = 2 * minidisks.UNIT_BYTES['3390']
        self.assertEqual(0, self.to_minidisk(
            vdev='0101', image=self.source(size))[0])
        self.assert_fails(self.to_minidisk(
            vdev='0101', image=self.source(size + 1)), 'too small')

    def test_no_such_form(self):
        self.assert_fails(self.unpack('GUEST1', '0100'), 'Missing')


class LunTestCase(CoreOsTestCase):

    def setUp(self):
        super().setUp()
        self.create(text=SCSI_ENTRY)

    def test_boot(self):
        self.assertEqual(0, self.to_lun()[0])
        self.assertNotIn('ATTACHED', self.vmcp('query fcp'))
        self.boot()
        linux = self.guest()['linux']
        self.assertEqual(('up', 'vm1'), (linux['state'], linux['hostname']))

    def test_image_that_is_there_already(self):
        words = ('1a00', f'0x{volumes.PORT}', f'0x{volumes.DATA_LUN}')
        more = (self.config(), NICS, ADDRESS)
        self.assert_fails(self.unpack(*words, *more), 'boot partition')
        self.to_lun()
        address = ADDRESS.replace('vm1', 'vm2')
        self.assertEqual(0, self.unpack(*words, *more[:2], address)[0])
        self.boot()
        self.assertEqual('vm2', self.guest()['linux']['hostname'])

    def test_refusals(self):
        for text, values in (
                ('does not exist', {'device': '1aff'}),
                ('Unable to find', {'port': '5005076899999999'}),
                ('Unable to find', {'lun': '0099000000000000'}),
                ('not found', {'image': '/nonexistent/0100'}),
                ('ignition config', {'ignition': '/nonexistent.ign'})):
            with self.subTest(values=values):
                self.assert_fails(self.to_lun(**values), text)
        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assert_fails(self.to_lun(), 'already attached to GUEST1')
