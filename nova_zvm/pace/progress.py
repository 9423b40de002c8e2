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

"""What an operator sees of an operation: one line at INFO for each step."""

from collections import abc
import contextlib

from nova import objects
from oslo_log import log as logging
from oslo_utils import timeutils

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def step(instance: 'objects.Instance', userid: str, done: str
        ) -> abc.Iterator[None]:
    """Log, when the block has ended well, what is done and the seconds."""
    watch = timeutils.StopWatch().start()
    yield
    LOG.info('Guest %s: %s in %.1f seconds', userid, done,
             watch.elapsed(), instance=instance)
