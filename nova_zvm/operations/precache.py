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

"""Pre-caching: an image is brought to the connector before a boot needs it.

What a boot would refuse because of the image alone is refused here too.
"""

from nova import context as nova_context
from nova.image import glance
from nova import objects

from nova_zvm.image import cache
from nova_zvm.image import properties
from nova_zvm.storage import pools


class Precache:
    """Images that nova asks for ahead of boots."""

    def __init__(self, images: cache.ImageCache,
                 pool: pools.DiskPool) -> None:
        self._images = images
        self._pool = pool
        self._glance = glance.API()

    def run(self, context: nova_context.RequestContext,
            image_id: str) -> bool:
        """Return whether the image had to be imported."""
        image = self._glance.get(context, image_id)
        image_meta = objects.ImageMeta.from_dict(image)
        pool_units = self._pool.units()
        properties.check_disk_type(image_meta, image['properties'],
                                   pool_units)
        imports: list[str] = []
        self._images.provide(
            context, image_meta,
            self._images.os_version(image_meta, image['properties']),
            lambda header: properties.check_header(
                image_meta, header, pool_units),
            lambda: imports.append(image_id))
        return bool(imports)
