"""One run at a time: an flock on a file beside the store.

The kernel drops the lock with the process, so a killed run or a reboot never leaves one behind. The file stays; what
it says is only for people to read.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from coachsync.errors import LockHeldError, StoreError

_PAUSE_S = 0.1


@contextmanager
def run_lock(store_path: str, wait_s: float, since: str) -> Iterator[None]:
    """Hold the lock of the store at `store_path` for a with-block.

    Args:
        store_path: the store's own file, links resolved.
        wait_s: how long to wait for a run that holds it, in seconds.
        since: what a waiting operator is told about this run ("since 2026-10-14T11:00:00Z").

    Raises:
        LockHeldError: another run held it for longer than `wait_s`.
        StoreError: the lock file cannot be made.
    """
    path = f"{store_path}.coachsync.lock"
    descriptor = _open(path)
    try:
        _take(descriptor, path, time.monotonic() + wait_s)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"pid {os.getpid()} {since}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(
            f"cannot make the lock file {path}: {error.strerror}",
            "run coachsync as the user who owns the store, in a directory that user may write to",
        ) from error


def _take(descriptor: int, path: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise _held(descriptor, path) from error
            time.sleep(_PAUSE_S)
        else:
            return


def _held(descriptor: int, path: str) -> LockHeldError:
    holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "pid unknown"
    return LockHeldError(
        f"another run holds the lock {path} ({holder})",
        "it ends by itself within its run_budget; use --wait SECONDS to wait for it",
    )
