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

"""A Glance that streams, for nova's own code to talk to.

nova's fixture keeps images in a dictionary, gives data to files only and
drops what is uploaded. Here the data goes through nova's image service and
its retries, and through glanceclient's way of reading a body; what is beyond
that, the HTTP server, is the fixture's dictionary.
"""

import copy
import datetime
import hashlib
import itertools

from glanceclient.common import http
from glanceclient import exc as glance_exc
from nova.image import glance

# As glanceclient reads and sends.
CHUNK_BYTES = http.CHUNKSIZE


class Content:
    """Data of any length that is made while it is read."""

    def __init__(self, head, length):
        """Make data that begin with head; the rest is a pattern."""
        self._head = head
        self.length = length

    def pieces(self):
        """Yield the data as glanceclient does."""
        # Each piece is new: who keeps them has to have the memory.
        pattern = memoryview(bytes(range(256)) * (CHUNK_BYTES // 256))
        left = self.length - len(self._head)
        yield self._head
        while left > 0:
            yield bytes(pattern[:left])
            left -= CHUNK_BYTES


class Bytes:
    """Data that are kept."""

    def __init__(self, data):
        self.data = data
        self.length = len(data)

    def pieces(self):
        for start in range(0, self.length, CHUNK_BYTES):
            yield self.data[start:start + CHUNK_BYTES]


class Service(glance.GlanceImageServiceV2):
    """nova's image service on the images of nova's fixture.

    :ivar contents: the data of the images, each with length and pieces()
    :ivar upload_faults: what happens to the next uploads: each member is
        called with the pieces of one and may take some and raise
    """

    def __init__(self, fixture, keep=True):
        """Take the place of the fixture.

        :param keep: whether uploads are kept, with a checksum, or only
            their size: a real Glance takes no time of this process
        """
        wrapper = glance.GlanceClientWrapper()
        wrapper.client = _Client(self)
        wrapper.api_server = 'glance'
        super().__init__(wrapper)
        self.contents = {}
        self.upload_faults = []
        self._fixture = fixture
        self._keep = keep
        self._numbers = itertools.count()
        fixture.test.stub_out(
            'nova.image.glance.API.get_remote_image_service',
            lambda context, image_href: (self, image_href))
        fixture.test.stub_out(
            'nova.image.glance.get_default_image_service', lambda: self)

    def show(self, context, image_id, include_locations=False,
             show_deleted=True):
        return self._fixture.show(context, image_id)

    def detail(self, context, **kwargs):
        """Return the images with the properties asked for, newest first."""
        wanted = {name.removeprefix('property-'): value
                  for name, value in (kwargs.get('filters') or {}).items()
                  if name.startswith('property-')}
        found = [image for image in self._fixture.detail(context)
                 if wanted.items() <= image['properties'].items()]
        return sorted(found, key=lambda image: image['created_at'],
                      reverse=True)

    def create(self, context, image_meta, data=None):
        """Make an image.

        :param data: a Content or a file
        """
        image_meta = copy.deepcopy(image_meta)
        image_meta['created_at'] = image_meta['updated_at'] = (
            datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) +
            datetime.timedelta(seconds=next(self._numbers)))
        image_meta.setdefault('status', 'queued')
        image_meta.setdefault('size', None)
        image = self._fixture.create(context, image_meta)
        if data is not None:
            self.contents[image['id']] = (
                data if hasattr(data, 'pieces') else Bytes(data.read()))
        return copy.deepcopy(image)

    def update(self, context, image_id, image_meta, data=None,
               purge_props=True):
        image_meta = copy.deepcopy(image_meta)
        # An argument of glanceclient's update.
        removed = image_meta.pop('remove_props', ())
        self._fixture.update(context, image_id, image_meta,
                             purge_props=purge_props)
        for name in removed:
            self._fixture.images[image_id]['properties'].pop(name, None)
        if data is not None:
            try:
                self._upload_data(context, image_id, data)
            except Exception:
                glance._reraise_translated_image_exception(image_id)
        return self.show(context, image_id)

    def delete(self, context, image_id):
        self._fixture.delete(context, image_id)
        self.contents.pop(image_id, None)

    # What the HTTP server does

    def receive(self, image_id, pieces):
        """Take an upload."""
        if image_id not in self._fixture.images:
            raise glance_exc.HTTPNotFound()
        image = self._fixture.images[image_id]
        image['status'] = 'saving'
        try:
            if self.upload_faults:
                self.upload_faults.pop(0)(pieces)
            content, image['checksum'] = self._stored(pieces)
        except Exception:
            image['status'] = 'queued'
            raise
        if image_id not in self._fixture.images:
            raise glance_exc.HTTPNotFound()
        image.update(size=content.length, status='active')
        self.contents[image_id] = content

    def _stored(self, pieces):
        """Return content and checksum of what comes."""
        if not self._keep:
            return Content(b'', sum(map(len, pieces))), None
        data = b''.join(pieces)
        return Bytes(data), hashlib.md5(
            data, usedforsecurity=False).hexdigest()


class _Client:
    """glanceclient as far as nova's image service calls it for data."""

    def __init__(self, service):
        self.images = self
        self._service = service

    def data(self, image_id):
        content = self._service.contents.get(image_id)
        return _Proxy(content and content.pieces())

    def upload(self, image_id, data):
        self._service.receive(
            image_id, http._BaseHTTPClient._chunk_body(data))

    def get(self, image_id):
        return self._service.show(None, image_id)


class _Proxy:
    """What glanceclient wraps an answer in."""

    def __init__(self, wrapped):
        self.wrapped = wrapped

    def __iter__(self):
        return iter(self.wrapped)
