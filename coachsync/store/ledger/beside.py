"""The ledger in a file of its own: beside a store that is no database, or where the configuration says.

The one beside a store is of the store's owner and group.
"""

from __future__ import annotations

import os

from coachsync.errors import StoreError
from coachsync.host.files import OwnerNotKeptError, give, own_mode
from coachsync.host.limits import remedy
from coachsync.store.files import owner_not_kept, require_own
from coachsync.store.sqlite.database import Database


def open_ledger(path: str, *, writable: bool) -> Database | None:
    """Open the ledger of the store at `path`, None if there is none. Raises StoreError if it is damaged."""
    return open_ledger_at(beside(path), writable=writable)


def open_ledger_at(name: str, *, writable: bool) -> Database | None:
    """Open the ledger in this file, None if there is none. Raises StoreError if it is damaged."""
    return _opened(name, writable=writable) if os.path.lexists(name) else None


def make_ledger(path: str) -> Database:
    """Open the ledger of the store at `path`; make an empty file if there is none."""
    return make_ledger_at(beside(path), path)


def make_ledger_at(name: str, like: str | None = None) -> Database:
    """Open the ledger in this file; make an empty one if there is none, of the owner and group of `like`."""
    try:
        _create(name, None if like is None else os.stat(like))
    except FileExistsError:
        pass  # another process was faster
    except OwnerNotKeptError as error:
        raise owner_not_kept(name, error) from None
    except OSError as error:
        why = error.strerror or str(error)
        hint = remedy(error, "the user that runs coachsync must be able to make files in that directory")
        raise StoreError(f"the ledger {name} cannot be made: {why}", hint) from error
    return _opened(name, writable=True)


def beside(path: str) -> str:
    """Return the ledger's path, for the store at `path`."""
    return f"{path}.coachsync.db"


def _create(name: str, like: os.stat_result | None) -> None:
    descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        if like is not None:
            give(descriptor, like)
        os.fchmod(descriptor, own_mode(name))
    finally:
        os.close(descriptor)


def _opened(name: str, *, writable: bool) -> Database:
    if os.path.islink(name):
        raise StoreError(
            f"the ledger {name} is a symbolic link, which is not followed",
            "move the ledger that it leads to here, in its place",
        )
    if writable:
        require_own(name)
    hint = f"move {name} away: the ledger is rebuilt from what Discord shows"
    return Database(name, writable=writable, corrupt_hint=hint)
