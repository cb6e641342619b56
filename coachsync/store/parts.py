"""A store taken apart for a look: what of it can be opened, and why the rest cannot. Changes nothing.

Commands that work take a store as a whole (`store.open`); who looks for what is wrong wants the bookings also if the
ledger is broken, and the other way round.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from coachsync.domain.booking import Defaults
from coachsync.domain.mapping import TableMapping
from coachsync.errors import StoreError
from coachsync.store.bookings import Bookings
from coachsync.store.columns import MARKS, Columns
from coachsync.store.files import require_database, require_file
from coachsync.store.ledger.beside import open_ledger_at
from coachsync.store.ledger.ledger import Ledger
from coachsync.store.open import CORRUPT, Location, ledger_in, ledger_path, parse_url, require_in_use
from coachsync.store.sqlite.database import Database

_BY_START = (
    "SELECT 1 FROM pragma_index_list('sessions') AS l, pragma_index_info(l.name) AS i"
    " WHERE i.seqno = 0 AND lower(i.name) = 'scheduled_date'"
)
_MANY = "SELECT 1 FROM sessions LIMIT 1 OFFSET 20000"


class Parts(NamedTuple):
    """Bookings and ledger, each or why it cannot be read. `location` is as the configuration names it.

    `path`: links resolved. `unmarked` are those of our columns that the table does not have yet. `slow`:
    there are many rows, and no index finds them by their start; `remedy` makes one.

    `own` is what a run writes: the file of bookings and ledger, or the one of a ledger that is elsewhere. `mapped`: the
    bookings are in another system's table. `writes`: a run writes to the bookings, too.
    """

    location: Location
    path: str
    bookings: Bookings | None = None
    bookings_error: StoreError | None = None
    ledger: Ledger | None = None
    ledger_error: StoreError | None = None
    unmarked: tuple[str, ...] = ()
    slow: bool = False
    remedy: str = 'have its owner make one: CREATE INDEX sessions_by_start ON sessions ("scheduled_date")'
    own: str = ""
    mapped: bool = False
    writes: bool = True

    @property
    def name(self) -> str:
        """Return what messages call the store."""
        return self.path if self.location.is_file else self.location.shown

    @property
    def apart(self) -> bool:
        """Return whether what coachsync remembers is in another file than the configured store."""
        return self.own != self.path

    def close(self) -> None:
        """Release everything."""
        for part in (self.ledger, self.bookings):
            if part is not None:
                part.close()


def open_parts(url: str, base_dir: str, defaults: Defaults, mapping: TableMapping | None = None) -> Parts:
    """Open what can be opened of a store. Raises ConfigError and StoreError if there is no file to open."""
    parts = _parts(url, base_dir, defaults, mapping)
    if parts.ledger is not None:
        try:
            require_in_use(parts.ledger, parts.name, url)
        except StoreError as error:
            parts = parts._replace(ledger_error=error)
    return parts


def _parts(url: str, base_dir: str, defaults: Defaults, mapping: TableMapping | None) -> Parts:
    location = parse_url(url, base_dir)
    if not location.is_file:
        return _postgres(Parts(location, location.path, own=location.path), base_dir, defaults, mapping)
    path = (require_file if mapping is None else require_database)(location.path)
    parts = Parts(location, path, own=path)
    if mapping is not None:
        return _mapped(parts, ledger_path(path, base_dir, mapping), mapping, defaults)
    opened = _sqlite if location.kind == "sqlite" else _json
    return opened(parts, defaults)


def _mapped(parts: Parts, own: str, mapping: TableMapping, defaults: Defaults) -> Parts:
    from coachsync.store.mapped.rows import MappedRows
    from coachsync.store.sqlite.database import text_key, tolerant_text
    from coachsync.store.sqlite.foreign import index_wanted, look

    parts = parts._replace(own=own, mapped=True, writes=mapping.writes_any)
    database = Database(parts.path, writable=False, corrupt_hint=CORRUPT, text=tolerant_text)
    try:
        kept = open_ledger_at(own, writable=False) if parts.apart else database
        parts = _with_ledger(parts, kept)
    except StoreError as error:
        parts = parts._replace(ledger_error=error)
    try:
        table = look(database, mapping)
        index = index_wanted(database, table)
        ledger = parts.ledger or ledger_in(own, None, _never)
        rows = MappedRows(database, table, ledger, text_key, separate=parts.apart)
        parts = parts._replace(bookings=Bookings(rows, defaults))
        return parts if index is None else parts._replace(slow=True, remedy=index)
    except StoreError as error:
        return parts._replace(bookings_error=error)


def _sqlite(parts: Parts, defaults: Defaults) -> Parts:
    from coachsync.store.sqlite.database import tolerant_text
    from coachsync.store.sqlite.table import inspect
    from coachsync.store.tablerows import TableRows

    database = Database(parts.path, writable=False, corrupt_hint=CORRUPT, text=tolerant_text)
    try:
        table = inspect(database, Columns())
        parts = parts._replace(
            bookings=Bookings(TableRows(database, table), defaults),
            unmarked=tuple(field for field in MARKS if not table.has(table.names.of(field))),
            slow=(table.text_start or database.one(_BY_START) is None) and database.one(_MANY) is not None,
        )
    except StoreError as error:
        parts = parts._replace(bookings_error=error)
    return _with_ledger(parts, database)


def _postgres(parts: Parts, base_dir: str, defaults: Defaults, mapping: TableMapping | None) -> Parts:
    from coachsync.store.postgres import foreign, opening
    from coachsync.store.postgres.database import PostgresDatabase
    from coachsync.store.postgres.table import index_wanted, inspect
    from coachsync.store.tablerows import TableRows

    database = PostgresDatabase(parts.path, writable=False)
    if mapping is not None:
        parts = parts._replace(own=ledger_path(parts.path, base_dir, mapping), mapped=True, writes=mapping.writes_any)
    try:
        if parts.apart:
            parts = _with_ledger(parts, open_ledger_at(parts.own, writable=False))
        else:
            parts = parts._replace(ledger=opening.ledger_of(database))
    except StoreError as error:
        parts = parts._replace(ledger_error=error)
    try:
        if mapping is None:
            table = inspect(database, Columns())
            bookings, wanted = Bookings(TableRows(database, table), defaults), index_wanted(database, table)
            parts = parts._replace(bookings=bookings, unmarked=table.unmarked)
        else:
            ledger = parts.ledger or ledger_in(parts.own, None, _never)
            bookings = opening.mapped(database, mapping, ledger, defaults, separate=parts.apart)
            wanted = foreign.index_wanted(database, foreign.look(database, mapping))
            parts = parts._replace(bookings=bookings)
        return parts if wanted is None else parts._replace(slow=True, remedy=wanted)
    except StoreError as error:
        return parts._replace(bookings_error=error)


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


def _never() -> Database:
    raise AssertionError("a look makes no ledger")


def _with_ledger(parts: Parts, database: Database | None) -> Parts:
    try:
        return parts._replace(ledger=ledger_in(parts.own, database, _never))
    except StoreError as error:
        if database is not None and parts.bookings is None:
            with suppress(StoreError):
                database.close()
        return parts._replace(ledger_error=error)
