"""The host's clock, and moments as text.

Two clocks are never mixed: this one (or `--now`) says when sessions are due, Discord's says when something was made.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from coachsync.domain.model import Millis
from coachsync.domain.words import span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Millis = -62_135_596_800_000  # the year 1, with which datetime begins
_LAST: Millis = 253_402_214_400_000  # the last day of 9999, less a day for any zone


_pretended: Millis = 0  # how far the clock is set ahead, see `pretended`


def host_now() -> Millis:
    """Return the time by the host's clock."""
    return time.time_ns() // 1_000_000 + _pretended


@contextmanager
def pretended(now: Millis) -> Iterator[None]:
    """Let the host's clock show another time for a block, in which it goes on: what a demonstration needs."""
    global _pretended
    before, _pretended = _pretended, now - time.time_ns() // 1_000_000
    try:
        yield
    finally:
        _pretended = before


def at(moment: Millis) -> datetime:
    """Return an aware datetime in UTC. What datetime cannot hold becomes the nearest that it can."""
    return _EPOCH + timedelta(milliseconds=min(max(moment, _FIRST), _LAST))


def iso(moment: Millis) -> str:
    """Return ISO 8601 in UTC: "2026-10-14T13:00:00Z", with milliseconds only if there are any."""
    when = at(moment)
    fraction = f".{when.microsecond // 1000:03}" if when.microsecond else ""
    return f"{when:%Y-%m-%dT%H:%M:%S}{fraction}Z".rjust(20, "0")


def relative(moment: Millis, now: Millis) -> str:
    """Return how far a moment is from now: "in 2 h 0 min", "5 min ago", "now"."""
    if abs(moment - now) < 1000:
        return "now"
    return f"in {span(moment - now)}" if moment > now else f"{span(now - moment)} ago"
