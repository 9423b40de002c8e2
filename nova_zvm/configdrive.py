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

"""Config drives: from nova's builder into the guest's reader.

The activation engine in the guest takes a config drive only from a reader
file named ``cfgdrive iso``, and the connector names a reader file after the
path that it is given. An upload gets a name without meaning, so it is
imported as an image and exported again, beside itself, under the right
name. For that the ISO carries the connector's disk image header in its
first 32 KiB, which ISO 9660 leaves to the system.
"""

import contextlib
import os
import shutil
import tempfile

from nova.api.metadata import base as metadata
from nova import conf
from nova import exception as nova_exception
from nova.virt import configdrive
from oslo_concurrency import processutils
from oslo_log import log as logging

from nova_zvm.connector import errors
from nova_zvm import diskimage
from nova_zvm import exception
from nova_zvm import names
from nova_zvm import ownership

CONF = conf.CONF
LOG = logging.getLogger(__name__)

FILE_NAME = 'cfgdrive.iso'


class ConfigDrives:
    """Config drives of the instances that want one."""

    def __init__(self, connector, staging):
        self._connector = connector
        self._staging = staging

    def sweep(self):
        """Remove what a killed nova-compute left on this host."""
        shutil.rmtree(_local_folder(), ignore_errors=True)

    @contextlib.contextmanager
    def built(self, instance, injected_files, admin_password, network_info):
        """Give the path of a new drive, or None if none is wanted."""
        if not configdrive.required_by(instance):
            yield None
            return
        os.makedirs(_local_folder(), mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_local_folder()) as directory:
            path = os.path.join(directory, FILE_NAME)
            extra = {'admin_pass': admin_password} if admin_password else {}
            self._make(path, metadata.InstanceMetadata(
                instance, content=injected_files, extra_md=extra,
                network_info=network_info))
            yield path

    @staticmethod
    def _make(path, instance_metadata):
        try:
            with configdrive.ConfigDriveBuilder(instance_metadata) as builder:
                builder.make_drive(path)
        except (OSError, processutils.ProcessExecutionError) as exc:
            raise nova_exception.InvalidInput(
                reason="mkisofs_cmd: '%s' cannot make a config drive: %s"
                       % (CONF.mkisofs_cmd, exc)) from exc
        with open(path, 'r+b') as drive:
            drive.write(diskimage.Header(1, 'CYL').pack())

    @contextlib.contextmanager
    def delivered(self, instance, local_path, image):
        """Give the path of the drive on the connector's host, for deploy.

        :param local_path: as built() gave it; None gives None
        :param image: the connector's record of the instance's image, beside
            which the drive lies as long as the block lasts
        """
        if local_path is None:
            yield None
            return
        name = names.config_drive(instance.uuid)
        with open(local_path, 'rb') as drive:
            upload = self._staging.upload(
                instance, drive, os.path.getsize(local_path))
        try:
            self._import(name, upload, image.os_version)
            path = '%s/%s/%s' % (_folder(image), name, FILE_NAME)
            self._export(name, path)
            yield path
        finally:
            self.discard(instance)

    def discard(self, instance):
        """Remove an instance's drive from the connector, whatever is there.

        And what else was uploaded for it, if that has not been possible.
        """
        if ownership.upload(instance) and not self._is_removed(instance):
            return
        self._staging.blank(instance)

    def _is_removed(self, instance):
        try:
            self._connector.images.delete(names.config_drive(instance.uuid))
        except errors.ConnectorError as exc:
            LOG.warning('The config drive stays on the connector: %s', exc,
                        instance=instance)
            return False
        return True

    def _import(self, name, upload, os_version):
        # One that comes late would stay.
        with exception.late_effect_awaited(lambda: self._is_there(name)):
            try:
                self._connector.images.create(name, upload.url, os_version)
            except errors.Conflict:
                # Left by an earlier try that was cut off.
                self._connector.images.delete(name)
                self._connector.images.create(name, upload.url, os_version)

    def _is_there(self, name):
        try:
            self._connector.images.get(name)
        except errors.NotFound:
            return False
        return True

    def _export(self, name, path):
        try:
            self._connector.images.export(name, 'file://' + path)
        except errors.ConnectorError as exc:
            if isinstance(exc, (errors.Unreachable, errors.OutcomeUnknown)):
                raise
            raise nova_exception.InvalidInput(
                reason="[zvm] image_repository must name the z/VM Cloud "
                       "Connector's sdk_image_repository: it cannot write "
                       "to %s" % path) from exc


def _local_folder():
    """Return where this compute service makes config drives.

    Several may run on one host, each for a z/VM of its own.
    """
    return os.path.join(CONF.zvm.image_tmp_path,
                        'nova-zvm-%s' % CONF.host.replace('/', '_'))


def _folder(image):
    """Return the folder in which the connector keeps an image's folder.

    Newer connectors tell an image's path, 1.6.3 does not.
    """
    if image.path:
        return os.path.dirname(os.path.dirname(image.path))
    return '%s/netboot/%s' % (CONF.zvm.image_repository.rstrip('/'),
                              image.os_version.lower())
