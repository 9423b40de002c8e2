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

"""Recovery: who finishes what was begun and not seen to end.

nova-compute can be killed, and z/VM lost, in the middle of everything. Each
change of the record (record/pending.py) stands here:

=========  ===================================  ==============================
Change     After a start of nova-compute        In the periodic task
=========  ===================================  ==============================
Upload     its drive is removed and             the same
           overwritten, in the background
           (guest/configdrive.py)
Capture    its guest is looked after until the  left: the look goes on, and a
           capture must be over                 snapshot meanwhile is refused
           (guest/capture.py)                   and begins it where it ended
NicChange  left: the next attach or detach      left
           ends it (operations/interfaces.py),
           a delete of the guest revokes what
           it has granted
           (operations/destroy.py)
=========  ===================================  ==============================

Not in the record, and finished after a start only: tasks of nova that need a
z/VM which is away (record/instances.py), and uploads of images, which this
host's own files remember (transfer/uploads.py).
"""

from collections import abc

from nova import objects

from nova_zvm.guest import capture
from nova_zvm.guest import configdrive
from nova_zvm.record import instances
from nova_zvm.record import ownership
from nova_zvm.record import pending
from nova_zvm.transfer import uploads

_Finish = abc.Callable[[list['objects.Instance']], None]


class Recovery:
    """What is done for this host's instances that are in the middle."""

    def __init__(self, recorded: instances.Instances,
                 config_drives: configdrive.ConfigDrives,
                 captures: capture.Captures, staging: uploads.Staging,
                 ask_zvm: abc.Callable[[], object]) -> None:
        """Prepare; nothing is asked yet.

        :param ask_zvm: raises VirtDriverNotReady if z/VM is away
        """
        self._instances = recorded
        self._captures = captures
        self._staging = staging
        self._ask_zvm = ask_zvm
        self._after_start: dict[type[pending.Pending], _Finish] = {
            pending.Upload: config_drives.begin_sweep,
            pending.Capture: self._look_after,
            pending.NicChange: _left,
        }
        self._periodically: dict[type[pending.Pending], _Finish] = {
            pending.Upload: config_drives.begin_sweep,
            pending.Capture: _left,
            pending.NicChange: _left,
        }

    def after_start(self) -> None:
        """Finish what an earlier nova-compute has begun."""
        self._instances.give_up_lost_tasks(self._ask_zvm)
        self._finish(self._after_start)
        self._staging.begin_sweep()

    def periodically(self) -> None:
        """Finish what could not be finished before."""
        self._finish(self._periodically)

    def _finish(self, finishers: dict[type[pending.Pending], _Finish]) -> None:
        """Hand each kind of change the instances that have one, even none."""
        recorded = self._instances.unfinished()
        for kind in pending.KINDS:
            finishers[kind]([
                instance for instance in recorded
                if ownership.of(instance).unfinished(kind)])

    def _look_after(self, captured: list['objects.Instance']) -> None:
        for instance in captured:
            self._captures.look_after(instance)


def _left(_instances: list['objects.Instance']) -> None:
    """Leave it: the table says who finishes it."""
