"""A file written whole or not at all: a new one beside it, forced to disk and renamed over it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coachsync.errors import ConfigError


class OwnerNotKeptError(PermissionError):
    """Only root or the owner, `uid`, could give a new file the owner and group of the one that it replaces."""

    def __init__(self, error: OSError, uid: int) -> None:
        super().__init__(error.errno, error.strerror)
        self.uid = uid


def replace(
    path: str, data: bytes, *, like: os.stat_result | None, beside: str, still: Callable[[], bool] | None = None
) -> os.stat_result | None:
    """Put a new file in the place of what is at `path`; return what the system says of it.

    The new file is made under the name `beside`, with owner, group and mode of `like` (None: the user's own, 0600).
    If `still` is given and false once the data is on disk, nothing is replaced and None returned.
    Raises OSError; then the old file is what it was and nothing is left beside it.
    """
    with _fresh(beside, like) as descriptor:
        _write(descriptor, data)
        if still is not None and not still():
            return None
        os.rename(beside, path)
        _sync_directory(path)
        return os.fstat(descriptor)


def make_like(descriptor: int, like: os.stat_result) -> None:
    """Give a new file owner, group and mode of another one. Raises OwnerNotKeptError."""
    if _owners(os.fstat(descriptor)) != _owners(like):
        try:
            os.fchown(descriptor, like.st_uid, like.st_gid)
        except PermissionError as error:
            raise OwnerNotKeptError(error, like.st_uid) from None
    os.fchmod(descriptor, stat.S_IMODE(like.st_mode))


def place(path: str, text: str, *, new: bool) -> str:
    """Write a file of mode 0600 in one step and return its path.

    A file that is replaced keeps its owner and mode. Raises ConfigError; with `new`, also if one exists.
    """
    if new and os.path.lexists(path):
        raise ConfigError(f"{path} exists already and was not touched", "name another file")
    whole = os.path.realpath(path)
    try:
        replace(whole, text.encode(), like=_found(whole), beside=_beside(whole))
    except OSError as problem:
        raise ConfigError(f"{path} cannot be written: {problem.strerror}", "choose another place") from None
    return path


def keep(path: str) -> str:
    """Copy a file beside itself as FILE.bak, owner and mode too; return that path, "" if there is no file.

    Raises ConfigError.
    """
    copy = f"{path}.bak"
    try:
        with open(path, "rb") as file:
            replace(copy, file.read(), like=os.fstat(file.fileno()), beside=_beside(copy))
    except FileNotFoundError:
        return ""
    except OSError as problem:
        hint = "move it away, then run init again"
        raise ConfigError(f"{path} cannot be kept as {copy}: {problem.strerror}", hint) from None
    return copy


def _beside(path: str) -> str:
    return f"{path}.{os.getpid()}.new"


def _found(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


@contextmanager
def _fresh(beside: str, like: os.stat_result | None) -> Iterator[int]:
    """Make an empty file for a block, and take it away unless the block renamed it."""
    _remove(beside)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if like is not None:
            make_like(descriptor, like)
        yield descriptor
    finally:
        os.close(descriptor)
        _remove(beside)


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _owners(found: os.stat_result) -> tuple[int, int]:
    return found.st_uid, found.st_gid


def _remove(name: str) -> None:
    try:
        os.unlink(name)
    except FileNotFoundError:
        return


def _sync_directory(path: str) -> None:
    descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
