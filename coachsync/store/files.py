"""What a store's file must be before anything is opened: there, a regular file, ours to use.

Owns the refusal to work as root on another user's file: what root creates beside it, the next run could not write.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from coachsync.errors import StoreError
from coachsync.host.limits import remedy
from coachsync.host.owner import owner_of, sudo_line, user_name

if TYPE_CHECKING:
    from coachsync.host.files import OwnerNotKeptError


def require_file(path: str) -> str:
    """Return the file's resolved path. Raises StoreError if it is missing, no regular file or not readable."""
    try:
        found = os.stat(path)
        real = os.path.realpath(path)
        if not stat.S_ISREG(found.st_mode):
            what = "a directory" if stat.S_ISDIR(found.st_mode) else "no regular file"
            raise StoreError(f"the session store {path} is {what}", "point [store] url at the store's file")
        if not os.access(real, os.R_OK, effective_ids=True):
            # Not opened to see it: closing it again would drop the locks that SQLite holds on it in this process.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    return real


def require_database(path: str) -> str:
    """Return the resolved path of another system's database, as `require_file` does: one that is not ours to make."""
    if not os.path.exists(path) and not os.path.islink(path) and "\0" not in path:
        raise StoreError(f"the database {path} does not exist", "name the file that its system keeps it in now")
    return require_file(path)


def require_own(path: str) -> None:
    """Refuse to write as root a file of somebody else."""
    if os.geteuid() != 0:
        return
    owner = owner_of(path)
    if owner != 0:
        hint = f"run it as that user: {sudo_line(owner)}"
        raise StoreError(f"running as root, but {path} belongs to {user_name(owner)}", hint)


def owner_not_kept(path: str, error: OwnerNotKeptError) -> StoreError:
    """Say that a file of the store's could not be given the store's owner and group."""
    return StoreError(
        f"the owner and group of {path} could not be kept", f"run it as that user: {sudo_line(error.uid)}"
    )


def unreadable(path: str, error: Exception) -> StoreError:
    """Say that the system refused to open or read a file."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    hint = "the user that runs coachsync must be able to read and write it"
    if isinstance(error, OSError):
        hint = remedy(error, hint)
    return StoreError(f"the session store {path} cannot be read: {why}", hint)


def unmakable(path: str, error: OSError) -> StoreError:
    """Say that the system refused to make a new store's file."""
    from shlex import join

    folder = os.path.dirname(path)
    if not os.path.isdir(folder) and isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return StoreError(
            f"the session store {path} cannot be made: there is no folder {folder}",
            f"make the folder ({join(('mkdir', '-p', folder))}), or correct the store's url",
        )
    hint = remedy(error, "the user that runs coachsync must be able to write in its folder")
    return StoreError(f"the session store {path} cannot be made: {error.strerror}", hint)


def _missing(path: str) -> StoreError:
    if os.path.islink(path):
        target = os.path.realpath(path)
        return StoreError(f"the session store {path} is a link to {target}, which does not exist", "mend the link")
    return StoreError(f"the session store {path} does not exist", lost_hint(path))


def lost_hint(path: str) -> str:
    """Return what to do about a store that is not there, or holds nothing at all any more.

    An empty one in its place would look as if every booking had vanished.
    """
    rooms = _remembered_rooms(path)
    if rooms:
        told = f"the ledger beside it remembers {rooms} open rooms: bring it back, or correct [store] url"
    elif rooms is not None or os.path.lexists(f"{os.path.realpath(path)}.coachsync.lock"):
        told = "an earlier run worked on it, so rooms may be open: bring it back, or correct [store] url"
    else:
        told = "then bring it back, or correct [store] url"
    return f"was it moved? {told}; if there never was one, make an empty one with `coachsync init`"


def _remembered_rooms(path: str) -> int | None:
    """Return how many open rooms the ledger beside a store remembers; None if there is none to be read."""
    ledger = f"{os.path.realpath(path)}.coachsync.db"
    if not os.path.isfile(ledger):
        return None
    import sqlite3
    from contextlib import closing
    from urllib.parse import quote

    try:
        with closing(sqlite3.connect(f"file:{quote(ledger)}?mode=ro", uri=True)) as connection:
            (rooms,) = connection.execute("SELECT count(*) FROM coachsync_entries WHERE state <> 'closed'").fetchone()
    except sqlite3.Error:
        return 0
    return int(rooms)
