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

"""The state on disk: each command has happened or it has not.

One row holds one thing of the machine. A transaction writes the rows that a
command changed in one commit, or puts the tables in memory back as they
were. A process that dies at any moment therefore leaves a state in which
the command that it was running took place wholly or not at all. Things have
an order, that in which they came, and it lasts as they do.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import json
import pathlib
import sqlite3
from typing import Any
from typing import Generic
from typing import TypeVar

from zvm_simulator.ground import codec

T = TypeVar('T')

# Of the tables and of what is in them; to be raised when either changes.
_FORMAT = 2
_SCHEMA = f"""
PRAGMA user_version = {_FORMAT};
CREATE TABLE IF NOT EXISTS thing (
    place INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL, UNIQUE (kind, name));
CREATE TABLE IF NOT EXISTS blob (name TEXT PRIMARY KEY, data BLOB NOT NULL);
"""


class StoreError(Exception):
    """The file cannot be used."""


class Store:
    """A file of things by kind and name, and of the contents of files."""

    def __init__(self, path: pathlib.Path) -> None:
        """Open or make the file; StoreError if it is something else."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None,
                                   check_same_thread=False)
        try:
            self._db.execute('PRAGMA journal_mode = WAL')
            self._db.execute('PRAGMA synchronous = NORMAL')
            self._check_format(path)
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise StoreError(f'{path} cannot be used ({error}): choose '
                             'another directory.') from None
        self._undo: list[Callable[[], None]] = []
        self._gone: dict[tuple[str, str], None] = {}
        self._dirty: dict[tuple[str, str], Any] = {}
        self._blobs: dict[str, bytes | None] = {}

    def close(self) -> None:
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside, or undo it when an error leaves."""
        try:
            yield
            self._commit()
        except BaseException:
            for undo in reversed(self._undo):
                undo()
            raise
        finally:
            self._undo.clear()
            self._gone.clear()
            self._dirty.clear()
            self._blobs.clear()

    def rows(self, kind: str) -> list[tuple[str, Any]]:
        """Return name and data of all things of a kind in their order."""
        found = self._db.execute('SELECT name, body FROM thing '
                                 'WHERE kind = ? ORDER BY place', (kind,))
        return [(name, json.loads(body)) for name, body in found]

    def changed(self, kind: str, name: str, value: Any,
                undo: Callable[[], None]) -> None:
        """Note that a thing has a new value; None when it is gone."""
        self._undo.append(undo)
        if value is None:
            self._dirty.pop((kind, name), None)
            self._gone[kind, name] = None
        else:
            self._dirty[kind, name] = value

    def put_blob(self, name: str, data: bytes) -> None:
        self._blobs[name] = data

    def remove_blob(self, name: str) -> None:
        self._blobs[name] = None

    def blob(self, name: str) -> bytes:
        """Return a file's content; KeyError if there is none."""
        data = self._blobs.get(name)
        if data is None and name not in self._blobs:
            row = self._db.execute('SELECT data FROM blob WHERE name = ?',
                                   (name,)).fetchone()
            data = row[0] if row else None
        if data is None:
            raise KeyError(name)
        return data

    def _check_format(self, path: pathlib.Path) -> None:
        made, = self._db.execute('PRAGMA user_version').fetchone()
        used, = self._db.execute(
            'SELECT count(*) FROM sqlite_master').fetchone()
        if used and made != _FORMAT:
            self._db.close()
            raise StoreError(f'{path} is of another version of the simulated '
                             'z/VM: choose another directory.')

    def _commit(self) -> None:
        if not self._gone and not self._dirty and not self._blobs:
            return
        self._db.execute('BEGIN IMMEDIATE')
        try:
            self._write()
        except BaseException:
            self._db.execute('ROLLBACK')
            raise
        self._db.execute('COMMIT')

    def _write(self) -> None:
        for key in self._gone:
            self._db.execute('DELETE FROM thing WHERE kind = ? AND name = ?',
                             key)
        for key, value in self._dirty.items():
            self._db.execute(
                'INSERT INTO thing (kind, name, body) VALUES (?, ?, ?) '
                'ON CONFLICT DO UPDATE SET body = excluded.body',
                (*key, json.dumps(codec.encode(value))))
        for name, data in self._blobs.items():
            if data is None:
                self._db.execute('DELETE FROM blob WHERE name = ?', (name,))
            else:
                self._db.execute('INSERT OR REPLACE INTO blob VALUES (?, ?)',
                                 (name, data))


class Table(Generic[T]):
    """The things of one kind, in memory, by name and in their order.

    watch, when given, is called with the old and the new value of each
    change, undone ones included: an index that it keeps is always right.
    """

    def __init__(self, store: Store, kind: str, cls: type[T],
                 watch: Callable[[T | None, T | None], None] | None = None
                 ) -> None:
        self._store = store
        self._kind = kind
        self._watch = watch
        self._rows: dict[str, T] = {}
        for name, data in store.rows(kind):
            self._set(name, codec.decode(cls, data))

    def get(self, name: str) -> T | None:
        return self._rows.get(name)

    def values(self) -> list[T]:
        return list(self._rows.values())

    def names(self) -> list[str]:
        return sorted(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, name: str, value: T) -> None:
        """Add or replace a thing."""
        self._change(name, value)

    def remove(self, name: str) -> None:
        """Remove a thing; one that is not there is no error."""
        if name in self._rows:
            self._change(name, None)

    def _change(self, name: str, value: T | None) -> None:
        old = self._rows.get(name)
        self._set(name, value)
        undo = self._set if value is not None else self._put_back
        self._store.changed(self._kind, name, value, lambda: undo(name, old))

    def _put_back(self, name: str, value: T | None) -> None:
        """Set what was removed, in the place that it had on disk."""
        self._set(name, value)
        places = {name: place for place, (name, _) in enumerate(
            self._store.rows(self._kind))}
        self._rows = dict(sorted(
            self._rows.items(),
            key=lambda row: places.get(row[0], len(places))))

    def _set(self, name: str, value: T | None) -> None:
        old = self._rows.get(name)
        if value is None:
            self._rows.pop(name, None)
        else:
            self._rows[name] = value
        if self._watch:
            self._watch(old, value)
