"""How far a longer run is, on one line of the terminal that is cleared when the run ends."""

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
    """Shows what it is called with, from the second second on and only on a terminal. For a with-block."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted and output.fancy(sys.stderr)
        self._next = time.monotonic() + _QUIET_S
        self._drawn = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._drawn:
            output.transient("")

    def __call__(self, what: str) -> None:
        """Show how far the run is; what comes too soon after the last one is left out."""
        now = time.monotonic()
        if not self._wanted or now < self._next:
            return
        self._next = now + _BETWEEN_S
        self._drawn = True
        output.transient(what)
