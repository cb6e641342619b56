"""From the configuration's `[store] url` to a store, opened, filled or newly made (CONTRACT §3 and §4)."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

from coachsync import waits
from coachsync.domain.booking import Defaults
from coachsync.errors import ConfigError, StoreError
from coachsync.store.base import Store
from coachsync.store.bookings import Bookings
from coachsync.store.columns import Columns
from coachsync.store.files import require_database, require_file, require_own, unmakable, unreadable
from coachsync.store.ledger.ledger import Ledger
from coachsync.store.lock import run_lock
from coachsync.store.sql import Sql

if TYPE_CHECKING:
    from coachsync.domain.mapping import TableMapping
    from coachsync.store.sqlite.database import Database

_KINDS = ("sqlite", "json")
_POSTGRES = "postgresql"
CORRUPT = "restore it from a backup, or see what `sqlite3 FILE '.recover'` brings back"
_HINT = (
    "write [store] url as sqlite:///relative.db, sqlite:////absolute.db, json:///relative.json, json:////absolute"
    " or postgresql://USER@HOST/DATABASE"
)


class Location(NamedTuple):
    """Where a store is: the kind ("sqlite" or "json") and the absolute path of its file, links not resolved.

    A PostgreSQL is of the kind "postgresql" and has its url in place of a path.
    """

    kind: str
    path: str

    @property
    def is_file(self) -> bool:
        """Return whether the store is a file of this host's."""
        return self.kind in _KINDS

    @property
    def shown(self) -> str:
        """Return what messages call the store."""
        if self.is_file:
            return self.path
        from coachsync.store.postgres.address import shown

        return shown(self.path)


def parse_url(url: str, base_dir: str | os.PathLike[str]) -> Location:
    """Read a store's url; relative paths are relative to `base_dir`. Raises ConfigError."""
    scheme, colon, rest = url.partition(":")
    if colon and scheme in ("postgresql", "postgres"):
        from coachsync.store.postgres.address import require_no_password

        require_no_password(url)
        return Location(_POSTGRES, url)
    if scheme not in _KINDS or not rest.startswith("///") or not rest[3:].strip("/") or "\0" in url:
        # the url may hold a password: only its beginning is told
        raise ConfigError(f"[store] url: expected sqlite:///FILE or json:///FILE, not {scheme[:20]!r}…", _HINT)
    return Location(scheme, os.path.join(os.path.abspath(base_dir), rest[3:]))


def open_store(
    url: str,
    base_dir: str | os.PathLike[str],
    defaults: Defaults,
    *,
    writable: bool,
    mapping: TableMapping | None = None,
) -> Store:
    """Open an existing store; `mapping` says which table of another system's it is.

    With `writable` false nothing on disk is changed: no columns added, no ledger made.
    Raises ConfigError for a url that names no store, StoreError for a file that is none or cannot be used, and for a
    store that is not copied to its end, or was copied to another one.
    """
    store = _opened(url, base_dir, defaults, writable=writable, mapping=mapping)
    try:
        require_in_use(store.ledger, store.path, mapping.ledger or url if mapping is not None else url)
    except BaseException:
        store.close()
        raise
    return store


def require_in_use(ledger: Ledger, name: str, url: str) -> None:
    """Raise StoreError if a copy has not ended here, or ended elsewhere; `url`: how a person names the store."""
    notes = ledger.copy_notes()
    if notes:
        from coachsync.store.copying.notes import unusable

        error = unusable(notes, name, url)
        if error is not None:
            raise error


def _opened(
    url: str, base_dir: str | os.PathLike[str], defaults: Defaults, *, writable: bool, mapping: TableMapping | None
) -> Store:
    kind, named = parse_url(url, base_dir)
    if kind == _POSTGRES:
        from coachsync.store.postgres.opening import open_mapped, open_postgres

        if mapping is not None:
            return open_mapped(url, ledger_file(base_dir, mapping), mapping, defaults, writable=writable)
        return open_postgres(url, defaults, writable=writable)
    if mapping is not None:
        return _open_mapped(require_database(named), base_dir, mapping, defaults, writable=writable)
    path = require_file(named)
    if writable:
        require_own(path)
    opened = _open_sqlite if kind == "sqlite" else _open_json
    return opened(path, named, defaults, writable=writable)


def open_ledger_alone(url: str, base_dir: str | os.PathLike[str], *, make: bool) -> Ledger | None:
    """Open the ledger of a store for writing, whatever the bookings are like; who asks for it closes it.

    Without `make` it is None if there is no ledger yet. Raises ConfigError and StoreError, see `open_store`.
    """
    ledger = _ledger_alone(url, base_dir, make=make)
    if ledger is None:
        return None
    try:
        require_in_use(ledger, ledger.name, url)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _ledger_alone(url: str, base_dir: str | os.PathLike[str], *, make: bool) -> Ledger | None:
    kind, named = parse_url(url, base_dir)
    if kind == _POSTGRES:
        from coachsync.store.postgres import opening

        return opening.open_ledger(url, make=make)
    path = require_file(named)
    require_own(path)
    if kind == "json":
        from coachsync.store.ledger.beside import make_ledger, open_ledger

        beside = open_ledger(path, writable=True)
        if beside is None and not make:
            return None
        return ledger_in(path, beside, lambda: make_ledger(path))
    from coachsync.store.sqlite.database import Database, tolerant_text

    database = Database(path, writable=True, corrupt_hint=CORRUPT, text=tolerant_text)
    try:
        if not make and not database.has_table("coachsync_meta"):
            database.close()
            return None
        return ledger_in(path, database, lambda: database)
    except BaseException:
        database.close()
        raise


def _open_sqlite(path: str, _named: str, defaults: Defaults, *, writable: bool) -> Store:
    """Open a database that holds bookings and ledger."""
    from coachsync.store.sqlite.database import Database, tolerant_text
    from coachsync.store.sqlite.table import add_marks, inspect
    from coachsync.store.tablerows import TableRows

    database = Database(path, writable=writable, corrupt_hint=CORRUPT, text=tolerant_text)
    try:
        table = inspect(database, Columns())
        ledger = ledger_in(path, database, lambda: database)
        if writable and not table.whole:
            table = add_marks(database, table)
    except BaseException:
        database.close()
        raise
    return Store(path, Bookings(TableRows(database, table), defaults), ledger)


def _open_mapped(
    path: str, base_dir: str | os.PathLike[str], mapping: TableMapping, defaults: Defaults, *, writable: bool
) -> Store:
    """Open another system's table, and the ledger in its database or elsewhere."""
    from coachsync.store.sqlite.database import Database, tolerant_text

    elsewhere = ledger_path(path, base_dir, mapping)
    separate = elsewhere != path
    changes = writable and (mapping.writes_any or not separate)
    if changes:
        require_own(path)
    database = Database(path, writable=changes, corrupt_hint=CORRUPT, text=tolerant_text)
    try:
        if not separate:
            return Store(path, *mapped(database, database, lambda: database, path, mapping, defaults))
        return _with_ledger_at(elsewhere, database, mapping, defaults, writable=writable)
    except BaseException:
        database.close()
        raise


def ledger_path(path: str, base_dir: str | os.PathLike[str], mapping: TableMapping) -> str:
    """Return the file that a mapped store's ledger is in; `path`: that of the bookings. Raises ConfigError."""
    return ledger_file(base_dir, mapping) or path


def ledger_file(base_dir: str | os.PathLike[str], mapping: TableMapping) -> str | None:
    """Return the file that a mapped store's ledger is in, None if it is in the bookings' database."""
    return None if mapping.ledger is None else os.path.realpath(parse_url(mapping.ledger, base_dir).path)


def _with_ledger_at(
    elsewhere: str, database: Database, mapping: TableMapping, defaults: Defaults, *, writable: bool
) -> Store:
    """Return a store whose ledger is in a file of its own; without it the ledger is empty until something is kept."""
    from coachsync.store.ledger.beside import make_ledger_at, open_ledger_at

    kept = open_ledger_at(elsewhere, writable=writable)
    try:
        made = mapped(database, kept, lambda: make_ledger_at(elsewhere), elsewhere, mapping, defaults)
    except BaseException:
        if kept is not None:
            kept.close()
        raise
    return Store(elsewhere, *made)


def mapped(
    database: Database, kept: Sql | None, make: Callable[[], Sql], path: str, mapping: TableMapping, defaults: Defaults
) -> tuple[Bookings, Ledger]:
    """Return the bookings of a mapped table, and the ledger in `kept`, whose file's path is `path`."""
    from coachsync.store.mapped.rows import MappedRows, only_read
    from coachsync.store.sqlite.database import text_key
    from coachsync.store.sqlite.foreign import look

    source = look(database, mapping)
    ledger = ledger_in(path, kept, make)
    rows = MappedRows(database, source, ledger, text_key, separate=kept is not database)
    return Bookings(rows, defaults, only_read(source)), ledger


def _open_json(path: str, named: str, defaults: Defaults, *, writable: bool) -> Store:
    """Open a JSON file, and the ledger beside it."""
    from coachsync.store.jsonfile.rows import JsonRows
    from coachsync.store.ledger.beside import make_ledger, open_ledger

    rows = JsonRows(path, named)
    database = open_ledger(path, writable=writable)
    try:
        ledger = ledger_in(path, database, lambda: make_ledger(path))
    except BaseException:
        if database is not None:
            database.close()
        raise
    return Store(path, Bookings(rows, defaults), ledger)


def ledger_in(path: str, sql: Sql | None, make: Callable[[], Sql]) -> Ledger:
    """Return the ledger; an earlier version's is brought up to date, with no run under way."""

    def alone() -> AbstractContextManager[object]:
        return run_lock(path, waits.current().migration, "bringing the ledger up to date")

    return Ledger(sql, make=make, alone=alone)


def create_store(url: str, base_dir: str | os.PathLike[str]) -> str:
    """Make an empty store and return its file's path. Raises StoreError if something is there already."""
    from coachsync.host.files import own_mode

    kind, path = parse_url(url, base_dir)
    if kind == _POSTGRES:
        from coachsync.store.postgres.opening import make_store

        return make_store(url)
    try:
        mode = own_mode(path)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise StoreError(f"{path} exists already and was not touched", "remove it, or choose another file") from None
    except OSError as error:
        raise unmakable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(b"[]\n" if kind == "json" else b"")
        if kind == "sqlite":
            _make_tables(path)
    except BaseException:
        os.unlink(path)
        raise
    return path


def is_blank(url: str, base_dir: str) -> bool:
    """Return whether a store's file holds no byte, or it is a database without anything in it."""
    kind, named = parse_url(url, base_dir)
    if kind == _POSTGRES:
        from coachsync.store.postgres.opening import is_bare

        return is_bare(url)
    path = require_file(named)
    if kind == "json":
        return os.path.getsize(path) == 0
    from coachsync.store.sqlite.database import Database

    database = Database(path, writable=False, corrupt_hint="remove it, or choose another file")
    try:
        return database.one("SELECT 1 FROM sqlite_master LIMIT 1") is None
    finally:
        database.close()


def fill(url: str, base_dir: str) -> str:
    """Make a file that `is_blank` an empty store and return its path. Raises StoreError."""
    kind, named = parse_url(url, base_dir)
    if kind == _POSTGRES:
        return create_store(url, base_dir)
    path = require_file(named)
    require_own(path)
    if kind == "json":
        _write_array(path)
    else:
        _make_tables(path)
    return named


def _make_tables(path: str) -> None:
    """Make coachsync's own table in an SQLite file, all of it or nothing. Raises StoreError."""
    from coachsync.store.sqlite.database import Database
    from coachsync.store.sqlite.schema import SESSIONS_INDEXES, SESSIONS_TABLE

    database = Database(path, writable=True, corrupt_hint="remove it and try again")
    try:
        with database.immediate():
            for statement in (SESSIONS_TABLE, *SESSIONS_INDEXES):
                database.run(statement)
    finally:
        database.close()


def _write_array(path: str) -> None:
    from coachsync.store.jsonfile.swap import locked

    try:
        with locked(path), open(path, "r+b") as file:
            if file.read(1):
                raise StoreError(f"{path} is no longer empty and was not touched", "look at it, then run init again")
            file.write(b"[]\n")
    except OSError as error:
        raise unreadable(path, error) from error
