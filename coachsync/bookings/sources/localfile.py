"""A source that is a file of this host: read if it is another one than the last time."""

from __future__ import annotations

import os
import time

from coachsync.bookings.sources.answer import LARGEST, PullError, SourceAnswer, Validators, too_large
from coachsync.host.limits import remedy
from coachsync.host.reading import read_regular

_SETTLED_NS = 2_000_000_000  # a file that was written this lately may be written again within one tick of its clock


def ask(path: str, asked: Validators) -> SourceAnswer:
    """Return what a file holds. Raises PullError."""
    try:
        mark = _mark(os.stat(path))
        if mark and mark == asked.etag:
            return SourceAnswer(b"", mark, unchanged=True)
        content, found = read_regular(path, LARGEST + 1)
    except OSError as problem:
        hint = remedy(problem, "correct its path, or let the user that runs coachsync read it")
        raise PullError(f"{path} cannot be read: {problem.strerror}", hint) from None
    if len(content) > LARGEST:
        raise too_large()
    return SourceAnswer(content, mark if mark == _mark(found) else "")


def _mark(found: os.stat_result) -> str:
    """Return what tells a file from what it was before; "" if it was written just now."""
    if time.time_ns() - found.st_mtime_ns < _SETTLED_NS:
        return ""
    return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}"
