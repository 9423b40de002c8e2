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

"""Disk images in the connector's repository."""

import typing

from nova_zvm.connector import models
from nova_zvm.connector import session

# Named here because Images.list hides list.
Found = list[models.Image]


class Images:
    """The connector's images.

    A name becomes the name of a folder and is not checked by the connector:
    take one without spaces and slashes.
    """

    def __init__(self, http: session.Session) -> None:
        self._http = http

    def list(self) -> Found:
        return self._http.request(
            'images.list', 'GET', ('images',),
            parse=lambda output: [models.Image.parse(image)
                                  for image in output])

    def get(self, name: str) -> models.Image:
        """Return an image.

        :raises NotFound: if the connector has none of that name
        """
        return self._http.request(
            'images.get', 'GET', ('images',), query={'imagename': name},
            about={'image': name},
            parse=lambda output: models.Image.parse(output[0]))

    def create(self, name: str, url: str, os_version: str,
               md5: str | None = None) -> None:
        """Copy a file into the repository.

        :param url: 'file:///...' on the connector's host; its http import
            does not work on Python 3 (1.6.3)
        :param md5: to be compared with the copy's
        :raises Conflict: if there is an image of that name
        """
        meta = {'os_version': os_version}
        if md5 is not None:
            meta['md5sum'] = md5
        self._http.request(
            'images.create', 'POST', ('images',),
            body={'image': {'image_name': name, 'url': url,
                            'image_meta': meta}},
            about={'image': name}, parse=_nothing)

    def export(self, name: str, dest_url: str) -> None:
        """Copy an image's file to a path on the connector's host.

        :param dest_url: 'file:///...' in a folder that exists; a file there
            is overwritten
        :raises NotFound: if there is no such image
        """
        self._http.request(
            'images.export', 'PUT', ('images', name),
            body={'location': {'dest_url': dest_url}}, parse=_nothing)

    def delete(self, name: str) -> None:
        """Delete an image and its folder; done already is fine."""
        self._http.request('images.delete', 'DELETE', ('images', name),
                           parse=_nothing)


def _nothing(output: typing.Any) -> None:
    return None
