"""A store taken apart for a look: what of it can be opened, and why the rest cannot. Changes nothing.

Commands that work take a store as a whole (`store.open`); who looks for what is wrong wants the bookings also if the
ledger is broken, and the other way round.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from coachsync.domain.booking import Defaults
from coachsync.errors import StoreError
from coachsync.store.bookings import Bookings
from coachsync.store.columns import MARKS, Columns
from coachsync.store.files import require_file
from coachsync.store.ledger.ledger import Ledger
from coachsync.store.open import CORRUPT, Location, ledger_in, parse_url
from coachsync.store.sqlite.database import Database

_BY_START = (
    "SELECT 1 FROM pragma_index_list('sessions') AS l, pragma_index_info(l.name) AS i"
    " WHERE i.seqno = 0 AND lower(i.name) = 'scheduled_date'"
)
_MANY = "SELECT 1 FROM sessions LIMIT 1 OFFSET 20000"


class Parts(NamedTuple):
    """Bookings and ledger, each or why it cannot be read. `location` is as the configuration names it.

    `path`: links resolved. `unmarked` are those of our columns that the table does not have yet. `slow`:
    there are many rows, and no index finds them by their start.
    """

    location: Location
    path: str
    bookings: Bookings | None = None
    bookings_error: StoreError | None = None
    ledger: Ledger | None = None
    ledger_error: StoreError | None = None
    unmarked: tuple[str, ...] = ()
    slow: bool = False

    def close(self) -> None:
        """Release everything."""
        for part in (self.ledger, self.bookings):
            if part is not None:
                part.close()


def open_parts(url: str, base_dir: str, defaults: Defaults) -> Parts:
    """Open what can be opened of a store. Raises ConfigError and StoreError if there is no file to open."""
    location = parse_url(url, base_dir)
    path = require_file(location.path)
    opened = _sqlite if location.kind == "sqlite" else _json
    return opened(Parts(location, path), defaults)


def _sqlite(parts: Parts, defaults: Defaults) -> Parts:
    from coachsync.store.sqlite.database import tolerant_text
    from coachsync.store.sqlite.rows import SqliteRows
    from coachsync.store.sqlite.table import inspect

    database = Database(parts.path, writable=False, corrupt_hint=CORRUPT, text=tolerant_text)
    try:
        table = inspect(database, Columns())
        parts = parts._replace(
            bookings=Bookings(SqliteRows(database, table), defaults),
            unmarked=tuple(field for field in MARKS if not table.has(table.names.of(field))),
            slow=(table.text_start or database.one(_BY_START) is None) and database.one(_MANY) is not None,
        )
    except StoreError as error:
        parts = parts._replace(bookings_error=error)
    return _with_ledger(parts, database)


def _json(parts: Parts, defaults: Defaults) -> Parts:
    from coachsync.store.jsonfile.rows import JsonRows
    from coachsync.store.ledger.beside import open_ledger

    try:
        rows = JsonRows(parts.path, parts.location.path)
        parts = parts._replace(bookings=Bookings(rows, defaults))
    except StoreError as error:
        parts = parts._replace(bookings_error=error)
    try:
        return _with_ledger(parts, open_ledger(parts.path, writable=False))
    except StoreError as error:
        return parts._replace(ledger_error=error)


def _with_ledger(parts: Parts, database: Database | None) -> Parts:
    def never() -> Database:
        raise AssertionError("a look makes no ledger")

    try:
        return parts._replace(ledger=ledger_in(parts.path, database, never))
    except StoreError as error:
        if database is not None and parts.bookings is None:
            with suppress(StoreError):
                database.close()
        return parts._replace(ledger_error=error)
