"""A store in a PostgreSQL: opened, made, filled. Bookings and ledger are in one database."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from coachsync.domain.booking import Defaults
from coachsync.errors import StoreError
from coachsync.store.base import Store
from coachsync.store.bookings import Bookings
from coachsync.store.columns import Columns
from coachsync.store.ledger.ledger import Ledger
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.leases import Leases, leasing
from coachsync.store.postgres.schema import SESSIONS_INDEXES, SESSIONS_TABLE
from coachsync.store.postgres.table import add_marks, inspect
from coachsync.store.tablerows import TableRows

_ANYTHING = (
    "SELECT 1 FROM pg_class AS c WHERE c.relnamespace = current_schema()::regnamespace"
    " AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
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

    def locks(_wait_s: float, _since: str) -> AbstractContextManager[Leases]:
        return leasing(lambda: PostgresDatabase(url, writable=True))

    return Store(database.name, Bookings(TableRows(database, table), defaults), ledger, locks)


def ledger_of(database: PostgresDatabase) -> Ledger:
    """Return the ledger in a database; hosts that bring it up to date take turns by its own lock."""

    def alone() -> AbstractContextManager[object]:
        return nullcontext()

    return Ledger(database, make=lambda: database, alone=alone)


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
