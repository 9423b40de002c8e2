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

"""nova in this process: API, conductor, scheduler, placement and compute.

They are started by nova's own functional test fixtures, which also bring
its in-memory Neutron, Glance and Cinder, and SQLite databases in files.
"""

import copy
import logging
import os
import sys

from nova import conf
from nova.tests.functional import integrated_helpers
import os_vif
from oslo_utils import uuidutils
from placement import deploy

from nova_zvm.conf import options as zvm_options
from nova_zvm.tests.support import bindings
from nova_zvm.tests.support import economy
from nova_zvm.tests.support import glance
from tools.sandbox import commandline
from tools.sandbox import endpoint
from tools.sandbox import story

HOST = 'sandbox'
TEMPLATE = 'nov%05x'
CONF_FILE = """\
[DEFAULT]
compute_driver = zvm.ZVMDriver
host = {host}
instance_name_template = {template}

[database]
connection = {database}

[zvm]
{zvm}
"""
LOG_FORMAT = '%(asctime)s %(levelname)s %(name)s %(message)s'


class Cell(integrated_helpers.ProviderUsageBaseTestCase):
    """A nova cell whose one compute host is a z/VM system."""

    compute_driver = 'zvm.ZVMDriver'
    #: Whether Glance keeps what is uploaded, or only its size.
    keep_uploads = True

    def __init__(self, workspace, system):
        """Prepare; system is the zvm.ZVM that the driver is to use."""
        super().__init__('start')
        self._workspace = workspace
        self._system = system

    def start(self):
        """Start all services and serve the API."""
        self.setUp()
        # As nova-compute does; it makes our driver the one that is found.
        os_vif.initialize()
        self.compute = self._start_compute(HOST)
        self.endpoint.start()

    def setUp(self):
        self.flags(api_paste_config=os.path.join(
            sys.prefix, 'etc', 'nova', 'api-paste.ini'), group='wsgi')
        self.useFixture(economy.Economy())
        super().setUp()
        self._log_to_file()
        folder = self._workspace.nova
        self.flags(instance_name_template=TEMPLATE,
                   instances_path=str(folder / 'instances'))
        # There is no other host to try; so the server's fault has the reason.
        self.flags(max_attempts=1, group='scheduler')
        # nova's test fixture, of which the cell is made, sets 'error': with
        # that nova-api refuses its own answer on diagnostics.
        self.flags(response_validation='warn', group='api')
        zvm_options.register_opts(conf.CONF)
        self.flags(image_tmp_path=str(folder / 'images'), group='zvm')
        self.flags(**self._system.options(), group='zvm')
        self._provide_networks()
        self.glance.images.clear()
        self.images = glance.Service(self.glance, self.keep_uploads)
        self.endpoint = endpoint.Endpoint(
            self.api_fixture.app(),
            deploy.loadapp(self.placement.fixture.conf_fixture.conf),
            self.api_fixture.project_id,
            lambda: list(self.glance.images.values()),
            {'networks': lambda: list(self.neutron._networks.values()),
             'ports': lambda: list(self.neutron._ports.values())})

    def upload(self, name, data, **properties):
        """Put an image into Glance and return its id.

        :param data: bytes or a glance.Content
        """
        content = glance.Bytes(data) if isinstance(data, bytes) else data
        return self.images.create(None, {
            'name': name, 'status': 'active', 'disk_format': 'raw',
            'container_format': 'bare', 'size': content.length,
            'min_disk': 0, 'min_ram': 0, 'visibility': 'public',
            'properties': properties}, data=content)['id']

    def client(self):
        """Write the `openstack` command for this cell; return its path."""
        return commandline.write(self._workspace.path, self.endpoint)

    def write_conf(self):
        """Write the nova.conf of this nova-compute; return its path."""
        # nova.tests.functional settles how nova runs its threads, and has
        # to be imported before nova.context.
        from nova import context
        with context.target_cell(
                context.get_admin_context(),
                self.host_mappings[HOST].cell_mapping) as cell:
            url = cell.db_connection.writer.get_engine().url
        options = {**self._system.options(),
                   'image_tmp_path': conf.CONF.zvm.image_tmp_path}
        path = self._workspace.path / 'nova.conf'
        path.write_text(CONF_FILE.format(
            host=HOST, template=TEMPLATE, database=url, zvm='\n'.join(
                f'{name} = {value}' for name, value in options.items())))
        return path

    def _provide_networks(self):
        """Have a flat network on VSW2, and a VLAN on VSW1; a port on each.

        """
        flat = self.neutron._networks[self.neutron.network_1['id']]
        flat.update({
            'name': 'flat',
            'provider:network_type': 'flat',
            'provider:physical_network': 'physnet2',
            'provider:segmentation_id': None})
        # Of another project: nova is to find one network to choose.
        vlan = dict(self.neutron.network_2, name=f'vlan{story.VLAN}',
                    tenant_id='other', project_id='other', **{
                        'provider:physical_network': 'physnet1',
                        'provider:segmentation_id': story.VLAN})
        subnet = dict(self.neutron.subnet_2, cidr='192.168.13.0/24',
                      gateway_ip='192.168.13.1')
        self.neutron._networks[vlan['id']] = vlan
        self.neutron._subnets[subnet['id']] = subnet
        self.neutron.default_port = self._port(
            '', flat, '02:00:00:12:34:03', '192.168.1.30',
            self.neutron.subnet_1, bindings.FLAT)
        self.second_port = self._add(self._port(
            story.SECOND_PORT, flat, '02:00:00:12:34:02', '192.168.1.3',
            self.neutron.subnet_1, bindings.FLAT))
        self.port = self._add(self._port(
            story.PORT, vlan, '02:00:00:12:34:01', '192.168.13.3', subnet,
            bindings.VLAN))

    def _port(self, name, network, mac, address, subnet, binding):
        """Return a port as it is when the mechanism driver has bound it."""
        return dict(
            copy.deepcopy(self.neutron.port_1),
            id=uuidutils.generate_uuid(), name=name,
            network_id=network['id'], mac_address=mac,
            fixed_ips=[{'ip_address': address, 'subnet_id': subnet['id']}],
            **binding)

    def _add(self, port):
        self.neutron._ports[port['id']] = port
        return port

    def _log_to_file(self):
        handler = logging.FileHandler(self._workspace.nova_log)
        handler.setLevel(logging.INFO)
        handler.setFormatter(logging.Formatter(LOG_FORMAT))
        logging.getLogger().addHandler(handler)
