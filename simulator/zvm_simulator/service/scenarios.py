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

A scenario is YAML; some come with the product and are known by name. What
one leaves out is as in the default one, but that members, pools, volumes
and vswitches are replaced as a whole. A mistake is told in one sentence,
with the file, the path in it, and what is allowed.
"""

from collections.abc import Iterable
import importlib.resources
import pathlib
from typing import Any

import yaml

from zvm_simulator.faults import rules
from zvm_simulator.ground import errors
from zvm_simulator.ground import latency
from zvm_simulator.ground import schema

# The scenarios that come with the product.
NAMES = ('default', 'ssi')
# Keys in which a scenario gives only what differs from the default.
_MERGED = ('directory', 'timing', 'linux', 'latency')


def _one_of(names: Iterable[str]) -> schema.Text:
    names = list(names)
    return schema.Text(f'^({"|".join(names)})$', f'one of {", ".join(names)}')


_USERID = schema.Text(r'^[A-Z0-9@#$_]{1,8}$',
                      'a name of 1 to 8 upper-case letters and digits')
_ANY = schema.Text(r'^\S.*$', 'a word, in quotes if it is a number')
_DEVICE = schema.Text(r'^[0-9A-Fa-f]{1,4}$',
                      'a device number of up to four hexadecimal digits, in '
                      'quotes')
_VOLUME = {'name': _USERID, 'size': schema.Count(), 'members': [_USERID],
           'model': schema.Text(r'^(3390|9336)-\w+$',
                                '3390-n for ECKD or 9336-n for FBA')}
_DEVICES = schema.Text(r'^[0-9A-Fa-f]{1,4}(-[0-9A-Fa-f]{1,4})?$',
                       'device numbers such as A10-A12, in quotes')
_WWPN = schema.Text('^[0-9A-Fa-f]{16}$', 'sixteen hexadecimal digits, in '
                    'quotes')
_FCP_GROUP = {
    'devices': _DEVICES, 'physical_wwpn': _WWPN,
    'chpid': schema.Text('^[0-9A-Fa-f]{2}$',
                         'two hexadecimal digits, in quotes'),
    'wwpn_prefix': schema.Text('^[0-9A-Fa-f]{8,12}$',
                               'eight to twelve hexadecimal digits')}
_MEMBER = {
    'name': _USERID, 'connector': _USERID,
    'release': schema.Text(r'^\d+\.\d+\.\d+$', 'a release such as 7.3.0'),
    'service_level': _ANY, 'machine_type': _ANY, 'machine_model': _ANY,
    'lpar': _ANY, 'processors': schema.Count(),
    'processor_type': schema.Text('^(CP|IFL)$', 'CP or IFL'),
    'storage_mib': schema.Count(), 'base_storage_mib': schema.Count(),
    'guest_storage_mib': schema.Count(), 'overcommitment': schema.Number(),
    'ipl_time': _ANY,
    'mac_prefix': schema.Text('^[0-9A-Fa-f]{6}$', 'six hexadecimal digits'),
    'cec_name': _ANY,
    'cec_serial': schema.Text('^[0-9A-F]{16}$', 'sixteen hexadecimal '
                              'digits, in quotes'),
    'osa_devices': [_DEVICES], 'fcp': [_FCP_GROUP],
    'eqids': schema.Names(name=_DEVICES, item=schema.Text(
        r'^[A-Z0-9]{1,8}$',
        'an EQID of 1 to 8 upper-case letters and digits'))}
_VSWITCH = {
    'vlan': schema.Text(r'^(UNAWARE|AWARE|\d{1,4})$',
                        'UNAWARE, AWARE or a VLAN number', numbers=True),
    'port_type': schema.Text('^(ACCESS|TRUNK)$', 'ACCESS or TRUNK'),
    'real_devices': [_DEVICE]}
_STORAGE = {
    'ports': [_WWPN],
    'initiators': [schema.Text(r'^[0-9A-Fa-f]{0,16}\*?$',
                               'a port name, or its beginning and *')],
    'luns': [{'lun': _WWPN, 'size_gib': schema.Count(),
              'os_version': schema.Text(r'^[a-z0-9.]*$',
                                        'a name such as rhel8.6')}]}
_OPTION = schema.Text(r'^[a-z_0-9]+$', 'a name as zvmsdk.conf has it')
# Where a connector has its files and ports: not a scenario's to say.
_OWN_OPTIONS = ('database.dir', 'file.file_repository',
                'image.sdk_image_repository', 'logging.log_dir',
                'sdkserver.bind_addr', 'sdkserver.bind_port',
                'wsgi.token_path')
_ENTRIES = schema.Names(name=_USERID, item=schema.Lines())
_SCHEMA: dict[str, Any] = {
    'members': [_MEMBER],
    'ssi': schema.Text('^[A-Z0-9]{0,8}$', 'a name or nothing'),
    'relocation_domains': schema.Names(name=_USERID, item=[_USERID]),
    'timing': {'logoff': schema.Number(),
               'directory_delete': schema.Number(),
               'relocation': schema.Number(), 'quiesce': schema.Number()},
    'linux': {'authorized_senders': [_ANY]},
    'faults': [rules.RULES],
    'pools': schema.Names(name=_USERID, item={'volumes': [_VOLUME]}),
    'volumes': [_VOLUME],
    'vswitches': schema.Names(name=_USERID, item=_VSWITCH),
    'storage': schema.Names(name=_USERID, item=_STORAGE),
    'directory': {
        'network_authorization': schema.Switch(), 'profiles': _ENTRIES,
        'users': _ENTRIES, 'logged_on': [_USERID]},
    'connector': schema.Names(
        name=_OPTION, item=schema.Names(name=_OPTION, item=schema.Value())),
    'latency': {
        'profile': _one_of(latency.PROFILES),
        'classes': schema.Some(dict.fromkeys(latency.CLASSES,
                                             schema.Number()))},
}
_SWITCH_DEFAULTS = {'vlan': 'UNAWARE', 'port_type': 'ACCESS',
                    'real_devices': []}


def load(path: pathlib.Path | None = None) -> dict[str, Any]:
    """Read a scenario file, one that comes with the product by its name.

    Without a path, the default one. ScenarioError if it is wrong.
    """
    if path is None:
        return complete({}, 'the default scenario')
    if str(path) in NAMES and not path.is_file():
        return complete(_parse(str(path), _shipped(str(path))), str(path))
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, 'strerror', None) or 'not UTF-8'
        raise errors.ScenarioError(f'{path}: {reason}; give a YAML file or '
                                   f'one of {", ".join(NAMES)}.')
    return complete(_parse(str(path), text), str(path))


def complete(data: dict[str, Any], source: str) -> dict[str, Any]:
    """Return a scenario with what it leaves out; ScenarioError if wrong."""
    result = _parse('the default scenario', _shipped('default'))
    member = result['members'][0]
    for key, value in data.items():
        if key in _MERGED and isinstance(value, dict):
            value = _merged(result[key], value)
        result[key] = value
    _complete_items(result, member)
    schema.check(result, _SCHEMA, '', source)
    _check_members(result, source)
    _check_options(result, source)
    _check_faults(result, source)
    _add_connectors(result)
    return result


def _complete_items(data: dict[str, Any], member: dict[str, Any]) -> None:
    if isinstance(data['members'], list):
        data['members'] = [
            {**member, 'name': None, 'connector': None, **item}
            if isinstance(item, dict) else item for item in data['members']]
    data['volumes'] = _complete_volumes(data['volumes'])
    if isinstance(data['pools'], dict):
        data['pools'] = {
            name: {**item, 'volumes': _complete_volumes(item['volumes'])}
            if isinstance(item, dict) and 'volumes' in item else item
            for name, item in data['pools'].items()}
    if isinstance(data['vswitches'], dict):
        data['vswitches'] = {
            name: {**_SWITCH_DEFAULTS, **item}
            if isinstance(item, dict) else item
            for name, item in data['vswitches'].items()}


def _complete_volumes(volumes: Any) -> Any:
    if not isinstance(volumes, list):
        return volumes
    return [{'members': [], **item} if isinstance(item, dict) else item
            for item in volumes]


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
    _check_named(data, source)


def _check_named(data: dict[str, Any], source: str) -> None:
    """Check that what is of some members names members."""
    known = [item['name'] for item in data['members']]
    named = {f'relocation_domains.{name}': item
             for name, item in data['relocation_domains'].items()}
    named |= {f'volumes.{volume["name"]}.members': volume['members']
              for volume in data['volumes']}
    named |= {f'pools.{pool}.volumes.{volume["name"]}.members':
              volume['members'] for pool, item in data['pools'].items()
              for volume in item['volumes']}
    for path, names in named.items():
        if not set(names) <= set(known):
            raise schema.error(source, path, 'names of ' + ', '.join(known))


def _check_options(data: dict[str, Any], source: str) -> None:
    for section, options in data['connector'].items():
        for option in options:
            if f'{section}.{option}' in _OWN_OPTIONS:
                raise schema.error(
                    source, f'connector.{section}.{option}', 'an option that '
                    'the simulator does not set; it sets '
                    + ', '.join(_OWN_OPTIONS))


def _check_faults(data: dict[str, Any], source: str) -> None:
    for number, fault in enumerate(data['faults']):
        rules.check(fault, f'faults[{number}]', source)


def _add_connectors(data: dict[str, Any]) -> None:
    """Give each connector's userid an entry if it has none."""
    for item in data['members']:
        data['directory']['users'].setdefault(
            item['connector'], f'USER {item["connector"]} ******** 8G 8G '
            'ABCDEG\nOPTION LNKNOPAS CHPIDV ONE\nIUCV ANY\nIPL 0150\n')


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


def _shipped(name: str) -> str:
    files = importlib.resources.files('zvm_simulator')
    return files.joinpath('scenarios', f'{name}.yaml').read_text()
