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

"""Databases in SQLite that cost little to make and to ask."""

import contextlib
import sqlite3

import fixtures
# Schemas has to be able to name its classes before it replaces them.
from nova.tests import fixtures as nova_fixtures
import sqlalchemy
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy import event
from sqlalchemy import pool
from sqlalchemy import util

_statements = util.LRUCache(10000)
# Of each kind of database an empty one, with all of its tables.
_empty = {}


class Statements(fixtures.Fixture):
    """Compile a statement once for all databases of this process.

    SQLAlchemy keeps what it has compiled by engine and dialect object, and
    each test has its own.
    """

    def _setUp(self):
        # The statements outlive a test, and so does what makes one dialect
        # object as good as the next.
        dialect = pysqlite.SQLiteDialect_pysqlite
        dialect.__hash__ = lambda self: hash(type(self))
        dialect.__eq__ = lambda self, other: type(self) is type(other)
        create_engine = sqlalchemy.create_engine

        def created(*args, **options):
            engine = create_engine(*args, **options)
            if isinstance(engine.dialect, dialect):
                engine._compiled_cache = _statements
            return engine

        self.useFixture(fixtures.MonkeyPatch(
            'sqlalchemy.create_engine', created))


class Connections(fixtures.Fixture):
    """Keep connections: oslo.db opens a file of SQLite for each transaction.

    See oslo_db/sqlalchemy/engines.py, _init_connection_args.
    """

    def _setUp(self):
        self.useFixture(fixtures.MonkeyPatch(
            'sqlalchemy.pool.NullPool', _Pool))
        event.listen(pool.Pool, 'connect', _without_sync)
        self.addCleanup(event.remove, pool.Pool, 'connect', _without_sync)


class _Pool(pool.QueuePool):
    """Connections without an upper limit, as threads have none."""

    def __init__(self, creator, **options):
        super().__init__(creator, **{**options, 'pool_size': 0})


def _without_sync(connection, record):
    # A database that ends with its test need not survive a crash.
    if isinstance(connection, sqlite3.Connection):
        connection.execute('PRAGMA synchronous = OFF')


class Schemas(fixtures.Fixture):
    """Copy the pages of an empty database instead of running its SQL."""

    def _setUp(self):
        apply_schema = nova_fixtures.Database._apply_schema
        cache_schema = nova_fixtures.CellDatabases._cache_schema

        def apply(fixture):
            _copy_or_make(fixture.database, fixture.get_engine(),
                          lambda: apply_schema(fixture))

        def cache(fixture, connection):
            engine = fixture._ctxt_mgrs[connection].writer.get_engine()
            _copy_or_make('main', engine,
                          lambda: cache_schema(fixture, connection))

        self.useFixture(fixtures.MonkeyPatch(
            'nova.tests.fixtures.Database._apply_schema', apply))
        self.useFixture(fixtures.MonkeyPatch(
            'nova.tests.fixtures.CellDatabases._cache_schema', cache))


def _copy_or_make(name, engine, make):
    if name not in _empty:
        make()
        _empty[name] = sqlite3.connect(':memory:', check_same_thread=False)
        with _connection(engine) as connection:
            connection.backup(_empty[name])
    else:
        with _connection(engine) as connection:
            _empty[name].backup(connection)


@contextlib.contextmanager
def _connection(engine):
    with contextlib.closing(engine.raw_connection()) as pooled:
        yield pooled.dbapi_connection
