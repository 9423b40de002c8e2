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

"""What is true of a simulated z/VM at every moment.

Read from the state as anybody sees it (Machine.state(), GET /state), so that
a test of any kind can ask at its end, of a process elsewhere too.
"""

import collections

from zvm_simulator.directory import statements


class Broken(AssertionError):
    """The state contradicts itself; the text says all of it."""


def check(state, live=None, directory_authority=False):
    """Raise Broken if a state is none that a z/VM could be in.

    :param live: (userid, vdev) of the devices that a guest may have although
        its directory entry, with its profile, does not define them; None
        does not look at this
    :param directory_authority: whether a NICDEF statement is an authority to
        couple
    """
    found = [*_space(state), *_statements(state), *_logons(state),
             *_couplings(state, directory_authority), *_lists(state)]
    if live is not None:
        found += _devices(state, live)
    if found:
        raise Broken('\n'.join(found))


def lines_of(state, userid):
    """Return the statements of an entry and of its profile."""
    entry = state['directory'][userid]
    lines = entry['text'].splitlines()
    for words in statements.words_of(lines, 'INCLUDE'):
        profile = state['directory'].get(words[1].upper())
        lines += profile['text'].splitlines() if profile else []
    return lines


def defined(state, userid):
    """Return the device numbers that an entry defines, each as often."""
    lines = lines_of(state, userid)
    return _vdevs(
        [disk.vdev for disk in statements.mdisks(lines)],
        [nic.vdev for nic in statements.nicdefs(lines)],
        [statements.vdev(words[1])
         for words in statements.words_of(lines, 'DEDICATE')])


def attached(state, userid):
    """Return the device numbers that a logged-on guest has."""
    guest = state['guests'][userid]
    return _vdevs([disk['vdev'] for disk in guest['disks']],
                  [nic['vdev'] for nic in guest['nics']],
                  guest['dedicated'])


def _vdevs(disks, nics, dedicated):
    """Return all numbers: an adapter has three."""
    return [*disks, *dedicated, *(f'{int(vdev, 16) + item:04X}'
                                  for vdev in nics for item in range(3))]


def _space(state):
    """No extent has two owners; free and used make up volume and pool."""
    for name, pool in state['pools'].items():
        for total in ('free', 'used'):
            if pool[total] != sum(volume[total] for volume
                                  in pool['volumes'].values()):
                yield f'{name}: {total} is not that of its volumes'
        for label, volume in pool['volumes'].items():
            yield from _volume(label, volume)


def _volume(label, volume):
    extents = sorted(
        [(disk['start'], disk['size'], f'{disk["userid"]} {disk["vdev"]}')
         for disk in volume['used_extents']] +
        [(start, size, 'free') for start, size in volume['free_extents']])
    position = 1
    for start, size, owner in extents:
        if start != position or size < 1:
            yield (f'{label}: {owner} has {size} from {start}, and '
                   f'{position} is the next that has no owner')
        position = start + size
    if position != volume['size']:
        yield f'{label}: {position} is not its end {volume["size"]}'
    for total, part in (('used', [disk['size'] for disk
                                  in volume['used_extents']]),
                        ('free', [size for _, size
                                  in volume['free_extents']])):
        if volume[total] != sum(part):
            yield f'{label}: {total} is {volume[total]}, not {sum(part)}'


def _statements(state):
    """A MDISK statement owns exactly its extent, a number is used once."""
    pooled = {label: name for name, pool in state['pools'].items()
              for label in pool['volumes']}
    stated, ends = collections.Counter(), collections.defaultdict(list)
    for userid, entry in state['directory'].items():
        lines = entry['text'].splitlines()
        for disk in statements.mdisks(lines):
            ends[disk.volume].append((disk.start, disk.start + disk.size,
                                      f'{userid} {disk.vdev}'))
            if disk.volume in pooled:
                stated[disk.volume, userid, disk.vdev, disk.start,
                       disk.size] += 1
        vdevs = collections.Counter(defined(state, userid))
        yield from (f'{userid}: {vdev} is defined {count} times'
                    for vdev, count in vdevs.items() if count > 1)
    owned = collections.Counter(
        (label, disk['userid'], disk['vdev'], disk['start'], disk['size'])
        for pool in state['pools'].values()
        for label, volume in pool['volumes'].items()
        for disk in volume['used_extents'])
    yield from (f'{extent} is owned and not stated'
                for extent in owned - stated)
    yield from (f'{extent} is stated and not owned'
                for extent in stated - owned)
    ends.pop('', None)
    for volume, extents in ends.items():
        extents.sort()
        yield from (f'{volume}: {one[2]} and {other[2]} overlap'
                    for one, other in zip(extents, extents[1:])
                    if one[1] > other[0])


def _logons(state):
    """A guest that is logged on is defined, and is on one member."""
    for userid, guest in state['guests'].items():
        if guest['userid'] != userid:
            yield f'{userid}: the guest is {guest["userid"]}'
        if userid not in state['directory']:
            yield f'{userid}: logged on and not in the directory'
        if guest['member'] not in state['members']:
            yield f'{userid}: logged on at {guest["member"]}'
        vdevs = collections.Counter(attached(state, userid))
        yield from (f'{userid}: {vdev} is there {count} times'
                    for vdev, count in vdevs.items() if count > 1)
    told = sorted((userid, name) for name, member in state['members'].items()
                  for userid in member['guests'])
    there = sorted((guest['userid'], guest['member'])
                   for guest in state['guests'].values())
    if told != there:
        yield f'the members tell {told}, logged on are {there}'


def _couplings(state, directory_authority):
    """Who is coupled may be, to a switch that is there and knows it."""
    coupled = collections.Counter()
    for userid, guest in state['guests'].items():
        member = state['members'].get(guest['member'], {})
        for nic in guest['nics']:
            if not nic['switch']:
                continue
            coupled[guest['member'], nic['switch'], userid, nic['vdev']] += 1
            switch = member.get('vswitches', {}).get(nic['switch'])
            if switch is None:
                yield f'{userid}: coupled to {nic["switch"]}, which is not'
            elif userid not in switch['grants'] and not directory_authority:
                yield f'{userid}: coupled to {nic["switch"]} without grant'
    ports = collections.Counter(
        (member, name, port['userid'], port['vdev'])
        for member, one in state['members'].items()
        for name, switch in one['vswitches'].items()
        for port in switch['ports'])
    yield from (f'{port} is a port on one side only'
                for port in (ports - coupled) + (coupled - ports))


def _lists(state):
    """Name lists name somebody once; a spool file has a number alone."""
    for name, userids in state['namelists'].items():
        if not userids or len(set(userids)) != len(userids):
            yield f'{name}: {userids} is no name list'
    for owner, files in state['spool'].items():
        numbers = [file['spoolid'] for file in files]
        if len(set(numbers)) != len(numbers) or not all(
                0 < number < 10000 for number in numbers):
            yield f'{owner}: {numbers} are no numbers of spool files'


def _devices(state, live):
    """A guest has no device but of its entry, or of one who gave it."""
    for userid in state['guests']:
        known = set(defined(state, userid)) | {
            vdev for owner, vdev in live if owner == userid}
        yield from (f'{userid}: {vdev} is neither defined nor attached live'
                    for vdev in attached(state, userid) if vdev not in known)
