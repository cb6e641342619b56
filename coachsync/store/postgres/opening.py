"""A store in a PostgreSQL: opened, made, filled. Bookings and ledger are in one database."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial

from coachsync import waits
from coachsync.domain.booking import Defaults
from coachsync.domain.mapping import TableMapping
from coachsync.errors import StoreError
from coachsync.store.base import Locks, Store
from coachsync.store.bookings import Bookings
from coachsync.store.columns import Columns
from coachsync.store.ledger.ledger import Ledger
from coachsync.store.ledger.migrations import ensure_ledger
from coachsync.store.lock import run_lock
from coachsync.store.mapped.rows import MappedRows, only_read
from coachsync.store.postgres.catalog import role
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.failures import UNWRITABLE, grant_wanted
from coachsync.store.postgres.foreign import look
from coachsync.store.postgres.foreign import prove as prove_columns
from coachsync.store.postgres.leases import Leases, leasing
from coachsync.store.postgres.schema import SESSIONS_INDEXES, SESSIONS_TABLE
from coachsync.store.postgres.table import add_marks, inspect, require_addable
from coachsync.store.tablerows import TableRows

_TIMELINE = (
    "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END"
)
_ANYTHING = (
    "SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = current_schema()"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e') LIMIT 1"
)


def open_postgres(url: str, defaults: Defaults, *, writable: bool) -> Store:
    """Open a store that is there. Raises ConfigError, StoreError."""
    database = PostgresDatabase(url, writable=writable)
    try:
        table = inspect(database, Columns())
        ledger = ledger_of(database)
        if writable and table.unmarked:
            table = add_marks(database, table)
    except BaseException:
        database.close()
        raise
    return Store(database.name, Bookings(TableRows(database, table), defaults), ledger, locks_of(url))


def open_mapped(url: str, elsewhere: str | None, mapping: TableMapping, defaults: Defaults, *, writable: bool) -> Store:
    """Open another system's table, and the ledger in its database or in the file `elsewhere`.

    Raises ConfigError and StoreError.
    """
    database = PostgresDatabase(url, writable=writable and (mapping.writes_any or elsewhere is None))
    try:
        if elsewhere is None:
            ledger = ledger_of(database)
            return Store(
                database.name, mapped(database, mapping, ledger, defaults, separate=False), ledger, locks_of(url)
            )
        from coachsync.store.ledger.beside import make_ledger_at, open_ledger_at

        def alone() -> AbstractContextManager[object]:
            return run_lock(elsewhere, waits.current().migration, "bringing the ledger up to date")

        kept = open_ledger_at(elsewhere, writable=writable)
        try:
            ledger = Ledger(kept, make=lambda: make_ledger_at(elsewhere), alone=alone)
            return Store(elsewhere, mapped(database, mapping, ledger, defaults, separate=True), ledger)
        except BaseException:
            if kept is not None:
                kept.close()
            raise
    except BaseException:
        database.close()
        raise


def mapped(
    database: PostgresDatabase, mapping: TableMapping, ledger: Ledger, defaults: Defaults, *, separate: bool
) -> Bookings:
    """Return the bookings of another system's table."""
    table = look(database, mapping)
    rows = MappedRows(
        database,
        table.source,
        ledger,
        table.key,
        separate=separate,
        text=str,
        prove=lambda: prove_columns(database, table),
    )
    return Bookings(rows, defaults, only_read(table.source))


def locks_of(url: str) -> Locks:
    """Return what gives a run its leases."""

    def locks(_wait_s: float, _since: str) -> AbstractContextManager[Leases]:
        return leasing(lambda: PostgresDatabase(url, writable=True))

    return locks


def ledger_of(database: PostgresDatabase) -> Ledger:
    """Return the ledger in a database; hosts that bring it up to date take turns by its own lock."""

    def alone() -> AbstractContextManager[object]:
        return nullcontext()

    return Ledger(database, make=lambda: database, alone=alone, history=partial(history_of, database))


def history_of(database: PostgresDatabase) -> int:
    """Return the number of the server's timeline, 0 if it is a standby or does not say.

    Source: https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
    """
    try:
        found = database.one(_TIMELINE)
    except StoreError:  # a service that is not quite a PostgreSQL
        return 0
    return int(found[0], 16) if found is not None and found[0] else 0


def open_ledger(url: str, *, make: bool) -> Ledger | None:
    """Open the ledger alone for writing; None if there is none yet and it is not to be made."""
    database = PostgresDatabase(url, writable=True)
    try:
        if not make and not database.has_table("coachsync_meta"):
            database.close()
            return None
        return ledger_of(database)
    except BaseException:
        database.close()
        raise


def prove_store(url: str, mapping: TableMapping | None = None, *, ledger: bool = True) -> None:
    """Return if a run could write the store: its turn to write, our columns, the ledger's tables. Raises StoreError.

    `mapping`: of another system's table; `ledger`: its ledger is in the same database.
    """
    database = PostgresDatabase(url, writable=True)
    try:
        if mapping is not None:
            prove_columns(database, look(database, mapping))
            if ledger:
                prove_ledger(database)
            return
        table = inspect(database, Columns())
        require_addable(database, table) if table.unmarked else table.prove(database)
        prove_ledger(database)
    finally:
        database.close()


def prove_ledger(database: PostgresDatabase) -> None:
    """Return if the ledger's tables could be made, or written where they are. Raises StoreError."""
    with suppress(_UndoneError), database.immediate():
        refused = database.all(UNWRITABLE)
        if refused:
            us = role(database)
            told = f"{database.name}: the role {us} may not write {', '.join(row[0] for row in refused)}"
            raise StoreError(told, grant_wanted(refused, us))
        ensure_ledger(database)
        raise _UndoneError


class _UndoneError(Exception):
    """Nothing was meant to be kept."""


def is_bare(url: str) -> bool:
    """Return whether there is no table that the role sees as its store's, and none where it would be made."""
    database = PostgresDatabase(url, writable=False)
    try:
        return _is_bare(database)
    finally:
        database.close()


def make_store(url: str) -> str:
    """Make the table of an empty store, all of it or nothing; return the database's name. Raises StoreError."""
    database = PostgresDatabase(url, writable=True)
    try:
        with database.immediate():
            if not _is_bare(database):
                told = f"{database.name} holds tables already and was not touched"
                raise StoreError(told, "let [store] url name another database, or a role with a schema of its own")
            for statement in (SESSIONS_TABLE, *SESSIONS_INDEXES):
                database.run(statement)
        return database.name
    finally:
        database.close()


def _is_bare(database: PostgresDatabase) -> bool:
    return not database.has_table("sessions") and database.one(_ANYTHING) is None
