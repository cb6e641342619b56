"""The three standard streams, made safe before anything else happens.

A closed stream is replaced by the null device, so that no file opened later takes its number. Piped output is UTF-8
in any locale; on a terminal the locale decides and what it cannot show is escaped. A reader that goes away, or a full
disk, never raises anywhere: what can no longer be written is dropped, and a full disk is remembered.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, TextIO

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_dropped: list[OSError] = []
_lost: set[int] = set()


class _Unbreakable(io.FileIO):
    """A file that takes what it is given, whatever becomes of it."""

    def write(self, data: Any, /) -> int:
        try:
            written = super().write(data)
        except OSError as problem:
            _lost.add(self.fileno())
            if problem.errno in _FULL:
                _dropped.append(problem)
            return len(data)
        return len(data) if written is None else written


def dropped() -> OSError | None:
    """Return why output was lost, None if none was lost to a full disk."""
    return _dropped[0] if _dropped else None


def lost(number: int) -> bool:
    """Return whether anything written to this stream was lost: a full disk, a reader that went away, none at all."""
    return number in _lost


def takes_a_line(number: int) -> bool:
    """Return whether a line can be written to this stream without waiting for whoever reads it."""
    import select

    try:
        return bool(select.select([], [number], [], 0)[1])
    except (OSError, ValueError):
        return True


def mend() -> None:
    """Make stdin, stdout and stderr usable whatever the caller left of them."""
    _lost.clear()
    for number in (0, 1, 2):
        _occupy(number)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = _mended(sys.stdout, 1)
    sys.stderr = _mended(sys.stderr, 2)


def _occupy(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        _lost.add(number)
        opened = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


def _mended(stream: TextIO | None, number: int) -> TextIO:
    if stream is not None and not _is_real(stream, number):
        return stream
    terminal = os.isatty(number)
    encoding = stream.encoding if stream is not None and terminal else "utf-8"
    raw = io.BufferedWriter(_Unbreakable(number, "w", closefd=False))
    return io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", line_buffering=terminal)


def _is_real(stream: TextIO, number: int) -> bool:
    """Return whether this is the process's own stream, not one that somebody put in its place."""
    try:
        return stream.fileno() == number
    except (OSError, ValueError):
        return False
