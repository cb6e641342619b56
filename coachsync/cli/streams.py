"""The three standard streams, made safe before anything else happens.

A closed stream is replaced by the null device, so that no file opened later takes its number; piped output is
UTF-8 in any locale; on a terminal the locale decides and what it cannot show is escaped.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO


def mend() -> None:
    """Make stdin, stdout and stderr usable whatever the caller left of them."""
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
        mode = os.O_RDONLY if number == 0 else os.O_WRONLY
        opened = os.open(os.devnull, mode)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


def _mended(stream: TextIO | None, number: int) -> TextIO:
    if stream is None:
        return open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        encoding = stream.encoding if stream.isatty() else "utf-8"
        reconfigure(encoding=encoding, errors="backslashreplace")
    return stream


def to_null(stream: TextIO) -> None:
    """Lead what is still written to a stream into the null device: its reader has gone."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
