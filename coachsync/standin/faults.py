"""Faults on demand: what the network, Discord's edge and Discord itself do wrong, at a chosen request.

A fault either takes the place of the act (`BEFORE`: the world is never asked) or spoils the answer to an act that
happened (`AFTER`). `Faults.add` says which request is hit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from coachsync.standin.fault import Fault, Match
from coachsync.standin.fault_kinds import AFTER, BEFORE
from coachsync.standin.log import Request


class Faults:
    """The faults planned, asked once per request. `decide` may choose one freely where none is planned."""

    def __init__(self) -> None:
        self.decide: Callable[[Request], Fault | None] | None = None
        self._planned: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        kind: str,
        match: Match = None,
        nth: int = 1,
        count: int | None = 1,
        **options: object,
    ) -> Fault:
        """Plan a fault; `options` are further attributes of `Fault`. Tell it, to ask for its hits or release it."""
        if kind not in BEFORE and kind not in AFTER:
            raise ValueError(f"no such fault: {kind}")
        fault = Fault(kind, match, nth, count, **options)  # type: ignore[arg-type]
        with self._lock:
            self._planned.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Take a fault back and end its hangs."""
        with self._lock:
            self._planned = [planned for planned in self._planned if planned is not fault]
        fault.release()

    def clear(self) -> None:
        """Take all faults back and end their hangs."""
        with self._lock:
            planned, self._planned = self._planned, []
            self.decide = None
        for fault in planned:
            fault.release()

    def pick(self, request: Request) -> Fault | None:
        """The fault that hits a request: of several the first planned."""
        with self._lock:
            struck = [fault for fault in self._planned if fault.strikes(request)]
        if struck:
            return struck[0]
        return self.decide(request) if self.decide else None
