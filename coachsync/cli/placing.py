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
    beside = f"{whole}.{os.getpid()}.new"
    try:
        _write(beside, text, whole)
        os.replace(beside, whole)
    except OSError as problem:
        _forget(beside)
        raise ConfigError(f"{path} cannot be written: {problem.strerror}", "choose another place") from None
    return path


def _write(path: str, text: str, replaced: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        _keep_owner(file.fileno(), replaced)
        file.write(text)
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
