"""A store's file that is there and holds nothing at all yet: told from one that holds something, and filled."""

from __future__ import annotations

import os

from coachsync.errors import StoreError
from coachsync.store.files import require_file, require_own, unreadable
from coachsync.store.open import make_tables, parse_url


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
        make_tables(path)
    return named


def _write_array(path: str) -> None:
    from coachsync.store.jsonfile.swap import locked

    try:
        with locked(path), open(path, "r+b") as file:
            if file.read(1):
                raise StoreError(f"{path} is no longer empty and was not touched", "look at it, then run init again")
            file.write(b"[]\n")
    except OSError as error:
        raise unreadable(path, error) from error
