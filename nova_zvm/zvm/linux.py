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

"""How the connector configures a guest's Linux."""


def needs_gateway(os_version: str) -> bool:
    """Tell whether its network files are refused without a gateway.

    Those that the connector writes for Ubuntu are, by netplan and by ifup
    (zvmsdk/dist.py, 1.6.3).

    :param os_version: as the connector names it, such as 'ubuntu22.04'
    """
    return os_version.lower().startswith('ubuntu')


def takes_one_interface(os_version: str) -> bool:
    """Tell whether the connector configures only one NIC, and only once.

    Of several it writes the last into Ubuntu's netplan, and after the first
    boot it raises (zvmsdk/dist.py ubuntu20, 1.6.3 and newer).
    """
    return (needs_gateway(os_version) and
            not os_version.lower().startswith('ubuntu16'))
