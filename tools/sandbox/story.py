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

"""What the sandbox does, step by step, each step with what is seen of it.

A step that finds anything else than it should raises report.StepFailed.
"""

import base64
import json
import subprocess
import sys
import time

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives import serialization

from nova_zvm.zvm import imageheader
from tools.sandbox import api
from tools.sandbox import report
from tools.sandbox import views
from tools.sandbox import zvm

IMAGE_CYLINDERS = 3338
IMAGE_BYTES = 4 * 2 ** 20
USER_DATA = '#cloud-config\npackage_update: true\n'
FLAVOR = {'name': 'small', 'vcpus': 2, 'ram': 2048, 'disk': 5,
          'OS-FLV-EXT-DATA:ephemeral': 2}
IMAGE = 'rhel'
SERVER = 'penguin'
PORT = 'first'
SECOND_PORT = 'second'
SNAPSHOT = 'penguin-1'
VLAN = 100
CLOUD_INIT = 'openstack/latest'


class Story:
    """The steps, and what they have learned."""

    def __init__(self, told, system, make_cell):
        """Prepare; make_cell() gives the cell.Cell to start.

        told is the report.Report that progress within a step goes to.
        """
        self._report = told
        self._zvm = system
        self._make_cell = make_cell
        self.cell = None
        self._api = None
        self._before = None
        self._image_id = None
        self._server_id = None
        self._snapshot_id = None
        self.userid = None
        #: The `openstack` command.
        self.client = None

    def boot(self):
        """Return the steps up to a server that runs."""
        return [
            ('start the simulated z/VM and its connector', self.start_zvm),
            ('start nova', self.start_nova),
            ('show the hypervisor and its inventory', self.show_hypervisor),
            ('upload an image', self.upload_image),
            ('create a server with a port in a VLAN, a config drive and an '
             'ephemeral disk', self.create_server),
            ("show the server, beside it z/VM's directory", self.show_server),
            ('read what cloud-init sees in the guest', self.show_cloud_init),
            ('look at the virtual switches and the coupled NIC',
             self.show_nic),
            ('read the console log', self.show_console),
        ]

    def life(self):
        """Return the steps from there to the end of the server."""
        return [
            ('attach a second interface', self.attach),
            ('detach it', self.detach),
            ('pause', self.pause),
            ('unpause', self.unpause),
            ('soft reboot', self.soft_reboot),
            ('hard reboot', self.hard_reboot),
            ('stop', self.stop),
            ('start', self.start),
            ('take a snapshot', self.take_snapshot),
            ('rebuild from the snapshot', self.rebuild),
        ]

    def end(self):
        """Return the steps that also follow a failed one."""
        return [
            ('delete the server', self.delete),
            ('compare z/VM with what it was before', self.compare),
            ('check the host', self.check),
        ]

    @property
    def has_server(self):
        return self._server_id is not None

    # The parts

    def start_zvm(self):
        self._zvm.start()
        return [views.system(self._zvm.state()),
                f'connector {self._zvm.connector_version()} at '
                f'{self._zvm.connector.rest_url}, with token authentication']

    def start_nova(self):
        self.cell = self._make_cell()
        self.cell.start()
        self.client = self.cell.client()
        self._api = api.Api(self.cell.endpoint.compute_url)
        services = self._api.get('/os-services')['services']
        down = [service['binary'] for service in services
                if service['state'] != 'up']
        _expect(not down, f'these services are down: {", ".join(down)}')
        driver = type(self.cell.compute.manager.driver)
        return [
            f'API at {self._api.url}',
            views.services(services),
            f'compute_driver = zvm.ZVMDriver, '
            f'which is {driver.__module__}.{driver.__qualname__}',
        ]

    def show_hypervisor(self):
        hypervisor, = self._api.get('/os-hypervisors/detail')['hypervisors']
        _expect(hypervisor['state'] == 'up', 'the hypervisor is down')
        inventories = self.cell.placement.get(
            f'/resource_providers/{hypervisor["id"]}/inventories')
        inventories = inventories.body['inventories']
        _expect(inventories, 'Placement has no inventory of it')
        return views.hypervisor(hypervisor, inventories)

    def upload_image(self):
        header = imageheader.Header(IMAGE_CYLINDERS, 'CYL').pack()
        data = header + bytes(IMAGE_BYTES - len(header))
        self._image_id = self.cell.upload(
            IMAGE, data, os_distro='rhel8.6', hw_architecture='s390x')
        return [f'{IMAGE}, {len(data)} bytes, of an ECKD disk with '
                f'{IMAGE_CYLINDERS} cylinders']

    def create_server(self):
        self._before = self._zvm.lasting()
        flavor = self._api.post('/flavors', {'flavor': FLAVOR})['flavor']
        self._api.post('/os-keypairs', {'keypair': {
            'name': 'key', 'type': 'ssh', 'public_key': _public_key()}})
        self._server_id = self._api.post('/servers', {'server': {
            'name': SERVER, 'imageRef': self._image_id,
            'flavorRef': flavor['id'], 'key_name': 'key',
            'networks': [{'port': self.cell.port['id']}],
            'config_drive': True,
            'user_data': base64.b64encode(USER_DATA.encode()).decode(),
        }})['server']['id']
        watch = zvm.Watch(self._zvm)
        server = self._wait_for('ACTIVE', lambda: self._show_new(watch))
        self._show_new(watch)
        self.userid = server['OS-EXT-SRV-ATTR:instance_name'].upper()
        return [watch.summary()]

    def show_server(self):
        return views.server(self._api.server(self._server_id),
                            self._zvm.directory_entry(self.userid))

    def show_cloud_init(self):
        files = {name: self._zvm.guest_file(self.userid,
                                            f'{CLOUD_INIT}/{name}')
                 for name in ('meta_data.json', 'user_data')}
        metadata = json.loads(files['meta_data.json'])
        _expect(metadata['uuid'] == self._server_id,
                'the config drive is of another server')
        _expect(files['user_data'].decode() == USER_DATA,
                'the user data are not those of the server')
        return views.cloud_init(metadata, USER_DATA)

    def show_nic(self):
        return self._network({'VSW1': [('1000', VLAN)], 'VSW2': []})

    def show_console(self):
        output = self._api.act(self._server_id, 'os-getConsoleOutput',
                               {'length': 6})['output']
        _expect(output.strip(), 'the console log is empty')
        return output.splitlines()

    def attach(self):
        watch = zvm.Watch(self._zvm)
        told = self._openstack('server', 'add', 'port', SERVER, SECOND_PORT)
        self._api.wait_for_port(
            self._server_id, self.cell.second_port['id'], True)
        return [*told, *self._network({'VSW1': [('1000', VLAN)],
                                       'VSW2': [('1003', None)]}),
                watch.summary()]

    def detach(self):
        watch = zvm.Watch(self._zvm)
        told = self._openstack('server', 'remove', 'port', SERVER,
                               SECOND_PORT)
        self._api.wait_for_port(
            self._server_id, self.cell.second_port['id'], False)
        return [*told, *self._network({'VSW1': [('1000', VLAN)],
                                       'VSW2': []}),
                watch.summary()]

    def pause(self):
        return self._power('pause', None, 'PAUSED', 'paused')

    def unpause(self):
        return self._power('unpause', None, 'ACTIVE', 'running')

    def soft_reboot(self):
        return self._started_anew('reboot', {'type': 'SOFT'})

    def hard_reboot(self):
        return self._started_anew('reboot', {'type': 'HARD'})

    def stop(self):
        return self._power('os-stop', None, 'SHUTOFF', 'logged off')

    def start(self):
        return self._power('os-start', None, 'ACTIVE', 'running')

    def take_snapshot(self):
        # A guest that does not answer yet would be refused.
        self._wait_for_linux()
        watch = zvm.Watch(self._zvm)
        self._snapshot_id = self._api.act(
            self._server_id, 'createImage', {'name': SNAPSHOT})['image_id']
        self._api.wait_for_task(self._server_id)
        image = self.cell.images.show(None, self._snapshot_id)
        _expect(image['status'] == 'active', 'Glance has no snapshot')
        properties = image['properties']
        return [f'{SNAPSHOT}, {image["size"]} bytes, of an '
                f'{properties["zvm_disk_type"]} disk with '
                f'{properties["os_distro"]}',
                watch.summary()]

    def rebuild(self):
        return self._started_anew('rebuild', {'imageRef': self._snapshot_id})

    def delete(self):
        watch = zvm.Watch(self._zvm)
        self._api.delete(f'/servers/{self._server_id}')
        self._api.wait_until_gone(self._server_id)
        return [watch.summary()]

    def compare(self):
        after = self._zvm.lasting()
        for part, before in self._before.items():
            for name in before:
                _expect(before[name] == after[part][name],
                        f'{part}: {name} is not as it was')
        return views.as_before(self._zvm.state())

    def check(self):
        """Run nova-zvm-status with the sandbox's own nova.conf."""
        path = self.cell.write_conf()
        done = subprocess.run(
            [sys.executable, '-m', 'nova_zvm.cmd.status', 'check',
             '--config-file', path], capture_output=True, text=True)
        _expect(done.returncode == 0,
                f'nova-zvm-status: {done.stdout}{done.stderr}')
        return [f'$ nova-zvm-status check --config-file {path.name}',
                *done.stdout.splitlines()]

    def _started_anew(self, action, arguments):
        """Do an action after which the guest's Linux has booted once more.

        """
        before = self._boot_of_guest()
        told = self._power(action, arguments, 'ACTIVE', 'running')
        _expect(self._boot_of_guest() != before,
                "nova says that it is done, and the guest's Linux has not "
                "booted")
        return told

    def _network(self, expected):
        """Show switches and guest; NICs and VLANs must be as expected."""
        switches = self._zvm.switches()
        for name, nics in expected.items():
            found = [(port['vdev'], port['vlan'])
                     for port in switches[name]['ports']
                     if port['userid'] == self.userid]
            _expect(found == nics, f'{name} has {found}, not {nics}')
        return views.network(
            self.userid, switches,
            self._zvm.guest(self.userid)['linux']['networks'])

    def _openstack(self, *words):
        """Run the `openstack` command; return how it would be typed."""
        done = subprocess.run([self.client, *words], capture_output=True,
                              text=True)
        _expect(done.returncode == 0,
                f'openstack {" ".join(words)}: {done.stderr}')
        return [f'$ openstack {" ".join(words)}']

    def _wait_for_linux(self):
        deadline = time.monotonic() + api.WAIT_SECONDS
        while self._zvm.guest(self.userid)['linux']['state'] == 'booting':
            _expect(time.monotonic() < deadline,
                    "the guest's Linux does not come up")
            time.sleep(api.POLL_SECONDS)

    def _boot_of_guest(self):
        guest = self._zvm.guest(self.userid)
        return guest and (guest['since'], guest['linux']['boots'])

    def _power(self, action, arguments, status, on_zvm):
        """Do an action; return z/VM's view of it and what it took."""
        watch = zvm.Watch(self._zvm)
        self._api.act(self._server_id, action, arguments)
        self._wait_for(status)
        guest = self._zvm.guest(self.userid)
        found = guest['status'] if guest else 'logged off'
        _expect(found == on_zvm, f'nova says {status}, z/VM {found}')
        return [f'{status}, on z/VM {found}; {watch.summary()}']

    def _wait_for(self, status, watch=lambda: None):
        return self._api.wait_for(self._server_id, status, watch)

    def _show_new(self, watch):
        for record in watch.new():
            text = views.progress(record)
            if text:
                self._report.progress(text)


def _expect(condition, complaint):
    if not condition:
        raise report.StepFailed(complaint)


def _public_key():
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(
        serialization.Encoding.OpenSSH,
        serialization.PublicFormat.OpenSSH).decode()
