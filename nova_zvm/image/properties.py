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

"""What an image's properties and header say about where it can run.

nova knows of some of the properties only (objects.ImageMetaProps); the
others are taken as Glance has them.
"""

from collections import abc
from typing import Any

from nova import objects
from nova.objects import fields
from nova import utils

from nova_zvm.connector import models
from nova_zvm.errors import failures
from nova_zvm.zvm import imageheader
from nova_zvm.zvm import units

OS_VERSION = 'os_version'
DISK_TYPE = 'zvm_disk_type'


def of_instance(instance: 'objects.Instance') -> abc.Mapping[str, Any]:
    """Return all properties of the image that an instance boots from."""
    return utils.get_image_from_system_metadata(
        instance.system_metadata)['properties']


def os_version(image_meta: 'objects.ImageMeta',
               properties: abc.Mapping[str, Any],
               connector_version: models.Version) -> str:
    """Return the image's operating system as the connector names it.

    :param properties: as Glance has them
    :raises ImageUnacceptable: if the image cannot be for z/VM, with what
        property is wrong
    """
    _check_architecture(image_meta)
    distro = image_meta.properties.get('os_distro')
    if not distro:
        raise failures.unacceptable(
            image_meta, 'it needs the property os_distro with the name and '
            'version of its Linux, such as rhel8.6')
    for candidate in (distro, _with_version(distro, properties)):
        if connector_version.takes_os_version(candidate):
            return candidate
    raise failures.unacceptable(
        image_meta, "its property os_distro '%s'%s is not one that the z/VM "
        "Cloud Connector %s supports: rhel, sles or ubuntu with a version, "
        "such as rhel8.6, sles15.4 or ubuntu22.04"
        % (distro, _told_version(properties), connector_version.version))


def check_disk_type(image_meta: 'objects.ImageMeta',
                    properties: abc.Mapping[str, Any],
                    pool_units: str | None) -> None:
    """Refuse by its property an image of another type than the pool.

    :param pool_units: 'CYL' or 'BLK', None if unknown
    """
    kind = properties.get(DISK_TYPE)
    if kind is None:
        return
    if kind.upper() not in units.DISK_UNITS:
        raise failures.unacceptable(
            image_meta, "its property %s '%s' must be ECKD or FBA"
            % (DISK_TYPE, kind))
    _check_units(image_meta, units.DISK_UNITS[kind.upper()], pool_units)


def check_header(image_meta: 'objects.ImageMeta',
                 header: imageheader.Header,
                 pool_units: str | None) -> None:
    """Refuse by its header an image of another type than the pool."""
    _check_units(image_meta, header.units, pool_units)


def _check_architecture(image_meta: 'objects.ImageMeta') -> None:
    architecture = image_meta.properties.get(
        'hw_architecture', fields.Architecture.S390X)
    if architecture != fields.Architecture.S390X:
        raise failures.unacceptable(
            image_meta, "its property hw_architecture is '%s', z/VM runs "
            "s390x" % architecture)


def _with_version(distro: str, properties: abc.Mapping[str, Any]) -> str:
    """Return name and version, as sles and 15-SP4 are sles15sp4."""
    version = str(properties.get(OS_VERSION) or '')
    return distro + version.lower().replace('-', '').replace(' ', '')


def _told_version(properties: abc.Mapping[str, Any]) -> str:
    version = properties.get(OS_VERSION)
    return " with os_version '%s'" % version if version else ''


def _check_units(image_meta: 'objects.ImageMeta', image_units: str,
                 pool_units: str | None) -> None:
    if pool_units and image_units != pool_units:
        raise failures.unacceptable(
            image_meta, 'it is of an %s disk, the disk pool is %s'
            % (units.DISK_TYPES[image_units], units.DISK_TYPES[pool_units]))
