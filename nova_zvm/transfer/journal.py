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

    def __init__(self):
        self._open = set()

    def prepare(self):
        """See that there is a place for records.

        :raises InvalidInput: if not
        """
        with _told():
            os.makedirs(_folder(), mode=0o700, exist_ok=True)

    def add(self, url):
        """Record an upload, as one that is being used."""
        self.prepare()
        self._open.add(url)
        with _told(), open(_path(url), 'w', encoding='utf-8') as record:
            record.write(url)

    def close(self, url):
        """Say that an upload is no longer used, but still there."""
        self._open.discard(url)

    def remove(self, url):
        """Forget an upload.

        A record that cannot be removed costs only that the upload is
        overwritten once more.
        """
        self.close(url)
        with contextlib.suppress(OSError):
            os.remove(_path(url))

    @staticmethod
    def readable():
        """Tell whether this user can read the records, if there are any."""
        try:
            os.scandir(_folder()).close()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def left(self):
        """Return the urls of the uploads that are no longer used.

        Never fails: nova-compute starts with this.
        """
        try:
            paths = [entry.path for entry in os.scandir(_folder())]
        except FileNotFoundError:
            return []
        except OSError as exc:
            _warn(exc)
            return []
        return [url for url in map(_read, paths)
                if url and url not in self._open]


@contextlib.contextmanager
def _told():
    try:
        yield
    except OSError as exc:
        raise nova_exception.InvalidInput(
            reason='[zvm] image_tmp_path must be a directory that '
                   'nova-compute can write to: %s' % exc) from exc


def _folder():
    """Return where this compute service keeps its records.

    Several may run on one host, each for a z/VM of its own.
    """
    return os.path.join(CONF.zvm.image_tmp_path,
                        'nova-zvm-uploads-%s' % CONF.host.replace('/', '_'))


def _path(url):
    return os.path.join(_folder(), str(uuid.uuid5(uuid.NAMESPACE_URL, url)))


def _read(path):
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


def _warn(exc):
    LOG.warning('Cannot read the records of uploads below [zvm] '
                'image_tmp_path: %s', exc)
