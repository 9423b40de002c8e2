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

"""Virtual switches: who may connect, on which VLAN.

A switch belongs to one member; in an SSI cluster each member has its own of
the same name. What is coupled to a switch is told by the adapters of the
logged-on guests, not here.
"""

import dataclasses

from zvm_simulator.ground import errors
from zvm_simulator.ground import stores

LAST_VLAN = 4094


@dataclasses.dataclass(frozen=True)
class Grant:
    """A userid that may connect; no VLAN means the default one."""

    switch: str
    userid: str
    vlans: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        return f'{self.switch}.{self.userid}'


@dataclasses.dataclass(frozen=True)
class Vswitch:
    """A virtual switch; vlan is UNAWARE, AWARE or a default VLAN's number."""

    member: str
    name: str
    vlan: str = 'UNAWARE'
    native_vlan: str = '1'
    port_type: str = 'ACCESS'
    transport: str = 'ETHERNET'
    routing: str = 'NA'
    gvrp: str = 'NOGVRP'
    queue_memory: int = 8
    connected: bool = True
    real_devices: tuple[str, ...] = ()
    controller: str = '*'
    mac: str = ''

    @property
    def key(self) -> str:
        return f'{self.member}.{self.name}'

    @property
    def vlan_aware(self) -> bool:
        return self.vlan != 'UNAWARE'

    def uplink(self, number: int, offset: int = 0) -> tuple[str, str]:
        """Return the controller that has a real device, and where."""
        controller = self.controller
        if controller == '*':
            controller = f'DTCVSW{number % 2 + 1}'
        return controller, f'{0x600 + number * 4 + offset:04X}'

    @property
    def uplinks(self) -> tuple[str, ...]:
        """The real devices through which it is connected."""
        return self.real_devices if self.connected else ()


class Vswitches:
    """Virtual switches by member and name."""

    def __init__(self, store: stores.Store) -> None:
        self._of_switch: dict[str, dict[str, Grant]] = {}
        self._switches = stores.Table(store, 'vswitch', Vswitch)
        self._grants = stores.Table(store, 'grant', Grant, self._index)

    def find(self, member: str, name: str) -> Vswitch | None:
        return self._switches.get(f'{member}.{name}')

    def get(self, member: str, name: str) -> Vswitch:
        switch = self.find(member, name)
        if switch is None:
            raise errors.SmapiError(212, 40, 'Virtual switch does not exist')
        return switch

    def of_member(self, member: str) -> list[Vswitch]:
        return sorted((switch for switch in self._switches.values()
                       if switch.member == member),
                      key=lambda switch: switch.name)

    def all(self) -> list[Vswitch]:
        return self._switches.values()

    def create(self, switch: Vswitch) -> None:
        if self.find(switch.member, switch.name):
            raise errors.SmapiError(212, 36, 'Virtual switch already exists')
        number = len(self._switches) + 1
        self._put(dataclasses.replace(
            switch, mac=switch.mac or f'02-00-00-00-00-{number:02X}'))

    def delete(self, member: str, name: str) -> None:
        switch = self.get(member, name)
        for grant in self.grants(switch):
            self._grants.remove(grant.key)
        self._switches.remove(switch.key)

    def grants(self, switch: Vswitch) -> list[Grant]:
        """Return who may connect, by userid."""
        return sorted(self._of_switch.get(switch.key, {}).values(),
                      key=lambda grant: grant.userid)

    def grant_of(self, switch: Vswitch, userid: str) -> Grant | None:
        return self._of_switch.get(switch.key, {}).get(userid)

    def grant(self, member: str, name: str, userid: str,
              vlan: int | None = None) -> None:
        """Let userid connect; a VLAN replaces the ones that it had.

        SmapiError 396/2846 for a VLAN on a switch that knows of none.
        """
        switch = self.get(member, name)
        if vlan is not None:
            self._check_vlan(switch, vlan)
        old = self.grant_of(switch, userid)
        vlans = (vlan,) if vlan is not None else old.vlans if old else ()
        grant = Grant(switch.key, userid, vlans)
        self._grants.put(grant.key, grant)

    def revoke(self, member: str, name: str, userid: str) -> None:
        """Let userid connect no more; nothing happens if it could not."""
        switch = self.get(member, name)
        self._grants.remove(f'{switch.key}.{userid}')

    def set_options(self, member: str, name: str, connected: bool | None,
                    real_devices: tuple[str, ...] | None) -> None:
        """Change how the switch reaches the real network."""
        switch = self.get(member, name)
        if connected is not None:
            switch = dataclasses.replace(switch, connected=connected)
        if real_devices is not None:
            switch = dataclasses.replace(switch, real_devices=real_devices)
        self._put(switch)

    def _check_vlan(self, switch: Vswitch, vlan: int) -> None:
        if not switch.vlan_aware:
            raise errors.SmapiError(
                396, 2846, 'Internal error found. - product-specific return '
                'code : 2846')
        if not 1 <= vlan <= LAST_VLAN:
            raise errors.SmapiError(
                396, 2838, 'Internal error found. - product-specific return '
                'code : 2838')

    def _put(self, switch: Vswitch) -> None:
        self._switches.put(switch.key, switch)

    def _index(self, old: Grant | None, new: Grant | None) -> None:
        if old:
            self._of_switch[old.switch].pop(old.userid, None)
        if new:
            self._of_switch.setdefault(new.switch, {})[new.userid] = new
