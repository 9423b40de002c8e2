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

"""Config drives: from nova's metadata into the guest's reader.

A drive holds the admin password and the user data, so it is made in memory
and never lies on this host's disk, unless the operator has set mkisofs_cmd.

The activation engine in the guest takes a config drive only from a reader
file named ``cfgdrive iso``, and the connector names a reader file after the
path that it is given. An upload gets a name without meaning, so it is
imported as an image and exported again, beside itself, under the right
name. For that the ISO carries the connector's disk image header in its
first 32 KiB, which ISO 9660 leaves to the system.
"""

from collections import abc
import contextlib
import io
import typing

from nova.api.metadata import base as metadata
from nova import conf
from nova import exception as nova_exception
from nova.network import model
from nova import objects
from nova.virt import configdrive
from oslo_log import log as logging

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.guest import iso9660
from nova_zvm.guest import mkisofs
from nova_zvm.pace import background
from nova_zvm.pace import locks
from nova_zvm.record import ownership
from nova_zvm.transfer import repository
from nova_zvm.transfer import uploads
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import names

CONF = conf.CONF
LOG = logging.getLogger(__name__)

FILE_NAME = 'cfgdrive.iso'
# By which cloud-init finds a config drive.
LABEL = 'config-2'
SWEEP = 'zvm-config-drives'


class ConfigDrives:
    """Config drives of the instances that want one."""

    def __init__(self, connector: client.Connector, staging: uploads.Staging,
                 files: repository.Repository, tmp_path: str,
                 threads: background.Background) -> None:
        """Prepare; nothing is asked yet.

        :param files: the Repository of the connector
        :param tmp_path: the directory for files of nova-compute
        :param threads: the Background
        """
        self._connector = connector
        self._staging = staging
        self._repository = files
        self._tmp_path = tmp_path
        self._background = threads

    def begin_sweep(self, instances: list['objects.Instance']) -> None:
        """Remove what a killed nova-compute has left of drives.

        On the connector in the background: it may take its time.

        :param instances: those whose drive is recorded to be there
        """
        mkisofs.sweep(self._tmp_path)
        if instances:
            self._background.start(SWEEP, self.sweep, instances)

    def sweep(self, instances: list['objects.Instance']) -> None:
        for instance in instances:
            if self._background.is_ending():
                return
            try:
                with self._locked(instance):
                    ownership.refresh(instance)
                    self.discard(instance)
            except Exception as exc:
                LOG.warning('Could not remove the config drive from the '
                            'connector: %s',
                            exc, instance=instance)

    def built(self, instance: 'objects.Instance', injected_files: typing.Any,
              admin_password: str | None,
              network_info: model.NetworkInfo | None) -> bytes | None:
        """Return a new drive as bytes, None if none is wanted."""
        if not configdrive.required_by(instance):
            return None
        extra = {'admin_pass': admin_password} if admin_password else {}
        builder = configdrive.ConfigDriveBuilder(metadata.InstanceMetadata(
            instance, content=injected_files, extra_md=extra,
            network_info=network_info))
        header = imageheader.Header(1, 'CYL').pack()
        return header + self._iso(builder)[len(header):]

    def _iso(self, builder: configdrive.ConfigDriveBuilder) -> bytes:
        if mkisofs.is_set():
            return mkisofs.image(builder, self._tmp_path)
        try:
            return iso9660.image(dict(builder.mdfiles), LABEL)
        except Exception as exc:
            raise nova_exception.InvalidInput(
                reason='the config drive cannot be made: %s. Set mkisofs_cmd '
                       'to let a program make it' % exc) from exc

    @contextlib.contextmanager
    def delivered(self, instance: 'objects.Instance', drive: bytes | None,
                  image: models.Image) -> abc.Iterator[str | None]:
        """Give the path of the drive on the connector's host, for deploy.

        :param drive: as built() gave it; None gives None
        :param image: the connector's record of the instance's image, beside
            which the drive lies as long as the block lasts
        """
        if drive is None:
            yield None
            return
        name = names.config_drive(instance.uuid)
        with self._locked(instance):
            upload = self._staging.upload(instance, io.BytesIO(drive),
                                          len(drive))
            try:
                self._staging.imported(name, upload, image.os_version)
                path = '%s/%s/%s' % (self._repository.imports(image), name,
                                     FILE_NAME)
                self._export(name, path)
                yield path
            finally:
                self.discard(instance)

    @staticmethod
    def _locked(instance: 'objects.Instance'
               ) -> contextlib.AbstractContextManager[object]:
        """Keep a sweep from the drive of a boot that is under way."""
        return locks.config_drive(instance.uuid)

    def discard(self, instance: 'objects.Instance') -> None:
        """Remove an instance's drive from the connector, whatever is there.

        And what else was uploaded for it, if that has not been possible.
        """
        if ownership.upload_url(instance) and not self._is_removed(instance):
            return
        self._staging.blank(instance)

    def _is_removed(self, instance: 'objects.Instance') -> bool:
        try:
            self._connector.images.delete(names.config_drive(instance.uuid))
        except errors.ConnectorError as exc:
            LOG.warning('Could not remove the config drive from the '
                        'connector: %s', exc, instance=instance)
            return False
        return True

    def _export(self, name: str, path: str) -> None:
        try:
            self._connector.images.export(name, 'file://' + path)
        except errors.ConnectorError as exc:
            if isinstance(exc, (errors.Unreachable, errors.OutcomeUnknown)):
                raise
            raise failures.wrong_repository('write to', path) from exc
