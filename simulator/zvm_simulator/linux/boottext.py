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

"""What a guest's Linux writes on its console, as the real one would.

Lines of the boot loader, the kernel, systemd, the activation engine,
cloud-init and getty, from the true state of the guest. What the activation
engine and cloud-init say comes between arriving and ready from themselves.
"""

from zvm_simulator.cp import devicenames
from zvm_simulator.cp import machines
from zvm_simulator.disks import minidisks
from zvm_simulator.linux import distribution

HALTED = (
    '[  OK  ] Stopped target Multi-User System.',
    '[  OK  ] Unmounted /boot.',
    '[  OK  ] Reached target Shutdown.',
    'Unmounted all file systems.',
    'reboot: System halted',
    'HCPGSP2629I The virtual machine is placed in CP mode due to a SIGP stop '
    'from CPU 00.')
NO_SYSTEM = ('HCPGIR450W CP entered; disabled wait PSW 00020001 80000000 '
             '00000000 00000000',)
LOADER = 'Booting default (grub2/zipl)'


def starting(guest: machines.Guest, command_line: str) -> tuple[str, ...]:
    """Return what comes up to the first line of systemd."""
    found = distribution.of(guest.linux.os_version)
    lines = [
        LOADER,
        f'Linux version {found.kernel} (boot {guest.linux.boots})',
        'setup: Linux is running as a z/VM guest operating system in 64-bit '
        'mode',
        f'Kernel command line: {command_line}',
        f'Memory: {guest.storage_mib * 1024}K total',
        f'cpu: {len(guest.processors)} configured CPUs, 0 standby CPUs',
    ]
    for name, disk in devicenames.of(guest).items():
        lines += _disk(disk, name)
    lines += [f'qeth 0.0.{nic.vdev.lower()}: Device is a Virtual NIC QDIO '
              f'card (level: V731)' for nic in guest.nics]
    return tuple(lines) + (
        'systemd[1]: Detected virtualization zvm.',
        'systemd[1]: Detected architecture s390x.',
        'systemd[1]: Mounted Root File System.')


def arriving() -> tuple[str, ...]:
    return ('[  OK  ] Reached target Basic System.',
            '         Starting Activation engine for configuring z/VM when '
            'it starts...')


def ready(guest: machines.Guest) -> tuple[str, ...]:
    """Return what comes when the system is up."""
    found = distribution.of(guest.linux.os_version)
    return ('[  OK  ] Started Activation engine for configuring z/VM when it '
            'starts.',
            '[  OK  ] Reached target Multi-User System.', '', found.title,
            f'Kernel {found.kernel} on an s390x', '',
            f'{guest.linux.hostname} login:')


def lost_root(vdev: str) -> tuple[str, ...]:
    """Return what a Linux writes that does not find its root disk."""
    node = f'/dev/disk/by-path/ccw-0.0.{vdev.lower()}-part1'
    return (LOADER,
            f'dracut-initqueue[401]: Warning: {node} does not exist',
            'Generating "/run/initramfs/rdsosreport.txt"', '',
            'Entering emergency mode. Exit the shell to continue.')


def _disk(disk: machines.Disk, name: str) -> list[str]:
    kib = disk.size * minidisks.UNIT_BYTES[disk.model] // 1024
    vdev = disk.vdev.lower()
    if disk.devtype != '3390':
        return [f'dasd-fba 0.0.{vdev}: New FBA DASD 9336/10 (CU 6310/80) '
                f'with {kib // 1024} MB and 512 B/blk']
    return [f'dasd-eckd 0.0.{vdev}: DASD with 4 KB/block, {kib} KB total '
            'size, 48 KB/track, compatible disk layout',
            f' {name}:VOL1/  0X{disk.vdev}: {name}1']
