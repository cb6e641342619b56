"""Counting requests by whose work they were.

An action's coroutine opens a meter; whatever is sent from within it, retries and refused tries included, counts
there. Work that is shared (looking at a guild) runs outside of any meter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Meter:
    """A count of requests sent."""

    __slots__ = ("requests",)

    def __init__(self) -> None:
        self.requests = 0


_current: ContextVar[Meter | None] = ContextVar("coachsync_meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Count what is sent by this task, and by tasks begun in it, until the block ends."""
    meter = Meter()
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)


def current_meter() -> Meter | None:
    """Return the meter that a request made here counts on."""
    return _current.get()
