"""How a rate limit counts: three forms of window, each told the time and nothing else.

A window of `limit` per `span` seconds is asked with `take(now)` for one place. Fixed windows begin with the first
request and end for all at once. Sliding ones free one place every `span / limit` seconds, as most of Discord's have
since 2022. Rolling ones free each place `span` seconds after it was taken.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple, Protocol


class Taken(NamedTuple):
    """What a window answers: whether there was a place, how many are left, seconds to the next and to all."""

    granted: bool
    remaining: int
    next_after: float
    reset_after: float


class Window(Protocol):
    """Anything that counts requests."""

    def take(self, now: float) -> Taken: ...


class FixedWindow:
    """`limit` places that all come back `span` seconds after the first was taken."""

    def __init__(self, limit: int, span: float) -> None:
        self._limit, self._span = limit, span
        self._used, self._ends = 0, float("-inf")

    def take(self, now: float) -> Taken:
        """Take a place."""
        if now >= self._ends:
            self._used, self._ends = 0, now + self._span
        granted = self._used < self._limit
        self._used += granted
        left = self._ends - now
        return Taken(granted, self._limit - self._used, left, left)


class SlidingWindow:
    """`limit` places of which one comes back every `span / limit` seconds."""

    def __init__(self, limit: int, span: float) -> None:
        self._limit, self._period = limit, span / limit
        self._full_at = float("-inf")

    def take(self, now: float) -> Taken:
        """Take a place."""
        full_at = max(self._full_at, now)
        wait = full_at + self._period - now - self._limit * self._period
        granted = wait <= 1e-9
        if granted:
            self._full_at = full_at = full_at + self._period
        used = math.ceil((full_at - now) / self._period - 1e-9)
        return Taken(granted, self._limit - used, max(wait, 0.0), full_at - now)


class RollingWindow:
    """`limit` places of which each comes back `span` seconds after it was taken."""

    def __init__(self, limit: int, span: float) -> None:
        self._limit, self._span = limit, span
        self._taken: deque[float] = deque()

    def take(self, now: float) -> Taken:
        """Take a place."""
        while self._taken and self._taken[0] + self._span <= now:
            self._taken.popleft()
        granted = len(self._taken) < self._limit
        if granted:
            self._taken.append(now)
        first, last = self._taken[0] + self._span - now, self._taken[-1] + self._span - now
        return Taken(granted, self._limit - len(self._taken), first, last)


KINDS: dict[str, type[FixedWindow] | type[SlidingWindow] | type[RollingWindow]] = {
    "fixed": FixedWindow,
    "sliding": SlidingWindow,
    "rolling": RollingWindow,
}
"""The forms by name."""
