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

"""refresh_bootmap: let a Linux on a LUN boot by the paths to it.

The script attaches FCP devices to the connector's own Linux, looks for the
LUN through each of them and each target port, writes the boot map anew with
the paths that it found, and gives the devices back. The exit status and the
lines with Exit MSG: say what failed (zvmsdk/smtclient.py
volume_refresh_bootmap).
"""

import dataclasses

from zvm_simulator.commands import ignition
from zvm_simulator.commands import request as requests
from zvm_simulator.disks import bootloader
from zvm_simulator.disks import scsi
from zvm_simulator.ground import errors
from zvm_simulator.ground import replies
from zvm_simulator.linux import coreos

PROGRAMS = ('refresh_bootmap',)
NO_DEVICE = 3
MISSING_OPTION = 4
NO_PARTITION = 6
NO_PATH = 10
TOO_MANY_DEVICES = 12
NO_IGNITION = 17
TOO_FEW_DEVICES = 19
OTHER_WWID = 20
_MOST_DEVICES = 8
# Paths that the kernel's command line has room for.
_MOST_PATHS = 8
_OPTIONS = ('fcpchannel', 'wwpn', 'lun', 'wwid', 'minfcp', 'ignitionurl',
            'nicid', 'ipconfig')

Paths = list[tuple[bootloader.Path, scsi.Lun]]


def prepare(words: list[str]) -> str | None:
    """Return the text of the Ignition file that an option names."""
    prefix = '--ignitionurl='
    for word in words:
        if word.startswith(prefix):
            return ignition.read(word.removeprefix(prefix))
    return None


def run(request: requests.Request) -> str:
    options = _options(request.words[1:])
    paths = _paths(request, options)
    _check_paths(options, paths)
    lun = paths[0][1]
    if options['wwid'] and options['wwid'].lower() != lun.wwid:
        raise errors.CommandError(
            OTHER_WWID, f'The WWID of the volume is {lun.wwid}, not '
            f'{options["wwid"]}.')
    if lun.content.partitions < 1:
        raise errors.CommandError(
            NO_PARTITION, f'devNode /dev/disk/by-id/dm-uuid-part1-mpath-'
            f'{lun.wwid} doesn\'t exist.')
    _write(request, options, lun, [path for path, _ in paths])
    return f'RESULT PATHS: {_result(paths)}\n'


def refuse(words: list[str], error: errors.Refusal) -> replies.Reply:
    status = error.status if isinstance(error, errors.CommandError) else 1
    return replies.failure(status, f'ERROR: {error}\nExit MSG: {error}\n')


def _options(words: list[str]) -> dict[str, str]:
    options = dict.fromkeys(_OPTIONS, '')
    for word in words:
        name, equals, value = word.removeprefix('--').partition('=')
        if not (word.startswith('--') and equals and name in options):
            raise errors.CommandError(NO_DEVICE, f'Unknown option: {word}.')
        options[name] = value
    if not options['fcpchannel'] or not options['lun']:
        raise errors.CommandError(MISSING_OPTION,
                                  'Please specify lun and fcpchannel.')
    given = [bool(options[name]) for name in _OPTIONS[5:]]
    if any(given) and not all(given):
        raise errors.CommandError(
            NO_PARTITION, 'Please specify ignitionurl, nicid and ipconfig.')
    if len(options['fcpchannel'].split(',')) > _MOST_DEVICES:
        raise errors.CommandError(
            TOO_MANY_DEVICES, 'The FCP channel count is greater than '
            f'{_MOST_DEVICES}.')
    return options


def _paths(request: requests.Request, options: dict[str, str]) -> Paths:
    """Return the paths to the LUN; each device must be free for it."""
    member = request.member.name
    found = []
    for device in options['fcpchannel'].upper().split(','):
        try:
            request.system.devices.check_free(member, device, 'ATR')
        except errors.CpError as error:
            raise errors.CommandError(
                NO_DEVICE, f'Failed to dedicate or online FCP: '
                f'{device.lower()}, {error.message()}')
        for port in options['wwpn'].upper().split(','):
            path = bootloader.Path(device, port, options['lun'].upper())
            lun = request.system.fabric.lun(member, device, port, path.lun)
            if lun:
                found.append((path, lun))
    return found


def _check_paths(options: dict[str, str], paths: Paths) -> None:
    if not paths:
        raise errors.CommandError(
            NO_PATH, f'No valid paths found between FCP devices: '
            f'{options["fcpchannel"]} and wwpns: {options["wwpn"]}')
    devices = len({path.vdev for path, _ in paths})
    wanted = int(options['minfcp']) if options['minfcp'].isdigit() else 0
    if devices < wanted:
        raise errors.CommandError(
            TOO_FEW_DEVICES, f'Only {devices} FCP devices have a path to the '
            f'volume, {wanted} are required.')


def _write(request: requests.Request, options: dict[str, str],
           lun: scsi.Lun, paths: list[bootloader.Path]) -> None:
    parameters = [f'root=/dev/disk/by-id/dm-uuid-part1-mpath-{lun.wwid}']
    parameters += [path.parameter() for path in paths[:_MOST_PATHS]]
    files = lun.content.files
    if options['ignitionurl']:
        if request.read is None:
            raise errors.CommandError(
                NO_IGNITION, 'failed fetching ignition config from '
                f'{options["ignitionurl"]}')
        parameters += coreos.parameters(options['nicid'],
                                        options['ipconfig'])
        files = {**files, coreos.IGNITION: request.read}
    request.system.storage.write(lun, dataclasses.replace(
        lun.content, files=bootloader.with_options(files, parameters)))


def _result(paths: Paths) -> str:
    """Return FCP1:W1 W2,FCP2:W1 in lower case."""
    ports: dict[str, list[str]] = {}
    for path, _ in paths:
        ports.setdefault(path.vdev.lower(), []).append(path.port.lower())
    return ','.join(f'{device}:{" ".join(names)}'
                    for device, names in ports.items())
