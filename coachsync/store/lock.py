"""One run at a time: an flock on a file beside the store.

The kernel drops the lock with the process, so a killed run or a reboot never leaves one behind. The file stays: its
first line tells people who holds the lock, its second tells a run that follows at once how much of Discord's limit
for one second the last one used.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from coachsync.errors import LockHeldError, StoreError
from coachsync.host.flock import take
from coachsync.host.limits import NO_FILES, remedy, too_few_files

if TYPE_CHECKING:
    from coachsync.store.leases import LeaseHolder, Spent
    from coachsync.store.ledger.fence import Lease

_PAUSE_S = 0.1
_MATTERS_S = 2.0
_ROUNDING_S = 0.001
_LONGEST = 4000
_LINE = "answered lately:"
_MODE = 0o600


class Lock:
    """The lock as its holder has it. Satisfies `store.leases.RunLock`.

    `spent` is what the run before used, empty if that does not matter any more.
    """

    alone = True
    leases: Mapping[str, Lease] | None = None

    def __init__(self, descriptor: int, since: str) -> None:
        self._descriptor = descriptor
        self._since = since
        self.spent = _spent(os.pread(descriptor, _LONGEST, 0).decode("utf-8", "replace"))

    def note(self, spent: Spent) -> None:
        """Write who holds the lock, and what the next run is to know of the limit; a full disk goes without."""
        used = "".join(f" {at:.3f}" for at in spent)
        with suppress(OSError):  # for people and for speed alone: the lock itself is the kernel's
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"pid {os.getpid()} {self._since}\n{_LINE}{used}\n".encode(), 0)

    def take(self, bots: Collection[str], wait_s: float) -> tuple[LeaseHolder, ...]:
        """Take nothing: whoever has this lock may use every bot."""
        return ()

    def give_way(self) -> None:
        """Do nothing: no other run can be under way."""

    def holds(self, bot: str) -> bool:
        """Return that every bot may be used."""
        return True


def _spent(text: str) -> Spent:
    """Read the second line, but for what is old or of the time before a reboot."""
    now = time.monotonic()
    try:
        times = sorted(map(float, text.partition(_LINE)[2].split()))
    except ValueError:
        return ()
    return tuple(at for at in times if -_ROUNDING_S <= now - at < _MATTERS_S)


@contextmanager
def run_lock(store_path: str, wait_s: float, since: str) -> Iterator[Lock]:
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
        _keep_private(descriptor)
        _take(descriptor, path, wait_s)
        lock = Lock(descriptor, since)
        lock.note(lock.spent)
        yield lock
    finally:
        os.close(descriptor)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
    except OSError as error:
        if error.errno == errno.ELOOP:
            hint = "see where it leads (ls -l shows it), then remove the link"
            raise StoreError(f"the lock file {path} is a symbolic link, which is not followed", hint) from error
        if error.errno in NO_FILES:
            raise too_few_files() from error
        hint = remedy(error, "run coachsync as the user who owns the store, in a directory that user may write to")
        raise StoreError(f"cannot make the lock file {path}: {error.strerror}", hint) from error


def _keep_private(descriptor: int) -> None:
    """Shut out whoever could hold the lock without running coachsync: earlier releases let everybody read it."""
    found = os.fstat(descriptor)
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != _MODE:
        os.fchmod(descriptor, _MODE)


def _take(descriptor: int, path: str, wait_s: float) -> None:
    try:
        taken = take(descriptor, wait_s, _PAUSE_S)
    except OSError as error:
        raise StoreError(
            f"the lock {path} cannot be taken: {error.strerror}", "keep the store on a file system with locks"
        ) from error
    if not taken:
        raise _held(descriptor, path)


def _held(descriptor: int, path: str) -> LockHeldError:
    holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").partition("\n")[0] or "pid unknown"
    return LockHeldError(
        f"another run holds the lock {path} ({holder})",
        "it ends by itself within its run_budget; use --wait SECONDS to wait for it",
        _since(holder),
    )


def _since(holder: str) -> int | None:
    """Return when the holder took the lock, in milliseconds; None if the file does not say."""
    try:
        taken = datetime.fromisoformat(holder.rpartition(" since ")[2])
    except ValueError:
        return None
    return None if taken.tzinfo is None else int(taken.timestamp() * 1000)
