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

"""What is measured: nova's operations, each by the driver's calls in it."""

import dataclasses
import time

from nova import context as nova_context
from nova import objects

from nova_zvm.tests.support import meter
from nova_zvm.tests.support import powersync
from nova_zvm.zvm import imageheader
from tools.sandbox import api
from tools.sandbox import cell

IMAGE_BYTES = 32 * 2 ** 20
CYLINDERS = 3338
SERVERS = 50
# nova's own default of sync_power_state_pool_size.
SYNC_WORKERS = 5


@dataclasses.dataclass(frozen=True)
class Cost:
    """One operation's cost; on_zvm and wall in seconds, sizes in bytes."""

    operation: str
    requests: int
    smapi: int
    cp: int
    iucv: int
    other: int
    sent: int
    received: int
    wall: float
    on_zvm: float
    memory: int

    @classmethod
    def of(cls, operation, usage, workers=1):
        return cls(
            operation, len(usage.requests), usage.count(meter.SMAPI),
            usage.count(meter.CP), usage.count(meter.IUCV),
            usage.count(meter.OTHER), usage.sent, usage.received,
            round(usage.seconds, 3), round(usage.on_zvm(workers), 2),
            usage.peak)


class Operations:
    """All operations, on one cell and its z/VM."""

    def __init__(self, nova, zvm, servers):
        """Prepare.

        :param servers: how many nova-compute looks after at the power sync
        """
        self._nova = nova
        self._servers = servers
        self._zvm = zvm
        self._driver = nova.compute.manager.driver
        self._api = api.Api(nova.endpoint.compute_url)
        self._flavor = self._make_flavor('plain', 0)
        self._big_flavor = self._make_flavor('ephemeral', 2)
        self._warm_up()
        powersync.make_servers(zvm.connector(), cell.HOST, servers)

    def _warm_up(self):
        """Have the driver know what it asks for only once."""
        self._meter = meter.Meter(self._zvm.log)
        self._image = self._upload()
        _, server = self._boot('', config_drive=True)
        self._remove(server)

    def run(self):
        """Do all operations; yield the Cost of each as it is known."""
        self._meter = meter.Meter(self._zvm.log, memory=True)
        self._image = self._upload()
        yield from self._boots()
        yield from self._power()
        yield from self._periodic()

    def _boots(self):
        cost, self._server = self._boot('boot, first use of its image')
        yield cost
        cost, server = self._boot('boot')
        yield cost
        yield self._call('delete', ['destroy'], lambda: self._delete(server))
        for name, request in [
                ('boot with config drive', {'config_drive': True}),
                ('boot with ephemeral disk',
                 {'flavorRef': self._big_flavor})]:
            cost, server = self._boot(name, **request)
            yield cost
            self._remove(server)

    def _power(self):
        yield self._power_state('power state of a running server')
        yield self._act('console log', 'get_console_output',
                        'os-getConsoleOutput', {}, 'ACTIVE')
        yield self._act('pause', 'pause', 'pause', None, 'PAUSED')
        yield self._act('unpause', 'unpause', 'unpause', None, 'ACTIVE')
        for kind in ('soft', 'hard'):
            yield self._act('%s reboot' % kind, 'reboot', 'reboot',
                            {'type': kind.upper()}, 'ACTIVE')
        yield self._snapshot('snapshot of a running server')
        yield self._act('stop', 'power_off', 'os-stop', None, 'SHUTOFF')
        yield self._snapshot('snapshot of a stopped server')
        yield self._power_state('power state of a stopped server')
        yield self._act('start', 'power_on', 'os-start', None, 'ACTIVE')
        yield self._rebuild()
        # nova's own way to ask for stops that pull the plug.
        self._nova.flags(shutdown_timeout=0)
        yield self._act('hard stop', 'power_off', 'os-stop', None, 'SHUTOFF')
        self._nova.flags(shutdown_timeout=60)
        self._remove(self._server)

    def _periodic(self):
        manager = self._nova.compute.manager
        with self._meter.running() as usage:
            powersync.run(manager)
        yield Cost.of('power sync of %d servers' % self._servers, usage,
                      SYNC_WORKERS)
        with self._meter.running() as usage:
            manager.update_available_resource(
                nova_context.get_admin_context())
        yield Cost.of('resource update', usage)

    # How

    def _boot(self, name, **request):
        created = {}

        def post():
            created.update(self._api.post('/servers', {'server': {
                'name': 'bench', 'imageRef': self._image,
                'flavorRef': self._flavor, 'networks': 'auto',
                **request}})['server'])

        cost = self._call(name, ['spawn'], post)
        self._api.wait_for(created['id'], 'ACTIVE')
        return cost, created['id']

    def _act(self, name, verb, action, arguments, status):
        self._wait_for_linux()
        cost = self._call(name, [verb], lambda: self._api.act(
            self._server, action, arguments))
        self._api.wait_for(self._server, status)
        return cost

    def _rebuild(self):
        self._wait_for_linux()
        cost = self._call(
            'rebuild', ['power_off', 'destroy', 'spawn'],
            lambda: self._api.act(self._server, 'rebuild',
                                  {'imageRef': self._image}))
        self._api.wait_for(self._server, 'ACTIVE')
        return cost

    def _snapshot(self, name):
        self._wait_for_linux()
        cost = self._call(name, ['snapshot'], lambda: self._api.act(
            self._server, 'createImage', {'name': 'bench'}))
        self._api.wait_for_task(self._server)
        return cost

    def _call(self, name, verbs, action):
        with self._meter.calls_of(self._driver, *verbs) as calls:
            action()
            return Cost.of(name, calls.total(len(verbs)))

    def _power_state(self, name):
        instance = objects.Instance.get_by_uuid(
            nova_context.get_admin_context(), self._server,
            expected_attrs=['system_metadata'])
        with self._meter.running() as usage:
            self._driver.get_info(instance, use_cache=False)
        return Cost.of(name, usage)

    def _delete(self, server):
        self._api.delete('/servers/%s' % server)

    def _remove(self, server):
        self._delete(server)
        self._api.wait_until_gone(server)

    def _wait_for_linux(self):
        """Let the guest's Linux come up, so that it answers."""
        server = self._api.server(self._server)
        userid = server['OS-EXT-SRV-ATTR:instance_name'].upper()
        while self._zvm.linux_state(userid) == 'booting':
            time.sleep(0.1)

    def _upload(self):
        header = imageheader.Header(CYLINDERS, 'CYL').pack()
        return self._nova.upload(
            'bench', header + bytes(IMAGE_BYTES - len(header)),
            os_distro='rhel8.6', hw_architecture='s390x')

    def _make_flavor(self, name, ephemeral):
        return self._api.post('/flavors', {'flavor': {
            'name': name, 'vcpus': 1, 'ram': 1024, 'disk': 3,
            'OS-FLV-EXT-DATA:ephemeral': ephemeral}})['flavor']['id']
