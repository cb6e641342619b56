"""Small files of the operator's, read without ever waiting for ever: regular files only, and within a time."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import TypeVar

from coachsync import waits
from coachsync.errors import EnvironmentalError

T = TypeVar("T")


class NotRegularError(OSError):
    """What is there is a FIFO, a device or a socket: reading it might wait for ever, or never end."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "it is no regular file, but a pipe, a device or a socket")


def read_regular(path: str, most: int) -> tuple[bytes, os.stat_result]:
    """Return the first `most` bytes of a regular file and what the system says of it. Raises OSError."""
    found = os.stat(path)  # before it is opened: opening some devices does something
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise NotRegularError
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotRegularError
        return file.read(most), found


def in_time(act: Callable[[], T], what: str) -> T:
    """Return what `act` returns, or raise what it raises.

    It runs in a thread that is left behind: a system call on a dead mount cannot be interrupted.

    Raises:
        EnvironmentalError: it takes too long; `what` names what was looked for.
    """
    import threading

    results: list[T] = []
    errors: list[BaseException] = []

    def look() -> None:
        try:
            results.append(act())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            errors.append(error)

    thread = threading.Thread(target=look, name="coachsync-reading", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no thread is left: better read without a limit than not at all
        return act()
    thread.join(waits.current().reading)
    if errors:
        raise errors[0]
    if not results:
        raise EnvironmentalError(
            f"{what} cannot be read: its file system does not answer",
            "see which mount hangs (`findmnt -T PATH`), and mount it again or keep the file elsewhere",
        )
    return results[0]
