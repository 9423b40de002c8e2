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

"""What images of growing size cost on their way: none of it may grow.

An import is a first boot, from Glance to the connector; a snapshot goes the
other way. Both are measured by the driver's own calls, while nova, Glance
and the driver are one process.
"""

import contextlib
import dataclasses
import shutil
from unittest import mock

from nova_zvm.connector import client
from nova_zvm.tests.support import glance
from nova_zvm.tests.support import meter
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names
from tools.bench import curl
from tools.bench import footprint
from tools.sandbox import api

MIB = 2 ** 20
SIZES = (64, 512, 2048)
RUNS = 3
CYLINDERS = 3338
_WARM_UP = 4 * MIB
# An upload and its copy in the image repository, and some room.
_ROOM = 3


@dataclasses.dataclass(frozen=True)
class Cost:
    """The most that any run of one transfer has cost; sizes in bytes.

    :ivar files: left on the compute host's disk
    :ivar written: to files of the compute host
    :ivar moved: bytes of requests or answers over those of the image
    :ivar rate: bytes per second, of the fastest run
    :ivar curl: the same of curl
    :ivar remains: sizes of the connector's files of uploads afterwards
    """

    transfer: str
    size: int
    memory: int
    files: int
    written: int
    moved: float
    rate: float
    curl: float
    remains: list

    @property
    def ratio(self):
        return self.rate / self.curl


@dataclasses.dataclass(frozen=True)
class _Run:
    """One transfer of an image, and curl's after it."""

    taken: footprint.Taken
    moved: float
    rate: float
    curl: float


def obstacle(folder, sizes):
    """Return why images of some MiB cannot be moved here, or None."""
    if not shutil.which(curl.NAME):
        return 'curl is not there: install it'
    wanted = _ROOM * max(sizes)
    free = shutil.disk_usage(folder).free // MIB
    if free < wanted:
        return ('images of %d MiB need %d MiB of disk, %s has %d: let TMPDIR '
                'name a larger directory, or take a smaller --size' % (
                    max(sizes), wanted, folder, free))
    return None


class Transfers:
    """The connector's clients that move files, and how fast they did."""

    def __init__(self):
        self._rates = {}

    @contextlib.contextmanager
    def watched(self):
        """Watch the clients that are made during the block, for ever."""
        make = client.Connector

        def made(*args, **kwargs):
            connector = make(*args, **kwargs)
            connector.on_request = self._observe
            return connector

        with mock.patch.object(client, 'Connector', made):
            yield

    def rate(self, operation, size):
        """Return the bytes per second of the last one of that size."""
        return self._rates.pop((operation, size))

    def _observe(self, operation, method, path, sent, received, seconds):
        size = received if operation == 'files.download' else sent
        self._rates[operation, size] = size / seconds


class Images:
    """Images of growing size, on one cell and its z/VM."""

    def __init__(self, nova, zvm, transfers, folder, runs=RUNS):
        """Prepare.

        :param folder: of the compute host's files
        """
        self._nova = nova
        self._zvm = zvm
        self._transfers = transfers
        self._folder = folder
        self._runs = runs
        self._driver = nova.compute.manager.driver
        self._api = api.Api(nova.endpoint.compute_url)
        self._meter = meter.Meter(zvm.log)
        self._flavor = self._api.post('/flavors', {'flavor': {
            'name': 'images', 'vcpus': 1, 'ram': 1024,
            'disk': 3}})['flavor']['id']
        # Have everything loaded that is loaded once.
        self._once(_WARM_UP)

    def run(self, sizes):
        """Yield the Cost of each transfer of images of each size in MiB."""
        for size in sizes:
            done = [self._once(size * MIB) for _ in range(self._runs)]
            for transfer in done[0]:
                yield self._cost(transfer, size * MIB,
                                 [runs[transfer] for runs in done])

    def _cost(self, transfer, size, runs):
        return Cost(
            transfer, size,
            max(run.taken.memory for run in runs),
            max(run.taken.files for run in runs),
            max(run.taken.written for run in runs),
            max(run.moved for run in runs),
            max(run.rate for run in runs),
            max(run.curl for run in runs),
            self._zvm.upload_sizes())

    def _once(self, size):
        """Return the _Run of each transfer of an image of so many bytes."""
        content = glance.Content(
            imageheader.Header(CYLINDERS, 'CYL').pack(), size)
        image = self._nova.upload('bench', content, os_distro='rhel8.6',
                                  hw_architecture='s390x')
        measure = curl.Curl(self._zvm, self._folder.parent, size)
        server, runs = self._import(image, size, measure)
        runs |= self._snapshot(server, size, measure)
        self._api.delete('/servers/%s' % server)
        self._api.wait_until_gone(server)
        self._zvm.connector().images.delete(names.image(image))
        self._nova.images.delete(None, image)
        return runs

    def _import(self, image, size, measure):
        taken, usage, answer = self._measured(
            'spawn', lambda: self._api.post('/servers', {'server': {
                'name': 'bench', 'imageRef': image,
                'flavorRef': self._flavor, 'networks': 'auto'}}))
        server = answer['server']['id']
        self._api.wait_for(server, 'ACTIVE')
        return server, {'import': _Run(
            taken, usage.sent / size,
            self._transfers.rate('files.upload', size), measure.upload())}

    def _snapshot(self, server, size, measure):
        taken, usage, answer = self._measured(
            'snapshot', lambda: self._api.act(
                server, 'createImage', {'name': 'bench'}))
        self._api.wait_for_task(server)
        image = self._nova.images.show(None, answer['image_id'])
        if (image['status'], image['size']) != ('active', size):
            raise RuntimeError('The snapshot is %(status)s and has %(size)s '
                               'bytes.' % image)
        self._nova.images.delete(None, image['id'])
        return {'snapshot': _Run(
            taken, usage.received / size,
            self._transfers.rate('files.download', size),
            measure.download())}

    def _measured(self, verb, action):
        """Return what is Taken, the Usage, and what the action returned."""
        with footprint.taken(self._folder) as taken:
            with self._meter.calls_of(self._driver, verb) as calls:
                answer = action()
                usage = calls.total()
        return taken, usage, answer
