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

"""How long an answer of the connector may take, by operation.

Everything the connector does is synchronous: a deploy answers when the disk
has been written. Seconds are between sending a request and its answer (for
files: between two pieces), before the timeout scale. How long z/VM may take
afterwards, to finish what was answered, is in pace/waiting.py.
"""

import dataclasses

# Answered from the connector's database or by a few CP and SMAPI commands.
QUICK = 60
# Six or seven SMAPI commands, one of them over all volumes of the pool.
HOST = 120
# SMAPI hands these to the directory manager, which does one at a time; the
# connector itself repeats for 17 s when an entry is locked.
DIRECTORY_CHANGE = 300
# A directory entry, its minidisks, and an IPL statement.
CREATE = 600
# Data are moved track by track.
DISK_COPY = 1900
# SMAPI's own limit for an activation or deactivation is 240 s.
POWER = 300
# A command in the guest (60), the pause after it (15) and a deactivation.
SOFT_STOP = 60 + 15 + 60
# The connector's own default, [guest] softstop_timeout, when none is sent.
SOFT_STOP_WAIT = 120
# iucvclnt's own limit.
GUEST_COMMAND = 60
# Four commands in the guest, and a few on z/VM.
GUEST_INFO = 4 * GUEST_COMMAND + 60
# A command in the guest (60) and the wait for its Linux to go down (300).
REBOOT = 60 + 300 + 60
# Copied within the connector's host, and read once more for its checksum.
IMAGE_COPY = 900
# Between two pieces of a file, and from its last piece to the answer.
FILE = 300

# Of each operation, so that one that is misspelt is an error.
SECONDS = {
    'certificate': QUICK,
    'files.download': FILE,
    'files.probe': QUICK,
    'files.upload': FILE,
    'guests.adapters': QUICK,
    'guests.capture': SOFT_STOP + SOFT_STOP_WAIT + DISK_COPY + POWER,
    'guests.configure_disks': DIRECTORY_CHANGE,
    'guests.console_output': HOST,
    'guests.couple': DIRECTORY_CHANGE,
    'guests.create': CREATE,
    'guests.create_interface': DIRECTORY_CHANGE + GUEST_COMMAND,
    'guests.create_nic': DIRECTORY_CHANGE,
    'guests.delete': CREATE,
    'guests.delete_interface': DIRECTORY_CHANGE + GUEST_COMMAND,
    'guests.delete_nic': DIRECTORY_CHANGE,
    'guests.deploy': DISK_COPY,
    'guests.deregister': QUICK,
    'guests.directory_entry': QUICK,
    'guests.info': GUEST_INFO,
    'guests.interface_stats': QUICK,
    'guests.list': QUICK,
    'guests.nics': QUICK,
    'guests.pause': POWER,
    'guests.power_state': QUICK,
    'guests.reboot': REBOOT,
    'guests.register': HOST,
    'guests.reset': POWER,
    'guests.soft_stop': SOFT_STOP,
    'guests.start': POWER,
    'guests.stats': QUICK,
    'guests.stop': POWER,
    'guests.unpause': POWER,
    'host.disk_pool': HOST,
    'host.disk_pool_volumes': HOST,
    'host.free_extents': HOST,
    'host.info': HOST,
    'host.volume': HOST,
    'images.create': IMAGE_COPY,
    'images.delete': IMAGE_COPY,
    'images.export': IMAGE_COPY,
    'images.get': QUICK,
    'images.list': QUICK,
    'token': QUICK,
    'version': QUICK,
    'volumes.fcp_templates': QUICK,
    'vswitches.get': QUICK,
    'vswitches.grant': DIRECTORY_CHANGE,
    'vswitches.list': QUICK,
    'vswitches.revoke': DIRECTORY_CHANGE,
    'vswitches.set_vlan': DIRECTORY_CHANGE,
}


@dataclasses.dataclass(frozen=True)
class Timeouts:
    """The table under a deployment's connect timeout and scale."""

    connect: float = 10.0
    scale: float = 1.0

    def read(self, operation: str, wait: float = 0) -> float:
        """Return the seconds to wait for the answer to an operation.

        :param wait: what the caller told the connector itself to wait
        :raises KeyError: if there is no such operation
        """
        return (SECONDS[operation] + wait) * self.scale
