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

"""The driver's configuration, checked before anything is done with it.

Whatever is wrong stops nova-compute with one sentence that names the option
and the remedy. The options are read once, by read(), and nowhere else.
"""

from collections import abc
import dataclasses
from importlib import metadata
import os.path
import ssl
import types
from typing import Any

from nova import exception as nova_exception
from oslo_log import log as logging

from nova_zvm.connector import client
from nova_zvm.connector import errors
from nova_zvm.connector import url
from nova_zvm.zvm import names
from nova_zvm.zvm import units

LOG = logging.getLogger(__name__)

# A template with room for fewer instances is refused, one with room for
# fewer than the second number is warned about.
LEAST_CAPACITY = 0xffff
GOOD_CAPACITY = 10 ** 6


@dataclasses.dataclass(frozen=True)
class Pool:
    """The disk pool that guests get their minidisks from.

    :ivar kind: 'ECKD' or 'FBA'
    :ivar name: of the pool on z/VM
    :ivar text: kind and name as the connector takes them
    """

    kind: str
    name: str
    text: str

    @classmethod
    def parse(cls, text: str) -> 'Pool':
        """Return what such as 'ECKD:POOL1' names.

        :raises ValueError: if that is no disk pool
        """
        kind, _, name = text.partition(':')
        if kind.upper() not in units.DISK_UNITS or not name:
            raise ValueError(text)
        return cls(kind.upper(), name, text)

    @property
    def units(self) -> str:
        """What its minidisks are measured in, 'CYL' or 'BLK'."""
        return units.DISK_UNITS[self.kind]


@dataclasses.dataclass(frozen=True)
class Settings:
    """The [zvm] options of this nova-compute.

    Each has the name of its option, and the sample file tells its meaning.

    :ivar disk_pool: None for the connector's own
    :ivar guest_max_memory: as the connector takes it, such as '64G'
    :ivar guest_max_mib: the same in MiB
    """

    cloud_connector_url: str
    ca_file: str | None
    token_file: str | None
    connect_timeout: float
    timeout_scale: float
    image_tmp_path: str
    image_repository: str
    disk_pool: Pool | None
    user_profile: str | None
    guest_max_vcpus: int
    guest_max_memory: str
    guest_max_mib: int
    vswitch_mappings: abc.Mapping[str, str]
    require_mac_prefix: bool
    reachable_timeout: int
    capture_unreachable_guests: bool
    disable_service_after: int

    def connector(self) -> client.Connector:
        """Return a client of the connector; nothing is asked yet."""
        return client.Connector(
            self.cloud_connector_url, token_file=self.token_file,
            ca_file=self.ca_file, connect_timeout=self.connect_timeout,
            timeout_scale=self.timeout_scale)


def version() -> str:
    """Return the version of the installed package."""
    return metadata.version('nova-zvm')


def read(conf: Any) -> Settings:
    """Return the [zvm] options, checked, as they are now.

    :raises InvalidConfiguration: naming the option and the remedy
    """
    _check_url(conf.zvm.cloud_connector_url)
    _check_files(conf.zvm)
    pool = _disk_pool(conf.zvm.disk_pool)
    _check_profile(conf.zvm.user_profile)
    max_mib = _max_mib(conf.zvm.guest_max_memory)
    _check_template(conf.instance_name_template)
    if conf.config_drive_format != 'iso9660':
        raise _wrong("config_drive_format = %s: z/VM guests take config "
                     "drives as iso9660 only" % conf.config_drive_format)
    _check_switches(conf.zvm.vswitch_mappings.values())
    as_they_are = {field.name: conf.zvm[field.name]
                   for field in dataclasses.fields(Settings)
                   if field.name in conf.zvm}
    return Settings(**{
        **as_they_are,
        'disk_pool': pool,
        'guest_max_memory': conf.zvm.guest_max_memory.strip().upper(),
        'guest_max_mib': max_mib,
        'vswitch_mappings': types.MappingProxyType(
            dict(conf.zvm.vswitch_mappings))})


def _check_url(text: str | None) -> None:
    if not text:
        raise _wrong('[zvm] cloud_connector_url is not set: give the URL of '
                     'the z/VM Cloud Connector, such as '
                     'https://zvm.example.org/')
    try:
        url.checked(text)
    except errors.InvalidUrl as exc:
        raise _wrong('[zvm] cloud_connector_url: %s' % exc)


def _check_files(zvm: Any) -> None:
    for option in ('ca_file', 'token_file'):
        path = getattr(zvm, option)
        if path and not os.path.isfile(path):
            raise _wrong('[zvm] %s: there is no file %s' % (option, path))
    if zvm.ca_file:
        _check_ca_file(zvm.ca_file)


def _check_ca_file(path: str) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise _wrong('[zvm] ca_file: %s holds no CA certificate; it must be '
                     'a file in PEM format' % path)
    except OSError as exc:
        raise _wrong("[zvm] ca_file: %s cannot be read (%s); nova's user "
                     "needs read access" % (path, exc.strerror))


def _disk_pool(text: str | None) -> Pool | None:
    if text is None:
        return None
    try:
        return Pool.parse(text)
    except ValueError:
        raise _wrong("[zvm] disk_pool: '%s' must be ECKD:NAME or FBA:NAME"
                     % text)


def _check_profile(profile: str | None) -> None:
    if profile and not names.USERID.fullmatch(profile):
        raise _wrong("[zvm] user_profile: '%s' cannot be a directory "
                     "profile, whose name has one to eight letters and "
                     "digits" % profile)


def _check_switches(switches: abc.Iterable[str]) -> None:
    for switch in switches:
        if not names.USERID.fullmatch(switch):
            raise _wrong("[zvm] vswitch_mappings: '%s' cannot be a virtual "
                         "switch, whose name has one to eight letters and "
                         "digits" % switch)


def _max_mib(text: str) -> int:
    try:
        return units.storage_mib(text)
    except ValueError:
        raise _wrong("[zvm] guest_max_memory: '%s' must be one to four "
                     "digits and M or G, such as 64G" % text)


def _check_template(template: str) -> None:
    capacity = names.template_capacity(template)
    if capacity < LEAST_CAPACITY:
        raise _wrong("instance_name_template = %s: z/VM userids have one to "
                     "eight letters and digits, and this template makes "
                     "such names %s; use one like abc%%05x" % (
                         template,
                         'only up to instance %d' % capacity
                         if capacity >= 0 else 'for no instance'))
    if capacity < GOOD_CAPACITY:
        LOG.warning('instance_name_template = %s has room up to instance %d '
                    'of the whole cell; shorten its prefix or use '
                    'hexadecimal numbers before the cell has had so many',
                    template, capacity)


def _wrong(sentence: str) -> Exception:
    return nova_exception.InvalidConfiguration(sentence)
