"""Whether a run could write a store, proved without changing anything: no file is made, none is locked for long.

What a run does is gone through: whose the file is, the run's lock, a new file beside it with the owner, group and
attributes of the old one and room for its content, the database's write lock. The new file has no name in its folder
(O_TMPFILE), so that nobody sees it and nothing is left if we are killed.
"""

from __future__ import annotations

import errno
import os

from coachsync.domain.mapping import TableMapping
from coachsync.errors import CoachsyncError, StoreError
from coachsync.host import files
from coachsync.host.files import AttributesNotKeptError, OwnerNotKeptError
from coachsync.host.limits import NO_FILES, remedy, too_few_files
from coachsync.store.files import owner_not_kept, require_own
from coachsync.store.ledger.beside import beside
from coachsync.store.open import CORRUPT, Location
from coachsync.store.sqlite.database import Database

_NAMELESS_UNKNOWN = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT)  # no O_TMPFILE here
_JOURNAL = 1 << 16  # bytes: what a transaction's journal needs at least


def prove_writable(
    location: Location, path: str, *, ledger: bool = True, mapping: TableMapping | None = None, apart: bool = False
) -> None:
    """Return if a run of this user could write the store at `path`, links resolved.

    `ledger`: a ledger beside it, too; false for one that is known to be broken. `mapping`: it is another system's
    table; `apart`: the ledger is elsewhere.

    Raises:
        StoreError: it could not, or somebody else holds the database for longer than a run waits.
    """
    if not location.is_file:
        from coachsync.store.postgres.opening import prove_store

        prove_store(path, mapping, ledger=not apart)
        return
    require_own(path)
    _prove_openable(f"{path}.coachsync.lock")
    if location.kind == "sqlite":
        _prove_room(path, _JOURNAL, like=False)
        _prove_transaction(path)
        return
    _prove_openable(f"{path}.lock", reading=True)
    _prove_replaceable(path)
    if ledger and os.path.lexists(beside(path)):
        require_own(beside(path))
        _prove_transaction(beside(path))


def prove_ledger(own: str) -> None:
    """Return if a run of this user could write a ledger in a file of its own, there or not. Raises StoreError."""
    _prove_openable(f"{own}.coachsync.lock")
    _prove_room(own, _JOURNAL, like=False)
    if os.path.lexists(own):
        require_own(own)
        _prove_transaction(own)


def _prove_openable(name: str, *, reading: bool = False) -> None:
    """Raise StoreError if a lock file is there and cannot be opened as a run opens it."""
    try:
        os.close(os.open(name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK))
    except FileNotFoundError:
        return
    except OSError as error:
        if reading and os.access(name, os.R_OK, effective_ids=True):
            return
        if error.errno in NO_FILES:
            raise too_few_files() from None
        if error.errno == errno.ELOOP:
            hint = "see where it leads (ls -l shows it), then remove the link"
            raise StoreError(f"the lock file {name} is a symbolic link, which is not followed", hint) from None
        hint = remedy(error, "run coachsync as the user who owns the store, or remove the lock if no run is under way")
        raise StoreError(f"the lock file {name} cannot be opened: {error.strerror}", hint) from None


def _prove_replaceable(path: str) -> None:
    try:
        files.require_replaceable(path)
    except OSError as error:
        hint = "mount the folder that it is in, not the file alone" if error.errno == errno.EBUSY else _FOLDER
        raise StoreError(f"the session store {path} cannot be replaced: {error.strerror}", hint) from None
    _prove_room(path, os.path.getsize(path), like=True)


_FOLDER = "let the user that runs coachsync make and replace files in its folder"


def _prove_room(path: str, size: int, *, like: bool) -> None:
    """Raise StoreError if no file of this size, and with `like` of the store's owner, can be made beside it."""
    folder = os.path.dirname(path) or "."
    try:
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in _NAMELESS_UNKNOWN and os.path.isdir(folder):
            return
        raise _no_new_file(path, error) from None
    try:
        if like:
            files.make_like(descriptor, files.likeness(path))
        os.posix_fallocate(descriptor, 0, max(size, 1))
    except OwnerNotKeptError as error:
        raise owner_not_kept(path, error) from None
    except AttributesNotKeptError as error:
        hint = "keep the store on a file system with access lists and attributes, or take them from the file"
        what = f"the access list or the attributes of {path} cannot be kept: {error.strerror}"
        raise StoreError(what, hint) from None
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise _no_new_file(path, error) from None
    finally:
        os.close(descriptor)


def _no_new_file(path: str, error: OSError) -> CoachsyncError:
    if error.errno in NO_FILES:
        return too_few_files()
    room = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    hint = "free some space there" if room else _FOLDER
    if error.errno == errno.EROFS:
        hint = remedy(error, hint)
    return StoreError(f"no file can be made beside {path}: {error.strerror}", hint)


def _prove_transaction(path: str) -> None:
    """Take the write lock of a database and give it back at once. Raises StoreError."""
    if not os.access(path, os.W_OK, effective_ids=True):  # SQLite opens it all the same, and fails at the first write
        hint = "the user that runs coachsync must be able to read and write it"
        raise StoreError(f"the database {path} cannot be written: {os.strerror(errno.EACCES)}", hint)
    database = Database(path, writable=True, corrupt_hint=CORRUPT)
    try:
        database.run("BEGIN IMMEDIATE")
        database.run("ROLLBACK")
    finally:
        database.close()
