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

"""What the DevStack plugin configures and starts serves nova.

The commands that it has DevStack run are run, nova reads the nova.conf that it
wrote, and a server is made of its image, with its flavor, on its network.
"""

import copy
import os
import pathlib
import shlex
import signal
import subprocess
import sys

from nova import conf
from oslo_utils import uuidutils

from nova_zvm.tests.support import cloud
from nova_zvm.tests.support.devstack import stack
from zvm_simulator.service import remote
from zvm_simulator.service import tcpports
from zvm_simulator.tests.support import fixtures as zvm_fixtures

CONF = conf.CONF

# The package's commands, as they are in the environment that the tests run
# in. The connector's environment is not made again.
RUN = '#!/bin/bash\nPYTHONPATH=%s exec %s -m %s "$@"\n'
INSTALL = '''#!/bin/bash
if [[ $1 == install-connector ]]; then
    mkdir -p "$3/bin"
    printf '#!/bin/sh\\nexec %s "$@"\\n' > "$3/bin/python"
    exec chmod +x "$3/bin/python"
fi
'''


class DevStackTestCase(cloud.ZVMTestCase):

    def stacked(self, localrc):
        """Return a DevStack after stack.sh."""
        devstack = self.useFixture(stack.DevStack(localrc))
        run = RUN % (shlex.quote(os.pathsep.join(sys.path)), sys.executable,
                     '%s')
        devstack.provide('nova-zvm-which-driver',
                         run % 'nova_zvm.cmd.which_driver')
        devstack.provide(
            'zvm-simulator',
            INSTALL % zvm_fixtures.connector_python() + run % 'zvm_simulator')
        devstack.checked('stack')
        return devstack

    def configure(self):
        """Have nova read nova.conf, and nothing else for what is in it."""
        for name in ('compute_driver', 'instance_name_template'):
            CONF.clear_override(name)
        CONF(['--config-file', str(self.stack.nova_conf)], project='nova',
             default_config_files=[])

    def uploaded(self):
        """Put the image into Glance as the client was told to."""
        words, _ = self.stack.created('image')
        self.image_file = pathlib.Path(*stack.option(words, '--file'))
        with self.image_file.open('rb') as data:
            return self.images.create(None, {
                'name': words[-1], 'id': uuidutils.generate_uuid(),
                'status': 'active', 'visibility': 'public',
                'disk_format': stack.option(words, '--disk-format')[0],
                'container_format': stack.option(
                    words, '--container-format')[0],
                'min_disk': 0, 'min_ram': 0,
                'size': self.image_file.stat().st_size,
                'properties': dict(text.split('=') for text in stack.option(
                    words, '--property')),
            }, data=data)['id']

    def small_flavor(self):
        words = self.stack.created('flavor')[0]
        return self.create_flavor(**{
            name: int(*stack.option(words, option)) for name, option in (
                ('vcpu', '--vcpus'), ('memory_mb', '--ram'),
                ('disk', '--disk'))})

    def port(self):
        """Return a port on the network, bound as ml2_conf.ini wants it."""
        words, = self.stack.created('network')
        physical, = stack.option(words, '--provider-physical-network')
        switches = dict(pair.split(':') for pair in stack.read(
            self.stack.ml2_conf)['ml2_zvm']['vswitch_mappings'].split(','))
        port = dict(
            copy.deepcopy(self.neutron.port_1),
            id=uuidutils.generate_uuid(), mac_address='02:00:00:12:34:56',
            **{'binding:vif_details': {'vswitch': switches[physical]}})
        self.neutron._ports[port['id']] = port
        return port['id']


class SimulatedTest(DevStackTestCase):
    """Without a word in local.conf of where z/VM is."""

    def provide_zvm(self):
        port = tcpports.Reservation()
        self.addCleanup(port.release)
        self.stack = self.stacked('ZVM_SIMULATOR_PORT=%d\n'
                                  'ZVM_SIMULATOR_SPEED=1000' % port.number)
        (_, _, command), = self.stack.calls('run_process')
        process = subprocess.Popen(
            shlex.split(command), stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        self.assertIn('READY', process.stdout.readline())
        return remote.Remote(self.stack.data / 'system')

    def end(self, process):
        """End it as systemd does, and see that it goes."""
        process.send_signal(signal.SIGTERM)
        try:
            self.assertEqual(0, process.wait(cloud.PATIENCE))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def state(self):
        return self.zvm.ask('GET', '/state')

    def test_boot(self):
        before = self.state()
        image_id = self.uploaded()
        server = self.boot(image_id=image_id, flavor_id=self.small_flavor(),
                           networks=[{'port': self.port()}])

        name = self.instance_name(server)
        self.assertEqual('zvm00001', name)
        guest = self.state()['guests'][name.upper()]
        self.assertEqual('running', guest['status'])
        self.assertEqual('up', guest['linux']['state'])
        self.assertEqual(['VSW2'], [nic['switch'] for nic in guest['nics']])
        # force_config_drive
        self.assertEqual(server['id'], self.zvm.ask(
            'GET', '/guests/%s/files?path=openstack/latest/meta_data.json'
            % name.upper())['uuid'])
        deployed, = pathlib.Path(CONF.zvm.image_repository).rglob(
            '*/nova-%s/*' % image_id)
        self.assertEqual(self.image_file.read_bytes(), deployed.read_bytes())

        self._delete_server(server)
        for part in ('guests', 'directory', 'pools'):
            self.assertEqual(before[part], self.state()[part], part)


class LiveTest(DevStackTestCase):
    """With URL and token of a connector that runs already."""

    def provide_zvm(self):
        zvm = super().provide_zvm()
        self.stack = self.stacked(
            'ZVM_CONNECTOR_URL=%s/\nZVM_CONNECTOR_TOKEN_FILE=%s\n'
            'ZVM_VSWITCH_MAPPINGS=lan:VSW2\nZVM_NETWORK_PHYSICAL=lan\n'
            'ZVM_SUBNET_RANGE=192.0.2.0/24\nFORCE_CONFIG_DRIVE=False'
            % (zvm.url, zvm.token_file))
        return zvm

    def test_boot(self):
        before = self.snapshot()
        server = self.boot(flavor_id=self.small_flavor(),
                           networks=[{'port': self.port()}])
        self.assertEqual('zvm00001', self.instance_name(server))
        self.assertEqual('up', self.guest(server)['linux']['state'])
        self._delete_server(server)
        self.assert_nothing_left(before)

        token = pathlib.Path(self.zvm.token_file).read_text().strip()
        self.stack.checked('unstack')
        for path in self.stack.root.rglob('*'):
            if path.is_file():
                self.assertNotIn(token, path.read_text(), path)
