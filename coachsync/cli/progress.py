"""What a longer run is at, on one line of a terminal that is gone when the run ends."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from coachsync.cli import output

if TYPE_CHECKING:
    from types import TracebackType

_QUIET_S = 1.0
_BETWEEN_S = 0.1


class ProgressLine:
    """Shows "sessions 12/40"; nothing in the first second, nothing where nobody looks."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted and output.fancy(sys.stderr)
        self._next = time.monotonic() + _QUIET_S
        self._drawn = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._drawn:
            output.transient("")

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show what is being worked on, how much of it is done, and of how much; `total` 0 where nobody knows."""
        now = time.monotonic()
        if not self._wanted or now < self._next:
            return
        self._next = now + _BETWEEN_S
        self._drawn = True
        output.transient(f"{what} {done}/{total}" if total else what)
