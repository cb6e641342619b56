"""The PostgreSQL in which cases have their stores: one for all processes of a search, each case in its own schema."""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from functools import cache
from itertools import count

import psycopg
from psycopg.sql import SQL, Identifier

from coachsync.store.ledger.migrations import ensure_ledger
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.opening import make_store
from tests.kit.postgres import Postgres, postgres

_numbers = count(1)


@cache
def server() -> Postgres:
    """Return the server; it is started when it is first asked for, and ends with the process that asked."""
    held = postgres()
    started, owner = held.__enter__(), os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            held.__exit__(None, None, None)

    atexit.register(end)
    return started


class Place:
    """A role and a schema for one case, which `remove` takes away."""

    def __init__(self) -> None:
        self._role = f"case{os.getpid()}x{next(_numbers)}"
        self.url = server().url(self._role)
        server().run(f"CREATE ROLE {self._role} LOGIN", f"CREATE SCHEMA {self._role} AUTHORIZATION {self._role}")

    def remove(self) -> None:
        """Take all of it away."""
        server().cut_off(self._role)
        server().run(f"DROP SCHEMA {self._role} CASCADE", f"DROP ROLE {self._role}")

    def contents(self) -> dict[str, bytes]:
        """Return every table's rows."""
        with psycopg.connect(self.url) as connection:
            return {table: _copied(connection, table) for table in self._tables(connection)}

    def put(self, tables: Mapping[str, bytes], columns: tuple[str, ...]) -> None:
        """Make the store's tables, with columns of the booking system's, and fill them."""
        make_store(self.url)
        database = PostgresDatabase(self.url, writable=True)
        with database.immediate():
            for column in columns:
                database.run(f"ALTER TABLE sessions ADD COLUMN {column} TEXT")
            if any(table.startswith("coachsync_") for table in tables):
                ensure_ledger(database)
                database.run("DELETE FROM coachsync_meta")
        database.close()
        with psycopg.connect(self.url) as connection:
            for table, rows in tables.items():
                with connection.cursor().copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                    copy.write(rows)
                if _numbered(connection, table):
                    sql = "SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {}"
                    connection.execute(SQL(sql).format(table, Identifier(table)))

    def forget(self) -> None:
        """Lose the ledger."""
        self._drop("coachsync_")

    def restore(self, tables: Mapping[str, bytes]) -> None:
        """Bring back what `contents` returned, and nothing else."""
        self._drop("")
        self.put(tables, ())

    def _drop(self, prefix: str) -> None:
        with psycopg.connect(self.url) as connection:
            for table in self._tables(connection):
                if table.startswith(prefix):
                    connection.execute(SQL("DROP TABLE {}").format(Identifier(table)))

    def minute_passes(self) -> None:
        """Let every lease that is not given back run out."""
        with psycopg.connect(self.url) as connection:
            if "coachsync_leases" in self._tables(connection):
                connection.execute("UPDATE coachsync_leases SET until = since - 1")

    def _tables(self, connection: psycopg.Connection) -> list[str]:
        sql = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
        return [name for (name,) in connection.execute(sql, (self._role,))]


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)


def _numbered(connection: psycopg.Connection, table: str) -> bool:
    sql = "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attidentity <> ''"
    return connection.execute(sql, (table,)).fetchone() is not None
