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

"""Where image uploads lie on the connector, kept on this host's disk.

A config drive's upload is recorded in its instance; that of an image may
serve many instances, or none yet. A record is a file with the upload's url
and nothing else, so that one whose nova-compute was killed is found again.
"""

from collections import abc
import contextlib
import os
import uuid

from nova import conf
from nova import exception as nova_exception
from oslo_log import log as logging

CONF = conf.CONF
LOG = logging.getLogger(__name__)


class Journal:
    """The records of this compute service."""

    def __init__(self, tmp_path: str) -> None:
        """Remember where the records are.

        :param tmp_path: the directory for files of nova-compute
        """
        self._tmp_path = tmp_path
        self._open: set[str] = set()

    def prepare(self) -> None:
        """See that there is a place for records.

        :raises InvalidInput: if not
        """
        with _told():
            os.makedirs(self._folder(), mode=0o700, exist_ok=True)

    def add(self, url: str) -> None:
        """Record an upload, as one that is being used."""
        self.prepare()
        self._open.add(url)
        with _told(), open(self._path(url), 'w', encoding='utf-8') as record:
            record.write(url)

    def close(self, url: str) -> None:
        """Say that an upload is no longer used, but still there."""
        self._open.discard(url)

    def remove(self, url: str) -> None:
        """Forget an upload.

        A record that cannot be removed costs only that the upload is
        overwritten once more.
        """
        self.close(url)
        with contextlib.suppress(OSError):
            os.remove(self._path(url))

    def readable(self) -> bool:
        """Tell whether this user can read the records, if there are any."""
        try:
            os.scandir(self._folder()).close()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def left(self) -> list[str]:
        """Return the urls of the uploads that are no longer used.

        Never fails: nova-compute starts with this.
        """
        try:
            paths = [entry.path for entry in os.scandir(self._folder())]
        except FileNotFoundError:
            return []
        except OSError as exc:
            _warn(exc)
            return []
        return [url for url in map(_read, paths)
                if url and url not in self._open]

    def _folder(self) -> str:
        """Return where this compute service keeps its records.

        Several may run on one host, each for a z/VM of its own.
        """
        return os.path.join(
            self._tmp_path,
            'nova-zvm-uploads-%s' % CONF.host.replace('/', '_'))

    def _path(self, url: str) -> str:
        return os.path.join(self._folder(),
                            str(uuid.uuid5(uuid.NAMESPACE_URL, url)))


@contextlib.contextmanager
def _told() -> abc.Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise nova_exception.InvalidInput(
            reason='[zvm] image_tmp_path must be a directory that '
                   'nova-compute can write to: %s' % exc) from exc


def _read(path: str) -> str:
    """Return the url in a record, '' if there is none any more."""
    try:
        with open(path, encoding='utf-8') as record:
            return record.read()
    except FileNotFoundError:
        # Its upload has just been overwritten.
        return ''
    except (OSError, ValueError) as exc:
        _warn(exc)
        return ''


def _warn(exc: Exception) -> None:
    LOG.warning('Cannot read the records of uploads below [zvm] '
                'image_tmp_path: %s', exc)
