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
"""A sample of the cells of all fault matrices."""

from nova_zvm.tests.support.faults import bootcells
from nova_zvm.tests.support.faults import faulting
from nova_zvm.tests.support.faults import interfacecells
from nova_zvm.tests.support.faults import interfacefaulting
from nova_zvm.tests.support.faults import sample
from nova_zvm.tests.support.faults import snapshotcells
from nova_zvm.tests.support.faults import snapshotfaulting


@faulting.tests_of(sample.of(bootcells.WHOLE, 3))
class BootSampleTest(faulting.FaultTestCase):
    pass


@faulting.tests_of(sample.of(snapshotcells.WHOLE, 1))
class SnapshotSampleTest(snapshotfaulting.SnapshotFaultTestCase):
    pass


@faulting.tests_of(sample.of(interfacecells.WHOLE, 2))
class InterfaceSampleTest(interfacefaulting.InterfaceFaultTestCase):
    pass
