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
"""All cells of the fault matrices of boot and delete."""

from nova_zvm.tests.support.faults import bootcells
from nova_zvm.tests.support.faults import faulting


@faulting.tests_of(bootcells.WHOLE)
class BootFaultTest(faulting.FaultTestCase):
    """Each step of a boot, its undo and a delete fails in each way."""
