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
and the remedy.
"""

import os.path
import ssl

from importlib import metadata
from nova import exception as nova_exception
from oslo_log import log as logging

from nova_zvm.connector import errors
from nova_zvm.connector import url
from nova_zvm.zvm import names
from nova_zvm.zvm import units

LOG = logging.getLogger(__name__)

# A template with room for fewer instances is refused, one with room for
# fewer than the second number is warned about.
LEAST_CAPACITY = 0xffff
GOOD_CAPACITY = 10 ** 6


def version():
    """Return the version of the installed package."""
    return metadata.version('nova-zvm')


def checked(conf):
    """Return the [zvm] options.

    :raises InvalidConfiguration: naming the option and the remedy
    """
    zvm = conf.zvm
    if not zvm.cloud_connector_url:
        raise _wrong('[zvm] cloud_connector_url is not set: give the URL of '
                     'the z/VM Cloud Connector, such as '
                     'https://zvm.example.org/')
    try:
        url.checked(zvm.cloud_connector_url)
    except errors.InvalidUrl as exc:
        raise _wrong('[zvm] cloud_connector_url: %s' % exc)
    _check_files(zvm)
    _check_disk_pool(zvm.disk_pool)
    if zvm.user_profile and not names.USERID.fullmatch(zvm.user_profile):
        raise _wrong("[zvm] user_profile: '%s' cannot be a directory "
                     "profile, whose name has one to eight letters and "
                     "digits" % zvm.user_profile)
    _check_memory(zvm.guest_max_memory)
    _check_template(conf.instance_name_template)
    if conf.config_drive_format != 'iso9660':
        raise _wrong("config_drive_format = %s: z/VM guests take config "
                     "drives as iso9660 only" % conf.config_drive_format)
    for switch in zvm.vswitch_mappings.values():
        if not names.USERID.fullmatch(switch):
            raise _wrong("[zvm] vswitch_mappings: '%s' cannot be a virtual "
                         "switch, whose name has one to eight letters and "
                         "digits" % switch)
    return zvm


def _check_files(zvm):
    for option in ('ca_file', 'token_file'):
        path = getattr(zvm, option)
        if path and not os.path.isfile(path):
            raise _wrong('[zvm] %s: there is no file %s' % (option, path))
    if zvm.ca_file:
        _check_ca_file(zvm.ca_file)


def _check_ca_file(path):
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise _wrong('[zvm] ca_file: %s holds no CA certificate; it must be '
                     'a file in PEM format' % path)
    except OSError as exc:
        raise _wrong("[zvm] ca_file: %s cannot be read (%s); nova's user "
                     "needs read access" % (path, exc.strerror))


def _check_disk_pool(pool):
    if pool is None:
        return
    kind, _, name = pool.partition(':')
    if kind.upper() not in units.DISK_UNITS or not name:
        raise _wrong("[zvm] disk_pool: '%s' must be ECKD:NAME or FBA:NAME"
                     % pool)


def _check_memory(text):
    try:
        units.storage_mib(text)
    except ValueError:
        raise _wrong("[zvm] guest_max_memory: '%s' must be one to four "
                     "digits and M or G, such as 64G" % text)


def _check_template(template):
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


def _wrong(sentence):
    return nova_exception.InvalidConfiguration(sentence)
