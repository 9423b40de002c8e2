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

"""The one map from the client's errors to nova's."""

from collections import abc
import contextlib
import typing

from nova import exception as nova_exception

from nova_zvm.connector import errors
from nova_zvm.errors import failures


@contextlib.contextmanager
def to_nova(instance: typing.Any = None) -> abc.Iterator[None]:
    """Raise nova's exception for what the connector client raises inside.

    With an instance, "not found" is about that instance.
    """
    try:
        yield
    except errors.Unreachable as exc:
        raise failures.ConnectorUnreachable(reason=exc) from exc
    except errors.NotFound as exc:
        if instance is None:
            raise failures.ConnectorFailure(reason=exc, error=exc) from exc
        raise nova_exception.InstanceNotFound(
            instance_id=instance.uuid) from exc
    except errors.ConnectorError as exc:
        raise failures.ConnectorFailure(reason=exc, error=exc) from exc


@contextlib.contextmanager
def raised_as(cls: type[Exception]) -> abc.Iterator[None]:
    """Raise nova's class for a read that fails at the connector or z/VM.

    nova-api answers one that it expects of the call with its sentence, and
    any other, each of ours too, with HTTP 500.
    """
    try:
        yield
    except (nova_exception.VirtDriverNotReady,
            failures.ConnectorFailure) as exc:
        raise cls(str(exc)) from exc
