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

"""The tables of the status page, made of one snapshot of the state.

A table that can be long shows a part of its rows and tells how many there
are.
"""

from collections.abc import Iterable
import dataclasses
from typing import Any

GUESTS_A_PAGE = 100
MOST_PORTS = 24
MOST_EXTENTS = 6
MOST_DEVICES = 64

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Part:
    """Some of the rows of a table; total counts all."""

    rows: list[Any]
    total: int
    number: int = 1
    pages: int = 1

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def first(rows: Iterable[Any], most: int) -> Part:
    """Return the first rows of a table."""
    found = list(rows)
    return Part(found[:most], len(found))


def members(state: Row, connectors: Row) -> list[Row]:
    """Return a row for each member and the connector on it."""
    return [{
        'name': name, 'connector': item['connector'],
        'release': item['release'], 'processors': item['processors'],
        'storage': item['storage_mib'],
        # 4096-byte pages.
        'storage_used': item['pages_in_use'] // 256,
        'guests': sum(guest['member'] == name
                      for guest in state['guests'].values()),
        'rest_url': connectors[name]['rest_url'],
        'sdk_port': connectors[name]['sdk_port'],
        'pid': connectors[name]['pid'],
    } for name, item in state['members'].items()]


def guests(state: Row, wanted: str, number: int) -> Part:
    """Return one page of the guests whose userid has wanted in it."""
    userids = sorted(
        userid for userid, entry in state['directory'].items()
        if not entry['profile'] and wanted.upper() in userid)
    pages = max(1, -(-len(userids) // GUESTS_A_PAGE))
    number = min(max(1, number), pages)
    disks = _disks_by_userid(state)
    shown = userids[(number - 1) * GUESTS_A_PAGE:number * GUESTS_A_PAGE]
    logged_on: dict[str, list[Row]] = {}
    for guest in state['guests'].values():
        logged_on.setdefault(guest['userid'], []).append(guest)
    # An IDENTITY is logged on at each member of a cluster.
    return Part([_guest(userid, state['directory'][userid], guest,
                        disks.get(userid, []))
                 for userid in shown
                 for guest in logged_on.get(userid, [None])],
                len(userids), number, pages)


def volumes(state: Row) -> list[Row]:
    """Return a row for each volume of the disk pools."""
    return [{
        'pool': pool, 'name': name, 'model': volume['model'],
        'unit': _unit(volume['model']), 'size': volume['size'],
        'used': volume['used'], 'free': volume['free'],
        'minidisks': len(volume['used_extents']),
        'extents': first(sorted(volume['free_extents'],
                                key=lambda extent: -extent[1]),
                         MOST_EXTENTS),
    } for pool, item in state['pools'].items()
        for name, volume in item['volumes'].items()]


def switches(state: Row) -> list[Row]:
    """Return a row for each virtual switch with what is coupled to it."""
    return [{
        'member': member, 'name': name, 'vlan': switch['vlan'],
        'port_type': switch['port_type'],
        'devices': switch['real_devices'],
        'grants': len(switch['grants']),
        'ports': first(switch['ports'], MOST_PORTS),
    } for member, item in state['members'].items()
        for name, switch in item['vswitches'].items()]


def fcp_devices(state: Row) -> Part:
    """Return a row for each FCP device, those in use first."""
    rows = [{'member': name, **device}
            for name, item in state['members'].items()
            for device in item['fcp_devices']]
    return first(sorted(rows, key=lambda row: not row['owner']), MOST_DEVICES)


def _guest(userid: str, entry: Row, guest: Row | None,
           disks: list[Row]) -> Row:
    row = {'userid': userid, 'state': 'logged off',
           'locked_by': entry['locked_by'],
           'going_away': entry['going_away'], 'disks': disks}
    if guest is None:
        return row
    addresses = {item['vdev']: f'{item["ip"]}/{item["prefix"]}'
                 for item in guest['linux']['networks']}
    return {
        **row, 'state': guest['status'], 'member': guest['member'],
        'linux': guest['linux'], 'ipl': guest['ipl'],
        'storage': guest['storage_mib'],
        'processors': len(guest['processors']),
        'disks': [{**disk, 'unit': _unit(disk['devtype'])}
                  for disk in guest['disks']],
        'nics': [{**nic, 'address': addresses.get(nic['vdev'], '')}
                 for nic in guest['nics']],
        'dedicated': guest['dedicated'],
    }


def _disks_by_userid(state: Row) -> dict[str, list[Row]]:
    disks: dict[str, list[Row]] = {}
    for pool in state['pools'].values():
        for name, volume in pool['volumes'].items():
            for disk in volume['used_extents']:
                disks.setdefault(disk['userid'], []).append({
                    'vdev': disk['vdev'], 'size': disk['size'],
                    'volume': name, 'unit': _unit(volume['model'])})
    return {userid: sorted(found, key=lambda disk: str(disk['vdev']))
            for userid, found in disks.items()}


def _unit(model: str) -> str:
    return 'cyl' if model.startswith('3390') else 'blocks'
