"""The two stores of a copy, opened: bookings and ledger of each, its lock, and what is asked before a copy begins."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from coachsync.errors import LockHeldError, StoreError, UsageError
from coachsync.store.columns import Columns
from coachsync.store.copying.fitting import Holds
from coachsync.store.copying.rows import JsonBookings, SqlBookings, own_columns
from coachsync.store.copying.tables import ledger_tables
from coachsync.store.files import require_file, require_own
from coachsync.store.ledger.migrations import ensure_ledger, ledger_version
from coachsync.store.ledger.schema import LEDGER_VERSION
from coachsync.store.lock import run_lock
from coachsync.store.open import CORRUPT, Location
from coachsync.store.sql import Sql

POSTGRES = "postgresql"
_PAUSE_S = 0.2
_WORKING = (
    "SELECT bot, host, since FROM coachsync_leases"
    " WHERE until > CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) ORDER BY bot LIMIT 1"
)


class Side(NamedTuple):
    """One store. `name` is what messages call it, `path` its file with links resolved, "" for a PostgreSQL.

    `bookings` is None if they are not copied, or there are none yet; `ledger` if there is none yet. `foreign`: by what
    another program has its hand in the bookings; "" if they are coachsync's alone, so that their table may get columns.
    """

    location: Location
    name: str
    path: str
    bookings: SqlBookings | JsonBookings | None = None
    ledger: Sql | None = None
    foreign: str = ""

    @property
    def kind(self) -> str:
        """Return "sqlite", "json" or "postgresql"."""
        return self.location.kind

    @property
    def url(self) -> str:
        """Return the store's address, the same wherever it is typed."""
        return url_of(self.location)

    @property
    def own_ledger(self) -> Sql | None:
        """Return the database that the ledger is, or will be, in; None if it is still to be made."""
        return self.bookings.sql if isinstance(self.bookings, SqlBookings) else self.ledger

    def columns(self) -> dict[str, Holds] | None:
        """Return what each column of the bookings holds, by JSON key; None if any key has a place."""
        if self.kind == "json":
            return None
        return self.bookings.columns() if isinstance(self.bookings, SqlBookings) else own_columns(self.kind)

    def holdings(self) -> dict[str, int]:
        """Return what is in it: "bookings" or a table of the ledger → rows."""
        found = {} if self.bookings is None else {"bookings": self.bookings.count()}
        if self.ledger is not None:
            found |= {table.name: table.count(self.ledger) for table in ledger_tables()}
        return {part: rows for part, rows in found.items() if rows}


def url_of(location: Location) -> str:
    """Return a store's address, the same wherever it is typed."""
    return location.path if location.kind == POSTGRES else f"{location.kind}:///{location.path}"


def require_two(source: Location, target: Location) -> None:
    """Raise UsageError if both are one store."""
    one, other = source.path, target.path
    if POSTGRES not in (source.kind, target.kind):
        one, other = os.path.realpath(one), os.path.realpath(other)
    if one == other:
        raise UsageError("FROM and TO are the same store", "name another one to copy to")


@contextmanager
def opened(location: Location, *, writable: bool, ledger_only: bool) -> Iterator[Side]:
    """Open what there is of a store. Raises StoreError if it cannot be used.

    For reading alone an earlier version's ledger is brought up to date in a copy.
    """
    with ExitStack() as stack:
        if location.kind == POSTGRES:
            yield _postgres(stack, location, writable=writable, ledger_only=ledger_only)
            return
        path = require_file(location.path)
        require_own(path)
        opener = _sqlite if location.kind == "sqlite" else _json
        yield opener(stack, location, path, writable=writable, ledger_only=ledger_only)


def _postgres(stack: ExitStack, location: Location, *, writable: bool, ledger_only: bool) -> Side:
    from coachsync.store.postgres.database import PostgresDatabase
    from coachsync.store.postgres.opening import is_bare
    from coachsync.store.postgres.table import inspect

    database = PostgresDatabase(location.path, writable=writable)
    stack.callback(database.close)
    side = Side(location, database.name, "", ledger=_current(stack, database))
    if ledger_only or is_bare(location.path):
        return side
    table = inspect(database, Columns())
    return side._replace(bookings=SqlBookings(database, table, POSTGRES), foreign=table.why_foreign(database))


def _sqlite(stack: ExitStack, location: Location, path: str, *, writable: bool, ledger_only: bool) -> Side:
    from coachsync.store.sqlite.database import Database, tolerant_text
    from coachsync.store.sqlite.table import inspect, why_foreign

    database = Database(path, writable=writable, corrupt_hint=CORRUPT, text=tolerant_text)
    stack.callback(database.close)
    side = Side(location, path, path, ledger=_current(stack, database))
    if ledger_only or database.one("SELECT 1 FROM sqlite_master LIMIT 1") is None:
        return side
    table = inspect(database, Columns())
    return side._replace(bookings=SqlBookings(database, table, "sqlite"), foreign=why_foreign(database))


def _json(stack: ExitStack, location: Location, path: str, *, writable: bool, ledger_only: bool) -> Side:
    from coachsync.store.jsonfile.rows import JsonRows
    from coachsync.store.ledger.beside import open_ledger

    kept = open_ledger(path, writable=writable)
    if kept is not None:
        stack.callback(kept.close)
    bookings = None if ledger_only or not os.path.getsize(path) else JsonBookings(JsonRows(path, location.path))
    return Side(location, path, path, bookings, None if kept is None else _current(stack, kept))


def _current(stack: ExitStack, sql: Sql) -> Sql | None:
    """Return a ledger as it is in this release, None if there is none yet."""
    version = ledger_version(sql)
    if version is None or version == LEDGER_VERSION or sql.writable:
        return None if version is None else sql
    copy = sql.copied("coachsync_")
    stack.callback(copy.close)
    with copy.immediate():
        ensure_ledger(copy)
    return copy


@contextmanager
def writable_ledger(side: Side) -> Iterator[Sql]:
    """Open a store's ledger for a note; make one if there is none. Raises StoreError."""
    sql = ledger_made(side)
    try:
        with sql.immediate():
            ensure_ledger(sql)
        yield sql
    finally:
        sql.close()


def ledger_made(side: Side) -> Sql:
    """Return the database of a store's ledger, for writing; who asks for it closes it."""
    if side.kind == POSTGRES:
        from coachsync.store.postgres.database import PostgresDatabase

        return PostgresDatabase(side.location.path, writable=True)
    if side.kind == "json":
        from coachsync.store.ledger.beside import make_ledger

        return make_ledger(side.path)
    from coachsync.store.sqlite.database import Database, tolerant_text

    return Database(side.path, writable=True, corrupt_hint=CORRUPT, text=tolerant_text)


def make(location: Location, *, ledger_only: bool) -> None:
    """Make an empty store if there is none at all, of a ledger alone the file; fill a blank one. Raises StoreError."""
    from coachsync.store.open import create_store, fill, is_blank

    url = url_of(location)
    missing = location.is_file and not os.path.lexists(location.path)
    if ledger_only:
        if missing and location.kind == "sqlite":
            from coachsync.store.ledger.beside import make_ledger_at

            make_ledger_at(location.path).close()
    elif missing:
        create_store(url, "/")
    elif is_blank(url, "/"):
        fill(url, "/")


def is_there(location: Location) -> bool:
    """Return whether there is a file, or a database to ask."""
    return location.kind == POSTGRES or os.path.lexists(location.path)


@contextmanager
def at_rest(side: Side, wait_s: float, since: str) -> Iterator[None]:
    """Keep runs off a store for a block; where several hosts may work on it, only see that none does at its beginning.

    Raises LockHeldError if one did for longer than `wait_s`.
    """
    if side.kind != POSTGRES:
        with run_lock(side.path, wait_s, since):
            yield
        return
    until = time.monotonic() + wait_s
    while (held := working(side)) is not None:
        if time.monotonic() >= until:
            raise held
        time.sleep(_PAUSE_S)
    yield


def working(side: Side, sql: Sql | None = None) -> LockHeldError | None:
    """Return which host works on a PostgreSQL now, None if none does."""
    ledger = sql or side.ledger
    if side.kind != POSTGRES or ledger is None:
        return None
    found = ledger.one(_WORKING)
    if found is None:
        return None
    bot, host, since = found
    hint = "its run ends by itself within its run_budget; use --wait SECONDS to wait for it"
    return LockHeldError(f"{host} works on {side.name} with bot {bot}", hint, since)


def not_empty(side: Side, held: dict[str, int]) -> StoreError:
    """Return the error for a target that holds something."""
    told = ", ".join(f"{rows} {'rows of ' if part != 'bookings' else ''}{part}" for part, rows in held.items())
    hint = "name a store that is empty or not there yet: nothing in this one was touched"
    return StoreError(f"{side.name} is not empty: it holds {told}", hint)
