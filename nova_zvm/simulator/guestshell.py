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

"""What a guest's Linux answers to the commands that come over IUCV.

These are the commands that the connector sends (zvmsdk/smtclient.py); any
other one is told to be not found, as a shell does.
"""

from collections.abc import Callable
import dataclasses
import re

from nova_zvm.simulator import cp as cps
from nova_zvm.simulator import errors
from nova_zvm.simulator import guestos
from nova_zvm.simulator import guests as logons
from nova_zvm.simulator import statements

_DISTRIBUTION = re.compile(r'^([a-z]+)(\d+)(?:(?:\.|sp)?(\d+))?$')
_NAMES = {'rhel': 'Red Hat Enterprise Linux', 'sles': 'SLES',
          'ubuntu': 'Ubuntu'}
_RELEASE_FILES = {'rhel': ('/etc/redhat-release', '/etc/system-release')}
_CPU_COMMENT = (
    '# The following is the parsable format, which can be fed to other\n'
    '# programs. Each different item in every column has an unique ID\n'
    '# starting from zero.\n# Address\n')
_ACTIVATIONS = re.compile(
    r'^(systemctl start zvmguestconfigure(\.service)?|'
    r'service zvmguestconfigure start|'
    r'(/usr/bin/)?zvmguestconfigure start)$')

Handler = Callable[['Shell', 're.Match[str]'], str]


class Shell:
    """A root shell in a Linux that is up."""

    def __init__(self, system: guestos.GuestOs, cp: cps.Cp, userid: str,
                 now: float) -> None:
        self._os = system
        self._cp = cp
        self._userid = userid
        self._now = now

    def run(self, command: str) -> str:
        """Return a command's output; CommandError with its exit status."""
        command = command.strip().removeprefix('sudo ').removesuffix(' 2>&1')
        for pattern, handler in _COMMANDS:
            match = pattern.match(command)
            if match:
                return handler(self, match)
        raise errors.CommandError(
            127, f'bash: {command.split()[0]}: command not found\n')

    @property
    def guest(self) -> logons.Guest:
        return self._cp.guests.get(self._userid)

    def echo(self, match: 're.Match[str]') -> str:
        return match[1].strip('\'"') + '\n'

    def authorise(self, match: 're.Match[str]') -> str:
        self._os.write_file(self._userid, guestos.AUTHORISED,
                            match[1].strip())
        return ''

    def pwd(self, match: 're.Match[str]') -> str:
        return '/\n'

    def hostname(self, match: 're.Match[str]') -> str:
        return f'{self.guest.linux.hostname}\n'

    def processors(self, match: 're.Match[str]') -> str:
        return _CPU_COMMENT + ''.join(
            f'{address}\n' for address in self.guest.linux.processors)

    def storage(self, match: 're.Match[str]') -> str:
        guest = self.guest
        return ('Memory block size : 256 MB\n'
                f'Total online memory : {guest.linux.storage_mib} MB\n'
                f'Total offline memory: {guest.standby_mib} MB\n')

    def release_files(self, match: 're.Match[str]') -> str:
        name, _ = _distribution(self.guest.linux.os_version)
        files = ('/etc/os-release',) + _RELEASE_FILES.get(name, ())
        return ''.join(f'{file}\n' for file in files)

    def os_release(self, match: 're.Match[str]') -> str:
        name, version = _distribution(self.guest.linux.os_version)
        title = _NAMES.get(name, name)
        return (f'NAME="{title}"\nVERSION="{version}"\nID="{name}"\n'
                f'VERSION_ID="{version}"\n'
                f'PRETTY_NAME="{title} {version}"\n')

    def uname(self, match: 're.Match[str]') -> str:
        linux = self.guest.linux
        release = guestos.kernel_release(linux.os_version)
        if match[1] == '-srm':
            return f'Linux {release} s390x\n'
        family = 'Ubuntu ' if 'ubuntu' in linux.os_version.lower() else ''
        return (f'Linux {linux.hostname} {release} #1 {family}SMP s390x '
                's390x s390x GNU/Linux\n')

    def command_line(self, match: 're.Match[str]') -> str:
        return '/dev/dasda1\n'

    def read_link(self, match: 're.Match[str]') -> str:
        return f'{match[1]}\n'

    def dasd_devices(self, match: 're.Match[str]') -> str:
        lines = []
        for number, disk in enumerate(self.guest.disks):
            kind = 'ECKD' if disk.devtype == '3390' else 'FBA '
            lines.append(f'0.0.{disk.vdev.lower()}({kind}) at ( 94:'
                         f'{number * 4:6}) is dasd{chr(97 + number)}       '
                         ': active at blocksize: 4096')
        wanted = match[1] or ''
        return ''.join(f'{line}\n' for line in lines if wanted in line)

    def cat(self, match: 're.Match[str]') -> str:
        try:
            return self._os.file(self._userid, match[1]).decode(
                errors='replace')
        except KeyError:
            raise errors.CommandError(
                1, f'cat: {match[1]}: No such file or directory\n')

    def activate(self, match: 're.Match[str]') -> str:
        self._os.activate(self._userid)
        if self.guest.linux.activation_status:
            raise errors.CommandError(
                1, 'Job for zvmguestconfigure.service failed because the '
                'control process exited with error code.\n', done=True)
        return ''

    def activation_status(self, match: 're.Match[str]') -> str:
        """systemctl status; volumeop.py reads the line with Main PID."""
        status = self.guest.linux.activation_status
        state = 'failed (Result: exit-code)' if status else 'inactive (dead)'
        text = ('zvmguestconfigure.service - Activation engine\n'
                f'   Active: {state}\n Main PID: 1024 (code=exited, '
                f'status={status}/{"FAILURE" if status else "SUCCESS"})\n')
        raise errors.CommandError(3, text)

    def scsi_devices(self, match: 're.Match[str]') -> str:
        return ''.join(
            f'0.0.{path["vdev"].lower()}/0x{path["port"].lower()}/'
            f'0x{volume["lun"].lower()} 0:0:{number}:0\n'
            for volume in self._os.volumes(self._userid)
            for number, path in enumerate(volume['paths']))

    def shut_down(self, match: 're.Match[str]') -> str:
        if match[1] == '-r':
            self._os.reboot(self._userid, self._now)
        else:
            self._os.halt(self._userid)
        return ''

    def rescan_processors(self, match: 're.Match[str]') -> str:
        guest = self.guest
        self._put_linux(processors=guest.processors)
        return 'Triggered system-wide rescan of CPUs\n'

    def nothing(self, match: 're.Match[str]') -> str:
        return ''

    def define_processors(self, match: 're.Match[str]') -> str:
        guest = self.guest
        added = {int(address, 16) for address in match[1].split()}
        if added & set(guest.processors):
            raise errors.CommandError(
                1, 'HCPDFI1459E The virtual CPU already exists\n')
        self._cp.guests.put(dataclasses.replace(guest, processors=tuple(
            sorted(added | set(guest.processors)))))
        return ''.join(f'CPU {address:02X} defined\n'
                       for address in sorted(added))

    def define_standby(self, match: 're.Match[str]') -> str:
        size = statements.storage_mib(match[1])
        self._cp.guests.put(dataclasses.replace(self.guest,
                                                standby_mib=size))
        return f'STORAGE = {self.guest.storage_mib}M STANDBY = {size}M\n'

    def enable_storage(self, match: 're.Match[str]') -> str:
        guest = self.guest
        size = statements.storage_mib(match[1])
        if size > guest.standby_mib:
            raise errors.CommandError(
                1, f'chmem: Could only set {guest.standby_mib} MB of memory '
                'online.\n')
        linux = dataclasses.replace(
            guest.linux, storage_mib=guest.linux.storage_mib + size)
        self._cp.guests.put(dataclasses.replace(
            guest, storage_mib=guest.storage_mib + size,
            standby_mib=guest.standby_mib - size, linux=linux))
        return ''

    def detach(self, match: 're.Match[str]') -> str:
        vdev = statements.vdev(match[1])
        if self.guest.disk(vdev) is None:
            raise errors.CommandError(
                1, f'HCPDTV040E Device {vdev} does not exist\n')
        self._cp.remove_disk(self._userid, vdev)
        return f'DASD {vdev} DETACHED\n'

    def query_device(self, match: 're.Match[str]') -> str:
        vdev = statements.vdev(match[1])
        nic = self.guest.nic(vdev)
        real = self.guest.dedicated.get(vdev, '')
        device = self._cp.devices.find(self.guest.member, real)
        if device:
            return (f'{device.kind}  {vdev} ON {device.kind}  {real} '
                    'SUBCHANNEL = 0000\n')
        if nic is None:
            raise errors.CommandError(
                1, f'HCPQVD040E Device {vdev} does not exist\n')
        where = f'VSWITCH: SYSTEM {nic.switch}' if nic.switch else (
            'UNCOUPLED')
        return f'OSA  {vdev} ON NIC  {vdev}  UNIT  000 SUBCHANNEL {where}\n'

    def _put_linux(self, processors: tuple[int, ...]) -> None:
        guest = self.guest
        self._cp.guests.put(dataclasses.replace(
            guest, linux=dataclasses.replace(guest.linux,
                                             processors=processors)))


_COMMANDS: list[tuple['re.Pattern[str]', Handler]] = [
    (re.compile(r"^echo -n (\S+) ?> ?/etc/iucv_authorized_userid$"),
     Shell.authorise),
    (re.compile(r'^echo ([^>|&;]*)$'), Shell.echo),
    (re.compile(r'^pwd$'), Shell.pwd),
    (re.compile(r'^hostname$'), Shell.hostname),
    (re.compile(r'^lscpu --parse=ADDRESS$'), Shell.processors),
    (re.compile(r'^lsmem( -b)?$'), Shell.storage),
    (re.compile(r'^ls /etc/\*-release$'), Shell.release_files),
    (re.compile(r'^cat /etc/os-release$'), Shell.os_release),
    (re.compile(r'^uname (-srm|-a)$'), Shell.uname),
    (re.compile(r'^cat /proc/cmdline .*root='), Shell.command_line),
    (re.compile(r'^readlink -f (\S+)$'), Shell.read_link),
    (re.compile(r'^cat /proc/dasd/devices(?: \| grep -i "(.*)" ?)?$'),
     Shell.dasd_devices),
    (re.compile(r'^cat (\S+)$'), Shell.cat),
    (_ACTIVATIONS, Shell.activate),
    (re.compile(r'^systemctl status zvmguestconfigure(\.service)?$'),
     Shell.activation_status),
    (re.compile(r'^lszfcp -D$'), Shell.scsi_devices),
    (re.compile(r'^shutdown (-h|-r) now$'), Shell.shut_down),
    (re.compile(r'^chcpu -r$'), Shell.rescan_processors),
    (re.compile(r'^chcpu -e \S+$'), Shell.rescan_processors),
    (re.compile(r'^/sbin/chccwdev -[de] \S+$'), Shell.nothing),
    (re.compile(r'^vmcp def cpu (.+)$'), Shell.define_processors),
    (re.compile(r'^vmcp def storage standby (\S+)$'), Shell.define_standby),
    (re.compile(r'^chmem -e (\S+)$'), Shell.enable_storage),
    (re.compile(r'^/sbin/vmcp detach (\S+)$'), Shell.detach),
    (re.compile(r'^vmcp q (\S+)$'), Shell.query_device),
]


def _distribution(os_version: str) -> tuple[str, str]:
    match = _DISTRIBUTION.match(os_version.lower())
    if not match:
        return os_version.lower() or 'linux', ''
    version = match[2] if match[3] is None else f'{match[2]}.{match[3]}'
    if match[1] == 'ubuntu' and len(match[2]) == 4:
        version = f'{match[2][:2]}.{match[2][2:]}'
    return match[1], version
