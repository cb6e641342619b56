"""Brings a fault about from Discord's side: spoilt answers, acts that come too late, signals at exactly one request."""

from __future__ import annotations

import threading
from typing import Any

from coachsync.standin import Fault as Spoilt
from coachsync.standin import Request, Standin
from coachsync.standin.answers import Reply
from tests.searches.crash.faults import Fault, Point, number_of, route_of
from tests.searches.crash.ticker import Ticker

_LATE_S = 30.0


class Strike:
    """One fault at one request. To be armed before the tick, several if need be, and disarmed after it.

    `hits` counts its blows.
    """

    def __init__(self, point: Point, fault: Fault, ticker: Ticker) -> None:
        self.hits = 0
        self._point = point
        self._fault = fault
        self._ticker = ticker
        self._seen = 0
        self._struck: Request | None = None
        self._lock = threading.Lock()

    def arm(self, standin: Standin) -> None:
        """Lie in wait for the request."""
        standin.before_request(self._before)
        standin.after_request(self._after)
        standin.after_answer(self._answered)
        before = standin.faults.decide
        standin.faults.decide = lambda request: (before(request) if before else None) or self._spoil(request)

    def disarm(self, standin: Standin) -> None:
        """Let everything through again."""
        self._fault = self._fault._replace(family="")
        standin.faults.decide = None

    def _before(self, request: Request) -> None:
        if not self._strikes(request):
            return
        self.hits += 1
        if self._fault.family == "late":
            self._ticker.over.wait(_LATE_S)
        self._signal("before")

    def _strikes(self, request: Request) -> bool:
        """Return whether this very request is struck, or a later one of a lasting fault."""
        with self._lock:
            if self._struck is not None:
                return self._fault.lasting
            self._seen += route_of(f"{request.method} {request.template}") == self._point.name
            if self._seen != self._point.nth:
                return False
            self._struck = request
            return True

    def _after(self, request: Request, reply: Reply) -> None:
        if request is self._struck:
            self._signal("after")

    def _answered(self, request: Request, reply: Reply) -> None:
        if request is self._struck:
            self._signal("answered")

    def _signal(self, side: str) -> None:
        if self._fault.family == "signal" and self._fault.side == side:
            self._ticker.kill(number_of(self._fault.kind))

    def _spoil(self, request: Request) -> Spoilt | None:
        """Return what the stand-in does to a request: of a killed run's, nothing reaches Discord any more."""
        here = request is self._struck or (self._fault.lasting and self._struck is not None)
        if here and self._fault.family == "answer":
            options: dict[str, Any] = dict(self._fault.options)
            return Spoilt(self._fault.kind, **options)
        if here and (self._fault.family, self._fault.kind, self._fault.side) == ("signal", "SIGKILL", "before"):
            return Spoilt("reset_before")
        return None
