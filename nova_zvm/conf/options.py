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

"""Options of the driver, in nova's own group [zvm].

nova itself registers four options there (nova/conf/zvm.py). The sample file
has these as well, with what they mean to this driver.
"""

from oslo_config import cfg

GROUP = 'zvm'

OF_NOVA = [
    cfg.URIOpt('cloud_connector_url',
               sample_default='http://zvm.example.org:8080/',
               help="""
URL of the z/VM Cloud Connector, ``http`` or ``https``. Required.

A port, a path prefix and a literal IPv6 address in brackets may be in it.
Without a port it is 443 or 80.
"""),
    cfg.StrOpt('ca_file',
               help="""
File with the CA certificates that prove the connector's certificate.

Without this option the system's CAs are used. The certificate is always
verified.
"""),
    cfg.StrOpt('image_tmp_path',
               sample_default='$state_path/images',
               help="""
Directory for the files that nova-compute itself keeps.

Images are streamed and config drives are made in memory, so neither is stored
there, unless ``[DEFAULT] mkisofs_cmd`` is set. While an upload of an image
lies on the connector, a file there says where.
"""),
    cfg.IntOpt('reachable_timeout',
               default=300,
               help="""
Seconds that the Linux of a new guest may take until it responds.

After that the boot has failed, and the guest is removed. With 0 the driver
does not wait: the server is active once its guest is logged on, whatever its
Linux does.
"""),
]

OPTS = [
    cfg.StrOpt('token_file',
               help="""
File with the admin token of the z/VM Cloud Connector.

Required if the connector is configured with ``[wsgi] auth = token``. The file
holds the same text as the connector's own token file. The driver reads the
file again whenever the connector refuses a token, so it can be replaced at any
time.
Without this option the driver sends no token.
"""),
    cfg.StrOpt('disk_pool',
               help="""
Disk pool of the minidisks of all guests, as ``ECKD:NAME`` or ``FBA:NAME``.

Optional if the connector has one disk pool, required if it has several.
Images must be of the pool's type.
"""),
    cfg.StrOpt('user_profile',
               help="""
Directory profile that the entry of a new guest includes.

Without it the connector uses its own default. The profile must exist in the
z/VM directory.
"""),
    cfg.IntOpt('guest_max_vcpus',
               min=1, max=64, default=32,
               help="""
Largest number of virtual processors of one guest.

Written into the directory entry of each new guest, so that it can be given
more processors later, and reported as the largest flavor that fits. z/VM
allows 64.
"""),
    cfg.StrOpt('guest_max_memory',
               default='64G',
               help="""
Largest storage of one guest, as one to four digits and M or G.

Written into the directory entry of each new guest, so that it can be given
more storage later, and reported as the largest flavor that fits.
"""),
    cfg.DictOpt('vswitch_mappings',
                default={},
                help="""
Virtual switch for each physical network, as ``physnet:VSWITCH,...``.

Used where Neutron does not name the switch itself, as its mechanism driver
``zvm`` does. Ports on a physical network that is not listed are coupled to the
virtual switch of the same name.
"""),
    cfg.BoolOpt('require_mac_prefix',
                default=False,
                help="""
Refuse ports whose MAC address does not have z/VM's prefix.

z/VM takes the last six digits of a port's MAC address; the first six are the
same for the whole system. If ``base_mac`` in Neutron differs, the NIC has
another address than the port, and cloud-init, for example, does not find it.
Without this option the driver only logs a warning.
"""),
    cfg.StrOpt('image_repository',
               default='/var/lib/zvmsdk/images',
               help="""
Path of the image repository on the connector's host.

The value of ``[image] sdk_image_repository`` in the connector's own
configuration. Config drives pass through it on their way to a guest, and
the images of snapshots are read from it. It should be on a file system that
is mounted with ``relatime`` at least: only access times show when an image
was last used.
"""),
    cfg.BoolOpt('capture_unreachable_guests',
                default=False,
                help="""
Allow snapshots of a running server whose operating system does not respond.

For a snapshot the Cloud Connector shuts down the guest's operating system. If
that does not respond, the connector logs the guest off without a shutdown, and
the image is like a disk after a crash. Without this option the driver refuses
such a snapshot.
"""),
    cfg.IntOpt('disable_service_after',
               min=0, default=120,
               help="""
Seconds without an answer from z/VM after which the service is disabled.

The compute service of this host is then disabled with a reason that begins
with ``AUTO:``, so that the scheduler sends it no new servers, and enabled
again as soon as z/VM answers. nova-compute asks z/VM when it updates its
resources (``[DEFAULT] update_resources_interval``, a minute by default), and
two minutes are more than a restart of the connector takes. 0 leaves the
service enabled, and so does a negative ``update_resources_interval``.
"""),
    cfg.FloatOpt('connect_timeout',
                 min=0.001, default=10,
                 help="""
Seconds to wait for a connection to the z/VM Cloud Connector.
"""),
    cfg.FloatOpt('timeout_scale',
                 min=0.0001, default=1,
                 help="""
Multiplier for all other request timeouts of the z/VM Cloud Connector.

Each operation has a limit of its own, from a minute for a query to half an
hour for a deploy. Raise the multiplier on a slow system.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Entry point oslo.config.opts: what the sample file is made of."""
    return [(GROUP, OF_NOVA + OPTS)]
