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

"""What Neutron shows of a port that the mechanism driver has bound.

The tests of the mechanism driver find these in Neutron's API; other tests and
the sandbox hand them to nova. So this imports neither. The virtual switches
are those of the simulated z/VM: VSW1 knows VLANs, VSW2 knows none.
"""

FLAT = {
    'binding:vif_type': 'zvm',
    'binding:vif_details': {
        'port_filter': False,
        'connectivity': 'l2',
        'vswitch': 'VSW2',
        'bound_drivers': {'0': 'zvm'},
    },
}

VLAN = {
    'binding:vif_type': 'zvm',
    'binding:vif_details': {
        'port_filter': False,
        'connectivity': 'l2',
        'vswitch': 'VSW1',
        'vlan': 100,
        'bound_drivers': {'0': 'zvm'},
    },
}
