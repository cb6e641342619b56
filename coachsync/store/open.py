"""From the configuration's `[store] url` to a store, opened, filled or newly made (CONTRACT §3 and §4)."""

from __future__ import annotations

import os
from typing import NamedTuple

from coachsync.errors import ConfigError, StoreError
from coachsync.store.base import Defaults, Store
from coachsync.store.files import require_file, require_own, unmakable, unreadable

_KINDS = ("sqlite", "json")
_HINT = "write [store] url as sqlite:///relative.db, sqlite:////absolute.db, json:///relative.json or json:////absolute"


class Place(NamedTuple):
    """Where a store is: the kind ("sqlite" or "json") and the absolute path of its file, links not resolved."""

    kind: str
    path: str


def parse_url(url: str, base_dir: str | os.PathLike[str]) -> Place:
    """Read a store's url; relative paths are relative to `base_dir`. Raises ConfigError."""
    scheme, colon, rest = url.partition(":")
    if colon and scheme in ("postgresql", "postgres"):
        raise ConfigError("[store] url: postgresql is not built yet", "use sqlite or json for now")
    if scheme not in _KINDS or not rest.startswith("///") or not rest[3:].strip("/") or "\0" in url:
        # the url may hold a password: only its beginning is told
        raise ConfigError(f"[store] url: expected sqlite:///FILE or json:///FILE, not {scheme[:20]!r}…", _HINT)
    return Place(scheme, os.path.join(os.path.abspath(base_dir), rest[3:]))


def open_store(url: str, base_dir: str | os.PathLike[str], defaults: Defaults, *, writable: bool) -> Store:
    """Open an existing store.

    With `writable` false nothing on disk is changed: no columns added, no ledger made.
    Raises ConfigError for a url that names no store, StoreError for a file that is none or cannot be used.
    """
    kind, named = parse_url(url, base_dir)
    path = require_file(named)
    if writable:
        require_own(path)
    if kind == "sqlite":
        from coachsync.store.sqlite.store import SqliteStore

        return SqliteStore(path, url, defaults, writable=writable)
    from coachsync.store.jsonfile.store import JsonStore

    return JsonStore(path, url, defaults, writable=writable, named=named)


def create_store(url: str, base_dir: str | os.PathLike[str]) -> str:
    """Make an empty store and return its file's path. Raises StoreError where something is there already."""
    kind, path = parse_url(url, base_dir)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        raise StoreError(f"{path} exists already and was not touched", "remove it, or choose another file") from None
    except OSError as error:
        raise unmakable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"[]\n" if kind == "json" else b"")
        if kind == "sqlite":
            _make_tables(path)
    except BaseException:
        os.unlink(path)
        raise
    return path


def is_blank(url: str, base_dir: str) -> bool:
    """Return whether a store's file holds no byte, or is an SQLite database without anything in it."""
    kind, named = parse_url(url, base_dir)
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
