"""What time it is in the stand-in's world: the host's clock, or one that tests and the demo set."""

from __future__ import annotations

import threading
import time
from email.utils import formatdate
from typing import Protocol

Millis = int


class Clock(Protocol):
    """Anything that tells the time in milliseconds since the Unix epoch."""

    def now(self) -> Millis: ...


class RealClock:
    """The host's clock."""

    def now(self) -> Millis:
        """Milliseconds since the Unix epoch."""
        return time.time_ns() // 1_000_000


class SimClock:
    """A clock that stands still until it is told to move; safe to read from any thread."""

    def __init__(self, ms: Millis) -> None:
        self._ms = ms
        self._lock = threading.Lock()

    def now(self) -> Millis:
        """Milliseconds since the Unix epoch."""
        return self._ms

    def set(self, ms: Millis) -> None:
        """Jump to `ms`, forward or back."""
        with self._lock:
            self._ms = ms

    def advance(self, ms: Millis) -> Millis:
        """Move by `ms` and tell the new time."""
        with self._lock:
            self._ms += ms
            return self._ms


def http_date(ms: Millis) -> str:
    """Format `ms` as the value of a `Date` header, which has whole seconds."""
    return formatdate(ms // 1000, usegmt=True)
