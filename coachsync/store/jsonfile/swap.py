"""A JSON store's file on disk: read without seeing half of it, replaced as a whole under its lock.

`FILE.lock` is what booking systems take too; it is never removed, or two could hold it. The new file is written beside
the old one, forced to disk and renamed over it: a reader sees one or the other, a full disk leaves the old one.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from io import FileIO
from typing import TYPE_CHECKING, NamedTuple

from coachsync import waits
from coachsync.errors import StoreError
from coachsync.host import files, flock
from coachsync.host.files import AttributesNotKeptError, Likeness, OwnerNotKeptError
from coachsync.store.files import owner_not_kept, unreadable

if TYPE_CHECKING:
    from coachsync.store.jsonfile.patch import Pieces
    from coachsync.store.jsonfile.read import Data

_LOCK_PAUSE = 0.01
_PIECE = 1 << 20
_MANY = 1 << 20
_YOUNG = 2_000_000_000  # ns: within the clock's grain two writes may bear one time, so bytes are compared as well


class Stamp(NamedTuple):
    """By which a changed file is told from the one that was read."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @property
    def young(self) -> bool:
        """Return whether the file was written so lately that its times alone prove nothing."""
        return time.time_ns() - max(self.modified, self.changed) < _YOUNG


def read(path: str) -> tuple[Data, Stamp]:
    """Return the file's bytes and stamp. Raises StoreError.

    Many bytes have a mapping of their own. As one block among others they would come to lie in the midst of what
    lasts, whose memory no system gets back: a file that is replaced again and again took its size twice.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            found = os.fstat(file.fileno())
            data = file.read() if found.st_size < _MANY else _mapped(file, found.st_size)
            return data, _stamp(found)
    except OSError as error:
        raise unreadable(path, error) from error


def _mapped(file: FileIO, size: int) -> Data:
    """Return a file's bytes in memory that goes back to the system as soon as nobody holds them."""
    from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

    data, at = mmap(-1, size, flags=MAP_PRIVATE | MAP_ANONYMOUS), 0
    with memoryview(data) as view:
        while at < size and (got := file.readinto(view[at : at + _PIECE])):
            at += got
    more = file.read()
    return data if at == size and not more else data[:at] + more  # somebody writes to it just now


def holds(data: Data, pieces: Pieces) -> bool:
    """Return whether the data is what these pieces make."""
    if sum(map(len, pieces)) != len(data):
        return False
    view, at = memoryview(data), 0
    for piece in _parts(pieces):
        if bytes(piece) != bytes(view[at : at + len(piece)]):
            return False
        at += len(piece)
    return True


def checksum(pieces: Iterable[Data | memoryview]) -> int:
    """Return a sum by which what these pieces make is told from what somebody else may have written since."""
    from zlib import crc32

    made = 0
    for piece in pieces:
        made = crc32(piece, made)
    return made


def _parts(pieces: Pieces) -> Iterator[bytes | memoryview]:
    """Yield the pieces, long ones part by part: a copy of all of one might be too much."""
    for piece in pieces:
        for at in range(0, len(piece), _PIECE):
            yield piece[at : at + _PIECE]


def unchanged(path: str, data: Data, stamp: Stamp) -> bool:
    """Return whether the file still is what was read."""
    try:
        found = _stamp(os.stat(path))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unreadable(path, error) from error
    return found == stamp and (not stamp.young or _holds(path, data))


def _holds(path: str, data: Data) -> bool:
    """Return whether the file's bytes are these, piece by piece: both at once might be too much."""
    view, at = memoryview(data), 0
    try:
        with open(path, "rb") as file:
            while piece := file.read(_PIECE):
                if piece != bytes(view[at : at + len(piece)]):
                    return False
                at += len(piece)
    except OSError as error:
        raise unreadable(path, error) from error
    return at == len(data)


@contextmanager
def locked_as(path: str, named: str) -> Iterator[None]:
    """Hold the lock on `path`, and the one on the link `named` that leads to it, if somebody uses that.

    Raises StoreError as `locked` does.
    """
    with ExitStack() as locks:
        if os.path.exists(f"{named}.lock") and not _one_lock(path, named):
            locks.enter_context(locked(named))
        locks.enter_context(locked(path))
        yield


def _one_lock(path: str, other: str) -> bool:
    return os.path.realpath(f"{path}.lock") == os.path.realpath(f"{other}.lock")


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold the exclusive lock on `path`.lock. Raises StoreError if it is not to be had within 10 seconds."""
    descriptor = _open_lock(path)
    try:
        _wait(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def replace(path: str, pieces: Pieces, old: Data, stamp: Stamp) -> Stamp | None:
    """Replace the file by what these pieces make, unless it is not what was read any more: then None.

    Its lock must be held. Owner, group, mode, access list and `user.*` attributes are kept. Raises StoreError; then
    the file is what it was and nothing is left beside it.
    """
    with _said(path):
        files.require_replaceable(path)
        like = files.likeness(path)
        still = partial(unchanged, path, old, stamp)
        placed = files.replace(path, pieces, like=like, beside=_beside(path), still=still)
    return None if placed is None else _stamp(placed)


def rehearse(path: str, data: Data) -> None:
    """Prove that the file could be replaced by one of such data. Its lock must be held. Raises StoreError."""
    with _said(path):
        files.require_replaceable(path)
        files.rehearse([memoryview(data)], like=files.likeness(path), beside=_beside(path))


@contextmanager
def _said(path: str) -> Iterator[None]:
    """Turn what the system says of a replacement into what a person can act on."""
    try:
        yield
    except OwnerNotKeptError as error:
        raise owner_not_kept(path, error) from None
    except AttributesNotKeptError as error:
        why = error.strerror or str(error)
        hint = "keep the store on a file system with access lists and attributes, or take them from the file"
        raise StoreError(f"the access list or the attributes of {path} cannot be kept: {why}", hint) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(f"the session store {path} cannot be written: {why}", _remedy(error)) from error


def _remedy(error: OSError) -> str:
    if error.errno == errno.EBUSY:
        return "mount the folder that it is in, not the file alone"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "free some space, then run again"
    return "let the user that runs coachsync make and replace files in its folder"


def _beside(path: str) -> str:
    return f"{path}.coachsync-new"  # one name: what a killed run left is taken away by the next


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _open_lock(path: str) -> int:
    name = f"{path}.lock"
    try:
        try:
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            descriptor = _open_existing(name)
            if os.geteuid() not in (0, os.fstat(descriptor).st_uid):
                return descriptor  # somebody else made it, for themselves to say who takes it
        _like_store(descriptor, path)
    except OSError as error:
        why = error.strerror or str(error)
        hint = "the user that runs coachsync must be able to make files in that directory"
        raise StoreError(f"the lock {name} cannot be opened: {why}", hint) from error
    return descriptor


def _open_existing(name: str) -> int:
    """Open the lock that somebody made: for writing, which NFS asks for; for reading is enough on a local disk."""
    try:
        return os.open(name, os.O_RDWR | os.O_CLOEXEC)
    except PermissionError:
        return os.open(name, os.O_RDONLY | os.O_CLOEXEC)


def _like_store(descriptor: int, path: str) -> None:
    """Give the lock the store's group, mode and access list, and its owner if we may: its writers take it too.

    So is one that an earlier run made under a strict umask.
    """
    lock, like = files.likeness(descriptor), files.likeness(path)
    if _looks(lock) == _looks(like):
        return
    for owner in (like.found.st_uid, -1):
        with suppress(PermissionError):  # a group may be given by its member, an owner by root alone
            os.fchown(descriptor, owner, like.found.st_gid)
            break
    with suppress(OSError):
        files.guard(descriptor, like)


def _looks(like: Likeness) -> tuple[object, ...]:
    return like.found.st_uid, like.found.st_gid, stat.S_IMODE(like.found.st_mode), like.attributes


def _wait(descriptor: int, path: str) -> None:
    try:
        taken = flock.take(descriptor, waits.current().json_lock, _LOCK_PAUSE)
    except OSError as error:
        hint = f"keep the store on a file system with locks, and let the user that runs coachsync write {path}.lock"
        raise StoreError(f"the lock {path}.lock cannot be taken: {error.strerror}", hint) from error
    if not taken:
        hint = "see which program keeps its lock: `fuser -v` names it"
        raise StoreError(f"{path} is locked by another process ({path}.lock)", hint)
