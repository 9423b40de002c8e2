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

These are the commands that the connector sends (zvmsdk/smtclient.py and
volumeop.py, smtLayer/changeVM.py) and a few that people ask; any other one
is told to be not found, as a shell does.
"""

from collections.abc import Callable
import fnmatch
import re

from zvm_simulator.cp import guestcp
from zvm_simulator.cp import machines
from zvm_simulator.cp import metering
from zvm_simulator.cp import program
from zvm_simulator.directory import statements
from zvm_simulator.disks import minidisks
from zvm_simulator.ground import errors
from zvm_simulator.linux import blockdevices
from zvm_simulator.linux import boot
from zvm_simulator.linux import distribution
from zvm_simulator.linux import hardware

_ACTIVATIONS = re.compile(
    r'^(systemctl start zvmguestconfigure(\.service)?|'
    r'service zvmguestconfigure start|'
    r'(/usr/bin/)?zvmguestconfigure start)$')
# Exit status of vmcp when CP's response is an error (s390-tools).
_CP_ERROR = 1

Handler = Callable[['Shell', 're.Match[str]'], str]


class Shell:
    """A root shell in a Linux that is up."""

    def __init__(self, system: boot.GuestOs, cp: program.Cp,
                 dasd: minidisks.Dasd,
                 userid: str, now: float) -> None:
        self._os = system
        self._cp = cp
        self._dasd = dasd
        self._userid = userid
        self._now = now

    def run(self, command: str) -> str:
        """Return a command's output; CommandError with its exit status."""
        command = command.strip().removeprefix('sudo ').removesuffix(' 2>&1')
        for pattern, handler in _COMMANDS:
            match = pattern.match(command)
            if match:
                return handler(self, match)
        name = ''.join(command.split()[:1])
        raise errors.CommandError(127, f'bash: {name}: command not found\n')

    @property
    def guest(self) -> machines.Guest:
        return self._cp.guests.get(self._userid)

    def become(self, outcome: hardware.Outcome) -> str:
        """Take over what a command made of the guest; return its output."""
        guest, output = outcome
        self._cp.guests.put(metering.resettled(self.guest, guest, self._now))
        return output

    def read(self, path: str) -> str:
        """Return a file; CommandError as cat tells that there is none."""
        try:
            return self._os.file(self._userid, path).decode(errors='replace')
        except KeyError:
            raise errors.CommandError(
                1, f'cat: {path}: No such file or directory\n')

    def authorise(self, match: 're.Match[str]') -> str:
        self._os.write_file(self._userid, boot.AUTHORISED,
                            match[1].strip())
        return ''

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
            self._os.halt(self._userid, self._now)
        return ''

    def command_line(self, match: 're.Match[str]') -> str:
        """cat /proc/cmdline, or its root= alone as the connector asks."""
        text = self._os.command_line(self._userid)
        if not match[1]:
            return f'{text}\n'
        return ''.join(f'{word[5:]}\n' for word in text.split()
                       if word.startswith('root='))

    def real_device(self, vdev: str) -> str:
        """Return what CP tells of a real device of the guest, or ''."""
        guest = self.guest
        real = guest.dedicated.get(vdev, '')
        device = self._cp.devices.find(guest.member, real)
        if device is None:
            return ''
        return (f'{device.kind}  {vdev} ON {device.kind}  {real} '
                'SUBCHANNEL = 0000\n')

    def df(self, match: 're.Match[str]') -> str:
        return blockdevices.df(self.guest, self._dasd)


def _echo(shell: Shell, match: 're.Match[str]') -> str:
    return match[1].strip('\'"') + '\n'


def _pwd(shell: Shell, match: 're.Match[str]') -> str:
    return '/\n'


def _hostname(shell: Shell, match: 're.Match[str]') -> str:
    return f'{shell.guest.linux.hostname}\n'


def _release_files(shell: Shell, match: 're.Match[str]') -> str:
    files = _distribution(shell).release_files
    return ''.join(f'{path}\n' for path in sorted(files)
                   if fnmatch.fnmatch(path, match[1]))


def _without_comments(shell: Shell, match: 're.Match[str]') -> str:
    return ''.join(f'{line}\n' for line in shell.read(match[1]).splitlines()
                   if not line.startswith('#'))


def _uname(shell: Shell, match: 're.Match[str]') -> str:
    found = _distribution(shell)
    if match[1] == '-r':
        return f'{found.kernel}\n'
    if match[1] == '-srm':
        return f'Linux {found.kernel} s390x\n'
    family = 'Ubuntu ' if found.name == 'ubuntu' else ''
    return (f'Linux {shell.guest.linux.hostname} {found.kernel} #1 {family}'
            'SMP s390x s390x s390x GNU/Linux\n')


def _read_link(shell: Shell, match: 're.Match[str]') -> str:
    return blockdevices.read_link(shell.guest, match[1])


def _dasd_devices(shell: Shell, match: 're.Match[str]') -> str:
    return blockdevices.dasd_devices(shell.guest, match[1] or '')


def _channel_devices(shell: Shell, match: 're.Match[str]') -> str:
    return blockdevices.channel_devices(shell.guest)


def _cat(shell: Shell, match: 're.Match[str]') -> str:
    return shell.read(match[1])


def _lscpu(shell: Shell, match: 're.Match[str]') -> str:
    return hardware.lscpu(shell.guest, bool(match[1]))


def _rescan(shell: Shell, match: 're.Match[str]') -> str:
    return shell.become(hardware.rescan(shell.guest))


def _chcpu(shell: Shell, match: 're.Match[str]') -> str:
    return shell.become(hardware.set_online(
        shell.guest, match[2], match[1] == '-e'))


def _lsmem(shell: Shell, match: 're.Match[str]') -> str:
    return hardware.lsmem(shell.guest, bool(match[1]))


def _chmem(shell: Shell, match: 're.Match[str]') -> str:
    change = (hardware.enable_storage if match[1] == '-e' else
              hardware.disable_storage)
    return shell.become(change(shell.guest, match[2]))


def _change_device(shell: Shell, match: 're.Match[str]') -> str:
    """chccwdev: a device that is there can be set online or offline."""
    try:
        vdev = statements.vdev(match[2].removeprefix('0.0.'))
    except ValueError:
        vdev = ''
    if vdev not in shell.guest.vdevs():
        raise errors.CommandError(1, f'Device {match[2]} not found\n')
    state = 'on' if match[1] == '-e' else 'off'
    return f'Setting device 0.0.{vdev.lower()} {state}line\nDone\n'


def _query_device(shell: Shell, match: 're.Match[str]') -> str:
    return (shell.real_device(statements.vdev(match[2])) or
            _vmcp(shell, match))


def _vmcp(shell: Shell, match: 're.Match[str]') -> str:
    command = match[1].strip().strip('\'"')
    try:
        return shell.become(guestcp.execute(shell.guest, command))
    except errors.CpError as error:
        raise errors.CommandError(_CP_ERROR, (
            f'{error.message()}\nError: non-zero CP response for command '
            f"'{command.upper()}': #{error.number}\n"))


def _distribution(shell: Shell) -> distribution.Distribution:
    return distribution.of(shell.guest.linux.os_version)


_COMMANDS: list[tuple['re.Pattern[str]', Handler]] = [
    (re.compile(r"^echo -n (\S+) ?> ?/etc/iucv_authorized_userid$"),
     Shell.authorise),
    (re.compile(r'^echo ([^>|&;]*)$'), _echo),
    (re.compile(r'^pwd$'), _pwd),
    (re.compile(r'^hostname$'), _hostname),
    (re.compile(r'^lscpu --parse=ADDRESS( --offline)?$'), _lscpu),
    (re.compile(r'^lsmem( -b)?$'), _lsmem),
    (re.compile(r'^ls (/etc/\*-?release)$'), _release_files),
    (re.compile(r'^grep -v \^# (\S+)$'), _without_comments),
    (re.compile(r'^uname (-srm|-r|-a)$'), _uname),
    (re.compile(r'^cat /proc/cmdline( .*root=.*)?$'), Shell.command_line),
    (re.compile(r'^readlink -f (\S+)$'), _read_link),
    (re.compile(r'^cat /proc/dasd/devices(?: \| grep -i "(.*)" ?)?$'),
     _dasd_devices),
    (re.compile(r'^(?:/sbin/)?lszdev$'), _channel_devices),
    (re.compile(r'^df( -k)?$'), Shell.df),
    (re.compile(r'^cat (\S+)$'), _cat),
    (_ACTIVATIONS, Shell.activate),
    (re.compile(r'^systemctl status zvmguestconfigure(\.service)?$'),
     Shell.activation_status),
    (re.compile(r'^lszfcp -D$'), Shell.scsi_devices),
    (re.compile(r'^shutdown (-h|-r) now$'), Shell.shut_down),
    (re.compile(r'^chcpu -r$'), _rescan),
    (re.compile(r'^chcpu (-e|-d) (\S+)$'), _chcpu),
    (re.compile(r'^(?:/sbin/)?chccwdev (-d|-e) (\S+)$'), _change_device),
    (re.compile(r'^chmem (-e|-d) (\S+)$'), _chmem),
    (re.compile(r'^(?:/sbin/)?vmcp (q ([0-9a-fA-F]{1,4}))$'),
     _query_device),
    (re.compile(r'^(?:/sbin/)?vmcp (.+)$'), _vmcp),
]
