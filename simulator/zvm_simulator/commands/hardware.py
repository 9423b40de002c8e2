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

"""Programs of the connector's Linux that tell of the hardware below it.

A connector newer than 1.6.3 asks for the machine, the LPAR and the channel
paths of FCP devices.
"""

import json
from typing import Any

from zvm_simulator.commands import request as requests
from zvm_simulator.ground import errors
from zvm_simulator.ground import replies

PROGRAMS = ('zhypinfo', 'lschp')
_HEADER = ('CHPID  Vary  Cfg.  Type  Cmg  Shared  PCHID\n'
           '============================================\n')
# Channel path types: OSA-Express QDIO and FCP.
_TYPES = {'OSA': '11', 'FCP': '25'}


def prepare(words: list[str]) -> None:
    return None


def run(request: requests.Request) -> str:
    program = request.words[0].rpartition('/')[2]
    return _layers(request) if program == 'zhypinfo' else _paths(request)


def refuse(words: list[str], error: errors.Refusal) -> replies.Reply:
    return replies.failure(1, f'{words[0]}: {error}\n')


def _layers(request: requests.Request) -> str:
    """zhypinfo -j: the layers from the machine up to z/VM, as JSON."""
    if request.words[1:] != ['-j']:
        raise errors.CommandError(1, 'only the option -j is simulated')
    member = request.member
    capacity, _, model = member.machine_model.partition(' ')
    layers: list[dict[str, Any]] = [{
        'layer_type_num': '1', 'layer_category_num': '2',
        'layer_type': 'CEC', 'layer_category': 'HOST',
        'layer_name': member.cec_name, 'manufacturer': 'IBM',
        'type': member.machine_type, 'model_capacity': capacity,
        'model': model, 'sequence_code': member.cec_serial,
    }, {
        'layer_type_num': '2', 'layer_category_num': '1',
        'layer_type': 'LPAR', 'layer_category': 'GUEST',
        'partition_number': '1', 'partition_char': 'Shared',
        'partition_char_num': '2', 'layer_name': member.lpar,
        'layer_extended_name': None,
    }, {
        'layer_type_num': '3', 'layer_category_num': '2',
        'layer_type': 'z/VM-hypervisor', 'layer_category': 'HOST',
        'layer_name': member.name,
        'cluster_name': request.system.ssi or None,
        'control_program_id': f'z/VM    {member.release}',
    }]
    return json.dumps({f'Layer {number}': layer
                       for number, layer in enumerate(layers)},
                      indent=2) + '\n'


def _paths(request: requests.Request) -> str:
    """lschp [CHPID]: the channel paths of the real devices."""
    wanted = request.word(1).removeprefix('0.').upper()
    if wanted and not (len(wanted) == 2 and
                       set(wanted) <= set('0123456789ABCDEF')):
        raise errors.CommandError(
            1, f'{request.word(1)} is not a valid channel-path ID')
    paths = {device.chpid: device for device in request.member.real_devices}
    return _HEADER + ''.join(
        f'0.{chpid.lower()}   1     1     {_TYPES[device.kind]}    -    -'
        f'       {device.pchid.lower()} \n'
        for chpid, device in sorted(paths.items())
        if wanted in ('', chpid))
