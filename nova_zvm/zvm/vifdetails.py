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

"""What the mechanism driver in Neutron tells the driver in nova of a port.

Both sides read the names here, so this imports neither. Another mechanism
driver can put the same details there.
"""

VIF_TYPE = 'zvm'

# Keys of binding:vif_details.
# Name of the virtual switch that the NIC is to be coupled to.
VSWITCH = 'vswitch'
# Number of the VLAN, 1 to 4094; missing on a flat network. It is the key that
# nova knows as VIF_DETAILS_VLAN.
VLAN = 'vlan'
