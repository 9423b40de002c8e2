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

"""Where the connector keeps its images, on its own host."""

import os.path

from nova_zvm.connector import models


class Repository:
    """The image repository of the connector."""

    def __init__(self, root: str) -> None:
        """Remember where it is.

        :param root: its path on the connector's host
        """
        self._root = root.rstrip('/')

    def imports(self, image: models.Image) -> str:
        """Return the folder of what is imported for the Linux of an image.

        Newer connectors tell an image's path, 1.6.3 does not, and imports
        into a folder in lower case (zvmsdk/smtclient.py image_import).
        """
        if image.path:
            return os.path.dirname(os.path.dirname(image.path))
        return self._folder(image.os_version.lower())

    def path(self, image: models.Image, vdev: str) -> str:
        """Return the path of an image's file.

        :param vdev: of the disk that the image was made of, as it names the
            file
        """
        return image.path or '%s/%s/%s' % (self._folder(image.os_version),
                                           image.name, vdev)

    def _folder(self, os_version: str) -> str:
        return '%s/netboot/%s' % (self._root, os_version)
