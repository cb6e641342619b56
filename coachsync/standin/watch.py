"""Who sent a request before the wait that a 429 asked for was over."""

from __future__ import annotations

import threading
from typing import NamedTuple

from coachsync.standin.limits import route_key
from coachsync.standin.log import Request

UNDER_WAY = 0.05
"""Seconds after a 429 has left in which a request may still have been sent without knowing of it."""


class Violation(NamedTuple):
    """A request that came `early` seconds before its `Retry-After` was over."""

    request: Request
    early: float


class Wait(NamedTuple):
    """A wait that was asked for, in monotonic seconds."""

    told: float
    over: float


class Watch:
    """Remembers the waits asked for and compares every arrival with them."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self._waits: dict[str, Wait] = {}
        self._lock = threading.Lock()

    def told(self, request: Request, scope: str, retry_after: float, decided: float, now: float) -> None:
        """Note a 429 decided at `decided` that leaves at `now`."""
        key = f"{request.bot_id}" if scope == "global" else route_key(request)
        with self._lock:
            self._waits[key] = Wait(now, decided + retry_after)

    def arrived(self, request: Request) -> None:
        """Judge a request by the waits of its bot and of its route."""
        with self._lock:
            for key in (f"{request.bot_id}", route_key(request)):
                wait = self._waits.get(key)
                if wait and wait.told + UNDER_WAY <= request.arrived < wait.over:
                    self.violations.append(Violation(request, wait.over - request.arrived))
                    return

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self.violations.clear()
            self._waits.clear()
