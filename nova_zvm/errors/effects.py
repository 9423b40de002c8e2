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

"""What a request without an answer may still do, later."""

from collections import abc
import contextlib

from nova_zvm.connector import errors
from nova_zvm.pace import waiting


@contextlib.contextmanager
def awaited(patience: waiting.Patience,
            seen: abc.Callable[[], object]) -> abc.Iterator[None]:
    """Hold the error of an unanswered request back until that is over.

    Its effect may come late, after the clean-up, which then misses it.

    :param seen: tells whether the effect is there
    """
    try:
        yield
    except errors.OutcomeUnknown as exc:
        with contextlib.suppress(waiting.Expired, errors.NotConnected):
            patience.wait_at_most(exc.settle_seconds,
                                  lambda: _is_seen(seen), True)
        raise


def _is_seen(seen: abc.Callable[[], object]) -> bool:
    try:
        return bool(seen())
    except errors.NotConnected:
        # What the connector was at work on has ended with it.
        raise
    except errors.ConnectorError:
        return False
