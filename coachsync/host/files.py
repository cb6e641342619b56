"""Writing a file whole or not at all, for its owner's eyes alone."""

from __future__ import annotations

import os
import stat

from coachsync.errors import ConfigError


def place(path: str, text: str, *, new: bool) -> str:
    """Write a file of mode 0600 in one step and return its path.

    A file that is replaced keeps its owner and mode. Raises ConfigError; with `new`, also where one exists.
    """
    if new and os.path.lexists(path):
        raise ConfigError(f"{path} exists already and was not touched", "name another file")
    whole = os.path.realpath(path)
    try:
        _swap(whole, text.encode(), whole)
    except OSError as problem:
        raise ConfigError(f"{path} cannot be written: {problem.strerror}", "choose another place") from None
    return path


def keep(path: str) -> str:
    """Copy a file beside itself as FILE.bak, owner and mode too; return that path, "" where there is no file.

    Raises ConfigError.
    """
    beside = f"{path}.bak"
    try:
        with open(path, "rb") as file:
            _swap(beside, file.read(), path)
    except FileNotFoundError:
        return ""
    except OSError as problem:
        hint = "move it away, then run init again"
        raise ConfigError(f"{path} cannot be kept as {beside}: {problem.strerror}", hint) from None
    return beside


def _swap(path: str, content: bytes, like: str) -> None:
    """Put a new file in the place of what is at `path`, with owner and mode of the file `like`."""
    beside = f"{path}.{os.getpid()}.new"
    try:
        _write(beside, content, like)
        os.replace(beside, path)
    except OSError:
        _forget(beside)
        raise


def _write(path: str, content: bytes, like: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        _keep_owner(file.fileno(), like)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep_owner(descriptor: int, replaced: str) -> None:
    try:
        old = os.stat(replaced)
    except FileNotFoundError:
        return
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
