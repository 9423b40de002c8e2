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

"""Scenario files: what the simulated machine is at first start.

A scenario is YAML. What it leaves out is as in the default one, but that
members, pools, volumes and vswitches are replaced as a whole. A mistake is
told in one sentence, with the file, the path in it, and what is allowed.
"""

import importlib.resources
import pathlib
from typing import Any

import yaml

from nova_zvm.simulator import errors
from nova_zvm.simulator import faultrules
from nova_zvm.simulator import invocation
from nova_zvm.simulator import latency
from nova_zvm.simulator import schema

# Keys of others, which this module only lets through.
_FOREIGN = ('connector',)
# Keys in which a scenario gives only what differs from the default.
_MERGED = ('directory', 'timing', 'linux', 'connector', 'latency')

_USERID = schema.Text(r'^[A-Z0-9@#$_]{1,8}$',
                      'a name of 1 to 8 upper-case letters and digits')
_ANY = schema.Text(r'^\S.*$', 'a word, in quotes if it is a number')
_DEVICE = schema.Text(r'^[0-9A-Fa-f]{1,4}$',
                      'a device number of up to four hexadecimal digits, in '
                      'quotes')
_VOLUME = {'name': _USERID, 'size': schema.Count(),
           'model': schema.Text(r'^(3390|9336)-\w+$',
                                '3390-n for ECKD or 9336-n for FBA')}
_FCP_GROUP = {
    'devices': schema.Text(r'^[0-9A-Fa-f]{4}(-[0-9A-Fa-f]{4})?$',
                           'device numbers such as 1A00-1A07'),
    'chpid': _ANY, 'wwpn_prefix': _ANY, 'physical_wwpn': _ANY}
_MEMBER = {
    'name': _USERID, 'connector': _USERID,
    'release': schema.Text(r'^\d+\.\d+\.\d+$', 'a release such as 7.3.0'),
    'service_level': _ANY, 'machine_type': _ANY, 'machine_model': _ANY,
    'lpar': _ANY, 'processors': schema.Count(),
    'processor_type': schema.Text('^(CP|IFL)$', 'CP or IFL'),
    'storage_mib': schema.Count(), 'base_storage_mib': schema.Count(),
    'ipl_time': _ANY,
    'mac_prefix': schema.Text('^[0-9A-Fa-f]{6}$', 'six hexadecimal digits'),
    'osa_devices': [_DEVICE], 'fcp': [_FCP_GROUP]}
_VSWITCH = {
    'vlan': schema.Text(r'^(UNAWARE|AWARE|\d{1,4})$',
                        'UNAWARE, AWARE or a VLAN number', numbers=True),
    'port_type': schema.Text('^(ACCESS|TRUNK)$', 'ACCESS or TRUNK'),
    'real_devices': [_DEVICE]}
_ENTRIES = schema.Names(name=_USERID, item=schema.Lines())
_SCHEMA: dict[str, Any] = {
    'members': [_MEMBER],
    'ssi': schema.Text('^[A-Z0-9]{0,8}$', 'a name or nothing'),
    'timing': {'boot': schema.Number(), 'logoff': schema.Number(),
               'directory_delete': schema.Number()},
    'linux': {'authorized_senders': [_ANY]},
    'latency': schema.Some({
        'profile': schema.Text(f'^({"|".join(latency.PROFILES)})$',
                               'one of ' + ', '.join(latency.PROFILES)),
        'classes': schema.Some(dict.fromkeys(invocation.KINDS,
                                             schema.Number()))}),
    'faults': [faultrules.RULES],
    'pools': schema.Names(name=_USERID, item={'volumes': [_VOLUME]}),
    'volumes': [_VOLUME],
    'vswitches': schema.Names(name=_USERID, item=_VSWITCH),
    'directory': {
        'network_authorization': schema.Switch(), 'profiles': _ENTRIES,
        'users': _ENTRIES, 'logged_on': [_USERID]},
}
_SWITCH_DEFAULTS = {'vlan': 'UNAWARE', 'port_type': 'ACCESS',
                    'real_devices': []}


def load(path: pathlib.Path | None = None) -> dict[str, Any]:
    """Read a scenario file, or the default one; ScenarioError if wrong."""
    if path is None:
        return complete({}, 'the default scenario')
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise errors.ScenarioError(f'{path}: {error}; give a YAML file.')
    return complete(_parse(str(path), text), str(path))


def complete(data: dict[str, Any], source: str) -> dict[str, Any]:
    """Return a scenario with what it leaves out; ScenarioError if wrong."""
    result = _parse('the default scenario', _default_text())
    member = result['members'][0]
    for key, value in data.items():
        if key in _MERGED and isinstance(value, dict):
            value = _merged(result[key], value)
        result[key] = value
    _complete_items(result, member)
    schema.check({key: value for key, value in result.items()
                  if key not in _FOREIGN}, _SCHEMA, '', source)
    for number, fault in enumerate(result['faults']):
        faultrules.check(fault, f'faults[{number}]', source)
    _check_members(result, source)
    _add_connectors(result)
    return result


def _complete_items(data: dict[str, Any], member: dict[str, Any]) -> None:
    if isinstance(data['members'], list):
        data['members'] = [
            {**member, 'name': None, 'connector': None, **item}
            if isinstance(item, dict) else item for item in data['members']]
    if isinstance(data['vswitches'], dict):
        data['vswitches'] = {
            name: {**_SWITCH_DEFAULTS, **item}
            if isinstance(item, dict) else item
            for name, item in data['vswitches'].items()}


def _check_members(data: dict[str, Any], source: str) -> None:
    if not data['members']:
        raise schema.error(source, 'members', 'at least one member')
    if len(data['members']) > 1 and not data['ssi']:
        raise schema.error(source, 'ssi', 'the name of the SSI cluster that '
                           'several members are in')
    for key in ('name', 'connector'):
        values = [item[key] for item in data['members']]
        if len(set(values)) != len(values):
            raise schema.error(source, f'members.*.{key}', 'a value that no '
                               'other member has')


def _add_connectors(data: dict[str, Any]) -> None:
    """Give each connector's userid an entry if it has none."""
    for item in data['members']:
        data['directory']['users'].setdefault(
            item['connector'], f'USER {item["connector"]} ******** 8G 8G '
            'ABCDEG\nIUCV ANY\nIPL 0150\n')


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            value = {**base[key], **value}
        merged[key] = value
    return merged


def _parse(source: str, text: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = ' '.join(str(error).split())
        raise errors.ScenarioError(f'{source}: not YAML: {reason}.')
    if not isinstance(data, dict):
        raise schema.error(source, '', 'a mapping of ' + ', '.join(_SCHEMA))
    return data


def _default_text() -> str:
    files = importlib.resources.files('nova_zvm.simulator')
    return files.joinpath('scenarios', 'default.yaml').read_text()
